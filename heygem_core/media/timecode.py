"""Converts timecode, "01:00:00:00" and drop-frame "01:00:00;02", to and from frame counts at a rational rate.

A timecode counts frames with whole numbers of frames per nominal second, so at 24000/1001 it drifts from the wall clock,
and drop-frame (SMPTE ST 12-1) skips the *numbers* ;00 and ;01 of each minute that is not a multiple of ten (twice that
at 59.94) to stay near it. No frame is dropped, only numbers.
"""

from __future__ import annotations

import re
from fractions import Fraction

from ..errors import BadRange

_PATTERN = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})")
_DROP_RATES = (Fraction(30000, 1001), Fraction(60000, 1001), Fraction(120000, 1001))


def nominal(rate: Fraction) -> int:
    """Frames per second of timecode: 24 for 24000/1001."""
    return max(1, rate.numerator if rate.denominator == 1 else round(rate))


def may_drop(rate: Fraction) -> bool:
    """Whether drop-frame exists at this rate: only at 29.97 and its multiples."""
    return rate in _DROP_RATES


def is_drop(text: str) -> bool:
    """Whether a timecode is written drop-frame."""
    return any(mark in text for mark in ";.,")


def parse(text: str, rate: Fraction) -> int:
    """Frames since 00:00:00:00 of a timecode; `;` (also `.` or `,`) before the frames means drop-frame.

    Raises: BadRange — not a timecode, or not one of this rate.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise BadRange("timecode.malformed", text=text)
    hours, minutes, seconds, frames = (int(match[group]) for group in (1, 2, 3, 5))
    fps, drop = nominal(rate), match[4] != ":"
    if hours > 23 or minutes > 59 or seconds > 59 or frames >= fps:
        raise BadRange("timecode.too-many-frames", text=text, rate=_rate_text(rate), last=f"{fps - 1:02d}")
    if drop and not may_drop(rate):
        raise BadRange("timecode.no-drop-at-rate", text=text, rate=_rate_text(rate))
    skipped = _skipped_per_minute(fps) if drop else 0
    if skipped and seconds == 0 and frames < skipped and minutes % 10:
        raise BadRange("timecode.dropped", text=text, minutes=f"{minutes - 1:02d}", skipped=f"{skipped:02d}")
    total_minutes = hours * 60 + minutes
    return (total_minutes * 60 + seconds) * fps + frames - skipped * (total_minutes - total_minutes // 10)


def format(frames: int, rate: Fraction, *, drop: bool = False) -> str:
    """The timecode of a frame count since 00:00:00:00; wraps after 24 hours.

    Raises: BadRange — drop-frame at a rate that has none, or a negative count.
    """
    if frames < 0:
        raise BadRange("timecode.negative", frames=frames)
    if drop and not may_drop(rate):
        raise BadRange("timecode.no-drop", rate=_rate_text(rate))
    fps = nominal(rate)
    frames %= frames_per_day(rate, drop=drop)
    if drop:
        frames += _names_skipped_before(frames, fps)
    seconds, frame = divmod(frames, fps)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02d}:{minute:02d}:{second:02d}{';' if drop else ':'}{frame:02d}"


def frames_per_day(rate: Fraction, *, drop: bool) -> int:
    """How many frames have different timecodes."""
    fps = nominal(rate)
    return 24 * 3600 * fps - (_skipped_per_minute(fps) * (1440 - 144) if drop else 0)


def advanced(text: str, frames: int, rate: Fraction) -> str:
    """The timecode that many frames after another, in the same notation."""
    return format(parse(text, rate) + frames, rate, drop=is_drop(text))


def recounted(text: str, counting: Fraction, rate: Fraction) -> str:
    """A timecode that counts `counting` frames a second, as one that counts the picture's, a whole multiple of them.

    Raises: BadRange — no timecode, or no multiple.
    """
    each, rest = divmod(nominal(rate), nominal(counting))
    if rest:
        raise BadRange("timecode.too-many-frames", text=text, rate=_rate_text(counting), last=f"{nominal(counting) - 1:02d}")
    return format(parse(text, counting) * each, rate, drop=is_drop(text))


def frame_number(value: int | str, rate: Fraction | None, start_timecode: str | None, *, counting: Fraction | None = None) -> int:
    """A frame of the file from what a person typed as in or out: a whole number is a frame number, a timecode is
    absolute where the clip has a start timecode and counts from 00:00:00:00 where it has none.

    `counting`: frames per second of the clip's own timecode, where it counts fewer than there are pictures. A timecode whose frames
    only the picture's rate has is one of the picture's rate.

    Raises: BadRange — neither, or a timecode before the clip's start.
    """
    if isinstance(value, int):
        return value
    if value.strip().lstrip("+-").isdigit():
        return int(value)
    if rate is None:
        raise BadRange("timecode.no-rate", text=value)
    match = _PATTERN.fullmatch(value.strip())
    if counting is not None and match is not None and int(match[5]) < nominal(counting):
        value = recounted(value, counting, rate)
    position = parse(value, rate)
    if start_timecode is None:
        return position
    frame = position - parse(start_timecode, rate)
    if frame < 0:
        raise BadRange("timecode.before-start", text=value, start=start_timecode)
    return frame


def _skipped_per_minute(fps: int) -> int:
    return fps // 15  # 2 at 29.97, 4 at 59.94


def _names_skipped_before(frames: int, fps: int) -> int:
    skipped = _skipped_per_minute(fps)
    per_minute = 60 * fps - skipped
    per_ten = 10 * per_minute + skipped
    tens, rest = divmod(frames, per_ten)
    # The first minute of each ten skips nothing and is `skipped` frames longer.
    return skipped * (9 * tens + max(0, (rest - skipped) // per_minute))


def _rate_text(rate: Fraction) -> str:
    return f"{float(rate):.6g}"
