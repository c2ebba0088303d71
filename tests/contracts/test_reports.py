"""The report beside a take of before is read, with all it says, also one that is older than some of the fields."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from . import doors
from .comparing import lost
from .record import MATERIAL

REPORTS = sorted(path.name.removesuffix(".report.json") for path in (MATERIAL / "reports").glob("*.report.json"))


def said(take: str) -> dict[str, Any]:
    return json.loads((MATERIAL / "reports" / f"{take}.report.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("take", REPORTS)
def test_a_report_of_before_is_read_whole(take: str, tmp_path: Path) -> None:
    """Whatever the fields are called in Python by now, written again they have the names that are on disk."""
    shutil.copy(MATERIAL / "reports" / f"{take}.report.json", tmp_path)
    now = doors.report(tmp_path / take)
    assert list(lost(said(take), now)) == []


def test_the_reports_show_what_a_report_can_say() -> None:
    """A whole take, one of joined pieces that was measured, one piece alone, and one of a version without the newer fields."""
    assert {"full.mp4", "joined.mkv", "older.mkv", "piece0.mkv"} <= set(REPORTS)
    assert said("joined.mkv")["quality"]["opening"]["r"] is not None
    assert said("joined.mkv")["plan"]["answer"].keys() == {"across", "down"}
    assert said("piece0.mkv")["end_exclusive"] == 8
    assert not {"wanted_gap", "quality", "weak", "remarks"} & said("older.mkv").keys()
    assert not {"head", "manner", "answer", "notices"} & said("older.mkv")["plan"].keys()


def test_what_an_older_report_does_not_say_is_unknown(tmp_path: Path) -> None:
    shutil.copy(MATERIAL / "reports" / "older.mkv.report.json", tmp_path)
    now = doors.report(tmp_path / "older.mkv")
    assert (now["quality"], now["weak"], now["wanted_gap"]) == (None, None, None)
    assert now["plan"]["answer"] is None
