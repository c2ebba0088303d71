"""What happened, by number, for those who were away; and the present state for those who were away too long."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire import Happened, Snapshot
from . import queries, rows
from .database import Database, events_from, newest_seq

_NEWEST_JOBS = 50  # of the finished ones, in a snapshot
_MOST_JOBS = 500  # of the unfinished ones: the rest is fetched by pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much of everything there is."""

    jobs: dict[str, int]  # by state
    shots: dict[str, int]  # by state
    queued: int  # pieces of work that wait
    running: int  # pieces of work that are being done
    takes: int
    frames: int  # of all takes


class History(Database):
    """Events that were committed with what they tell of."""

    def events_since(self, seq: int, limit: int = 500) -> tuple[Happened, ...] | None:
        """The events after `seq`, oldest first; None = some of them are pruned, or were never here: a snapshot is needed."""
        with self.reading() as connection:
            newest = newest_seq(connection)
            if seq > newest:
                return None
            found = connection.execute(queries.EVENTS_AFTER, (seq, limit)).fetchall()
        events = events_from(found)
        first = events[0].seq if events else newest + 1
        return events if first == seq + 1 else None

    def snapshot(self) -> Snapshot:
        """The present state."""
        unfinished = "SELECT * FROM jobs WHERE state IN ('queued', 'active', 'paused') ORDER BY number DESC LIMIT ?"
        finished = "SELECT * FROM jobs WHERE state NOT IN ('queued', 'active', 'paused') ORDER BY number DESC LIMIT ?"
        with self.reading() as connection:
            epoch = connection.execute(queries.EPOCH).fetchone()[0]
            found = [*connection.execute(unfinished, (_MOST_JOBS,)), *connection.execute(finished, (_NEWEST_JOBS,))]
            return Snapshot(epoch=epoch, seq=newest_seq(connection), jobs=tuple(map(rows.job_view, found)))

    def counts(self) -> Counts:
        """How much of everything there is."""
        with self.reading() as connection:
            jobs, shots, tasks = (dict(connection.execute(queries.BY_STATE[each]).fetchall()) for each in ("jobs", "shots", "tasks"))
            takes, frames = connection.execute(queries.TAKEN).fetchone()
        return Counts(jobs=jobs, shots=shots, queued=tasks.get("queued", 0), running=tasks.get("running", 0), takes=takes, frames=frames)

    def remember(self, name: str, value: str) -> None:
        """A word that outlives the process."""
        with self.change() as change:
            change.connection.execute(queries.REMEMBER, (name, value))

    def recall(self, name: str) -> str | None:
        """None = nothing was remembered under that name."""
        with self.reading() as connection:
            row = connection.execute(queries.RECALL, (name,)).fetchone()
        return None if row is None else str(row[0])

    def newest_time(self) -> float | None:
        """When the newest event that is still kept happened; None = nothing has happened yet."""
        with self.reading() as connection:
            newest: float | None = connection.execute(queries.NEWEST_TIME).fetchone()[0]
        return newest

    def prune(self, *, keep_events: int = 20_000, idempotency_s: float = 7 * 86_400) -> int:
        """Drops all but the newest events, and keys of requests that nobody repeats any more; returns how many events went."""
        with self.change() as change:
            newest = newest_seq(change.connection)
            change.connection.execute(queries.FORGET_OLD_KEYS, (change.now - idempotency_s,))
            return change.connection.execute(queries.PRUNE_EVENTS, (newest - keep_events,)).rowcount
