"""Compares a take with what it was meant to show and with the person's own footage, in figures that need no downloaded weights.

Definitions follow common practice of lip-sync work: correlation, lag and amplitude of lip opening and width, closures, landmark
distance over inter-ocular distance, variance of the Laplacian, second difference in time. What needs the frames under the take
is in `likeness`, curves are compared in `curves`, what the figures are called in `figures`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..face.mesh import INNER_LIPS, OUTER_LIPS, eye_distance
from .curves import closures, match_curves
from .figures import Quality
from .observe import Observation

_SIMILAR_FRAMES = 25  # frames of the source that count as "of like shape"

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetCurves:
    """The mouth that a take was meant to show, T frames."""

    opening: Floats  # (T,) eye distances
    width: Floats  # (T,)
    gap: Floats | None = None  # (T,) signed, as Observation.gap; None = not known
    lips: Floats | None = None  # (T, 40, 2) inner then outer lip points, display space


def compare_observations(take: Observation, source: Observation, fps: float, wanted: TargetCurves | None = None) -> Quality:
    """The figures of a take against the source footage of the same person (not necessarily the same frames)."""
    error = None
    if wanted is not None and wanted.lips is not None:
        off = np.linalg.norm(take.points[:, list(INNER_LIPS + OUTER_LIPS), :2] - wanted.lips, axis=-1).mean(1)
        error = _mean(off / eye_distance(take.points))
    similar = _similar_shape_rows(take, source)
    return Quality(
        frames=len(take.usable),
        measured_frames=int(take.usable.sum()),
        opening=match_curves(wanted.opening, take.opening, fps) if wanted else None,
        closures=closures(wanted.gap, take.gap) if wanted and wanted.gap is not None else None,
        width=match_curves(wanted.width, take.width, fps) if wanted else None,
        point_error=error,
        sharpness=_ratio(_mean(take.sharpness), _mean_of(source.sharpness, similar)),
        flicker=_ratio(_mean(take.flicker), _mean(source.flicker)),
        rim=_ratio(_mean(take.rim), _mean_of(source.rim, similar)),
        teeth=_ratio(_mean(take.teeth), _mean(source.teeth)),
    )


def landmark_distance(take: Observation, real: Floats) -> float | None:
    """Mean distance of the take's lip points from real ones (T, 478, 3), both in face space: eye distances."""
    lips = list(INNER_LIPS + OUTER_LIPS)
    return _mean(np.linalg.norm(take.shapes[:, lips, :2] - real[:, lips, :2], axis=-1).mean(1))


def _similar_shape_rows(take: Observation, source: Observation) -> NDArray[np.int64]:
    """(K, n) for each usable frame of the take, the source frames whose lips are shaped most alike."""
    lips = list(INNER_LIPS + OUTER_LIPS)
    good = np.flatnonzero(source.usable)
    have = source.shapes[good][:, lips, :2].reshape(len(good), -1)
    count = min(_SIMILAR_FRAMES, max(5, len(good) // 8), len(good))
    rows = []
    for shape in take.shapes[take.usable][:, lips, :2].reshape(-1, have.shape[1]):
        rows.append(good[np.argpartition(((have - shape) ** 2).sum(1), count - 1)[:count]])
    return np.array(rows, np.int64).reshape(len(rows), count)


def _mean_of(values: Floats, rows: NDArray[np.int64]) -> float | None:
    """The mean of the values in these rows; each frame of the take counts once."""
    return _mean(np.array([_mean(values[row]) for row in rows], float))


def _mean(values: Floats) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else None


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b
