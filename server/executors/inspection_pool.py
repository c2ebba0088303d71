"""Inspects files for people who wait: facts, posters, faces, waveforms, proxies. It has processes of its own, so that a queue of renders
delays nothing here."""

from __future__ import annotations

import asyncio

from heygem_core import errors as core
from heygem_core.messages import message_of
from heygem_core.shot import Failed
from heygem_core.tasks.specs import FacesTask, MeasureTask, ProxyTask, Task, TaskResult

from .base import Limits, Watcher, WorkFailed
from .local import LocalExecutor

_PROCESSES = 2
_LONG = (FacesTask, ProxyTask, MeasureTask)  # these go through all frames, so only standing still is held against them


class InspectionPool:
    """`await look.ask(ProbeTask(path=...))`."""

    def __init__(self, *, threads: int, memory_bytes: int, whole_s: float, stall_s: float) -> None:
        self._short = Limits(memory_bytes=memory_bytes, stall_s=whole_s, whole_s=whole_s, stop_grace_s=1)
        self._long = Limits(memory_bytes=memory_bytes, stall_s=stall_s, stop_grace_s=3)
        self.executor = LocalExecutor(_PROCESSES, threads=threads, limits=self._short)
        self._long_ones = asyncio.Semaphore(1)  # one process stays free for what is quick

    async def ask(self, task: Task, *, watcher: Watcher | None = None, stop: asyncio.Event | None = None) -> TaskResult | None:
        """The task's answer; None where it only writes a file.

        Raises: HeygemError as the task said it; UnreadableMedia where the file crashed, stalled or overfilled the process.
        """
        try:
            if isinstance(task, _LONG):
                async with self._long_ones:
                    return await self.executor.run(task, watcher=watcher, stop=stop, limits=self._long)
            return await self.executor.run(task, watcher=watcher, stop=stop)
        except WorkFailed as failure:
            raise core_error(failure) from failure


def core_error(failure: WorkFailed) -> core.HeygemError:
    """What went wrong in a child as the error it was there."""
    if failure.failed is not None:
        return error_of(failure.failed)
    if failure.outcome == "canceled":
        return core.Cancelled(failure.reason)
    return core.UnreadableMedia("media.not-looked-at", reason=failure.reason)


def error_of(failed: Failed) -> core.HeygemError:
    """Of the class it names; a bug is a plain HeygemError."""
    kind = getattr(core, failed.error, None)
    known = isinstance(kind, type) and issubclass(kind, core.HeygemError)
    return kind(message_of(failed)) if known else core.HeygemError(message_of(failed))  # type: ignore[misc]
