"""Cue sheets: what a dubbing studio lists lies under the timeline, characters have faces, off-screen lines keep the picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import HeygemError
from heygem_core.shot import from_json
from heygem_server.cli import main
from heygem_server.timeline.__main__ import run
from heygem_server.timeline.child_specs import ConformSpec, CueSheet, PublishSpec
from heygem_server.timeline.conform_types import Conformed, Cue, FinishedTake, Selection
from heygem_server.timeline.cues import length_of, read_cast, read_cues, time_of
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline

from ..rendering.making import write_clip, write_sound
from .making import clip, data, external, time, timeline, times, track

RATE = Fraction(25)
SHEET = """In,Out,File,Source in,Offset,Character,Off-screen
01:00:00:05,01:00:01:00,anna_1.wav,,,Anna,
01:00:01:15,01:00:02:10,ben_1.wav,00:00:00:05,+2f,Ben,no
01:00:02:20,01:00:03:20,anna_2.wav,,,Anna,yes
01:00:04:00,01:00:04:20,anna_2.wav,0.1,-120 ms,Anna,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clips of two and a half and three seconds, the old dialogue on A1, music on A2, and four recordings."""
    write_clip(tmp_path / "a.mov", [np.full((32, 48, 3), number % 255, np.uint8) for number in range(150)])
    (tmp_path / "lines").mkdir()
    for name in ("anna_1", "ben_1", "anna_2"):
        write_sound(tmp_path / f"lines/{name}.wav", np.zeros(48000 * 2, np.float32))
    for name in ("old", "music"):
        write_sound(tmp_path / f"{name}.wav", np.zeros(48000 * 6, np.float32))

    def sounds(name: str) -> Any:
        return track("Audio", name, clip(name, times(0, 138, 25), external(f"{name.lower()}.wav", times(0, 150, 25))))

    pictures = (
        clip(name, times(start, length, 25), external("a.mov", times(0, 150, 25)))
        for name, start, length in (("one", 0, 62), ("two", 62, 75))
    )
    made = timeline(track("Video", "V1", *pictures), sounds("Old"), sounds("Music"), start=time(90_000, 25))
    (tmp_path / "edit.otio").write_bytes(data(made))
    (tmp_path / "sheet.csv").write_text(SHEET)
    (tmp_path / "cast.csv").write_text("Character,Face\nanna,1\nBEN,2\n")
    return tmp_path


def conformed(folder: Path, sheet: str = "sheet.csv", cast: str | None = "cast.csv", **selection: Any) -> Conformed:
    cues = CueSheet(path=str(folder / sheet), lines=str(folder / "lines"), cast=None if cast is None else str(folder / cast))
    found = run(ConformSpec(source=str(folder / "edit.otio"), cues=cues, selection=Selection(**selection)))
    assert isinstance(found, Conformed)
    return found


def test_all_lines_are_laid_under_the_timeline_in_one_go(folder: Path) -> None:
    found = conformed(folder)
    assert [(cue.start * 25, cue.end and cue.end * 25, cue.source * 25, cue.character, cue.off_screen) for cue in found.cues] == [
        (5, 25, 0, "Anna", False),
        (42, 62, 5, "Ben", False),
        (70, 95, 0, "Anna", True),
        (97, 117, Fraction(5, 2), "Anna", False),
    ]
    rows = [(row.clip, row.placement.record_start, row.placement.record_duration, row.shot and row.shot.face) for row in found.shots]
    # Anna and Ben speak in the first clip: it is cut between their lines. Ben's ends with the clip.
    assert rows == [("one", 0, 33, 1), ("one", 33, 29, 2), ("two", 62, 75, 1)]
    assert [row.shot and Path(row.shot.speech).name for row in found.shots] == ["anna_1.wav", "ben_1.wav", "anna_2.wav"]
    last = found.shots[-1].shot
    assert last is not None
    assert last.keep == ((70, 95),)  # frames of the file: where Anna is heard and not seen
    assert not found.notices


def test_without_a_cast_nothing_is_cut_and_the_most_prominent_face_speaks(folder: Path) -> None:
    found = conformed(folder, cast=None)
    assert [(row.clip, row.placement.record_duration, row.shot and row.shot.face) for row in found.shots] == [
        ("one", 62, None),
        ("two", 75, None),
    ]


def test_two_faces_at_the_same_time_are_refused(folder: Path) -> None:
    (folder / "sheet.csv").write_text("in,out,file,character\n0.2,1.5,anna_1.wav,Anna\n1,2,ben_1.wav,Ben\n")
    errors = [row.error for row in conformed(folder, ranges=((0, 60),)).shots]
    assert "Anna, Ben speak at the same time" in (errors[0] or "")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_sheets_in_other_dialects(folder: Path, delimiter: str, encoding: str) -> None:
    text = f"TC_IN{delimiter}TC_OUT{delimiter}Filename{delimiter}Role\n0:01.5{delimiter}00:00:02,5{delimiter}é.wav{delimiter}Zoë\n"
    (folder / "x.csv").write_bytes((text if delimiter != "," else text.replace("02,5", "02.5")).encode(encoding))
    cues, notices = read_cues(folder / "x.csv", RATE)
    assert [(cue.start, cue.end, cue.file, cue.character) for cue in cues] == [(Fraction(3, 2), Fraction(5, 2), "é.wav", "Zoë")]
    assert not notices


@pytest.mark.parametrize(
    ("drop", "codes", "frame"),
    [
        (True, ("01:00:10:00", "01:00:12:00"), 107_892 + 300),  # a sheet without marks names the timeline's own timecodes
        (True, ("01:00:10;00", "01:00:12;00"), 107_892 + 300),
        (False, ("01:00:10:00", "01:00:12:00"), 108_000 + 300),
        (False, ("01:00:10;00", "01:00:12;00"), 107_892 + 300),
        (True, ("01:00:10:00", "01:00:14;12"), 108_000 + 300),  # one with marks says what it means
    ],
)
def test_timecodes_of_a_sheet_count_as_those_of_its_timeline(folder: Path, drop: bool, codes: tuple[str, str], frame: int) -> None:
    rate = Fraction(30000, 1001)
    (folder / "x.csv").write_text(f"in,out,file\n{','.join(codes)},a.wav\n")
    (cue,), notices = read_cues(folder / "x.csv", rate, drop=drop)
    assert (cue.start * rate, notices) == (frame, [])


def test_rows_that_say_no_time_no_file_or_neither_yes_nor_no_are_named(folder: Path) -> None:
    rows = ("x,2,a.wav,", "1,2,,", "3,2,a.wav,", "1,99:99,a.wav,", "1,2,a.wav,perhaps", "1,2,a.wav,x")
    (folder / "x.csv").write_text("in,out,file,off\n" + "\n".join(rows) + "\n\n")
    cues, notices = read_cues(folder / "x.csv", RATE)
    assert [cue.off_screen for cue in cues] == [True]
    assert [notice.split(" of ")[0] for notice in notices] == ["Line 2", "Line 3", "Line 4", "Line 5", "Line 6"]


@pytest.mark.parametrize("head", ["", "WEBVTT\n\n"])
def test_subtitles_beside_a_folder_of_recordings(folder: Path, head: str) -> None:
    for name in ("01_ANNA.wav", "02_BEN.wav", "entry-3.wav", "03_x.wav"):
        write_sound(folder / "lines" / name, np.zeros(4800, np.float32))
    mark = "." if head else ","
    text = (
        f"{head}1\n00:00:01{mark}000 --> 00:00:02{mark}500\nANNA: Hello\nthere\n\n2\n00:00:03{mark}000 --> 00:00:04{mark}000 align:start\n"
    )
    text += f"<v Ben Smith>(off) Well\n\nentry-3\n00:00:05{mark}000 --> 00:00:06{mark}000\nYes\n\n"
    text += f"7\n00:00:07{mark}000 --> 00:00:08{mark}000\nNo\n"
    (folder / "subs.vtt").write_text(text)
    cues, notices = read_cues(folder / "subs.vtt", RATE, folder / "lines")
    assert [(cue.start, cue.end, Path(cue.file).name, cue.character, cue.off_screen) for cue in cues] == [
        (1, Fraction(5, 2), "01_ANNA.wav", "ANNA", False),
        (3, 4, "02_BEN.wav", "Ben Smith", True),
        (5, 6, "entry-3.wav", "", False),
    ]
    assert "“7”" in notices[0]


def test_the_lines_go_back_with_the_takes_and_the_old_dialogue_is_silent(folder: Path) -> None:
    found = conformed(folder)
    takes = tuple(
        FinishedTake(shot=row, path=f"/takes/{number}.mov", take=f"t{number}", frames=row.placement.record_duration, rate=RATE)
        for number, row in enumerate(found.shots)
    )
    spec = PublishSpec(
        source=str(folder / "edit.otio"),
        takes=takes,
        mode="track",
        output=str(folder / "out.otio"),
        cues=found.cues,
        music_effects=("Music",),
    )
    run(spec)
    back = read_timeline(folder / "out.otio").timeline
    sounds = [
        (each.track_name, each.item.name, each.start * 25, each.end * 25, each.enabled)
        for each in flatten(back, RATE)
        if each.kind == "sound"
    ]
    assert sounds == [
        ("Old", "Old", 0, 138, False),
        ("Music", "Music", 0, 138, True),
        ("HeyGem lines", "anna_1.wav", 5, 25, True),
        ("HeyGem lines", "ben_1.wav", 42, 62, True),
        ("HeyGem lines", "anna_2.wav", 97, 117, True),
        ("HeyGem off-screen lines", "anna_2.wav", 70, 95, True),
    ]
    assert [each.start * 25 for each in flatten(back, RATE) if each.track_name == "HeyGem"] == [0, 33, 62]
    assert not list(back.tracks.markers)


def test_a_table_stands_before_anything_renders(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    sheet = ["--cues", str(folder / "sheet.csv"), "--lines", str(folder / "lines"), "--cast", str(folder / "cast.csv")]
    assert main(["timeline", str(folder / "edit.otio"), *sheet, "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "off-screen: the picture stays" in said
    assert "01:00:01:17" in said
    assert main(["timeline", str(folder / "edit.otio"), *sheet, "--dry-run", "--json"]) == 0
    assert len(from_json(capsys.readouterr().out, Conformed).cues) == 4
    assert main(["timeline", str(folder / "edit.otio"), *sheet[2:], "--speech-track", "A1", "--dry-run"]) == 2


def test_times_and_lengths() -> None:
    assert time_of("01:00:00:05", RATE) == 3600 + Fraction(1, 5)
    assert time_of("00:01:00;02", Fraction(30000, 1001)) == 1800 * Fraction(1001, 30000)
    assert [time_of(text, RATE) for text in ("1:02,5", "62.5", "00:61:00", "-3", "x", "01:00:00:99")] == [
        Fraction(125, 2), Fraction(125, 2), None, None, None, None,
    ]  # fmt: skip
    assert [length_of(text, RATE) for text in ("+3f", "-120 ms", "0.5", "-00:00:01:05", "soon")] == [
        Fraction(3, 25), Fraction(-3, 25), Fraction(1, 2), Fraction(-6, 5), None,
    ]  # fmt: skip


LONG = "a" * 200_000


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "a,b\n1,2\n",
            "in,out\n1,2\n",
            "\x00\x01",
            '"' * 200_000,
            f"in,file\n{LONG},b\n",
            f"character,face\n{LONG},1\n",
            "-->\n" * 9999,
        ),
        *(f"character,face\nA,{'9' * 5000}\n", "character,face\nA,٣\n", "character,face\nA,0\n"),
    ],
)
def test_what_is_no_cue_sheet_says_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(HeygemError):
        read_cues(tmp_path / "x.csv", RATE)
    with pytest.raises(HeygemError):
        read_cast(tmp_path / "x.csv")


def test_a_cast_may_differ_from_file_to_file(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text("character;face;file\nAnna;1;\nAnna;2;B.mov\n")
    assert read_cast(tmp_path / "c.csv") == {("anna", ""): 1, ("anna", "b.mov"): 2}
    assert Cue(number="1", start=Fraction(0), file="x").off_screen is False
