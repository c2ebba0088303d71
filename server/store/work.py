"""What workers do with the queue: claim a piece, keep its lease, hand in what became of it.

Every attempt has a token, greater than all before it. Whoever hands something in names its token, and where the piece was
taken over or called off meanwhile, StaleAttempt tells that nothing was recorded.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import product
from typing import Literal, TypeVar

import msgspec

from heygem_core.messages import Message, tell
from heygem_core.shot import RenderSettings, Shot, Struct, from_json
from heygem_core.tasks.specs import Planned

from ..errors import StaleAttempt
from ..rendering.states import move
from ..wire import Reused, ShotRequest, TakeView
from . import queries, rows
from .database import Change, Database, encoded
from .jobs import add_plan, call_back, end_attempt, end_open_tasks, new_task, set_shot
from .trash import Written, keep_files

LEASE_S = 60.0
HEARTBEAT_S = 10.0
MOST_FAILURES = 3
MOST_COUNTED = 1000
MOST_KILLS = 30  # by somebody else, so the task itself is hardly to blame
_MOST_OF_MEMORY = 2  # the second try has a fresh worker; what is too much for that will be too much again
_BACKOFF_S = (2.0, 10.0)  # after the first, after the second failure
_KILLED_BACKOFF_S, _KILLED_GROWTH, _LONGEST_BACKOFF_S = 0.5, 1.5, 30.0

_T = TypeVar("_T")
_ROOMS = (("join", None), *product(("segment", "plan"), (None, "card", "cuda", "mps", "cpu")))  # every kind and lane that there is

Outcome = Literal["failed", "crashed", "killed", "timeout", "memory", "lost", "canceled"]
_TRIED = {
    "failed": "work.tried-failed",
    "crashed": "work.tried-crashed",
    "killed": "work.tried-killed",
    "timeout": "work.tried-timeout",
    "memory": "work.tried-memory",
}
_GIVEN_UP = {"memory": "work.given-up-memory", "timeout": "work.given-up-timeout"}


class Claim(Struct, frozen=True, kw_only=True):
    """One piece of work in the hands of one server."""

    token: int
    number: int  # of this piece, from 1
    kind: Literal["plan", "segment", "join"]
    job: str
    job_name: str
    folder: str  # where takes go
    shot: str
    name: str
    request: ShotRequest
    source: Shot
    settings: RenderSettings
    planned: Planned | None  # None = not yet
    stamp: str | None
    segment: int | None = None  # position
    start: int | None = None
    end_exclusive: int | None = None
    key: str | None = None
    lane: str | None = None  # which devices it waits for, see `heygem_core.engines.requirements.lane_of`; None = any


class Intent(Struct, frozen=True, kw_only=True):
    """A take that is about to get its name: `staged` becomes `take.path`."""

    staged: str
    take: TakeView


class Work(Database):
    """The queue from the inside."""

    def claim(
        self, owner: str, *, lease_s: float = LEASE_S, holding: Collection[int] | None = None, full: Collection[str] = ()
    ) -> Claim | None:
        """The next piece of work, see `claims`; None = nothing to do at present."""
        return next(iter(self.claims(owner, most=1, lease_s=lease_s, holding=holding, full=full)), None)

    def claims(
        self,
        owner: str,
        *,
        most: int,
        like: tuple[str, str | None] | None = None,
        lease_s: float = LEASE_S,
        holding: Collection[int] | None = None,
        full: Collection[str] = (),
    ) -> list[Claim]:
        """The next piece of work, now running in the hands of `owner`, and with it those behind it that are of its kind and lane, up to
        `most` altogether; empty = nothing to do at present.

        like: kind and lane for which `most` holds; of any other there is one. None = of whichever is first.
        full: kinds and lanes of work that stays in the queue, since there is no room for it.
        holding: tokens of all that `owner` is doing. What is said to be in its hands beside them waits again: its end was never recorded.
        """
        rooms = [(kind, lane) for kind, lane in _ROOMS if kind not in full and lane not in full]
        found: list[Claim] = []
        with self.change() as change:
            _take_back(change, owner, everything=False, holding=holding)
            values = {"owner": owner, "now": change.steady, "lease_until": change.steady + lease_s, "rooms": json.dumps(rooms)}
            while len(found) < most:
                task = change.connection.execute(queries.NEXT_PIECE, values).fetchone()
                if task is None or (found and (task["kind"], task["lane"]) != like):
                    break
                like = like or (task["kind"], task["lane"])
                change.connection.execute(queries.CLAIM, {**values, "id": task["id"]})
                found.append(_begin(change, task))
                if (task["kind"], task["lane"]) != like:
                    break
        return found

    def together(self, works: Sequence[Callable[[Change], _T]]) -> list[_T | StaleAttempt]:
        """Several pieces of a change, as one: what each returns, or that its attempt no longer counts. (Such a piece finds that out before
        it changes anything.)"""
        seen: list[_T | StaleAttempt] = []
        with self.change() as change:
            for work in works:
                try:
                    seen.append(work(change))
                except StaleAttempt as late:
                    seen.append(late)
        return seen

    def heartbeat(self, owner: str, tokens: Iterable[int], *, lease_s: float = LEASE_S) -> set[int]:
        """Prolongs leases; returns the tokens that no longer count, whose work should stop."""
        lost = set()
        with self.change() as change:
            for token in tokens:
                if not change.connection.execute(queries.HEARTBEAT, (change.steady + lease_s, token, owner)).rowcount:
                    lost.add(token)
        return lost

    def finish_plan(self, token: int, planned: Planned, *, stamp: str | None = None, present: Collection[str] = ()) -> None:
        """The shot's segments wait for workers. present: keys of segments that are there already.

        Raises: StaleAttempt.
        """
        with self.change() as change:
            task = _mine(change, token)
            _close(change, task)
            ready = [segment.key in present for segment in planned.segments]
            reused = Reused(tracks=planned.reused_tracks, speech=planned.reused_motion, plan=planned.reused_plan, segments=sum(ready))
            change.connection.execute(  # first, since its segments wait for the device
                queries.SET_PLANNED,
                (
                    *(encoded(planned), stamp, encoded(reused), planned.frames),
                    *(
                        sum(s.end_exclusive - s.start for s, there in zip(planned.segments, ready, strict=True) if there),
                        planned.device,
                        task["shot"],
                    ),
                ),
            )
            for k, segment in enumerate(planned.segments):
                fields = {"segment": k, "start": segment.start, "end_exclusive": segment.end_exclusive, "key": segment.key}
                state = {"state": "done", "reused": 1} if ready[k] else {}
                change.connection.execute(queries.NEW_TASK, new_task(task["shot"], "segment", f"segment:{segment.key}", **fields, **state))
            set_shot(change, task["shot"], "rendering")
            _join_when_ready(change, task["shot"])

    def finish_segment(self, token: int, *, reused: bool = False) -> None:
        """See `finish_segment_in`."""
        with self.change() as change:
            finish_segment_in(change, token, reused=reused)

    def note_slot(self, token: int, slot: str) -> None:
        """See `note_slot_in`."""
        with self.change() as change:
            note_slot_in(change, token, slot)

    def replan(self, token: int, reason: Message) -> None:
        """A piece cannot be used as planned (its source changed, a segment is gone): the shot is planned again. Raises: StaleAttempt."""
        with self.change() as change:
            task = _mine(change, token)
            end_open_tasks(change, task["shot"], "canceled", "failed", reason)
            shot, source = task["shot"], _source(change, task["shot"])
            before = "SELECT count(*) FROM attempts WHERE shot = ? AND reason = ?"
            times = change.connection.execute(before, (shot, reason.message)).fetchone()[0]
            if times >= MOST_FAILURES:
                set_shot(change, shot, "failed", tell("work.changed-too-often", reason=reason, times=times))
                return
            change.connection.execute(queries.FORGET_TASKS, (shot,))
            change.connection.execute(queries.FORGET_PLAN, (shot,))
            set_shot(change, shot, "queued", reason)
            add_plan(change.connection, shot, source.video)

    def intend(self, token: int, intent: Intent) -> None:
        """Written before a take gets its name. Raises: StaleAttempt."""
        with self.change() as change:
            task = _mine(change, token)
            change.connection.execute(queries.SET_INTENT, (task["shot"], intent.staged, encoded(intent.take)))

    def finish_join(self, token: int, take: TakeView, files: Sequence[Written] = ()) -> TakeView:
        """The take is at its place, with these files of ours; the shot is done. Raises: StaleAttempt."""
        with self.change() as change:
            task = _mine(change, token)
            _close(change, task)
            _add_take(change, take, files)
        return take

    def fail(self, token: int, outcome: Outcome, reason: Message, *, again: bool = True) -> bool:
        """An attempt ended without a result; returns whether it will be tried again (with a growing delay).

        again: False for what another try cannot mend (bad input). "lost" and "canceled" never count against the task.
        Raises: StaleAttempt.
        """
        with self.change() as change:
            task = _mine(change, token)
            if outcome in ("lost", "canceled"):
                call_back(change, task, outcome, reason)
                return True
            end_attempt(change, task, outcome, reason)
            failures, kills = task["failures"] + (outcome != "killed"), task["kills"] + (outcome == "killed")
            most = _MOST_OF_MEMORY if outcome == "memory" else MOST_FAILURES
            if again and failures < most and kills < MOST_KILLS:
                delay = _delay_s(outcome, failures, kills)
                change.connection.execute(
                    queries.RETRY_TASK,
                    (failures, kills, change.steady + delay, task["id"]),
                )
                why = tell(_TRIED[outcome], number=failures + kills, reason=reason, delay_s=delay)
                set_shot(change, task["shot"], "queued" if task["kind"] == "plan" else _state(change, task["shot"]), why)
                return True
            change.connection.execute(queries.FAIL_TASK, (task["id"],))
            end_open_tasks(change, task["shot"], "failed", "canceled", tell("work.another-piece-failed"))
            set_shot(change, task["shot"], "failed", reason if not again else _poisoned(outcome, failures + kills, reason))
            return False

    def recover(self, owner: str) -> list[tuple[str, Intent]]:
        """At the start, when no other server can be at work: takes all running work back; returns unfinished intents by shot."""
        with self.change() as change:
            _take_back(change, owner, everything=True)
            change.connection.execute(queries.SHORTEN_WAITS, {"latest": change.steady + _LONGEST_BACKOFF_S})
            found = change.connection.execute(queries.INTENTS).fetchall()
        return [(row["shot"], Intent(staged=row["staged"], take=from_json(row["take"], TakeView))) for row in found]

    def adopt(self, shot: str, take: TakeView, files: Sequence[Written] = ()) -> None:
        """Records a take that got its name just before its server died: the shot is done."""
        with self.change() as change:
            change.connection.execute(queries.FINISH_TASKS_OF_SHOT, (shot,))
            if _state(change, shot) != "joining":
                change.connection.execute(queries.BEGIN_JOINING, (shot,))  # whatever it was called back to
            _add_take(change, take, files)

    def drop_intent(self, shot: str) -> None:
        """The take of this intent never got its name."""
        with self.change() as change:
            change.connection.execute(queries.FORGET_INTENT, (shot,))

    def next_wake(self) -> float | None:
        """When, by `steady`, a task that waits after a failure may be tried again."""
        with self.reading() as connection:
            wake: float | None = connection.execute(queries.NEXT_WAKE, (self.steady(),)).fetchone()[0]
        return wake

    def ahead(self, job: str) -> int:
        """Pieces of work that come before those of this job; at most `MOST_COUNTED` are counted."""
        with self.reading() as connection:
            row = connection.execute(queries.PLACE_IN_QUEUE, (job,)).fetchone()
            return connection.execute(queries.AHEAD, {**dict(row), "most": MOST_COUNTED}).fetchone()[0] if row else 0

    def queue_length(self) -> dict[str, int]:
        """Pieces of work by state, for /metrics."""
        with self.reading() as connection:
            return dict(connection.execute("SELECT state, count(*) FROM tasks GROUP BY state").fetchall())

    def seconds_per_frame(self) -> float | None:
        """Of one worker, over the newest segments; None = none was ever rendered here."""
        with self.reading() as connection:
            frames, seconds = connection.execute(queries.SPEED).fetchone()
        return seconds / frames if frames else None

    def bytes_per_frame(self, format: str | None) -> float | None:
        """Of the newest takes of that format (None = of any); None = there is none yet."""
        with self.reading() as connection:
            size, frames = connection.execute(queries.SIZE, {"format": format}).fetchone()
        return size / frames if frames else None


def finish_segment_in(change: Change, token: int, *, reused: bool = False) -> None:
    """The segment's file is there. Raises: StaleAttempt."""
    task = _mine(change, token)
    _close(change, task)
    frames = task["end_exclusive"] - task["start"]
    change.connection.execute(queries.ADD_FRAMES, (frames, task["shot"]))
    if reused:
        change.connection.execute(queries.MARK_REUSED, (task["id"],))
        row = change.connection.execute(queries.REUSED, (task["shot"],)).fetchone()
        before = from_json(row["reused"], Reused)
        after = msgspec.structs.replace(before, segments=before.segments + 1)
        change.connection.execute(queries.SET_REUSED, (encoded(after), task["shot"]))
    change.touch_shot(task["shot"], task["job"])
    _join_when_ready(change, task["shot"])


def note_slot_in(change: Change, token: int, slot: str) -> None:
    """Writes down where an attempt runs, for people; nothing where it no longer counts."""
    change.connection.execute(queries.PLACE_ATTEMPT, (slot, token))


def _begin(change: Change, task: sqlite3.Row) -> Claim:
    frames = None if task["start"] is None else task["end_exclusive"] - task["start"]
    values = {"shot": task["shot"], "kind": task["kind"], "segment": task["segment"], "frames": frames, "now": change.now}
    token, number = change.connection.execute(queries.BEGIN_ATTEMPT, values).fetchone()
    change.connection.execute(queries.SET_ATTEMPT, (token, task["id"]))
    states = {"plan": "planning", "segment": "rendering", "join": "joining"}
    set_shot(change, task["shot"], states[task["kind"]])  # type: ignore[arg-type]
    shot = change.connection.execute(queries.SHOT, (task["shot"],)).fetchone()
    job = change.connection.execute(queries.JOB_FOLDER, (task["job"],)).fetchone()
    return Claim(
        token=token,
        number=number,
        kind=task["kind"],
        job=task["job"],
        job_name=job["name"],
        folder=job["folder"],
        shot=task["shot"],
        name=shot["name"],
        request=from_json(shot["request"], ShotRequest),
        source=from_json(shot["shot"], Shot),
        settings=from_json(shot["settings"], RenderSettings),
        planned=rows.read(shot, "planned", Planned),
        stamp=shot["stamp"],
        segment=task["segment"],
        start=task["start"],
        end_exclusive=task["end_exclusive"],
        key=task["key"],
        lane=task["lane"],
    )


def _mine(change: Change, token: int) -> sqlite3.Row:
    task: sqlite3.Row | None = change.connection.execute(queries.MINE, (token,)).fetchone()
    if task is None:
        raise StaleAttempt("work.stale", attempt=token)
    return task


def _close(change: Change, task: sqlite3.Row) -> None:
    end_attempt(change, task, "done")
    change.connection.execute(queries.SET_TASK, (move("segment", task["state"], "done"), task["id"]))


def _join_when_ready(change: Change, shot: str) -> None:
    left = "SELECT count(*) FROM tasks WHERE shot = ? AND kind = 'segment' AND state != 'done'"
    if not change.connection.execute(left, (shot,)).fetchone()[0]:
        change.connection.execute(queries.NEW_TASK, new_task(shot, "join", f"join:{shot}"))
        set_shot(change, shot, "joining")


def _add_take(change: Change, take: TakeView, files: Sequence[Written]) -> None:
    change.connection.execute(
        queries.NEW_TAKE,
        (take.id, take.job, take.shot, take.path, take.size_bytes, take.created, encoded(take)),
    )
    keep_files(change, take.id, files)
    change.connection.execute(queries.FORGET_INTENT, (take.shot,))
    set_shot(change, take.shot, "done")
    change.takes[take.id] = "take.added"


def _take_back(change: Change, owner: str, *, everything: bool, holding: Collection[int] | None = None) -> None:
    held = None if holding is None else json.dumps(list(holding))
    values = {"owner": owner, "now": change.steady, "everything": everything, "holding": held}
    for task in change.connection.execute(queries.LOST, values).fetchall():
        call_back(change, task, "lost", tell("work.not-handed-in" if task["owner"] == owner else "work.server-gone"))


def _state(change: Change, shot: str):  # type: ignore[no-untyped-def]
    return change.connection.execute(queries.STATE_OF_SHOT, (shot,)).fetchone()["state"]


def _source(change: Change, shot: str) -> Shot:
    return from_json(change.connection.execute(queries.SOURCE_OF_SHOT, (shot,)).fetchone()["shot"], Shot)


def _delay_s(outcome: Outcome, failures: int, kills: int) -> float:
    if outcome == "killed":
        return round(min(_LONGEST_BACKOFF_S, _KILLED_BACKOFF_S * _KILLED_GROWTH ** (kills - 1)), 1)
    return _BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1]


def _poisoned(outcome: Outcome, tries: int, reason: Message) -> Message:
    return tell(_GIVEN_UP.get(outcome, "work.given-up"), tries=tries, reason=reason)
