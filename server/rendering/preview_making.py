"""What somebody sees first of a new take is made as soon as it is delivered: who opens it shall not wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from heygem_core.errors import HeygemError

from ..errors import ServerError
from ..store import Store
from ..wire import TakeView
from .preview_cache import PreviewCache

LOGGER = logging.getLogger(__name__)

_LOOKED_S = 2.0  # between two looks at whether there is a new take
_NEWEST = 50  # takes that are considered


async def make_previews(store: Store, look: PreviewCache) -> None:
    """Runs until cancelled: a picture, a copy that every browser plays and one of the original, of one take after the other.

    Takes of before this start are left to whoever opens them.
    """
    done: set[str] | None = None  # takes that need no look any more; None = those of before are not known yet
    while True:
        with suppress(HeygemError, ServerError):  # the store may be busy or full: the next look comes soon
            takes = (await asyncio.to_thread(store.takes, limit=_NEWEST)).takes
            new = [take for take in reversed(takes) if done is not None and take.id not in done and not take.missing]
            done = {take.id for take in takes}
            for take in new:
                await _make(look, take)
        await asyncio.sleep(_LOOKED_S)


async def _make(look: PreviewCache, take: TakeView) -> None:
    makes: tuple[Callable[[], Awaitable[Path]], ...] = (
        lambda: look.poster(take.path),
        lambda: look.proxy(take.path),
        lambda: look.source_proxy(take),
    )
    for make in makes:
        try:
            await make()
        except (HeygemError, ServerError, OSError) as error:  # whoever opens the take is told why
            LOGGER.info("A preview of %s could not be made: %s", take.name, error)
