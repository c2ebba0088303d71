"""The states of jobs, shots and segments and the moves between them: one table each, used by the code and by its tests.

shot     queued ─► planning ─► rendering ─► joining ─► done
segment  queued ─► running ─► done
job      queued ─► active ─► completed | failed | canceled, with paused beside both of the first
"""

from __future__ import annotations

from typing import Literal, TypeVar

from heygem_core.messages import tell

from ..errors import Conflict
from ..wire import JobState, SegmentState, ShotState

Moves = dict[str, tuple[str, ...]]

JOB_MOVES: Moves = {
    "queued": ("active", "paused", "canceled"),  # nothing of it has begun
    "active": ("queued", "paused", "completed", "failed", "canceled"),  # some of it has begun; queued again: all of it was called back
    "paused": ("queued", "active", "completed", "failed", "canceled"),  # nothing new begins; the last piece may still have been finished
    "completed": ("active",),  # every shot is done, or was canceled while others were done; active: one shot is made again
    "failed": ("queued", "active", "canceled"),  # all ended, at least one shot failed; retry takes the failed ones up again
    "canceled": ("queued", "active"),  # called off; retry takes it up again
}

SHOT_MOVES: Moves = {
    "queued": ("planning", "rendering", "joining", "failed", "canceled"),  # waits for a worker
    "planning": (
        "queued",
        "rendering",
        "joining",
        "failed",
        "canceled",
    ),  # faces, speech and plan are worked out; joining: all was there
    "rendering": ("queued", "joining", "failed", "canceled"),  # its segments are being drawn, or wait for a worker
    "joining": ("queued", "done", "failed", "canceled"),  # segments become one take
    "done": ("queued",),  # the take is at its place; queued: made once more, as a new version
    "failed": ("queued", "canceled"),  # for a reason that is written down
    "canceled": ("queued",),  # called off
}

SEGMENT_MOVES: Moves = {
    "queued": ("running", "done", "failed", "canceled"),  # waits for a worker; done: found ready made; failed: its shot failed
    "running": ("queued", "done", "failed", "canceled"),  # in a worker; queued: the attempt failed or was called back
    "done": (),  # its file exists
    "failed": (),  # not again; a retry plans the shot anew
    "canceled": (),  # called off
}
"""Plan and join of a shot go through the same states."""

_NO_MOVE = {"job": "state.job-no-move", "shot": "state.shot-no-move", "segment": "state.segment-no-move"}

TABLES: dict[str, Moves] = {"job": JOB_MOVES, "shot": SHOT_MOVES, "segment": SEGMENT_MOVES}

FINISHED_JOBS: tuple[JobState, ...] = ("completed", "failed", "canceled")
FINISHED_SHOTS: tuple[ShotState, ...] = ("done", "failed", "canceled")

State = TypeVar("State", JobState, ShotState, SegmentState)


def move(what: Literal["job", "shot", "segment"], now: State, to: State, name: str = "") -> State:
    """The new state; staying is always allowed. Raises: Conflict — the table has no such move."""
    table = TABLES[what]
    if to == now or to in table[now]:
        return to
    before = [state for state, nexts in table.items() if to in nexts]
    raise Conflict(_NO_MOVE[what], name=name, to=to, before=before or tell("list.nothing"), now=now)


def job_state(now: JobState, shots: dict[ShotState, int]) -> JobState:
    """What a job's shots (state → how many) make of it. A paused job stays so until all its shots have ended, a canceled one stays."""
    total = sum(shots.values())
    ended = {state: shots.get(state, 0) for state in FINISHED_SHOTS}
    if sum(ended.values()) == total:
        if now == "canceled":
            return now
        return "failed" if ended["failed"] else "canceled" if ended["canceled"] == total else "completed"
    if now == "paused":
        return "paused"
    return "queued" if shots.get("queued", 0) + ended["canceled"] == total else "active"
