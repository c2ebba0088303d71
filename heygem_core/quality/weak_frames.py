"""Frames of a take that deserve a look: where what is seen in it is not what was wanted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..messages import catalogue

LOST, APART = catalogue("en")["weak.lost"], catalogue("en")["weak.apart"]
_APART = 0.06  # eye distances between the wanted and the shown opening that an eye notices
_SHORTEST_S = 0.08  # a shorter difference passes unseen
_NEAR_S = 0.12  # stretches nearer than this are one

Floats = NDArray[np.floating[Any]]
Ranges = tuple[tuple[int, int, str], ...]


def weak_ranges(wanted: Floats, seen: Floats, fps: float) -> Ranges:
    """(first frame, one past the last, reason), in order.

    wanted, seen: (T,) lip openings in eye distances; wanted is NaN where a frame passes through, seen where no face was found.
    """
    drawn = np.isfinite(wanted)
    lost = drawn & ~np.isfinite(seen)
    apart = drawn & ~lost & (np.abs(np.nan_to_num(seen) - np.nan_to_num(wanted)) > _APART)
    found = [*_runs(lost, fps, LOST), *_runs(apart, fps, APART)]
    return tuple(sorted(found))


def _runs(frames: NDArray[np.bool_], fps: float, reason: str) -> list[tuple[int, int, str]]:
    near, shortest = max(1, round(_NEAR_S * fps)), max(1, round(_SHORTEST_S * fps))
    runs: list[tuple[int, int]] = []
    for frame in np.flatnonzero(frames).tolist():
        if runs and frame - runs[-1][1] < near:
            runs[-1] = (runs[-1][0], frame + 1)
        else:
            runs.append((frame, frame + 1))
    return [(start, end, reason) for start, end in runs if end - start >= shortest]
