"""Runs one task to its end: the loop that the program `python -m heygem_core` and the server's workers share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from .. import messages
from ..errors import EXIT_BUG, Cancelled, HeygemError
from ..shot import Event, Failed
from ..storage.os_errors import refused
from .dispatch import result_of, start
from .specs import Task, TaskResult


def run_task(task: Task, tell: Callable[[Event], None], stopped: Callable[[], bool] = lambda: False) -> TaskResult | None:
    """Does a task and passes its events to `tell`; returns what it found out, None where it only made a file.

    `stopped` is asked before each step. Raises: HeygemError; Cancelled — `stopped` said so, and nothing of the task was left behind.
    """
    with closing(start(task)) as events:
        while not stopped():
            try:
                event = next(events)
            except StopIteration as end:
                return result_of(end.value)
            tell(event)
    raise Cancelled("program.cancelled")


def failure_of(error: Exception) -> Failed:
    """The event that ends a task with this error. An error outside the tree of `errors` is a bug and says so, unless a disk is to blame."""
    if isinstance(error, OSError):
        error = refused(error) or error
    if isinstance(error, HeygemError):
        said, exit_code = error.said, error.exit_code
    elif isinstance(error, MemoryError):
        said, exit_code = messages.tell("program.no-memory"), EXIT_BUG
    else:
        said, exit_code = messages.tell("program.internal-error", error=error), EXIT_BUG
    return Failed(error=type(error).__name__, message=said.message, exit_code=exit_code, code=said.code, params=said.params)
