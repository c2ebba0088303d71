"""Compares two curves of one mouth: correlation, lag, amplitude, lip closures, and traces of the source's mouth.

`match_curves` and `closures` compare a take with what was wanted; `source_mouth_trace` looks for the opposite, a mouth that
still says what the person really said. Curves are (T,) per frame of the take; NaN leaves a frame out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from .figures import Closures, CurveMatch, Trace

MAX_LAG_S = 0.16  # furthest lag looked for
CLOSED_GAP = 0.02  # eye distances: under this signed gap between the inner lips a mouth counts as closed
_MIN_FRAMES = 8  # frames that a correlation needs
_MIN_FRAMES_FOR_TRACE = 24

Floats = NDArray[np.floating[Any]]


def match_curves(wanted: Floats, got: Floats, fps: float) -> CurveMatch:
    """How well `got` (T,) follows `wanted` (T,) at `fps` frames per second."""
    reach = int(MAX_LAG_S * fps)
    correlations = [pearson(*_shifted(wanted, got, lag)) for lag in range(-reach, reach + 1)]
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


def pearson(a: Floats, b: Floats) -> float | None:
    """Correlation over the frames known in both; None where they are too few or one of them does not move."""
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < _MIN_FRAMES or a.std() < 1e-6 or b.std() < 1e-6:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _peak(values: list[float], k: int) -> float:
    """Where between samples the maximum lies, by a parabola."""
    if not 0 < k < len(values) - 1 or min(values[k - 1], values[k + 1]) < -1:
        return 0.0
    left, mid, right = values[k - 1 : k + 2]
    curve = left - 2 * mid + right
    return 0.0 if curve >= -1e-12 else float(np.clip((left - right) / (2 * curve), -0.5, 0.5))


def closures(wanted_gap: Floats, got_gap: Floats, threshold: float = CLOSED_GAP) -> Closures:
    """Closed lips wanted against closed lips shown; both (T,) signed gaps in eye distances."""
    known = np.isfinite(wanted_gap) & np.isfinite(got_gap)
    wanted, got = (known & (np.nan_to_num(gap, nan=1.0) < threshold) for gap in (wanted_gap, got_gap))
    hits, wanted_runs = _matching_runs(wanted, got)
    right, shown_runs = _matching_runs(got, wanted)
    return Closures(
        threshold=threshold,
        wanted=wanted_runs,
        recall=hits / wanted_runs if wanted_runs else None,
        shown=shown_runs,
        precision=right / shown_runs if shown_runs else None,
    )


def _matching_runs(runs: NDArray[np.bool_], among: NDArray[np.bool_]) -> tuple[int, int]:
    """(how many runs of True meet a True of the other within one frame, how many runs)."""
    numbered, count = scipy.ndimage.label(runs)
    met = np.unique(numbered[scipy.ndimage.maximum_filter1d(among.astype(np.uint8), 3) > 0])
    return int((met > 0).sum()), int(count)


def source_mouth_trace(got: Floats, old: Floats, wanted: Floats | None = None) -> Trace | None:
    """Looks for the source's opening `old` (T,) in the take's opening `got` (T,); None where the frames are too few.

    The wanted opening (its neighbours in time and its square too, so that neither a lag nor a curved answer passes for a
    trace) is regressed out of both. Chance: the same after every circular shift of the old curve's rest by at least an
    eighth of the take, which keeps the curve's own smoothness and breaks the link in time.
    """
    parts = [] if wanted is None else [wanted, _delayed(wanted, 1), _delayed(wanted, -1), wanted**2]
    known = np.isfinite(np.stack([got, old, *parts])).all(0)
    n = int(known.sum())
    if n < _MIN_FRAMES_FOR_TRACE:
        return None
    regressors = np.stack([np.ones(n), *(part[known] for part in parts)], 1)
    rest_got, rest_old = (_residual(curve[known], regressors) for curve in (got, old))
    low, high = np.percentile(got[known], (5, 95))
    r = pearson(rest_got, rest_old)
    return Trace(
        r=r,
        chance=None if r is None else circular_shift_p_value(np.abs(circular_correlations(rest_got, rest_old))),
        size=None if r is None else float(abs(r) * np.std(rest_got)),
        opening_sd=float(np.std(got[known])),
        opening_range=float(high - low),
    )


def circular_correlations(a: Floats, b: Floats) -> Floats:
    """Pearson's r of a (n,) with b (n,) moved later by 0, 1 … n − 1 frames, what runs out at the end coming in at the start."""
    spectra = [np.fft.rfft((curve - curve.mean()) / max(float(curve.std()), 1e-12)) for curve in (a, b)]
    return np.asarray(np.fft.irfft(spectra[0] * spectra[1].conj(), len(a)) / len(a))


def circular_shift_p_value(by_shift: Floats, reach: int = 0) -> float:
    """The share of shifts that reach what no shift reaches: a one-sided p-value, never 0.

    by_shift (n,): a statistic per circular shift, the best of ±`reach` frames counts. Shifts of less than an eighth are left out.
    """
    n = len(by_shift)
    best = np.max([np.roll(by_shift, k) for k in range(-reach, reach + 1)], axis=0)
    others = best[max(n // 8, 2 * reach + 1) : n - max(n // 8, 2 * reach + 1) + 1]
    return float((1 + (others >= best[0]).sum()) / (1 + len(others)))


def _delayed(curve: Floats, frames: int) -> Floats:
    """The curve so many frames later; what runs out at an end is repeated."""
    at = np.clip(np.arange(len(curve)) - frames, 0, len(curve) - 1)
    return np.asarray(curve[at])


def _residual(curve: Floats, regressors: Floats) -> Floats:
    """What of a curve (n,) no combination of regressors (n, k) explains."""
    return np.asarray(curve - regressors @ np.linalg.lstsq(regressors, curve, rcond=None)[0])
