"""An engine of another package is found by its entry point and used like our own: by the command line, by tasks and by the server.

The toy draws 16 frames together, looks at the three frames before and after them, has a generation stage and asks for a device.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.engines.base import Engine, generates
from heygem_core.engines.registry import ENGINES
from heygem_core.engines.requirements import offered_engines
from heygem_core.errors import DeviceUnavailable, MissingPackage, MissingWeights, SetupError, SpecError, UnsupportedMedia
from heygem_core.machine.device import usable_devices

from ..rendering import making
from .packages import found, install

ROOT = Path(__file__).resolve().parents[2]
ABSENT = next(name for name in ("mps", "cuda") if name not in usable_devices())

TOY = '''
import os
from pathlib import Path

import numpy as np
import torch

from heygem_core.engines.base import Change, EngineFacts, Needs
from heygem_core.face.reasons import Reason
from heygem_core.media.planes import align_box, crop_planes


def brightness(picture):
    return float(np.asarray(picture.to_ndarray(format="gray")).mean()) / 255


class Toy:
    """Tints the mouth by the loudness of the speech, by how bright the whole block is and by how bright its neighbours are."""

    version, block, reach = 1, 16, 3

    def __init__(self, name="toy", devices=("cpu",)):
        self.name, self.needs = name, Needs(devices=devices)

    def outline(self, context):
        centre = (context.speech_times * context.speech.rate).astype(int)
        heard = [context.speech.samples[max(0, at - 200) : max(0, at + 200)] for at in centre]
        np.save(context.folder / "loudness.npy", np.array([np.abs(part).mean() if len(part) else 0.0 for part in heard]))

    def generation_digest(self, outline, start, end):
        return outline.array("loudness")[start:end].tobytes()

    def generate(self, outline, window, device):
        assert device.type == "cpu"
        assert window.end_exclusive - window.start <= self.block
        with open(os.environ["TOY_LOG"], "a") as log:
            print(os.getpid(), window.start, window.end_exclusive, file=log)
        around = np.mean([brightness(picture) for picture in window.pictures])
        return {"tint": 0.2 * outline.array("loudness")[window.start : window.end_exclusive] + 0.1 * around}

    def plan(self, context):
        starts = range(0, len(context.frames), self.block)
        tint = np.concatenate([context.generated.array("tint", start) for start in starts])
        np.save(context.folder / "tint.npy", tint)
        return EngineFacts(notices=("The toy tints mouths.",))

    def digest(self, plan, start, end):
        return plan.array("tint")[start:end].tobytes() + plan.array("mouth_box")[start:end].tobytes()

    def _box(self, plan, frame, picture):
        left, top, right, bottom = plan.array("mouth_box")[frame].tolist()
        return align_box(picture, left, top, right, bottom)

    def matte(self, plan, frame):
        raise NotImplementedError

    def draw(self, plan, windows, device):
        assert device.type == "cpu"
        for window in windows:
            mean = np.mean([brightness(window.picture(k)) for k in range(window.start, window.end_exclusive)])
            around = np.mean([brightness(picture) for picture in window.pictures])
            for frame in range(window.start, window.end_exclusive):
                if plan.array("reasons")[frame] != Reason.USABLE:
                    continue
                box = self._box(plan, frame, window.picture(frame))
                crop = crop_planes(window.picture(frame), box)
                tint = 0.1 + float(plan.array("tint")[frame]) + (mean - around)
                yield Change(frame=frame, box=box, original=crop, picture=crop + tint, matte=torch.ones(crop.shape[1:]))


ENGINE = Toy()
ON_CARD = Toy("toy-card", ("ABSENT",))
'''.replace("ABSENT", ABSENT)


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Path]:
    """The toy is installed, here and for child processes; what it generates is written into the file that is returned."""
    log = tmp_path / "generated.log"
    log.touch()
    entries = {"toy": "ENGINE", "toy-card": "ON_CARD"}
    with found(install(tmp_path / "packages", "toy_engine", TOY, "heygem.engines", **entries)) as patch:
        patch.setenv("TOY_LOG", str(log))
        patch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
        yield log
    sys.modules.pop("toy_engine", None)


@pytest.fixture(scope="module")
def clip(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames of a man: two whole blocks of the toy and a half."""
    man = people / "grid" / "bbaf2n.mpg"
    return making.write_clip(tmp_path_factory.mktemp("toy") / "clip.mp4", making.pictures(man)[10:50])


@pytest.fixture(scope="module")
def sentence(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return making.write_sound(tmp_path_factory.mktemp("toy") / "sentence.wav", making.speech(people / "grid" / "lrwp9a.mpg")[8000:40000])


def heygem(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heygem_server.cli", *map(str, arguments)], capture_output=True, text=True, timeout=250, cwd=ROOT
    )


class Worker:
    """A process that does one task after another, as the server's workers do."""

    def __enter__(self) -> Worker:
        command = [sys.executable, "-m", "heygem_core.tasks.worker"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT)
        return self

    def __exit__(self, *error: object) -> None:
        self.process.kill()
        self.process.communicate()

    def do(self, kind: str, **spec: Any) -> Any:
        """What a task answers; None where it only makes a file."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": "run", "number": 1, "task": {"task": kind, **spec}}).encode() + b"\n")
        self.process.stdin.flush()
        answer = None
        for line in self.process.stdout:
            said = json.loads(line)
            answer = said.get("answer", answer)
            if said["say"] == "ended":
                assert said["failed"] is None, said
                return answer
        raise AssertionError("the worker ended")


def generated(log: Path) -> list[str]:
    """The ranges that were generated, in order."""
    return [line.split(" ", 1)[1] for line in log.read_text().splitlines()]


@pytest.mark.full
def test_an_engine_of_another_package_renders_from_the_command_line_and_in_pieces_in_processes_of_their_own(
    toy: Path, clip: Path, sentence: Path, tmp_path: Path
) -> None:
    assert ",toy,toy-card" in "".join(heygem("render", "--help").stdout.split())
    whole = tmp_path / "whole.mkv"
    done = heygem("render", clip, "--audio", sentence, "-o", whole, "--engine", "toy", "--fit", "hold", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"event": "notice", "message": "The toy tints mouths."}.items() <= next(e for e in events if e["event"] == "notice").items()
    assert [e["done"] for e in events if e.get("stage") == "generate"] == [0, 16, 16, 32, 32, 40]
    assert generated(toy) == ["0 16", "16 32", "32 40"]
    pictures, source = making.planes(whole), making.planes(clip)
    changed = [np.count_nonzero(a[0].astype(int) - b[0]) for a, b in zip(pictures, source, strict=True)]
    assert all(0 < count < 0.2 * pictures[0][0].size for count in changed), "the mouth, and nothing but it"

    toy.write_text("")
    shot = {"video": str(clip), "speech": str(sentence)}
    settings = {"engine": "toy", "fit": "hold"}
    common = {"shot": shot, "settings": settings, "cache": str(tmp_path / "other-cache")}
    plan = {**common, "segment_frames": 20, "hand_out_generation": True}
    with Worker() as first:
        asked = first.do("plan", **plan)
        ranges = [[0, 16], [16, 32], [32, 40]]
        assert asked == {"answer": "to-generate", "ranges": ranges, "device": "cpu", "engine": "toy", "chosen": None}
        common["settings"] = settings | {"device": asked["device"]}  # “auto” is decided once for all tasks of a take
        first.do("generate", **common, start=16, end_exclusive=40)
        assert first.do("plan", **plan)["ranges"] == [[0, 16]], "what was made stays made"
    with Worker() as second:
        second.do("generate", **common, start=0, end_exclusive=40)
        assert generated(toy) == ["16 32", "32 40", "0 16"], "each once"
        assert len({line.split()[0] for line in toy.read_text().splitlines()}) == 2, "by whoever is free"
        segments = second.do("plan", **plan)["segments"]
        assert [(s["start"], s["end_exclusive"]) for s in segments] == [(0, 16), (16, 32), (32, 40)]
        pieces = []
        for number, segment in enumerate(segments):
            pieces.append(str(tmp_path / f"piece{number}.mkv"))
            second.do("render", **common, output=pieces[-1], segment=[segment["start"], segment["end_exclusive"]])
        second.do("join", **common, pieces=pieces, output=str(tmp_path / "joined.mkv"))
    assert making.same(making.planes(tmp_path / "joined.mkv"), pictures)
    assert generated(toy) == ["16 32", "32 40", "0 16"]


@pytest.mark.full
def test_the_server_lists_it_and_makes_takes_with_it(toy: Path, clip: Path, sentence: Path, tmp_path: Path) -> None:
    from ..server.http.running import running

    with running(tmp_path / "server", segment_frames=16) as server:
        offered = server.ask("GET", "/api/v1/info").json["engines"]
        assert offered == list(offered_engines())
        assert {"mesh", "toy", "toy-card"} <= set(offered)
        media = server.settings.roots[0]
        (media / "clip.mp4").write_bytes(clip.read_bytes())
        (media / "sentence.wav").write_bytes(sentence.read_bytes())
        shot = {"video": {"path": str(media / "clip.mp4")}, "speech": {"path": str(media / "sentence.wav")}}

        def job(engine: str) -> Any:
            return server.ask("POST", "/api/v1/jobs", {"shots": [shot], "settings": {"engine": engine, "fit": "hold", "format": "ffv1"}})

        refused = job("no-such-engine")
        assert (refused.status, refused.error) == (400, "SpecError")
        assert "no-such-engine" in refused.json["message"]
        made = job("toy").json
        failed = job("toy-card").json
        states = {name: ended(server, answer["job"]["id"]) for name, answer in (("toy", made), ("toy-card", failed))}
        assert states["toy"]["job"]["state"] == "completed", states["toy"]
        assert generated(toy) == ["0 16", "16 32", "32 40"]
        assert states["toy-card"]["job"]["state"] == "failed"
        assert f"draws on {ABSENT} only" in json.dumps(states["toy-card"])
        take = server.ask("GET", f"/api/v1/takes?job={made['job']['id']}").json["takes"][0]
    whole = tmp_path / "whole.mkv"
    done = heygem("render", clip, "--audio", sentence, "-o", whole, "--engine", "toy", "--fit", "hold")
    assert done.returncode == 0, done.stderr
    assert making.same(making.planes(Path(take["path"])), making.planes(whole))


def ended(server: Any, job: str, timeout_s: float = 200.0) -> Any:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        detail = server.ask("GET", f"/api/v1/jobs/{job}").json
        if detail["job"]["state"] in ("completed", "failed", "canceled"):
            return detail
        time.sleep(0.2)
    raise AssertionError(detail)


@pytest.mark.parametrize(
    ("engine", "words", "code"),
    [pytest.param("toy-card", f"draws on {ABSENT} only", 6, marks=pytest.mark.full), ("no-such-engine", "invalid choice", 2)],
)
def test_an_engine_that_cannot_run_here_says_so_before_any_work(
    toy: Path, clip: Path, sentence: Path, tmp_path: Path, engine: str, words: str, code: int
) -> None:
    done = heygem("render", clip, "--audio", sentence, "-o", tmp_path / "take.mkv", "--engine", engine, "--fit", "hold")
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert not (tmp_path / "cache").exists(), "no face was followed, no speech was listened to"
    assert not (tmp_path / "take.mkv").exists()


class Wanting:
    """An engine of which only the needs are told."""

    name, version, block, reach = "wanting", 1, 8, 0

    def __init__(self, **needs: Any) -> None:
        from heygem_core.engines.base import Needs

        self.needs = Needs(**needs)


def test_each_need_has_its_own_sentence(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from heygem_core.engines.base import Package, Weights
    from heygem_core.engines.requirements import check_engine, device_for
    from heygem_core.media.probe import probe

    info = probe(clip)
    with pytest.raises(MissingPackage, match=r"needs the package no_such_module: install it with `pip install nothing`"):
        check_engine(Wanting(packages=(Package(module="no_such_module", install="pip install nothing"),)), info)  # type: ignore[arg-type]
    weights = Weights(path=tmp_path / "lips.safetensors", title="Lips GAN", source="fetch it with `heygem models lips`")
    with pytest.raises(MissingWeights, match=r"needs Lips GAN.*lips\.safetensors.*fetch it with"):
        check_engine(Wanting(weights=(weights,)), info)  # type: ignore[arg-type]
    weights.path.touch()
    check_engine(Wanting(weights=(weights,), hdr=False), info)  # type: ignore[arg-type]
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path / "models"))
    with pytest.raises(MissingWeights, match=r"needs the model Wav2Lip GAN, which.*`heygem models get wav2lip-gan`"):
        check_engine(Wanting(models=(("wav2lip-gan", "wav2lip"),)), info)  # type: ignore[arg-type]
    (tmp_path / "models" / "wav2lip").mkdir(parents=True)
    (tmp_path / "models" / "wav2lip" / "model.safetensors").touch()
    check_engine(Wanting(models=(("wav2lip-gan", "wav2lip"),)), info)  # type: ignore[arg-type]
    hdr = making.write_clip(tmp_path / "hdr.mov", making.pictures(clip)[:2], rate=Fraction(25))
    pq = replace(probe(hdr), colour=replace(info.colour, transfer=16))
    with pytest.raises(UnsupportedMedia, match=r"HDR.*“wanting”"):
        check_engine(Wanting(hdr=False), pq)  # type: ignore[arg-type]
    assert device_for(Wanting(devices=(ABSENT, "cpu")), "auto").type == "cpu"  # type: ignore[arg-type]
    with pytest.raises(DeviceUnavailable, match=rf"does not draw on cpu: choose --device {ABSENT}"):
        device_for(Wanting(devices=(ABSENT,)), "cpu")  # type: ignore[arg-type]
    with pytest.raises(DeviceUnavailable, match=r"needs 1000000 GB of memory"):
        device_for(Wanting(devices=("cpu",), memory_bytes=10**15), "auto")  # type: ignore[arg-type]


def test_an_engine_that_cannot_be_loaded_or_lacks_members_is_told(tmp_path: Path) -> None:
    with found(install(tmp_path, "broken_engine", "import not_there", "heygem.engines", broken="ENGINE")):
        assert "broken" in ENGINES.names()
        with pytest.raises(SetupError, match=r"engine “broken” cannot be loaded.*No module named 'not_there'"):
            ENGINES.get("broken")
        with pytest.raises(SpecError, match=r"no engine “nothing”: choose one of mesh,.* broken"):
            ENGINES.get("nothing")
    source = "class E:\n    name = 'half'\n    def draw(self): ...\nENGINE = E()\n"
    with (
        found(install(tmp_path / "second", "half_engine", source, "heygem.engines", half="ENGINE")),
        pytest.raises(SetupError, match=r"declared as the engine “half” and is none"),
    ):
        ENGINES.get("half")


def test_the_mesh_is_an_engine_like_any_other() -> None:
    """Nothing but the registry names it, and only by text."""
    mesh: Engine = ENGINES.get("mesh")
    assert (mesh.name, mesh.block, generates(mesh)) == ("mesh", 8, False)
    inside = ROOT / "heygem_core" / "engines" / "mesh"
    found = []
    for room in ("heygem_core", "server", "plugins"):
        for path in (ROOT / room).rglob("*.py"):
            if inside in path.parents or "node_modules" in path.parts:
                continue
            package = path.relative_to(ROOT).with_suffix("").parts[:-1]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
                if isinstance(node, ast.ImportFrom):
                    base = [*package[: len(package) + 1 - node.level], *filter(None, [node.module])] if node.level else [node.module or ""]
                    names = [".".join([*base, name]) for name in names]
                found += [f"{path.relative_to(ROOT)}: {name}" for name in names if name.startswith("heygem_core.engines.mesh")]
    assert found == []


def test_engines_are_listed_and_the_mesh_is_asked_without_torch() -> None:
    code = (
        "import sys; from heygem_core.engines.registry import ENGINES; ENGINES.names(); ENGINES.get('mesh');"
        "print(sorted({'torch', 'numpy', 'av', 'cv2'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout.strip() == "[]", done.stderr
