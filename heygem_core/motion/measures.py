"""How well a predicted mouth follows a true one: correlation, lag, amplitude, closures, and how sure the figures are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..face.mesh import LIP_CORNERS, LOWER_FACE, lower_lip_gap
from ..quality.curves import closures
from .footage import Footage
from .motion import Motion

Floats = npt.NDArray[np.float32]
Curve = Callable[[npt.NDArray[np.float64]], Floats]
"""Times in seconds (T,) → lip gap (T,)."""

LAGS_S = np.arange(-16, 17) / 100
_LEFT, _RIGHT = (LOWER_FACE.index(v) for v in LIP_CORNERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionMetrics:
    """Figures of one clip, over the usable frames inside utterances."""

    name: str
    frames: int
    r: float  # of the lip gap, at the best lag
    lag_s: float  # best lag; positive = the prediction comes late
    r_at_zero: float  # at no lag
    width_r: float  # of the lip width, at the gap's best lag
    amplitude: float  # standard deviation of the predicted gap over the true one's
    closures: int  # true closures: runs of frames with closed lips
    recall: float  # of those, the share in which the prediction closes too, one frame early or late at most
    predicted_closures: int
    precision: float  # share of the predicted ones in which the true lips close too


def correlation(a: Floats, b: Floats) -> float:
    """Pearson's r; 0 where one of them does not vary."""
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / scale if scale > 1e-12 else 0.0


def best_lag(curve: Curve, times: npt.NDArray[np.float64], truth: Floats) -> tuple[float, float, float]:
    """(r at the best lag, that lag in s with positive = late, r at no lag), lags within ±160 ms."""
    rs = [correlation(curve(times + lag), truth) for lag in LAGS_S]
    best = int(np.argmax(rs))
    return rs[best], float(LAGS_S[best]), rs[len(LAGS_S) // 2]


def compare_motion(motion: Motion, footage: Footage) -> MotionMetrics:
    """A motion against the mouth that really said it. Raises: ValueError — no usable frame inside an utterance."""
    neutral, frame_s = footage.neutral(), footage.frame_s
    return compare_shapes(lambda times: neutral + motion.at(times, frame_s=frame_s), footage)


def compare_shapes(shapes_at: Callable[[npt.NDArray[np.float64]], Floats], footage: Footage) -> MotionMetrics:
    """Lower-face shapes (T, V, 3) at any times against the mouth that really said it. Raises: ValueError — see `compare_motion`."""
    use = footage.in_utterances()
    if use.sum() < 10:
        raise ValueError(f"{footage.name} has {use.sum()} usable frames inside utterances; 10 are needed to compare anything.")
    truth, times = footage.gap, footage.times
    r, lag, at_zero = best_lag(lambda t: lower_lip_gap(shapes_at(t)), times[use], truth[use])
    shapes = shapes_at(times + lag)
    gap, width = lower_lip_gap(shapes), np.linalg.norm(shapes[:, _RIGHT] - shapes[:, _LEFT], axis=-1)
    closed = closures(np.where(use, truth, np.nan), np.where(use, gap, np.nan))
    return MotionMetrics(
        name=footage.name,
        frames=int(use.sum()),
        r=r,
        lag_s=lag,
        r_at_zero=at_zero,
        width_r=correlation(width[use], footage.width[use]),
        amplitude=float(gap[use].std() / max(truth[use].std(), 1e-6)),
        closures=closed.wanted,
        recall=float("nan") if closed.recall is None else closed.recall,
        predicted_closures=closed.shown,
        precision=float("nan") if closed.precision is None else closed.precision,
    )


def bootstrap(values: Sequence[float], *, draws: int = 2000, seed: int = 0) -> tuple[float, float, float]:
    """Mean of the clips' figures and its 95 % interval, by drawing clips with replacement; NaN are left out."""
    known = np.array([v for v in values if np.isfinite(v)])
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    means = known[np.random.default_rng(seed).integers(0, len(known), (draws, len(known)))].mean(1)
    return float(known.mean()), float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))
