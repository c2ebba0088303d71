"""Renders each clip with its own speech, another clip's, and none, and writes every measure as table, JSON and page.

    python -m benchmarks.quality ../shared/clips/man_1080x1920_30fps.mp4 ../shared/clips/german_512x512_25fps.mp4 -o FOLDER \
        [--frames 100] [--baseline OLD/quality.json] [--syncnet syncnet_v2.model]

Takes are lossless. "Another's speech" is that of the next clip in the list. Where a clip is long enough to be learnt from, its own
speech is no stranger to the mouth that says it: judge new speech by "another's speech".
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2

from heygem_core.errors import HeygemError
from heygem_core.media.probe import probe
from heygem_core.quality.curves import CLOSED_GAP
from heygem_core.quality.measure import run_to_end
from heygem_core.quality.observe import observe

from .drives import Drive, Still, drive, sheet, write_silence
from .figures import text_table
from .page import page


def main() -> None:
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    old = json.loads(options.baseline.read_text(encoding="utf-8")) if options.baseline else None
    run: dict[str, Any] = {
        "commit": commit(),
        "made": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "settings": {
            "frames": options.frames or "all",
            "closed below": CLOSED_GAP,
            "Python": sys.version.split()[0],
            "torch": version("torch"),
        },
        "clips": {},
    }
    stills: dict[str, dict[str, list[Still]]] = {}
    for k, clip in enumerate(options.clips):
        other = options.speech or (options.clips[(k + 1) % len(options.clips)] if len(options.clips) > 1 else None)
        drives, picture = look_at_clip(clip, other, options)
        run["clips"][clip.stem] = {
            "picture": picture,
            "drives": {key: {name: value for name, value in _plain(d).items() if name != "stills"} for key, d in drives.items()},
        }
        stills[clip.stem] = {key: d.stills for key, d in drives.items()}
        for key, d in drives.items():
            cv2.imwrite(str(options.output / f"{clip.stem}-{key}.png"), sheet(d.stills)[..., ::-1])
    (options.output / "quality.json").write_text(json.dumps(run, indent=1, ensure_ascii=False), encoding="utf-8")
    (options.output / "quality.html").write_text(page(run, stills, old, CLOSED_GAP), encoding="utf-8")
    print(text_table(run["clips"], old["clips"] if old else {}))
    print(f"\n{options.output / 'quality.html'}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where quality.json, quality.html and the stills go"
    )
    parser.add_argument("--frames", type=int, help="only the first frames of each clip")
    parser.add_argument("--speech", type=Path, help="what every clip says beside its own speech (default: the next clip's)")
    parser.add_argument("--baseline", type=Path, metavar="OLD.json", help="an older quality.json to compare with")
    parser.add_argument("--syncnet", type=Path, help="path of syncnet_v2.model")
    parser.add_argument("--cache", type=Path, help="folder for tracked faces and plans (default: the user's)")
    return parser.parse_args()


def look_at_clip(clip: Path, other: Path | None, options: argparse.Namespace) -> tuple[dict[str, Drive], str]:
    """The drives of one clip that work, and what its picture is."""
    info = probe(clip)
    frames = min(options.frames or info.frame_count, info.frame_count)
    _say(f"{clip.stem}: looking at {frames} frames")
    footage = run_to_end(observe(info, 0, frames))
    drives = {}
    with tempfile.TemporaryDirectory() as scratch:
        silence = write_silence(Path(scratch) / "silence.wav", float(info.time_of(frames)))
        for key, speech in {"own": clip if info.sound else None, "other": other, "silence": silence}.items():
            if speech is None:
                continue
            _say(f"{clip.stem}: driven by {speech.name}")
            try:
                drives[key] = drive(clip, speech, frames, footage, Path(scratch), options.cache, options.syncnet)
            except HeygemError as error:
                _say(f"{clip.stem}: {error}")
    width, height = info.display_size
    rate = "variable rate" if info.rate is None else f"{float(info.rate):g} fps"
    return drives, f"{width} × {height}, {rate}, {frames} frames, {int(footage.usable.sum())} with a usable face"


def _plain(d: Drive) -> dict[str, Any]:
    return {name: getattr(d, name) for name in ("speech", "fps", "figures", "curves")}


def commit() -> str:
    """The version of the project that is looked at, "+" where files differ from it; "unknown" outside a repository."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=here, capture_output=True, text=True, check=True).stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "--", "../../heygem_core") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
