"""Timelines that we published are read again: takes are known as takes, clips by their editors' ids, and a second round works."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from . import doors
from .comparing import lost
from .record import CHOSEN, MATERIAL, TIMELINES, finished, media_of_timelines, placed, rate_of, recorded, sentences_as_marks

THEN = recorded("timelines/conformed.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published timelines, with the media that they name."""
    here = tmp_path_factory.mktemp("timelines")
    media_of_timelines(here)
    for name in THEN:
        (here / name).write_text(placed((MATERIAL / "timelines" / name).read_text(encoding="utf-8"), here), encoding="utf-8")
    return here


@cache
def conformed(folder: Path, name: str) -> dict[str, Any]:
    """Its shots; the same for all tests, since files are probed in a child process each time."""
    return doors.conform(source=str(folder / name), **CHOSEN, **rate_of(name))


@pytest.mark.parametrize("name", THEN)
def test_a_published_timeline_gives_the_same_shots(name: str, folder: Path) -> None:
    expected = json.loads(placed(json.dumps(THEN[name]), folder))
    assert list(lost(expected, sentences_as_marks(conformed(folder, name)))) == []


def test_takes_are_known_and_no_take_is_a_shot(folder: Path) -> None:
    """What the material must show for the comparison to mean something."""
    for name in ("references.otio", "track.otio", "both.otio", "references.fcpxml"):
        assert [row["versions"] for row in THEN[name]["shots"]] == [["take-0"], ["take-1"]], name
    assert [row["key"] for row in THEN["track.otio"]["shots"]] == ["host-clip-1", "host-clip-2"]
    assert [bool(row["shot"]["keep"]) for row in THEN["cut.otio"]["shots"]] == [True, False]


@pytest.mark.parametrize("name", ["references.otio", "track.otio", "references.fcpxml", "track.xml"])
def test_a_second_version_joins_the_first(name: str, folder: Path) -> None:
    rows = conformed(folder, name)["shots"]
    output = folder / f"again {name}"
    takes = [finished(row, f"new-{number}", folder, version=2) for number, row in enumerate(rows) if row["shot"]]
    doors.publish(source=str(folder / name), takes=takes, mode=TIMELINES[name], output=str(output))
    again = {row["key"]: row["versions"] for row in doors.conform(source=str(output), **CHOSEN)["shots"]}
    for number, row in enumerate(rows):
        if row["key"] in again and row["versions"]:
            assert set(again[row["key"]]) >= {*row["versions"], f"new-{number}"}
    assert all(f"/takes/{take['take']}.mov" in output.read_text(encoding="utf-8") for take in takes)


@pytest.mark.parametrize("name", ["references.otio", "track.otio"])
def test_publishing_the_same_take_again_changes_nothing(name: str, folder: Path) -> None:
    rows = conformed(folder, name)["shots"]
    output = folder / f"same {name}"
    takes = [finished(row, f"take-{number}", folder) for number, row in enumerate(rows)]
    doors.publish(source=str(folder / name), takes=takes, mode=TIMELINES[name], output=str(output))
    before, after = (json.loads(path.read_text(encoding="utf-8"))["tracks"]["children"] for path in (folder / name, output))
    assert len(before) == len(after)
    assert list(lost(before, after)) == []


def test_the_process_that_reads_timelines_is_asked_as_before(folder: Path) -> None:
    done = doors.timeline_child({"ask": "conform", "source": str(folder / "cut.otio"), **CHOSEN})
    assert done["event"] == "conformed"
    assert list(lost(json.loads(placed(json.dumps(THEN["cut.otio"]), folder)), sentences_as_marks(done))) == []
    failed = doors.run(doors.TIMELINES, text=json.dumps({"ask": "conform", "source": str(folder / "none.otio")}))
    assert failed.returncode == 3
    (line,) = doors.lines_of(failed.stdout)
    assert (line["event"], line["error"], line["exit_code"]) == ("failed", "UnreadableTimeline", 3)
