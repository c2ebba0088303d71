"""Finds the frames of a clip's file that markers called "no lip-sync" exclude: they stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from heygem_core.messages import words

from .conform_types import MediaFacts
from .errors import BadTime
from .exact_time import exact_rate, exact_seconds, round_half_up
from .flatten import TimelineItem, constant_speed
from .media import original_reference
from .source_range import SourceRange, file_range

_NO_LIP_SYNC = re.compile(r"\bno[ _-]*lip[ _-]*sync", re.IGNORECASE)
Interval = tuple[Fraction, Fraction]  # s; the end is exclusive
FrameRanges = tuple[tuple[int, int], ...]  # of a file, ends exclusive


def markers(timeline: Any) -> Iterator[tuple[str, Interval]]:
    """Markers of the timeline and its tracks that have a length: (name, seconds of the timeline)."""
    for holder in (timeline.tracks, *timeline.tracks):
        for marker in holder.markers:
            try:
                start, length = exact_seconds(marker.marked_range.start_time), exact_seconds(marker.marked_range.duration)
            except BadTime:
                continue
            if length > 0:
                yield marker.name, (start, start + length)


def excluded_times(timeline: Any) -> list[Interval]:
    """Where the timeline's own markers exclude lip-sync."""
    return [times for name, times in markers(timeline) if _NO_LIP_SYNC.search(name)]


def excluded_frames(each: TimelineItem, facts: MediaFacts, frames: SourceRange, excluded: Sequence[Interval]) -> FrameRanges:
    """Of a clip's media: what markers of the timeline, and of the clip itself, exclude. Raises: BadTime, BadRange."""
    if facts.rate is None or facts.frame_times is not None:
        return ()
    if not excluded and not len(each.item.markers):
        return ()
    listed = bool(frames.shows) and each.speed != 0
    ranges = list(_as_listed(each, frames, excluded, facts.rate) if listed else _as_frames(each, frames, excluded, facts.rate, each.speed))
    for start, length in _own_markers(each):
        piece = TimelineItem(
            where=each.where,
            item=each.item,
            kind="picture",
            track=each.track,
            track_name="",
            start=each.start,
            end=each.end,
            source_low=exact_seconds(start),
            source_high=exact_seconds(start) + exact_seconds(length),
            source_rate=exact_rate(start.rate),
        )
        low, high = file_range(piece, facts, original_reference(each.item), 1 / facts.rate)
        ranges.append((low * facts.rate, high * facts.rate))
    return _whole_frames(ranges, frames)


def excluded_frames_of_export(
    each: TimelineItem, frames: SourceRange, excluded: Iterable[Interval], rate: Fraction
) -> tuple[FrameRanges, str | None]:
    """The same of a clip's export, in which everything stands as on the timeline: (frames, what could not be found). Raises: BadTime.

    The clip's own markers count the media's time; it goes by at the clip's speed, and back where that is negative.
    """
    own = [(exact_seconds(start), exact_seconds(start) + exact_seconds(length)) for start, length in _own_markers(each)]
    if own and constant_speed(each.item)[1] is not None:
        reason = words("clip.markers-left-out")
        return _whole_frames(_as_frames(each, frames, excluded, rate, Fraction(1)), frames), reason
    shown = [(max(low, each.source_low), min(high, each.source_high)) for low, high in own]
    times = [_on_timeline(each, low, high) for low, high in shown if low < high]
    return _whole_frames(_as_frames(each, frames, [*excluded, *times], rate, Fraction(1)), frames), None


def _own_markers(each: TimelineItem) -> Iterator[tuple[Any, Any]]:
    return (
        (marker.marked_range.start_time, marker.marked_range.duration) for marker in each.item.markers if _NO_LIP_SYNC.search(marker.name)
    )


def _on_timeline(each: TimelineItem, low: Fraction, high: Fraction) -> Interval:
    speed = abs(each.speed)
    if not speed:
        return each.start, each.end
    if each.speed > 0:
        return each.start + (low - each.source_low) / speed, each.start + (high - each.source_low) / speed
    return each.start + (each.source_high - high) / speed, each.start + (each.source_high - low) / speed


def _as_frames(
    each: TimelineItem, frames: SourceRange, excluded: Iterable[Interval], rate: Fraction, speed: Fraction
) -> Iterator[Interval]:
    """Intervals of the timeline as frames of the file that a take of it is made of."""
    take_start = each.start - frames.offset_s
    for low, high in excluded:
        begin, finish = max(low, take_start) - take_start, min(high, take_start + frames.seconds) - take_start
        if not speed and begin == 0 and finish == frames.seconds:  # one frame all the time: it is left alone or it is not
            yield (Fraction(frames.start), Fraction(frames.end_exclusive))
        elif begin < finish:
            at = (begin * rate * abs(speed), finish * rate * abs(speed))
            yield (
                (frames.start + at[0], frames.start + at[1]) if speed > 0 else (frames.end_exclusive - at[1], frames.end_exclusive - at[0])
            )


def _as_listed(each: TimelineItem, frames: SourceRange, excluded: Iterable[Interval], rate: Fraction) -> Iterator[Interval]:
    """The same where the frame of the file is listed at each frame of the take."""
    take_start = each.start - frames.offset_s
    for low, high in excluded:
        begin, end = (max(0, round_half_up((edge - take_start) * rate)) for edge in (low, high))
        shown = sorted(set(frames.shows[begin:end]))
        edges = [place for place, frame in enumerate(shown) if not place or shown[place - 1] != frame - 1]
        yield from ((Fraction(shown[one]), Fraction(shown[other - 1] + 1)) for one, other in pairwise([*edges, len(shown)]))


def _whole_frames(ranges: Iterable[Interval], frames: SourceRange) -> FrameRanges:
    whole = ((max(round_half_up(low), frames.start), min(round_half_up(high), frames.end_exclusive)) for low, high in sorted(ranges))
    return tuple((low, high) for low, high in whole if low < high)
