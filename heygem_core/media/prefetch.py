"""Prefetches a stream of work in a thread, so that decoding, tracking, drawing and encoding overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def prefetch(items: Iterator[T], depth: int) -> Iterator[Iterator[T]]:
    """Gives the same items in the same order, made up to `depth` ahead by a thread that has ended when the block ends.

    An exception of the source is raised where its item would have come.
    """
    ready: queue.Queue[tuple[bool, T | BaseException | None]] = queue.Queue(depth)
    stop = threading.Event()

    def offer(last: bool, item: T | BaseException | None) -> bool:
        while not stop.is_set():
            try:
                ready.put((last, item), timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer(False, item):
                    return
            offer(True, None)
        except BaseException as error:
            offer(True, error)
        finally:
            close = getattr(items, "close", None)
            if close:
                close()

    def read() -> Iterator[T]:
        while True:
            last, item = ready.get()
            if isinstance(item, BaseException):
                raise item
            if last:
                return
            yield item  # type: ignore[misc]

    thread = threading.Thread(target=work, name="ahead", daemon=True)
    thread.start()
    try:
        yield read()
    finally:
        stop.set()
        thread.join()
