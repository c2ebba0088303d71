"""Work done ahead in a thread: same items, same order, errors in their place, and no thread left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from heygem_core.media.prefetch import prefetch


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "ahead"]


@pytest.mark.parametrize("depth", [1, 4, 100])
def test_items_arrive_in_order(depth: int) -> None:
    with prefetch(iter(range(50)), depth) as items:
        assert list(items) == list(range(50))
    assert _threads() == []


def test_none_is_an_item() -> None:
    with prefetch(iter([None, 1, None]), 2) as items:
        assert list(items) == [None, 1, None]


def test_an_error_comes_where_its_item_would_have_come() -> None:
    def source() -> Iterator[int]:
        yield from range(3)
        raise ValueError("broken")

    seen = []
    with prefetch(source(), 10) as items:
        seen.extend(next(items) for _ in range(3))
        with pytest.raises(ValueError, match="broken"):
            next(items)
    assert seen == [0, 1, 2]
    assert _threads() == []


def test_leaving_early_closes_the_source_and_ends_the_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            k = 0
            while True:
                yield k
                k += 1
        finally:
            closed.set()

    with prefetch(source(), 3) as items:
        assert next(items) == 0
    assert closed.is_set()
    assert _threads() == []


def test_an_error_of_the_reader_ends_the_thread_too() -> None:
    def read() -> None:
        with prefetch(iter(range(10**9)), 3) as items:
            next(items)
            raise KeyError("reader")

    with pytest.raises(KeyError):
        read()
    assert _threads() == []


def test_the_source_runs_ahead_but_not_farther_than_asked() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for k in range(100):
            made.append(k)
            yield k

    with prefetch(source(), 3) as items:
        next(items)
        deadline = time.monotonic() + 5
        while len(made) < 5 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.15)
        assert len(made) == 5, "one read, three waiting, one in hand"
