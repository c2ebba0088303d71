"""Runs one task to its end: the loop that the program `python -m heygem_core` and the server's workers share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from ..errors import EXIT_BUG, Cancelled, HeygemError
from ..shot import Event, Failed
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
    raise Cancelled("Cancelled; nothing was left behind.")


def failure_of(error: Exception) -> Failed:
    """The event that ends a task with this error. An error outside the tree of `errors` is a bug and says so."""
    if isinstance(error, HeygemError):
        return Failed(error=type(error).__name__, message=str(error), exit_code=error.exit_code)
    if isinstance(error, MemoryError):
        return Failed(error="MemoryError", message="There was not enough memory for this task.", exit_code=EXIT_BUG)
    return Failed(error=type(error).__name__, message=f"Internal error: {error}. Please report it.", exit_code=EXIT_BUG)
