"""Each format read from files written by hand, written and read again, and checked against independent readers where there are any."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest

from heygem_core.messages import known
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.flatten import TimelineItem, flatten
from heygem_server.timeline.formats.reading import Read, format_of, read_timeline
from heygem_server.timeline.formats.registry import FormatName
from heygem_server.timeline.formats.writing import as_text, write_timeline
from heygem_server.timeline.sequence import sequence_of

from .making import clip, data, external, gap, stack, time, timeline, times, track, transition, warp

RATES = [24, 25, 30, 50, 60, 24000 / 1001, 30000 / 1001, 60000 / 1001]
HOUR = {30000 / 1001: 107_892, 60000 / 1001: 215_784}  # frames before 01:00:00;00 in drop-frame
_SPINE = """<?xml version="1.0"?><!DOCTYPE fcpxml>
<fcpxml version="1.10"><resources>
<format id="r1" frameDuration="1001/30000s"/><format id="r9" frameDuration="1/25s"/>
<asset id="r2" name="A" start="3600s" duration="100100/1000s" hasVideo="1" hasAudio="1" format="r1">
 <media-rep kind="original-media" src="file:///Volumes/M/a%20b.mov"/></asset>
<asset id="r3" name="V" start="0s" duration="60s" hasAudio="1"><media-rep kind="original-media" src="file:///Volumes/M/v.wav"/></asset>
<asset id="r4" name="T" start="0s" duration="30s" hasVideo="1" format="r1"><media-rep src="file:///t/take.mov"/></asset>
<media id="r5" name="cc"><sequence format="r1" duration="30030/30000s" tcStart="0s"><spine>
 <asset-clip ref="r4" name="in nest" offset="0s" start="0s" duration="30030/30000s"/></spine></sequence></media>
<effect id="r6" name="Basic Title" uid=".../t.moti"/>
</resources><library><event><project name="P"><sequence format="r1" duration="1001/10s" tcStart="3603600/1000s" tcFormat="DF"><spine>
{spine}
</spine></sequence></project></event></library></fcpxml>"""


def placed(read: Read) -> list[tuple[Any, ...]]:
    """(kind, track, name, start, end, first source frame, one past the last, speed), frames of the sequence."""
    rate = sequence_of(read.timeline).rate
    return [signature(each, rate) for each in flatten(read.timeline, rate)]


def signature(each: TimelineItem, rate: Fraction) -> tuple[Any, ...]:
    values = (each.start * rate, each.end * rate, each.source_low * rate, each.source_high * rate, each.speed)
    return (each.kind, each.track, each.item.name, *values)


def test_fcpxml_spine_connected_clips_nests_and_gaps() -> None:
    f = Fraction(1001, 30000)
    spine = f"""
    <asset-clip ref="r2" name="main" offset="3603600/1000s" start="{3600 + 10 * f}s" duration="{100 * f}s">
      <asset-clip ref="r3" lane="-1" name="voice" offset="{3600 + 30 * f}s" start="{5 * f}s" duration="{40 * f}s" audioRole="dialogue.dub"/>
      <asset-clip ref="r4" lane="2" name="above" offset="{3600 + 60 * f}s" start="{7 * f}s" duration="{20 * f}s" enabled="0"/>
    </asset-clip>
    <gap offset="{Fraction(36036, 10) + 100 * f}s" start="3600s" duration="{50 * f}s">
      <title ref="r6" lane="1" name="Hello" offset="{3600 + 10 * f}s" duration="{10 * f}s"/>
    </gap>
    <ref-clip ref="r5" name="cc" offset="{Fraction(36036, 10) + 150 * f}s" start="{10 * f}s" duration="{15 * f}s"/>
    """
    read = read_timeline(_SPINE.format(spine=spine).encode())
    sequence = sequence_of(read.timeline)
    assert (sequence.rate, sequence.start_frame, sequence.drop_frame) == (1 / f, 108_000, True)
    zero = Fraction(3600) / f  # the asset's first frame, as it is called
    # What is connected stands where its offset lies in the time of what it is connected to, which begins with its 10th frame.
    assert placed(read) == [
        ("picture", 1, "main", 0, 100, zero + 10, zero + 110, 1),
        ("picture", 1, "in nest", 150, 165, 10, 25, 1),
        ("picture", 2, "Hello", 110, 120, 0, 10, 1),
        ("picture", 3, "above", 50, 70, 7, 27, 1),
        ("sound", 1, "main", 0, 100, zero + 10, zero + 110, 1),
        ("sound", 2, "voice", 20, 60, 5, 45, 1),
    ]
    tracks = [track.name for track in read.timeline.tracks if track.kind == "Audio"]
    assert tracks == ["dialogue", "dialogue.dub"]
    above = read.timeline.tracks[2][1]
    assert not above.enabled
    assert read.timeline.tracks[0][0].media_reference.target_url == "file:///Volumes/M/a%20b.mov"


def test_fcpxml_retimes_and_ramps() -> None:
    f = Fraction(1001, 30000)
    begin = Fraction(36036, 10)

    def mapped(offset: Fraction, name: str, *points: tuple[int, int]) -> str:
        inside = "".join(f'<timept time="{t * f}s" value="{3600 + v * f}s" interp="linear"/>' for t, v in points)
        return (
            f'<asset-clip ref="r2" name="{name}" offset="{begin + offset}s" start="{10 * f}s" duration="{30 * f}s" srcEnable="video">'
            f"<timeMap>{inside}</timeMap></asset-clip>"
        )

    spine = (
        mapped(0 * f, "double", (0, 0), (100, 200))
        + mapped(30 * f, "back", (0, 300), (100, 200))
        + mapped(60 * f, "ramp", (0, 0), (25, 10), (100, 200))
    )
    read = read_timeline(_SPINE.format(spine=spine).encode())
    zero = Fraction(3600) / f
    double, back, ramp = placed(read)
    assert double == ("picture", 1, "double", 0, 30, zero + 20, zero + 80, 2)
    assert back == ("picture", 1, "back", 30, 60, zero + 260, zero + 290, -1)
    assert ramp[:5] == ("picture", 1, "ramp", 60, 90)
    *_, bent = flatten(read.timeline, 1 / f)
    assert (bent.host_only, (bent.source_low / f) - zero) == (None, 4)
    assert [bent.offsets[frame] for frame in (0, 15, 29)] == [0, 6, 41]  # frame 10 at the point, frame 10 + 190 · 14 / 75 at the end
    smooth = read_timeline(_SPINE.format(spine=spine.replace('interp="linear"', "")).encode())
    assert [each.host_only for each in flatten(smooth.timeline, 1 / f)] == [None, None, "its speed changes within the clip"]


def test_fcpxml_that_nests_itself_is_told_and_ends() -> None:
    text = _SPINE.format(spine='<ref-clip ref="r5" name="cc" offset="3603600/1000s" duration="1001/1000s"/>')
    text = text.replace('<asset-clip ref="r4" name="in nest"', '<ref-clip ref="r5" name="in nest"')
    read = read_timeline(text.encode())
    assert [each.host_only for each in flatten(read.timeline, Fraction(30000, 1001))] == ["it is nested within itself"]


def test_edl_events_by_hand() -> None:
    """Drop-frame: 00:00:59;29 is followed by 00:01:00;02."""
    text = """TITLE: My list
FCM: DROP FRAME

001  TAPE1    V     C        01:00:04;05 01:00:05;12 00:00:59;00 00:01:00;09
* FROM CLIP NAME: take_1.mov
002  TAPE2    V     C        00:00:10;00 00:00:12;00 00:01:00;09 00:01:01;09
M2   TAPE2       059.94                00:00:10;00
* FROM CLIP NAME: fast.mov
003  TAPE2    V     C        00:00:20;00 00:00:20;00 00:01:01;09 00:01:01;09
003  TAPE3    V     D    012 00:00:30;00 00:00:31;00 00:01:01;09 00:01:02;09
* FROM CLIP NAME: a.mov
* TO CLIP NAME: b.mov
004  VO       AA    C        00:00:00;00 00:00:01;00 00:01:00;09 00:01:01;09
* FROM CLIP NAME: vo.wav
005  BL       V     C        00:00:00;00 00:00:01;00 00:01:02;09 00:01:03;09
"""
    read = read_timeline(text.encode())
    rate = Fraction(30000, 1001)
    assert sequence_of(read.timeline).rate == rate
    first = 59 * 30  # record frame of 00:00:59;00 counted from the hour; 00:01:00;09 is 1770 + 37
    assert placed(read) == [
        # 01:00:04;05 is 107892 + 4 · 30 + 5 frames
        ("picture", 1, "take_1.mov", first, first + 37, 108_017, 108_054, 1),
        ("picture", 1, "fast.mov", first + 37, first + 67, 300, 360, 2),
        ("picture", 1, "b.mov", first + 67, first + 97, 900, 930, 1),
        ("sound", 1, "vo.wav", first + 37, first + 67, 0, 30, 1),
        ("sound", 2, "vo.wav", first + 37, first + 67, 0, 30, 1),
    ]
    assert [float(each.lead * rate) for each in flatten(read.timeline, rate)][:3] == [0, 0, 0]
    assert [float(each.tail * rate) for each in flatten(read.timeline, rate)][:3] == [0, 12, 0]


def test_edl_without_a_rate_asks_for_it() -> None:
    text = b"TITLE: x\n001  AX       V     C        00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n"
    with pytest.raises(UnreadableTimeline, match="does not say its rate"):
        read_timeline(text)
    assert placed(read_timeline(text, rate=Fraction(24)))[0][3:5] == (0, 24)


_FCP7 = """<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="4"><sequence id="s"><name>Seq</name>
<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>
<timecode><rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate><frame>107892</frame><displayformat>DF</displayformat></timecode>
<media><video><track>{items}</track></video></media></sequence></xmeml>"""
_FILE = """<file id="f1"><name>a.mov</name><pathurl>file://localhost/C%3a/Media/a%20b.mov</pathurl><rate><timebase>30</timebase><ntsc>TRUE</ntsc>
</rate><duration>1000</duration></file>"""
_RATE = "<rate><timebase>30</timebase><ntsc>TRUE</ntsc></rate>"
_REMAP = "<filter><effect><effectid>timeremap</effectid>{0}</effect></filter>"


def _parameter(name: str, value: str) -> str:
    return f"<parameter><parameterid>{name}</parameterid><value>{value}</value></parameter>"


def test_fcp7_by_hand_with_a_dissolve_and_file_references() -> None:
    items = f"""
    <clipitem id="c1"><name>one</name>{_RATE}<start>10</start><end>-1</end><in>100</in><out>160</out>{_FILE}</clipitem>
    <transitionitem>{_RATE}<start>60</start><end>70</end><alignment>center</alignment></transitionitem>
    <clipitem id="c2"><name>two</name>{_RATE}<start>-1</start><end>100</end><in>200</in><out>240</out><file id="f1"/></clipitem>
    <clipitem id="c3"><name>off</name><enabled>FALSE</enabled>{_RATE}
    <start>120</start><end>140</end><in>0</in><out>20</out><file id="f1"/></clipitem>
    """
    read = read_timeline(_FCP7.format(items=items).encode())
    # The cut lies in the middle of the dissolve, at 65: the first clip shows 100–155, the second from 200 + 5 on.
    assert placed(read) == [
        ("picture", 1, "one", 10, 65, 100, 155, 1),
        ("picture", 1, "two", 65, 100, 205, 240, 1),
        ("picture", 1, "off", 120, 140, 0, 20, 1),
    ]
    rate = Fraction(30000, 1001)
    one, two, off = flatten(read.timeline, rate)
    assert (one.tail * rate, two.lead * rate) == (5, 5)
    assert not off.enabled
    assert sequence_of(read.timeline).timecode(0) == "01:00:00;00"


@pytest.mark.parametrize(("first", "last"), [(50, 70), (100, 140)])
def test_fcp7_retime_counted_in_its_own_frames_or_the_files(first: int, last: int) -> None:
    """20 frames at 200 % from source frame 100: some programs write 50–70, some 100–140."""
    remap = _REMAP.format(_parameter("speed", "200") + _parameter("reverse", "FALSE"))
    item = f"<clipitem>{_RATE}<name>x</name><start>0</start><end>20</end><in>{first}</in><out>{last}</out>{_FILE}{remap}</clipitem>"
    assert placed(read_timeline(_FCP7.format(items=item).encode())) == [("picture", 1, "x", 0, 20, 100, 140, 2)]


def test_fcp7_ramps_are_for_the_editor() -> None:
    remap = _REMAP.format(_parameter("variablespeed", "1") + _parameter("speed", "100"))
    item = f"<clipitem>{_RATE}<name>x</name><start>0</start><end>20</end><in>0</in><out>20</out>{_FILE}{remap}</clipitem>"
    read = read_timeline(_FCP7.format(items=item).encode())
    assert [each.host_only for each in flatten(read.timeline, Fraction(30000, 1001))] == ["its speed changes within the clip"]


# --- round trips ---


def edited(rate: float) -> dict[str, Any]:
    a, b = external("/m/a b#.mov", times(0, 5000, rate)), external("C:\\m\\b.mov", times(0, 5000, rate))
    return timeline(
        track(
            "Video",
            "V1",
            clip("a", times(10, 48, rate), a),
            gap(12, rate),
            clip("b", times(450, 50, rate), b),
            transition(5, 6, rate),
            clip("c", times(200, 40, rate), a),
            clip("slow", times(20, 40, rate), b, effects=(warp(0.5),)),
            clip("back", times(100, 30, rate), b, effects=(warp(-2.0),)),
        ),
        track("Audio", "Dub", gap(4, rate), clip("s", times(7, 100, rate), external("/m/s.wav", times(0, 5000, rate)))),
        start=time(HOUR.get(rate, 3600 * round(rate)), rate),
    )


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("format", ["otio", "fcpxml", "fcp7"])
def test_written_and_read_again_every_clip_is_where_it_was(format: FormatName, rate: float) -> None:
    before = read_timeline(data(edited(rate)))
    text, notices = as_text(before.timeline, format)
    after = read_timeline(text.encode())
    assert after.format == format
    assert placed(after) == placed(before)
    assert sequence_of(after.timeline) == sequence_of(before.timeline)
    assert not notices
    leads = [[(each.lead, each.tail) for each in flatten(read.timeline, sequence_of(read.timeline).rate)] for read in (before, after)]
    assert leads[0] == leads[1]


@pytest.mark.parametrize("rate", RATES)
def test_edl_written_and_read_again_shows_the_same_pictures(rate: float) -> None:
    """Its dissolve begins at the cut, so clips beside one change their edges and nothing else."""
    before = read_timeline(data(edited(rate)))
    text, _ = as_text(before.timeline, "edl")
    after = read_timeline(text.encode(), rate=sequence_of(before.timeline).rate)
    was, now = placed(before), placed(after)
    assert [row[:3] for row in now] == [row[:3] for row in was]
    expected = {"b": (60, 105, 450, 495), "c": (105, 150, 195, 240)}  # cut 5 frames earlier, where the dissolve begins
    for old, new in zip(was, now, strict=True):
        assert tuple(map(float, new[3:7])) == pytest.approx(tuple(map(float, expected.get(old[2], old[3:7]))), abs=0.01)
    assert sequence_of(after.timeline) == sequence_of(before.timeline)


@pytest.mark.parametrize("rate", [25, 30000 / 1001])
def test_otios_own_adapters_read_ours_the_same_way(rate: float) -> None:
    """Their readers are independent of ours. They do not know retimes (FCP 7), and not 29.97 (EDL)."""
    document = edited(rate)
    document["tracks"]["children"][0]["children"][5:] = []  # the retimed ones
    before = read_timeline(data(document))
    pytest.importorskip("otio_fcp_adapter")
    theirs = otio.adapters.read_from_string(as_text(before.timeline, "fcp7")[0], adapter_name="fcp_xml")
    frame = sequence_of(before.timeline).rate
    assert [signature(each, frame) for each in flatten(theirs, frame)] == placed(before)
    if rate == 25:
        pytest.importorskip("otio_cmx3600_adapter")
        theirs = otio.adapters.read_from_string(as_text(before.timeline, "edl")[0], adapter_name="cmx_3600", rate=25)
        names = [(item.name, item.source_range.start_time.value) for item in theirs.tracks[0] if isinstance(item, otio.schema.Clip)]
        assert names == [("a", 10), ("b", 450), ("c", 195)]


def test_nests_are_opened_for_formats_without_them_and_said_so() -> None:
    inner = track("Video", "", clip("in", times(5, 20, 25), external("/m/a.mov", times(0, 100, 25))))
    document = timeline(track("Video", "V1", gap(10, 25), stack("nest", inner, source=times(5, 10, 25))), start=time(0, 25))
    text, notices = as_text(read_timeline(data(document)).timeline, "fcpxml")
    assert placed(read_timeline(text.encode())) == [("picture", 1, "in", 10, 20, 10, 20, 1)]
    assert notices == ["Nested sequences are opened: their clips stand directly on the timeline (1×: in (00:00:00:10))."]
    assert (known(notices[0]).code, known(notices[0]).params) == ("lost.nest-opened", {"count": "1", "clips": "in (00:00:00:10)"})


def test_aaf_is_written_and_read_again(tmp_path: Any) -> None:
    document = edited(25)
    written = write_timeline(read_timeline(data(document)).timeline, tmp_path / "x.aaf")
    assert "AAF is written experimentally" in written.notices[0]
    assert set(written.notices[1:]) == {"Left out of the AAF: 2 × effect or speed of a clip."}
    assert all(known(notice).code for notice in written.notices)
    again = read_timeline(tmp_path / "x.aaf")
    dissolves = [each for track in again.timeline.tracks for each in track if isinstance(each, otio.schema.Transition)]
    assert [(each.in_offset.value, each.out_offset.value) for each in dissolves] == [(5, 6)]
    assert [row[3:5] for row in placed(again)] == [(0, 48), (60, 110), (110, 150), (150, 190), (190, 220), (4, 104)]


def test_the_format_is_told_by_content() -> None:
    assert format_of(b"\xef\xbb\xbf  {\n") == "otio"
    assert format_of(b'<?xml version="1.0"?><!DOCTYPE xmeml><xmeml>') == "fcp7"
    assert format_of(b"<fcpxml version='1.8'>") == "fcpxml"
    assert format_of(b"TITLE: x\nFCM: NON-DROP FRAME\n") == "edl"
    assert format_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)) == "aaf"
    with pytest.raises(UnreadableTimeline, match="no timeline that is known"):
        format_of(b"hello")
