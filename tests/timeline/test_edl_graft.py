"""Takes are grafted into the list that was read. A second program, written here, takes them out again: what is left equals the input."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import opentimelineio as otio
import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.edl_graft import graft_edl
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.publish import publish

from .making import Files, sound, video

RATE = Fraction(25)
LIST = """TITLE: Scene 4
FCM: NON-DROP FRAME
>>> a line of another program

001  SRC      V     C        09:58:30:10 09:58:31:05 01:00:00:00 01:00:00:20
* COMMENT: hello
* FROM CLIP NAME: src.mov
* LOC: 01:00:00:12 GREEN clipmark
002  SRC      V     C        09:58:30:20 09:58:31:11 01:00:01:01 01:00:01:17
* FROM CLIP NAME: src.mov
003  SRC      V     C        09:58:31:11 09:58:31:11 01:00:01:17 01:00:01:17
003  BROLL    V     D    008 02:00:00:00 02:00:00:24 01:00:01:17 01:00:02:16
EFFECTS NAME IS CROSS DISSOLVE
* FROM CLIP NAME: src.mov
* TO CLIP NAME: broll.mov
* ASC_SOP (1.0 1.0 1.0)(0.0 0.0 0.0)(1.0 1.0 1.0)
what is this
004  SRC      V     C        09:58:31:05 09:58:31:15 01:00:02:16 01:00:03:11
M2   SRC       012.5                09:58:31:05
* FROM CLIP NAME: src.mov
005  DUB      A2    C        00:00:00:00 00:00:20:00 01:00:00:00 01:00:20:00
* FROM CLIP NAME: dub.wav
006  BL       V     C        00:00:00:00 00:00:01:00 01:00:03:11 01:00:04:11
007  SRC      B     C        09:58:32:00 09:58:33:00 01:00:04:11 01:00:05:11
* FROM CLIP NAME: src.mov
"""


def without_takes(text: str) -> str:
    """The list as it was, by the rule that the module of the graft states. Nothing of the product is used."""
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text)
    is_event = re.compile(r"\s*\d+\s+\S.*\d\d:\d\d:\d\d.\d\d\s*$").match
    events = [place for place, line in enumerate(lines) if is_event(line)] + [len(lines)]
    kept = lines[: events[0]]
    for place, following in pairwise(events):
        block = lines[place:following]
        parts = [number for number, line in enumerate(block) if line.startswith("* HEYGEM PART")]
        kept += block[parts[-1] + 1 :] if parts else block
    plain: list[str] = []
    was: list[str] = []
    for line in [*kept, ""]:
        if line.startswith("* HEYGEM WAS: "):
            was.append(line.removeprefix("* HEYGEM WAS: "))
            continue
        if was:
            for _ in filter(is_event, was):
                while not is_event(plain.pop()):
                    pass
            plain, was = plain + was, []
        plain.append(line)
    return "".join(plain)


@pytest.fixture
def shown(files: Files) -> Files:
    files.add("src.mov", video(RATE, 500, "09:58:30:00"))
    files.add("broll.mov", video(RATE, 500, "02:00:00:00"))
    files.add("dub.wav", sound(3000))
    return files


def rows_of(files: Files, text: str | bytes, rate: Fraction = RATE, **selection: Any) -> tuple[TimelineShot, ...]:
    read = read_timeline(text.encode() if isinstance(text, str) else text, rate=rate)
    chosen = Selection(speech_tracks=("A2",), **selection)
    return conform(read.timeline, chosen, facts=files.facts, locator=Locator(searched=(files.folder,)), rate=rate).shots


def take_of(row: TimelineShot, name: str, version: int = 1, start: str | None = None) -> FinishedTake:
    """A take as a render leaves it: its timecode is that of its first source frame."""
    assert row.shot is not None, row.error or row.needs_host_export
    assert row.take_seconds is not None
    assert row.take_rate is not None
    if start is None and row.start_timecode is not None:
        hours, minutes, seconds, frames = map(int, re.split("[:;]", row.start_timecode))
        at = ((hours * 60 + minutes) * 60 + seconds) * 25 + frames + row.shot.start
        start = f"{at // 90000:02d}:{at // 1500 % 60:02d}:{at // 25 % 60:02d}:{at % 25:02d}"
    frames = int(row.take_seconds * row.take_rate)
    return FinishedTake(
        shot=row, path=f"/takes/{name}.mov", take=name, version=version, frames=frames, rate=row.take_rate, start_timecode=start
    )


def grafted(text: str, takes: list[FinishedTake], mode: Any = "references", rate: Fraction = RATE) -> tuple[str, list[str]]:
    data, notices = graft_edl(text.encode(), takes, mode, rate)
    return data.decode(), notices


def shown_in(text: str, rate: Fraction = RATE) -> list[tuple[str, str, int, int]]:
    """(kind, file or name of what plays, record in, record out)"""
    read = read_timeline(text.encode(), rate=rate).timeline
    return [
        (each.kind, (getattr(each.item.media_reference, "target_url", None) or each.item.name).rsplit("/")[-1])
        + (int(each.start * rate), int(each.end * rate))
        for each in flatten(read, rate)
    ]


@pytest.mark.parametrize("chosen", [(0,), (1,), (2,), (3,), (4,), (0, 1, 2, 3, 4), (1, 2), ()])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_takes_come_out_again_and_every_event_is_still_there(shown: Files, chosen: tuple[int, ...], end: str) -> None:
    text = LIST.replace("\n", end)
    rows = rows_of(shown, text, handles=8)
    after, notices = grafted(text, [take_of(rows[number], f"t{number}") for number in chosen])
    assert without_takes(after) == text
    assert len(notices) == bool(chosen)
    before = shown_in(text)
    plays = {row.where: f"t{number}.mov" for number, row in enumerate(rows) if number in chosen}
    where = [each.where for each in flatten(read_timeline(text.encode(), rate=RATE).timeline, RATE)]
    assert shown_in(after) == [
        (kind, plays.get(place, name), low, high) for place, (kind, name, low, high) in zip(where, before, strict=True)
    ]


def test_a_take_is_named_by_its_file_a_reel_of_its_own_and_its_timecode(shown: Files) -> None:
    rows = rows_of(shown, LIST, handles=5)
    after, _ = grafted(LIST, [take_of(rows[0], "one"), take_of(rows[1], "two"), take_of(rows[3], "slow", start="09:00:00:00")])
    lines = after.split("\n")
    at = {name: lines.index(f"* FROM CLIP NAME: {name}.mov") - 1 for name in ("one", "two", "slow")}
    events = {name: lines[place].split() for name, place in at.items()}
    reels = [event[1] for event in events.values()]
    assert len(set(reels)) == 3
    assert not {"SRC", "AX"} & set(reels)
    assert all(len(reel) <= 8 for reel in reels)
    assert events["one"][4:] == ["09:58:30:10", "09:58:31:05", "01:00:00:00", "01:00:00:20"]
    assert events["slow"][4:] == ["09:00:00:05", "09:00:01:00", "01:00:02:16", "01:00:03:11"]  # what was retimed is in the picture
    assert sum(line.startswith("M2") for line in lines) == 0
    assert lines[at["one"]].index("09:58") == LIST.split("\n")[4].index("09:58")  # columns stay
    assert "* LOC: 01:00:00:12 GREEN clipmark" in lines
    assert "* COMMENT: hello" in lines


def test_both_sides_of_a_dissolve_name_their_takes(shown: Files) -> None:
    rows = rows_of(shown, LIST)
    after, _ = grafted(LIST, [take_of(rows[1], "out"), take_of(rows[2], "into")])
    lines = after.split("\n")
    first = next(place for place, line in enumerate(lines) if line.startswith("003"))
    out, into = lines[first].split(), lines[first + 1].split()
    assert out[4:] == ["09:58:31:11", "09:58:31:11", "01:00:01:17", "01:00:01:17"]
    assert out[1] == next(line for line in lines if line.startswith("002")).split()[1] != "SRC"
    assert into[3:] == ["D", "008", "02:00:00:00", "02:00:00:24", "01:00:01:17", "01:00:02:16"]
    block = lines[first + 2 : first + 6]
    assert block[:4] == [
        "* FROM CLIP NAME: out.mov",
        "* FROM CLIP: /takes/out.mov",
        "* TO CLIP NAME: into.mov",
        "* TO CLIP: /takes/into.mov",
    ]
    assert without_takes(after) == LIST


def test_a_take_too_short_for_the_dissolve_leaves_its_side_alone(shown: Files) -> None:
    rows = rows_of(shown, LIST)
    short = msgspec.structs.replace(take_of(rows[1], "out"), frames=18)
    after, notices = grafted(LIST, [short])
    assert "ends before the dissolve after it does" in notices[0]
    assert "003  SRC      V     C        09:58:31:11" in after
    assert without_takes(after) == LIST


def test_of_an_event_that_is_taken_in_part_the_rest_plays_on(shown: Files) -> None:
    (row,) = rows_of(shown, LIST, ranges=((5, 12),))
    after, _ = grafted(LIST, [take_of(row, "part")])
    assert shown_in(after)[:3] == [("picture", "src.mov", 0, 5), ("picture", "part.mov", 5, 12), ("picture", "src.mov", 12, 20)]
    assert without_takes(after) == LIST
    low = [int(each.source_low * RATE) for each in flatten(read_timeline(after.encode(), rate=RATE).timeline, RATE)][:3]
    first = (9 * 3600 + 58 * 60 + 30) * 25
    assert low == [first + 10, first + 15, first + 22]
    (incoming,) = rows_of(shown, LIST, ranges=((60, 62),))
    after, _ = grafted(LIST, [take_of(incoming, "in")])
    assert [row[1:] for row in shown_in(after)][2:5] == [("broll.mov", 42, 60), ("in.mov", 60, 62), ("broll.mov", 62, 66)]
    assert without_takes(after) == LIST


def test_the_sound_of_an_event_stays_when_its_picture_is_taken(shown: Files) -> None:
    rows = rows_of(shown, LIST)
    after, _ = grafted(LIST, [take_of(rows[4], "both")])
    assert ("picture", "both.mov", 111, 136) in shown_in(after)
    assert ("sound", "src.mov", 111, 136) in shown_in(after)
    assert len(shown_in(after)) == len(shown_in(LIST))


def test_a_second_round_renders_from_the_original_and_replaces_the_take(shown: Files) -> None:
    rows = rows_of(shown, LIST)
    once, _ = grafted(LIST, [take_of(row, f"t{number}") for number, row in enumerate(rows)])
    again = rows_of(shown, once)
    assert [row.shot for row in again] == [row.shot for row in rows]
    assert [row.versions for row in again] == [(f"t{number}",) for number in range(5)]
    twice, _ = grafted(once, [take_of(again[0], "new", 2), take_of(again[2], "newer", 2)])
    assert [row[1] for row in shown_in(twice)][:5] == ["new.mov", "t1.mov", "newer.mov", "t3.mov", "t4.mov"]
    assert without_takes(twice) == LIST
    same, _ = grafted(once, [take_of(again[0], "t0")])
    assert same == once


@pytest.mark.parametrize("mode", ["references", "track", "both"])
def test_what_a_list_cannot_say_is_said(shown: Files, mode: Any) -> None:
    rows = rows_of(shown, LIST)
    patch = msgspec.structs.replace(take_of(rows[0], "patch"), settings={"kind": "patch"})
    after, notices = grafted(LIST, [patch, take_of(rows[1], "t1")], mode)
    assert "transparent patch" in notices[0]
    assert "An edit list has one clip at each place" in notices[1]
    assert "patch.mov" not in after


def test_drop_frame_is_marked_where_the_list_marks_it(shown: Files) -> None:
    ntsc = Fraction(30000, 1001)
    shown.add("df.mov", video(ntsc, 9000, "01:00:00;00"))
    for mark in ";:":
        text = (
            f"TITLE: D\nFCM: DROP FRAME\n001  DF       V     C        01:01:00{mark}02 01:01:02{mark}02 01:00:58{mark}00 01:01:00{mark}02\n"
        )
        text += (
            f"* FROM CLIP NAME: df.mov\n002  DUB      A2    C        00:00:00{mark}00 00:00:20{mark}00 01:00:50{mark}00 01:01:10{mark}02\n"
        )
        text += "* FROM CLIP NAME: dub.wav\n"
        (row,) = rows_of(shown, text, ntsc)
        take = FinishedTake(shot=row, path="/t/x.mov", take="x", frames=60, rate=ntsc, start_timecode="01:01:00;02")
        after, _ = grafted(text, [take], rate=ntsc)
        assert f" 01:01:00{mark}02 01:01:02{mark}02 01:00:58{mark}00" in after
        assert without_takes(after) == text


@pytest.mark.parametrize(("rate", "media_rate"), [(Fraction(24), Fraction(24000, 1001)), (Fraction(30000, 1001), Fraction(25))])
def test_takes_in_a_list_of_another_rate_are_named_as_their_own_timecode_names_them(
    shown: Files, rate: Fraction, media_rate: Fraction
) -> None:
    shown.add("other.mov", video(media_rate, 5000, "01:00:00:00"))
    text = "TITLE: M\nFCM: NON-DROP FRAME\n001  M        V     C        01:00:10:00 01:00:12:00 01:00:00:00 01:00:02:00\n"
    text += f"* FROM CLIP: {shown.folder}/other.mov\n002  DUB      A2    C        00:00:00:00 00:00:20:00 01:00:00:00 01:00:20:00\n"
    text += f"* FROM CLIP: {shown.folder}/dub.wav\n"
    (row,) = rows_of(shown, text, rate)
    assert row.shot is not None
    assert row.shot.end_exclusive is not None
    frames = row.shot.end_exclusive - row.shot.start
    take = FinishedTake(shot=row, path="/t/x.mov", take="x", frames=frames, rate=media_rate, start_timecode="01:00:10:00")
    after, _ = grafted(text, [take], rate=rate)
    assert "V     C        01:00:10:00 01:00:12:00 01:00:00:00" in after
    assert without_takes(after) == text
    shown.add("x.mov", video(media_rate, frames + 2, "01:00:10:00"))
    assert rows_of(shown, after.replace("* HEYGEM", "* X"), rate)[0].shot is not None
    read = read_timeline(text.encode(), rate=rate)
    published, _ = publish(read.timeline, [take], "track", rate=rate)
    for format in ("fcpxml", "otio"):
        back = read_timeline(as_text(published, format)[0].encode()).timeline
        again = conform(back, Selection(speech_tracks=("1",)), facts=shown.facts, locator=Locator(searched=(shown.folder,))).shots
        assert [each.shot.start for each in again if each.shot is not None] == [row.shot.start], format


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
def test_a_list_keeps_its_encoding(shown: Files, encoding: str) -> None:
    text = LIST.replace("hello", "Größe é")
    rows = rows_of(shown, text.encode(encoding))
    after, _ = graft_edl(text.encode(encoding), [take_of(rows[0], "Tür")], "references", RATE)
    assert without_takes(after.decode(encoding)) == text
    assert after.startswith(text.encode(encoding)[:6])


def test_names_that_an_encoding_has_not_are_said(shown: Files) -> None:
    text = LIST.replace("hello", "Größe é")
    rows = rows_of(shown, text.encode("cp1252"))
    after, notices = graft_edl(text.encode("cp1252"), [take_of(rows[0], "成片")], "references", RATE)
    assert "成片.mov" in after.decode("utf-8-sig")
    assert "it is written as UTF-8" in notices[-1]


def test_otios_adapter_reads_the_takes(shown: Files) -> None:
    """It wants no further lines of sound or unknown lines, and reads one rate for all."""
    adapter = pytest.importorskip("otio_cmx3600_adapter")
    assert adapter
    text = LIST.replace("what is this\n", "").replace(">>> a line of another program\n", "").replace("007  SRC      B ", "007  SRC      V ")
    rows = rows_of(shown, text)
    after, _ = grafted(text, [take_of(row, f"t{number}") for number, row in enumerate(rows)])
    theirs = otio.adapters.read_from_string(after, adapter_name="cmx_3600", rate=25)
    names = [item.name for item in theirs.video_tracks()[0] if isinstance(item, otio.schema.Clip) and item.name]
    assert [name for name in names if name.startswith("t")] == ["t0.mov", "t1.mov", "t2.mov", "t3.mov", "t4.mov"]
