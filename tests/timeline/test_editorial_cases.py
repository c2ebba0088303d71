"""Source ranges as exporters of editors and pipelines write them: absolute and relative, counted in spellings of rates, retimed and warped.

Expected are the numbers of a pipeline that works with the literal rates of the document. Where such a pipeline lists pictures, a take may
differ from its list, and always for one of these reasons:

- A clip and its media differ in rate: the take lasts as long as the clip on the timeline, in frames of its own rate, and a frame of which
  only a part is on screen is there too (30.72 to 72.96 are the frames 30 to 72, not 31 to 71).
- A retimed clip: the list ends before the next picture that would show (0 to 426.5 at 250 %), the take with the last that does (425).
- A reversed clip: the list goes up, the take begins with the last picture.
- Handles: a list is filled up with black, a take has as many frames as the media.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection
from heygem_server.timeline.exact_time import exact_rate
from heygem_server.timeline.formats.reading import read_timeline

from .making import Files, clip, data, effect, external, gap, sound, time, timeline, times, track, video, warp
from .test_retimes import frames_of, row_of

HIERO = 23.976024627685547  # one exporter's 24000/1001


def lookup(*offsets: float) -> dict[str, Any]:
    return effect("TimeEffect.1", effect_name="TimeWarp", metadata={"length": 4.0, "lookup": list(offsets)})


def spelt(frame: float, rate: float) -> float:
    """A frame of media at `rate`, as an exporter counts it that takes 23.976 for 23.976024…"""
    return frame / rate * HIERO


STILL = (effect("FreezeFrame.1", time_scalar=0.0),)
CASES = {
    # name: (source start, its rate, length), (available start, its rate, length), effects, frames of the file shown first and last
    "a movie without timecode": ((0, 25.0, 120), (0, 25.0, 9000), (), (0, 119)),
    "a movie, in the middle": ((34, 25.0, 39), (0, 25.0, 101), (), (34, 72)),
    "an hour at 24 in a timeline of 25": ((90_050, 25.0, 40), (86_400, 24.0, 200), (), (48, 86)),
    "between two frames": ((90_046.5, 25.0, 25), (86_400, 24.0, 200), (), (44, 68)),
    "two spellings of one rate after twenty hours": ((spelt(1_726_284, 23.976), HIERO, 50), (1_726_272, 23.976, 120), (), (12, 61)),
    "one spelling, whole frames": ((1_726_284, HIERO, 50), (1_726_272, 24000 / 1001, 120), (), (12, 61)),
    "24 counted as 23.976 after nine hours": ((800_400, 23.976, 60), (800_900, 24.0, 900), (), (301, 361)),
    "relative source times, numbered pictures": ((0, 24.0, 40), (1001, 24.0, 100), (), (0, 39)),
    "relative source times in another rate": ((0, 25.0, 75), (1000, 24.0, 100), (), (0, 71)),
    "two and a half times as fast": ((0, 25.0, 100), (0, 25.0, 9000), (warp(2.5),), (0, 247)),
    "twice as fast on timecode": ((spelt(900_200, 25.0), HIERO, 10), (900_000, 25.0, 300), (warp(2.0),), (200, 220)),
    "backwards": ((30, 24.0, 21), (0, 24.0, 100), (warp(-1.0),), (50, 30)),
    "backwards, slower": ((500, 25.0, 31), (480, 25.0, 200), (warp(-0.7),), (41, 20)),
    "backwards, a float of -0.7": ((500, 25.0, 31), (480, 25.0, 200), (warp(-0.699999988079071),), (41, 20)),
    "backwards, 24 in a timeline of 23.976": ((800_400, 23.976, 60), (800_900, 24.0, 900), (warp(-1.0),), (361, 301)),
    "backwards, twice as fast, 24 in 23.976": ((spelt(40, 24.0), HIERO, 30), (0, 24.0, 200), (warp(-2.0),), (100, 39)),
    "twice as fast without timecode": ((39, 24.0, 11), (0, 24.0, 99), (warp(2.0),), (39, 59)),
    "one frame too many for its media": ((0, 25.0, 104), (1000, 24.0, 101), (), (0, 99)),
    "frozen": ((40, 24.0, 9), (0, 24.0, 100), STILL, (40, 40)),
    "frozen on timecode": ((spelt(900_181, 25.0), HIERO, 5), (900_000, 25.0, 300), STILL, (181, 181)),
    "slowed by a warp": ((10, 25.0, 5), (0, 25.0, 100), (lookup(2, 1.5, 1, 0.5, 0),), (12, 14)),
    "a warp that leaves the clip's range": ((10, 25.0, 5), (0, 25.0, 100), (lookup(-5, -3, 0, 4, 9),), (5, 23)),
    "twice as fast and warped": ((10, 25.0, 4), (0, 25.0, 100), (warp(2.0), lookup(2, 1, 1, 2)), (14, 20)),
    "two warps": ((10, 25.0, 4), (0, 25.0, 100), (lookup(-4, -2, 0, 2), lookup(1, 0, 0, -3)), (9, 6)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("handles", [0, 4])
def test_the_frames_are_those_of_the_literal_numbers(files: Files, name: str, handles: int) -> None:
    (start, rate, length), (first, media_rate, count), effects, expected = CASES[name]
    media = files.add("a.mov", video(exact_rate(media_rate), count))
    source = clip("c", times(start, length, rate), external(media, times(first, count, media_rate)), effects=effects)
    row = row_of(files, source, exact_rate(rate), handles)
    shown = frames_of(row)[row.handles_before :][: len(frames_of(row)) - row.handles_before - row.handles_after]
    assert (shown[0], shown[-1]) == expected
    assert len(shown) == math.ceil(length / exact_rate(rate) * exact_rate(media_rate) + row.offset_s * exact_rate(media_rate) % 1)


@pytest.mark.parametrize(
    ("source", "available", "shown", "handles"),
    [
        ((87_399, 24.0, 101), (87_399, 24.0, 101), (0, 100), (0, 0)),  # all of the media
        ((5, 25.0, 95), (0, 25.0, 101), (5, 99), (5, 1)),  # nearly all
        ((86_414, 24.0, 68), (86_400, 24.0, 100), (14, 81), (10, 10)),
        ((0, 25.0, 50), (0, 25.0, 30_822), (0, 49), (0, 10)),  # from the first frame
        ((35, 24.0, 66), (0, 24.0, 101), (35, 100), (10, 0)),  # up to the last
        ((2, 25.0, 20), (0, 50.0, 300), (4, 43), (4, 20)),  # ten frames of the timeline are twenty of the media
    ],
)
def test_handles_go_as_far_as_the_media(files: Files, source: Any, available: Any, shown: Any, handles: Any) -> None:
    """Ten frames of the timeline are asked for on both sides."""
    media = files.add("a.mov", video(exact_rate(available[1]), available[2]))
    what = clip("c", times(source[0], source[2], source[1]), external(media, times(available[0], available[2], available[1])))
    row = row_of(files, what, exact_rate(source[1]), 10)
    frames = frames_of(row)
    assert (row.handles_before, row.handles_after) == handles
    assert (frames[handles[0]], frames[len(frames) - 1 - handles[1]]) == shown


def test_clips_and_gaps_of_several_rates_lie_where_the_timeline_has_them(files: Files) -> None:
    """A timeline of 23.976 with a movie on timecode, pictures counted at 24, a gap, and a frozen clip."""
    rate = 24000 / 1001
    movie, pictures = files.add("a.mov", video(exact_rate(rate), 60)), files.add("b.mov", video(Fraction(24), 84))
    still = files.add("c.mov", video(exact_rate(rate), 73))
    voice = files.add("v.wav", sound(600))
    shown = track(
        "Video",
        "V1",
        gap(24, rate),
        clip("movie", times(86_535, 52, rate), external(movie, times(86_531, 60, rate))),
        clip("pictures", times(87_399 / 1.001, 26, 23.976), external(pictures, times(87_399, 84, 24.0))),
        gap(25, rate),
        clip("still", times(345_623, 65, rate), external(still, times(345_619, 73, rate)), effects=STILL),
    )
    document = timeline(shown, track("Audio", "A1", clip("v", times(0, 5000, 25), external(voice))), start=time(86_400, rate))
    rows = conform(read_timeline(data(document)).timeline, Selection(speech_tracks=("A1",)), facts=files.facts).shots
    assert [(row.clip, row.placement.record_start, row.placement.record_duration) for row in rows] == [
        ("movie", 24, 52), ("pictures", 76, 26), ("still", 127, 65),
    ]  # fmt: skip
    assert [(frames_of(row)[0], frames_of(row)[-1]) for row in rows] == [(4, 55), (0, 26), (4, 4)]


def test_each_frame_of_a_warp_is_the_one_that_its_list_gives(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 300))
    offsets = [0, 1.056, 2.148, 3.312, 4.584, 6, 7.584]
    source = clip("w", times(100, 7, 25), external(media, times(0, 300, 25)), effects=(lookup(*offsets),))
    assert frames_of(row_of(files, source, Fraction(25), 3)) == [round(100 + n + offsets[n]) for n in range(7)]


@pytest.mark.parametrize("offsets", [(0, 1), (0, 1, 2, "x", 4), ()])
def test_a_warp_that_is_not_listed_whole_is_for_the_editor(files: Files, offsets: Any) -> None:
    media = files.add("a.mov", video(Fraction(25), 300))
    row = row_of(files, clip("w", times(100, 5, 25), external(media, times(0, 300, 25)), effects=(lookup(*offsets),)), Fraction(25), 0)
    assert row.needs_host_export == "its speed changes within the clip"


@pytest.mark.parametrize(("rate", "media_rate"), [(24, 50), (25, 30), (25, 60), (24000 / 1001, 30000 / 1001)])
@pytest.mark.parametrize("speed", [2.0, 0.5, -1.5, 0.7])
def test_faster_media_show_at_each_frame_of_the_timeline_what_the_editor_shows(
    files: Files, rate: float, media_rate: float, speed: float
) -> None:
    record, own = exact_rate(rate), exact_rate(media_rate)
    media = files.add("a.mov", video(own, 2000))
    source = clip("c", times(500, 40, media_rate), external(media, times(0, 2000, media_rate)), effects=(warp(speed),))
    row = row_of(files, clip("c", source["source_range"], source["media_references"]["DEFAULT_MEDIA"], effects=(warp(speed),)), record, 0)
    shown, pace = frames_of(row), Fraction(speed).limit_denominator(100)
    seconds = Fraction(40) / own
    high = 500 + seconds * own * abs(pace)
    for frame in range(math.ceil(seconds * record)):
        at = frame / record
        wanted = math.floor(500 + at * own * pace) if pace > 0 else math.ceil(high + at * own * pace) - 1
        assert shown[math.floor(at * own)] == wanted
