"""Times, rates and pieces of timelines at their bounds: each worked out by hand, from both sides."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from heygem_core.errors import BadRange
from heygem_server.timeline import flatten as flatten_module
from heygem_server.timeline.conform_types import MediaFacts
from heygem_server.timeline.errors import BadTime, UnreadableTimeline
from heygem_server.timeline.exact_time import (
    LARGEST_NUMBER,
    LARGEST_RATE,
    bounded_number,
    exact_rate,
    exact_seconds,
    exact_value,
    rational_time,
    round_half_up,
    tidy,
    time_range,
)
from heygem_server.timeline.flatten import TimelineItem, constant_speed, flatten, frame_offsets, trimmed
from heygem_server.timeline.sequence import sequence_of
from heygem_server.timeline.source_range import embedded_start, file_range, source_frames
from heygem_server.timeline.speech_mapping import SpeechMap, SpeechStretch, UnusableAudio, is_production_sound, link_of, speech_pieces

from . import making

RATE, ZERO = Fraction(25), Fraction(0)
TIME = otio.opentime.RationalTime


def read(document: Any) -> Any:
    return otio.adapters.read_from_string(json.dumps(document), "otio_json")


# numbers, rates and times


@pytest.mark.parametrize(
    ("rate", "exact"),
    [
        (23.976, Fraction(24000, 1001)), (23.98, Fraction(24000, 1001)), (23.976024627685547, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)), (59.94, Fraction(60000, 1001)), (47.952, Fraction(48000, 1001)), (119.88, Fraction(120000, 1001)),
        (71.928, Fraction(72000, 1001)), (95.904, Fraction(96000, 1001)),
        (14.985014985, Fraction(15000, 1001)), (14.985, Fraction(2997, 200)),
        (25.0, Fraction(25)), (25.0000000001, Fraction(25)), (12.5, Fraction(25, 2)), (48000.0, Fraction(48000)), (0.01, Fraction(1, 100)),
        (float(LARGEST_RATE), Fraction(LARGEST_RATE)), (24.5, Fraction(49, 2)),
        (719.281, Fraction(720_000, 1001)), (359.6404, Fraction(360_000, 1001)),
        (1 / 3, Fraction(1, 3)), (24.0001, Fraction(24)), (29.9999, Fraction(30)),
    ],
)  # fmt: skip
def test_a_rate_is_the_one_that_its_spelling_means(rate: float, exact: Fraction) -> None:
    assert exact_rate(rate) == exact


@pytest.mark.parametrize("rate", [0.0, -25.0, 0.0099, LARGEST_RATE * 1.01, math.inf, math.nan])
def test_what_is_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(BadTime):
        exact_rate(rate)


def test_values_are_exact_up_to_what_floats_count() -> None:
    assert exact_value(2.0**53) == 2**53
    assert exact_value(0.1) == Fraction(1, 10)
    assert exact_value(1 / 10_000) == Fraction(1, 10_000)
    assert exact_value(1 / 30_000) == 0
    for value in (2.0**53 + 2, -(2.0**53) - 2, math.inf, math.nan):
        with pytest.raises(BadTime):
            exact_value(value)


def test_seconds_are_bounded_to_some_decades() -> None:
    assert exact_seconds(TIME(-50, 25)) == -2
    assert exact_seconds(TIME(10**9, 1)) == 10**9
    for value in (10**9 + 1, -(10**9) - 1):
        with pytest.raises(BadTime):
            exact_seconds(TIME(value, 1))


def test_numbers_in_texts_are_bounded_and_fine_to_a_billionth() -> None:
    assert bounded_number(str(LARGEST_NUMBER)) == LARGEST_NUMBER
    assert bounded_number("-1.5e2") == -150
    assert bounded_number("1e-99") == 0
    assert bounded_number("0." + "3" * 58) == Fraction(1, 3)
    for text in (str(LARGEST_NUMBER + 1), "1e100", "0." + "3" * 59):
        with pytest.raises(UnreadableTimeline):
            bounded_number(text)
    assert bounded_number("x" * 61) is None


def test_sums_are_kept_exact_as_long_as_editors_need() -> None:
    assert tidy(Fraction(1, 10**18)) == Fraction(1, 10**18)
    for finer in (Fraction(1, 10**18 + 1), 1 + Fraction(1, 3 * 10**18)):
        assert tidy(finer).denominator <= 10**18
        assert abs(tidy(finer) - finer) < Fraction(1, 10**18)


def test_times_go_back_to_units_whole_where_they_are_whole() -> None:
    rate = Fraction(30000, 1001)
    for frames in (0, 1, 100_000_007):
        time = rational_time(frames / rate, rate)
        assert (time.value, time.rate) == (frames, 30000 / 1001)
    assert rational_time(Fraction(1, 50), RATE).value == 0.5
    span = time_range(Fraction(1), Fraction(2), RATE)
    assert (span.start_time.value, span.duration.value, span.duration.rate) == (25, 50, 25)


@pytest.mark.parametrize(("value", "whole"), [("1/2", 1), ("-1/2", 0), ("3/2", 2), ("49/100", 0), ("-51/100", -1), ("7", 7)])
def test_halves_go_up(value: str, whole: int) -> None:
    assert round_half_up(Fraction(value)) == whole


# name, rate and start of a timeline


def with_clip(rate: float, *, start: Any = None, **metadata: Any) -> Any:
    return read(making.timeline(making.track("Video", "V1", making.clip("a", making.times(0, 10, rate))), start=start, **metadata))


@pytest.mark.parametrize(("rate", "found"), [(5.0, Fraction(5)), (1000.0, Fraction(1000)), (4.9, None), (1001.0, None)])
def test_frames_of_timelines_have_between_5_and_1000_a_second(rate: float, found: Fraction | None) -> None:
    for timeline in (with_clip(rate), with_clip(48_000.0, start=making.time(0, rate))):
        if found is None:
            with pytest.raises(UnreadableTimeline):
                sequence_of(timeline)
        else:
            assert sequence_of(timeline).rate == found
    said = with_clip(25.0, PremierePro_OTIO={"VideoFrameRate": rate})
    assert sequence_of(said).rate == (found or 25)


@pytest.mark.parametrize(
    ("said", "rate"),
    [(24.0, 24), (24, 24), ("24", 24), (" 23.976 ", Fraction(24000, 1001)), (True, 25), ("x", 25), ("9" * 40, 25), (None, 25), (0.0, 25)],
)
def test_what_premiere_says_of_its_rate_counts_where_it_is_one(said: Any, rate: Any) -> None:
    assert sequence_of(with_clip(25.0, PremierePro_OTIO={"VideoFrameRate": said})).rate == rate


@pytest.mark.parametrize(("value", "units"), [(1.0, 24.0), (24.0, 1.0)])
def test_premiere_writes_its_rate_as_a_time_too(value: float, units: float) -> None:
    timeline = with_clip(25.0)
    timeline.metadata["PremierePro_OTIO"] = {"VideoFrameRate": TIME(value, units)}
    assert sequence_of(timeline).rate == 24


def test_the_commonest_rate_of_clips_counts_where_nothing_else_says_one() -> None:
    clips = [making.clip("a", making.times(0, 10, rate)) for rate in (24.0, 30.0, 30.0, 48_000.0, 48_000.0, 48_000.0)]
    assert sequence_of(read(making.timeline(making.track("Video", "V1", *clips)))).rate == 30
    assert sequence_of(read(making.timeline(making.track("Video", "V1", *clips))), Fraction(50)).rate == 50


@pytest.mark.parametrize(
    ("start", "said", "frame"),
    [(making.time(90_000, 25.0), None, 90_000), (making.time(86_400, 24.0), 25.0, 90_000),
     (making.time(48_000 * 3600, 48_000.0), None, 90_000),
     (making.time(10.5, 25.0), None, 11), (None, None, 0), (making.time(1e300, 25.0), None, 0)],
)  # fmt: skip
def test_a_start_is_told_in_frames_whatever_it_was_counted_in(start: Any, said: float | None, frame: int) -> None:
    metadata = {} if said is None else {"PremierePro_OTIO": {"VideoFrameRate": said}}
    assert sequence_of(with_clip(25.0, start=start, **metadata)).start_frame == frame


@pytest.mark.parametrize(
    ("frame", "drop"),
    [(107_892, True), (2 * 107_892, True), (10 * 107_892, True), (108_000, False), (0, False), (107_893, False), (1000 * 107_892, False)],
)
def test_a_timeline_counts_drop_frame_where_it_begins_at_an_hour_of_that_count_alone(frame: int, drop: bool) -> None:
    assert sequence_of(with_clip(30000 / 1001, start=making.time(frame, 30000 / 1001))).drop_frame is drop
    assert not sequence_of(with_clip(30.0, start=making.time(frame, 30.0))).drop_frame
    for said in (True, False):
        timeline = with_clip(30000 / 1001, start=making.time(frame, 30000 / 1001), heygem={"drop_frame": said})
        assert sequence_of(timeline).drop_frame is said


# clips


def piece(**more: Any) -> TimelineItem:
    fields: dict[str, Any] = {
        "where": (0,), "item": None, "kind": "picture", "track": 1, "track_name": "", "start": Fraction(10), "end": Fraction(20),
        "source_low": Fraction(100), "source_high": Fraction(110), "lead": Fraction(1), "tail": Fraction(2), "into": Fraction(3),
        "out_of": Fraction(4),
    }  # fmt: skip
    return TimelineItem(**fields | more)


@pytest.mark.parametrize(
    ("speed", "low", "high", "expected"),
    [
        (1, None, None, (10, 20, 100, 110, 1, 2, 3, 4, True)),
        (1, 10, 20, (10, 20, 100, 110, 1, 2, 3, 4, True)),
        (1, 5, 25, (10, 20, 100, 110, 1, 2, 3, 4, True)),
        (1, 12, None, (12, 20, 102, 110, 0, 2, 1, 4, False)),
        (1, None, 17, (10, 17, 100, 107, 1, 0, 3, 1, False)),
        (1, 14, 15, (14, 15, 104, 105, 0, 0, 0, 0, False)),
        (2, 12, 17, (12, 17, 104, 104, 0, 0, 1, 1, False)),
        (-1, 12, 17, (12, 17, 103, 108, 0, 0, 1, 1, False)),
        (1, 20, None, None),
        (1, None, 10, None),
        (1, 15, 15, None),
    ],
)
def test_a_clip_is_cut_to_what_shows_of_it(speed: int, low: int | None, high: int | None, expected: tuple[Any, ...] | None) -> None:
    found = trimmed(piece(speed=Fraction(speed)), None if low is None else Fraction(low), None if high is None else Fraction(high))
    if expected is None:
        assert found is None
    else:
        assert found is not None
        seen = (found.start, found.end, found.source_low, found.source_high, found.lead, found.tail, found.into, found.out_of, found.whole)
        assert seen == expected


def test_a_bent_clip_keeps_of_its_curve_what_shows_of_it() -> None:
    bent = piece(offsets=tuple(Fraction(number**2) for number in range(10)))
    found = trimmed(bent, Fraction(12), Fraction(17))
    assert found is not None
    assert found.offsets == (4, 9, 16, 25, 36)


def test_what_is_wrong_or_bent_is_cut_with_its_reason() -> None:
    broken = piece(end=Fraction(10), problem="wrong")
    assert trimmed(broken, None, None) == broken
    assert trimmed(piece(end=Fraction(10)), None, None) is None
    cut = trimmed(broken, Fraction(0), Fraction(30))
    assert cut is not None
    assert cut.problem == "wrong"
    bent = piece(offsets=(ZERO, ZERO))
    assert trimmed(bent, Fraction(10), Fraction(20)) == bent
    part = trimmed(bent, Fraction(11), None)
    assert part is not None
    assert part.offsets == ()
    assert part.host_only


@pytest.mark.parametrize("side", [None, "lead", "tail", "into", "out_of"])
def test_a_transition_on_either_side_shows_another_picture(side: str | None) -> None:
    sides = dict.fromkeys(("lead", "tail", "into", "out_of"), ZERO) | ({} if side is None else {side: Fraction(1)})
    assert piece(**sides).dissolves is (side is not None)


@pytest.mark.parametrize(
    ("speeds", "speed", "plays"),
    [([], 1, True), ([2], 2, True), ([2, -0.5], -1, True), ([0], 0, True), ([100], 100, True), ([0.01], Fraction(1, 100), True),
     ([-100], -100, True), ([101], 1, False), ([0.009], 1, False), ([10, 11], 1, False)],
)  # fmt: skip
def test_a_constant_speed_is_the_product_of_its_effects(speeds: list[float], speed: Fraction, plays: bool) -> None:
    clip = read(
        making.timeline(making.track("Video", "V1", making.clip("a", making.times(0, 10, 25), effects=tuple(map(making.warp, speeds)))))
    )
    found, reason = constant_speed(clip.tracks[0][0])
    assert (found, reason is None) == (speed, plays)


def bent(*lookups: list[Any]) -> Any:
    effects = tuple(making.effect("TimeEffect.1", metadata={"lookup": lookup}) for lookup in lookups)
    return read(making.timeline(making.track("Video", "V1", making.clip("a", making.times(0, 3, 25), effects=effects)))).tracks[0][0]


@pytest.mark.parametrize(
    ("lookups", "speed", "frames", "offsets"),
    [
        ([[0, 1, 2]], 1, 3, (0, 2, 4)),
        ([[0, 1, 2]], 2, 3, (0, 4, 8)),
        ([[0, 1, 2, 9]], 1, 3, (0, 2, 4)),
        ([[0, 1]], 1, 3, ()),
        ([[0, 1, 2]], 1, 0, ()),
        ([[0, 1, 2], [2, 0, -2]], 1, 3, (4, 2, 0)),
        ([[0, 1, 2], [3, 0, 0]], 1, 3, ()),
        ([[0, 1, 2], [-1, 0, 0]], 1, 3, ()),
        ([[0, "x", 2]], 1, 3, ()),
        ([[0, True, 2]], 1, 3, ()),
    ],
)
def test_offsets_say_which_frame_stands_where(lookups: list[list[Any]], speed: int, frames: int, offsets: tuple[int, ...]) -> None:
    assert frame_offsets(bent(*lookups), Fraction(speed), frames) == offsets


def test_tracks_are_counted_by_kind_and_those_that_are_off_say_so() -> None:
    a = making.clip("a", making.times(0, 10, 25))
    tracks = [
        making.track("Video", "V1", a),
        making.track("Audio", "A1", a),
        making.track("Video", "V2", making.gap(5, 25), a, enabled=False),
        making.track("Audio", "A2", a | {"enabled": False}),
    ]
    found = flatten(read(making.timeline(*tracks)), RATE)
    seen = [(each.kind, each.track, each.track_name, each.where, each.start * 25, each.enabled, each.nested) for each in found]
    assert seen == [
        ("picture", 1, "V1", (0, 0), 0, True, False),
        ("sound", 1, "A1", (1, 0), 0, True, False),
        ("picture", 2, "V2", (2, 1), 5, False, False),
        ("sound", 2, "A2", (3, 0), 0, False, False),
    ]


def test_so_many_clips_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flatten_module, "MAX_ITEMS", 3)
    clips = [making.clip("a", making.times(0, 10, 25)) for _ in range(4)]
    assert len(flatten(read(making.timeline(making.track("Video", "V1", *clips[:3]))), RATE)) == 3
    with pytest.raises(UnreadableTimeline):
        flatten(read(making.timeline(making.track("Video", "V1", *clips))), RATE)


@pytest.mark.parametrize(("begins", "outside"), [(0, False), (9, False), (10, True), (-3, False), (-5, True)])
def test_a_range_of_a_track_that_lies_wholly_outside_of_it_means_the_whole(begins: int, outside: bool) -> None:
    track = making.track("Video", "V1", making.clip("a", making.times(0, 10, 25)), source_range=making.times(begins, 5, 25))
    (found,) = flatten(read(making.timeline(track)), RATE)
    seen = (found.start * 25, found.end * 25)
    low, high = max(0, begins), min(10, begins + 5)
    assert seen == ((0, 10) if outside else (low - begins, high - begins))


def nested(depth: int) -> Any:
    inside = making.clip("a", making.times(0, 10, 25))
    for _ in range(depth):
        inside = making.stack("nest", making.track("Video", "", inside))
    return read(making.timeline(making.track("Video", "V1", inside)))


def test_nests_are_opened_so_far_and_no_further() -> None:
    """Stacks and tracks both count. Beyond, nobody looks how long the outermost is."""
    deepest = (flatten_module.MAX_NESTS - 1) // 2
    (found,) = flatten(nested(deepest), RATE)
    assert (found.problem, found.nested, found.duration * 25, len(found.where)) == (None, True, 10, 2 + 2 * deepest)
    (found,) = flatten(nested(deepest + 1), RATE)
    assert "32" in (found.problem or "")
    assert found.where == (0, 0)


def test_a_nest_that_stays_closed_shows_its_own_time() -> None:
    inside = making.track("Video", "", making.clip("a", making.times(0, 40, 25)))
    nest = making.stack("nest", inside, source=making.times(7, 20, 25))
    timeline = read(making.timeline(making.track("Video", "V1", making.gap(4, 25), nest)))
    (found,) = flatten(timeline, RATE, lambda kind, item: kind == "picture")
    assert [edge * 25 for edge in (found.start, found.end, found.source_low, found.source_high)] == [4, 24, 7, 27]
    assert found.host_only is None


def test_sound_in_a_nest_of_a_picture_track_is_on_no_track_of_its_own() -> None:
    a = making.clip("a", making.times(0, 10, 25))
    nest = making.stack("nest", making.track("Video", "inner", a), making.track("Audio", "inner", a))
    found = flatten(read(making.timeline(making.track("Video", "V1", a), making.track("Video", "V2", nest))), RATE)
    assert [(each.kind, each.track, each.where, each.nested) for each in found] == [
        ("picture", 1, (0, 0), False), ("picture", 2, (1, 0, 0, 0), True), ("sound", 0, (1, 0, 1, 0), True)
    ]  # fmt: skip


def test_transitions_of_both_neighbours_are_known_from_their_own_sides() -> None:
    clips = [making.clip(name, making.times(0, 10, 25)) for name in "abc"]
    track = making.track("Video", "V1", clips[0], making.transition(1, 2, 25), clips[1], making.transition(3, 4, 25), clips[2])
    found = flatten(read(making.timeline(track)), RATE)
    assert [(each.lead * 25, each.tail * 25, each.into * 25, each.out_of * 25) for each in found] == [
        (0, 2, 0, 1),
        (1, 4, 2, 3),
        (3, 0, 4, 0),
    ]
    assert [each.start * 25 for each in found] == [0, 10, 20]


@pytest.mark.parametrize(
    ("premiere", "speed", "long", "length"), [(True, 2, 10, 5), (False, 2, 10, 10), (True, 1, 10.25, 10.25), (True, 2, 10.9, 5)]
)
def test_premiere_counts_source_frames_and_others_those_of_the_timeline(premiere: bool, speed: int, long: float, length: float) -> None:
    a = making.clip("a", making.times(0, long, 25), effects=(making.warp(speed),))
    metadata = {"PremierePro_OTIO": {"x": 1}} if premiere else {}
    found = flatten(read(making.timeline(making.track("Video", "V1", a, making.clip("b", making.times(0, 10, 25))), **metadata)), RATE)
    assert [(each.start * 25, each.end * 25) for each in found] == [(0, length), (length, length + 10)]


# times of the file


@pytest.mark.parametrize(
    ("fields", "rate", "start"),
    [
        ({"start_timecode": "01:00:00:00", "rate": RATE}, None, 3600),
        ({"start_timecode": "01:00:00:00"}, RATE, 3600),
        ({"start_timecode": "01:00:00:00"}, None, None),
        ({"start_timecode": "nonsense", "rate": RATE}, None, None),
        ({"rate": RATE}, None, None),
        ({"start_timecode": "01:00:00:00", "rate": RATE, "sound_start_s": Fraction(7)}, None, 7),
        ({"start_timecode": "01:00:00;00", "rate": Fraction(30000, 1001)}, None, Fraction(107_892 * 1001, 30_000)),
    ],
)
def test_the_first_frame_has_the_time_of_the_files_own_timecode(fields: dict[str, Any], rate: Fraction | None, start: Any) -> None:
    assert embedded_start(MediaFacts(kind="video", frames=100, **fields), rate) == start


def source(low: Any, high: Any, **more: Any) -> TimelineItem:
    return piece(source_low=Fraction(low), source_high=Fraction(high), start=ZERO, end=Fraction(high) - Fraction(low), **more)


def test_a_clip_counts_from_its_files_first_frame_or_from_its_timecode() -> None:
    facts = MediaFacts(kind="video", rate=RATE, frames=250, duration_s=Fraction(10), start_timecode="00:00:05:00")
    slack = Fraction(1, 25)
    assert file_range(source(1, 3), facts, None, slack) == (1, 3)
    assert file_range(source(6, 9), facts, None, slack) == (6, 9), "both would do: the file's own count is likelier"
    assert file_range(source(12, 14), facts, None, slack) == (7, 9)
    assert file_range(source(6, 9, own={"absolute": True}), facts, None, slack) == (1, 4)
    assert file_range(source(1, 3, own={"absolute": True}), facts, None, slack) == (1, 3), "before the timecode there is nothing"
    with pytest.raises(BadRange):
        file_range(source(16, 18), facts, None, slack)


def test_the_medias_range_says_where_it_begins() -> None:
    facts = MediaFacts(kind="video", rate=RATE, frames=250, duration_s=Fraction(10))
    reference = otio.schema.ExternalReference("x", otio.opentime.TimeRange(TIME(2500, 25), TIME(250, 25)))
    assert file_range(source(101, 103), facts, reference, Fraction(1, 25)) == (1, 3)
    assert file_range(source(1, 3), facts, reference, Fraction(1, 25)) == (1, 3)
    counted = otio.schema.ExternalReference("x", otio.opentime.TimeRange(TIME(2400, 24), TIME(240, 24)))
    late = source("100.1", "101.1", source_rate=Fraction(24000, 1001))
    assert file_range(late, facts, counted, Fraction(1, 25)) == (Fraction(1, 10), Fraction(11, 10))


def test_media_without_a_rate_are_refused() -> None:
    for facts in (MediaFacts(kind="video", frames=10), MediaFacts(kind="video", rate=RATE)):
        with pytest.raises(BadRange):
            source_frames(source(0, 1), facts, None, ZERO, ZERO)


# speech under a clip


def stretch(start: Any, end: Any, file_start: Any = 0, name: str = "v.wav", channels: tuple[int, ...] = ()) -> SpeechStretch:
    return SpeechStretch(path=Path(name), file_start=Fraction(file_start), start=Fraction(start), end=Fraction(end), channels=channels)


LINKED = {"Resolve_OTIO": "Link Group ID", "PremierePro_OTIO": "LinkID", "heygem": "link"}


def placed(url: str | None, link: Any, namespace: str = "Resolve_OTIO", where: tuple[int, ...] = (0, 0)) -> TimelineItem:
    reference = None if url is None else making.external(url)
    metadata = {} if link is None else {namespace: {LINKED[namespace]: link}}
    clip = making.clip("a", making.times(0, 10, 25), reference, metadata=metadata)
    return piece(item=read(making.timeline(making.track("Video", "V1", clip))).tracks[0][0], where=where)


@pytest.mark.parametrize("namespace", LINKED)
@pytest.mark.parametrize(
    ("picture", "sound", "own"),
    [
        (("a.mov", 1), ("a.mov", 1), True), (("a.mov", None), ("a.mov", 1), True), (("a.mov", 1), ("a.mov", None), True),
        (("a.mov", None), ("a.mov", None), True), (("a.mov", 1), ("a.mov", 2), False), (("a.mov", 1), ("b.mov", 1), False),
        (("a.mov", None), ("b.mov", None), False), (("a.mov", 1), (None, 1), False), ((None, 1), ("a.mov", 1), False),
        ((None, 1), (None, 1), True), ((None, 1), (None, 2), False), ((None, None), (None, None), False), ((None, 1), (None, None), False),
    ],
)  # fmt: skip
def test_a_pictures_own_sound_is_of_its_file_and_not_linked_to_another(picture: Any, sound: Any, own: bool, namespace: str) -> None:
    first, second = placed(picture[0], picture[1], namespace), placed(sound[0], sound[1], namespace, (1, 0))
    assert link_of(first) == (None if picture[1] is None else str(picture[1]))
    assert is_production_sound(first, second) is own
    assert is_production_sound(first, placed(sound[0], sound[1], namespace)), "the very same item"


def test_speech_is_found_by_the_time_at_which_it_is_heard() -> None:
    tiny = Fraction(1, 10**9)
    long, first, second, bad = stretch(0, 100), stretch(1, 2), stretch(2, 3), UnusableAudio(start=Fraction(5), end=Fraction(6), why="x")
    speech = SpeechMap([second, long, first], [bad])
    assert speech
    assert not SpeechMap([])
    for low, high, found in (
        (1, 2, [long, first]), (2, 3, [long, second]), (1, 3, [long, first, second]), (5, 6, [long, bad]),
        (6, 7, [long]), (4, 5, [long]),
        (100, 101, []), (-1, 0, []),
        (2 - tiny, 2 + tiny, [long, first, second]), (2, 2 + tiny, [long, second]), (2 - tiny, 2, [long, first]),
        (6 - tiny, 7, [long, bad]), (4, 5 + tiny, [long, bad]), (100 - tiny, 200, [long]), (-1, tiny, [long]),
    ):  # fmt: skip
        assert speech.between(Fraction(low), Fraction(high)) == found, (low, high)


def test_pieces_of_speech_lie_on_the_takes_own_time_and_neighbours_of_one_file_are_joined() -> None:
    def seen(*stretches: SpeechStretch) -> list[tuple[str, Any, Any, Any]]:
        pieces = speech_pieces(stretches, Fraction(10), Fraction(20))
        return [(each.path, each.start_s, each.duration_s, each.at_s) for each in pieces]

    assert seen(stretch(5, 25, 1)) == [("v.wav", 6, 10, 0)]
    assert seen(stretch(12, 15, 1)) == [("v.wav", 1, 3, 2)]
    assert seen(stretch(0, 10), stretch(20, 30)) == []
    assert seen(stretch(12, 15, 1), stretch(15, 18, 4)) == [("v.wav", 1, 6, 2)]
    for other in (
        stretch(15, 18, 5),
        stretch(15, 18, 3),
        stretch(15, 18, 4, "w.wav"),
        stretch(15, 18, 4, channels=(1,)),
        stretch(16, 18, 4),
    ):
        assert len(seen(stretch(12, 15, 1), other)) == 2
