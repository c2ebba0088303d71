"""Runs as a worker process: reads tasks from standard input, does one after another, writes what happens to standard output, in JSON lines.

    in   Run (a task)  Stop (the task of that number)        out   Ready  Beat  Told  ResultFound  Picture  Ended

What was imported and loaded stays warm between tasks. When standard input ends, whoever gave the tasks is gone: the worker
cleans up and ends too. Nothing but messages gets to standard output: what libraries print goes to standard error, and a library that asks
something on standard input finds it empty.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import BinaryIO

import msgspec

from ..errors import Cancelled, HeygemError, SpecError
from ..machine.python_process import collect_less_often
from ..media.real_paths import hold_to_real_paths
from ..rendering.previews import watching
from ..shot import Event, Failed, Progress, Struct, from_json, to_json
from .run import failure_of, run_task
from .specs import Task, TaskResult
from .standard_input import own_input

BEAT_S = 2.0
_CLEAN_UP_S = 10.0  # granted to a task whose server is gone
_PROGRESS_S = 0.05  # events of one stage are told no more often


class Run(Struct, frozen=True, kw_only=True, tag_field="do", tag="run"):
    """Do this task, after those that were given before."""

    number: int
    task: Task
    real_paths: tuple[str, ...] = ()  # that it opens only while no link stands on their way


class Stop(Struct, frozen=True, kw_only=True, tag_field="do", tag="stop"):
    """Leave this task; nothing of it stays."""

    number: int


class Ready(Struct, frozen=True, kw_only=True, tag_field="say", tag="ready"):
    """The worker waits for tasks."""

    pid: int


class Beat(Struct, frozen=True, kw_only=True, tag_field="say", tag="beat"):
    """The worker lives (and its threads get a turn)."""


class Told(Struct, frozen=True, kw_only=True, tag_field="say", tag="told"):
    """An event of the task."""

    number: int
    event: Event


class ResultFound(Struct, frozen=True, kw_only=True, tag_field="say", tag="answered"):
    """The result of the task."""

    number: int
    answer: TaskResult


class Picture(Struct, frozen=True, kw_only=True, tag_field="say", tag="picture"):
    """A frame of the take that was just drawn."""

    number: int
    frame: int
    width: int  # pixels
    height: int
    jpeg: bytes


class Ended(Struct, frozen=True, kw_only=True, tag_field="say", tag="ended"):
    """The task is over: done, or `failed`."""

    number: int
    failed: Failed | None = None
    card_bytes: int | None = None  # of the graphics card's memory that the task held at most; None = it used none


ToWorker = Run | Stop
FromWorker = Ready | Beat | Told | ResultFound | Picture | Ended


class _Line:
    """Messages out, one at a time, from any thread."""

    def __init__(self, out: BinaryIO) -> None:
        self._out, self._lock = out, threading.Lock()

    def say(self, message: FromWorker) -> None:
        with self._lock:
            self._out.write(to_json(message) + b"\n")
            self._out.flush()


class _Orders:
    """Messages in, read by a thread of their own."""

    def __init__(self, line: _Line) -> None:
        self.runs: queue.Queue[Run | None] = queue.Queue()
        self.stopped: set[int] = set()
        self._line = line

    def read(self, source: BinaryIO) -> None:
        for text in source:
            try:
                order: Run | Stop = from_json(text, ToWorker)  # type: ignore[arg-type]
            except SpecError as error:
                self._line.say(Ended(number=_number_in(text), failed=failure_of(error)))
                continue
            if isinstance(order, Stop):
                self.stopped.add(order.number)
            else:
                self.runs.put(order)
        self.runs.put(None)
        signal.raise_signal(signal.SIGTERM)  # the main thread may be deep in a task
        time.sleep(_CLEAN_UP_S)
        os._exit(1)


def main() -> int:
    """Works until standard input ends; returns the exit code."""
    collect_less_often()
    source = own_input()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in a terminal reaches the server too, which decides
    signal.signal(signal.SIGTERM, _cancel)
    line = _Line(out)
    orders = _Orders(line)
    try:
        line.say(Ready(pid=os.getpid()))
        threading.Thread(target=_beat, args=(line,), daemon=True).start()
        threading.Thread(target=orders.read, args=(source,), daemon=True).start()
        while (run := orders.runs.get()) is not None:
            line.say(Ended(number=run.number, failed=_do(run, orders, line), card_bytes=_card_bytes()))
    except (Cancelled, BrokenPipeError):
        pass
    return 0


def _do(run: Run, orders: _Orders, line: _Line) -> Failed | None:
    """One task; None = it is done."""

    def show(frame: int, width: int, height: int, jpeg: bytes) -> None:
        line.say(Picture(number=run.number, frame=frame, width=width, height=height, jpeg=jpeg))

    def stopped() -> bool:
        asked = run.number in orders.stopped
        orders.stopped.discard(run.number)
        return asked

    try:
        hold_to_real_paths(run.real_paths)
        with watching(show):
            answer = run_task(run.task, _Teller(run.number, line), stopped)
        if answer is not None:
            line.say(ResultFound(number=run.number, answer=answer))
        return None
    except (BrokenPipeError, _Terminated):
        raise
    except Exception as error:
        if not isinstance(error, (HeygemError, MemoryError)):
            traceback.print_exc()
        return failure_of(error)


class _Teller:
    """Passes a task's events on; of the many `Progress` of one stage only one each `_PROGRESS_S`."""

    def __init__(self, number: int, line: _Line) -> None:
        self._number, self._line = number, line
        self._told: tuple[str, float] = ("", 0.0)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Progress) and event.done != event.total:
            now = time.monotonic()
            if event.stage == self._told[0] and now - self._told[1] < _PROGRESS_S:
                return
            self._told = (event.stage, now)
        self._line.say(Told(number=self._number, event=event))


class _Terminated(Cancelled):
    """This process has to end, not only its task."""


def _cancel(number: int, frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not interrupt the cleaning up
    raise _Terminated("program.cancelled")


def _card_bytes() -> int | None:
    """What the last task held at most of a card's memory; the next one is measured anew."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return None
    held = int(torch.cuda.max_memory_reserved())
    torch.cuda.reset_peak_memory_stats()
    return held


def _beat(line: _Line) -> None:
    try:
        while True:
            time.sleep(BEAT_S)
            line.say(Beat())
    except (OSError, ValueError):
        return  # the other end is gone: `_Orders` knows too


def _number_in(text: bytes) -> int:
    try:
        return int(msgspec.json.decode(text)["number"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return -1


if __name__ == "__main__":
    sys.exit(main())
