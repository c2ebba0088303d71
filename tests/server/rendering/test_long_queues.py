"""What the queue costs does not grow with what waits in it, counted in SQLite's own steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from heygem_core.shot import RenderSettings
from heygem_server.errors import StaleAttempt
from heygem_server.executors.base import Piece, room_for
from heygem_server.store import Store
from heygem_server.store.work import finish_segment_in, note_slot_in

from .jobs import claimed, planned, submit

ANY, CARD = RenderSettings(), RenderSettings(engine="latentsync")
FEW, MANY = 200, 4000


def steps(store: Store, work: Callable[[], object]) -> int:
    """That SQLite takes for it, in tens."""
    count = [0]

    def one() -> int:
        count[0] += 1
        return 0

    for connection in (store._writer, store._reader):
        connection.set_progress_handler(one, 10)
    work()
    for connection in (store._writer, store._reader):
        connection.set_progress_handler(None, 0)
    return count[0]


def with_waiting(store: Store, *, settings: RenderSettings = ANY, segments: int) -> None:
    """A shot with so many segments that wait."""
    submit(store, f"{segments}.mp4", settings=settings)
    store.finish_plan(claimed(store).token, planned(*(f"{segments}-{k}" for k in range(segments))))


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda store: store.next_wake(), id="until when to sleep"),
        pytest.param(lambda store: store.claim("me", full=["segment"]), id="claim, kind full"),
        pytest.param(lambda store: store.claim("me", full=["card", "cuda", "mps"]), id="claim, cards full"),
        pytest.param(lambda store: store.claim("me", full=["card", "cuda", "mps", "plan", "join"]), id="claim, nothing has room"),
    ],
)
def test_what_the_queue_costs_does_not_grow_with_it(work: Callable[[Store], object], store: Store) -> None:
    """Of a server whose cards are full and whose processors are free, each claim looked at every segment that waits for a card: at
    100,000 of them for four seconds. And each time it went to sleep it looked at all work for the end of a delay."""
    with_waiting(store, settings=CARD, segments=FEW)
    submit(store, "later.mp4")  # what has room lies behind
    few = steps(store, lambda: work(store))
    store.retry(store.cancel(store.unfinished()[-1]).id)
    with_waiting(store, settings=CARD, segments=MANY)
    assert steps(store, lambda: work(store)) < 1.5 * few + 20


def test_what_has_room_is_claimed_in_the_same_order_as_ever(store: Store) -> None:
    submit(store, "card.mp4", settings=CARD)
    store.finish_plan(claimed(store).token, planned("a", "b"))
    submit(store, "plain.mp4", "other.mp4")
    submit(store, "urgent.mp4", priority=90)
    store.finish_plan(claimed(store).token, planned("u"))
    found = [store.claim("me", full=full) for full in (["card"], ["card", "plan"], ["card"], ["segment"], [], [])]
    assert [claim and (claim.name, claim.kind, claim.lane) for claim in found] == [
        ("urgent", "segment", None),
        None,
        ("plain", "plan", None),
        ("other", "plan", None),
        ("card", "segment", "card"),
        ("card", "segment", "card"),
    ]


def test_a_shot_that_is_tried_with_another_engine_waits_for_its_devices(store: Store) -> None:
    shot = submit(store).shots[0].id
    store.cancel_shot(shot)
    store.retry_shot(shot, CARD)
    assert store.claim("me", full=["card"]) is None
    assert claimed(store).lane == "card"


def test_alike_pieces_are_claimed_together_and_told_once(store: Store) -> None:
    told: list[str] = []
    with_waiting(store, segments=5)
    submit(store, "next.mp4")
    store.listen(lambda events: told.extend(event.kind for event in events))
    first = store.claims("me", most=4)
    assert [claim.segment for claim in first] == [0, 1, 2, 3]
    assert told == ["job.changed", "shot.changed"]
    rest = store.claims("me", most=9, holding=[claim.token for claim in first])
    assert [claim.kind for claim in rest] == ["segment"], "a plan is another kind: what has room beside these is asked anew"
    assert [claim.kind for claim in store.claims("me", most=9)] == ["plan"]
    assert store.claims("me", most=9) == []


def test_what_several_hand_in_at_once_is_one_change_and_whoever_is_late_is_told(store: Store) -> None:
    told: list[str] = []
    with_waiting(store, segments=3)
    claims = store.claims("me", most=3)
    store.listen(lambda events: told.extend(event.kind for event in events))
    done = [partial(finish_segment_in, token=claim.token) for claim in claims]
    late = partial(finish_segment_in, token=99)
    seen = store.together([partial(note_slot_in, token=claims[0].token, slot="cpu/1"), done[0], late, *done[1:]])
    assert [type(each) for each in seen] == [type(None), type(None), StaleAttempt, type(None), type(None)]
    assert told == ["job.changed", "shot.changed"]
    shot = store.shot(claims[0].shot)
    assert (shot.state, shot.frames_done, shot.attempts[1].slot) == ("joining", 30, "cpu/1")


@pytest.mark.parametrize(("most", "full_from", "expected"), [(9, None, 9), (9, 4, 3), (9, 1, 0), (1, None, 1)])
def test_as_many_alike_are_asked_for_as_have_room(most: int, full_from: int | None, expected: int) -> None:
    class Executor:
        def full(self, running: list[Piece]) -> tuple[str, ...]:
            return ("card",) if full_from is not None and len(running) >= full_from else ()

    card = Piece("segment", "card")
    assert room_for(Executor(), [card], card, most) == expected  # type: ignore[arg-type]
    assert room_for(object(), [card], card, most) == most  # type: ignore[arg-type]
