"""Runs the child process that reads timelines: for the server (async) and for the command line."""

from __future__ import annotations

import asyncio
import subprocess
from typing import TypeVar

from heygem_core import errors as core
from heygem_core.errors import HeygemError
from heygem_core.messages import message_of
from heygem_core.shot import Failed, from_json, to_json

from ..executors.python_process import apart, python_module
from . import errors
from .child_specs import ConformSpec, PublishSpec, Spec
from .conform_types import Conformed, Published
from .errors import UnreadableTimeline

SECONDS = 600.0
_COMMAND = python_module("heygem_server.timeline", "-")
_Result = TypeVar("_Result", Conformed, Published)


async def conform_in_child(spec: ConformSpec, *, timeout_s: float = SECONDS) -> Conformed:
    """Raises: HeygemError — what the child says, or UnreadableTimeline where it crashed or took too long."""
    return _result_of(await _run_async(spec, timeout_s), Conformed)


async def publish_in_child(spec: PublishSpec, *, timeout_s: float = SECONDS) -> Published:
    """Raises: HeygemError — what the child says, or UnreadableTimeline where it crashed or took too long."""
    return _result_of(await _run_async(spec, timeout_s), Published)


def conform_blocking(spec: ConformSpec) -> Conformed:
    """The same for callers that may block. Raises: HeygemError."""
    return _result_of(_run(spec), Conformed)


def publish_blocking(spec: PublishSpec) -> Published:
    """The same for callers that may block. Raises: HeygemError."""
    return _result_of(_run(spec), Published)


async def _run_async(spec: Spec, timeout_s: float) -> bytes:
    child = await asyncio.create_subprocess_exec(
        *_COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **apart(stdin=subprocess.PIPE)
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await child.communicate(to_json(spec))
        return output
    except TimeoutError:
        raise UnreadableTimeline("timeline.too-slow", seconds=timeout_s) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def _run(spec: Spec) -> bytes:
    with subprocess.Popen(_COMMAND, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **apart(stdin=subprocess.PIPE)) as child:
        try:
            output: bytes = child.communicate(to_json(spec), timeout=SECONDS)[0]
            return output
        except subprocess.TimeoutExpired:
            raise UnreadableTimeline("timeline.too-slow", seconds=SECONDS) from None
        finally:
            child.kill()


def _result_of(output: bytes, kind: type[_Result]) -> _Result:
    lines = output.strip().splitlines()
    result = from_json(lines[-1], kind | Failed) if lines else None  # type: ignore[arg-type]
    if isinstance(result, kind):
        return result
    if isinstance(result, Failed):
        found = getattr(errors, result.error, None) or getattr(core, result.error, None)
        raise (found if isinstance(found, type) and issubclass(found, HeygemError) else HeygemError)(message_of(result))
    raise UnreadableTimeline("timeline.reader-failed")
