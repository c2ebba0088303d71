"""Computes when each frame of a take is shown: the times of the source's frames that it is made of, from 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from ..errors import BadRange
from . import timecode
from .probe import MediaInfo


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TakeTiming:
    """Times of a take's frames."""

    rate: Fraction  # nominal frames per second
    variable: bool  # the times do not follow the rate
    time_base: Fraction
    pts: npt.NDArray[np.int64]  # (frames + 1,) from 0, in units of time_base; the last one is the end
    start_timecode: str | None  # of the first frame

    @property
    def frame_count(self) -> int:
        return len(self.pts) - 1

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return self.time_of(self.frame_count)

    def time_of(self, frame: int) -> Fraction:
        """Seconds from the take's first frame; of `frame_count`: the end."""
        return int(self.pts[frame]) * self.time_base


def steady_timing(rate: Fraction, frame_count: int, start_timecode: str | None = None) -> TakeTiming:
    """Frames at a constant rate."""
    pts = np.arange(frame_count + 1, dtype=np.int64)
    return TakeTiming(rate=rate, variable=False, time_base=1 / rate, pts=pts, start_timecode=start_timecode)


def timing_of(info: MediaInfo, frames: Sequence[int], *, rate: Fraction | None = None) -> TakeTiming:
    """The take made of these source frames, in this order: each is shown as long as in the source.

    `rate` is for a source without one (a still); a video keeps its own.
    Raises: BadRange — no frames, or a still without a rate.
    """
    if not len(frames):
        raise BadRange("take.no-frames", file=info.path.name)
    rate = info.rate or rate
    if rate is None:
        raise BadRange("take.no-rate", file=info.path.name)
    start = info.timecode_of(frames[0])
    if not info.variable:
        return steady_timing(rate, len(frames), start)
    last = round(info.last_duration / info.time_base)
    durations = np.append(np.diff(info.frame_pts), max(1, last))
    pts = np.concatenate([[0], np.cumsum(durations[np.asarray(frames)])]).astype(np.int64)
    return TakeTiming(rate=rate, variable=True, time_base=info.time_base, pts=pts, start_timecode=start)


def same_timecode(a: str | None, b: str | None, rate: Fraction) -> bool:
    """Whether two start timecodes name the same frame in the same notation."""
    if a is None or b is None:
        return a == b
    return timecode.is_drop(a) == timecode.is_drop(b) and timecode.parse(a, rate) == timecode.parse(b, rate)
