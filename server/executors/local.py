"""The `local` executor: child processes of this machine, kept warm between tasks, replaced when they are used up or broken."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from heygem_core.messages import tell
from heygem_core.tasks.specs import Task, TaskResult

from ..errors import Broken, Busy
from ..settings import ServerSettings
from .base import ExecutorKind, Limits, Watcher, WorkFailed
from .worker_process import Worker, start_worker

_TASKS_PER_WORKER = 200  # then a new process: what leaks somewhere leaks no further
_SLOWEST_START_S = 30.0


class LocalExecutor:
    """Runs at most `capacity` tasks at once, each in a process of its own. The most recently used process goes first: it is warmest."""

    def __init__(self, capacity: int, *, threads: int, limits: Limits, tasks_per_worker: int = _TASKS_PER_WORKER) -> None:
        """threads: of each worker."""
        self.capacity, self.limits = capacity, limits
        self.restarts = 0  # workers that had to be replaced before their time
        self._environment = {
            name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "HEYGEM_THREADS")
        }
        self._tasks_per_worker = tasks_per_worker
        self._free = asyncio.Semaphore(capacity)
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._failed_starts = 0
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def workers(self) -> list[Worker]:
        """All running processes."""
        return [*self._idle, *self._busy]

    @property
    def busy(self) -> int:
        """How many tasks run at this moment."""
        return len(self._busy)

    @property
    def stop_grace_s(self) -> float:
        """Seconds that a task gets to clean up after it was called off."""
        return self.limits.stop_grace_s

    async def run(
        self, task: Task, *, watcher: Watcher | None = None, stop: asyncio.Event | None = None, limits: Limits | None = None
    ) -> TaskResult | None:
        """Waits for a free worker, then for the task. Raises: WorkFailed; Broken — no worker starts; Busy — closed."""
        async with self._free:
            if self._closed:
                raise Busy("server.stopping")
            if stop is not None and stop.is_set():
                raise WorkFailed("canceled", tell("work.called-off"))
            worker = await self._worker()
            self._busy.add(worker)
            try:
                return await worker.run(task, watcher or Watcher(), limits or self.limits, stop or asyncio.Event())
            finally:
                self._busy.discard(worker)
                self._keep(worker)

    async def close(self, grace_s: float = 5.0) -> None:
        """Ends all workers; running tasks are called off."""
        self._closed = True
        await asyncio.gather(*(worker.close(grace_s) for worker in self.workers), *self._closing, return_exceptions=True)
        self._idle.clear()

    async def _worker(self) -> Worker:
        while self._idle:
            worker = self._idle.pop()
            if worker.alive and worker.process.returncode is None:
                return worker
            await worker.end()
        if self._failed_starts:
            await asyncio.sleep(min(_SLOWEST_START_S, 0.5 * 2**self._failed_starts))
        try:
            worker = await start_worker(self._environment | graphics_card_of(len(self.workers), os.environ.get("CUDA_VISIBLE_DEVICES")))
        except (Broken, OSError, TimeoutError) as error:
            self._failed_starts += 1
            raise error if isinstance(error, Broken) else Broken("work.worker-failed-to-start", error=error) from error
        self._failed_starts = 0
        return worker

    def _keep(self, worker: Worker) -> None:
        if not worker.alive:
            self.restarts += 1
        elif worker.tasks_done >= self._tasks_per_worker or self._closed:
            closing = asyncio.get_running_loop().create_task(worker.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        else:
            self._idle.append(worker)


def graphics_card_of(place: int, visible: str | None, cards: int | None = None) -> dict[str, str]:
    """The environment that gives the worker at this place one NVIDIA card of several, in turn; nothing where there is one or none.

    visible: $CUDA_VISIBLE_DEVICES of the server. cards: how many there are; None = ask the driver (on Linux, unknown elsewhere).
    """
    names = (
        [name for name in visible.split(",") if name]
        if visible is not None
        else [str(k) for k in range(_cards() if cards is None else cards)]
    )
    return {"CUDA_VISIBLE_DEVICES": names[place % len(names)]} if len(names) > 1 else {}


def _cards() -> int:
    try:
        return sum(1 for _ in Path("/proc/driver/nvidia/gpus").iterdir())
    except OSError:
        return 0


def _open(settings: ServerSettings, limits: Limits) -> LocalExecutor:
    return LocalExecutor(settings.workers, threads=settings.threads_per_worker, limits=limits)


LOCAL = ExecutorKind(name="local", title="Child processes of this machine.", open=_open)
