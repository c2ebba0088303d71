"""Takes in an AAF: the file that was read is edited in place. Looked at with pyaaf2 and with OpenTimelineIO's reader."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import aaf2
import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, MediaFacts, PublishMode, Selection, TimelineShot
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.registry import FORMATS
from heygem_server.timeline.metadata import own_text

from .everything import RATES, aaf
from .making import sound, video
from .stripping import without_takes_in_aaf
from .test_long_timelines import Anywhere

EXPERIMENTAL = ["AAF is written experimentally: open it in the editor and check it before relying on it."]
RATE = next(rate for rate in RATES if rate.fps == 25)


def facts(path: Path) -> MediaFacts:
    return video(Fraction(25), 400, "09:58:30:00") if path.suffix == ".mov" else sound(60)


def rows(data: bytes, **more: Any) -> dict[str, TimelineShot]:
    selection = Selection(speech_tracks=("A1",), **({"handles": 3} | more))
    found = conform(read_timeline(data).timeline, selection, facts=facts, locator=Anywhere()).shots
    return {row.clip: row for row in found}


def take(row: TimelineShot, name: str, version: int = 1) -> FinishedTake:
    assert row.shot
    assert row.shot.end_exclusive
    begins = f"09:58:{30 + row.shot.start // 25}:{row.shot.start % 25:02d}"
    return FinishedTake(
        shot=row,
        path=f"/takes/{name}.mov",
        take=name,
        version=version,
        frames=row.shot.end_exclusive - row.shot.start,
        rate=Fraction(25),
        start_timecode=begins,
    )


def grafted(data: bytes, *takes: FinishedTake, mode: PublishMode = "track") -> tuple[bytes, list[str]]:
    graft = FORMATS.get("aaf").graft
    assert graft is not None
    return graft(data, takes, mode, None)


def above(data: bytes) -> list[tuple[str, int, int, int]]:
    """(take, its first frame on the record, one past its last, frame of its file that shows first), from the bottom up."""
    found = []
    for each in flatten(read_timeline(data).timeline, Fraction(25)):
        name = own_text(each.item, "take")
        if name is not None:
            first = each.source_low - Fraction(each.item.media_reference.available_range.start_time.value) / 25
            found.append((name, round(each.start * 25), round(each.end * 25), round(first * 25)))
    return found


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The AAF with everything, and what an editor may have in it besides."""
    path = tmp_path_factory.mktemp("aaf") / "x.aaf"
    path.write_bytes(aaf(RATE, "/m/a.mov", "/m/v.wav", "/m/m.wav"))
    with aaf2.open(str(path), "rw") as file:
        (composition,) = file.content.toplevel()
        composition.comments["Vendor"] = "of another program"
        composition.comments["Shot"] = 12
        unused = file.create.MasterMob("unused")
        unused.comments["Reel"] = "A001"
        file.content.mobs.append(unused)
    return path.read_bytes()


def test_all_else_stays_as_it_was(document: bytes) -> None:
    found = rows(document)
    out, notices = grafted(document, *(take(found[name], f"t-{name}") for name in ("c1", "c2", "c3", "c4", "n1")))
    assert notices == EXPERIMENTAL
    assert without_takes_in_aaf(out, "/takes/") == without_takes_in_aaf(document, "/takes/")
    assert len(without_takes_in_aaf(document, "/takes/")) > 300
    assert without_takes_in_aaf(out, "/nowhere/") != without_takes_in_aaf(document, "/nowhere/")
    assert above(out) == [("t-c1", 5, 25, 3), ("t-c2", 25, 45, 3), ("t-c3", 45, 65, 3), ("t-c4", 65, 85, 4), ("t-n1", 130, 150, 3)]


def test_a_dissolve_beside_a_single_take_is_repeated_with_its_neighbours(document: bytes) -> None:
    """The take of c2 alone: c1 goes into it over record 22–28, it goes into c3 over 45–49."""
    out, notices = grafted(document, take(rows(document)["c2"], "t"))
    assert notices == EXPERIMENTAL
    read = read_timeline(out).timeline
    track = [each for each in read.tracks if each.kind == "Video"][-1]
    kinds = [type(each).__name__ for each in track]
    assert kinds == ["Gap", "Clip", "Transition", "Clip", "Transition", "Clip"]
    assert [each.name for each in track if hasattr(each, "media_reference")] == ["c1", "t.mov", "c3"]
    assert above(out) == [("t", 25, 45, 3)]


@pytest.mark.full
def test_further_versions_lie_above_and_the_same_take_comes_once(document: bytes) -> None:
    row = rows(document)["n1"]
    once, _ = grafted(document, take(row, "one"))
    again, _ = grafted(once, take(row, "one"))
    assert without_takes_in_aaf(again, "/nowhere/") == without_takes_in_aaf(once, "/nowhere/")
    both, _ = grafted(once, take(row, "two", 2))
    assert [name for name, *_ in above(both)] == ["one", "two"]
    second = rows(both)
    assert second["n1"].versions == ("one", "two")
    assert not any(name.endswith(".mov") for name in second), "takes are no clips to be rendered"


def test_a_part_of_a_clip_is_covered_and_no_more(document: bytes) -> None:
    row = rows(document, ranges=((133, 141),))["n1"]
    out, _ = grafted(document, take(row, "part"))
    assert above(out) == [("part", 133, 141, 3)]


@pytest.mark.parametrize("mode", ["references", "both"])
def test_versions_of_a_clip_are_told_to_lie_above(document: bytes, mode: PublishMode) -> None:
    out, notices = grafted(document, take(rows(document)["n1"], "t"), mode=mode)
    assert any("AAF has no versions" in each for each in notices)
    assert above(out) == [("t", 130, 150, 3)]


def test_a_dissolve_that_a_take_is_too_short_for_stays_below(document: bytes) -> None:
    """Without frames beyond its cuts the take lies between them, and the dissolves of the clips below are covered there: it is told."""
    row = rows(document)["c2"]
    long = take(row, "t")
    short = FinishedTake(
        shot=TimelineShot(**{name: getattr(row, name) for name in row.__struct_fields__} | {"offset_s": Fraction(0)}),
        path=long.path,
        take="t",
        frames=20,
        rate=long.rate,
    )
    out, notices = grafted(document, short)
    assert above(out) == [("t", 25, 45, 0)]
    assert len(notices) == 2


def test_a_file_that_cannot_be_edited_is_written_anew_and_says_what_is_lost(document: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("as pyaaf2 does of what it does not know")

    monkeypatch.setattr("heygem_server.timeline.formats.aaf_graft._in_place", broken)
    out, notices = grafted(document, take(rows(document)["n1"], "t"), mode="references")
    assert notices[:1] == EXPERIMENTAL
    urls = [getattr(each.media_reference, "target_url", "") for each in read_timeline(out).timeline.find_clips()]
    assert any(url.endswith("/takes/t.mov") for url in urls)
