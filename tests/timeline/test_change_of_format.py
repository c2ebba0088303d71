"""From one format into another: what both can say is there, what one cannot is counted and named."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from typing import Any

import pytest

from heygem_core.messages import known
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS, FormatName
from heygem_server.timeline.formats.writing import as_bytes, as_text

from .fcpxml_order import misplaced, repeated_ids
from .making import clip, data, effect, external, gap, time, timeline, times, track, warp

RATE = "<rate><timebase>25</timebase><ntsc>FALSE</ntsc></rate>"


def marker(name: str, start: float, duration: float, comment: str = "") -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": name,
        "marked_range": times(start, duration, 25),
        "color": "RED",
        "comment": comment,
        "metadata": {},
    }


def resolve_effect(name: str, **values: float) -> dict[str, Any]:
    parameters = [{"Parameter ID": key, "Parameter Value": value, "Default Parameter Value": 1.0} for key, value in values.items()]
    return effect(
        "Effect.1",
        effect_name="Resolve Effect",
        metadata={"Resolve_OTIO": {"Effect Name": name, "Enabled": True, "Parameters": parameters}},
    )


def from_otio() -> Any:
    media = external("/m/a.mov", times(897_750, 250, 25))
    looks = (resolve_effect("Transform", transformationZoomX=1.2, transformationZoomY=1.2), resolve_effect("Composite", opacity=50.0))
    document = timeline(
        track(
            "Video",
            "V1",
            clip("c1", times(897_760, 20, 25), media, effects=looks, markers=[marker("m1", 897_762, 3, "look")]),
            gap(6, 25),
            clip(
                "c2",
                times(897_800, 20, 25),
                media,
                effects=(warp(2.0), resolve_effect("Blur", radius=5.0)),
                markers=[marker("m2", 897_810, 2)],
            ),
        ),
        start=time(90_000, 25),
    )
    document["tracks"]["markers"] = [marker("review", 22, 4)]
    return read_timeline(data(document)).timeline


def from_fcp7() -> Any:
    def filtered(name: str, key: str, parameter: str, value: str) -> str:
        inside = f"<parameter><parameterid>{parameter}</parameterid><value>{value}</value></parameter>"
        return f"<filter><effect><name>{name}</name><effectid>{key}</effectid>{inside}</effect></filter>"

    looks = filtered("Basic Motion", "basic", "scale", "120") + filtered("Opacity", "opacity", "opacity", "50")
    timecode = f"<timecode>{RATE}<frame>897750</frame><displayformat>NDF</displayformat></timecode>"
    file = f'<file id="f"><name>a.mov</name><pathurl>file:///m/a.mov</pathurl>{RATE}<duration>250</duration>{timecode}</file>'
    slow = filtered("Time Remap", "timeremap", "speed", "200")
    text = f"""<?xml version="1.0"?><!DOCTYPE xmeml><xmeml version="4"><sequence id="s"><name>Cut</name>{RATE}
    <timecode>{RATE}<frame>90000</frame></timecode><media><video><format><samplecharacteristics><width>512</width><height>256</height>
    </samplecharacteristics></format><track>
    <clipitem id="1"><name>c1</name>{RATE}<start>0</start><end>20</end><in>10</in><out>30</out>{file}{looks}
    <marker><name>m1</name><comment>look</comment><in>12</in><out>15</out></marker><logginginfo><lognote>hello</lognote></logginginfo>
    <labels><label2>Iris</label2></labels></clipitem>
    <clipitem id="2"><name>c2</name>{RATE}<start>26</start><end>46</end><in>25</in><out>45</out><file id="f"/>{slow}
    {filtered("Blur", "blur", "radius", "5")}<marker><name>m2</name><in>30</in><out>31</out></marker></clipitem>
    </track></video></media><marker><name>review</name><comment/><in>22</in><out>26</out></marker></sequence></xmeml>"""
    return read_timeline(text.encode()).timeline


def from_fcpxml() -> Any:
    text = """<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources>
    <format id="r1" frameDuration="1/25s" width="512" height="256"/><effect id="r3" name="Blur"/>
    <asset id="r2" name="a" start="35910s" duration="10s" hasVideo="1" format="r1"><media-rep src="file:///m/a.mov"/></asset></resources>
    <library><event><project name="Cut"><sequence format="r1" duration="46/25s" tcStart="3600s"><spine>
    <asset-clip ref="r2" name="c1" offset="3600s" start="897760/25s" duration="20/25s"><note>hello</note><adjust-transform scale="1.2 1.2"/>
    <adjust-blend amount="0.5"/><marker start="897762/25s" duration="3/25s" value="m1" note="look"/></asset-clip>
    <gap offset="90020/25s" start="3600s" duration="6/25s"><marker start="90002/25s" duration="4/25s" value="review"/></gap>
    <asset-clip ref="r2" name="c2" offset="90026/25s" start="0s" duration="20/25s">
    <timeMap><timept time="0s" value="897800/25s"/><timept time="1s" value="897850/25s"/></timeMap>
    <marker start="5/25s" duration="1/25s" value="m2"/><filter-video ref="r3"/></asset-clip></spine></sequence></project></event>
    </library></fcpxml>"""
    return read_timeline(text.encode()).timeline


SOURCES = {"otio": from_otio, "fcp7": from_fcp7, "fcpxml": from_fcpxml}


def codes(notices: list[str]) -> dict[str, str]:
    return {known(each).code or "": known(each).params.get("clips", "") for each in notices}


@pytest.mark.parametrize("source", SOURCES)
def test_markers_sizes_opacities_and_notes_go_into_fcpxml(source: str) -> None:
    text, notices = as_text(SOURCES[source](), "fcpxml")
    root = ElementTree.fromstring(text)
    assert misplaced(text.encode()) == []
    assert repeated_ids(text.encode()) == []
    first, hole, second = root.findall(".//spine/*")
    assert (first.find("adjust-transform").get("scale"), first.find("adjust-blend").get("amount")) == ("1.2 1.2", "0.5")  # type: ignore[union-attr]
    marks = [
        [(each.get("value"), Fraction(str(each.get("start"))[:-1]), each.get("note")) for each in element.findall("marker")]
        for element in (first, hole, second)
    ]
    into = Fraction(str(second.get("start"))[:-1]) + Fraction(5, 25)  # 10 frames of the file at double speed
    assert marks == [[("m1", Fraction(897_762, 25), "look")], [("review", 3600 + Fraction(2, 25), None)], [("m2", into, None)]]
    before = [] if source == "otio" else ["note"]
    assert [each.tag for each in first][: len(before) + 3] == [*before, "adjust-transform", "adjust-blend", "marker"]
    assert codes(notices) == {"lost.effect": "c2 (01:00:01:01, Blur)"} | ({"lost.label": "c1 (01:00:00:00)"} if source == "fcp7" else {})
    if source != "otio":
        assert root.find("resources/format").get("width") == "512"  # type: ignore[union-attr]


@pytest.mark.parametrize("source", SOURCES)
def test_markers_sizes_opacities_and_notes_go_into_fcp7(source: str) -> None:
    text, notices = as_text(SOURCES[source](), "fcp7")
    root = ElementTree.fromstring(text)
    first, second = root.iter("clipitem")
    values = {each.findtext("effectid"): each.findtext("parameter/value") for each in first.iterfind("filter/effect")}
    assert values == {"basic": "120", "opacity": "50"}
    assert [first.findtext(f"marker/{name}") for name in ("name", "comment", "in", "out")] == ["m1", "look", "12", "15"]
    own = int(second.findtext("in") or 0)
    assert int(second.findtext("marker/in") or 0) == own + 5
    assert [root.findtext(f"sequence/marker/{name}") for name in ("name", "in", "out")] == ["review", "22", "26"]
    assert first.findtext("file/timecode/string") == "09:58:30:00"
    assert root.find("sequence/media/video/format") is not None
    assert root.findtext("sequence/media/video/format/samplecharacteristics/width") == (None if source == "otio" else "512")
    assert first.findtext("labels/label2") == ("Iris" if source == "fcp7" else None)
    assert codes(notices) == {"lost.effect": "c2 (01:00:01:01, Blur)"}


@pytest.mark.parametrize("source", SOURCES)
def test_an_edit_list_names_all_that_it_cannot_say(source: str) -> None:
    notices = codes(as_text(SOURCES[source](), "edl")[1])
    assert notices["lost.marker"] == "c1 (01:00:00:00, m1), c2 (01:00:01:01, m2), Cut (01:00:00:22, review)"
    assert notices["lost.effect"] == "c2 (01:00:01:01, Blur)"
    assert notices["lost.transform"] == notices["lost.opacity"] == "c1 (01:00:00:00)"


@pytest.mark.parametrize("source", SOURCES)
def test_aaf_names_all_that_it_cannot_say(source: str) -> None:
    notices = codes(as_bytes(SOURCES[source](), FORMATS.get("aaf"))[1])
    assert notices["lost.marker"] == "c1 (01:00:00:00, m1), c2 (01:00:01:01, m2), Cut (01:00:00:22, review)"
    assert notices.get("lost.note") == (None if source == "otio" else "c1 (01:00:00:00)")
    assert notices.get("lost.label") == ("c1 (01:00:00:00)" if source == "fcp7" else None)
    assert "aaf.no-effect" in notices


@pytest.mark.parametrize("source", ["fcp7", "fcpxml"])
def test_markers_and_looks_are_there_in_opentimelineio(source: str) -> None:
    timeline = json.loads(as_text(SOURCES[source](), "otio")[0])
    c1 = next(each for each in timeline["tracks"]["children"][0]["children"] if each["name"] == "c1")
    assert [(each["name"], each["marked_range"]["start_time"]["value"], each["comment"]) for each in c1["markers"]] == [
        ("m1", 897_762, "look")
    ]
    assert [each["name"] for each in timeline["tracks"]["markers"]] == ["review"]
    assert [each["effect_name"] for each in c1["effects"]] == ["Transform", "Opacity"]


@pytest.mark.parametrize("format", ["fcpxml", "fcp7"])
def test_many_losses_are_counted_and_the_first_are_named(format: FormatName) -> None:
    blurred = [clip(f"c{n}", times(0, 1, 25), external("/m/a.mov"), effects=(effect("Effect.1", effect_name="Blur"),)) for n in range(50)]
    (notice,) = as_text(read_timeline(data(timeline(track("Video", "V1", *blurred), start=time(0, 25)))).timeline, format)[1]
    assert known(notice).params["count"] == "50"
    assert notice.endswith("c29 (00:00:01:04, Blur), and 20 more).")


def moved_fcpxml(size: str = 'width="512" height="256"', more: str = "") -> bytes:
    """Moved to the right by a quarter of the frame's height and up by a tenth, turned against the clock."""
    return f"""<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources>
    <format id="r1" frameDuration="1/25s" width="512" height="256"/><format id="r4" frameDuration="1/25s" {size}/>
    <asset id="r2" name="a" start="0s" duration="10s" hasVideo="1" format="r4"><media-rep src="file:///m/a.mov"/></asset></resources>
    <library><event><project name="Cut"><sequence format="r1" duration="20/25s" tcStart="3600s"><spine>
    <asset-clip ref="r2" name="c1" offset="3600s" start="1s" duration="20/25s"><adjust-transform position="25 10" rotation="30"{more}/>
    </asset-clip></spine></sequence></project></event></library></fcpxml>""".encode()


def test_position_and_rotation_go_there_and_back() -> None:
    """Final Cut 7 counts across and down in widths and heights of the picture, and turns with the clock."""
    text, notices = as_text(read_timeline(moved_fcpxml()).timeline, "fcp7")
    assert notices == []
    (motion,) = [each for each in ElementTree.fromstring(text).iter("effect") if each.findtext("effectid") == "basic"]
    parameters = {each.findtext("parameterid"): each for each in motion.iter("parameter")}
    center = [float(parameters["center"].findtext(f"value/{side}") or 0) for side in ("horiz", "vert")]
    assert (center, parameters["rotation"].findtext("value")) == ([0.125, -0.1], "-30")
    back, notices = as_text(read_timeline(text.encode()).timeline, "fcpxml")
    assert notices == []
    (transform,) = ElementTree.fromstring(back).iter("adjust-transform")
    assert transform.attrib == {"position": "25 10", "rotation": "30"}
    plain = json.loads(as_text(read_timeline(moved_fcpxml()).timeline, "otio")[0])
    assert [each["effect_name"] for each in plain["tracks"]["children"][0]["children"][0]["effects"]] == ["Transform"]


def test_what_cannot_be_moved_alike_is_named() -> None:
    """Of a picture of another size than the frame programs do not agree how far it is moved; an anchor is Final Cut's own."""
    said = codes(as_text(read_timeline(moved_fcpxml('width="1024" height="512"')).timeline, "fcp7")[1])
    assert said == {"lost.transform": "c1 (01:00:00:00)"}
    said = codes(as_text(read_timeline(moved_fcpxml(more=' anchor="3 0"')).timeline, "fcp7")[1])
    assert said == {"lost.effect": "c1 (01:00:00:00, Transform)"}
    said = codes(as_text(read_timeline(moved_fcpxml()).timeline, "edl")[1])
    assert said == {"lost.transform": "c1 (01:00:00:00)"}
    text = as_text(read_timeline(moved_fcpxml()).timeline, "fcp7")[0].replace("<width>512</width>", "<width>480</width>", 1)
    assert codes(as_text(read_timeline(text.encode()).timeline, "fcpxml")[1]) == {"lost.effect": "c1 (01:00:00:00, Basic Motion)"}
