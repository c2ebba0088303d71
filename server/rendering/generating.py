"""Runs the generation of a shot: its ranges of blocks, beside one another where slots are free. Each block is kept as it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from heygem_core.shot import Event, Progress
from heygem_core.tasks.specs import GenerateTask

from ..executors.base import Executor, Watcher

_LOOKED_S = 1.0  # between two looks for a slot that became free meanwhile


async def generate(executor: Executor, pieces: Sequence[GenerateTask], watcher: Watcher, stop: asyncio.Event) -> None:
    """One range always, and a further one for each slot that nothing else uses: a shot does not take the place of others.

    The first range that fails calls off the others. Raises: WorkFailed; Broken; Busy.
    """
    waiting, running = list(pieces), set[asyncio.Task[None]]()
    call_off, told = asyncio.Event(), _Told(pieces, watcher)
    stopping = asyncio.create_task(stop.wait())
    try:
        while waiting or running:
            while waiting and (not running or (executor.busy < executor.capacity and len(running) < executor.capacity)):
                running.add(asyncio.create_task(_run(executor, waiting.pop(0), told, call_off)))
                await asyncio.sleep(0)  # it takes its slot
            done, _ = await asyncio.wait({*running, stopping}, timeout=_LOOKED_S, return_when=asyncio.FIRST_COMPLETED)
            if stopping in done:
                call_off.set()
                waiting.clear()
                stopping = asyncio.create_task(asyncio.Event().wait())
            for each in done & running:
                running.discard(each)
                each.result()
    finally:
        stopping.cancel()
        call_off.set()
        await asyncio.gather(*running, return_exceptions=True)


async def _run(executor: Executor, piece: GenerateTask, told: _Told, stop: asyncio.Event) -> None:
    await executor.run(piece, watcher=told.of(piece), stop=stop)


class _Told:
    """What ranges tell, as if one process made them all: frames of the take that are done."""

    def __init__(self, pieces: Sequence[GenerateTask], watcher: Watcher) -> None:
        self._left = {piece.start: piece.end_exclusive - piece.start for piece in pieces}  # frames, by where the range begins
        self._watcher = watcher

    def of(self, piece: GenerateTask) -> Watcher:
        """For one of them."""

        def tell(event: Event) -> None:
            if isinstance(event, Progress) and event.stage == "generate" and event.total is not None:
                self._left[piece.start] = piece.end_exclusive - min(piece.end_exclusive, max(piece.start, event.done))
                event = Progress(stage="generate", done=event.total - sum(self._left.values()), total=event.total, fps=event.fps)
            self._watcher.tell(event)

        return Watcher(tell=tell, show=self._watcher.show, placed=self._watcher.placed)
