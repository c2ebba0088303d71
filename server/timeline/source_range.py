"""Turns the source times of a clip into frame numbers of its file, exactly.

Editors count source time from the file's first frame or from its timecode, and say which only sometimes: the first reading
under which the whole range lies in the file is used. A frame shows from its own time until the next one's, so a
time between two frames means the earlier one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from heygem_core.errors import BadRange, HeygemError
from heygem_core.media import timecode

from .conform_types import MediaFacts
from .errors import BadTime
from .exact_time import exact_seconds, exact_value
from .flatten import TimelineItem
from .metadata import own_value

_SNAP = Fraction(1, 50)  # of a frame: nearer than this to a frame's edge is on it
_SOUND_SLACK = Fraction(1, 10)  # s that a clip may go beyond its sound
HOST_SUFFIXES = {
    ".braw",
    ".r3d",
    ".ari",
    ".arx",
    ".crm",
    ".rmf",
    ".nev",
    ".dng",
    ".cine",
    ".dpx",
    ".exr",
    ".ale",
    ".prproj",
    ".drp",
    ".aep",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRange:
    """Frames of a file that a take is made of."""

    start: int
    end_exclusive: int
    handles_before: int  # frames of the take
    handles_after: int
    offset_s: Fraction  # second of the take at which the clip's in point lies
    seconds: Fraction  # length of the take
    short_of_s: Fraction  # s of a dissolve or handle that the media do not cover


def file_range(item: TimelineItem, facts: MediaFacts, reference: Any, slack: Fraction) -> tuple[Fraction, Fraction]:
    """(low, high) in seconds of the file for the source times of a clip.

    Raises: BadRange — under no reading does the range lie in the file.
    """
    length = facts.duration_s
    for origin in _possible_origins(item, facts, reference):
        low, high = item.source_low - origin, item.source_high - origin
        if low >= -slack and (length is None or (high <= length + slack and low < length)):
            return max(low, Fraction(0)), high if length is None else min(high, length)
    raise BadRange(
        "clip.beyond-media",
        start_s=f"{float(item.source_low):.2f}",
        end_s=f"{float(item.source_high):.2f}",
        media_s=f"{float(length or 0):.2f}",
    )


def _possible_origins(item: TimelineItem, facts: MediaFacts, reference: Any) -> list[Fraction]:
    """Seconds that the timeline may give the first frame of the media, likeliest first."""
    origins: list[Fraction] = []
    embedded = embedded_start(facts, item.source_rate)
    available = reference.available_range if reference is not None else None
    if own_value(item.item, "absolute") and embedded is not None:
        origins.append(embedded)
    if available is not None:
        try:
            origins.append(exact_seconds(available.start_time))
        except BadTime:
            available = None
    origins += [Fraction(0)] + ([embedded] if embedded is not None else [])
    if available is not None and item.source_rate is not None:
        # The same timecode counted at two rates, such as 24 and 24000/1001.
        origins.append(exact_value(available.start_time.value) / item.source_rate)
    return list(dict.fromkeys(origins))


def embedded_start(facts: MediaFacts, sound_rate: Fraction | None) -> Fraction | None:
    """Seconds that the file's own timecode gives its first frame; None = it has none."""
    if facts.sound_start_s is not None:
        return facts.sound_start_s
    rate = facts.rate or sound_rate
    if facts.start_timecode is None or rate is None:
        return None
    try:
        return timecode.parse(facts.start_timecode, rate) / rate
    except HeygemError:
        return None


def source_frames(item: TimelineItem, facts: MediaFacts, reference: Any, lead: Fraction, tail: Fraction) -> SourceRange:
    """The frames that a take of this clip needs, with up to `lead` and `tail` seconds of handles on the timeline.

    A reversed clip plays its range from the end: its first picture is the last frame before `high`.
    Raises: BadRange.
    """
    if facts.frames is None or (facts.rate is None and facts.frame_times is None):
        raise BadRange("clip.media-no-rate")
    slack = 1 / facts.rate if facts.rate else Fraction(1, 10)
    low, high = file_range(item, facts, reference, slack)
    if facts.frame_times is not None:
        return _by_time(low, high, facts, lead, tail)
    assert facts.rate is not None
    return _by_rate(item.speed, item.duration, low * facts.rate, high * facts.rate, facts.rate, facts.frames, lead, tail)


def _by_rate(
    speed: Fraction, duration: Fraction, low: Fraction, high: Fraction, rate: Fraction, count: int, lead: Fraction, tail: Fraction
) -> SourceRange:
    """low and high in frames of the file."""
    first, end = _floor(low), min(_ceil(high), count)
    if first >= end:
        first = end - 1
    offset = max(Fraction(0), low - first if speed > 0 else end - high)  # frames of the source before the in point
    step = abs(speed)  # frames of the source for each frame of the take
    wanted = _ceil(duration * rate + offset / step)  # frames of the take without handles
    if speed == 1:
        before, after = min(_ceil(lead * rate), first), min(_ceil(tail * rate), count - end)
        start, stop = first - before, end + after
        wanted = end - first
    elif speed > 0:
        before, after = min(_ceil(lead * rate), math.floor(first / step)), _ceil(tail * rate)
        start = first - math.floor(before * step)
        stop = min(count, start + math.ceil((before + wanted + after) * step))
        after = max(0, min(after, math.floor((stop - start) / step) - before - wanted))
    else:
        before, after = min(_ceil(lead * rate), math.floor((count - end) / step)), _ceil(tail * rate)
        stop = end + math.floor(before * step)
        start = max(0, stop - math.ceil((before + wanted + after) * step))
        after = max(0, min(after, math.floor((stop - start) / step) - before - wanted))
    shown_before, shown_after = Fraction(before) / rate, Fraction(after) / rate
    return SourceRange(
        start=start,
        end_exclusive=max(stop, start + 1),
        handles_before=before,
        handles_after=after,
        offset_s=(before + offset / step) / rate,
        seconds=(before + wanted + after) / rate,
        short_of_s=max(lead - shown_before, tail - shown_after, Fraction(0)),
    )


def _by_time(low: Fraction, high: Fraction, facts: MediaFacts, lead: Fraction, tail: Fraction) -> SourceRange:
    """Frames whose times follow no rate."""
    times, total = facts.frame_times or (), facts.duration_s or Fraction(0)
    bound = (*times, total)
    first, end = max(0, bisect_right(times, low) - 1), max(1, bisect_left(times, high))
    start, stop = max(0, bisect_right(times, low - lead) - 1), max(1, bisect_left(times, high + tail))
    return SourceRange(
        start=min(start, first),
        end_exclusive=max(stop, end),
        handles_before=max(0, first - start),
        handles_after=max(0, stop - end),
        offset_s=low - times[min(start, first)],
        seconds=bound[max(stop, end)] - bound[min(start, first)],
        short_of_s=max(lead - low, high + tail - total, Fraction(0)),
    )


def _floor(value: Fraction) -> int:
    return math.floor(value + _SNAP)


def _ceil(value: Fraction) -> int:
    return math.ceil(value - _SNAP)
