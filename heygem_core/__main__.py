"""Runs one task of `tasks`: `python -m heygem_core SPEC.json`. Events and the answer go to stdout as JSON lines; the exit
code is the error's (see `errors`).

SPEC "-" reads the spec from standard input. SIGTERM and Ctrl-C cancel: nothing is left behind.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

from .errors import EXIT_OK, Cancelled, HeygemError, MediaNotFound, SpecError
from .machine.python_process import collect_less_often
from .shot import Event, from_json, to_json
from .tasks.run import failure_of, run_task
from .tasks.specs import Task, TaskResult

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def main() -> int:
    """Runs the task named on the command line; returns its exit code."""
    collect_less_often()
    cancel_on_signals()
    try:
        run(_read_spec(sys.argv[1:]))
        return EXIT_OK
    except BrokenPipeError:  # whoever started this is gone: nobody waits for the take
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Cancelled.exit_code
    except Exception as error:
        if not isinstance(error, HeygemError):
            traceback.print_exc()
        ended = failure_of(error)
        _say(ended)
        return ended.exit_code


def run(task: Task) -> None:
    """Runs a task, prints its events and, where it found something out, its answer. Raises: HeygemError."""
    answer = run_task(task, _say)
    if answer is not None:
        _say(answer)


def cancel_on_signals() -> None:
    """From here on SIGTERM and Ctrl-C raise Cancelled, once: a second one must not interrupt the cleaning up."""
    for number in _SIGNALS:
        signal.signal(number, _cancel)


def _cancel(number: int, frame: object) -> None:
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise Cancelled("program.cancelled")


def _read_spec(arguments: list[str]) -> Task:
    if len(arguments) != 1:
        raise SpecError("spec.give-path")
    if arguments[0] == "-":
        return from_json(sys.stdin.buffer.read(), Task)  # type: ignore[arg-type]
    try:
        return from_json(Path(arguments[0]).read_bytes(), Task)  # type: ignore[arg-type]
    except OSError as error:
        raise MediaNotFound("spec.unreadable", path=arguments[0], why=error.strerror) from error


def _say(said: Event | TaskResult) -> None:
    sys.stdout.buffer.write(to_json(said) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main())
