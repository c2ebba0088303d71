"""Lines of a cue sheet lie under documents that are grafted: taken out again by a second program, the document is the one that came in."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform_types import Cue
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import format_of, read_timeline
from heygem_server.timeline.formats.registry import FORMATS

from .fcpxml_order import misplaced, repeated_ids
from .stripping import canonical, parsed
from .test_edl_graft import LIST
from .test_graft_fcp7 import clipitem
from .test_graft_fcp7 import document as fcp7
from .test_graft_fcpxml import EVERYTHING, asset_clip
from .test_graft_fcpxml import document as fcpxml

RATE = Fraction(25)


def cue(number: str, start: int, end: int, file: str, source: int = 0, off: bool = False) -> Cue:
    """Frames."""
    times = {"start": start / RATE, "end": end / RATE, "source": source / RATE, "file_s": Fraction(9)}
    return Cue(number=number, file=f"/studio/{file}.wav", off_screen=off, character="Anna & Co", **times)


CUES = (cue("1", 2, 22, "an a"), cue("2", 12, 30, "ben"), cue("3", 30, 45, "an a", 7), cue("4 b", 31, 40, "zoë", off=True))
EXPECTED = [
    ("HeyGem lines", "an a.wav", 2, 22, 0),
    ("HeyGem lines", "an a.wav", 30, 45, 7),
    ("HeyGem lines", "ben.wav", 12, 30, 0),
    ("HeyGem off-screen lines", "zoë.wav", 31, 40, 0),
]


def _documents() -> dict[str, bytes]:
    connected = asset_clip("a", 0, 10, 40, EVERYTHING) + f'<gap offset="90040/25s" duration="8/25s"/>\n{asset_clip("b", 48, 60, 30)}'
    return {
        "edl": LIST.encode(),
        "fcp7": fcp7("/m/src.mov", "/m/v.wav", clipitem(1, 0, 60, 10, 70)),
        "fcpxml": fcpxml("/m/src.mov", "/m/v.wav", connected),
        "fcpxml 1.5": fcpxml("/m/src.mov", "/m/v.wav", connected.replace("asset-clip", "video").replace("audioRole", "role"), "1.5"),
    }


DOCUMENTS = _documents()


def laid(data: bytes, cues: tuple[Cue, ...] = CUES, kept: tuple[str, ...] = ()) -> tuple[bytes, list[str]]:
    row = FORMATS.get(format_of(data))
    assert row.lay is not None
    return row.lay(data, cues, kept, RATE)


def sounds(data: bytes) -> list[tuple[Any, ...]]:
    """(track, name, start, end, source) of each sound, and of sounds alone those of ours."""
    found = []
    for each in flatten(read_timeline(data, rate=RATE).timeline, RATE):
        if each.kind == "sound" and each.track_name.startswith("HeyGem"):
            found.append((each.track_name, each.item.name, each.start * 25, each.end * 25, each.source_low * 25))
    return sorted(found)


def stripped(data: bytes) -> str:
    """Without what plays a file of /studio, and resources that nothing names. No code of the product is used."""
    if not data.lstrip().startswith(b"<"):
        blocks = re.split(r"(?m)^(?=\d{3}  )", data.decode())
        return "".join(block for block in blocks if "/studio/" not in block)
    root = parsed(data)
    names = {each.get("id") for each in root.iter() if each.tag in ("file", "asset") and "/studio/" in ElementTree.tostring(each).decode()}
    for parent in list(root.iter()):
        for child in list(parent):
            refs = {child.get("ref"), *(each.get("id") for each in child.findall("clipitem/file"))}
            if names & refs or (child.tag == "asset" and child.get("id") in names):
                parent.remove(child)
    return canonical(root)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lines_lie_under_the_document_that_was_read_and_go_again(name: str) -> None:
    data, notices = laid(DOCUMENTS[name])
    assert sounds(data) == EXPECTED
    plain = DOCUMENTS[name].decode()
    assert stripped(data) == (canonical(DOCUMENTS[name]) if plain.startswith("<") else plain)
    said = ["The old dialogue is still on its tracks"] if name != "fcpxml 1.5" else []  # that one has no sound
    assert [notice.partition(":")[0] for notice in notices] == said
    if name.startswith("fcpxml"):
        assert not misplaced(data)
        assert not repeated_ids(data)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_lines_of_an_earlier_sheet_make_room(name: str) -> None:
    """A sheet that was corrected is laid again."""
    before, _ = laid(DOCUMENTS[name], (cue("9", 5, 50, "an a"), cue("8", 0, 9, "zoë", off=True)))
    again, _ = laid(before)
    assert sounds(again) == EXPECTED
    assert again.decode().count("/studio/an%20a.wav" if name != "edl" else "* FROM CLIP: /studio/an a.wav") == (2 if name == "edl" else 1)


def test_tracks_of_old_dialogue_are_switched_off_in_fcp7() -> None:
    music = '<track MZ.TrackName="M &amp; E"><enabled>TRUE</enabled><locked>FALSE</locked></track></audio>'
    document = DOCUMENTS["fcp7"].replace(b"</audio>\n</media>", music.encode() + b"\n</media>")
    data, notices = laid(document, kept=("m & e",))
    assert not notices
    tracks = ElementTree.fromstring(data).findall("sequence/media/audio/track")
    names = [(track.get("MZ.TrackName"), track.findtext("enabled")) for track in tracks]
    assert names == [
        (None, "FALSE"), ("M & E", "TRUE"), ("HeyGem lines", "TRUE"), ("HeyGem lines", "TRUE"), ("HeyGem off-screen lines", "TRUE")
    ]  # fmt: skip
    expected = document.replace(b"</clipitem></track><track MZ", b"</clipitem><enabled>FALSE</enabled></track><track MZ")
    assert stripped(data) == canonical(expected)
    off, _ = laid(document, kept=("1",))
    assert [track.findtext("enabled") for track in ElementTree.fromstring(off).findall("sequence/media/audio/track")][:2] == [None, "FALSE"]


def test_roles_of_old_dialogue_are_switched_off_in_fcpxml() -> None:
    """The picture's own sound by srcEnable, a sound of its own by enabled; a compound clip's is named."""
    music = '<asset-clip ref="r3" lane="-1" name="music" offset="897760/25s" start="0s" duration="2s" audioRole="music.music-1"/>'
    inside = EVERYTHING.replace("<marker", f"{music}<marker", 1)
    nest = '<ref-clip ref="r4" name="nest" offset="90040/25s" duration="8/25s"/>'
    document = fcpxml("/m/src.mov", "/m/v.wav", asset_clip("a", 0, 10, 40, inside) + nest)
    data, notices = laid(document, kept=("Music",))
    assert len(notices) == 1
    assert "nest" in notices[0]
    expected = document.replace(b'name="a" ', b'name="a" srcEnable="video" ')
    expected = expected.replace(b'audioRole="dialogue.dub"', b'audioRole="dialogue.dub" enabled="0"')
    assert stripped(data) == canonical(expected)


def test_an_edit_list_cannot_switch_off_and_says_so() -> None:
    _, notices = laid(DOCUMENTS["edl"], kept=("A1",))
    assert len(notices) == 1
    assert "A2" in notices[0]
    assert "A1" not in notices[0]


def test_a_line_between_two_frames_keeps_its_sound_as_near_as_frames_allow() -> None:
    """It begins 0.4 frames after frame 10: at frame 10 its file is 0.4 frames earlier, or where it has nothing earlier begins there."""
    late = Cue(number="1", start=Fraction(104, 250), end=Fraction(2), source=Fraction(1), file="/studio/x.wav")
    exact, notices = laid(DOCUMENTS["fcpxml"], (late,))
    assert not any("between two frames" in notice for notice in notices)
    assert sounds(exact) == [("HeyGem lines", "x.wav", Fraction(104, 10), 50, 25)]
    for name in ("edl", "fcp7"):
        data, notices = laid(DOCUMENTS[name], (late,))
        assert any("1 lines begin between two frames" in notice for notice in notices)
        assert sounds(data) == [("HeyGem lines", "x.wav", 10, 50, 25)]


def test_a_recorders_time_of_day_is_where_lists_count_a_file_from() -> None:
    timed = Cue(number="1", start=Fraction(0), end=Fraction(1), source=Fraction(2), file="/studio/x.wav", file_start_s=Fraction(36_000))
    data, _ = laid(DOCUMENTS["edl"], (timed,))
    assert "10:00:02:00 10:00:03:00 01:00:00:00 01:00:01:00" in data.decode()
    assert sounds(laid(DOCUMENTS["fcpxml"], (timed,))[0])[0][4] == 36_002 * 25


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize(
    ("start", "end", "source"), [(10**8, 10**8 + 5, 0), (0, 10**9, 0), (Fraction(1, 10**9), Fraction(2, 10**9), 10**9), (5, 6, 10**8)]
)
def test_absurd_times_and_names_leave_a_document_that_is_read_again(name: str, start: Any, end: Any, source: int) -> None:
    """Names of files may hold anything but a slash; a list has no place behind midnight, which it says."""
    odd = Cue(number='x\n1 <&"', start=Fraction(start), end=Fraction(end), source=Fraction(source), file='/st\x01u/"<&>.wav\n')
    data, notices = laid(DOCUMENTS[name], (odd,))
    assert len(sounds(data)) == (0 if any("24:00:00:00" in notice for notice in notices) else 1)
    assert any("24:00:00:00" in notice for notice in notices) == (name == "edl" and end > 86_400)
