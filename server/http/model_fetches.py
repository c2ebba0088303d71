"""Models that are fetched just now, each by a child of its own: the server itself downloads and converts nothing.

What a child was doing when the server ends, the next fetch of the same model goes on with.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from contextlib import suppress
from types import TracebackType

from heygem_core.errors import SpecError
from heygem_core.machine.python_process import apart, detached, python_module
from heygem_core.messages import Message, message_of, tell
from heygem_core.shot import Failed, from_json
from heygem_core.weights.progress import Fetched, Fetching

from ..errors import Busy
from ..executors.process_tree import kill_tree
from ..log import LOGGER
from ..wire import ModelFetch

_AT_ONCE = 2


class ModelFetches:
    """`of` says how far one is."""

    def __init__(self) -> None:
        self._now: dict[str, ModelFetch] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> ModelFetches:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def of(self, model_id: str) -> ModelFetch | None:
        """What is or was last done about a model; None = nothing, or it ended well."""
        return self._now.get(model_id)

    def start(self, model_id: str, *, accept_licence: bool) -> None:
        """Begins to fetch a model, unless that goes on. Raises: Busy — too many at once."""
        if model_id in self._tasks:
            return
        if len(self._tasks) >= _AT_ONCE:
            raise Busy("models.busy", count=_AT_ONCE)
        self._now[model_id] = ModelFetch(step="waiting")
        self._tasks[model_id] = asyncio.create_task(self._fetch(model_id, accept_licence))

    async def stop(self, model_id: str) -> None:
        """Ends a fetch; what came is kept for the next one."""
        task = self._tasks.get(model_id)
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._now.pop(model_id, None)

    async def _fetch(self, model_id: str, accept_licence: bool) -> None:
        arguments = [model_id, *(["--accept-licence"] if accept_licence else [])]
        try:
            child = await asyncio.create_subprocess_exec(
                *python_module("heygem_core.weights", *arguments),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **(apart() | detached()),
            )
            try:
                problem = await self._listen(model_id, child)
            finally:
                if child.returncode is None:
                    kill_tree(child.pid)
                await child.wait()
            if problem is None:
                self._now.pop(model_id, None)
                LOGGER.info("the model %s was fetched", model_id)
            else:
                self._now[model_id] = ModelFetch(step="failed", problem=problem)
                LOGGER.warning("the model %s was not fetched: %s", model_id, problem.message)
        finally:
            self._tasks.pop(model_id, None)

    async def _listen(self, model_id: str, child: asyncio.subprocess.Process) -> Message | None:
        """Why it failed; None = it did not."""
        assert child.stdout is not None
        last = 0.0
        async for line in child.stdout:
            try:
                said = from_json(line, Fetching | Fetched | Failed)  # type: ignore[arg-type]
            except SpecError:
                continue
            if isinstance(said, Fetched):
                await child.wait()
                return None
            if isinstance(said, Failed):
                return message_of(said)
            now = self._now.get(model_id)
            if now is None or now.step != said.step or time.monotonic() - last > 0.25:
                last = time.monotonic()
                self._now[model_id] = ModelFetch(step=said.step, done=said.done, total=said.total)
        return tell("models.fetch-died")
