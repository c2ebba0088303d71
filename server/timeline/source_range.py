"""Turns the source times of a clip into frame numbers of its file, exactly.

Editors count source time from the file's first frame or from its timecode, and say which only sometimes: the first reading
under which the whole range lies in the file is used. A frame shows from its own time until the next one's, so a
time between two frames means the earlier one.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from msgspec.structs import replace

from heygem_core.errors import BadRange, HeygemError
from heygem_core.media import timecode

from .conform_types import MediaFacts
from .edl_codes import origin_by_code
from .errors import BadTime
from .exact_time import exact_rate, exact_seconds, exact_value
from .flatten import TimelineItem

_ZERO = Fraction(0)
_SNAP = Fraction(1, 50)  # of a frame: nearer than this to a frame's edge is on it
_NOISE = Fraction(1, 10_000)  # of a frame: what a speed that was written with four digits may be off
_FINEST_ORIGIN = 10**9  # denominators of seconds that were reckoned from floats
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
    shows: tuple[int, ...] = ()  # the frame of the file at each frame of the take, where neither the range nor the clip's speed tells


def file_range(item: TimelineItem, facts: MediaFacts, reference: Any, slack: Fraction) -> tuple[Fraction, Fraction]:
    """(low, high) in seconds of the file for the source times of a clip.

    Raises: BadRange — under no reading does the range lie in the file.
    """
    length = facts.duration_s
    last = None if length is None else length + slack
    by_count = _seconds_by_count(item, facts, reference)
    for origin in _possible_origins(item, facts, reference):
        low, high = (item.source_low - origin, item.source_high - origin) if origin else (item.source_low, item.source_high)
        if by_count is not None:
            low, high = low * by_count, low * by_count + (high - low)
        if (low.numerator >= 0 or low >= -slack) and (length is None or last is None or (high <= last and low < length)):
            return low if low.numerator >= 0 else _ZERO, high if length is None or high <= length else length
    raise BadRange(
        "clip.beyond-media",
        start_s=f"{float(item.source_low):.2f}",
        end_s=f"{float(item.source_high):.2f}",
        media_s=f"{float(length or 0):.2f}",
    )


def _seconds_by_count(item: TimelineItem, facts: MediaFacts, reference: Any) -> Fraction | None:
    """Seconds of the file in a second of what the document calls its time, where it gives the file another rate than it has but counts as
    many frames (30 for 29.97): then its frame numbers are right and its seconds are not. None = they are."""
    available = reference.available_range if reference is not None else None
    if available is None or facts.rate is None or not facts.frames or item.source_rate is None:
        return None
    try:
        said, count = exact_rate(available.duration.rate), exact_value(available.duration.value)
    except BadTime:
        return None
    if said == facts.rate or item.source_rate != said or timecode.nominal(said) != timecode.nominal(facts.rate) or count != facts.frames:
        return None
    return said / facts.rate


def _possible_origins(item: TimelineItem, facts: MediaFacts, reference: Any) -> Iterator[Fraction]:
    """Seconds that the timeline may give the first frame of the media, likeliest first."""
    embedded = embedded_start(facts, item.source_rate)
    available = reference.available_range if reference is not None else None
    absolute = embedded is not None and bool(item.own.get("absolute"))
    if embedded is not None and absolute:
        yield absolute_origin(item, facts, embedded)
    if available is not None:
        try:
            yield from _origins_by_range(item, available.start_time, facts)
        except BadTime:
            available = None
    yield _ZERO
    if embedded is not None and not absolute:
        yield embedded
    if available is not None and item.source_rate is not None:
        # The same timecode counted at two rates, such as 24 and 24000/1001.
        yield exact_value(available.start_time.value) / item.source_rate


def absolute_origin(item: TimelineItem, facts: MediaFacts, embedded: Fraction) -> Fraction:
    """The same for a clip whose source times are its media's own timecode: as these name its first frame, else by the seconds of both."""
    code = item.own_text("code")
    if code is None or facts.start_timecode is None or facts.rate is None or item.source_rate is None:
        return embedded
    named = origin_by_code(code, item.source_rate, facts.start_timecode, facts.rate, facts.frames)
    return embedded if named is None else named


def _origins_by_range(item: TimelineItem, begins: Any, facts: MediaFacts) -> list[Fraction]:
    """What the media's range says: with the rates that are meant, and where they are spelt differently as they are spelt.

    An exporter that counts 24 frames as 23.976 did its own sums with those very numbers, and after hours of timecode they are frames apart
    from the sums with 24000/1001. Between two spellings of one rate the sum that gives whole frames is the exporter's; between two rates
    it is always that of the numbers.
    """
    meant = exact_seconds(begins)
    source = getattr(item.item, "source_range", None)
    start = source.start_time if source is not None else None
    if start is None or start.rate == begins.rate or not math.isfinite(start.rate) or start.rate <= 0:
        return [meant]
    spelt = exact_value(begins.value) / Fraction(begins.rate)
    spelt += exact_seconds(start) - Fraction(start.value) / Fraction(start.rate)  # as far as the clip's own times are off in `item`
    spelt = spelt.limit_denominator(_FINEST_ORIGIN)
    if exact_rate(start.rate) != exact_rate(begins.rate):
        return [spelt, meant]
    rate = facts.rate or exact_rate(begins.rate)
    return sorted((meant, spelt), key=lambda origin: round(_off_frames((item.source_low - origin) * rate), 5))


def _off_frames(position: Fraction) -> float:
    return float(abs(position - round(position)))


def embedded_start(facts: MediaFacts, sound_rate: Fraction | None) -> Fraction | None:
    """Seconds that the file's own timecode gives its first frame; None = it has none."""
    if facts.sound_start_s is not None:
        return facts.sound_start_s
    rate = facts.rate or sound_rate
    if facts.start_timecode is None or rate is None:
        return None
    return _seconds_of_timecode(facts.start_timecode, rate)


@lru_cache(maxsize=4096)
def _seconds_of_timecode(text: str, rate: Fraction) -> Fraction | None:
    try:
        return timecode.parse(text, rate) / rate
    except HeygemError:
        return None


def source_frames(
    item: TimelineItem, facts: MediaFacts, reference: Any, lead: Fraction, tail: Fraction, record_rate: Fraction | None = None
) -> SourceRange:
    """The frames that a take of this clip needs, with up to `lead` and `tail` seconds of handles on the timeline.

    A reversed clip plays its range from the end: its first picture is the last frame before `high`.
    Raises: BadRange.
    """
    if facts.frames is None or (facts.rate is None and facts.frame_times is None):
        raise BadRange("clip.media-no-rate")
    slack = Fraction(facts.rate.denominator, facts.rate.numerator) if facts.rate else Fraction(1, 10)
    if item.offsets and facts.rate is not None:
        low = _low_of_offsets(item, facts, reference, slack)
        return _by_offsets(item.offsets, low * facts.rate, facts.rate, facts.frames, lead, tail, record_rate or facts.rate)
    low, high = file_range(item, facts, reference, slack)
    if facts.frame_times is not None:
        return _by_time(low, high, facts, lead, tail)
    assert facts.rate is not None
    if item.speed != 1:
        return _retimed(item, low * facts.rate, high * facts.rate, facts.rate, facts.frames, lead, tail, record_rate or facts.rate)
    return _by_rate(low * facts.rate, high * facts.rate, facts.rate, facts.frames, lead, tail)


def _low_of_offsets(item: TimelineItem, facts: MediaFacts, reference: Any, slack: Fraction) -> Fraction:
    """The second of the file from which the offsets of a clip count. They may lead away from what would show at a constant speed."""
    assert facts.rate is not None
    first, last = (edge / facts.rate for edge in (min(item.offsets), max(item.offsets) + 1))
    shown = replace(item, source_low=item.source_low + first, source_high=item.source_low + last)
    try:
        return file_range(shown, facts, reference, slack)[0] - first
    except BadRange:
        return file_range(item, facts, reference, slack)[0]


def _by_rate(low: Fraction, high: Fraction, rate: Fraction, count: int, lead: Fraction, tail: Fraction) -> SourceRange:
    """low and high in frames of the file."""
    low = low if low.denominator == 1 or abs(low - (nearest := round(low))) >= _NOISE else Fraction(nearest)
    first, end = _floor(low), min(_ceil(high), count)
    if first >= end:
        first = end - 1
    before, after = min(_ceil(lead * rate) if lead else 0, first), min(_ceil(tail * rate) if tail else 0, count - end)
    short = max(lead - before / rate, tail - after / rate, _ZERO) if lead or tail else _ZERO
    return SourceRange(
        start=first - before,
        end_exclusive=end + after,
        handles_before=before,
        handles_after=after,
        offset_s=(before + max(_ZERO, low - first)) / rate if before or low.denominator != 1 else _ZERO,
        seconds=Fraction(before + end - first + after) / rate,
        short_of_s=short,
    )


def _retimed(
    item: TimelineItem, low: Fraction, high: Fraction, rate: Fraction, count: int, lead: Fraction, tail: Fraction, record_rate: Fraction
) -> SourceRange:
    """Of a clip at a constant speed, or frozen; low and high in frames of the file.

    Its first frame is at the take's frame `handles_before`, whatever the handles are, and a frame of the timeline shows what it shows there
    also where the file counts more frames a second.
    """
    speed, wanted, last = item.speed, max(1, _ceil(item.duration * rate)), count - 1
    low, high = _snapped(low), _snapped(high)

    def shown(place: int) -> int:
        """The source frame at a frame of the take, counted from the in point: the one on screen as that frame begins, or as the first
        frame of the timeline does that lies in it."""
        on_timeline = math.ceil(place * record_rate / rate) / record_rate * rate
        at = on_timeline if place > 0 and on_timeline < place + 1 else place
        return math.floor(low + at * speed + _NOISE) if speed >= 0 else math.ceil(high + at * speed - _NOISE) - 1

    before, after = _ceil(lead * rate), _ceil(tail * rate)
    if speed:  # as many handles as the file has frames for
        before = next(number for number in range(before, -1, -1) if not number or 0 <= shown(-number) <= last)
        after = next(number for number in range(after, -1, -1) if not number or 0 <= shown(wanted - 1 + number) <= last)
    frames = [min(max(shown(place), 0), last) for place in range(-before, wanted + after)]
    at_speed = _range_at_speed(frames, speed, count) if speed else None
    constant = at_speed is not None and _follows(frames, *at_speed, speed)
    start, end = at_speed if at_speed is not None and constant else (min(frames), max(frames) + 1)
    return SourceRange(
        start=start,
        end_exclusive=end,
        handles_before=before,
        handles_after=after,
        offset_s=before / rate,
        seconds=Fraction(len(frames)) / rate,
        short_of_s=max(lead - before / rate, tail - after / rate, Fraction(0)),
        shows=() if constant else tuple(frames),
    )


def _range_at_speed(frames: list[int], speed: Fraction, count: int) -> tuple[int, int] | None:
    """The range of the file that gives as many frames at a speed, beginning with the first of them; None = the file is too short."""
    least = math.floor((len(frames) - 1) * abs(speed)) + 1
    room = count - frames[0] if speed > 0 else frames[0] + 1
    length = min(max(least, math.floor(len(frames) * abs(speed))), room)
    if length < least:
        return None
    return (frames[0], frames[0] + length) if speed > 0 else (frames[0] + 1 - length, frames[0] + 1)


def _follows(frames: list[int], start: int, end: int, speed: Fraction) -> bool:
    """Whether these are the frames of a range at a speed, as `heygem_core.planning.frame_map` counts them."""
    step = abs(speed)
    if len(frames) != math.ceil((end - start) / step):
        return False
    up, down = step.numerator, step.denominator
    if speed > 0:
        return all(frame == start + place * up // down for place, frame in enumerate(frames))
    return all(frame == end - 1 - place * up // down for place, frame in enumerate(frames))


def _by_offsets(
    offsets: tuple[Fraction, ...], low: Fraction, rate: Fraction, count: int, lead: Fraction, tail: Fraction, record_rate: Fraction
) -> SourceRange:
    """Of a clip whose document says which frame stands at each frame of the timeline; there is nothing beyond it."""
    on_timeline = [min(max(round(_snapped(low) + offset), 0), count - 1) for offset in offsets]
    frames = [on_timeline[0]] * max(1, _ceil(len(offsets) / record_rate * rate))
    for number, frame in enumerate(on_timeline):
        place = math.floor(number / record_rate * rate)
        frames[place:] = [frame] * (len(frames) - place)
    return SourceRange(
        start=min(frames),
        end_exclusive=max(frames) + 1,
        handles_before=0,
        handles_after=0,
        offset_s=Fraction(0),
        seconds=Fraction(len(frames)) / rate,
        short_of_s=max(lead, tail),
        shows=tuple(frames),
    )


def _by_time(low: Fraction, high: Fraction, facts: MediaFacts, lead: Fraction, tail: Fraction) -> SourceRange:
    """Frames whose times follow no rate."""
    times, total = facts.frame_times or (), facts.duration_s or Fraction(0)
    bound = (*times, total)
    first, end = max(0, bisect_right(times, low) - 1), max(1, bisect_left(times, high))
    start, stop = max(0, bisect_right(times, low - lead) - 1), max(1, bisect_left(times, high + tail))
    return SourceRange(
        start=start,
        end_exclusive=stop,
        handles_before=first - start,
        handles_after=stop - end,
        offset_s=low - times[start],
        seconds=bound[stop] - bound[start],
        short_of_s=max(lead - low, high + tail - total, Fraction(0)),
    )


def _snapped(value: Fraction) -> Fraction:
    return Fraction(nearest) if abs(value - (nearest := round(value))) < _SNAP else value


def _floor(value: Fraction) -> int:
    return value.numerator if value.denominator == 1 else math.floor(value + _SNAP)


def _ceil(value: Fraction) -> int:
    return value.numerator if value.denominator == 1 else math.ceil(value - _SNAP)
