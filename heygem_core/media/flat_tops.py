"""Finds clipped sound by the shape of its loudest waves, on the samples of the file itself.

A wave that was cut off stays near its highest level for most of the time that it is loud. Waves that were not cut, of whatever sound,
have round tops: they pass from 0.7 to 1 of their height and back, and are above 0.9 for at most √(1/3) of that time (a parabola).
Resampling rounds the flat tops of loud clipping and hides them, and a chord is as often near its highest level as clipped speech:
neither fools this measure. What a lossy codec makes of hard clipping goes far beyond full scale, where nothing else goes often.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.int64]

FLAT = 0.65  # share of the time above 0.7 of the ceiling that is spent above 0.9, from which on tops are flat; 0.58 for round ones
LONG = 0.002  # share of all samples that must lie up there: a click is no clipped recording
BEYOND = 1.05  # times full scale
_STEPS = 4096  # of full scale
_HIGHEST = 4  # times full scale: float files may go beyond it


class FlatTops:
    """Counts how often each level is reached, by channel and sign; memory is the same for any length of sound."""

    def __init__(self, *, may_exceed: bool) -> None:
        """may_exceed: the file is made to hold levels beyond full scale, as 32-bit float recorders write."""
        self._reached: list[Levels] = []  # (2, levels) of each channel: above and below zero
        self._samples = 0
        self._may_exceed = may_exceed

    def add(self, samples: npt.NDArray[np.float32]) -> None:
        """Further samples (channels, n)."""
        self._samples += samples.shape[1]
        while len(self._reached) < len(samples):
            self._reached.append(np.zeros((2, _STEPS * _HIGHEST + 1), np.int64))
        for channel, reached in zip(samples, self._reached, strict=False):
            levels = (np.clip(np.nan_to_num(channel), -_HIGHEST, _HIGHEST) * _STEPS).astype(np.int64)
            for sign, row in zip((1, -1), reached, strict=True):
                row += np.bincount(np.maximum(levels * sign, 0), minlength=len(row))

    @property
    def clipped(self) -> bool:
        """Whether one of the channels is, above or below zero."""
        return any(self._is_cut(row) for reached in self._reached for row in reached)

    def _is_cut(self, reached: Levels) -> bool:
        """reached: (levels,) how many samples lie at each."""
        at_least = np.cumsum(reached[::-1])[::-1]  # how many samples lie there or higher
        highest = int(np.flatnonzero(reached)[-1]) if reached[1:].any() else 0
        if not highest:
            return False
        if not self._may_exceed and at_least[round(BEYOND * _STEPS)] > LONG * self._samples:
            return True
        # The ceiling is what a tenth of the loud time lies above, so that single samples beyond it, as codecs make them, do not count.
        loud = at_least[highest // 2 + 1]
        ceiling = int(np.searchsorted(-at_least, -loud / 10, side="right")) - 1
        near, high = at_least[round(0.9 * ceiling)], at_least[round(0.7 * ceiling)]
        return bool(near > LONG * self._samples and near > FLAT * high)
