"""Final Cut Pro 7 XML goes out as it came in, with takes on tracks above. What is expected is worked out by hand."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from heygem_server.timeline.__main__ import run
from heygem_server.timeline.child_specs import PublishSpec
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, PublishMode, Selection, TimelineShot
from heygem_server.timeline.formats.fcp7 import FORMAT
from heygem_server.timeline.formats.reading import read_timeline

from .making import Files, sound, video
from .stripping import canonical, strip_fcp7

_RATE = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"
_MOTION = (
    "<filter><enabled>TRUE</enabled><start>-1</start><end>-1</end><effect><name>Basic Motion</name><effectid>basic</effectid>"
    "<effecttype>motion</effecttype><parameter><parameterid>scale</parameterid><name>Scale</name><value>120</value>"
    "<keyframe><when>10</when><value>100</value></keyframe><keyframe><when>30</when><value>120</value></keyframe></parameter></effect></filter>"
)
_SLOW = (
    "<filter><effect><name>Time Remap</name><effectid>timeremap</effectid><parameter><parameterid>variablespeed</parameterid>"
    "<value>0</value></parameter><parameter><parameterid>speed</parameterid><value>50</value></parameter></effect></filter>"
)


def clipitem(number: int, start: int, end: int, first: int, last: int, more: str = "", file: str = '<file id="f1"/>') -> str:
    return (
        f'<clipitem id="clipitem-{number}"><masterclipid>m1</masterclipid><name>c{number}</name><enabled>TRUE</enabled>'
        f"<duration>250</duration>{_RATE}<start>{start}</start><end>{end}</end><in>{first}</in><out>{last}</out>{file}{more}</clipitem>\n\t\t"
    )


def dissolve(start: int, end: int, alignment: str) -> str:
    return (
        f"<transitionitem>{_RATE}<start>{start}</start><end>{end}</end><alignment>{alignment}</alignment><effect>"
        "<name>Cross Dissolve</name><effectid>Cross Dissolve</effectid>"
        "<effecttype>transition</effecttype><wipecode>0</wipecode></effect></transitionitem>"
    )


def document(media: str, voice: str, items: str) -> bytes:
    file = (
        f'<file id="f1"><name>src.mov</name><pathurl>file://localhost{media}</pathurl>{_RATE}<duration>250</duration><timecode>{_RATE}'
        "<string>09:58:30:00</string><frame>897750</frame><displayformat>NDF</displayformat><reel><name>A001</name></reel></timecode>"
        "<media><video><samplecharacteristics><width>512</width><height>256</height></samplecharacteristics></video><audio/></media></file>"
    )
    text = f"""<?xml version='1.0' encoding="UTF-8"?>
<!DOCTYPE xmeml>
<!-- exported -->
<xmeml version="4">
<sequence id="s1" MZ.Sequence.PreviewFrameSizeHeight="256"><uuid>abc</uuid><name>Ü &amp; all</name><duration>200</duration>{_RATE}
<timecode>{_RATE}<string>01:00:00:00</string><frame>90000</frame><displayformat>NDF</displayformat></timecode>
<media>
	<video><format><samplecharacteristics>{_RATE}<width>512</width><height>256</height></samplecharacteristics></format>
	<track MZ.TrackName="V1">
		{items.replace('<file id="f1"/>', file, 1)}<enabled>TRUE</enabled><locked>FALSE</locked></track>
	<track><!-- titles --><generatoritem id="g1"><name>Title</name>{_RATE}<start>5</start><end>9</end><in>0</in><out>4</out>
		<effect><name>Text</name><effectid>Text</effectid><effecttype>generator</effecttype></effect></generatoritem></track>
	<vendor:thing xmlns:vendor="urn:x" a='1'>kept</vendor:thing></video>
	<audio><track><clipitem id="a1"><name>voice</name>{_RATE}<start>0</start><end>200</end><in>0</in><out>200</out>
	<file id="f2"><name>v.wav</name><pathurl>file://localhost{voice}</pathurl>{_RATE}<duration>2500</duration><media><audio/></media></file></clipitem></track></audio>
</media>
<marker><name>review</name><comment>c</comment><in>3</in><out>13</out></marker>
<labels><label2>Iris</label2></labels>
</sequence>
</xmeml>
<!-- end -->
"""
    return text.encode()


@pytest.fixture
def media(files: Files) -> str:
    return files.add("src.mov", video(Fraction(25), 250, "09:58:30:00"))


@pytest.fixture
def voice(files: Files) -> str:
    return files.add("v.wav", sound(3000))


def rows_of(files: Files, data: bytes, handles: int = 0) -> dict[str, TimelineShot]:
    selection = Selection(speech_tracks=("A1",), tracks=("V1",), handles=handles)
    found = conform(read_timeline(data).timeline, selection, facts=files.facts).shots
    return {row.clip: row for row in found}


def finished(row: TimelineShot, take: str, version: int = 1, **more: Any) -> FinishedTake:
    assert row.shot, row.error
    assert row.take_rate
    assert row.take_seconds
    return FinishedTake(
        shot=row,
        path=f"/takes/{take}.mov",
        take=take,
        job="j",
        version=version,
        frames=int(row.take_seconds * row.take_rate),
        rate=row.take_rate,
        start_timecode="09:58:30:06",
        **more,
    )


def grafted(data: bytes, *takes: FinishedTake, mode: PublishMode = "track") -> tuple[bytes, list[str]]:
    assert FORMAT.graft is not None
    return FORMAT.graft(data, takes, mode, None)


def above(data: bytes, name: str = "HeyGem") -> list[list[tuple[Any, ...]]]:
    """(tag, name of its file, start, end, in, out) of what stands on our tracks."""
    root = ElementTree.fromstring(data)
    files = {each.get("id"): each.findtext("name") for each in root.iter("file") if len(each)}

    def row(item: ElementTree.Element) -> tuple[Any, ...]:
        if item.tag == "transitionitem":
            return ("transition", *(int(item.findtext(each) or 0) for each in ("start", "end")))
        file = item.find("file")
        assert file is not None
        return (files[file.get("id")], *(int(item.findtext(each) or 0) for each in ("start", "end", "in", "out")))

    tracks = root.findall("sequence/media/video/track")
    return [[row(each) for each in track if each.tag.endswith("item")] for track in tracks if track.get("MZ.TrackName") == name]


@pytest.mark.parametrize("mode", ["references", "track", "both"])
def test_the_document_is_the_one_that_came_in_but_for_the_takes(files: Files, media: str, voice: str, mode: PublishMode) -> None:
    items = (
        clipitem(
            1, 0, 20, 10, 30, f"{_MOTION}<marker><name>m</name><in>12</in><out>-1</out></marker><labels><label2>Rose</label2></labels>"
        )
        + clipitem(2, 26, -1, 20, 44)
        + dissolve(42, 50, "center")
        + clipitem(3, -1, 66, 56, 80)
        + clipitem(4, 66, 86, 60, 80, _SLOW)
    )
    data = document(media, voice, items)
    rows = rows_of(files, data)
    out, notices = grafted(data, *(finished(row, f"t{name}") for name, row in rows.items()), mode=mode)
    assert out.startswith(data[: data.index(b"<vendor")].rstrip()), "what stands before is the same to the byte"
    assert canonical(strip_fcp7(out, "/takes")) == canonical(data)
    assert bool(notices) == (mode != "track")
    (track,) = above(out)
    assert track == [
        ("tc1.mov", 0, 20, 0, 20),
        ("tc2.mov", 26, -1, 0, 24),
        ("transition", 42, 50),
        ("tc3.mov", -1, 66, 0, 24),
        ("tc4.mov", 66, 86, 0, 20),
    ]
    take = next(each for each in ElementTree.fromstring(out).iter("clipitem") if each.findtext("name") == "tc1.mov")
    assert take.findtext("labels/label2") == "Rose"
    assert [each.text for each in take.iterfind("filter/effect/parameter/keyframe/when")] == ["0", "20"]
    assert [take.findtext(f"file/timecode/{each}") for each in ("string", "frame", "displayformat")] == ["09:58:30:06", "897756", "NDF"]
    assert take.findtext("file/media/video/samplecharacteristics/width") == "512"
    assert not take.findall("link")
    ids = [each.get("id") for each in ElementTree.fromstring(out).iter("clipitem")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("alignment", "span", "expected"),
    [
        ("center", (36, 44), [("t.mov", 0, -1, 0, 44), ("transition", 36, 44), ("src.mov", -1, 44, 56, 64)]),
        ("start", (40, 48), [("t.mov", 0, -1, 0, 48), ("transition", 40, 48), ("src.mov", -1, 48, 60, 68)]),
        ("end", (32, 40), [("t.mov", 0, -1, 0, 40), ("transition", 32, 40), ("src.mov", -1, 40, 52, 60)]),
    ],
)
def test_a_dissolve_of_any_alignment_is_seen_from_the_take(
    files: Files, media: str, voice: str, alignment: str, span: tuple[int, int], expected: list[Any]
) -> None:
    """The cut lies at 40; the clip behind it shows frame 60 there."""
    start, end = span
    items = clipitem(1, 0, -1, 10, 10 + end) + dissolve(start, end, alignment) + clipitem(2, -1, 80, 60 - (40 - start), 100)
    data = document(media, voice, items)
    rows = rows_of(files, data, handles=8)
    row = rows["c1"]
    take = finished(row, "t")
    out, _ = grafted(data, take)
    (track,) = above(out)
    begins = row.handles_before
    shifted = [(name, s, e, *(each + begins if name == "t.mov" else each for each in rest)) for name, s, e, *rest in expected]
    assert track == shifted
    assert canonical(strip_fcp7(out, "/takes")) == canonical(data)


def test_versions_lie_over_one_another_and_publishing_again_changes_nothing(files: Files, media: str, voice: str) -> None:
    data = document(media, voice, clipitem(1, 0, 20, 10, 30) + clipitem(2, 20, 60, 60, 100))
    rows = rows_of(files, data)
    once, _ = grafted(data, finished(rows["c1"], "one"))
    assert grafted(once, finished(rows["c1"], "one"))[0] == once
    again = rows_of(files, once)
    assert again["c1"].versions == ("one",)
    assert (again["c1"].key, again["c1"].shot) == (rows["c1"].key, rows["c1"].shot)
    twice, _ = grafted(once, finished(again["c1"], "two", 2), finished(again["c2"], "three"))
    assert above(twice) == [[("one.mov", 0, 20, 0, 20), ("three.mov", 20, 60, 0, 40)], [("two.mov", 0, 20, 0, 20)]]
    assert canonical(strip_fcp7(twice, "/takes")) == canonical(data)


def test_a_document_in_another_encoding_stays_in_it(files: Files, media: str, voice: str) -> None:
    text = document(media, voice, clipitem(1, 0, 20, 10, 30)).decode()
    for encoding in ("UTF-16", "ISO-8859-1"):
        data = text.replace("UTF-8", encoding).encode(encoding)
        out, _ = grafted(data, finished(rows_of(files, data)["c1"], "t"))
        assert out[:60] == data[:60]
        assert canonical(strip_fcp7(out, "/takes")) == canonical(data)


def test_the_child_grafts_where_the_format_stays(files: Files, media: str, voice: str, tmp_path: Path) -> None:
    data = document(media, voice, clipitem(1, 0, 20, 10, 30))
    source, output = tmp_path / "in.xml", tmp_path / "out.xml"
    source.write_bytes(data)
    run(PublishSpec(source=str(source), takes=(finished(rows_of(files, data)["c1"], "t"),), output=str(output), mode="track"))
    assert canonical(strip_fcp7(output.read_bytes(), "/takes")) == canonical(data)


def test_another_program_reads_the_takes_where_they_are(files: Files, media: str, voice: str) -> None:
    """OTIO's own adapter, which nobody here wrote."""
    data = document(media, voice, clipitem(1, 0, 20, 10, 30) + clipitem(2, 20, 60, 60, 100))
    rows = rows_of(files, data, handles=4)
    out, _ = grafted(data, finished(rows["c2"], "t"))
    read = otio.adapters.read_from_string(out.decode(), "fcp_xml")
    (clip,) = [each for each in read.find_clips() if each.name == "t.mov"]
    place = clip.range_in_parent()
    assert (place.start_time.value, place.duration.value) == (20, 40)
    assert clip.source_range.start_time.value - clip.available_range().start_time.value == 4
