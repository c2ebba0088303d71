"""Asking the child process that reads timelines: from the server (async) and from the command line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TypeVar

from heygem_core import errors as core
from heygem_core.errors import HeygemError
from heygem_core.shot import Failed, from_json, to_json

from . import errors
from .child_specs import ConformSpec, PublishSpec, Spec
from .conform_types import Conformed, Published
from .errors import UnreadableTimeline

SECONDS = 600.0
_COMMAND = (sys.executable, "-m", "heygem_server.timeline", "-")
_Answer = TypeVar("_Answer", Conformed, Published)


async def conform_in_child(spec: ConformSpec, *, timeout_s: float = SECONDS) -> Conformed:
    """Raises: HeygemError — what the child said, or UnreadableTimeline where it crashed or took too long."""
    return _answer(await _asked(spec, timeout_s), Conformed)


async def publish_in_child(spec: PublishSpec, *, timeout_s: float = SECONDS) -> Published:
    """Raises: HeygemError — what the child said, or UnreadableTimeline where it crashed or took too long."""
    return _answer(await _asked(spec, timeout_s), Published)


def conform_now(spec: ConformSpec) -> Conformed:
    """The same for callers that may wait. Raises: HeygemError."""
    return _answer(_asked_now(spec), Conformed)


def publish_now(spec: PublishSpec) -> Published:
    """The same for callers that may wait. Raises: HeygemError."""
    return _answer(_asked_now(spec), Published)


async def _asked(spec: Spec, timeout_s: float) -> bytes:
    child = await asyncio.create_subprocess_exec(*_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(timeout_s):
            said, _ = await child.communicate(to_json(spec))
        return said
    except TimeoutError:
        raise UnreadableTimeline(f"The timeline took longer than {timeout_s:g} s to read: export a shorter one.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _asked_now(spec: Spec) -> bytes:
    return subprocess.run(_COMMAND, input=to_json(spec), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=SECONDS).stdout


def _answer(said: bytes, kind: type[_Answer]) -> _Answer:
    lines = said.strip().splitlines()
    answer = from_json(lines[-1], kind | Failed) if lines else None  # type: ignore[arg-type]
    if isinstance(answer, kind):
        return answer
    if isinstance(answer, Failed):
        found = getattr(errors, answer.error, None) or getattr(core, answer.error, None)
        raise (found if isinstance(found, type) and issubclass(found, HeygemError) else HeygemError)(answer.message)
    raise UnreadableTimeline("The timeline made the program that reads it fail: export it in another format.")
