"""How good a take is, in figures that need no downloaded weights; every ratio compares with the person's own footage.

Definitions follow common practice of lip-sync work: correlation, lag and amplitude of lip opening and width, landmark
distance over inter-ocular distance, variance of the Laplacian, second difference in time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .face.mesh import INNER_LIPS, OUTER_LIPS, eye_distance
from .observe import Observation
from .shot import Struct

_LAG_S = 0.16  # furthest lag looked for
_LIKE = 25  # frames of the source that count as "of like shape"

Floats = NDArray[np.floating]


class CurveMatch(Struct, frozen=True, kw_only=True):
    """How well one curve follows another."""

    r: float | None  # Pearson correlation, −1 … 1; None = one of them does not move
    r_best: float | None  # the same at the best lag
    lag_ms: float | None  # positive = the take is late
    amplitude: float | None  # standard deviation over the wanted curve's


class Quality(Struct, frozen=True, kw_only=True):
    """The figures of a take. None = cannot be said (no reference, too few frames)."""

    frames: int
    measured_frames: int
    opening: CurveMatch | None  # lip opening against what was wanted
    width: CurveMatch | None
    point_error: float | None  # mean distance of lip points from the wanted ones, inter-ocular distances
    sharpness: float | None  # of the mouth, over the source's
    flicker: float | None  # over the source's
    rim: float | None  # gradient along the inner lip over that of source frames of like shape
    teeth: float | None  # movement of the upper teeth in the steady view over the source's


def match_curves(wanted: Floats, got: Floats, fps: float) -> CurveMatch:
    """Two curves (T,) of the same frames; NaN in either leaves a frame out."""
    reach = int(_LAG_S * fps)
    correlations = [_pearson(*_shifted(wanted, got, lag)) for lag in range(-reach, reach + 1)]
    known = [c if c is not None else -2.0 for c in correlations]
    best = int(np.argmax(known))
    here = correlations[reach]
    if here is None or known[best] < -1:
        return CurveMatch(r=here, r_best=None, lag_ms=None, amplitude=None)
    both = np.isfinite(wanted) & np.isfinite(got)
    return CurveMatch(
        r=here,
        r_best=known[best],
        lag_ms=float((best - reach + _peak(known, best)) * 1000 / fps),
        amplitude=float(np.std(got[both]) / np.std(wanted[both])),
    )


def _shifted(wanted: Floats, got: Floats, lag: int) -> tuple[Floats, Floats]:
    return (wanted[: len(wanted) - lag], got[lag:]) if lag >= 0 else (wanted[-lag:], got[: len(got) + lag])


def _pearson(a: Floats, b: Floats) -> float | None:
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < 8 or a.std() < 1e-6 or b.std() < 1e-6:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _peak(values: list[float], k: int) -> float:
    """Where between samples the maximum lies, by a parabola."""
    if not 0 < k < len(values) - 1 or min(values[k - 1], values[k + 1]) < -1:
        return 0.0
    left, mid, right = values[k - 1 : k + 2]
    curve = left - 2 * mid + right
    return 0.0 if curve >= -1e-12 else float(np.clip((left - right) / (2 * curve), -0.5, 0.5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a take was meant to show, T frames."""

    opening: Floats  # (T,) eye distances
    width: Floats  # (T,)
    lips: Floats | None = None  # (T, 40, 2) inner then outer lip points, display space


def measure(take: Observation, source: Observation, fps: float, wanted: Wanted | None = None) -> Quality:
    """The figures of a take against the source footage of the same person (not necessarily the same frames)."""
    error = None
    if wanted is not None and wanted.lips is not None:
        off = np.linalg.norm(take.points[:, list(INNER_LIPS + OUTER_LIPS), :2] - wanted.lips, axis=-1).mean(1)
        error = _mean(off / eye_distance(take.points))
    return Quality(
        frames=len(take.usable),
        measured_frames=int(take.usable.sum()),
        opening=match_curves(wanted.opening, take.opening, fps) if wanted else None,
        width=match_curves(wanted.width, take.width, fps) if wanted else None,
        point_error=error,
        sharpness=_ratio(_mean(take.sharpness), _mean(source.sharpness)),
        flicker=_ratio(_mean(take.flicker), _mean(source.flicker)),
        rim=_ratio(_mean(take.rim), _mean(_of_like_shape(take, source))),
        teeth=_ratio(_mean(take.teeth), _mean(source.teeth)),
    )


def _of_like_shape(take: Observation, source: Observation) -> Floats:
    """For each frame of the take, the mean rim gradient of the source frames whose lips are shaped most alike."""
    lips = list(INNER_LIPS + OUTER_LIPS)
    good = np.flatnonzero(source.usable)
    have = source.shapes[good][:, lips, :2].reshape(len(good), -1)
    result = np.full(len(take.usable), np.nan)
    for k in np.flatnonzero(take.usable):
        distance = ((have - take.shapes[k, lips, :2].reshape(-1)) ** 2).sum(1)
        near = np.argpartition(distance, min(_LIKE, len(good) - 1))[:_LIKE]
        result[k] = source.rim[good[near]].mean()
    return result


def _mean(values: Floats) -> float | None:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else None


def _ratio(a: float | None, b: float | None) -> float | None:
    return None if a is None or not b else a / b
