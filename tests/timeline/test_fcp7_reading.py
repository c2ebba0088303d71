"""Which frames Final Cut Pro 7 XML means where its numbers are rounded, contradict each other or are told in several ways."""

from __future__ import annotations

from fractions import Fraction

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection
from heygem_server.timeline.flatten import TimelineItem, flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.sequence import sequence_of

from .making import Files, sound, video
from .test_retimes import frames_of


def rate(base: int, ntsc: str = "FALSE") -> str:
    return f"<rate><timebase>{base}</timebase><ntsc>{ntsc}</ntsc></rate>"


def file(length: int = 3000, base: int = 25, url: str = "file://localhost/x/a.mov", more: str = "") -> str:
    return f'<file id="f"><name>a.mov</name><pathurl>{url}</pathurl>{rate(base)}<duration>{length}</duration>{more}</file>'


def clipitem(start: int, end: int, first: int, last: int, more: str = "", own: str | None = None, media: str | None = None) -> str:
    place = f"<start>{start}</start><end>{end}</end><in>{first}</in><out>{last}</out>"
    return f'<clipitem id="c{start}"><name>a</name>{own or rate(25)}{place}{media or file()}{more}</clipitem>'


def document(items: str, audio: str = "", around: tuple[str, str] = ("", ""), timecode: str = "") -> bytes:
    media = f"<media><video><track>{items}</track></video><audio>{audio}</audio></media>"
    sequence = f'<sequence id="s"><name>s</name>{rate(25)}{timecode}{media}</sequence>'
    return f'<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="4">{around[0]}{sequence}{around[1]}</xmeml>'.encode()


def remap(percent: str, points: str = "", reverse: str = "FALSE", variable: int = 0) -> str:
    values = f"<parameter><parameterid>variablespeed</parameterid><value>{variable}</value></parameter>"
    values += f"<parameter><parameterid>speed</parameterid><value>{percent}</value></parameter>"
    values += f"<parameter><parameterid>reverse</parameterid><value>{reverse}</value></parameter>"
    if points:
        keys = (each.split(":") for each in points.split())
        frames = "".join(f"<keyframe><when>{when}</when><value>{value}</value></keyframe>" for when, value in keys)
        values += f"<parameter><parameterid>graphdict</parameterid>{frames}</parameter>"
    return f"<filter><effect><name>Time Remap</name><effectid>timeremap</effectid>{values}</effect></filter>"


def pictures(data: bytes) -> list[TimelineItem]:
    read = read_timeline(data)
    return [each for each in flatten(read.timeline, sequence_of(read.timeline).rate) if each.kind == "picture"]


def frames(data: bytes) -> list[tuple[float, float, float]]:
    """(first source frame, end of the source, speed) of each picture, at 25."""
    return [(float(each.source_low * 25), float(each.source_high * 25), float(each.speed)) for each in pictures(data)]


@pytest.mark.parametrize(
    ("retimed", "place", "expected"),
    [
        # 96 frames from 2357 to 2500.49: 149.47 %, and not the 149 beside it
        (remap("149", "0:1.3829 1576:2357 1672:2500.49 1881:2812.38"), (0, 96, 1576, 1672), (2357, 2500.49, 1.4946875)),
        (remap("33", "0:0 300:100"), (0, 90, 30, 120), (10, 40, 1 / 3)),  # the graph runs on over the whole clip
        (remap("67", "0:900 1000:233.3333", reverse="TRUE"), (0, 90, 150, 240), (740, 800, -2 / 3)),
        (remap("100", "0:0 100:50 200:100", variable=1), (0, 40, 60, 100), (30, 50, 0.5)),  # called variable, and straight
    ],
)
def test_points_of_the_speeds_graph_are_finer_than_its_percent(
    retimed: str, place: tuple[int, int, int, int], expected: tuple[float, float, float]
) -> None:
    (found,) = frames(document(clipitem(*place, retimed)))
    assert found == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("retimed", "bent"),
    [
        (remap("100", "0:0 50:80 100:100"), True),  # bent, whatever the percents say
        (remap("100", "0:0 50:80 100:100", variable=1), True),
        (remap("150", "0:0 30:80 50:90"), True),  # bent, and shorter than the clip
        (remap("100", "0:0 50:50.4 100:100"), True),  # no rounding: the point has decimals
        (remap("100", "0:0 50:51 100:100"), True),
        (remap("50", "0:0 33:17 100:50.1"), True),  # where points have decimals, 17 is no rounded 16.5
        (remap("50", "0:0 33:17 100:50"), False),  # 16.5, rounded to a whole frame
        (remap("50", "0:0 33:16.5 100:50"), False),
    ],
)
def test_a_bent_graph_is_never_taken_for_a_constant_speed(retimed: str, bent: bool) -> None:
    """What it bends to is shown where it reaches over the whole clip; one that does not is the editor's."""
    (found,) = pictures(document(clipitem(0, 100, 0, 100, retimed)))
    short = "<value>90<" in retimed
    assert (found.host_only is not None) == (bent and short), found.host_only
    assert bool(found.offsets) == (bent and not short)


def test_a_graph_that_stands_still_is_a_frozen_frame_of_the_file() -> None:
    (found,) = pictures(document(clipitem(60, 90, 20, 50, remap("50", "0:40 100:40", variable=1))))
    assert (found.speed, found.source_low * 25, found.host_only) == (0, 40, None)


def test_frames_of_a_retimed_clip_as_a_render_gets_them(files: Files) -> None:
    media, voice = files.add("a.mov", video(Fraction(25), 2811)), files.add("v.wav", sound(60))
    item = clipitem(
        0, 96, 1576, 1672, remap("149", "0:1.3829 1576:2357 1672:2500.49 1881:2812.38"), media=file(2811, url=f"file://localhost{media}")
    )
    (row,) = conform(read_timeline(document(item)).timeline, Selection(speech=voice), facts=files.facts).shots
    assert row.shot
    assert (row.shot.start, row.shot.speed) == (2357, Fraction(14_349, 9600))
    # It ends at 2500.49. To 2501 the take would have 97 pictures, one more than the clip.
    assert row.shot.end_exclusive == 2500
    assert frames_of(row) == [2357 + int(n * Fraction(14_349, 9600)) for n in range(96)]


def test_ticks_are_finer_than_frames() -> None:
    """Between two frames; ticks that do not belong to the frames beside them are not believed."""
    exact = 254_016_000_000 * 201 // 50  # frame 100.5
    found = frames(
        document(
            clipitem(0, 40, 100, 140, f"<pproTicksIn>{exact}</pproTicksIn>")
            + clipitem(40, 80, 100, 140, "<pproTicksIn>254016000000</pproTicksIn>")
        )
    )
    assert [each[0] for each in found] == [100.5, 100]


@pytest.mark.parametrize(
    ("own", "place", "first"),
    [
        (rate(30, "TRUE"), (198, 279, 777, 858), 777),  # 81 frames on both sides: they count at 25
        (rate(30), (0, 50, 600, 660), 500),  # two seconds on both sides
        (rate(30), (0, 50, 601, 660), 601 / 30 * 25),  # the same, rounded
        (rate(24), (0, 10, 24, 34), 24),
        (rate(50), (0, 25, 100, 150), 50),
    ],
)
def test_a_clips_rate_that_contradicts_its_own_place_is_not_meant(own: str, place: tuple[int, int, int, int], first: float) -> None:
    (found,) = frames(document(clipitem(*place, own=own)))
    assert found[0] == pytest.approx(first)


def test_a_file_keeps_the_timecode_of_its_first_frame_in_every_format() -> None:
    """09:58:30:00 is second 35910; frame 10 of the file stands at 35910 2/5 s."""
    for timecode in (
        f"<timecode>{rate(25)}<string>09:58:30:00</string><frame>897750</frame><displayformat>NDF</displayformat></timecode>",
        f"<timecode>{rate(25)}<string>09:58:30:00</string></timecode>",
    ):
        read = read_timeline(document(clipitem(0, 20, 10, 30, media=file(125, more=timecode))))
        (clip,) = read.timeline.find_clips()
        assert (clip.available_range().start_time.value, clip.source_range.start_time.value) == (897_750, 897_760)
        text, _ = as_text(read.timeline, "fcpxml")
        assert 'start="35910s"' in text
        assert 'start="179552/5s"' in text
        assert "<in>10</in>" in as_text(read.timeline, "fcp7")[0]


def test_a_sequence_may_stand_in_bins_beside_clips() -> None:
    around = f'<project><children><bin><children><clip id="m">{rate(25)}{file()}</clip>', "</children></bin></children></project>"
    assert [each[0] for each in frames(document(clipitem(0, 20, 10, 30, media='<file id="f"/>'), around=around))] == [10]


def test_a_sequences_timecode_may_be_text_alone() -> None:
    timecode = f"<timecode>{rate(25)}<string>10:00:00:00</string></timecode>"
    assert sequence_of(read_timeline(document(clipitem(0, 20, 10, 30), timecode=timecode)).timeline).start_frame == 900_000


def test_a_nest_plays_pictures_on_a_picture_track_and_sound_on_a_sound_track() -> None:
    inside = (
        f"<media><video><track>{clipitem(0, 40, 40, 80)}</track></video><audio><track>{clipitem(0, 40, 40, 80)}</track></audio></media>"
    )
    nest = f'<clipitem id="n"><name>nest</name>{rate(25)}<start>0</start><end>20</end><in>5</in><out>25</out>'
    whole = f'{nest}<sequence id="s2"><name>nest</name>{rate(25)}{inside}</sequence></clipitem>'
    read = read_timeline(document(whole, audio=f'<track>{nest}<sequence id="s2"/></clipitem></track>'))
    found = [(each.kind, each.item.name, each.start, each.end) for each in flatten(read.timeline, Fraction(25))]
    assert found == [("picture", "a", 0, Fraction(4, 5)), ("sound", "a", 0, Fraction(4, 5))]


def visible(files: Files, items: str, sequence: str, sound_rate: str) -> list[tuple[int, int]]:
    """(first, last source frame) of each picture's take over a voice."""
    files.add("voice.wav", sound(3000))
    voice = f"<track><clipitem><name>v</name>{sound_rate}<start>0</start><end>900</end><in>0</in><out>900</out>"
    voice += f'<file id="w"><name>voice.wav</name><pathurl>file://localhost{files.folder}/voice.wav</pathurl></file></clipitem></track>'
    read = read_timeline(document(items, voice).replace(rate(25).encode(), sequence.encode(), 1))
    rows = conform(read.timeline, Selection(speech_tracks=("A1",)), facts=files.facts).shots
    return [(frames_of(row)[0], frames_of(row)[-1]) for row in rows if row.shot is not None]


@pytest.mark.parametrize("first", [100, 3000, 8000])
@pytest.mark.parametrize("sequence", [rate(30, "TRUE"), rate(30)])
def test_a_rate_without_its_pulldown_counts_the_frames_of_the_file(files: Files, sequence: str, first: int) -> None:
    """The document calls 29.97 a plain 30 and has as many frames as the file: its numbers are right, its seconds are not."""
    media = files.add("a.mov", video(Fraction(30000, 1001), 9000))
    item = clipitem(0, 60, first, first + 60, own=rate(30), media=file(9000, 30, f"file://localhost{media}"))
    assert visible(files, item, sequence, sequence) == [(first, first + 59)]


def test_a_still_of_a_movie_shows_the_frame_that_it_names() -> None:
    still = "<stillframe>TRUE</stillframe>"
    (named,) = pictures(document(clipitem(0, 50, 100, 150, f"{still}<stillframeoffset>123</stillframeoffset>")))
    assert (named.source_low * 25, named.speed, named.host_only) == (123, 0, None)
    (unnamed,) = pictures(document(clipitem(0, 50, 100, 150, still)))
    assert unnamed.host_only == "it is a freeze frame"


def test_a_subclip_counts_from_where_it_begins() -> None:
    part = "<subclipinfo><startoffset>100</startoffset><endoffset>20</endoffset></subclipinfo>"
    assert frames(document(clipitem(0, 50, 10, 60, part))) == [(110, 160, 1)]


@pytest.mark.parametrize("own", [rate(50), rate(25), ""])
def test_the_range_of_a_nest_counts_in_the_rate_that_fits_its_place(own: str) -> None:
    """A nest of 50 frames a second in a sequence of 25: its own frames 40 to 140 are two seconds."""
    inner = clipitem(0, 200, 400, 600, own=rate(50), media=file(9000, 50))
    nest = f"<clipitem><name>n</name>{own}<start>0</start><end>50</end><in>40</in><out>140</out>"
    nest += f'<sequence id="in">{rate(50)}<media><video><track>{inner}</track></video></media></sequence></clipitem>'
    (shown,) = pictures(document(nest))
    assert (shown.source_low * 50, shown.end * 25) == (440, 50)


def test_a_file_without_a_rate_has_that_of_its_clip() -> None:
    media = file(9000, 24).replace(rate(24), "")
    (shown,) = pictures(document(clipitem(0, 50, 240, 288, own=rate(24, "TRUE"), media=media)))
    assert shown.item.media_reference.available_range.duration.value == 9000
    assert round(shown.source_low * Fraction(24000, 1001)) == 240
