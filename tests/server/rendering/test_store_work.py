"""The queue as workers use it: claims, leases, fencing, failures and their end."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import pytest

from heygem_core.messages import plain
from heygem_core.shot import from_json, to_json
from heygem_server.errors import StaleAttempt
from heygem_server.store import Claim, Intent, Store
from heygem_server.store.work import LEASE_S, MOST_FAILURES, MOST_KILLS

from .conftest import Clock
from .jobs import claimed, finish, planned, submit, take_of


def test_a_shot_goes_from_plan_to_segments_to_join_to_take(store: Store) -> None:
    detail = submit(store)
    plan = claimed(store)
    assert (plan.kind, plan.number, store.job_view(detail.job.id).state) == ("plan", 1, "active")
    store.finish_plan(plan.token, planned("a", "b"), stamp="then")
    segments = [claimed(store), claimed(store)]
    assert [(s.kind, s.segment, s.start, s.end_exclusive, s.key, s.stamp) for s in segments] == [
        ("segment", 0, 0, 10, "a", "then"),
        ("segment", 1, 10, 20, "b", "then"),
    ]
    assert store.claim("me") is None, "the join waits for all segments"
    store.finish_segment(segments[1].token)
    store.finish_segment(segments[0].token)
    join = claimed(store)
    assert join.kind == "join"
    assert join.planned is not None
    assert [segment.key for segment in join.planned.segments] == ["a", "b"]
    store.finish_join(join.token, take_of(join))
    shot = store.shot(detail.shots[0].id)
    assert (shot.state, shot.frames_done, shot.frames_total, len(shot.takes)) == ("done", 20, 20, 1)
    assert shot.reused.speech
    assert not shot.reused.tracks
    assert from_json(to_json(join), Claim) == join


def test_two_claims_never_get_the_same_piece_and_tokens_grow(store: Store) -> None:
    submit(store, *(f"{k}.mp4" for k in range(10)))
    claims = [claimed(store, owner) for owner in "abcdefghij"]
    assert len({claim.shot for claim in claims}) == 10
    tokens = [claim.token for claim in claims]
    assert tokens == sorted(set(tokens))


def test_plans_of_one_video_wait_for_each_other_and_other_work_overtakes_them(store: Store) -> None:
    submit(store, "same.mp4", "same.mp4", "other.mp4")
    first, second = claimed(store), claimed(store)
    assert [first.source.video, second.source.video] == ["same.mp4", "other.mp4"]
    assert store.claim("me") is None
    store.finish_plan(first.token, planned("a"))
    assert [claimed(store).kind for _ in range(2)] == ["segment", "plan"]


def test_a_segment_that_another_shot_is_rendering_is_waited_for(store: Store) -> None:
    submit(store, "a.mp4", "b.mp4")
    plans = [claimed(store), claimed(store)]
    for plan in plans:
        store.finish_plan(plan.token, planned("equal"))
    segment = claimed(store)
    assert segment.key == "equal"
    assert store.claim("me") is None
    store.finish_segment(segment.token)
    assert {claimed(store).kind, claimed(store).kind} == {"join", "segment"}


def test_a_dead_servers_work_is_taken_over_and_its_late_result_refused(store: Store, clock: Clock) -> None:
    submit(store)
    dead = claimed(store, "dead")
    assert store.claim("me") is None
    clock.passes(LEASE_S + 1)
    mine = claimed(store, "me")
    assert (mine.shot, mine.number) == (dead.shot, 2)
    assert mine.token > dead.token
    for late in (
        lambda: store.finish_plan(dead.token, planned("k")),
        lambda: store.fail(dead.token, "failed", plain("late")),
        lambda: store.intend(dead.token, Intent(staged="/x", take=take_of(dead))),
    ):
        with pytest.raises(StaleAttempt):
            late()
    store.finish_plan(mine.token, planned("k"))
    outcomes = [attempt.outcome for attempt in store.shot(mine.shot).attempts]
    assert outcomes == ["lost", "done"]


def test_work_is_taken_from_who_is_gone_and_of_ones_own_only_what_nobody_holds(store: Store, clock: Clock) -> None:
    submit(store, "a.mp4", "b.mp4", "c.mp4")
    mine, forgotten, theirs = claimed(store, "me"), claimed(store, "me"), claimed(store, "other")
    clock.passes(LEASE_S + 1)
    first = store.claim("me", holding=[mine.token])
    assert first is not None
    second = store.claim("me", holding=[mine.token, first.token])
    assert second is not None
    assert store.claim("me", holding=[mine.token, first.token, second.token]) is None, "its own lease is no reason"
    assert {first.shot, second.shot} == {forgotten.shot, theirs.shot}
    assert store.heartbeat("me", [mine.token]) == set()
    assert store.heartbeat("me", [forgotten.token]) == {forgotten.token}


def test_a_claim_that_does_not_say_what_it_holds_takes_nothing_of_its_own(store: Store, clock: Clock) -> None:
    submit(store)
    mine = claimed(store, "me")
    clock.passes(LEASE_S + 1)
    assert store.claim("me") is None
    assert store.heartbeat("me", [mine.token]) == set()


def test_who_starts_alone_takes_over_what_others_hold_but_not_its_own(store: Store) -> None:
    submit(store, "a.mp4", "b.mp4")
    mine, theirs = claimed(store, "me"), claimed(store, "other")
    store.recover("me")
    assert store.heartbeat("me", [mine.token]) == set()
    assert store.heartbeat("other", [theirs.token]) == {theirs.token}


def test_heartbeats_keep_a_lease_and_tell_what_no_longer_counts(store: Store, clock: Clock) -> None:
    job = submit(store, "a.mp4", "b.mp4").job.id
    a, b = claimed(store), claimed(store)
    for _ in range(10):
        clock.passes(LEASE_S / 2)
        assert store.heartbeat("me", [a.token, b.token]) == set()
    assert store.claim("other") is None
    store.cancel(job)
    assert store.heartbeat("me", [a.token, b.token]) == {a.token, b.token}


def test_a_piece_that_needs_too_much_memory_gets_one_fresh_worker_more(store: Store, clock: Clock) -> None:
    """It was killed three times, and told to make the picture smaller when its speech was too long."""
    detail = submit(store)
    assert store.fail(claimed(store).token, "memory", plain("It needed 8 GB."))
    clock.passes((store.next_wake() or 0) - clock.now)
    assert not store.fail(claimed(store).token, "memory", plain("It needed 8 GB."))
    why = store.shot(detail.shots[0].id).why or ""
    assert "Given up after 2 tries: It needed 8 GB." in why
    assert "smaller" not in why


def test_a_failing_piece_is_tried_again_later_and_given_up_with_a_reason(store: Store, clock: Clock) -> None:
    detail = submit(store)
    for number in range(1, MOST_FAILURES + 1):
        claim = claimed(store)
        again = store.fail(claim.token, "crashed", plain("The worker ended with code -11."))
        assert again == (number < MOST_FAILURES)
        if again:
            assert store.claim("me") is None, "not at once"
            wake = store.next_wake()
            assert wake is not None
            assert "next one begins in" in (store.shot(claim.shot).why or "")
            clock.passes(wake - clock.now)
    shot = store.shot(detail.shots[0].id)
    assert shot.state == "failed"
    assert "Given up after 3 tries" in (shot.why or "")
    assert "code -11" in (shot.why or "")
    assert store.job_view(detail.job.id).state == "failed"


def test_bad_input_is_not_tried_again(store: Store) -> None:
    detail = submit(store, "bad.mp4", "good.mp4")
    assert not store.fail(claimed(store).token, "failed", plain("No face was found."), again=False)
    assert store.shot(detail.shots[0].id).why == "No face was found."
    finish(store)
    assert [shot.state for shot in store.job(detail.job.id).shots] == ["failed", "done"]


def test_a_worker_killed_from_outside_is_hardly_the_tasks_fault(store: Store, clock: Clock) -> None:
    submit(store)
    for number in range(1, MOST_KILLS + 1):
        assert store.fail(claimed(store).token, "killed", plain("The worker was ended from outside.")) == (number < MOST_KILLS)
        clock.passes(1 if number < 2 else 30)


def test_lost_and_canceled_attempts_never_count(store: Store) -> None:
    submit(store)
    for _ in range(20):
        assert store.fail(claimed(store).token, "canceled", plain("The server was stopped."))
    assert claimed(store).number == 21


def test_a_failed_segment_calls_the_others_of_its_shot_off(store: Store) -> None:
    detail = submit(store)
    store.finish_plan(claimed(store).token, planned("a", "b", "c"))
    first, second = claimed(store), claimed(store)
    store.fail(first.token, "failed", plain("Unreadable."), again=False)
    with pytest.raises(StaleAttempt):
        store.finish_segment(second.token)
    states = [segment.state for segment in store.shot(detail.shots[0].id).segments]
    assert states == ["failed", "failed", "failed"]
    assert store.claim("me") is None


def test_a_shot_whose_source_changed_is_planned_again_but_not_for_ever(store: Store) -> None:
    shot = submit(store).shots[0].id
    states = []
    for _ in range(MOST_FAILURES):
        store.finish_plan(claimed(store).token, planned("a"))
        store.replan(claimed(store).token, plain("A source file changed."))
        states.append(store.shot(shot).state)
    assert states == ["queued", "queued", "failed"]
    assert "leave the files alone" in (store.shot(shot).why or "")


def test_after_a_crash_all_running_work_waits_again(store: Store) -> None:
    submit(store, "a.mp4", "b.mp4", "c.mp4")
    store.finish_plan(claimed(store, "old").token, planned("x"))
    claimed(store, "old")
    claimed(store, "old")
    assert store.recover("new") == []
    assert store.queue_length().get("running") is None
    assert {claimed(store, "new").number for _ in range(3)} == {1, 2}


def test_an_intent_survives_and_its_take_is_adopted_once(store: Store) -> None:
    detail = submit(store)
    store.finish_plan(claimed(store, "old").token, planned("x"))
    store.finish_segment(claimed(store, "old").token)
    join = claimed(store, "old")
    intent = Intent(staged="/takes/.heygem/x/clip_v1.mov", take=take_of(join))
    store.intend(join.token, intent)
    assert store.recover("new") == [(join.shot, intent)]
    store.adopt(join.shot, intent.take)
    assert store.recover("new") == []
    shot = store.shot(detail.shots[0].id)
    assert (shot.state, [take.id for take in shot.takes]) == ("done", [intent.take.id])
    assert store.claim("new") is None
    assert store.job_view(detail.job.id).state == "completed"


@pytest.mark.parametrize("hours", [-1, 1, -24 * 365, 24 * 365])
def test_a_clock_that_is_set_neither_shortens_nor_lengthens_a_wait(tmp_path: Path, hours: float) -> None:
    """One hour back, a wait of two seconds took an hour; one ahead, the leases of all that ran were over."""
    wall, steady = Clock(), Clock()
    with closing(Store(tmp_path / "store.sqlite3", clock=wall, steady=steady)) as store:
        submit(store)
        store.fail(claimed(store).token, "failed", plain("It failed."))
        wall.passes(hours * 3600)
        wake = store.next_wake()
        assert wake is not None
        assert wake - store.steady() == pytest.approx(2.0)
        assert store.claim("me") is None
        steady.passes(2.1)
        claim = claimed(store)
        wall.passes(hours * 3600)
        assert store.claim("another") is None, "its lease still runs"
        assert store.heartbeat("me", [claim.token]) == set()
        steady.passes(LEASE_S + 1)
        assert claimed(store, "another").shot == claim.shot


def test_a_server_that_starts_with_the_clock_set_back_does_not_wait_for_it(tmp_path: Path) -> None:
    wall = Clock()
    with closing(Store(tmp_path / "store.sqlite3", clock=wall)) as store:
        submit(store)
        store.fail(claimed(store).token, "failed", plain("It failed."))
    wall.passes(-3600)
    with closing(Store(tmp_path / "store.sqlite3", clock=wall)) as store:
        store.recover("me")
        wall.passes(30.1)
        assert claimed(store).number == 2


def test_without_a_clock_of_its_own_a_store_waits_by_one_that_cannot_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(Store(tmp_path / "store.sqlite3")) as store:
        before = store.steady()
        monkeypatch.setattr(time, "time", lambda: 0.0)
        assert 0 <= store.steady() - before < 60
