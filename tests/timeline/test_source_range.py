"""Frames of the file for a clip's source times, with handles: every number worked out by hand, where it may go wrong by one."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import opentimelineio as otio
import pytest

from heygem_core.errors import BadRange
from heygem_server.timeline import source_range
from heygem_server.timeline.conform_types import MediaFacts
from heygem_server.timeline.exact_time import bounded_number, exact_rate
from heygem_server.timeline.flatten import TimelineItem
from heygem_server.timeline.source_range import SourceRange, file_range, source_frames

RATE, SLACK, NONE = Fraction(25), Fraction(1, 25), Fraction(0)
FILE = MediaFacts(kind="video", rate=RATE, frames=100, duration_s=Fraction(4))
UNEVEN = MediaFacts(kind="video", rate=None, frames=5, duration_s=Fraction(2), frame_times=tuple(Fraction(k, 10) for k in (0, 2, 5, 9, 15)))


def item(first: float, end: float, *, lasts: float | None = None, speed: Fraction = Fraction(1)) -> TimelineItem:
    """Frames of the source, and how many frames of the timeline they take up."""
    low, high = Fraction(first) / RATE, Fraction(end) / RATE
    duration = (high - low) / abs(speed) if lasts is None else Fraction(lasts) / RATE
    return TimelineItem(
        where=(), item=None, kind="picture", track=1, track_name="", start=NONE, end=duration, source_low=low, source_high=high, speed=speed
    )


def taken(what: TimelineItem, handles: int = 0, facts: MediaFacts = FILE) -> SourceRange:
    return source_frames(what, facts, None, handles / RATE, handles / RATE)


def figures(found: SourceRange) -> tuple[int, int, int, int, Fraction, Fraction]:
    """First frame, end, handles, and the take's length and what the handles lack, in frames."""
    return found.start, found.end_exclusive, found.handles_before, found.handles_after, found.seconds * RATE, found.short_of_s * RATE


@pytest.mark.parametrize(
    ("what", "handles", "expected"),
    [
        (item(10, 30), 0, (10, 30, 0, 0, 20, 0)),
        (item(10, 30), 5, (5, 35, 5, 5, 30, 0)),
        (item(10, 30), 30, (0, 60, 10, 30, 60, 20)),
        (item(3, 98), 5, (0, 100, 3, 2, 100, 3)),
        (item(0, 100), 5, (0, 100, 0, 0, 100, 5)),
        (item(10, 30, speed=Fraction(2)), 0, (10, 30, 0, 0, 10, 0)),
        (item(10, 30, speed=Fraction(2)), 4, (2, 38, 4, 4, 18, 0)),
        (item(10, 90, speed=Fraction(2)), 7, (0, 100, 5, 5, 50, 2)),
        (item(10, 20, speed=Fraction(1, 2)), 4, (8, 22, 4, 4, 28, 0)),
        (item(1, 99, speed=Fraction(1, 2)), 4, (0, 100, 2, 2, 200, 2)),
        (item(1, 98.5, speed=Fraction(1, 2)), 5, (0, 100, 2, 3, 200, 3)),
        (item(2, 98.5, speed=Fraction(1, 2)), 9, (0, 100, 4, 3, 200, 6)),
        (item(1.5, 98.5, speed=Fraction(-1, 2)), 9, (0, 100, 3, 3, 200, 6)),
        (item(10, 30, speed=Fraction(-1)), 0, (10, 30, 0, 0, 20, 0)),
        (item(10, 30, speed=Fraction(-1)), 5, (5, 35, 5, 5, 30, 0)),
        (item(2, 96, speed=Fraction(-1)), 5, (0, 100, 4, 2, 100, 3)),
        (item(10, 90, speed=Fraction(-2)), 7, (0, 100, 5, 5, 50, 2)),
        (item(40, 40, lasts=1), 0, (39, 40, 0, 0, 1, 0)),
    ],
)
def test_frames_and_handles_at_a_rate(what: TimelineItem, handles: int, expected: tuple[int, ...]) -> None:
    assert figures(taken(what, handles)) == expected


def test_a_reversed_clip_that_plays_to_the_files_first_frame_does_not_leave_it() -> None:
    """Ten frames of a timeline of 24 a second last for 10.4 of the file, so the take has eleven, and its last one begins before frame 0."""
    lasts = Fraction(10) * RATE / 24
    what = msgspec.structs.replace(item(0, 10, lasts=1, speed=Fraction(-1)), end=lasts / RATE, source_high=lasts / RATE)
    found = source_frames(what, FILE, None, NONE, NONE, Fraction(24))
    assert found.seconds * RATE == 11
    assert (found.start, found.end_exclusive, found.shows) == (0, 11, ())


def test_an_in_point_between_two_frames_shows_the_earlier_one() -> None:
    found = taken(item(10.5, 30.5))
    assert figures(found)[:2] == (10, 31)
    assert found.offset_s == Fraction(1, 50)


@pytest.mark.parametrize(
    ("low", "high", "handle", "expected"),
    [
        ("0.5", "1.5", "0", (2, 4, 0, 0, "0", "1", "0")),
        ("0.6", "1.4", "0", (2, 4, 0, 0, "0.1", "1", "0")),
        ("0.5", "0.9", "0.3", (1, 4, 1, 1, "0.3", "1.3", "0")),
        ("0.2", "1.5", "0.5", (0, 5, 1, 1, "0.2", "2", "0.3")),
        ("0.2", "2", "0.1", (0, 5, 1, 0, "0.2", "2", "0.1")),
    ],
)
def test_frames_and_handles_of_a_file_without_a_rate(low: str, high: str, handle: str, expected: tuple[int | str, ...]) -> None:
    what = TimelineItem(
        where=(),
        item=None,
        kind="picture",
        track=1,
        track_name="",
        start=NONE,
        end=Fraction(high) - Fraction(low),
        source_low=Fraction(low),
        source_high=Fraction(high),
    )
    found = source_frames(what, UNEVEN, None, Fraction(handle), Fraction(handle))
    assert (found.start, found.end_exclusive, found.handles_before, found.handles_after) == expected[:4]
    assert (found.offset_s, found.seconds, found.short_of_s) == tuple(Fraction(value) for value in expected[4:])


def test_a_range_may_reach_a_frame_beyond_the_file_and_is_cut_to_it() -> None:
    assert file_range(item(-1, 50), FILE, None, SLACK) == (0, 2), "as far as the slack, the slack itself included"
    assert file_range(item(50, 101), FILE, None, SLACK) == (2, 4)
    for beyond in (item(-2, 50), item(50, 102), item(100, 101), item(100.5, 101)):
        with pytest.raises(BadRange):
            file_range(beyond, FILE, None, SLACK)


def test_a_file_of_unknown_length_ends_where_the_timeline_says() -> None:
    unknown = MediaFacts(kind="video", rate=RATE, frames=100)
    assert file_range(item(10, 500), unknown, None, SLACK) == (Fraction(10, 25), 20)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (Fraction(2398, 100), Fraction(24000, 1001)),
        (Fraction(2997, 100), Fraction(30000, 1001)),
        (Fraction(24), Fraction(24)),
        (Fraction(30), Fraction(30)),
        (Fraction(12), Fraction(12)),
        (Fraction(27), Fraction(27)),
        (Fraction(235, 10), Fraction(47, 2)),
    ],
)
def test_a_rounded_rate_is_the_one_that_is_meant_and_others_stay(written: Fraction, meant: Fraction) -> None:
    assert exact_rate(float(written)) == meant


def test_a_written_number_keeps_a_billionth() -> None:
    assert bounded_number("1/1000000000") == Fraction(1, 10**9)
    assert bounded_number("1/3000000000") == 0


@pytest.mark.parametrize(
    ("offsets", "record_rate", "shows"),
    [
        ((0, 0, 1, 3), RATE, (10, 10, 11, 13)),
        ((3, 1, 0, -2), RATE, (13, 11, 10, 8)),
        ((0, 1, 2, 3, 4, 5, 6, 7), 2 * RATE, (11, 13, 15, 17)),  # the last that is seen in each frame of the file
        ((0, 5), RATE / 2, (10, 10, 15, 15)),
        ((-50, 200), RATE, (0, 99)),
        ((0, Fraction(9, 10)), RATE, (10, 11)),
    ],
)
def test_a_bent_clip_shows_what_its_document_lists(offsets: tuple[Fraction, ...], record_rate: Fraction, shows: tuple[int, ...]) -> None:
    bent = msgspec.structs.replace(item(10, 10 + len(offsets)), offsets=tuple(map(Fraction, offsets)))
    found = source_frames(bent, FILE, None, 2 / RATE, 3 / RATE, record_rate)
    assert found.shows == shows
    assert figures(found) == (min(shows), max(shows) + 1, 0, 0, len(shows), 3)
    assert found.offset_s == 0


@pytest.mark.parametrize(
    ("frames", "speed", "count", "expected"),
    [
        ([0, 0, 1, 1], Fraction(1, 2), 100, (0, 2)), ([20, 22, 24], Fraction(2), 100, (20, 26)), ([96, 98], Fraction(2), 100, (96, 100)),
        ([97, 99], Fraction(2), 100, (97, 100)), ([99, 99, 100], Fraction(1, 2), 100, None), ([1, 1, 0, 0], Fraction(-1, 2), 100, (0, 2)),
        ([24, 22, 20], Fraction(-2), 100, (19, 25)), ([4, 2, 0], Fraction(-2), 100, (0, 5)), ([3, 1, -1], Fraction(-2), 100, None),
    ],
)  # fmt: skip
def test_the_range_that_gives_so_many_frames_at_a_speed(
    frames: list[int], speed: Fraction, count: int, expected: tuple[int, int] | None
) -> None:
    assert source_range._range_at_speed(frames, speed, count) == expected


@pytest.mark.parametrize(
    ("said", "counted", "source_rate", "low", "high"),
    [
        (30.0, 300, Fraction(30), Fraction(1001, 1000), Fraction(2001, 1000)),  # its frames are right and its seconds are not
        (30.0, 299, Fraction(30), 1, 2),  # another count: the seconds are meant
        (30.0, 300, Fraction(25), 1, 2),
        (30.0, 300, None, 1, 2),
        (25.0, 300, Fraction(25), 1, 2),  # no spelling of the same rate
        (30000 / 1001, 300, Fraction(30000, 1001), 1, 2),
    ],
)
def test_a_rate_without_its_pulldown_counts_frames(
    said: float, counted: int, source_rate: Fraction | None, low: Fraction, high: Fraction
) -> None:
    rate = Fraction(30000, 1001)
    facts = MediaFacts(kind="video", rate=rate, frames=300, duration_s=300 / rate)
    time = otio.opentime.RationalTime
    reference = otio.schema.ExternalReference("x", otio.opentime.TimeRange(time(0, said), time(counted, said)))
    what = msgspec.structs.replace(item(25, 50), source_rate=source_rate)
    assert file_range(what, facts, reference, SLACK) == (low, high)
