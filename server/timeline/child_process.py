"""Runs the child process that reads timelines: for the server (async, a few at once) and for the command line."""

from __future__ import annotations

import asyncio
import subprocess
import time
from types import TracebackType
from typing import TypeVar
from weakref import WeakKeyDictionary

from heygem_core import errors as core
from heygem_core.errors import HeygemError
from heygem_core.machine.python_process import apart, python_module
from heygem_core.messages import message_of
from heygem_core.shot import Failed, from_json, to_json

from ..errors import Busy
from ..executors.process_tree import held_bytes, kill_tree
from . import errors, limits
from .child_specs import ConformSpec, PublishSpec, Spec
from .conform_types import Conformed
from .errors import UnreadableTimeline
from .published import Published

_TICK_S = 0.5
_COMMAND = python_module("heygem_server.timeline", "-")
_Result = TypeVar("_Result", Conformed, Published)


async def conform_in_child(spec: ConformSpec, *, timeout_s: float = limits.SECONDS) -> Conformed:
    """Raises: HeygemError — what the child says, or UnreadableTimeline where it crashed or took too much; Busy."""
    return _result_of(await _run_async(spec, timeout_s), Conformed)


async def publish_in_child(spec: PublishSpec, *, timeout_s: float = limits.SECONDS) -> Published:
    """Raises: HeygemError — what the child says, or UnreadableTimeline where it crashed or took too much; Busy."""
    return _result_of(await _run_async(spec, timeout_s), Published)


def conform_blocking(spec: ConformSpec) -> Conformed:
    """The same for callers that may block. Raises: HeygemError."""
    return _result_of(_run(spec), Conformed)


def publish_blocking(spec: PublishSpec) -> Published:
    """The same for callers that may block. Raises: HeygemError."""
    return _result_of(_run(spec), Published)


async def _run_async(spec: Spec, timeout_s: float) -> bytes:
    """Raises: Busy — too many wait already; UnreadableTimeline — it took too long, or too much memory."""
    async with _room_of(asyncio.get_running_loop()):
        child = await asyncio.create_subprocess_exec(
            *_COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **apart(stdin=subprocess.PIPE, **limits.FEW_THREADS)
        )
        talking = asyncio.create_task(child.communicate(to_json(spec)))
        watch = _Watch(child.pid, timeout_s)
        try:
            while not (await asyncio.wait({talking}, timeout=_TICK_S))[0]:
                watch.check()
            output, _ = talking.result()
            watch.check_exit(child.returncode)
            return output
        finally:
            if child.returncode is None:
                kill_tree(child.pid)
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            await child.wait()


def _run(spec: Spec) -> bytes:
    with subprocess.Popen(
        _COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **apart(stdin=subprocess.PIPE, **limits.FEW_THREADS)
    ) as child:
        watch = _Watch(child.pid, limits.SECONDS)
        said: bytes | None = to_json(spec)
        try:
            while True:
                try:
                    output: bytes = child.communicate(said, timeout=_TICK_S)[0]
                    watch.check_exit(child.returncode)
                    return output
                except subprocess.TimeoutExpired:
                    said = None
                    watch.check()
        finally:
            if child.returncode is None:
                kill_tree(child.pid)


class _Watch:
    """Looks after one child from the outside, on every system."""

    def __init__(self, pid: int, longest_s: float) -> None:
        self._pid, self._longest_s, self._began = pid, longest_s, time.monotonic()

    def check(self) -> None:
        """Raises: UnreadableTimeline — it has taken too long, or holds too much."""
        if time.monotonic() - self._began > self._longest_s:
            raise UnreadableTimeline("timeline.too-slow", seconds=self._longest_s)
        if held_bytes(self._pid) > limits.TREE_BYTES:
            raise UnreadableTimeline("timeline.too-deep")

    def check_exit(self, code: int | None) -> None:
        """Raises: UnreadableTimeline — its own limit of time ended it."""
        if limits.used_up_its_time(code):
            raise UnreadableTimeline("timeline.too-slow", seconds=limits.READING_CPU_S)


class _Room:
    """Lets a few children run at once; some more wait for their turn, and whoever comes then is told so."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(limits.AT_ONCE)
        self._waiting = 0

    async def __aenter__(self) -> None:
        if self._waiting >= limits.WAITING:
            raise Busy("timeline.busy")
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._free.release()


_rooms: WeakKeyDictionary[asyncio.AbstractEventLoop, _Room] = WeakKeyDictionary()


def _room_of(loop: asyncio.AbstractEventLoop) -> _Room:
    """A server has one loop, and so one room."""
    return _rooms.setdefault(loop, _Room())


def _result_of(output: bytes, kind: type[_Result]) -> _Result:
    lines = output.strip().splitlines()
    result = from_json(lines[-1], kind | Failed) if lines else None  # type: ignore[arg-type]
    if isinstance(result, kind):
        return result
    if isinstance(result, Failed):
        found = getattr(errors, result.error, None) or getattr(core, result.error, None)
        raise (found if isinstance(found, type) and issubclass(found, HeygemError) else HeygemError)(message_of(result))
    raise UnreadableTimeline("timeline.reader-failed")
