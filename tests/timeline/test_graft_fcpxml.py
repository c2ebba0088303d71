"""FCPXML goes out as it came in, with takes as choices of auditions or connected above. What is expected is worked out by hand."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, PublishMode, Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.fcpxml import FORMAT
from heygem_server.timeline.formats.reading import read_timeline

from .fcpxml_order import misplaced, repeated_ids
from .making import Files, sound, video
from .stripping import canonical, strip_fcpxml

HOUR = 3600  # s that the sequence's first frame is called
ZERO = 35910  # s that the media's first frame is called


def t(frames: int, base: int = 0) -> str:
    return f"{base * 25 + frames}/25s"


def document(media: str, voice: str, spine: str, version: str = "1.10") -> bytes:
    source = f'<media-rep kind="original-media" src="file://{media}"/>', f'<media-rep kind="original-media" src="file://{voice}"/>'
    attribute = "", ""
    if version < "1.9" and version != "1.10":
        source, attribute = ("", ""), (f' src="file://{media}"', f' src="file://{voice}"')
    text = f"""<?xml version="1.0" encoding='UTF-8' standalone="no"?>
<!DOCTYPE fcpxml>
<!-- exported -->
<fcpxml version="{version}">
    <resources>
        <format id="r1" frameDuration="1/25s" width="512" height="512"/>
        <asset id="r2" name="src" start="{ZERO}s" duration="10s" hasVideo="1" hasAudio="1" format="r1"{attribute[0]}>{source[0]}</asset>
        <asset id="r3" name="dub" start="0s" duration="100s" hasAudio="1" audioSources="1"{attribute[1]}>{source[1]}</asset>
        <media id="r4" name="nest"><sequence format="r1" duration="{t(40)}" tcStart="0s">
            <spine>
            <asset-clip ref="r2" name="n1" offset="0s" start="{t(40, ZERO)}" duration="{t(40)}" srcEnable="video"/>
            </spine></sequence></media>
        <effect id="r5" name="Title" uid="x"/>
    </resources>
    <library location="file:///l/"><event name="E"><project name="P &amp; Ü">
        <sequence format="r1" duration="{t(106)}" tcStart="{HOUR}s"><spine>
        {spine}
        </spine><note>seqnote</note><vendor:x xmlns:vendor="urn:x" a="1"/></sequence></project></event></library>
</fcpxml>
"""
    return text.encode()


def asset_clip(name: str, at: int, first: int, length: int, inside: str = "", more: str = "") -> str:
    place = f'offset="{t(at, HOUR)}" start="{t(first, ZERO)}" duration="{t(length)}"'
    return f'<asset-clip ref="r2" name="{name}" {place} {more}>{inside}</asset-clip>\n'


VOICE = '<asset-clip ref="r3" lane="-2" name="voice" offset="897760/25s" start="0s" duration="80s" audioRole="dialogue.dub"/>'
EVERYTHING = (
    "<note>hello</note>"
    '<adjust-transform scale="1.2 1.2"><param name="rotation"><keyframeAnimation><keyframe time="897765/25s" value="5"/>'
    "</keyframeAnimation></param></adjust-transform>"
    f'<title ref="r5" lane="1" name="T" offset="{t(12, ZERO)}" duration="8/25s"><text><text-style ref="ts1">A</text-style></text>'
    '<text-style-def id="ts1"><text-style font="Arial"/></text-style-def></title>'
    f'{VOICE}<marker start="{t(12, ZERO)}" duration="1/25s" value="m"/><keyword start="{t(10, ZERO)}" duration="1/25s" value="k"/>'
    '<filter-video ref="r5" name="look"/>'
)


@pytest.fixture
def media(files: Files) -> str:
    return files.add("src.mov", video(Fraction(25), 250, "09:58:30:00"))


@pytest.fixture
def voice(files: Files) -> str:
    return files.add("v.wav", sound(3000))


def rows_of(files: Files, data: bytes, handles: int = 0) -> dict[str, TimelineShot]:
    selection = Selection(speech_tracks=("dialogue.dub",), handles=handles)
    found = conform(read_timeline(data).timeline, selection, facts=files.facts).shots
    return {row.clip: row for row in found if row.needs_host_export is None}


def finished(row: TimelineShot, take: str, version: int = 1, start: str = "09:58:30:10") -> FinishedTake:
    assert row.shot, row.error or row.needs_host_export
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
        start_timecode=start,
    )


def grafted(data: bytes, *takes: FinishedTake, mode: PublishMode) -> tuple[bytes, list[str]]:
    assert FORMAT.graft is not None
    return FORMAT.graft(data, takes, mode, None)


def shown(data: bytes) -> list[tuple[Any, ...]]:
    """(track, name, file's name, start, end, source start from the file's first frame) of each picture, frames of the sequence."""
    found = []
    for each in flatten(read_timeline(data).timeline, Fraction(25)):
        reference = getattr(each.item, "media_reference", None)
        url = getattr(reference, "target_url", "") or ""
        if each.kind == "picture" and url:
            zero = reference.available_range.start_time.value / reference.available_range.start_time.rate
            place = (int(each.start * 25), int(each.end * 25), round((float(each.source_low) - zero) * 25))
            found.append((each.track, each.item.name, url.rsplit("/", 1)[-1], *place))
    return found


def places(data: bytes) -> list[tuple[Any, ...]]:
    return [(each.kind, each.item.name, each.start, each.end) for each in flatten(read_timeline(data).timeline, Fraction(25))]


SPINE = (
    asset_clip("c1", 0, 10, 20, EVERYTHING, 'audioRole="dialogue"')
    + f'<gap name="Gap" offset="{t(20, HOUR)}" start="3600s" duration="{t(6)}"><marker start="3600s" duration="1/25s" value="g"/></gap>'
    + asset_clip("c2", 26, 20, 20, more='srcEnable="video"')
    + f'<transition name="Cross Dissolve" offset="{t(42, HOUR)}" duration="{t(8)}"/>'
    + asset_clip("c3", 46, 60, 20, more='srcEnable="video"')
    + f'<!-- nest --><ref-clip ref="r4" name="nest" offset="{t(66, HOUR)}" start="{t(5)}" duration="{t(20)}" srcEnable="video"/>'
)


@pytest.mark.parametrize("mode", ["references", "track", "both"])
@pytest.mark.parametrize("handles", [0, 4])
def test_the_document_is_the_one_that_came_in_but_for_the_takes(
    files: Files, media: str, voice: str, mode: PublishMode, handles: int
) -> None:
    data = document(media, voice, SPINE)
    rows = rows_of(files, data, handles)
    assert list(rows) == ["c1", "c2", "c3", "n1"]
    out, _ = grafted(data, *(finished(row, f"t-{name}") for name, row in rows.items()), mode=mode)
    assert canonical(strip_fcpxml(out, "/takes")) == canonical(data)
    assert out.startswith(data[:60])
    assert misplaced(out) == []
    assert repeated_ids(out) == []


def test_a_take_is_the_choice_that_shows_with_all_that_is_connected(files: Files, media: str, voice: str) -> None:
    data = document(media, voice, SPINE)
    rows = rows_of(files, data, handles=4)
    out, notices = grafted(data, finished(rows["c1"], "t", start="09:58:30:06"), mode="references")
    assert notices == []
    assert shown(out)[0] == (1, "c1", "t.mov", 0, 20, 4)
    choice, original = ElementTree.fromstring(out).findall(".//audition/*")
    assert original.get("ref") == "r2"
    assert [each.tag for each in choice] == [
        "note", "adjust-transform", "title", "asset-clip", "asset-clip", "marker", "keyword", "filter-video", "metadata",
    ]  # fmt: skip
    assert choice.get("start") == "179552/5s"  # frame 10 of the media, as before
    own = choice[4]
    assert (own.get("ref"), own.get("lane"), own.get("srcEnable"), own.get("audioRole")) == ("r2", "-3", "audio", "dialogue")
    again = rows_of(files, out, handles=4)
    assert again["c1"].versions == ("t",)
    assert (again["c1"].key, again["c1"].shot) == (rows["c1"].key, rows["c1"].shot)
    assert grafted(out, finished(rows["c1"], "t"), mode="references")[0] == out
    second, _ = grafted(out, finished(again["c1"], "t2", 2, start="00:00:00:00"), mode="references")
    assert shown(second)[0][1:3] == ("c1", "t2.mov")
    assert sorted(set(places(second))) == sorted(set(places(out))), "what is connected stays where it was"
    assert canonical(strip_fcpxml(second, "/takes")) == canonical(data)


def test_an_audition_whose_takes_alone_have_what_is_connected_keeps_it(files: Files, media: str, voice: str) -> None:
    """As auditions were written before: the original beside the take has nothing connected."""
    files.add("t1.mov", video(Fraction(25), 20))
    marks = '<metadata><md key="com.heygem.take" value="t1"/><md key="com.heygem.id" value="host"/></metadata>'
    old = asset_clip("c1", 0, 10, 20, VOICE + marks, 'srcEnable="video"').replace('ref="r2"', 'ref="r9"')
    asset = (
        f'<asset id="r9" name="t1" start="{ZERO}s" duration="10s" hasVideo="1" format="r1"><media-rep src="file:///takes/t1.mov"/></asset>'
    )
    original = asset_clip("c1", 0, 10, 20, "", 'srcEnable="video"')
    spine = f'<audition offset="{t(0, HOUR)}">{old}{original}</audition>'
    data = document(media, voice, spine).replace(b"</resources>", asset.encode() + b"</resources>")
    out, _ = grafted(data, finished(rows_of(files, data)["c1"], "t2", 2, start="00:00:00:00"), mode="references")
    assert shown(out)[0][1:3] == ("c1", "t2.mov")
    assert rows_of(files, out)["c1"].versions == ("t2", "t1")
    assert places(out) == places(data)


def test_what_is_connected_moves_with_a_take_whose_time_begins_elsewhere(files: Files, media: str, voice: str) -> None:
    """The take is called 00:00:00:00 at its first frame: what lay 2 frames into the clip lies at frame 2 of the take."""
    data = document(media, voice, SPINE)
    out, _ = grafted(data, finished(rows_of(files, data)["c1"], "t", start="00:00:00:00"), mode="references")
    choice = ElementTree.fromstring(out).findall(".//audition/*")[0]
    assert (choice.get("start"), choice.find("title").get("offset"), choice.find("marker").get("start")) == ("0s", "2/25s", "2/25s")  # type: ignore[union-attr]
    assert choice.find("adjust-transform//keyframe").get("time") == "1/5s"  # type: ignore[union-attr]
    assert set(places(data)) == set(places(out)), "nothing else moved"


def test_takes_above_lie_on_a_lane_of_their_own_at_their_place(files: Files, media: str, voice: str) -> None:
    data = document(media, voice, SPINE)
    rows = rows_of(files, data, handles=4)
    takes = [finished(rows[name], f"t-{name}", start="09:58:30:06") for name in ("c1", "n1")]
    out, _ = grafted(data, *takes, mode="track")
    above = [each for each in shown(out) if each[2].startswith("t-")]
    assert above == [(3, "c1", "t-c1.mov", 0, 20, 4), (3, "n1", "t-n1.mov", 66, 86, 4)]
    second = rows_of(files, out, handles=4)
    assert second["c1"].versions == ("t-c1",)
    twice, _ = grafted(out, finished(second["c1"], "two", 2), mode="track")
    assert [each[:3] for each in shown(twice) if each[2] == "two.mov"] == [(4, "c1", "two.mov")]
    assert canonical(strip_fcpxml(twice, "/takes")) == canonical(data)


def test_beside_a_dissolve_the_take_is_a_choice_and_connected_things_are_on_all_choices(files: Files, media: str, voice: str) -> None:
    data = document(media, voice, SPINE)
    rows = rows_of(files, data)
    out, notices = grafted(data, finished(rows["c2"], "t"), mode="track")
    assert len(notices) == 1
    spine = ElementTree.fromstring(out).find(".//project/sequence/spine")
    assert spine is not None
    assert [each.tag for each in spine] == ["asset-clip", "gap", "audition", "transition", "asset-clip", "ref-clip"]


def test_a_clip_in_a_clip_and_versions_without_asset_clips(files: Files, media: str, voice: str) -> None:
    """A `clip` holds picture and sound: the take is the same with another picture. Before FCPXML 1.6 files are named by `src`."""
    sound_inside = f'<audio ref="r2" lane="-1" offset="{ZERO}s" duration="10s"/>'
    inside = f'<video ref="r2" offset="{ZERO}s" start="{ZERO}s" duration="10s">{sound_inside}</video>'
    voice_clip = '<audio ref="r3" lane="-2" name="voice" offset="897760/25s" duration="80s" role="dialogue.dub"/>'
    spine = (
        f'<clip name="c1" offset="{t(0, HOUR)}" start="{t(10, ZERO)}" duration="{t(20)}"><note>n</note>{inside}{voice_clip}</clip>'
        f'<video ref="r2" name="c2" offset="{t(20, HOUR)}" start="{t(50, ZERO)}" duration="{t(20)}"><note>own</note></video>'
    )
    data = document(media, voice, spine, version="1.5")
    rows = rows_of(files, data, handles=2)
    takes = [finished(rows[name], f"t-{name}", start="00:00:00:00") for name in ("c1", "c2")]
    out, _ = grafted(data, *takes, mode="both")
    assert canonical(strip_fcpxml(out, "/takes")) == canonical(data)
    above = [each for each in shown(out) if each[2].startswith("t-")]
    assert [each[2:] for each in above] == [("t-c1.mov", 0, 20, 2), ("t-c2.mov", 20, 40, 2)]
    active, _ = grafted(data, *takes, mode="references")
    assert [each[1:] for each in shown(active)] == [("c1", "t-c1.mov", 0, 20, 2), ("c2", "t-c2.mov", 20, 40, 2)]
    assert [each for each in places(active) if each[0] == "sound"] == [each for each in places(data) if each[0] == "sound"]
    assert canonical(strip_fcpxml(active, "/takes")) == canonical(data)
    assert misplaced(out) == misplaced(active) == []
    assert rows_of(files, active, handles=2)["c2"].versions == ("t-c2",)


def test_a_nest_that_is_used_twice_is_not_changed(files: Files, media: str, voice: str) -> None:
    spine = asset_clip("c1", 0, 10, 20, VOICE) + "".join(
        f'<ref-clip ref="r4" name="nest" offset="{t(at, HOUR)}" start="{t(5)}" duration="{t(20)}" srcEnable="video"/>' for at in (20, 40)
    )
    data = document(media, voice, spine)
    read = read_timeline(data).timeline
    rows = [row for row in conform(read, Selection(speech_tracks=("dialogue.dub",)), facts=files.facts).shots if row.clip == "n1"]
    out, _ = grafted(data, *(finished(row, f"t{number}") for number, row in enumerate(rows)), mode="references")
    assert len(rows) == 2
    assert None not in [row.not_a_reference for row in rows], "a take in the place of its clip would show at both places"
    assert "audition" not in out.decode()
    assert [each[2:5] for each in shown(out) if each[2].startswith("t")] == [("t0.mov", 20, 40), ("t1.mov", 40, 60)]


def inner(tag: str, name: str, at: int, first: int, length: int, inside: str = "", lane: int = 1) -> str:
    """A clip that is connected to one whose own time begins at ZERO + 10 frames."""
    place = f'offset="{t(10 + at, ZERO)}" start="{t(first, ZERO)}" duration="{t(length)}"'
    return f'<{tag} ref="r2" lane="{lane}" name="{name}" {place} srcEnable="video">{inside}</{tag}>'


@pytest.mark.parametrize("mode", ["references", "track", "both"])
@pytest.mark.parametrize("white", ["", "\n   "])
def test_takes_of_a_clip_and_of_those_connected_to_it_all_stand_where_their_clips_do(
    files: Files, media: str, voice: str, mode: PublishMode, white: str
) -> None:
    """Whatever choice of the outer clip shows, what is connected to it shows its own take; no white space between the tags is needed."""
    deep = inner("asset-clip", "deep", 12, 120, 10).replace(t(22, ZERO), t(82, ZERO))  # counts in the time of what it is connected to
    connected = inner("asset-clip", "over", 10, 80, 30, white + deep + white)
    line = f'<spine lane="2" offset="{t(50, ZERO)}">{asset_clip("in line", -3600 * 25, 150, 10).strip()}</spine>'
    spine = asset_clip("under", 0, 10, 60, white + connected + white + line + white + VOICE + white) + asset_clip("next", 60, 70, 40)
    data = document(media, voice, spine)
    rows = rows_of(files, data)
    expected = {"under": (0, 60), "over": (10, 40), "deep": (12, 22), "in line": (40, 50), "next": (60, 100)}
    places = {name: (row.placement.record_start, row.placement.record_start + row.placement.record_duration) for name, row in rows.items()}
    assert places == expected
    out, notices = grafted(data, *(finished(row, name.replace(" ", "-")) for name, row in rows.items()), mode=mode)
    assert notices == []
    assert canonical(strip_fcpxml(out, "/takes")) == canonical(data)
    assert (misplaced(out), repeated_ids(out)) == (misplaced(data), [])
    shown: dict[str, set[tuple[int, int]]] = {}
    for each in flatten(read_timeline(out).timeline, Fraction(25)):
        if each.kind == "picture":
            urls = [getattr(reference, "target_url", "") for reference in each.item.media_references().values()]
            active = getattr(each.item.media_reference, "target_url", "")
            for url in urls if mode == "both" else [active]:
                if "/takes/" in url:
                    shown.setdefault(url.rpartition("/")[2].removesuffix(".mov").replace("-", " "), set()).add(
                        (int(each.start * 25), int(each.end * 25))
                    )
    assert shown == {name: {place} for name, place in expected.items()}
