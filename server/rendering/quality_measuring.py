"""Finished takes are looked at again while nothing else is to be done, so that figures and weak frames are there when somebody asks."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from heygem_core.errors import HeygemError

from ..store import Store
from ..wire import TakeView
from .preview_cache import PreviewCache
from .scheduler import Scheduler
from .steps import facts_of

_LOOKED_S = 3.0  # between two looks at whether there is nothing to do
_NEWEST = 50  # takes that are considered; an older one is measured when somebody asks


async def measure_when_idle(store: Store, scheduler: Scheduler, look: PreviewCache) -> None:
    """Runs until cancelled. Takes of before this start are left to whoever asks for their figures."""
    began, done = time.time(), set[str]()
    while True:
        await asyncio.sleep(_LOOKED_S)
        if not scheduler.idle:
            continue
        page = await asyncio.to_thread(store.takes, limit=_NEWEST)
        for take in page.takes:
            if take.created < began or take.missing or take.id in done:
                continue
            done.add(take.id)
            if await asyncio.to_thread(_measured, take):
                continue
            try:
                await look.measure(take)
            except HeygemError:
                continue  # a take that cannot be measured is still a take; who asks for its figures is told why
            break  # something may have come in meanwhile


def _measured(take: TakeView) -> bool:
    """Whether there is nothing more to find out; also where it has no report that could hold figures."""
    facts = facts_of(Path(take.path))
    return facts is None or facts.quality is not None
