"""For any timeline: what was not rendered stays as it is, and every take lands on its record range to the frame."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.publish import publish
from heygem_server.timeline.sequence import sequence_of

from .making import Files, clip, data, external, gap, sound, time, timeline, times, track, video, warp

RATES = {
    24000 / 1001: Fraction(24000, 1001),
    24: Fraction(24),
    25: Fraction(25),
    30000 / 1001: Fraction(30000, 1001),
    30: Fraction(30),
    48: Fraction(48),
    50: Fraction(50),
    60000 / 1001: Fraction(60000, 1001),
    60: Fraction(60),
    120000 / 1001: Fraction(120000, 1001),
}
SPELLINGS = {24000 / 1001: [23.976, 23.98, 23.976024627685547], 30000 / 1001: [29.97, 29.970029], 60000 / 1001: [59.94, 59.94005994]}
LENGTH = 100_000


@st.composite
def items(draw: Any) -> tuple[str, int, int, float]:
    """(kind, first source frame, record frames, speed)"""
    kind = draw(st.sampled_from(["clip", "clip", "clip", "gap", "title"]))
    speed = draw(st.sampled_from([1.0, 1.0, 1.0, 2.0, 0.5, 4.0, 0.25, -1.0, -2.0, 1.5])) if kind == "clip" else 1.0
    return kind, draw(st.integers(0, 50_000)), draw(st.integers(1, 5000)), speed


@st.composite
def timelines(draw: Any) -> tuple[float, float, int, int, list[tuple[str, int, int, float]]]:
    """(rate, its spelling in clips, start frame, first frame's number in the media, items)"""
    rate = draw(st.sampled_from(list(RATES)))
    spelling = draw(st.sampled_from([rate, *SPELLINGS.get(rate, [])]))
    day = 24 * 3600 * round(rate)
    return (
        rate,
        spelling,
        draw(st.integers(0, day - 200_000)),
        draw(st.integers(0, day - 200_000)),
        draw(st.lists(items(), min_size=1, max_size=7)),
    )


def _build(
    files: Files, made: tuple[float, float, int, int, list[tuple[str, int, int, float]]]
) -> tuple[Any, list[tuple[int, int, int, float]]]:
    """The document, and what is expected of each clip: (record start, record end, first source frame, speed)."""
    rate, spelling, start, first, wanted = made
    media = files.add("a.mov", video(RATES[rate], LENGTH))
    voice = files.add("v.wav", sound(100_000))
    children, expected, position = [], [], 0
    for number, (kind, low, length, speed) in enumerate(wanted):
        if kind == "clip":
            length = max(1, min(length, int(40_000 / abs(speed))))
            source = times(first + low, length, spelling)
            effects = () if speed == 1 else (warp(speed),)
            children.append(clip(f"c{number}", source, external(media, times(first, LENGTH, rate)), effects=effects))
            expected.append((position, position + length, low, speed))
        else:
            children.append(gap(length, spelling) if kind == "gap" else clip("Text", times(0, length, rate)))
        position += length
    words = clip("v", times(0, 50_000 * 30, rate), external(voice))
    return timeline(track("Video", "V1", *children), track("Audio", "A1", words), start=time(start, rate)), expected


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("media")
    return Files(folder)


ROUNDS = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
AGAIN = pytest.mark.parametrize("rounds", [1, *(pytest.param(k, marks=pytest.mark.full) for k in (2, 3))])  # other timelines each time


@AGAIN
@given(made=timelines())
@ROUNDS
def test_conform_finds_record_and_source_ranges(rounds: int, shared: Files, made: Any) -> None:
    document, expected = _build(shared, made)
    found = conform(read_timeline(data(document)).timeline, Selection(speech_tracks=("A1",)), facts=shared.facts)
    assert found.sequence.rate == RATES[made[0]]
    assert found.sequence.start_frame == made[2]
    rows = [row for row in found.shots if row.needs_host_export is None]
    for row, (start, end, low, speed) in zip(rows, expected, strict=True):
        assert row.shot, row.error
        assert (row.placement.record_start, row.placement.record_duration) == (start, end - start)
        shown = _shown(row)
        # Every frame of the take by hand: forwards from the low end, backwards from the high one.
        source_end = low + Fraction(end - start) * abs(Fraction(speed))
        for k in {0, (end - start) // 2, end - start - 1}:
            step = int(k * abs(Fraction(speed)))
            assert shown(k) == (low + step if speed > 0 else -(-source_end // 1) - 1 - step)
        assert row.shot.end_exclusive is not None
        assert row.shot.end_exclusive <= LENGTH
        assert row.shot.speech_start == Fraction(start) / RATES[made[0]]
        assert row.shot.speech_end == Fraction(start) / RATES[made[0]] + row.take_seconds


def _shown(row: TimelineShot) -> Any:
    """Take frame → source frame, as the vocabulary of shots defines it."""
    shot = row.shot
    assert shot
    assert shot.end_exclusive is not None
    end = shot.end_exclusive
    assert row.offset_s == 0
    if shot.shows:
        return shot.shows.__getitem__
    return lambda k: shot.start + int(k * shot.speed) if shot.speed > 0 else end - 1 - int(k * abs(shot.speed))


@AGAIN
@given(made=timelines(), chosen=st.sets(st.integers(0, 6)), mode=st.sampled_from(["references", "track", "both"]))
@ROUNDS
def test_takes_land_on_their_record_range_and_nothing_else_changes(
    rounds: int, shared: Files, made: Any, chosen: set[int], mode: Any
) -> None:
    document, _ = _build(shared, made)
    read = read_timeline(data(document))
    rate = RATES[made[0]]
    rows = [row for row in conform(read.timeline, Selection(speech_tracks=("A1",)), facts=shared.facts).shots if row.shot]
    rows = [row for number, row in enumerate(rows) if number in chosen]
    published, _ = publish(read.timeline, [_take(row, number) for number, row in enumerate(rows)], mode)
    before, after = (json.loads(as_text(each, "otio")[0])["tracks"]["children"] for each in (read.timeline, published))
    touched = {row.where[1] for row in rows}
    for number, (was, now) in enumerate(zip(before[0]["children"], after[0]["children"], strict=True)):
        if number not in touched:
            assert was == now
        assert was["source_range"] == now["source_range"]
    assert before[-1] == after[-1]
    again = read_timeline(as_text(published, "otio")[0].encode()).timeline
    landed = {take: (start, end) for start, end, take in _takes_of(again, rate)}
    assert landed == {
        f"t{number}": (row.placement.record_start, row.placement.record_start + row.placement.record_duration)
        for number, row in enumerate(rows)
    }


@AGAIN
@given(made=timelines(), format=st.sampled_from(["fcpxml", "fcp7"]))
@settings(ROUNDS, max_examples=20)
def test_other_formats_hold_takes_at_the_same_frames(rounds: int, shared: Files, made: Any, format: Any) -> None:
    document, _ = _build(shared, made)
    read = read_timeline(data(document))
    rate = RATES[made[0]]
    rows = [row for row in conform(read.timeline, Selection(speech_tracks=("A1",)), facts=shared.facts).shots if row.shot]
    published, _ = publish(read.timeline, [_take(row, number) for number, row in enumerate(rows)], "track")
    again = read_timeline(as_text(published, format)[0].encode()).timeline
    assert sequence_of(again) == sequence_of(published)
    assert sorted(_takes_of(again, rate)) == sorted(_takes_of(published, rate))
    places = [[(each.start * rate, each.end * rate) for each in flatten(one, rate) if each.track == 1] for one in (published, again)]
    titles = sum(kind == "title" for kind, *_ in made[4])
    assert len(places[0]) - len(places[1]) == titles
    assert set(places[1]) <= set(places[0])


def _take(row: TimelineShot, number: int) -> FinishedTake:
    assert row.take_seconds
    assert row.take_rate
    frames = int(row.take_seconds * row.take_rate)
    return FinishedTake(shot=row, path=f"/takes/{number}.mov", take=f"t{number}", frames=frames, rate=row.take_rate)


def _takes_of(made: Any, rate: Fraction) -> list[tuple[Fraction, Fraction, str]]:
    """(record start, record end, take) of everything that plays a take."""
    found = []
    for each in flatten(made, rate):
        references = each.item.media_references().values() if each.kind == "picture" and hasattr(each.item, "media_references") else ()
        for reference in references:
            url = getattr(reference, "target_url", None) or ""
            if "/takes/" in url:
                found.append((each.start * rate, each.end * rate, "t" + Path(url).stem))
    return list(dict.fromkeys(found))
