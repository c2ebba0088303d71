"""Hands what was done to the store until the store takes it: a full disk costs time, never work. What many hand in at once is one
change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, TypeVar

from ..errors import Busy, DiskFull
from ..log import LOGGER
from ..store import Store

REFUSED = (DiskFull, Busy)
"""What the store raises where the same change may succeed later."""
_WAITS_S, _LONGEST_WAIT_S = (0.5, 1.0, 2.0, 5.0), 10.0

_T = TypeVar("_T")


class Together:
    """Pieces of changes that wait while another change is written, written as the next one: with a hundred slots a disk that takes some
    milliseconds for a change would else be what all wait for, and everybody would be told of each segment apart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Callable[..., Any], asyncio.Future[Any]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, work: Callable[..., _T], *values: Any, **fields: Any) -> _T:
        """What work(change, …) returns. Raises: StaleAttempt; what the store raises."""
        seen: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._waiting.append((lambda change: work(change, *values, **fields), seen))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())
        return await seen

    async def _write(self) -> None:
        while self._waiting:
            works, self._waiting = self._waiting, []
            try:
                await self._write_down(works)
            except (DiskFull, Busy) as refused:
                for _, seen in works:
                    _settle(seen, refused)
            except Exception:
                for one in works:  # whoever brought that alone is told
                    try:
                        await self._write_down([one])
                    except Exception as error:
                        _settle(one[1], error)
        self._writing = None

    async def _write_down(self, works: list[tuple[Callable[..., Any], asyncio.Future[Any]]]) -> None:
        found = await asyncio.to_thread(self._store.together, [work for work, _ in works])
        for (_, seen), what in zip(works, found, strict=True):
            _settle(seen, what)


def _settle(seen: asyncio.Future[Any], what: Any) -> None:
    if seen.done():  # nobody waits any more
        return
    if isinstance(what, Exception):
        seen.set_exception(what)
    else:
        seen.set_result(what)


async def hand_in(
    record: Callable[..., _T],
    *values: Any,
    stop: asyncio.Event | None = None,
    by: Callable[..., Awaitable[_T]] = asyncio.to_thread,
    **fields: Any,
) -> _T:
    """Calls a method of the store in a thread, or by `Together`, again and again while the disk refuses it.

    stop: once it is set, the next refusal is the last. Raises: DiskFull, Busy — refused when it stopped; whatever else `record` raises.
    """
    stop = stop or asyncio.Event()
    told = False
    for wait_s in chain(_WAITS_S, repeat(_LONGEST_WAIT_S)):
        try:
            return await by(record, *values, **fields)
        except REFUSED as refused:
            if stop.is_set():
                raise
            if not told:
                LOGGER.warning("a result waits to be written down: %s", refused)
                told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
    raise AssertionError("the waits have no end")
