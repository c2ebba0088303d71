"""Drives one half of a real clip with the tracked mouth shapes of its other half and looks at what came out.

    python -m benchmarks.known_shapes ../shared/clips/man_1080x1920_30fps.mp4 [--frames 300] [--keep FOLDER]

No speech, no prediction: whatever is wrong here is the engine's doing. The second half is never seen by the donors. "trace" is what is
left of the first half's own mouth. Lips are drawn with everybody's answer, not one measured on the person
(`heygem_core/engines/mesh/lip_calibration.py`): that one is about the shapes that a motion head asks for. Short ranges say little: two
trackings of one mouth differ by 0.01 eye distances, so that r stays near 0.9 where the wanted opening or width varies by 0.015–0.03 only;
compare with `--frames 400` before blaming a change.
"""

from __future__ import annotations

import argparse
import tempfile
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from msgspec.structs import replace

from heygem_core.engines.mesh.prepare import prepare_engine_inputs
from heygem_core.face.mesh import INNER_LIPS, OUTER_LIPS, Pose, apply_pose, pose_free
from heygem_core.face.reasons import Reason
from heygem_core.face.smoothing import smooth
from heygem_core.machine.device import choose_device
from heygem_core.media.info import MediaInfo
from heygem_core.media.planes import copy_frame
from heygem_core.media.probe import probe
from heygem_core.media.take_timing import timing_of
from heygem_core.media.upright import upright_frames
from heygem_core.planning.frame_map import TakeFrames
from heygem_core.planning.person import Person, blend_shapes, fade_near_gaps
from heygem_core.planning.plan import Plan, write_shared_arrays
from heygem_core.planning.plan_facts import PlanFacts
from heygem_core.quality.compare import TargetCurves, compare_observations
from heygem_core.quality.curves import source_mouth_trace
from heygem_core.quality.figures import Quality
from heygem_core.quality.measure import run_to_end
from heygem_core.quality.observe import Observation, observe
from heygem_core.rendering.frames import draw_frames
from heygem_core.shot import RenderSettings, Shot

TARGETS = {
    "opening.r": (0.98, None),
    "opening.amplitude": (0.95, 1.05),
    "width.r": (0.95, None),
    "width.amplitude": (0.9, 1.1),
    "closures.recall": (0.7, None),
    "closures.precision": (0.7, None),
    "point_error": (None, 0.03),
    "sharpness": (0.9, 1.15),
    "flicker": (None, 1.10),
    "rim": (None, 1.0),
    "teeth": (None, 1.2),
    "trace.r": (None, None),
    "trace.chance": (0.05, None),
    "trace.size": (None, 0.01),
}


def drive_with_own_shapes(info: MediaInfo, source: Observation, half: int, folder: Path) -> tuple[Path, TargetCurves]:
    """A lossless take of the first half with the shapes of the second half."""
    first = slice(0, half)
    points = smooth(source.points, info.rate)
    face = pose_free(points[first], source.usable[first])
    other = pose_free(points[half : 2 * half], source.usable[half : 2 * half])
    person = Person(
        number=1,
        first_frame=0,
        shapes=face.shapes,
        pose=face.pose,
        reasons=np.where(source.usable[first], Reason.USABLE, Reason.LOST).astype(np.uint8),
        scenes=np.zeros(half, np.int32),
        neutral=face.mean,
    )
    frames = TakeFrames(source=np.arange(half), timing=timing_of(info, range(half)))
    wanted = np.where(np.isfinite(other.shapes), other.shapes, other.mean)
    usable = person.usable[frames.source - person.first_frame]
    share = fade_near_gaps(person, frames.source, frames.times, usable)
    shapes = blend_shapes(person.neutral, person.shapes[frames.source - person.first_frame], wanted, share)
    write_shared_arrays(folder, info, person, frames.source, person.reasons[frames.source - person.first_frame], shapes)
    prepare_engine_inputs(info, person, frames.source, shapes, frames.fps, folder, share=share)
    facts = PlanFacts(
        key="known-shapes", shot=Shot(video=str(info.path), speech=""), settings=RenderSettings(),
        duration=Fraction(half) / info.rate, frames=half, drawn_mouth=not person.shows_mouth_inside, face=1, faces="",
    )  # fmt: skip
    out = folder / "take.mkv"
    write_lossless(Plan(folder, facts, info), out)
    # The raw tracker is what looks again, so its own unsmoothed shapes are the truth for the curves.
    shapes = blend_shapes(person.neutral, face.shapes, wanted)
    lips = apply_pose(shapes[:, list(INNER_LIPS + OUTER_LIPS)], Pose(face.pose.scale, face.pose.rotation, face.pose.shift))
    later = slice(half, 2 * half)
    return out, TargetCurves(opening=source.opening[later], width=source.width[later], gap=source.gap[later], lips=lips[..., :2])


def write_lossless(plan: Plan, out: Path) -> None:
    with av.open(str(out), "w") as box:
        stream = box.add_stream("ffv1", rate=plan.info.rate)
        stream.width, stream.height = plan.info.coded_size
        stream.pix_fmt = plan.info.pix_fmt
        for drawn in draw_frames(plan, 0, plan.facts.frames, choose_device("auto")):
            picture = drawn.picture if drawn.box else copy_frame(drawn.picture)
            picture.pts, picture.time_base = drawn.number, 1 / plan.info.rate
            box.mux(stream.encode(picture))
        box.mux(stream.encode(None))


def contact_sheet(info: MediaInfo, take: MediaInfo, source: Observation, half: int, path: Path, columns: int = 8) -> None:
    """Rows: before, wanted (the frame whose mouth it is), after."""
    picks = np.linspace(0, half - 1, columns).astype(int)
    before = {k: rgb for k, rgb in upright_frames(info) if k in picks or k - half in picks}
    after = {k: rgb for k, rgb in upright_frames(take, 0, half) if k in picks}
    rows = [[_face(before[k], source.points[k]) for k in picks], [_face(before[k + half], source.points[k + half]) for k in picks]]
    rows.append([_face(after[k], source.points[k]) for k in picks])
    cv2.imwrite(str(path), np.vstack([np.hstack(row) for row in rows])[..., ::-1])


def _face(rgb: np.ndarray, points: np.ndarray, size: int = 320) -> np.ndarray:
    middle = points[list(OUTER_LIPS), :2].mean(0)
    reach = np.linalg.norm(points[33, :2] - points[263, :2]) * 0.85
    x0, y0, x1, y1 = (int(v) for v in (*(middle - reach), *(middle + reach)))
    padded = cv2.copyMakeBorder(rgb, 400, 400, 400, 400, cv2.BORDER_REPLICATE)
    return cv2.resize(padded[y0 + 400 : y1 + 400, x0 + 400 : x1 + 400], (size, size), interpolation=cv2.INTER_AREA)


def figure(quality: Quality, name: str) -> float | None:
    value = quality
    for part in name.split("."):
        value = getattr(value, part) if value is not None else None
    return value


def run(clip: Path, frames: int | None, folder: Path) -> Quality:
    info = probe(clip)
    half = min(frames or info.frame_count, info.frame_count) // 2
    source = run_to_end(observe(info, 0, 2 * half))
    out, wanted = drive_with_own_shapes(info, source, half, folder)
    taken = probe(out)
    take = run_to_end(observe(taken))
    contact_sheet(info, taken, source, half, folder / "sheet.png")
    quality = compare_observations(take, source, float(info.rate), wanted)
    return replace(quality, trace=source_mouth_trace(take.opening, source.opening[:half], wanted.opening))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--frames", type=int, help="use only this many frames of a clip")
    parser.add_argument("--keep", type=Path, help="leave takes and contact sheets here")
    options = parser.parse_args()
    print(f"{'clip':28}" + "".join(f"{name:>20}" for name in TARGETS))
    print(f"{'target':28}" + "".join(f"{f'{low or str()}..{high or str()}':>20}" for low, high in TARGETS.values()))
    for clip in options.clips:
        with tempfile.TemporaryDirectory() as scratch:
            folder = (options.keep or Path(scratch)) / clip.stem
            folder.mkdir(parents=True, exist_ok=True)
            quality = run(clip, options.frames, folder)
        values = [figure(quality, name) for name in TARGETS]
        print(f"{clip.stem:28}" + "".join(f"{'–' if v is None else f'{v:.3f}':>20}" for v in values), flush=True)


if __name__ == "__main__":
    main()
