"""Exports that editors make now, and those made lately. One takes as long as the clips play, which is longer than many browsers wait for an
answer: whoever asks the same again meanwhile, or with the same Idempotency-Key later, gets the one that was begun.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ..errors import Conflict
from ..wire import ExportView

_MOST_KEPT = 100


@dataclass(frozen=True, slots=True)
class _Export:
    asked: bytes
    work: asyncio.Task[ExportView]


class Exporting:
    """An editor does one export at a time."""

    def __init__(self) -> None:
        self._now: dict[str, _Export] = {}
        self._by_key: OrderedDict[str, _Export] = OrderedDict()

    async def once(self, host: str, asked: bytes, key: str | None, work: Callable[[], Coroutine[Any, Any, ExportView]]) -> ExportView:
        """The answer of the export that was begun with the same words, else of a new one.

        Raises: Conflict — the editor is busy with another, or the key came with other words; whatever `work` raises.
        """
        known = self._by_key.get(key) if key is not None else None
        if known is not None and known.asked != asked:
            raise Conflict("export.key-reused")
        export = known or self._now.get(host) or self._begin(host, asked, work)
        if export.asked != asked:
            raise Conflict("export.busy")
        if key is not None:
            self._by_key[key] = export
            while len(self._by_key) > _MOST_KEPT:
                self._by_key.popitem(last=False)
        return await asyncio.shield(export.work)  # who asked may leave: the editor goes on

    def _begin(self, host: str, asked: bytes, work: Callable[[], Coroutine[Any, Any, ExportView]]) -> _Export:
        export = self._now[host] = _Export(asked, asyncio.create_task(work()))

        def ended(task: asyncio.Task[ExportView]) -> None:
            self._now.pop(host, None)
            if task.cancelled() or task.exception() is not None:  # the next try is a new one
                for key in [key for key, each in self._by_key.items() if each is export]:
                    del self._by_key[key]

        export.work.add_done_callback(ended)
        return export
