"""Puts engines side by side on clips.

    python -m benchmarks.engines CLIP… [--engines mesh,wav2lip,hybrid:wav2lip] [--frames 100] [-o FOLDER]

Each engine renders the same frames of every clip, with the clip's own speech or another, and takes are measured as `heygem measure` does.
`index.html` in the folder holds the table and, per clip, the same frames of the source and of every engine around the mouth.

What a take costs is counted in seconds of the processor, Python's start and all imports included, so that other programs on the machine
do not matter: of a take from nothing; of a second one, which finds faces, plan and generated mouths; of the network alone within it; and
of a plain transcode of the same frames. An engine with a network should need no more for the second than its network and 1.4 transcodes.

A model that is not installed gets made-up weights of its real size. Then the cost is true, but pictures and figures of that engine mean
nothing, and its rows say so.
"""

from __future__ import annotations

import argparse
import html
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from PIL import Image

from heygem_core.engines.compositing import draw_range
from heygem_core.engines.neural import engine as neural
from heygem_core.engines.registry import ENGINES
from heygem_core.errors import InputError, NoUsableFace
from heygem_core.media.info import MediaInfo
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_scattered
from heygem_core.media.upright import Upright
from heygem_core.planning.plan import Plan, open_plan
from heygem_core.quality.measure import measure_take
from heygem_core.rendering.pieces import PIECES
from heygem_core.rendering.report import read_report
from heygem_core.storage.cache import Cache
from heygem_core.weights.folders import EXTRA_VARIABLE
from heygem_core.weights.installed import first_installed

from .graphics import made_up_weights
from .quality.figures import flat

COST = ("first take", "second take", "network", "transcode", "second / (network + 1.4 transcodes)")
FIGURES = ("sharpness", "flicker", "rim", "likeness.seam", "likeness.ring_delta_e", "opening.r", "real_opening.r", "landmark_distance")
MARGIN = 1.4  # transcodes that a second take may cost beside its network
STILLS = 6  # of each clip
_STILL_PX = 220  # side of a still on the page
_AROUND = 0.9  # of the mouth's width: so much more of the face is shown
_MADE_UP = "made-up weights: its pictures and figures mean nothing"


def models_lacking(engine: str) -> list[str]:
    """Ids of the models that an engine needs and that are not installed."""
    wanted = [(each,) if isinstance(each, str) else each for each in ENGINES.get(engine).needs.models]
    return [choices[0] for choices in wanted if first_installed(choices) is None]


def processor_s(command: list[str], cache: Path) -> float:
    """Runs one process: seconds of the processor that it and its children took. Raises: SystemExit with what it printed, if it failed."""
    process = subprocess.Popen(command, env={**os.environ, "HEYGEM_CACHE": str(cache)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(said or "failed")
    return usage.ru_utime + usage.ru_stime


def frames_of(clip: Path, frames: int, out: Path) -> None:
    """The first frames of a clip, its packets copied: what a transcode is given."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as box:
        stream = box.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is None or frames <= 0:
                break
            packet.stream = stream
            box.mux(packet)
            frames -= 1


@contextmanager
def network_s() -> Iterator[list[float]]:
    """Seconds of the processor that networks take within the block, one entry for each of their calls."""
    spent: list[float] = []
    loaded = neural.loaded

    class Timed:
        def __init__(self, network: Any) -> None:
            self._network = network

        def generate(self, plan: Any, task: Any) -> Any:
            began = time.process_time()
            made = self._network.generate(plan, task)
            spent.append(time.process_time() - began)
            return made

    neural.loaded = lambda model, device: Timed(loaded(model, device))  # type: ignore[assignment]
    try:
        yield spent
    finally:
        neural.loaded = loaded


def compared(clip: Path, speech: Path, engines: list[str], frames: int, folder: Path) -> dict[str, Any]:
    """Per engine what its take costs, its figures and its stills; and the source's stills."""
    plain = folder / f"{clip.stem}-first{clip.suffix if clip.suffix != '.mpg' else '.mkv'}"
    frames_of(clip, frames, plain)
    transcoded = processor_s([sys.executable, "-m", "benchmarks.cost", str(plain), "--transcode", str(folder / "plain.mp4")], folder)
    found: dict[str, Any] = {"clip": clip.name, "engines": {}}
    info = probe(clip)
    for engine in engines:
        cache, take = folder / f"cache-{clip.stem}-{engine.replace(':', '-')}", folder / f"{clip.stem}-{engine.replace(':', '-')}.mp4"
        command = [sys.executable, "-m", "heygem_server.cli", "render", str(clip), "--audio", str(speech), "--out", str(frames)]
        command += ["--fit", "hold", "--engine", engine, "--device", "cpu", "-o", str(take), "--json"]
        first = processor_s(command, cache)
        shutil.rmtree(Cache(cache).root / PIECES)  # a second take would be copied from what the first one wrote
        second = processor_s(command, cache)
        report = read_report(take)
        assert report is not None
        kept = Cache(cache).entry("plans", report.plan.key)
        assert kept is not None
        plan = open_plan(kept, info)
        with network_s() as spent:
            for _ in draw_range(ENGINES.get(engine), plan, 0, len(plan.array("frames")), torch.device("cpu")):
                pass
        cost = (first, second, sum(spent), transcoded, second / (sum(spent) + MARGIN * transcoded))
        found["engines"][engine] = {
            "made up": bool(models_made_up(engine)),
            "cost": dict(zip(COST, cost, strict=True)),
            "figures": figures_of(take, clip, cache),
            "stills": stills_of(probe(take), plan, taken=True),
        }
        found.setdefault("stills", stills_of(info, plan, taken=False))
        print(row_of(clip.name, engine, found["engines"][engine]), flush=True)
    return found


def models_made_up(engine: str) -> list[str]:
    """Ids of the models that an engine draws with whose weights were made up by this program."""
    extra = os.environ.get(EXTRA_VARIABLE, "").split(os.pathsep)[-1]
    wanted = [(each,) if isinstance(each, str) else each for each in ENGINES.get(engine).needs.models]
    return [name for choices in wanted if (name := first_installed(choices)) and (Path(extra) / name / "made-up").exists()]


def figures_of(take: Path, clip: Path, cache: Path) -> dict[str, float | None]:
    """The figures of a take; none where no face is found in it any more."""
    try:
        return flat(measure_take(take, clip, cache=cache))
    except (InputError, NoUsableFace) as error:
        print(f"{take.name} is not measured: {error}", file=sys.stderr)
        return {}


def stills_of(info: MediaInfo, plan: Plan, *, taken: bool) -> list[str]:
    """Pictures of the mouth as data addresses; taken: of a take, else of the source."""
    rows = np.linspace(0, len(plan.array("frames")) - 1, STILLS).astype(int).tolist()
    upright, found = Upright(info), []
    for row, frame in zip(rows, read_scattered(info, rows if taken else plan.array("frames")[rows].tolist()), strict=True):
        box = info.to_display(plan.array("mouth_box")[row].reshape(2, 2))
        middle, half = box.mean(0), (0.5 + _AROUND) * float(np.ptp(box[:, 0]))
        around = tuple(float(v) for v in (*np.maximum(middle - half, 0), *np.minimum(middle + half, info.display_size)))
        shown, _ = upright.region(frame.picture, around, (_STILL_PX, _STILL_PX))  # type: ignore[arg-type]
        held = BytesIO()
        Image.fromarray(shown).save(held, "JPEG", quality=90)
        found.append("data:image/jpeg;base64," + b64encode(held.getvalue()).decode())
    return found


def row_of(clip: str, engine: str, said: dict[str, Any]) -> str:
    """One line of the table as text."""
    cost = "  ".join(f"{name} {value:.2f}" for name, value in said["cost"].items())
    figures = "  ".join(f"{name} {value:.2f}" for name in FIGURES if (value := said["figures"].get(name)) is not None)
    return f"{clip}  {engine}{' (' + _MADE_UP + ')' if said['made up'] else ''}\n    {cost}\n    {figures}"


def page_of(clips: list[dict[str, Any]]) -> str:
    """The page: a table and the stills of each clip."""
    parts = ["<!doctype html><meta charset=utf-8><title>Engines side by side</title>"]
    parts.append("<style>body{font:14px system-ui}td,th{padding:2px 8px;text-align:right}img{display:block}</style>")
    for clip in clips:
        parts.append(f"<h2>{html.escape(clip['clip'])}</h2><table><tr><th></th>")
        parts += [f"<th>{html.escape(name)}</th>" for name in (*(f"{each}, s" for each in COST[:-1]), COST[-1], *FIGURES)]
        for engine, said in clip["engines"].items():
            values = [*said["cost"].values(), *(said["figures"].get(name) for name in FIGURES)]
            note = f"<br><small>{_MADE_UP}</small>" if said["made up"] else ""
            cells = "".join(f"<td>{'–' if value is None else format(value, '.2f')}</td>" for value in values)
            parts.append(f"<tr><th>{html.escape(engine)}{note}</th>{cells}")
        parts.append("</table><table>")
        for name, stills in (("source", clip["stills"]), *((engine, said["stills"]) for engine, said in clip["engines"].items())):
            parts.append(f"<tr><th>{html.escape(name)}</th>" + "".join(f'<td><img alt="" src="{still}"></td>' for still in stills))
        parts.append("</table>")
    return "\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+", metavar="CLIP")
    parser.add_argument("--engines", default="mesh,wav2lip,hybrid:wav2lip")
    parser.add_argument("--speech", type=Path, help="the clip's own where none is given")
    parser.add_argument("--frames", type=int, default=100, help="of each clip, from its first on")
    parser.add_argument("-o", "--output", type=Path, default=Path("build/engines"))
    options = parser.parse_args()
    engines = options.engines.split(",")
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "models").mkdir()
        for model in sorted({model for engine in engines for model in models_lacking(engine)}):
            made_up_weights(model, folder / "models")
            (folder / "models" / model / "made-up").touch()
        os.environ[EXTRA_VARIABLE] = os.pathsep.join(filter(None, (os.environ.get(EXTRA_VARIABLE), str(folder / "models"))))
        found = [compared(clip, options.speech or clip, engines, options.frames, folder) for clip in options.clips]
    (options.output / "index.html").write_text(page_of(found), encoding="utf-8")
    kept = [
        {"clip": clip["clip"], "engines": {e: {k: v for k, v in s.items() if k != "stills"} for e, s in clip["engines"].items()}}
        for clip in found
    ]
    (options.output / "figures.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
    print(f"{options.output / 'index.html'} shows them side by side.")


if __name__ == "__main__":
    main()
