"""How much memory the landmarks of a clip take on their way: a few arrays as they are stored, and no more of anything for a longer clip."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from heygem_core.face.mesh import VERTICES, pose_free
from heygem_core.face.mesh_from_68 import _average
from heygem_core.face.reasons import frame_reasons
from heygem_core.face.smoothing import smooth
from heygem_core.motion.neutral import neutral_shape

SHAPE_BYTES = VERTICES * 3 * 4  # of one frame's landmarks as they are stored


def walking(frames: int) -> npt.NDArray[np.float32]:
    """(frames, 478, 3) a face that moves through a picture of 1920 × 1080 and trembles."""
    random = np.random.default_rng(1)
    points = np.empty((frames, VERTICES, 3), np.float32)
    points[:] = _average() * 200 + [900, 400, 0]
    points[:, :, 0] += 300 * np.sin(np.arange(frames) / 40)[:, None]
    points += random.normal(0, 0.3, (VERTICES, 3)).astype(np.float32)
    points += random.normal(0, 0.3, (frames, 1, 3)).astype(np.float32)
    return points


def peak_bytes(work: object) -> int:
    tracemalloc.start()
    work()  # type: ignore[operator]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def steps(points: npt.NDArray[np.float32]) -> dict[str, object]:
    count = len(points)
    return {
        "frame_reasons": lambda: frame_reasons(points, np.ones(count, np.float32), np.zeros(count, bool), (1920, 1080)),
        "smooth": lambda: smooth(points, Fraction(25)),
        "pose_free": lambda: pose_free(points, out=np.empty_like(points)),
        "neutral_shape": lambda: neutral_shape(points),
    }


@pytest.mark.parametrize(("step", "arrays"), [("frame_reasons", 0.2), ("smooth", 1.2), ("pose_free", 1.2), ("neutral_shape", 0.2)])
def test_a_longer_clip_takes_no_more_than_its_landmarks(step: str, arrays: float) -> None:
    """Copies in double precision of all frames at once took eight times as much as the landmarks themselves."""
    steps(walking(8))[step]()  # type: ignore[operator] # what it imports is no part of it
    short, long = (peak_bytes(steps(walking(count))[step]) for count in (3000, 6000))
    assert (long - short) / (3000 * SHAPE_BYTES) < arrays


def test_smoothing_some_frames_at_a_time_shows_no_seam() -> None:
    """Frames far from the ends of a long run are smoothed as they are in a shorter one around them."""
    points = walking(1500)
    points[:, 13, 1] += 5 * np.sin(np.arange(1500) / 3)
    whole, part = smooth(points, 25), smooth(points[300:1300], 25)
    assert np.abs(whole[350:1250] - part[50:-50]).max() < 0.05
    steps_px = np.abs(np.diff(whole[:, 13, 1], 2))
    assert steps_px[[510, 511, 512, 1022, 1023, 1024]].max() < 1.5 * np.percentile(steps_px, 95)


def test_a_tracker_keeps_nothing_of_whoever_opened_it_first() -> None:
    """MediaPipe's modules keep the stack that imported them: all landmarks of the first clip stayed until its process ended."""
    code = """
import gc, weakref
from heygem_core.face.tracker_registry import open_tracker

class Landmarks: ...

def track():
    tracker, held = open_tracker("mediapipe"), Landmarks()
    tracker.close()
    return weakref.ref(held)

kept = track()
gc.collect()
assert kept() is None, "it is still there"
"""
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=120)
