"""Jobs and shots as tables in a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from heygem_core.messages import Message, here, plain, tell
from heygem_core.printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..wire import JobDetail, JobView, ProgressNow, ShotView

_LINE_S = 10.0  # between two lines where no table can be drawn over
_NARROWEST = 100  # columns where nobody says how wide the output is: ids and reasons stay whole
_ENDED = ("done", "failed", "canceled")
_STATES: dict[str, Message] = {
    "queued": tell("panel.job-queued"),
    "active": tell("state-word.active"),
    "paused": tell("panel.job-paused"),
    "completed": tell("state-word.completed"),
    "failed": tell("panel.job-failed"),
    "canceled": tell("state-word.canceled"),
    "planning": tell("state-word.planning"),
    "rendering": tell("state-word.rendering"),
    "joining": tell("state-word.joining"),
    "done": tell("panel.job-completed"),
}
_STAGES: dict[str, Message] = {
    "probe": tell("stage-word.probe"),
    "track": tell("stage-word.track"),
    "speech": tell("doctor.area-speech"),
    "generate": tell("stage-word.generate"),
    "plan": tell("stage-word.plan"),
    "render": tell("cli.renders"),
    "measure": tell("stage-word.measure"),
    "finish": tell("stage-word.finish"),
}


def duration(seconds: float) -> str:
    """As people say it, in their language: “2 min 5 s”."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return here(tell("duration.hours", hours=hours, minutes=minutes))
    if minutes:
        return here(tell("duration.minutes", minutes=minutes, seconds=rest))
    return here(tell("duration.seconds", seconds=rest))


def state_word(state: str) -> str:
    """A state of a job or a shot in the reader's language."""
    return here(_STATES[state])


def stage_word(stage: str) -> str:
    """What is done just now, likewise."""
    return here(_STAGES[stage])


def jobs_table(jobs: Iterable[JobView]) -> Table:
    """One row for each job: how far it is, how fast, how long about, and why it waits or failed."""
    table = _table(
        tell("column.job"),
        tell("column.state"),
        tell("column.shots"),
        tell("column.done"),
        tell("column.fps"),
        tell("column.left"),
        tell("column.name"),
        tell("column.why"),
    )
    for job in jobs:
        shots = f"{job.shots_done}/{job.shots_total}"
        if job.shots_failed:
            shots = here(tell("column.shots-failed", done=job.shots_done, total=job.shots_total, failed=job.shots_failed))
        why = "" if job.why is None else here(job.why_message or plain(job.why))
        table.add_row(
            job.id,
            state_word(job.state),
            shots,
            _percent(job.frames_done, job.frames_total),
            _number(job.fps),
            _left(job.eta_s),
            *_texts(job.name, why),
        )
    return table


_OF_SHOTS = (tell("column.shot"), tell("column.state"), tell("column.done"), tell("column.fps"), tell("column.left"), tell("column.why"))


def shots_table(detail: JobDetail, now: Mapping[str, ProgressNow]) -> Table:
    """One row for each shot of a job, those at work with what was heard of them last. now: by shot."""
    table = _table(*_OF_SHOTS)
    for shot in detail.shots:
        table.add_row(*_shot_row(shot, now))
    return table


def all_shots_table(details: Iterable[JobDetail], now: Mapping[str, ProgressNow]) -> Table:
    """The same of several jobs: those at work, then those that wait, then those that have ended, each with its job's name."""
    table = _table(tell("column.name"), *_OF_SHOTS)
    rows = [(detail.job.name, shot) for detail in details for shot in detail.shots]
    for name, shot in sorted(rows, key=lambda row: (row[1].state in _ENDED, row[1].id not in now)):
        table.add_row(*_texts(name), *_shot_row(shot, now))
    return table


def _shot_row(shot: ShotView, now: Mapping[str, ProgressNow]) -> tuple[str, ...]:
    heard = None if shot.state in _ENDED else now.get(shot.id)
    done, total = (heard.frames_done, heard.frames_total) if heard else (shot.frames_done, shot.frames_total)
    fps, left = (heard.fps, heard.eta_s) if heard else (None, None)
    what = stage_word(heard.stage) if heard else state_word(shot.state)
    return (*_texts(shot.name), what, _percent(done, total), _number(fps), _left(left), *_texts(_why(shot)))


def print_table(table: Table) -> None:
    _console(sys.stdout.isatty()).print(table)


@contextmanager
def shown(table: Table) -> Iterator[Callable[[Table, str], None]]:
    """Shows a table on standard error while the block runs; gives what shows the next one, or now and then its line of text."""
    if not sys.stderr.isatty():
        last = 0.0

        def line(_: Table, text: str) -> None:
            nonlocal last
            if text and time.monotonic() - last > _LINE_S:
                last = time.monotonic()
                print(text, file=sys.stderr, flush=True)

        yield line
        return
    from rich.console import Console
    from rich.live import Live

    with Live(table, console=Console(stderr=True), transient=True, refresh_per_second=4) as live:
        yield lambda next_table, _: live.update(next_table)


def _table(*heads: Message) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        is_figure = head.code in ("column.done", "column.fps", "column.left")
        table.add_column(here(head), justify="right" if is_figure else "left", no_wrap=head.code != "column.why", overflow="fold")
    return table


def _console(terminal: bool) -> Console:
    from rich.console import Console

    return Console() if terminal else Console(width=max(_NARROWEST, 200), no_color=True)


def _texts(*texts: str) -> tuple[str, ...]:
    """As they are: a name may hold what a table would take for a style."""
    from rich.markup import escape

    return tuple(escape(printable(text)) for text in texts)


def _why(shot: ShotView) -> str:
    return "" if shot.why is None else here(shot.why_message or plain(shot.why))


def _percent(done: int, total: int | None) -> str:
    return f"{done / total:.0%}" if total else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _left(seconds: float | None) -> str:
    return "" if seconds is None else here(tell("column.about", time=duration(seconds)))
