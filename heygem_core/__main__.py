"""Runs one task: `python -m heygem_core SPEC.json`. Events go to stdout as JSON lines; the exit code is the error's (see `errors`).

SPEC "-" reads the spec from standard input. SIGTERM and Ctrl-C cancel: nothing is left behind.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from .errors import EXIT_BUG, EXIT_OK, Cancelled, HeygemError, MediaNotFound
from .shot import Event, Failed, RenderTask, from_json, to_json


def main() -> int:
    signal.signal(signal.SIGTERM, _cancel)
    signal.signal(signal.SIGINT, _cancel)
    try:
        run(_read_spec(sys.argv[1:]))
        return EXIT_OK
    except HeygemError as error:
        _say(failed(error))
        return error.exit_code


def run(task: RenderTask) -> None:
    """Runs a task and prints its events. Raises: HeygemError."""
    from .render import render

    for event in render(task):
        _say(event)


def failed(error: HeygemError) -> Failed:
    """An error as the event that ends a task."""
    return Failed(error=type(error).__name__, message=str(error), exit_code=error.exit_code)


def _read_spec(arguments: list[str]) -> RenderTask:
    if len(arguments) != 1:
        raise MediaNotFound("Give the path of one spec file, or - to read it from standard input.")
    if arguments[0] == "-":
        return from_json(sys.stdin.buffer.read(), RenderTask)
    try:
        return from_json(Path(arguments[0]).read_bytes(), RenderTask)
    except OSError as error:
        raise MediaNotFound(f"The spec “{arguments[0]}” cannot be read ({error.strerror}): check its path.") from error


def _say(event: Event) -> None:
    sys.stdout.buffer.write(to_json(event) + b"\n")
    sys.stdout.buffer.flush()


def _cancel(number: int, frame: object) -> None:
    raise Cancelled("Cancelled; nothing was left behind.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Exception as error:
        import traceback

        traceback.print_exc()
        _say(Failed(error=type(error).__name__, message=f"Internal error: {error}. Please report it.", exit_code=EXIT_BUG))
        sys.exit(EXIT_BUG)
