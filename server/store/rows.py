"""Rows of the database as the structs that travel: the border between SQL and the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, TypeVar

import msgspec

from heygem_core.messages import Message, known
from heygem_core.shot import RenderSettings, Shot, from_json

from ..errors import NotFound
from ..wire import AttemptView, JobDetail, JobView, Origin, Placed, Reused, SegmentView, ShotRequest, ShotView, TakeView
from . import queries

_T = TypeVar("_T")

_NOTHING = Reused()
_TASK_OF_STATE = {"planning": "plan", "rendering": "render", "joining": "finish"}  # Stage of a shot until its worker says more


def job(connection: sqlite3.Connection, id: str) -> JobView:
    """Raises: NotFound."""
    return job_view(_one(connection, "SELECT * FROM jobs WHERE id = ?", id, "store.no-job"))


def job_view(row: sqlite3.Row) -> JobView:
    return JobView(
        id=row["id"],
        name=row["name"],
        state=row["state"],
        priority=row["priority"],
        place=row["number"] if row["place"] is None else row["place"],
        created=row["created"],
        updated=row["updated"],
        origin=from_json(row["origin"], Origin),
        folder=row["folder"],
        timeline=row["timeline"],
        settings=from_json(row["settings"], RenderSettings),
        shots_total=row["shots_total"],
        shots_done=row["shots_done"],
        shots_failed=row["shots_failed"],
        frames_done=row["frames_done"],
        frames_total=row["frames_total"],
    )


def detail(connection: sqlite3.Connection, id: str, after: int = -1, limit: int | None = None) -> JobDetail:
    """A job with its shots, or the first `limit` of those behind position `after`. Raises: NotFound."""
    which = "shots WHERE job = ? AND position > ? ORDER BY position LIMIT ?"
    most = -1 if limit is None else limit
    found = connection.execute(f"SELECT * FROM {which}", (id, after, most)).fetchall()
    views = _shots(connection, found, f"IN (SELECT id FROM {which})", (id, after, most))
    more = limit is not None and len(found) == limit
    return JobDetail(job=job(connection, id), shots=tuple(views), next=found[-1]["position"] if more else None)


def shot(connection: sqlite3.Connection, id: str) -> ShotView:
    """Raises: NotFound."""
    row = _one(connection, "SELECT * FROM shots WHERE id = ?", id, "store.no-shot")
    return _shots(connection, [row], "= ?", (id,))[0]


def core_shot(connection: sqlite3.Connection, id: str) -> Shot:
    """As it is rendered. Raises: NotFound."""
    return from_json(_one(connection, "SELECT shot FROM shots WHERE id = ?", id, "store.no-shot")["shot"], Shot)


def shots_by_id(connection: sqlite3.Connection, ids: Iterable[str]) -> list[ShotView]:
    """Those that (still) exist, in this order."""
    known = list(ids)
    if not known:
        return []
    marks = f"IN ({','.join('?' * len(known))})"
    found = {row["id"]: row for row in connection.execute(f"SELECT * FROM shots WHERE id {marks}", known)}
    return _shots(connection, [found[id] for id in known if id in found], marks, known)


def _shots(connection: sqlite3.Connection, found: Sequence[sqlite3.Row], which: str, values: Sequence[str | int]) -> list[ShotView]:
    """The views of shot rows, with what belongs to them fetched in three queries altogether."""
    attempts = _by_shot(connection, f"SELECT * FROM attempts WHERE shot {which} ORDER BY shot, token", values)
    segments = _by_shot(connection, f"SELECT * FROM tasks WHERE kind = 'segment' AND shot {which} ORDER BY shot, segment", values)
    kept = _by_shot(connection, f"SELECT * FROM takes WHERE shot {which} ORDER BY shot, number", values)
    return [
        ShotView(
            id=row["id"],
            job=row["job"],
            position=row["position"],
            name=row["name"],
            state=row["state"],
            why=row["why"],
            why_message=_message(row["why"], row["why_message"]),
            stage=_TASK_OF_STATE.get(row["state"]),  # type: ignore[arg-type]
            frames_done=row["frames_done"],
            frames_total=row["frames_total"],
            request=from_json(row["request"], ShotRequest),
            reused=_NOTHING if row["reused"] == "{}" else from_json(row["reused"], Reused),
            attempts=tuple(map(_attempt, attempts.get(row["id"], ()))),
            segments=tuple(map(_segment, segments.get(row["id"], ()))),
            takes=tuple(take_view(connection, each) for each in kept.get(row["id"], ())),
        )
        for row in found
    ]


def _by_shot(connection: sqlite3.Connection, query: str, values: Sequence[str | int]) -> dict[str, list[sqlite3.Row]]:
    return {id: list(group) for id, group in groupby(connection.execute(query, values), key=lambda row: row["shot"])}


def _attempt(row: sqlite3.Row) -> AttemptView:
    return AttemptView(
        number=row["number"],
        task=row["kind"],
        segment=row["segment"],
        started=row["started"],
        ended=row["ended"],
        outcome=row["outcome"],
        slot=row["slot"],
        reason=row["reason"],
        reason_message=_message(row["reason"], row["reason_message"]),
    )


def _segment(row: sqlite3.Row) -> SegmentView:
    return SegmentView(
        position=row["segment"], start=row["start"], end_exclusive=row["end_exclusive"], state=row["state"], reused=bool(row["reused"])
    )


def take(connection: sqlite3.Connection, id: str) -> TakeView:
    """Raises: NotFound."""
    return take_view(connection, _one(connection, "SELECT * FROM takes WHERE id = ?", id, "store.no-take"))


def take_view(connection: sqlite3.Connection, row: sqlite3.Row) -> TakeView:
    placed = connection.execute(queries.PLACEMENTS, (row["id"],))
    return msgspec.structs.replace(
        from_json(row["view"], TakeView),
        pinned=bool(row["pinned"]),
        missing=bool(row["missing"]),
        placed=tuple(from_json(text, Placed) for (text,) in placed),
    )


def read(row: sqlite3.Row, column: str, kind: type[_T]) -> _T | None:
    """A struct kept in a column that may be empty."""
    return None if row[column] is None else from_json(row[column], kind)


def _message(sentence: str | None, kept: str | None) -> Message | None:
    """A reason with its code; an older version kept the sentence alone."""
    if sentence is None:
        return None
    return known(sentence) if kept is None else from_json(kept, Message)


def _one(connection: sqlite3.Connection, query: str, id: str, no: str) -> Any:
    row = connection.execute(query, (id,)).fetchone()
    if row is None:
        raise NotFound(no, id=id)
    return row
