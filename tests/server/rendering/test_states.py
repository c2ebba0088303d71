"""Every pair of states of every table, and what shots make of a job."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from heygem_server.errors import Conflict
from heygem_server.rendering.states import FINISHED_JOBS, FINISHED_SHOTS, TABLES, job_state, move
from heygem_server.wire import JobState, SegmentState, ShotState

KINDS: dict[Any, Any] = {"job": JobState, "shot": ShotState, "segment": SegmentState}
PAIRS = [(what, *pair) for what, kind in KINDS.items() for pair in product(get_args(kind), repeat=2)]


def test_the_tables_name_every_state_and_no_other() -> None:
    for what, kind in KINDS.items():
        assert set(TABLES[what]) == set(get_args(kind))
        assert {state for nexts in TABLES[what].values() for state in nexts} <= set(get_args(kind))


@pytest.mark.parametrize(("what", "now", "to"), PAIRS)
def test_a_move_is_made_exactly_if_the_table_has_it(what: Any, now: Any, to: Any) -> None:
    if now == to or to in TABLES[what][now]:
        assert move(what, now, to) == to
    else:
        with pytest.raises(Conflict, match=rf"expected .*, got {now}\."):
            move(what, now, to, "clip")


def test_every_shot_and_segment_can_end_and_can_be_called_off() -> None:
    for what, goals in (("shot", {"done", "failed", "canceled"}), ("segment", {"done", "failed", "canceled"})):
        for state in TABLES[what]:
            reachable, todo = set(), [state]
            while todo:
                for each in TABLES[what][todo.pop()]:
                    if each not in reachable:
                        reachable.add(each)
                        todo.append(each)
            assert reachable >= goals or state in goals


@pytest.mark.parametrize("now", ["queued", "active", "paused", "canceled"])
def test_whatever_becomes_of_shots_their_job_has_a_move_for_it(now: Any) -> None:
    states: tuple[ShotState, ...] = get_args(ShotState)
    for shots in product(states, repeat=3):
        if now == "queued" and not set(shots) <= {"queued", "canceled", "planning"}:
            continue  # a shot is claimed before it ends, which makes the job active
        if now == "canceled" and not set(shots) <= set(FINISHED_SHOTS):
            continue  # retry makes it active first
        counts: dict[ShotState, int] = {state: shots.count(state) for state in set(shots)}
        state = job_state(now, counts)
        assert move("job", now, state) == state
        assert (state in FINISHED_JOBS) == (set(shots) <= set(FINISHED_SHOTS))
        if set(shots) == {"done"} and now != "canceled":
            assert state == "completed"
        if "failed" in shots and state in FINISHED_JOBS and now != "canceled":
            assert state == "failed"
