"""Renders faces whose mouths are never seen open, and looks at the insides that are drawn for them.

    python -m benchmarks.drawn CLIP_OR_STILL … --speech SPEECH -o FOLDER [--frames 100]
    python -m benchmarks.drawn SPEAKING_CLIP … -o FOLDER [--frames 100]

Prints, for each face: the calibration it was drawn with, how large the movement of opening and width is over the wanted one (1 = as
wanted), how far the teeth move against the head, and the flicker of the mouth, in codes and over the source's. Writes a strip of
consecutive frames for each, at a wide, a middle and a nearly closed mouth, one row each. Where SPEECH is a video with a face, its own
mouth, which really says it, comes first. A mouth that speaks flickers more than one that keeps still, so without SPEECH each clip says its
own sound, and its inside is drawn although it shows one: then the source's flicker is that of a real mouth that moves alike.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
from numpy.typing import NDArray

from heygem_core.errors import HeygemError
from heygem_core.face.mesh import OUTER_LIPS, eye_distance
from heygem_core.media.probe import probe
from heygem_core.media.upright import upright_pictures
from heygem_core.planning.frame_map import STILL_RATE
from heygem_core.planning.person import Person
from heygem_core.quality.measure import examine_take, run_to_end
from heygem_core.quality.observe import Observation, observe
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report
from heygem_core.shot import RenderSettings, RenderTask, Shot

_ROWS = (0.99, 0.6, 0.25)  # quantiles of the opening around which the strips are cut
_LONG = 6  # frames of a strip
_REACH = 0.45  # eye distances from the middle of the lips to a picture's edge
_LEAST_PX = 220  # pictures of small faces are enlarged to that


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was measured of one mouth; None = cannot be said."""

    name: str
    eye_px: float  # distance between the outer eye corners, pixels
    gain: str = ""  # across and down, with which it was drawn
    amplitude: float | None = None  # of the opening's movement, 1 = as wanted
    width: float | None = None  # of the lip width's
    r: float | None = None
    teeth: float | None = None  # movement against the head from frame to frame, thousandths of an eye distance
    flicker: float | None = None  # codes
    over_source: float | None = None  # flicker over the source's


def main() -> None:
    options = _options()
    options.output.mkdir(parents=True, exist_ok=True)
    print(f"{'':28}{'eyes px':>9}{'gain':>12}{'opening':>9}{'r':>7}{'width':>8}{'teeth':>8}{'flicker':>9}{'/ source':>9}", flush=True)
    if options.speech is None:
        with patch.object(Person, "shows_mouth_inside", False), tempfile.TemporaryDirectory() as cache:  # no other plan may be found
            options.cache = Path(cache)
            for clip in options.clips:
                options.speech = clip
                _print(_drawn(clip, options))
        return
    with suppress(HeygemError):  # a speech without a picture
        spoken = run_to_end(observe(probe(options.speech), 0, options.frames))
        _print(_look("really says it", spoken))
        _write_strip(options.speech, spoken, options.output / "real.png")
    for clip in options.clips:
        _print(_drawn(clip, options))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path, metavar="CLIP_OR_STILL")
    parser.add_argument("--speech", type=Path, help="what each face says (default: what it really says)")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the strips go")
    parser.add_argument("--frames", type=int, default=100, help="of each take (default: 100)")
    parser.add_argument("--intensity", type=float, default=1.0)
    parser.add_argument("--cache", type=Path, help="folder for tracked faces and plans (default: the user's)")
    return parser.parse_args()


def _drawn(clip: Path, options: argparse.Namespace) -> Look:
    info = probe(clip)
    still = info.kind != "video"
    seconds = options.frames / (STILL_RATE if still else info.mean_rate)
    shot = Shot(video=str(clip), speech=str(options.speech), speech_end=seconds)
    settings = RenderSettings(fit="loop", format="ffv1", sound="none", intensity=options.intensity)
    cache = str(options.cache) if options.cache else None
    with tempfile.TemporaryDirectory() as folder:
        take = Path(folder) / "take.mkv"
        with closing(render(RenderTask(shot=shot, settings=settings, output=str(take), cache=cache))) as events:
            for _ in events:
                pass
        report = read_report(take)
        assert report is not None
        if not report.plan.drawn_mouth:
            print(f"{clip.stem}: shows the inside of its mouth, nothing is drawn")
        found = examine_take(take, cache=cache)
        _write_strip(take, found.seen, options.output / f"{clip.stem}.png")
        gain = report.plan.lip_calibration
        match = found.quality.opening
        return _look(
            clip.stem,
            found.seen,
            gain=f"{gain.across:.2f} {gain.down:.2f}" if gain else "",
            amplitude=match.amplitude if match else None,
            width=found.quality.width.amplitude if found.quality.width else None,
            r=match.r_best if match else None,
            over_source=found.quality.flicker,
        )


def _look(name: str, seen: Observation, **known: str | float | None) -> Look:
    eyes = float(np.median([eye_distance(points) for points in seen.points[seen.usable]]))
    teeth, flicker = _mean(seen.teeth), _mean(seen.flicker)
    return Look(name=name, eye_px=eyes, teeth=None if teeth is None else 1000 * teeth, flicker=flicker, **known)


def _mean(values: NDArray[np.float32]) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _print(look: Look) -> None:
    def cell(value: float | None, width: int, digits: int) -> str:
        return f"{'–' if value is None else f'{value:.{digits}f}':>{width}}"

    columns = (
        (look.amplitude, 9, 2),
        (look.r, 7, 2),
        (look.width, 8, 2),
        (look.teeth, 8, 1),
        (look.flicker, 9, 2),
        (look.over_source, 9, 2),
    )
    numbers = "".join(cell(*column) for column in columns)
    print(f"{look.name[:28]:28}{look.eye_px:9.0f}{look.gain:>12}{numbers}", flush=True)


def _write_strip(video: Path, seen: Observation, path: Path) -> None:
    """Consecutive frames at a wide, a middle and a nearly closed mouth, each in a row of its own."""
    opening = seen.opening[: len(seen.usable) - _LONG]
    eyes = float(np.median([eye_distance(points) for points in seen.points[seen.usable]]))
    factor = max(1, round(_LEAST_PX / (2 * _REACH * eyes)))
    rows = []
    for share in _ROWS:
        first = int(np.nanargmin(np.abs(opening - np.nanquantile(opening, share))))
        numbers = [*range(first, first + _LONG)]
        pictures = upright_pictures(probe(video), numbers)
        rows.append(np.hstack([_mouth(pictures[k], seen.points[k], round(2 * _REACH * eyes), factor) for k in numbers]))
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1])


def _mouth(rgb: NDArray[np.uint8], points: NDArray[np.float32], side: int, factor: int) -> NDArray[np.uint8]:
    """A square of `side` pixels of the file around the mouth, enlarged `factor` times."""
    middle, size = points[list(OUTER_LIPS), :2].mean(0), side * factor
    affine = np.array([[factor, 0, size / 2 - factor * middle[0]], [0, factor, size / 2 - factor * middle[1]]], np.float32)
    return np.asarray(cv2.warpAffine(rgb, affine, (size, size), flags=cv2.INTER_CUBIC), np.uint8)


if __name__ == "__main__":
    main()
