"""Finished takes are looked at again while nothing else is to be done, so that figures and weak frames are there when somebody asks."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from heygem_core.errors import HeygemError

from ..errors import ServerError
from ..store import Store
from ..wire import TakeView
from .preview_cache import PreviewCache
from .scheduler import Scheduler
from .steps import facts_of

_LOOKED_S = 3.0  # between two looks at whether there is nothing to do
_NEWEST = 50  # takes that are considered; an older one is measured when somebody asks


async def measure_when_idle(store: Store, scheduler: Scheduler, look: PreviewCache) -> None:
    """Runs until cancelled. Takes of before this start are left to whoever asks for their figures."""
    done: set[str] | None = None  # takes that need no look any more; None = those of before are not known yet
    while True:
        with suppress(HeygemError, ServerError):  # a take that cannot be measured is still a take; who asks for its figures is told why
            if done is None:
                done = {take.id for take in (await asyncio.to_thread(store.takes, limit=_NEWEST)).takes}
            elif scheduler.idle:
                await _measure_next(store, look, done)
        await asyncio.sleep(_LOOKED_S)


async def _measure_next(store: Store, look: PreviewCache, done: set[str]) -> None:
    """One take, the newest: something may come in meanwhile."""
    for take in (await asyncio.to_thread(store.takes, limit=_NEWEST)).takes:
        if take.missing or take.id in done:
            continue
        done.add(take.id)
        if not await asyncio.to_thread(_measured, take):
            await look.measure(take)
            return


def _measured(take: TakeView) -> bool:
    """Whether there is nothing more to find out; also where it has no report that could hold figures."""
    facts = facts_of(Path(take.path))
    return facts is None or facts.quality is not None
