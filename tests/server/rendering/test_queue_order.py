"""The order of the queue: one request puts a job where a person wants it, and work is claimed in that order."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from heygem_server.errors import Conflict, NotFound
from heygem_server.store import Store

from .jobs import claimed, submit


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "heygem.sqlite3")


def queue(store: Store) -> list[str]:
    """As the page sorts it."""
    waiting = store.jobs(["queued", "active"], limit=200).jobs
    return [job.id for job in sorted(waiting, key=lambda job: (-job.priority, job.place))]


def claims(store: Store, count: int) -> list[str]:
    return [claimed(store).job for _ in range(count)]


def test_any_moves_give_the_order_that_a_list_would_have(store: Store) -> None:
    rng, wanted = random.Random(5), [submit(store, f"{k}.mp4").job.id for k in range(12)]
    for _ in range(200):
        job = rng.choice(wanted)
        wanted.remove(job)
        at = rng.randrange(len(wanted) + 1)
        store.reorder(job, wanted[at] if at < len(wanted) else None)
        wanted.insert(at, job)
        assert queue(store) == wanted
    assert claims(store, 12) == wanted


def test_the_same_gap_takes_any_number_of_moves(store: Store) -> None:
    """Between two numbers lie only so many others: then all places are dealt out anew."""
    first, second, third = (submit(store, f"{k}.mp4").job.id for k in range(3))
    for _ in range(60):
        store.reorder(third, second)
        store.reorder(second, third)
    assert queue(store) == [first, second, third]
    assert claims(store, 3) == [first, second, third]


def test_a_move_changes_the_job_that_is_moved_and_no_other(store: Store) -> None:
    """Places are dealt out anew only where no number is left: else one click would tell of every job that waits."""
    first, second, third = (submit(store, f"{k}.mp4").job.id for k in range(3))
    for job, before, order in (
        (third, second, [first, third, second]),
        (second, first, [second, first, third]),
        (second, None, [first, third, second]),
    ):
        seq = store.seq
        store.reorder(job, before)
        assert queue(store) == order
        assert [event.job.id for event in store.events_since(seq) or () if event.job is not None] == [job]


def test_a_job_takes_the_priority_of_the_one_it_is_put_before(store: Store) -> None:
    urgent, usual, late = (
        submit(store, "a.mp4", priority=90).job.id,
        submit(store, "b.mp4").job.id,
        submit(store, "c.mp4", priority=10).job.id,
    )
    assert store.reorder(late, urgent).priority == 90
    assert queue(store) == [late, urgent, usual]
    assert store.reorder(late, None).priority == store.job_view(usual).priority
    assert queue(store) == [urgent, usual, late]


def test_whichever_of_many_jobs_is_next_gives_its_priority(store: Store) -> None:
    first, *others = (submit(store, f"{k}.mp4", priority=priority).job.id for k, priority in enumerate((95, 80, 60, 40, 20)))
    for before, priority in zip(others, (80, 60, 40, 20), strict=True):
        assert store.reorder(first, before).priority == priority
    assert store.reorder(first, None).priority == 20, "of the last one, at the end"


def test_a_new_job_comes_after_what_was_put_last(store: Store) -> None:
    first, second = (submit(store, f"{k}.mp4").job.id for k in range(2))
    store.reorder(first, None)
    newest = submit(store, "new.mp4").job.id
    assert queue(store) == [second, first, newest]
    assert claims(store, 3) == [second, first, newest]


def test_what_has_ended_has_no_place(store: Store) -> None:
    first, second = (submit(store, f"{k}.mp4").job.id for k in range(2))
    store.cancel(first)
    for job, before in ((first, second), (second, first)):
        with pytest.raises(Conflict, match="has ended"):
            store.reorder(job, before)
    with pytest.raises(NotFound):
        store.reorder("no such job", None)
    assert store.reorder(second, None).id == second  # alone in the queue


def test_a_job_that_is_put_before_itself_stays_where_it_is(store: Store) -> None:
    wanted = [submit(store, f"{k}.mp4").job.id for k in range(3)]
    store.reorder(wanted[0], wanted[0])
    assert queue(store) == wanted
