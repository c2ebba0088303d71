"""Clips of FCPXML whose speed changes at points: each frame of the record shows what an independent calculation gives."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heygem_core.messages import known
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text

from .making import Files, clip, data, effect, external, sound, time, timeline, times, track, video
from .test_retimes import frames_of

BEGINS = 35910  # s that the media's first frame is called
COUNT = 2000  # frames of the media


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("media")
    return Files(folder)


def text_of(rate: Fraction) -> str:
    return f"{rate.numerator}/{rate.denominator}s"


def document(media: str, rate: Fraction, points: list[tuple[Fraction, Fraction]], start: Fraction, length: int, more: str = "") -> bytes:
    """points: seconds of the clip, seconds of the file."""
    written = "".join(f'<timept time="{text_of(at)}" value="{text_of(BEGINS + value)}" interp="linear"/>' for at, value in points)
    return f"""<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources><format id="r1" frameDuration="{text_of(1 / rate)}"/>
    <asset id="r2" name="a" start="{BEGINS}s" duration="{text_of(COUNT / rate)}" format="r1" hasVideo="1"><media-rep src="file://{media}"/>
    </asset></resources><library><event name="e"><project name="p"><sequence format="r1" tcStart="0s"><spine>
    <asset-clip ref="r2" name="c" offset="0s" start="{text_of(start)}" duration="{text_of(length / rate)}">
    <timeMap>{written}</timeMap>{more}</asset-clip></spine></sequence></project></event></library></fcpxml>""".encode()


def row_of(files: Files, document: bytes, handles: int = 0) -> TimelineShot:
    voice = files.add("v.wav", sound(10_000))
    (row,) = conform(read_timeline(document).timeline, Selection(speech=voice, handles=handles), facts=files.facts).shots
    return row


@given(
    rate=st.sampled_from([Fraction(24000, 1001), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)]),
    steps=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(["1/2", "2", "-1", "0", "1", "3/4", "-5/2", "1/3"])), min_size=2, max_size=5
    ),
    first=st.integers(500, 900),
    into=st.integers(0, 20),
    less=st.integers(0, 20),
    handles=st.integers(0, 5),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_every_frame_of_a_bent_map_is_the_one_that_shows(
    shared: Files, rate: Fraction, steps: list[tuple[int, str]], first: int, into: int, less: int, handles: int
) -> None:
    """Backwards, a picture is the one before the moment, as the one that ends there."""
    places = [(0, Fraction(first))]  # (frame of the clip, frame of the media)
    for length, speed in steps:
        places.append((places[-1][0] + length, places[-1][1] + length * Fraction(speed)))
    start, end = min(into, places[-1][0] - 1), places[-1][0]
    length = max(1, end - start - less)
    expected = []
    for frame in range(start, start + length):
        (a, low), (b, high) = next(pair for pair in pairwise(places) if pair[0][0] <= frame < pair[1][0])
        at = low + (high - low) * (frame - a) / (b - a)
        expected.append(math.floor(at) if high >= low else math.ceil(at) - 1)
    media = shared.add(f"{float(rate):.3f}.mov", video(rate, COUNT, None))
    points = [(at / rate, value / rate) for at, value in places]
    row = row_of(shared, document(media, rate, points, start / rate, length), handles)
    assert row.shot, row.error or row.needs_host_export
    assert frames_of(row)[row.handles_before :][:length] == expected


def test_a_curve_that_runs_on_smoothly_is_left_to_final_cut(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), COUNT))
    points = [(Fraction(0), Fraction(4)), (Fraction(1), Fraction(6)), (Fraction(2), Fraction(7))]
    data = document(media, Fraction(25), points, Fraction(0), 50)
    assert row_of(files, data).shot
    smooth = data.replace(b'value="35916/1s" interp="linear"', b'value="35916/1s" interp="smooth2"')
    assert smooth != data
    assert row_of(files, smooth).needs_host_export == "its speed changes within the clip"


def test_markers_leave_alone_what_shows_under_them(files: Files) -> None:
    """Twice as fast for a second, then half as fast: ten frames of the record from second 1 on show five of the file from 100 + 50."""
    media = files.add("a.mov", video(Fraction(25), COUNT))
    points = [(Fraction(0), Fraction(4)), (Fraction(1), Fraction(6)), (Fraction(2), Fraction(13, 2))]
    marked = '<marker start="1s" duration="10/25s" value="no lip-sync"/>'
    row = row_of(files, document(media, Fraction(25), points, Fraction(0), 50, marked))
    assert row.shot
    assert row.shot.keep == ((150, 155),)


@pytest.mark.parametrize(
    "points",
    ['<timept time="0s" value="35914s"/>', '<timept time="7s" value="35914s"/><timept time="90s" value="35914s" interp="smooth2"/>'],
)
def test_a_map_to_one_moment_is_a_frozen_frame(files: Files, points: str) -> None:
    """Final Cut writes its holds with two points of one value."""
    media = files.add("a.mov", video(Fraction(25), COUNT))
    made = document(media, Fraction(25), [], Fraction(8), 50).replace(b"<timeMap></timeMap>", f"<timeMap>{points}</timeMap>".encode())
    row = row_of(files, made, handles=3)
    assert frames_of(row) == [100] * 56
    assert row.shot is not None
    assert (row.shot.start, row.shot.end_exclusive) == (100, 101)


def test_a_map_of_nothing_is_left_to_final_cut(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), COUNT))
    assert row_of(files, document(media, Fraction(25), [], Fraction(0), 50)).needs_host_export == "its speed changes within the clip"


def test_a_curve_that_leads_out_of_its_media_is_left_to_final_cut(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), COUNT))
    points = [(Fraction(0), Fraction(4)), (Fraction(1), Fraction(6)), (Fraction(2), Fraction(90))]
    assert row_of(files, document(media, Fraction(25), points, Fraction(0), 50)).needs_host_export == "its speed changes within the clip"


def test_the_media_of_a_warped_clip_lie_in_it_where_it_says(files: Files) -> None:
    """Second 100 of the clip's own time is second 35912 of the media, which is second 2 of the file; twice as fast, then half as fast."""
    media = files.add("a.mov", video(Fraction(25), COUNT))
    points = [(Fraction(0), Fraction(100 - BEGINS)), (Fraction(1), Fraction(102 - BEGINS)), (Fraction(2), Fraction(205, 2) - BEGINS)]
    marked = '<marker start="1s" duration="10/25s" value="no lip-sync"/>'
    made = document(media, Fraction(25), points, Fraction(0), 50, marked).decode()
    made = made.replace('<asset-clip ref="r2" name="c"', '<clip name="c"').replace("</asset-clip>", "</clip>")
    made = made.replace(marked, f'<video ref="r2" offset="100s" start="{BEGINS + 2}s" duration="60s"/>{marked}')
    row = row_of(files, made.encode())
    assert frames_of(row) == [50 + 2 * n if n < 25 else 100 + (n - 25) // 2 for n in range(50)]
    assert row.shot is not None
    assert row.shot.keep == ((100, 105),)


@pytest.mark.parametrize(
    ("inner", "expected"), [("1/25s", [100 + 2 * n if n < 20 else 140 + (n - 20) // 2 for n in range(10, 40)]), ("1/50s", None)]
)
def test_a_compound_clip_shows_a_part_of_a_curve(files: Files, inner: str, expected: list[int] | None) -> None:
    """At another rate than the timeline's the curve's frames are not the timeline's, and it is Final Cut's."""
    media = files.add("a.mov", video(Fraction(25), COUNT))
    points = [(Fraction(0), Fraction(4)), (Fraction(4, 5), Fraction(28, 5)), (Fraction(4), Fraction(36, 5))]
    made = document(media, Fraction(25), points, Fraction(0), 60).decode()
    spine = made[made.index("<spine>") : made.index("</spine>") + 8]
    nest = f'<format id="r5" frameDuration="{inner}"/><media id="r4" name="n"><sequence format="r5" tcStart="0s">{spine}</sequence></media>'
    whole = made.replace(spine, '<spine><ref-clip ref="r4" name="n" offset="0s" start="10/25s" duration="30/25s"/></spine>')
    row = row_of(files, whole.replace("</resources>", f"{nest}</resources>").encode())
    if expected is None:
        assert row.needs_host_export == "its speed changes within the clip"
    else:
        assert frames_of(row) == expected


def test_markers_of_the_timeline_leave_alone_what_a_listed_warp_shows(files: Files) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), 300)), files.add("v.wav", sound(60))
    warp = effect("TimeEffect.1", effect_name="TimeWarp", metadata={"lookup": [0.0, 4.0, 8.0, 12.0, 16.0, 20.0]})
    picture = clip("w", times(100, 6, 25), external(media, times(0, 300, 25)), effects=(warp,))
    made = timeline(track("Video", "V1", picture), start=time(0, 25))
    made["tracks"]["markers"] = [
        {"OTIO_SCHEMA": "Marker.2", "name": "no lip-sync", "marked_range": times(2, 2, 25), "color": "RED", "comment": "", "metadata": {}}
    ]
    (row,) = conform(read_timeline(data(made)).timeline, Selection(speech=voice), facts=files.facts).shots
    assert row.shot
    assert row.shot.shows == (100, 105, 110, 115, 120, 125)
    assert row.shot.keep == ((110, 111), (115, 116))


@pytest.mark.parametrize("format", ["fcpxml", "fcp7", "edl"])
def test_a_bent_clip_is_no_plain_clip_in_another_format(format: Any) -> None:
    """It was written as one that plays at full speed, without a word."""
    warp = effect("TimeEffect.1", effect_name="TimeWarp", metadata={"lookup": [0.0, 4.0, 8.0]})
    media = external("/m/a.mov", times(0, 300, 25))
    bent, plain = clip("w", times(100, 3, 25), media, effects=(warp,)), clip("p", times(0, 3, 25), media)
    text, notices = as_text(read_timeline(data(timeline(track("Video", "V1", bent, plain), start=time(0, 25)))).timeline, format)
    assert text.count("a.mov") == as_text(read_timeline(data(timeline(track("Video", "V1", plain), start=time(0, 25)))).timeline, format)[
        0
    ].count("a.mov")
    assert "lost.left-empty" in {known(notice).code for notice in notices}
