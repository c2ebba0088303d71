"""Retimed, reversed, frozen and warped clips of Final Cut Pro 7 XML: the frames they show, against a calculation of its own."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heygem_core.messages import known
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline

from .making import Files, sound, video
from .test_fcp7_reading import clipitem, document, file, rate, remap
from .test_retimes import frames_of

LENGTH = 2000  # frames of the file


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder: Path = tmp_path_factory.mktemp("media")
    return Files(folder)


def row_of(
    files: Files, place: tuple[int, int, int, int], more: str, length: int = LENGTH, handles: int = 0, around: str = ""
) -> TimelineShot:
    """Of a clip at (start, end, in, out), all at 25."""
    media, voice = files.add("a.mov", video(Fraction(25), length)), files.add("v.wav", sound(3000))
    item = clipitem(*place, more, media=file(length, url=f"file://localhost{media}")) + around
    (row, *_) = conform(read_timeline(document(item)).timeline, Selection(speech=voice, handles=handles), facts=files.facts).shots
    return row


def shown(row: TimelineShot) -> list[int]:
    assert row.shot is not None, row.error or row.needs_host_export
    return frames_of(row)[row.handles_before : len(frames_of(row)) - row.handles_after]


def reason(row: TimelineShot) -> str | None:
    assert row.shot is None
    assert row.needs_host_export is not None, row.error
    return known(row.needs_host_export).code


def subclip(before: int, behind: int) -> str:
    return f"<subclipinfo><startoffset>{before}</startoffset><endoffset>{behind}</endoffset></subclipinfo>"


HANDLES = "<outbez><horiz>3</horiz><vert>9</vert></outbez>"


@pytest.mark.parametrize("reverse", ["FALSE", "TRUE"])
@pytest.mark.parametrize(
    ("more", "first"),
    [("", 123), ("<pproTicksIn>1249758720000</pproTicksIn>", 123), (subclip(100, 30), 223)],
)
def test_a_speed_of_nothing_is_a_frozen_frame(files: Files, more: str, first: int, reverse: str) -> None:
    """At no speed only the file's own count can name a frame: that of the in point, wherever the clip ends."""
    for last in (123, 124, 173):
        row = row_of(files, (10, 60, 123, last), more + remap("0", reverse=reverse), handles=4)
        assert shown(row) == [first] * 50
        assert row.shot is not None
        assert (row.shot.start, row.shot.end_exclusive) == (first, first + 1)


def test_a_frozen_frame_beside_a_dissolve_is_that_frame(files: Files) -> None:
    dissolve = "<transitionitem><start>40</start><end>60</end><alignment>center</alignment></transitionitem>"
    frozen = clipitem(-1, 100, 300, 360, remap("0"), media='<file id="f"/>')
    row = row_of(files, (0, -1, 100, 160), "", around=dissolve + frozen)
    assert shown(row)[:50] == list(range(100, 150))
    media = str(files.folder / "a.mov")
    item = clipitem(0, -1, 100, 160, media=file(LENGTH, url=f"file://localhost{media}")) + dissolve + frozen
    rows = conform(read_timeline(document(item)).timeline, Selection(speech=str(files.folder / "v.wav")), facts=files.facts).shots
    assert set(frames_of(rows[1])) == {300}


def test_a_time_remap_that_is_off_or_says_nothing_retimes_nothing(files: Files) -> None:
    off = remap("50").replace("<filter>", "<filter><enabled>FALSE</enabled>")
    silent = "<filter><effect><name>Time Remap</name><effectid>timeremap</effectid></effect></filter>"
    for more in (off, silent):
        assert shown(row_of(files, (0, 50, 100, 150), more)) == list(range(100, 150))
    assert reason(row_of(files, (0, 50, 100, 150), remap("fast"))) == "clip.unknown-speed"


@pytest.mark.parametrize(
    ("place", "percent", "reverse", "expected"),
    [
        ((0, 50, 10, 35), "50", "FALSE", [110 + n // 2 for n in range(50)]),  # its in point counts in the file
        ((0, 50, 10, 60), "50", "FALSE", [105 + n // 2 for n in range(50)]),  # in its own slowed frames
        ((0, 50, 10, 60), "100", "TRUE", [1859 - n for n in range(50)]),  # back from where the part ends, at 1870
        ((0, 50, 10, 110), "200", "TRUE", [1859 - 2 * n for n in range(50)]),
    ],
)
def test_a_retimed_part_of_a_file_counts_from_where_it_begins_or_ends(
    files: Files, place: tuple[int, int, int, int], percent: str, reverse: str, expected: list[int]
) -> None:
    """The part is frames 100 to 1870 of 2000."""
    assert shown(row_of(files, place, subclip(100, 130) + remap(percent, reverse=reverse))) == expected


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("0:100 20:110 1780:1870", [105 + n // 2 for n in range(10)]),  # as the file counts: from 100 to 1870
        ("0:0 20:10 1780:1770", [105 + n // 2 for n in range(10)]),  # as the part does: from 0 to 1770
        ("0:50 20:60 1780:1870", None),  # as neither
        ("0:0 20:10 1780:1900", None),
    ],
)
def test_the_graph_of_a_part_of_a_file_says_by_its_ends_what_it_counts(files: Files, points: str, expected: list[int] | None) -> None:
    row = row_of(files, (0, 10, 10, 20), subclip(100, 130) + remap("50", points, variable=1))
    if expected is None:
        assert reason(row) == "clip.retimed-subclip"
    else:
        assert shown(row) == expected


def test_a_graph_that_names_its_anchor_counts_in_the_file(files: Files) -> None:
    graph = remap("50", "0:2 20:12 40:22").replace("<value>2</value>", "<value>2</value><anchorOffset>1</anchorOffset>")
    assert shown(row_of(files, (0, 20, 10, 30), subclip(1, 0) + graph)) == [7 + n // 2 for n in range(20)]
    assert reason(row_of(files, (0, 20, 10, 30), subclip(1, 0) + remap("50", "0:1 20:11 40:21"))) == "clip.retimed-subclip"


def test_a_clip_that_plays_backwards_from_an_end_that_nobody_knows_is_the_editors(files: Files) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), LENGTH)), files.add("v.wav", sound(3000))
    whole = file(LENGTH, url=f"file://localhost{media}")
    item = clipitem(0, 50, 10, 60, remap("100", reverse="TRUE"), media=whole)
    for data, expected in ((item, 1989), (item.replace(f"<duration>{LENGTH}</duration>", ""), None)):
        (row,) = conform(read_timeline(document(data)).timeline, Selection(speech=voice), facts=files.facts).shots
        if expected is None:
            assert reason(row) == "clip.reversed-length"
        else:
            assert shown(row) == [expected - n for n in range(50)]


@given(
    steps=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(["1/2", "2", "-1", "0", "1", "3/4", "-5/2", "1/3"])), min_size=2, max_size=5
    ),
    first=st.integers(500, 900),
    into=st.integers(0, 20),
    less=st.integers(0, 20),
    handles=st.integers(0, 5),
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_every_frame_of_a_bent_graph_is_the_one_that_shows(
    shared: Files, steps: list[tuple[int, str]], first: int, into: int, less: int, handles: int
) -> None:
    """Backwards, a picture is the one before the point, as the one that ends there."""
    places = [(0, first + Fraction(1, 4))]  # (frame of the clip, frame of the media); whole frames alone might be rounded
    for length, speed in steps:
        places.append((places[-1][0] + length, places[-1][1] + length * Fraction(speed)))
    places.append((places[-1][0] + 50, places[-1][1] + 50))
    start, end = min(into, places[-2][0] - 1), places[-2][0]
    length = max(1, end - start - less)
    expected = []
    for frame in range(start, start + length):
        (a, low), (b, high) = next(pair for pair in pairwise(places) if pair[0][0] <= frame < pair[1][0])
        at = low + (high - low) * (frame - a) / (b - a)
        expected.append(math.floor(at + Fraction(1, 1000)) if high >= low else math.ceil(at - Fraction(1, 1000)) - 1)
    points = " ".join(f"{at}:{float(value):.5f}" for at, value in places)
    row = row_of(shared, (0, length, start, start + length), remap("100", points, variable=1), handles=handles)
    assert shown(row)[:length] == expected  # at full speed from between two frames on the take holds the end of one more


def test_the_graph_of_a_faster_file_counts_its_frames(files: Files) -> None:
    """Of 50 frames a second in a sequence of 25: frame 40 of the clip is frame 80 of the file, which then runs on twice as fast."""
    media, voice = files.add("b.mov", video(Fraction(50), 4000)), files.add("v.wav", sound(3000))
    whole = file(4000, base=50, url=f"file://localhost{media}")
    item = clipitem(0, 60, 20, 80, remap("100", "0:0 40:80 100:320", variable=1), media=whole)
    (row,) = conform(read_timeline(document(item)).timeline, Selection(speech=voice), facts=files.facts).shots
    on_timeline = [40 + 2 * n if n < 20 else 80 + 4 * (n - 20) for n in range(60)]
    assert shown(row) == [frame for frame in on_timeline for _ in range(2)]


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        (remap("100", "0:0 50:80 100:100", variable=1).replace("<value>80</value>", f"<value>80</value>{HANDLES}"), "clip.speed-changes"),
        (
            remap("100", "0:0 50:80 100:100", variable=1).replace(
                "<value>80</value>", "<value>80</value><hadbezierout>TRUE</hadbezierout>"
            ),
            "clip.speed-changes",
        ),
        (
            remap("100", "0:0 50:80 100:100", variable=1).replace(
                "</keyframe></parameter>", "</keyframe><interpolation><name>hermite</name></interpolation></parameter>"
            ),
            "clip.speed-changes",
        ),
        (remap("100", variable=1), "clip.speed-changes"),  # and no graph
        (remap("100", "10:0 50:80 100:100", variable=1), "clip.speed-changes"),  # it begins after the clip
        (remap("100", "0:0 50:80 50:90 100:100", variable=1), "clip.speed-changes"),  # it jumps
        (remap("100", "0:0 50:5000 100:100", variable=1), "clip.speed-changes"),  # out of the file
        (remap("100", "0:0 50:-1815255671 100:100", variable=1), "clip.speed-changes"),
    ],
)
def test_a_curve_that_is_not_all_there_is_the_editors(files: Files, graph: str, why: str) -> None:
    assert reason(row_of(files, (0, 100, 0, 100), graph)) == why


def test_corners_of_an_fcp_curve_are_lines_and_numbers_out_of_bounds_are_none(files: Files) -> None:
    """Handles that are nothing bend nothing; what lies outside of the values that a graph says it has is no point of it."""
    graph = remap("100", "0:0 50:80 60:-1815255671 100:100", variable=1)
    graph = graph.replace("<value>80</value>", "<value>80</value><inbez><horiz>0</horiz><vert>0</vert></inbez>")
    graph = graph.replace(
        "<parameterid>graphdict</parameterid>", "<parameterid>graphdict</parameterid><valuemin>0</valuemin><valuemax>1999</valuemax>"
    )
    graph = graph.replace("</keyframe></parameter>", "</keyframe><interpolation><name>FCPCurve</name></interpolation></parameter>")
    assert shown(row_of(files, (0, 100, 0, 100), graph)) == [n * 8 // 5 if n < 50 else 80 + (n - 50) * 2 // 5 for n in range(100)]


@pytest.mark.parametrize(("first", "last"), [(0, 40), (7, 40), (0, 33), (7, 33)])
def test_a_nest_shows_a_part_of_a_curve(files: Files, first: int, last: int) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), LENGTH)), files.add("v.wav", sound(3000))
    graph = remap("100", "0:100 20:140 100:180", variable=1)
    inner = clipitem(0, 40, 0, 40, graph, media=file(LENGTH, url=f"file://localhost{media}"))
    nest = f"<clipitem><name>n</name>{rate(25)}<start>0</start><end>{last - first}</end><in>{first}</in><out>{last}</out>"
    nest += f'<sequence id="in">{rate(25)}<media><video><track>{inner}</track></video></media></sequence></clipitem>'
    (row,) = conform(read_timeline(document(nest)).timeline, Selection(speech=voice), facts=files.facts).shots
    assert shown(row) == [100 + 2 * n if n < 20 else 140 + (n - 20) // 2 for n in range(first, last)]


def test_a_curve_in_a_nest_of_another_rate_is_the_editors(files: Files) -> None:
    """It lists the frames of the nest, which are not those of the timeline."""
    media, voice = files.add("b.mov", video(Fraction(50), 4000)), files.add("v.wav", sound(3000))
    inner = clipitem(0, 100, 0, 100, remap("100", "0:0 40:80 200:100", variable=1), rate(50), file(4000, 50, f"file://localhost{media}"))
    nest = f"<clipitem><name>n</name>{rate(50)}<start>0</start><end>50</end><in>0</in><out>100</out>"
    nest += f'<sequence id="in">{rate(50)}<media><video><track>{inner}</track></video></media></sequence></clipitem>'
    (row,) = conform(read_timeline(document(nest)).timeline, Selection(speech=voice), facts=files.facts).shots
    assert reason(row) == "clip.speed-changes"


def test_markers_of_a_warped_clip_lie_where_the_curve_leads(files: Files) -> None:
    """Twice as fast up to frame 20 of the clip, then half as fast: frames 18 to 24 of it are frames 136 to 142 of the file."""
    marked = "<marker><name>no lip-sync</name><in>18</in><out>24</out></marker>"
    row = row_of(files, (0, 40, 0, 40), remap("100", "0:100 20:140 100:180", variable=1) + marked)
    assert row.shot is not None
    assert row.shot.keep == ((136, 142),)
