"""One worker process: given a task, listened to, watched, and ended with all its children where it must be.

Asked to stop it gets some seconds to leave nothing behind, then SIGTERM, then the end of its whole tree. The same end
awaits a worker that holds too much memory, makes no progress, or falls silent. Its memory is measured, not limited by the
system: a limit on the address space would break CUDA.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from heygem_core.errors import EXIT_BUG, SpecError
from heygem_core.machine.python_process import apart, detached, python_module
from heygem_core.media.real_paths import is_real
from heygem_core.messages import Message, message_of, tell
from heygem_core.shot import Failed, from_json, to_json
from heygem_core.tasks.specs import Task, TaskResult
from heygem_core.tasks.worker import Beat, Ended, FromWorker, Picture, Ready, ResultFound, Run, Stop, Told

from ..errors import Broken
from .base import Limits, Outcome, Watcher, WorkFailed
from .process_tree import held_bytes, kill_tree

_LONGEST_LINE = 64 << 20  # bytes: the answer for a take of ten hours has a few
_TICK_S = 0.2
_START_S = 60.0
PATHS_OF_SHOT, PATHS_OF_SETTINGS = ("video", "speech"), ("style_from", "holdout", "motion", "speech_encoder")
_NEARLY_ALL = 0.6  # of the memory limit: who is killed above it was most likely killed for it


@dataclass(slots=True, eq=False)
class Worker:
    """A running process. `alive` turns false when it must not be used again."""

    process: asyncio.subprocess.Process
    listening: list[asyncio.Task[None]] = field(default_factory=list)
    heard: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)  # FromWorker; None = its output ended
    last_words: deque[str] = field(default_factory=lambda: deque(maxlen=40))  # of standard error
    heard_at: float = field(default_factory=time.monotonic)
    alive: bool = True
    tasks_done: int = 0
    number: int = 0
    rss_bytes: int = 0  # of the whole tree, as last measured
    card_bytes: int | None = None  # of the graphics card, that the last task held at most
    oom_kills_before: int | None = None  # of the system, when the task began

    @property
    def pid(self) -> int:
        return self.process.pid

    async def run(self, task: Task, watcher: Watcher, limits: Limits, stop: asyncio.Event) -> TaskResult | None:
        """What the task found out, None where it only made a file. Raises: WorkFailed."""
        self.number += 1
        self.oom_kills_before = oom_kills()
        answer: TaskResult | None = None
        watch = _Watch(self, limits, stop)
        try:
            await self._send(Run(number=self.number, task=task, real_paths=await asyncio.to_thread(held_paths, task)))
            while True:
                message = await watch.next()
                if isinstance(message, Told):
                    watch.moved()
                    watcher.tell(message.event)
                elif isinstance(message, Picture):
                    watcher.show(message)
                elif isinstance(message, ResultFound):
                    answer = message.answer
                elif isinstance(message, Ended):
                    self.tasks_done += 1
                    self.card_bytes = message.card_bytes
                    _raise_failure(message.failed)
                    return answer
        except WorkFailed as failure:
            if failure.outcome not in ("failed", "canceled") or (failure.failed is not None and failure.failed.exit_code == EXIT_BUG):
                await self.end()  # what went wrong may have left it in any state
            raise
        except BaseException:
            await self.end()
            raise

    async def ask_to_stop(self) -> None:
        """The present task only."""
        with suppress(ConnectionError):
            await self._send(Stop(number=self.number))

    def terminate(self) -> None:
        """The whole worker, with time to clean up. (On Windows there is no such signal: it ends at once.)"""
        with suppress(ProcessLookupError):
            self.process.terminate()

    async def close(self, grace_s: float = 5.0) -> None:
        """Ends an idle worker: without standard input it has nobody to work for."""
        self.alive = False
        if self.process.stdin is not None:
            self.process.stdin.close()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.process.wait(), grace_s)
        await self.end()

    async def end(self) -> None:
        """Kills the process and all its children."""
        self.alive = False
        if self.process.returncode is None:
            kill_tree(self.pid)
        await self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        for listener in self.listening:
            listener.cancel()
        await asyncio.gather(*self.listening, return_exceptions=True)

    def measure(self) -> int:
        """Resident bytes of the process and all its children."""
        self.rss_bytes = held_bytes(self.pid)
        return self.rss_bytes

    async def _send(self, order: Run | Stop) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(to_json(order) + b"\n")
            await self.process.stdin.drain()
        except ConnectionError as error:
            if isinstance(order, Run):
                raise WorkFailed("crashed", tell("work.worker-gone")) from error

    async def listen(self, source: asyncio.StreamReader) -> None:
        """Messages from standard output into `heard`."""
        try:
            while line := await source.readline():
                self.heard_at = time.monotonic()
                with suppress(SpecError):  # a library wrote around our redirection: not a message
                    message: Any = from_json(line, FromWorker)  # type: ignore[arg-type]
                    if not isinstance(message, Beat):
                        self.heard.put_nowait(message)
        except (ValueError, ConnectionError):  # a line without an end
            pass
        self.heard.put_nowait(None)

    async def keep_words(self, source: asyncio.StreamReader) -> None:
        """The end of standard error, for the log."""
        while text := await source.read(4096):
            self.last_words.extend(line for line in text.decode(errors="replace").splitlines() if line.strip())

    def death(self, limits: Limits) -> WorkFailed:
        """Why a worker that ended on its own did so."""
        code = self.process.returncode
        if code == -getattr(signal, "SIGKILL", 9):
            if self.rss_bytes > _NEARLY_ALL * limits.memory_bytes or oom_kills() != self.oom_kills_before:
                return WorkFailed("memory", tell("work.out-of-memory", gigabytes=f"{self.rss_bytes / 1e9:.1f}"))
            return WorkFailed("killed", tell("work.killed"))
        if self.last_words:
            return WorkFailed("crashed", tell("work.crashed-saying", exit_code=code, words=self.last_words[-1][:300]))
        return WorkFailed("crashed", tell("work.crashed", exit_code=code))


class _Watch:
    """Waits for the next message and, while waiting, looks after limits and wishes."""

    def __init__(self, worker: Worker, limits: Limits, stop: asyncio.Event) -> None:
        self._worker, self._limits, self._stop = worker, limits, stop
        self._began = self._moved = self._measured = worker.heard_at = time.monotonic()
        self._asked: float | None = None
        self._terminated = False

    def moved(self) -> None:
        """The task made progress."""
        self._moved = time.monotonic()

    async def next(self) -> FromWorker:
        """Raises: WorkFailed."""
        stopping = asyncio.ensure_future(self._stop.wait()) if self._asked is None else None
        getting = asyncio.ensure_future(self._worker.heard.get())
        try:
            while True:
                waits = {getting} if stopping is None or self._asked is not None else {getting, stopping}
                await asyncio.wait(waits, timeout=_TICK_S, return_when=asyncio.FIRST_COMPLETED)
                if self._stop.is_set() and self._asked is None:
                    self._asked = time.monotonic()
                    await self._worker.ask_to_stop()
                await self._check()  # also while messages come one after the other
                if getting.done():
                    message: FromWorker | None = getting.result()
                    if message is None:
                        await self._worker.process.wait()
                        raise self._ended()
                    return message
        finally:
            for waiting in (stopping, getting):
                if waiting is not None:
                    waiting.cancel()

    def _ended(self) -> WorkFailed:
        if self._asked is not None:
            return WorkFailed("canceled", tell("work.called-off"))
        return self._worker.death(self._limits)

    async def _check(self) -> None:
        now, limits = time.monotonic(), self._limits
        if self._asked is not None:
            if now - self._asked > 2 * limits.stop_grace_s:
                await self._give_up("canceled", tell("work.called-off"))
            if now - self._asked > limits.stop_grace_s and not self._terminated:
                self._terminated = True
                self._worker.terminate()
        if now - self._measured > 0.5:
            self._measured = now
            held = self._worker.measure()
            if held > limits.memory_bytes:
                allowed = f"{limits.memory_bytes / 1e9:.1f}"
                await self._give_up("memory", tell("work.too-much-memory", gigabytes=f"{held / 1e9:.1f}", allowed=allowed))
        if now - self._worker.heard_at > limits.silent_s:
            await self._give_up("timeout", tell("work.silent", seconds=round(limits.silent_s)))
        if now - self._moved > limits.stall_s:
            await self._give_up("timeout", tell("work.stalled", seconds=round(limits.stall_s)))
        if limits.whole_s is not None and now - self._began > limits.whole_s:
            await self._give_up("timeout", tell("work.too-long", seconds=round(limits.whole_s)))

    async def _give_up(self, outcome: Outcome, reason: Message) -> None:
        await self._worker.end()
        raise WorkFailed(outcome, reason)


async def start_worker(environment: dict[str, str]) -> Worker:
    """A worker that is ready. Raises: Broken — it does not start."""
    process = await asyncio.create_subprocess_exec(
        *python_module("heygem_core.tasks.worker"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=_LONGEST_LINE,
        **(apart(stdin=subprocess.PIPE, **environment) | detached()),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    worker = Worker(process)
    worker.listening = [asyncio.create_task(worker.listen(process.stdout)), asyncio.create_task(worker.keep_words(process.stderr))]
    try:
        message = await asyncio.wait_for(worker.heard.get(), _START_S)
    except BaseException:
        await worker.end()
        raise
    if not isinstance(message, Ready):
        await worker.end()
        raise Broken("work.worker-does-not-start", words=" ".join(worker.last_words)[-500:] or tell("work.said-nothing"))
    return worker


def held_paths(task: Task) -> tuple[str, ...]:
    """What the task may open only while no link stands on its way: files that were found inside the allowed folders when the job came.

    The paths of a shot were real then, and those of its settings; any other (a take, a file that somebody looks at) counts as it is now.
    """
    shot, settings = getattr(task, "shot", None), getattr(task, "settings", None)
    always = [getattr(shot, name, None) for name in PATHS_OF_SHOT]
    always += [getattr(settings, name, None) for name in PATHS_OF_SETTINGS]
    now = [getattr(task, name, None) for name in ("path", "source", "take")]
    held = [*always, *(path for path in now if path is not None and is_real(path))]
    return tuple(dict.fromkeys(path for path in held if path is not None and os.path.isabs(path)))


def _raise_failure(failed: Failed | None) -> None:
    if failed is None:
        return
    if failed.error in ("Cancelled", "_Terminated"):
        raise WorkFailed("canceled", message_of(failed), failed)
    raise WorkFailed("memory" if failed.error == "MemoryError" else "failed", message_of(failed), failed)


def oom_kills() -> int | None:
    """How many processes the system has ended for want of memory since it started; None = it does not tell (only Linux does)."""
    try:
        with open("/proc/vmstat", encoding="ascii") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), None)
    except OSError:
        return None
