"""What AAFs mean that are less plain than cuts: each frame that shows by a calculation of its own, and all of it there after grafting."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from heygem_core.messages import known
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, MediaFacts, Selection, TimelineShot
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS
from heygem_server.timeline.locate import Locator

from .aaf_making import FRAMES, Part, aaf, choice, clip, dissolve, effect, gap, nest, offline, retimed
from .making import sound, video
from .stripping import without_takes_in_aaf
from .test_long_timelines import Anywhere
from .test_retimes import frames_of

AVID_CURVE = "df394eda-6ac6-4566-8dbe-f28b0bdd1d32"  # of points that only Avid joins
Shown = list[tuple[int, list[int]]]  # (record frame at which it begins, the file's frames from there on)


def facts(path: Path) -> MediaFacts:
    return sound(60) if path.suffix == ".wav" else video(Fraction(25), FRAMES, "09:58:30:00")


def rows_of(data: bytes, locator: Locator | None = None) -> tuple[TimelineShot, ...]:
    return conform(
        read_timeline(data).timeline, Selection(speech="/m/v.wav"), facts=facts, locator=locator or Anywhere(), rate=Fraction(25)
    ).shots


def shown(rows: tuple[TimelineShot, ...]) -> Shown:
    found = []
    for row in rows:
        assert row.shot is not None, row.error or row.needs_host_export
        inside = len(frames_of(row)) - row.handles_after
        found.append((row.placement.record_start, frames_of(row)[row.handles_before : inside]))
    return found


def reason(row: TimelineShot) -> str | None:
    assert row.shot is None
    assert row.needs_host_export is not None, row.error
    return known(row.needs_host_export).code


def stepped(first: int, count: int, speed: Fraction) -> list[int]:
    """Backwards, `first` is the first frame that shows."""
    return [first + math.floor(n * speed) if speed >= 0 else first + math.ceil(n * speed) for n in range(count)]


def run(first: int, count: int) -> list[int]:
    return list(range(first, first + count))


HALF, TWICE = Fraction(1, 2), Fraction(2)
CASES: list[tuple[str, list[Part], Shown]] = [
    ("a gap before it", [gap(7), clip(10, 20)], [(7, run(10, 20))]),
    ("twice as fast", [retimed(20, clip(10, 40), ratio="1/2")], [(0, stepped(10, 20, TWICE))]),
    ("half as fast", [retimed(20, clip(10, 10), ratio="2/1")], [(0, stepped(10, 20, HALF))]),
    ("backwards", [retimed(20, clip(10, 20), ratio="-1/1")], [(0, stepped(29, 20, Fraction(-1)))]),
    ("frozen", [retimed(20, clip(10, 1), ratio="20/1")], [(0, [10] * 20)]),
    ("the ratio is wrong beside the curve", [retimed(20, clip(10, 40), curve=[(0, 0), (20, 40)])], [(0, stepped(10, 20, TWICE))]),
    ("a curve that begins later", [retimed(20, clip(10, 60), curve=[(0, 6), (20, 46)])], [(0, stepped(16, 20, TWICE))]),
    ("a curve that stands still", [retimed(20, clip(10, 40), curve=[(0, 5), (20, 5)])], [(0, [15] * 20)]),
    ("a curve that goes back", [retimed(20, clip(10, 40), curve=[(0, 40), (20, 0)])], [(0, stepped(49, 20, Fraction(-2)))]),
    (
        "twice as fast between dissolves",  # of 20 frames 3 lie before the first cut and 4 behind the last one
        [clip(100, 20), dissolve(6, 3), retimed(20, clip(10, 40), ratio="1/2"), dissolve(8, 4), clip(200, 20)],
        [(0, run(100, 17)), (17, stepped(16, 13, TWICE)), (30, run(204, 16))],
    ),
    (
        "backwards between dissolves",
        [clip(100, 20), dissolve(6, 3), retimed(20, clip(10, 40), ratio="-1/2"), dissolve(8, 4), clip(200, 20)],
        [(0, run(100, 17)), (17, stepped(49 - 6, 13, Fraction(-2))), (30, run(204, 16))],
    ),
    (
        "frozen between dissolves",
        [clip(100, 20), dissolve(6, 3), retimed(20, clip(10, 20), ratio="20/1"), dissolve(8, 4), clip(200, 20)],
        [(0, run(100, 17)), (17, [10] * 13), (30, run(204, 16))],
    ),
    (
        "a bent curve",
        [retimed(20, clip(10, 60), curve=[(0, 0), (10, 20), (20, 25)])],
        [(0, stepped(10, 10, TWICE) + stepped(30, 10, HALF))],
    ),
    (
        "a bent curve after a dissolve",
        [clip(100, 20), dissolve(6, 3), retimed(20, clip(10, 60), curve=[(0, 0), (10, 20), (20, 25)])],
        [(0, run(100, 17)), (17, stepped(16, 7, TWICE) + stepped(30, 10, HALF))],
    ),
    ("an effect over a speed", [effect("Blur", 20, retimed(20, clip(10, 40), ratio="1/2"))], [(0, stepped(10, 20, TWICE))]),
    ("a speed over an effect", [retimed(20, effect("Blur", 40, clip(10, 40)), ratio="1/2")], [(0, stepped(10, 20, TWICE))]),
    ("a nest", [nest(5, 30, clip(10, 20), clip(100, 30)), clip(200, 10)], [(0, run(15, 15)), (15, run(100, 15)), (30, run(200, 10))]),
    ("a choice of angles", [choice(20, clip(10, 20), clip(100, 20)), clip(200, 10)], [(0, run(10, 20)), (20, run(200, 10))]),
]


def one_after_the_other() -> tuple[list[Part], Shown]:
    """All cases in one composition, a gap before each."""
    every: list[Part] = []
    shown_there: Shown = []
    end = 0
    for _, parts, expected in CASES:
        every += [gap(10), *parts]
        shown_there += [(end + 10 + start, frames) for start, frames in expected]
        end += 10 + max(start + len(frames) for start, frames in expected)
    return every, shown_there


DOCUMENTS = [
    pytest.param(*one_after_the_other(), id="all of them"),
    *(pytest.param(*each[1:], id=each[0], marks=pytest.mark.full) for each in CASES),
]


@pytest.mark.parametrize(("parts", "expected"), DOCUMENTS)
def test_each_clip_shows_the_frames_that_it_means(tmp_path: Path, parts: list[Part], expected: Shown) -> None:
    assert shown(rows_of(aaf(tmp_path, *parts))) == expected


@pytest.mark.parametrize(("parts", "expected"), DOCUMENTS)
def test_the_file_goes_back_as_it_came_with_takes_in_it(tmp_path: Path, parts: list[Part], expected: Shown) -> None:
    document = aaf(tmp_path, *parts)
    takes = [
        FinishedTake(shot=row, path=f"/takes/t{number}.mov", take=f"t{number}", frames=len(frames_of(row)), rate=Fraction(25))
        for number, row in enumerate(rows_of(document))
    ]
    graft = FORMATS.get("aaf").graft
    assert graft is not None
    out, notices = graft(document, takes, "track", None)
    assert without_takes_in_aaf(out, "/takes/") == without_takes_in_aaf(document, "/takes/")
    again = rows_of(out)
    assert [row.versions for row in again if row.versions] == [(each.take,) for each in takes], notices
    assert shown(tuple(row for row in again if row.versions)) == expected


@pytest.mark.parametrize(
    ("part", "code"),
    [
        (retimed(20, clip(10, 60), curve=[(0, 0), (10, 20), (20, 25)], joined=AVID_CURVE), "clip.speed-changes"),
        (retimed(20, clip(10, 60), curve=[(5, 0), (10, 20), (20, 25)]), "clip.speed-changes"),  # it begins after the clip
        (retimed(20, clip(10, 60), curve=[(0, 0), (10, 900), (20, 25)]), "clip.speed-changes"),  # out of the file
        (retimed(20, clip(10, 60), curve=[(0, 15), (20, -5)]), "clip.unknown-speed"),  # back, from the middle
        (retimed(20, clip(10, 20), ratio=None, name="Timewarp"), "clip.speed-changes"),
        (retimed(20, clip(10, 20), clip(100, 20), ratio="1/2"), "clip.nest-own-speed"),  # each clip for ten frames
        (effect("Title", 20), "clip.nest-effects"),
        (offline(3, 20), "clip.no-media-file"),
    ],
)
def test_what_only_avid_can_play_is_named(tmp_path: Path, part: Part, code: str) -> None:
    rows = rows_of(aaf(tmp_path, clip(100, 20), part, clip(200, 10)))
    assert [row.placement.record_start for row in rows] == [0, 20, 40]
    assert reason(rows[1]) == code
    assert shown((rows[0], rows[2])) == [(0, run(100, 20)), (40, run(200, 10))]


@pytest.mark.parametrize(
    ("more", "first"), [({"master_start": 50}, 60), ({"tape_start": 100}, 10), ({"master_start": 50, "tape_start": 100}, 60)]
)
def test_a_master_of_a_part_of_a_file_that_lies_later_on_its_tape(tmp_path: Path, more: dict[str, int], first: int) -> None:
    """The frame of the file counts, not that of the tape."""
    assert shown(rows_of(aaf(tmp_path, clip(10, 20), begins=897_750 - more.get("tape_start", 0), **more))) == [(0, run(first, 20))]


def _decomposed(folder: Path) -> tuple[str, str]:
    return f"file://{folder}/Mu\u0308ller A.mov", "M\u00fcller A.mov"


URLS: list[Callable[[Path], tuple[str, str]]] = [
    lambda folder: (f"file://{folder}/M%C3%BCller%20A.mov", "M\u00fcller A.mov"),
    _decomposed,
    lambda folder: (f"{folder}/a#1.mov", "a#1.mov"),
    lambda folder: ("file:///C:/Media/a.mov", "a.mov"),
    lambda folder: ("C:\\Media\\a.mov", "a.mov"),
    lambda folder: ("file://server/share/a.mov", "a.mov"),
    lambda folder: ("\\\\server\\share\\a.mov", "a.mov"),
]


@pytest.mark.parametrize("url", URLS)
def test_files_of_other_machines_are_found_by_their_names(tmp_path: Path, url: Callable[[Path], tuple[str, str]]) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    written, name = url(folder)
    (folder / name).touch()
    (folder / "v.wav").touch()
    found = conform(
        read_timeline(aaf(tmp_path, clip(10, 20), url=written)).timeline,
        Selection(speech=str(folder / "v.wav")),
        facts=facts,
        locator=Locator(roots=(folder,), searched=(folder,)),
    ).shots
    assert shown(found) == [(0, run(10, 20))]
    assert found[0].shot is not None
    assert Path(found[0].shot.video).name == name


def test_the_timecode_of_the_edit_is_that_of_its_first_track(tmp_path: Path) -> None:
    (row,) = rows_of(aaf(tmp_path, gap(5), clip(10, 20)))
    assert (row.timecode_in, row.timecode_out) == ("01:00:00:05", "01:00:01:00")


def test_what_is_shown_beyond_its_media_ends_in_a_sentence(tmp_path: Path) -> None:
    rows = rows_of(aaf(tmp_path, clip(FRAMES - 10, 20), clip(10, 20)))
    assert rows[0].shot is None
    assert rows[0].error_message is not None
    assert shown(rows[1:]) == [(20, run(10, 20))]
