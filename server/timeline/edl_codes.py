"""Finds frames of media by the timecodes that an edit list writes: they name frames by digits, whatever the list's own rate is.

01:00:10:12 in a list of 24 frames is the frame that 23.976 media call 01:00:10:12, ten seconds of *their* timecode after 01:00:00:00, and a
list that marks no drop-frame means by it what the media call so. Counted in seconds on both sides, that is 3.6 s an hour apart.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from heygem_core.errors import HeygemError
from heygem_core.media import timecode


@lru_cache(maxsize=65_536)
def origin_by_code(code: str, list_rate: Fraction, start_timecode: str, rate: Fraction, frames: int | None) -> Fraction | None:
    """Second of the list's own time at which the media begin.

    code: a source time as the list counts it (`;` before the frames: drop-frame). start_timecode, rate, frames: of the media. None = they
    have no frame of that name.
    """
    try:
        at, first = position_of(code, list_rate, rate, drop=timecode.is_drop(start_timecode)), timecode.parse(start_timecode, rate)
        seconds = timecode.parse(code, list_rate) / list_rate
    except HeygemError:
        return None
    if at < first:  # a recording that goes on after midnight
        at += timecode.frames_per_day(rate, drop=timecode.is_drop(start_timecode))
        if frames is None or at - first >= frames:
            return None
    return seconds - (at - first) / rate


def position_of(code: str, list_rate: Fraction, rate: Fraction, *, drop: bool) -> Fraction:
    """Frames at `rate` since 00:00:00:00 of a timecode of a list. Where the two count other frames in a second, it is as far into that
    second. Raises: BadRange — media at that rate have no such timecode."""
    into_second = Fraction(int(code[9:]) * timecode.nominal(rate), timecode.nominal(list_rate))
    whole = into_second.numerator // into_second.denominator
    return timecode.parse(f"{code[:8]}{';' if drop else ':'}{whole:02d}", rate) + into_second - whole


def same_count(rate: Fraction, list_rate: Fraction) -> bool:
    """Whether timecodes at both rates count seconds that are equally long."""
    return rate * timecode.nominal(list_rate) == list_rate * timecode.nominal(rate)


def code_of(frame: Fraction, rate: Fraction, list_rate: Fraction, *, drop: bool) -> str:
    """The timecode of a list for a frame at `rate` since 00:00:00:00, in the count of the media. Inverse of `position_of`."""
    whole = frame.numerator // frame.denominator
    name = timecode.format(whole, rate, drop=drop and timecode.may_drop(rate))
    into_second = (int(name[9:]) + frame - whole) * Fraction(timecode.nominal(list_rate), timecode.nominal(rate))
    return f"{name[:9]}{into_second.numerator // into_second.denominator:02d}"
