"""Takes the tracker's tremble out of a face's points without moving anything in time and without opening a closed mouth.

Heads are heavy and lips are quick, so the pose is smoothed more than the shape, and of the shape the rigid part more than
what speech moves. Filters are symmetric (no delay), work in seconds, and never reach across a cut or a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from .mesh import LOWER_FACE, VERTICES, Floats, Pose, place, pose_free

POSE_S = 0.040  # standard deviations of the Gaussians, seconds
SPEECH_S = 0.012
STILL_S = 0.040


def smooth(
    points: npt.NDArray[np.float32], rate: Fraction | float, scenes: npt.NDArray[np.integer] | None = None
) -> npt.NDArray[np.float32]:
    """Points (T, 478, 3) in display space, NaN where unseen, at `rate` frames per second → the same, smoothed.

    scenes: (T,) shot number per frame; frames of different scenes never mix, nor do frames apart by a gap.
    """
    smoothed = np.array(points, np.float32)
    for first, end in runs(points, scenes):
        if end - first > 2:
            smoothed[first:end] = _smooth_run(points[first:end], float(rate))
    return smoothed


def runs(points: Floats, scenes: npt.NDArray[np.integer] | None = None) -> Iterator[tuple[int, int]]:
    """First and one-past-last frame of each unbroken run of seen frames within one scene."""
    seen = np.isfinite(points).all(axis=(1, 2))
    scene = np.zeros(len(points), np.int64) if scenes is None else np.asarray(scenes)
    label = np.where(seen, scene, -1)
    edges = np.flatnonzero(np.diff(label)) + 1
    for first, end in zip([0, *edges], [*edges, len(label)], strict=True):
        if end > first and seen[first]:
            yield int(first), int(end)


def _smooth_run(points: Floats, rate: float) -> npt.NDArray[np.float32]:
    face = pose_free(points)
    pose = Pose(
        np.exp(_gauss(np.log(face.pose.scale), POSE_S * rate)),
        _smooth_turns(face.pose.rotation, POSE_S * rate),
        _gauss(face.pose.shift, POSE_S * rate),
    )
    shapes = _gauss(face.shapes, STILL_S * rate)
    moving = np.isin(np.arange(VERTICES), LOWER_FACE)
    shapes[:, moving] = _gauss(face.shapes[:, moving], SPEECH_S * rate)
    return place(shapes, pose)


def _smooth_turns(rotations: Floats, sigma: float) -> Floats:
    """Rotations (T, 3, 3) smoothed as small turns away from their mean."""
    middle = Rotation.from_matrix(rotations).mean()
    away = (middle.inv() * Rotation.from_matrix(rotations)).as_rotvec()
    return (middle * Rotation.from_rotvec(_gauss(away, sigma))).as_matrix()


def _gauss(values: Floats, sigma: float) -> Floats:
    return gaussian_filter1d(values, sigma, axis=0, mode="nearest", truncate=3)
