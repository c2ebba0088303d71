"""Hands what was done to the store until the store takes it: a full disk costs time, never work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import chain, repeat
from typing import Any, TypeVar

from ..errors import Busy, DiskFull
from ..http.log import LOGGER

REFUSED = (DiskFull, Busy)
"""What the store raises where the same change may succeed later."""
_WAITS_S, _LONGEST_WAIT_S = (0.5, 1.0, 2.0, 5.0), 10.0

_T = TypeVar("_T")


async def hand_in(record: Callable[..., _T], *values: Any, stop: asyncio.Event | None = None, **fields: Any) -> _T:
    """Calls a method of the store in a thread, again and again while the disk refuses it.

    stop: once it is set, the next refusal is the last. Raises: DiskFull, Busy — refused when it stopped; whatever else `record` raises.
    """
    stop = stop or asyncio.Event()
    told = False
    for wait_s in chain(_WAITS_S, repeat(_LONGEST_WAIT_S)):
        try:
            return await asyncio.to_thread(record, *values, **fields)
        except REFUSED as refused:
            if stop.is_set():
                raise
            if not told:
                LOGGER.warning("a result waits to be written down: %s", refused)
                told = True
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait_s)
    raise AssertionError("the waits have no end")
