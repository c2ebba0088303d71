"""What people do with jobs: submit, look, cancel, pause, resume, retry, put first, delete."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import PurePath
from secrets import token_hex

from msgspec import structs

from heygem_core.engines.requirements import lane_of
from heygem_core.messages import Message, tell
from heygem_core.shot import RenderSettings, Shot, Struct, from_json
from heygem_core.tasks.specs import Planned

from ..errors import BadRequest, Conflict
from ..rendering.states import FINISHED_JOBS, FINISHED_SHOTS, move
from ..wire import Deletion, JobDetail, JobPage, JobRequest, JobState, JobView, ShotRequest, ShotState, ShotView
from . import queries, rows
from .database import Change, Database, encoded
from .trash import throw_away

RANKS = {"join": 0, "segment": 1, "plan": 2}
"""Of the work of one shot, what brings its take nearest goes first."""


def expand(request: JobRequest) -> tuple[ShotRequest, ...]:
    """The shots of a request; a batch written out: "each" gives every speech for the first video, then for the second …"""
    if request.batch is None:
        return request.shots
    batch = request.batch
    if batch.pairing == "in-order":
        pairs = list(zip(batch.videos, batch.speeches, strict=True))
    else:
        pairs = [(video, speech) for video in batch.videos for speech in batch.speeches]
    return tuple(ShotRequest(video=video, speech=speech) for video, speech in pairs)


def new_job_id() -> str:
    return f"j{token_hex(8)}"


class ShotToRender(Struct, frozen=True, kw_only=True):
    """A shot with all that its work is made from."""

    name: str
    request: ShotRequest
    source: Shot
    settings: RenderSettings
    planned: Planned | None  # None = not yet


class Jobs(Database):
    """Jobs and shots from the outside."""

    def to_render(self, job: str) -> list[ShotToRender]:
        """The shots of a job in order, as workers know them."""
        with self.reading() as connection:
            found = connection.execute("SELECT * FROM shots WHERE job = ? ORDER BY position", (job,)).fetchall()
        return [
            ShotToRender(
                name=row["name"],
                request=from_json(row["request"], ShotRequest),
                source=from_json(row["shot"], Shot),
                settings=from_json(row["settings"], RenderSettings),
                planned=rows.read(row, "planned", Planned),
            )
            for row in found
        ]

    def job_folder(self, job: str) -> str:
        """Where its takes go."""
        with self.reading() as connection:
            return str(connection.execute(queries.JOB_FOLDER, (job,)).fetchone()["folder"])

    def submit(
        self,
        request: JobRequest,
        shots: Sequence[Shot],
        *,
        folder: str | None = None,
        idempotency_key: str | None = None,
        digest: str | None = None,
        job: str | None = None,
        by: str | None = None,
    ) -> JobDetail:
        """A new job, or the one that the same key made before.

        shots: for each of `expand(request)` in order, with paths of this machine. folder: where takes go; None = the request's own.
        digest: tells whether the key comes with the same request; None = that of `request`. job: the id of a new one; None = any.
        Raises: BadRequest — not as many shots, or no folder. Conflict — the key was used for another request.
        """
        wanted = expand(request)
        folder = folder or request.folder
        if len(wanted) != len(shots) or not folder:
            raise BadRequest("job.shots-do-not-fit", expected=len(wanted), given=len(shots), folder=folder)
        digest = digest or sha256(encoded(request).encode()).hexdigest()
        with self.change() as change:
            before = _answered(change.connection, idempotency_key, digest)
            job = before or job or new_job_id()
            if before is None:
                _insert(change, job, request, wanted, shots, folder, by)
                if idempotency_key is not None:
                    change.connection.execute(queries.REMEMBER_KEY, (idempotency_key, digest, job, change.now))
        return self.job(job)

    def answered(self, idempotency_key: str, digest: str) -> str | None:
        """The job that this key made before. Raises: Conflict — of another request."""
        with self.reading() as connection:
            return _answered(connection, idempotency_key, digest)

    def job(self, job: str, *, after: int = -1, limit: int | None = None) -> JobDetail:
        """With its shots, or the first `limit` of those behind position `after`. Raises: NotFound."""
        with self.reading() as connection:
            return rows.detail(connection, job, after, limit)

    def job_view(self, job: str) -> JobView:
        """Without its shots. Raises: NotFound."""
        with self.reading() as connection:
            return rows.job(connection, job)

    def shot(self, shot: str) -> ShotView:
        """Raises: NotFound."""
        with self.reading() as connection:
            return rows.shot(connection, shot)

    def core_shot(self, shot: str) -> Shot:
        """As it is rendered, with paths of this machine. Raises: NotFound."""
        with self.reading() as connection:
            return rows.core_shot(connection, shot)

    def source_of(self, shot: str) -> tuple[Shot, RenderSettings] | None:
        """What a shot is rendered from, with paths of this machine, and how; None = it was deleted."""
        with self.reading() as connection:
            row = connection.execute(queries.SHOT_AND_SETTINGS, (shot,)).fetchone()
        return None if row is None else (from_json(row["shot"], Shot), from_json(row["settings"], RenderSettings))

    def folders(self) -> set[str]:
        """Where the takes of all jobs go."""
        with self.reading() as connection:
            return {folder for (folder,) in connection.execute(queries.FOLDERS)}

    def unfinished(self) -> list[str]:
        """The ids of the jobs that have not ended."""
        with self.reading() as connection:
            return [job for (job,) in connection.execute(queries.UNFINISHED)]

    def knows_job(self, job: str) -> bool:
        with self.reading() as connection:
            return connection.execute(queries.KNOWS_JOB, (job,)).fetchone() is not None

    def knows_shot(self, shot: str) -> bool:
        with self.reading() as connection:
            return connection.execute(queries.KNOWS_SHOT, (shot,)).fetchone() is not None

    def jobs(
        self,
        states: Iterable[JobState] = (),
        query: str | None = None,
        project: str | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> JobPage:
        """Newest first. states: none = all; query: part of the name, of the day, or of the name of a file it is made of.

        Raises: BadRequest — `before` is not the `next` of a page.
        """
        chosen = list(states)
        values = {
            "before": cursor(before),
            "states": json.dumps(chosen) if chosen else None,
            "project": project,
            "query": pattern(query),
            "limit": limit + 1,
        }
        with self.reading() as connection:
            found = connection.execute(queries.JOBS, values).fetchall()
        return JobPage(
            jobs=tuple(rows.job_view(row) for row in found[:limit]), next=str(found[limit - 1]["number"]) if len(found) > limit else None
        )

    def cancel(self, job: str) -> JobView:
        """Ends what has not ended; done shots keep their takes. Twice is as good as once. Raises: NotFound; Conflict — it has ended."""
        with self.change() as change:
            view = rows.job(change.connection, job)
            if view.state != "canceled":
                move("job", view.state, "canceled", view.name)
                _cancel_shots(change, job)
                # Some may be done, so the shots alone would not say that the whole was called off.
                change.connection.execute(queries.CANCEL_JOB, (job,))
                change.jobs[job] = "job.changed"
        return self.job_view(job)

    def pause(self, job: str) -> JobView:
        """Calls running work back and gives out no more. Raises: NotFound; Conflict — it has ended."""
        with self.change() as change:
            view = rows.job(change.connection, job)
            if view.state != "paused":
                change.connection.execute(queries.SET_JOB, (move("job", view.state, "paused", view.name), job))
                change.connection.execute(queries.PAUSE_TASKS, (job,))
                for task in change.connection.execute(queries.RUNNING_OF_JOB, (job,)).fetchall():
                    call_back(change, task, "canceled", tell("work.job-paused"))
                change.jobs[job] = "job.changed"
        return self.job_view(job)

    def resume(self, job: str) -> JobView:
        """Raises: NotFound; Conflict — it is not paused."""
        with self.change() as change:
            view = rows.job(change.connection, job)
            if view.state != "paused":
                raise Conflict("job.not-paused", job=view.name, state=view.state)
            change.connection.execute(queries.RESUME_JOB, (job,))  # its shots may say: queued
            change.connection.execute(queries.RESUME_TASKS, (job,))
            change.jobs[job] = "job.changed"
        return self.job_view(job)

    def retry(self, job: str) -> JobView:
        """Takes up what failed or, of a canceled job, what was called off; what is done stays.

        Raises: NotFound; Conflict — nothing to retry.
        """
        with self.change() as change:
            view = rows.job(change.connection, job)
            which: tuple[ShotState, ...] = ("failed", "canceled") if view.state == "canceled" else ("failed",)
            found = _shots_in(change.connection, job, which, inside=True)
            if not found:
                raise Conflict("job.nothing-to-retry", job=view.name, state=view.state)
            if view.state in FINISHED_JOBS:
                change.connection.execute(queries.SET_JOB, (move("job", view.state, "active", view.name), job))
            for row in found:
                _requeue(change, row)
        return self.job_view(job)

    def cancel_shot(self, shot: str) -> ShotView:
        """Raises: NotFound; Conflict — it is done."""
        with self.change() as change:
            rows.shot(change.connection, shot)
            row = change.connection.execute(queries.SHOT, (shot,)).fetchone()
            if row["state"] != "canceled":
                _cancel_shot(change, row)
        return self.shot(shot)

    def retry_shot(self, shot: str, settings: RenderSettings | None = None) -> ShotView:
        """Once more, with other settings if there are some; a shot that is done gets a new version.

        Raises: NotFound; Conflict — it is still at work.
        """
        with self.change() as change:
            view = rows.shot(change.connection, shot)
            if view.state not in FINISHED_SHOTS:
                raise Conflict("shot.not-retried", shot=view.name, wanted=FINISHED_SHOTS, state=view.state)
            job = rows.job(change.connection, view.job)
            if job.state in FINISHED_JOBS:
                change.connection.execute(queries.SET_JOB, (move("job", job.state, "active", job.name), job.id))
            if settings is not None:
                request = encoded(structs.replace(view.request, settings=settings))
                change.connection.execute(queries.SET_SHOT_SETTINGS, (encoded(settings), request, lane_of(settings), shot))
            _requeue(change, change.connection.execute(queries.SHOT, (shot,)).fetchone())
        return self.shot(shot)

    def reprioritise(self, job: str, priority: int) -> JobView:
        """Raises: NotFound; BadRequest."""
        if not 0 <= priority <= 100:
            raise BadRequest("job.priority", priority=priority)
        with self.change() as change:
            rows.job(change.connection, job)
            change.connection.execute(queries.SET_JOB_PRIORITY, (priority, job))
            change.connection.execute(queries.SET_TASK_PRIORITY, (priority, job))
            change.jobs[job] = "job.changed"
        return self.job_view(job)

    def reorder(self, job: str, before: str | None) -> JobView:
        """Puts a job before another one, whose priority it takes, or at the end of the queue.

        Raises: NotFound; Conflict — one of both has ended.
        """
        with self.change() as change:
            for each in (job, before or job):
                if (view := rows.job(change.connection, each)).state in FINISHED_JOBS:
                    raise Conflict("job.not-moved", job=view.name)
            if job == before:  # it stands there already
                return view
            others = [row for row in change.connection.execute(queries.QUEUE) if row["id"] != job]
            at = next((k for k, row in enumerate(others) if row["id"] == before), len(others))
            order = [row["id"] for row in others[:at]] + [job] + [row["id"] for row in others[at:]]
            priority = others[min(at, len(others) - 1)]["priority"] if others else view.priority
            place = place_between(others[at - 1] if at else None, others[at] if at < len(others) else None, priority)
            wanted = {job: (priority, place)}
            if place is None:  # no number is left between the two
                priorities = {row["id"]: row["priority"] for row in others} | {job: priority}
                wanted = {each: (priorities[each], float(k)) for k, each in enumerate(order, start=1 - len(order))}
            for each, (urgency, where) in wanted.items():
                change.connection.execute(queries.SET_JOB_PLACE, (urgency, where, each))
                change.connection.execute(queries.SET_TASK_PLACE, (urgency, where, each))
                change.jobs[each] = "job.changed"
        return self.job_view(job)

    def deletion(self, job: str, *, force: bool = False) -> Deletion:
        """What `delete` would remove. Raises: NotFound."""
        with self.reading() as connection:
            rows.job(connection, job)
            return _deletion(connection, job, force=force)

    def delete(self, job: str, force: bool = False) -> Deletion:
        """Forgets a job that has ended. Its takes go into the trash; those that a timeline uses stay, unless `force`.

        Raises: NotFound; Conflict — it has not ended: cancel it first.
        """
        with self.change() as change:
            view = rows.job(change.connection, job)
            if view.state not in FINISHED_JOBS:
                raise Conflict("job.not-deleted", job=view.name, wanted=FINISHED_JOBS, state=view.state)
            going = _deletion(change.connection, job, force=force)
            for row in change.connection.execute(queries.TAKES_OF_JOB, (job,)).fetchall():
                if row["path"] not in going.kept:
                    throw_away(change, row["id"])
            change.connection.execute(queries.DELETE_JOB, (job,))
            change.connection.execute(queries.FORGET_KEY_OF_JOB, (job,))
            change.deleted.append(("job.deleted", job))
        return going

    def files_in_use(self) -> set[str]:
        """Videos and speeches of jobs that have not ended: no retention may touch them."""
        query = "SELECT shot FROM shots JOIN jobs ON jobs.id = shots.job WHERE jobs.state NOT IN ('completed', 'failed', 'canceled')"
        with self.reading() as connection:
            shots = [json.loads(text) for (text,) in connection.execute(query)]
        return {shot[name] for shot in shots for name in ("video", "speech")}


def call_back(change: Change, task: sqlite3.Row, outcome: str, reason: Message) -> None:
    """A running task waits again, and nobody takes the result of the running attempt any more."""
    end_attempt(change, task, outcome, reason)
    change.connection.execute(queries.REQUEUE_TASK, (task["id"],))
    if task["kind"] == "plan":
        set_shot(change, task["shot"], "queued")
    else:
        change.touch_shot(task["shot"], task["job"])


def end_attempt(change: Change, task: sqlite3.Row, outcome: str, reason: Message | None = None) -> None:
    change.connection.execute(queries.END_ATTEMPT, (change.now, outcome, *_columns(reason), task["attempt"]))


def set_shot(change: Change, shot: str, state: ShotState, why: Message | None = None) -> None:
    """Raises: Conflict — no such move."""
    row = change.connection.execute(queries.SHOT_STATE, (shot,)).fetchone()
    to = move("shot", row["state"], state, row["name"])
    change.connection.execute(queries.SET_SHOT, (to, *_columns(why), shot))
    change.touch_shot(shot, row["job"])


def _columns(said: Message | None) -> tuple[str | None, str | None]:
    """A reason as it is kept: the English sentence, and the whole message."""
    return (None, None) if said is None else (said.message, encoded(said))


def cursor(before: str | None) -> int | None:
    """The number behind a page's `next`. Raises: BadRequest."""
    if before is None:
        return None
    if not before.isdecimal() or len(before) > 18:
        raise BadRequest("request.page-mark", mark=before[:40])
    return int(before)


def end_open_tasks(change: Change, shot: str, state: str, outcome: str, reason: Message) -> None:
    """Whatever of a shot waits or runs ends in `state`."""
    for task in change.connection.execute(queries.RUNNING_OF_SHOT, (shot,)).fetchall():
        end_attempt(change, task, outcome, reason)
    change.connection.execute(queries.END_TASKS_OF_SHOT, (state, shot))


def _cancel_shot(change: Change, row: sqlite3.Row) -> None:
    end_open_tasks(change, row["id"], "canceled", "canceled", tell("work.somebody-called-off"))
    set_shot(change, row["id"], "canceled")


def _cancel_shots(change: Change, job: str) -> None:
    """All that have not ended, in three statements however many there are. Every state that is not an end may become canceled."""
    connection = change.connection
    going = [row["id"] for row in _shots_in(connection, job, FINISHED_SHOTS, inside=False)]
    running = "SELECT attempt FROM tasks WHERE job = ? AND state = 'running'"
    ended = (change.now, "canceled", *_columns(tell("work.somebody-called-off")), job)
    connection.execute(f"UPDATE attempts SET ended = ?, outcome = ?, reason = ?, reason_message = ? WHERE token IN ({running})", ended)
    connection.execute(queries.CANCEL_TASKS_OF_JOB, (job,))
    marks = ",".join("?" * len(FINISHED_SHOTS))
    connection.execute(
        f"UPDATE shots SET state = 'canceled', why = NULL, why_message = NULL WHERE job = ? AND state NOT IN ({marks})",
        (job, *FINISHED_SHOTS),
    )
    for shot in going:
        change.touch_shot(shot, job)


def _requeue(change: Change, row: sqlite3.Row) -> None:
    """Plans the shot anew, which is free where nothing changed: segments that are there are found by their keys."""
    change.connection.execute(queries.FORGET_TASKS, (row["id"],))
    change.connection.execute(queries.RESET_SHOT, (row["id"],))
    set_shot(change, row["id"], "queued")
    add_plan(change.connection, row["id"], json.loads(row["shot"])["video"])


def add_plan(connection: sqlite3.Connection, shot: str, video: str) -> None:
    """Plans of one video run one after another: the first one's face tracks are there for the others."""
    connection.execute(queries.NEW_TASK, new_task(shot, "plan", f"video:{video}"))


def new_task(shot: str, kind: str, held_by: str, **fields: object) -> dict[str, object]:
    """The values of `sql.NEW_TASK`."""
    empty = {"segment": None, "start": None, "end_exclusive": None, "key": None, "state": "queued", "reused": 0}
    return {**empty, "shot": shot, "kind": kind, "held_by": held_by, "rank": RANKS[kind], **fields}


def _answered(connection: sqlite3.Connection, key: str | None, digest: str) -> str | None:
    """The job that this key made before."""
    row = connection.execute(queries.JOB_OF_KEY, (key,)).fetchone()
    if row is None:
        return None
    if row["digest"] != digest:
        raise Conflict("request.key-reused")
    return str(row["job"])


def _insert(
    change: Change, job: str, request: JobRequest, wanted: Sequence[ShotRequest], shots: Sequence[Shot], folder: str, by: str | None
) -> None:
    connection = change.connection
    names = _names(wanted, shots)
    name = request.name or (names[0] if len(names) == 1 else f"{names[0]} + {len(names) - 1}")
    origin, settings = encoded(request.origin), encoded(request.settings)
    connection.execute(
        queries.NEW_JOB,
        (
            *(job, name, request.priority, change.now, change.now, origin, request.origin.project),
            *(folder, request.timeline, settings, by, len(shots)),
        ),
    )
    ids = [f"s{token_hex(8)}" for _ in shots]
    connection.executemany(
        queries.NEW_SHOT,
        [
            (
                *(ids[k], job, k, names[k], encoded(wanted[k]), encoded(shots[k]), _settings_of(wanted[k], settings)),
                lane_of(wanted[k].settings or request.settings),
            )
            for k in range(len(shots))
        ],
    )
    connection.execute(queries.NEW_PLANS, {"job": job, "rank": RANKS["plan"]})
    change.jobs[job] = "job.added"


def _names(wanted: Sequence[ShotRequest], shots: Sequence[Shot]) -> list[str]:
    """The videos' names; where one video says several speeches, theirs too."""
    stems = [PurePath(shot.video).stem for shot in shots]
    twice = {stem for stem, count in Counter(stems).items() if count > 1} if len({shot.speech for shot in shots}) > 1 else set()
    return [
        each.name or (f"{stem} {PurePath(shot.speech).stem}" if stem in twice else stem)
        for each, shot, stem in zip(wanted, shots, stems, strict=True)
    ]


def _settings_of(request: ShotRequest, of_job: str) -> str:
    return of_job if request.settings is None else encoded(request.settings)


def _shots_in(connection: sqlite3.Connection, job: str, states: Sequence[ShotState], *, inside: bool) -> list[sqlite3.Row]:
    marks = ",".join("?" * len(states))
    return connection.execute(
        f"SELECT * FROM shots WHERE job = ? AND state {'IN' if inside else 'NOT IN'} ({marks}) ORDER BY position", (job, *states)
    ).fetchall()


def _deletion(connection: sqlite3.Connection, job: str, *, force: bool) -> Deletion:
    used = "EXISTS (SELECT 1 FROM placements WHERE take = takes.id) AS used"
    found = connection.execute(f"SELECT id, path, size_bytes, {used} FROM takes WHERE job = ? ORDER BY number", (job,)).fetchall()
    going = [row for row in found if force or not row["used"]]
    return Deletion(
        job=job,
        files=tuple(row["path"] for row in going),
        size_bytes=sum(row["size_bytes"] for row in going),
        kept=tuple(row["path"] for row in found if row not in going),
    )


def pattern(text: str | None) -> str | None:
    """For LIKE: what holds the text, whose own wildcards mean themselves; None = everything."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%" if text else None


def place_between(above: sqlite3.Row | None, below: sqlite3.Row | None, priority: int) -> float | None:
    """A place of that priority after one job and before another one; None where no number lies between them.

    The end of the queue lies before the next whole number, which is that of the next job to come.
    """
    if below is not None and below["priority"] == priority:
        high = below["place"]
        low = above["place"] if above is not None and above["priority"] == priority else high - 2
    else:
        low = 0.0 if above is None else above["place"]
        high = math.floor(low) + 1
    between = float(low + (high - low) / 2)
    return between if low < between < high else None
