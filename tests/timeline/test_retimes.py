"""Which frame of its file a retimed or frozen clip shows at each frame of the timeline, against a calculation of its own."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heygem_core.errors import SpecError
from heygem_core.planning.frame_map import retimed
from heygem_core.shot import Shot
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline

from .making import Files, clip, data, effect, external, sound, time, timeline, times, track, video, warp

RATES = [Fraction(24000, 1001), Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]
LENGTH = 2000  # frames of the file


def row_of(files: Files, source: dict[str, Any], rate: Fraction, handles: int) -> TimelineShot:
    voice = files.add("voice.wav", sound(3000))
    long = clip("voice", times(0, 2000, 1), external(voice, times(0, 3000, 1)))
    document = timeline(track("Video", "V1", source), track("Audio", "A1", long), start=time(0, float(rate)))
    read = read_timeline(data(document))
    (row,) = conform(read.timeline, Selection(speech_tracks=("A1",), handles=handles), facts=files.facts).shots
    return row


def frames_of(row: TimelineShot) -> list[int]:
    """The source frame at each frame of the take, by the core's own words."""
    shot = row.shot
    assert shot is not None, row.error or row.needs_host_export
    assert shot.end_exclusive is not None
    return [int(number) for number in retimed(shot.start, shot.end_exclusive, shot.speed, shot.shows)]


def shown(row: TimelineShot, count: int) -> list[int]:
    """The source frame at each of `count` frames of the timeline from the in point on."""
    assert row.take_rate is not None
    first = row.offset_s * row.take_rate
    assert first.denominator == 1 or (row.shot is not None and row.shot.speed == 1)
    return frames_of(row)[math.floor(first) :][:count]


SPEEDS = ["1/2", "2", "-1", "-2", "1/3", "7/10", "-7/10", "5/2", "3/4", "-1/3", "1000/1001", "21/20", "1/100", "10", "0"]


@given(
    rate=st.sampled_from(RATES),
    speed=st.sampled_from(SPEEDS),
    low=st.integers(0, LENGTH - 1),
    between=st.sampled_from(["0", "1/2", "1/4", "7/10"]),
    length=st.integers(1, 60),
    handles=st.integers(0, 30),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_every_record_frame_shows_what_an_independent_calculation_gives(
    shared: Files, rate: Fraction, speed: str, low: int, between: str, length: int, handles: int
) -> None:
    pace = Fraction(speed)
    first = low + Fraction(between)
    length = min(length, max(1, math.floor((LENGTH - 1 - first) / abs(pace)) if pace else length))
    if first + length * abs(pace) > LENGTH:
        return
    media = shared.add(f"{float(rate):.3f}.mov", video(rate, LENGTH))
    effects = (effect("FreezeFrame.1", time_scalar=0),) if not pace else (warp(float(pace)),)
    source = clip("c", times(float(first), length, float(rate)), external(media, times(0, LENGTH, float(rate))), effects=effects)
    row = row_of(shared, source, rate, handles)
    high = first + length * abs(pace)
    expected = [math.floor(first + n * pace) if pace >= 0 else math.ceil(high + n * pace) - 1 for n in range(length)]
    assert shown(row, length) == expected
    every = frames_of(row)
    assert len(every) == row.handles_before + length + row.handles_after == row.take_seconds * rate
    assert all(0 <= frame < LENGTH for frame in every)
    room = first if pace > 0 else LENGTH - high
    if not pace or room >= (handles + 2) * abs(pace):
        assert row.handles_before == handles


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("media")
    return Files(folder)


@pytest.mark.parametrize("handles", range(9))
def test_handles_never_move_a_frame(files: Files, handles: int) -> None:
    """At half speed each source frame stands for two frames; an odd number of handles must not swap the pairs."""
    media = files.add("a.mov", video(Fraction(25), 125))
    source = clip("y", times(30, 20, 25), external(media, times(0, 125, 25)), effects=(warp(0.5),))
    row = row_of(files, source, Fraction(25), handles)
    assert shown(row, 20) == [30 + n // 2 for n in range(20)]
    assert (row.handles_before, row.handles_after) == (handles, handles)


def test_a_frozen_frame_is_rendered_from_the_file(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 125, "01:00:00:00"))
    for effects in ((effect("FreezeFrame.1", time_scalar=0),), (warp(0.0),)):
        source = clip("f", times(90_030, 20, 25), external(media, times(90_000, 125, 25)), effects=effects)
        row = row_of(files, source, Fraction(25), 3)
        assert frames_of(row) == [30] * 26
        assert row.shot is not None
        assert (row.shot.start, row.shot.end_exclusive, row.shot.speed) == (30, 31, 1)
        assert row.not_a_reference is not None


def test_a_frozen_event_of_an_edit_list(files: Files) -> None:
    files.add("a.mov", video(Fraction(25), 500))
    files.add("v.wav", sound(100))
    text = "TITLE: F\n001  A        V     C        00:00:04:00 00:00:04:01 00:00:00:00 00:00:02:00\nM2   A        000.0    00:00:04:00\n"
    text += (
        "* FROM CLIP NAME: a.mov\n002  AX       A     C        00:00:00:00 00:00:10:00 00:00:00:00 00:00:10:00\n* FROM CLIP NAME: v.wav\n"
    )
    read = read_timeline(text.encode(), rate=Fraction(25))
    chosen = Selection(speech_tracks=("A1",))
    (row,) = conform(read.timeline, chosen, facts=files.facts, roots=[files.folder], rate=Fraction(25)).shots
    assert frames_of(row) == [100] * 50


def test_a_list_of_frames_must_lie_in_its_range() -> None:
    assert Shot(video="v", speech="s", start=3, end_exclusive=9, shows=(3, 8, 8, 4)).shows == (3, 8, 8, 4)
    for wrong in ({"shows": (2, 3)}, {"shows": (9,)}, {"shows": (3,), "speed": Fraction(2)}, {"shows": (3,), "end_exclusive": None}):
        with pytest.raises(SpecError):
            Shot(**{"video": "v", "speech": "s", "start": 3, "end_exclusive": 9} | wrong)  # type: ignore[arg-type]
