"""Removes the tracker's jitter from a face's points, with no delay and without opening a closed mouth.

Pose and shape are smoothed apart. Each is split into a low-pass part and the detail on top of it; detail no stronger
than the tracker's own jitter is removed, stronger detail (a nod, a plosive) stays: a local Wiener filter
(Lee 1980, "Digital image enhancement and noise filtering by use of local statistics") over time. All kernels are
symmetric (no delay), measured in seconds, and never reach across a cut or a gap.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from ..storage.scratch import scratch_array
from .mesh import LIPS, LOWER_FACE, RIGID, VERTICES, Floats, apply_pose, chunks, find_poses, frames_with_face, remove_pose, similarity

LOWPASS_S = 0.064  # standard deviation of the low-pass Gaussian, seconds
LIPS_SMOOTHING_S = 0.012  # of the Gaussians that smooth the detail, seconds
POSE_SMOOTHING_S = 0.016
SKIN_SMOOTHING_S = 0.024
LIPS_JITTER = 0.002  # root mean square of the tracker's jitter, in inter-ocular distances: measured on a face that keeps still
POSE_JITTER = 0.002
SKIN_JITTER = 0.003

_TRUNCATE = 4.0  # standard deviations at which a kernel ends
_GROUPS = (  # vertices, the smoothing of their detail (s), their jitter
    (list(LIPS), LIPS_SMOOTHING_S, LIPS_JITTER),
    (sorted(set(LOWER_FACE) - set(LIPS)), SKIN_SMOOTHING_S, SKIN_JITTER),
    (sorted(set(range(VERTICES)) - set(LOWER_FACE)), SKIN_SMOOTHING_S, SKIN_JITTER),
)


def smooth(
    points: npt.NDArray[np.float32], rate: Fraction | float, scenes: npt.NDArray[np.integer[Any]] | None = None
) -> npt.NDArray[np.float32]:
    """Points (T, 478, 3) in display space, NaN where unseen, at `rate` frames per second → the same, smoothed.

    scenes: (T,) shot number per frame; frames of different scenes never mix, nor do frames apart by a gap.
    """
    smoothed = scratch_array(np.shape(points))
    smoothed[:] = points
    for first, end in runs(points, scenes):
        if end - first > 2:
            _smooth_run(points[first:end], float(rate), smoothed[first:end])
    return smoothed


def runs(points: Floats, scenes: npt.NDArray[np.integer[Any]] | None = None) -> Iterator[tuple[int, int]]:
    """First and one-past-last frame of each unbroken run of seen frames within one scene."""
    seen = frames_with_face(points)
    scene = np.zeros(len(points), np.int64) if scenes is None else np.asarray(scenes)
    label = np.where(seen, scene, -1)
    edges = (np.flatnonzero(np.diff(label)) + 1).tolist()
    for first, end in zip([0, *edges], [*edges, len(label)], strict=True):
        if end > first and seen[first]:
            yield first, end


def _smooth_run(points: Floats, rate: float, smoothed: npt.NDArray[np.float32]) -> None:
    """Fills `smoothed`, some frames at a time; each time as many more on both sides are looked at as the kernels reach."""
    pose, mean = find_poses(points)
    rigid = mean[list(RIGID)]
    unit = float(np.median(pose.scale))
    reach = 2 * int(_TRUNCATE * LOWPASS_S * rate + 0.5)  # one Gaussian over another
    for part in chunks(len(points)):
        context_rows = slice(max(0, part.start - reach), part.stop + reach)
        inner = slice(part.start - context_rows.start, part.stop - context_rows.start)
        here = pose.at(context_rows)
        head = _denoise(
            apply_pose(np.broadcast_to(rigid, (len(here.scale), *rigid.shape)), here) / unit, rate, POSE_SMOOTHING_S, POSE_JITTER
        )
        shapes = remove_pose(points[context_rows], here)
        for group, smoothing_s, jitter in _GROUPS:
            shapes[:, group] = _denoise(shapes[:, group], rate, smoothing_s, jitter)
        smoothed[part] = apply_pose(shapes[inner], similarity(rigid, head[inner] * unit))


def _denoise(values: Floats, rate: float, smoothing_s: float, jitter: float) -> Floats:
    """Points (T, n, 3) in inter-ocular distances; all n share one measure of how strong the detail is (in x and y)."""
    values = np.asarray(values, np.float64)
    lowpass = _gaussian(values, LOWPASS_S * rate)
    detail = _gaussian(values, smoothing_s * rate) - lowpass
    power = _gaussian((detail[..., :2] ** 2).sum(axis=-1).mean(axis=-1), LOWPASS_S * rate)
    kept = np.clip(1 - jitter**2 / np.maximum(power, 1e-12), 0, 1)
    return np.asarray(lowpass + kept[:, None, None] * detail)


def _gaussian(values: Floats, sigma: float) -> Floats:
    return np.asarray(scipy.ndimage.gaussian_filter1d(values, sigma, axis=0, mode="nearest", truncate=_TRUNCATE))
