"""The SQLite file: one connection that writes, one that reads, and changes that carry their events with them.

    with self.change() as change:         # BEGIN IMMEDIATE, one writer at a time
        change.connection.execute(...)
        change.shots.add(shot)            # what an event will tell; job counts and states follow by themselves
    # committed together with the events; those who listen hear of them in order

A killed process loses nothing that was committed; `synchronous=FULL` extends that to a power cut. What the disk refuses is taken back
whole and told as `DiskFull`; the same change may be tried again.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal

from heygem_core.messages import Message
from heygem_core.shot import from_json, to_json

from ..errors import Broken
from ..log import LOGGER
from ..rendering.states import job_state, move
from ..wire import EventKind, Happened
from . import queries, rows
from .backups import back_up, back_up_daily
from .refusals import refusal
from .schema import is_older, migrate
from .soundness import damage_of

Listener = Callable[[tuple[Happened, ...]], None]

_TOLD_ONE_BY_ONE = 50
"""Where one change touches more shots than this, only their job is told: whoever shows them fetches the job again."""


@dataclass(slots=True)
class Change:
    """One transaction: what it touched, so that events can tell. Dicts stand for ordered sets."""

    connection: sqlite3.Connection
    now: float
    steady: float  # seconds that pass evenly: a clock that is set neither shortens nor lengthens a wait
    jobs: dict[str, EventKind] = field(default_factory=dict)
    shots: dict[str, str] = field(default_factory=dict)  # shot → job
    takes: dict[str, EventKind] = field(default_factory=dict)
    deleted: list[tuple[EventKind, str]] = field(default_factory=list)
    message: tuple[Message | None, ...] = ()  # of server.changed; empty = nothing to say

    def touch_shot(self, shot: str, job: str) -> None:
        """This shot, and with it its job, changed."""
        self.shots[shot] = job
        self.jobs.setdefault(job, "job.changed")


class Database:
    """Opens, migrates, changes and tells. `path` may be ":memory:" nowhere: two connections share one file."""

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.time, steady: Callable[[], float] | None = None) -> None:
        """clock: seconds since 1970, for what people read. steady: seconds that pass evenly, for waits and leases; None = a given clock's.

        Raises: Broken — the file is no database, is damaged, or was written by a newer version; DiskFull — its folder takes nothing."""
        self.path = Path(path)
        self.clock = clock
        self.steady = steady or (_steady_clock() if clock is time.time else clock)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._writing, self._reading = threading.RLock(), threading.RLock()
        self._open: set[Literal["change", "reading"]] = set()
        self._listeners: list[Listener] = []
        try:
            found = damage_of(self.path)
            if found is not None:
                raise Broken("database.damaged", path=self.path, found=found)
            self._writer, self._reader = _connect(self.path), _connect(self.path)
            if is_older(self._writer):
                _keep_before_upgrade(self.path)
            migrate(self._writer)
            self._writer.execute(queries.BEGIN_EPOCH, (token_hex(8),))
        except sqlite3.DatabaseError as error:
            told = refusal(error, self.path)
            raise (Broken("database.unusable", path=self.path, error=error) if told is error else told) from error
        if os.name == "posix":
            self.path.chmod(0o600)

    def close(self) -> None:
        """Every commit before is safe; nothing works after."""
        with self._writing, self._reading:
            self._reader.close()
            self._writer.close()

    def back_up_daily(self, now: float) -> None:
        """A copy of the file beside it, where there is none of this day. Raises: Broken — it is damaged; DiskFull, Busy, OSError."""
        try:
            back_up_daily(self.path, now)
        except sqlite3.Error as error:
            raise refusal(error, self.path) from error

    def fold_log(self) -> None:
        """Writes all that was committed into the file itself, so that the file alone is the whole."""
        with self._writing:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def listen(self, listener: Listener) -> None:
        """Calls it after every change, in the order of the events and in the thread that made the change: be quick."""
        self._listeners.append(listener)

    def check(self) -> None:
        """Raises: Broken — SQLite finds the file damaged."""
        with self.reading() as connection:
            found = [line for (line,) in connection.execute("PRAGMA integrity_check")]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        if found != ["ok"] or orphans:
            raise Broken("database.damaged", path=self.path, found=found[0])

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of what is committed; writers go on meanwhile. Raises: DiskFull, Busy, Broken — see `refusals`."""
        with self._reading, self._once("reading"):
            try:
                self._reader = self._outside_of_changes(self._reader)
                self._reader.execute("BEGIN")
                yield self._reader
            except sqlite3.Error as error:
                raise refusal(error, self.path) from error
            finally:
                with suppress(sqlite3.Error):  # the next one tries again
                    self._reader = self._outside_of_changes(self._reader)

    @contextmanager
    def change(self) -> Iterator[Change]:
        """One transaction and its events; nothing of it stays where the block raises.

        Raises: DiskFull, Busy, Broken — SQLite refused it (`refusals`).
        """
        with self._writing:
            with self._once("change"):
                try:
                    self._writer = self._outside_of_changes(self._writer)
                    self._writer.execute("BEGIN IMMEDIATE")
                    change = Change(self._writer, self.clock(), self.steady())
                    yield change
                    happened = tuple(_record(change))
                    self._writer.execute("COMMIT")
                except BaseException as error:
                    with suppress(sqlite3.Error):  # the next one tries again
                        self._writer = self._outside_of_changes(self._writer)
                    if isinstance(error, sqlite3.Error):
                        raise refusal(error, self.path) from error
                    raise
            if happened:
                for listener in self._listeners:
                    listener(happened)

    @contextmanager
    def _once(self, what: Literal["change", "reading"]) -> Iterator[None]:
        """Refuses what the thread that holds the lock is inside already: making the connection ready would roll the outer one back."""
        if what in self._open:
            raise RuntimeError(f"a {what} of the database within a {what}")
        self._open.add(what)
        try:
            yield
        finally:
            self._open.remove(what)

    def _outside_of_changes(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The connection with no transaction open; a new one where SQLite could not even roll back."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return connection
        except sqlite3.Error:
            with suppress(sqlite3.Error):
                connection.close()
            return _connect(self.path)

    @property
    def epoch(self) -> str:
        """Changes whenever event numbers start anew."""
        with self.reading() as connection:
            return str(connection.execute(queries.EPOCH).fetchone()[0])

    @property
    def seq(self) -> int:
        """Number of the newest event; 0 = none yet."""
        with self.reading() as connection:
            return newest_seq(connection)

    def announce(self, message: Message | None) -> None:
        """server.changed with a sentence; None = all is well again."""
        with self.change() as change:
            change.message = (message,)


def _keep_before_upgrade(path: Path) -> None:
    """Where there is no room for a copy the upgrade goes on: its steps only add."""
    try:
        back_up(path)
    except (OSError, sqlite3.Error, Broken) as error:
        LOGGER.warning("no copy of the database was made before its upgrade: %s", error)


def _steady_clock() -> Callable[[], float]:
    """Seconds since 1970 as they were at this moment, and evenly on from there, whatever becomes of the clock."""
    began = time.time() - time.monotonic()
    return lambda: began + time.monotonic()


def newest_seq(connection: sqlite3.Connection) -> int:
    """Also where the newest events were pruned."""
    row = connection.execute(queries.NEWEST_EVENT).fetchone()
    return row[0] if row else 0


def encoded(value: Any) -> str:
    """A struct as it is kept."""
    return to_json(value).decode()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False, cached_statements=256)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "temp_store = MEMORY", "cache_size = -32000"):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("file_name", 1, _file_name, deterministic=True)
    connection.create_function("day", 1, _day)
    return connection


def _file_name(path: str | None) -> str | None:
    """Without its folders, which a search does not mean."""
    return None if path is None else Path(path).name


def _day(at: float) -> str:
    """Of this machine's calendar, as “2026-11-30”."""
    return time.strftime("%Y-%m-%d", time.localtime(at))


def _record(change: Change) -> Iterator[Happened]:
    """Brings the jobs in line with their shots, then writes an event for everything that changed."""
    for job, kind in change.jobs.items():
        refresh(change, job)
        yield _write(change, kind, job=rows.job(change.connection, job))
    if len(change.shots) <= _TOLD_ONE_BY_ONE:
        for shot in rows.shots_by_id(change.connection, change.shots):
            yield _write(change, "shot.changed", shot=shot)
    for take, kind in change.takes.items():
        yield _write(change, kind, take=rows.take(change.connection, take))
    for kind, gone in change.deleted:
        yield _write(change, kind, id=gone)
    for said in change.message:
        what = {} if said is None else {"message": said.message, "code": said.code, "params": said.params}
        yield _write(change, "server.changed", **what)


def refresh(change: Change, job: str) -> None:
    """Counts and state of a job, from its shots."""
    connection = change.connection
    counted = {row[0]: row[1:] for row in connection.execute(queries.COUNTS, (job,))}
    name, now = connection.execute(queries.JOB_STATE, (job,)).fetchone()
    state = move("job", now, job_state(now, {state: row[0] for state, row in counted.items()}), name)
    total, planned = (sum(row[place] for row in counted.values()) for place in (0, 3))
    connection.execute(
        queries.SUM_UP_JOB,
        (
            state,
            change.now,
            counted.get("done", (0,))[0],
            counted.get("failed", (0,))[0],
            sum(row[1] for row in counted.values()),
            sum(row[2] or 0 for row in counted.values()) if planned == total else None,
            job,
        ),
    )


def _write(change: Change, kind: EventKind, **what: Any) -> Happened:
    seq = newest_seq(change.connection) + 1
    event = Happened(seq=seq, at=change.now, kind=kind, **what)
    change.connection.execute(queries.RECORD_EVENT, (seq, change.now, encoded(event)))
    return event


def events_from(rows_: Iterable[sqlite3.Row]) -> tuple[Happened, ...]:
    return tuple(from_json(row["body"], Happened) for row in rows_)
