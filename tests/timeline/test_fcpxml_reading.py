"""What FCPXML says in less usual words: formats by name, assets without marks, split edits, sound of nests and multicams."""

from __future__ import annotations

from fractions import Fraction

import pytest

from heygem_core.messages import known
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.flatten import TimelineItem, flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.sequence import sequence_of


def document(
    spine: str, format: str = 'frameDuration="1/25s"', marks: str = 'hasVideo="1" hasAudio="1"', url: str = "file:///x/a.mov"
) -> bytes:
    return f"""<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.10"><resources><format id="r1" {format}/>
    <asset id="r2" name="a" start="0s" duration="100s" format="r1" {marks}><media-rep kind="original-media" src="{url}"/></asset>
    <media id="r3" name="nest"><sequence format="r1" duration="8s" tcStart="0s"><spine>
    <asset-clip ref="r2" name="inside" offset="0s" start="1s" duration="8s" audioRole="dialogue"/></spine></sequence></media>
    <media id="r4" name="multi"><multicam format="r1"><mc-angle name="A" angleID="1"/></multicam></media></resources>
    <library><event name="e"><project name="p"><sequence format="r1" duration="4s"><spine>{spine}</spine></sequence></project></event>
    </library>
    </fcpxml>""".encode()


def items(data: bytes) -> list[TimelineItem]:
    read = read_timeline(data)
    return flatten(read.timeline, sequence_of(read.timeline).rate)


def seconds(data: bytes) -> list[tuple[str, str, float, float, float]]:
    return [(each.kind, each.item.name, float(each.start), float(each.end), float(each.source_low)) for each in items(data)]


@pytest.mark.parametrize(
    ("name", "rate"),
    [
        ("FFVideoFormat720p25", Fraction(25)),
        ("FFVideoFormat1080p2398", Fraction(24000, 1001)),
        ("FFVideoFormat3840x2160p2997", Fraction(30000, 1001)),
        ("FFVideoFormat1080i5994", Fraction(30000, 1001)),
        ("FFVideoFormatDV720x576i50_16x9", Fraction(25)),
        ("FFVideoFormat1080p60", Fraction(60)),
        ("FFVideoFormat1080p11988", Fraction(120000, 1001)),
    ],
)
def test_the_name_of_a_format_says_its_rate(name: str, rate: Fraction) -> None:
    read = read_timeline(document('<asset-clip ref="r2" name="a" duration="4s"/>', f'name="{name}"'))
    assert sequence_of(read.timeline).rate == rate


def test_a_format_that_says_nothing_takes_the_rate_that_is_given() -> None:
    data = document('<asset-clip ref="r2" name="a" duration="4s"/>', 'name="FFVideoFormatRateUndefined"')
    with pytest.raises(UnreadableTimeline, match="frame rate"):
        read_timeline(data)
    assert sequence_of(read_timeline(data, rate=Fraction(24)).timeline).rate == 24


def test_resources_may_stand_within_the_project() -> None:
    """As FCPXML 1.2 and earlier have them."""
    text = """<?xml version="1.0"?><!DOCTYPE fcpxml><fcpxml version="1.2"><project name="p"><resources>
    <format id="r1" frameDuration="1/25s"/>
    <asset id="r2" name="a" src="file:///x/a.mov" start="0s" duration="10s" hasVideo="1" format="r1"/></resources>
    <sequence format="r1" duration="4s"><spine><clip name="a" offset="0s" start="1s" duration="4s">
    <video ref="r2" offset="0s" duration="10s"/></clip></spine></sequence></project></fcpxml>"""
    assert seconds(text.encode()) == [("picture", "a", 0, 4, 1)]


@pytest.mark.parametrize(
    ("marks", "url", "kinds"),
    [
        ("", "file:///x/a.mov", ["picture", "sound"]),
        ("", "file:///x/a.WAV", ["sound"]),
        ('hasVideo="1"', "file:///x/a.mov", ["picture"]),
        ('hasAudio="1"', "file:///x/a.mov", ["sound"]),
        ('hasAudio="0"', "file:///x/a.mov", ["picture"]),
        ('hasVideo="0"', "file:///x/a.mov", ["sound"]),
    ],
)
def test_the_marks_of_an_asset_may_be_absent(marks: str, url: str, kinds: list[str]) -> None:
    data = document('<asset-clip ref="r2" name="a" offset="0s" duration="4s"/>', marks=marks, url=url)
    assert [each.kind for each in items(data)] == kinds


def test_the_sound_of_a_split_edit_begins_and_ends_where_it_says() -> None:
    """The picture shows seconds 10–14; its sound is heard from 9 to 15, from second 1 of the sequence on."""
    spine = (
        '<gap offset="0s" duration="2s"/>'
        '<asset-clip ref="r2" name="a" offset="2s" start="10s" duration="4s" audioStart="9s" audioDuration="6s"/>'
        '<asset-clip ref="r2" name="b" offset="6s" start="20s" duration="4s"/>'
    )
    assert seconds(document(spine)) == [
        ("picture", "a", 2, 6, 10),
        ("picture", "b", 6, 10, 20),
        ("sound", "a", 1, 7, 9),
        ("sound", "b", 6, 10, 20),
    ]


@pytest.mark.parametrize(
    ("enabled", "kinds"),
    [("all", ["picture", "sound"]), ("video", ["picture"]), ("audio", ["sound"])],
)
def test_a_nest_plays_what_it_is_asked_for(enabled: str, kinds: list[str]) -> None:
    spine = f'<ref-clip ref="r3" name="nest" offset="0s" start="2s" duration="4s" srcEnable="{enabled}"/>'
    assert [(kind, name, low) for kind, name, _, _, low in seconds(document(spine))] == [(kind, "inside", 3) for kind in kinds]


def test_a_multicam_is_named_also_where_only_its_sound_plays() -> None:
    spine = '<mc-clip ref="r4" name="multi" offset="0s" duration="4s" srcEnable="audio"/>'
    spine += '<mc-clip ref="r4" name="m2" offset="4s" duration="4s"/>'
    found = [(each.kind, each.item.name, float(each.start), bool(each.host_only)) for each in items(document(spine))]
    assert found == [("picture", "m2", 4, True), ("sound", "multi", 0, True), ("sound", "m2", 4, True)]


def test_a_dissolve_is_found_among_thousands_at_once() -> None:
    """Each clip looks for its own dissolve alone, not through all of them."""
    parts = [f'<asset-clip ref="r2" name="c{n}" offset="{n}s" start="1s" duration="1s"/>' for n in range(300)]
    parts[150:150] = ['<transition offset="3744/25s" duration="12/25s"/>']
    found = [each for each in items(document("".join(parts))) if each.kind == "picture" and each.dissolves]
    assert [(each.item.name, float(each.lead), float(each.tail)) for each in found] == [("c149", 0, 0.24), ("c150", 0.24, 0)]


@pytest.mark.parametrize(
    ("start", "expected", "last"),
    [(0, (1, 10, None), None), (20, (0, 20, None), None), (38, (1, 20, None), 49)],
)
def test_only_the_part_of_a_time_map_that_shows_decides(start: int, expected: tuple[int, int, None], last: int | None) -> None:
    """It plays from second 10 on, stands still at second 20 from its 10th to its 40th second, and plays on."""
    points = "".join(f'<timept time="{at}s" value="{value}s" interp="linear"/>' for at, value in ((0, 10), (10, 20), (40, 20), (60, 40)))
    data = document(
        f'<asset-clip ref="r2" name="a" start="{start}s" duration="4s" srcEnable="video"><timeMap>{points}</timeMap></asset-clip>'
    )
    (found,) = items(data)
    assert (found.speed, found.source_low, found.host_only) == expected
    assert (found.offsets[-1] if found.offsets else None) == last, "where the speed changes, the frame at each frame is listed"


@pytest.mark.parametrize(
    ("spine", "code"),
    [
        ('<asset-clip ref="r5" name="c" duration="2s"><conform-rate srcFrameRate="24"/></asset-clip>', "clip.conformed-rate"),
        ('<ref-clip ref="r9" name="c" duration="2s"/>', "clip.without-contents"),
        ('<mc-clip ref="r4" name="c" duration="2s"/>', "clip.multicam"),
        ('<ref-clip ref="r3" name="c" duration="2s"><timeMap><timept time="0s" value="0s"/></timeMap></ref-clip>', "clip.compound-speed"),
    ],
)
def test_why_only_the_editor_plays_a_clip_is_said_with_a_code(spine: str, code: str) -> None:
    """A sentence without one stays English wherever it is shown."""
    more = '<format id="r6" frameDuration="1/24s"/><asset id="r5" name="b" start="0s" duration="9s" format="r6" src="file:///x/b.mov"/>'
    reasons = [each.host_only for each in items(document(spine).replace(b"</resources>", f"{more}</resources>".encode()))]
    assert [known(reason).code for reason in reasons if reason is not None][:1] == [code]
