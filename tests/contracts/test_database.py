"""A database of before opens, says what it said, and its work goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from heygem_core.messages import plain

from . import doors
from .comparing import lost
from .record import MATERIAL, placed, store_says


@pytest.fixture
def expected(data_of_before: Path) -> Any:
    return json.loads(placed((MATERIAL / "data" / "expected.json").read_text(encoding="utf-8"), data_of_before.parent))


def test_every_job_shot_take_and_event_says_what_it_said(data_of_before: Path, expected: Any) -> None:
    with doors.store(data_of_before / "heygem.sqlite3") as store:
        store.check()
        now = store_says(store)
    assert list(lost(expected, now)) == []
    assert {each["job"]["state"] for each in now["jobs"]} == {"queued", "active", "paused", "completed", "failed", "canceled"}


def test_the_schema_is_the_same_as_a_new_one(data_of_before: Path, tmp_path: Path) -> None:
    """Steps that came since are applied to the old one at its opening: afterwards nobody can tell the two apart."""
    with doors.store(data_of_before / "heygem.sqlite3"), doors.store(tmp_path / "new.sqlite3"):
        pass
    assert _schema(data_of_before / "heygem.sqlite3") == _schema(tmp_path / "new.sqlite3")


def _schema(path: Path) -> dict[str, set[str]]:
    """Columns by table; comments and the order in which things were added do not count."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        columns = {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in tables}
        return columns | {"indexes": {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}}


def test_the_next_piece_of_work_is_claimed_as_it_was_asked_for(data_of_before: Path, expected: Any) -> None:
    """First what was running when the server was killed, then the paused job stays, then what waited, with all its fields."""
    with doors.store(data_of_before / "heygem.sqlite3") as store:
        assert store.recover("a new server") == []
        first = store.claim("a new server")
        assert (first.job_name, first.kind, first.segment, first.stamp) == ("active", "segment", 1, "sizes and times")
        assert [each.key for each in first.planned.segments] == [f"{first.shot}-0", f"{first.shot}-1"]
        store.finish_segment(first.token)
        join = store.claim("a new server")
        assert (join.kind, join.shot) == ("join", first.shot)
        claims = [store.claim("a new server") for _ in range(3)]
    by_name = {claim.job_name: claim for claim in claims if claim is not None}
    assert set(by_name) == {"active", "queued", "queued later"}
    (wanted,) = [each["shots"][0]["request"] for each in expected["jobs"] if each["job"]["name"] == "queued"]
    claim = doors.plain(by_name["queued"])
    assert list(lost(wanted, claim["request"])) == []
    assert list(lost(wanted["settings"], claim["settings"])) == []
    shot = {name: wanted[name] for name in ("start", "end_exclusive", "speech_start", "speech_end", "speed", "keep", "face")}
    assert list(lost(shot | {"video": wanted["video"]["path"], "speech": wanted["speech"]["path"]}, claim["source"])) == []


def test_jobs_of_before_can_be_retried_resumed_and_deleted(data_of_before: Path, expected: Any) -> None:
    ids = {each["job"]["name"]: each["job"]["id"] for each in expected["jobs"]}
    with doors.store(data_of_before / "heygem.sqlite3") as store:
        assert store.retry(ids["failed"]).state == "queued"
        assert store.resume(ids["paused"]).state == "active"
        kept = store.delete(ids["done"]).kept
        assert len(kept) == 1  # the take that an editor uses
        assert [each.path for each in store.every_take()] == list(kept)
        kinds = {each.kind for each in store.events_since(0, 10_000)}
        assert {"job.deleted", "take.deleted", "job.changed"} <= kinds


def test_the_same_request_still_makes_no_second_job(data_of_before: Path) -> None:
    """The key of a request is remembered with the digest of what was asked."""
    with closing(sqlite3.connect(data_of_before / "heygem.sqlite3")) as connection:
        ((key, digest, job),) = connection.execute("SELECT key, digest, job FROM idempotency").fetchall()
    with doors.store(data_of_before / "heygem.sqlite3") as store:
        assert store.answered(key, digest) == job


def test_events_go_on_where_they_were(data_of_before: Path, expected: Any) -> None:
    with doors.store(data_of_before / "heygem.sqlite3") as store:
        assert store.epoch == expected["snapshot"]["epoch"]
        before = expected["snapshot"]["seq"]
        store.announce(plain("Something new."))
        (event,) = store.events_since(before, 10)
        assert (event.seq, event.kind, event.message) == (before + 1, "server.changed", "Something new.")


def test_an_editors_export_of_before_is_found(data_of_before: Path) -> None:
    found = doors.plain(doors.export_of(data_of_before, "x0123456789abcdef"))
    kept = json.loads((MATERIAL / "data" / "exports" / "x0123456789abcdef" / "kept.json").read_text(encoding="utf-8"))
    assert list(lost(kept, found)) == []
