"""One render task from spec to take: a generator of events that leaves either the finished files or nothing.

Stop it by closing the generator (or raising into it): what was begun is removed.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .cache import Cache
from .errors import BadRange
from .face.reasons import Reason
from .media.formats import format_for
from .media.output import check_output
from .media.probe import probe, probe_sound
from .media.sound import take_layout, take_sound
from .media.timing import timing_of
from .media.writer import TakeWriter
from .report import TakeReport, report_path, write_report
from .shot import Event, Finished, Progress, RenderTask
from .streams import ahead
from .timeline import STILL_RATE

if TYPE_CHECKING:
    from .draw import Drawn
    from .plan import Plan

_STABLE_AFTER_S = 1.0  # of drawing, before a speed and an end are told


def render(task: RenderTask) -> Generator[Event, None, None]:
    """Makes the take, its matte video where wanted, and its report; yields progress and at last Finished.

    Raises: InputError, NoUsableFace, OutputError, SetupError, SpecError — all that can be known before the long work, before it.
    """
    _check(task)
    from .device import choose_device  # torch takes seconds to import; a mistyped path is told before that
    from .plan import make_plan

    device = choose_device(task.settings.device)
    began = time.monotonic()
    plan = yield from make_plan(task.shot, task.settings, Cache(task.cache))
    start, end = _piece(task, plan)
    planned_s = time.monotonic() - began
    from .draw import draw_frames

    with ExitStack() as stack:
        take, matte = _open_writers(task, plan, start, end, stack)
        drawn = stack.enter_context(ahead(draw_frames(plan, start, end, device), 8))
        clock = _Clock(end - start)
        for frame in drawn:
            take.write(frame.picture)
            if matte is not None:
                matte.write_grey(_whole_matte(frame, plan.info.coded_size))
            yield clock.tick()
        yield Progress(stage="finish", done=end - start, total=end - start)
    report = TakeReport(
        take=Path(task.output).name,
        plan=plan.facts,
        start=start,
        end_exclusive=end,
        passed_through=_passed_through(plan, start, end),
        wanted_opening=_rounded(plan.array("opening")[start:end]),
        wanted_width=_rounded(plan.array("width")[start:end]),
        device=str(device),
        planning_s=round(planned_s, 2),
        rendering_s=round(clock.elapsed_s, 2),
    )
    path = write_report(report, task.output)
    yield Finished(output=str(Path(task.output).absolute()), report=str(path))


def _check(task: RenderTask) -> None:
    """Everything that can be wrong and seen at once."""
    info = probe(task.shot.video)
    probe_sound(task.shot.speech)
    inputs = [task.shot.video, task.shot.speech]
    for path in (task.output, task.matte, report_path(task.output)):
        if path is not None:
            check_output(path, inputs)
    format_for(task.output, task.settings.format, info)
    if task.matte is not None:
        format_for(task.matte, None, info)


def _piece(task: RenderTask, plan: Plan) -> tuple[int, int]:
    start, end = task.segment or (0, plan.facts.frames)
    if not 0 <= start < end <= plan.facts.frames:
        raise BadRange(f"The segment {start}–{end} does not lie in the take, which has {plan.facts.frames} frames.")
    return start, end


def _open_writers(task: RenderTask, plan: Plan, start: int, end: int, stack: ExitStack) -> tuple[TakeWriter, TakeWriter | None]:
    info = plan.info
    numbers = plan.array("frames").tolist()
    timing = timing_of(info, numbers[start:end], rate=STILL_RATE)
    row = format_for(task.output, task.settings.format, info)
    sound, layout = None, "stereo"
    if task.settings.audio:
        layout = take_layout(task.shot.speech)
        sound = take_sound(task.shot.speech, timing_of(info, numbers, rate=STILL_RATE).time_of(start), timing.duration)
    matte = None
    if task.matte is not None:
        matte = stack.enter_context(TakeWriter(task.matte, format_for(task.matte, None, info), info, timing, grey=True))
    take = stack.enter_context(TakeWriter(task.output, row, info, timing, sound=sound, sound_layout=layout))
    return take, matte


def _whole_matte(frame: Drawn, size: tuple[int, int]) -> np.ndarray:
    levels = np.zeros(size[::-1], np.float32)
    if frame.box is not None and frame.matte is not None:
        box = frame.box
        levels[box.top : box.bottom, box.left : box.right] = frame.matte.numpy()
    return levels


def _passed_through(plan: Plan, start: int, end: int) -> dict[str, list[tuple[int, int]]]:
    """Reason → ranges of take frames (end exclusive) that stayed as they were."""
    reasons = plan.array("reasons")[start:end]
    edges = np.flatnonzero(np.diff(reasons)) + 1
    runs: dict[str, list[tuple[int, int]]] = {}
    for first, last in zip([0, *edges], [*edges, len(reasons)], strict=True):
        reason = Reason(int(reasons[first]))
        if reason != Reason.USABLE:
            runs.setdefault(reason.words, []).append((int(first) + start, int(last) + start))
    return runs


def _rounded(values: np.ndarray) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else round(float(v), 4) for v in values)


class _Clock:
    """Speed and end of the drawing, told once they are stable."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._began = total, 0, time.monotonic()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def tick(self) -> Progress:
        self._done += 1
        elapsed = self.elapsed_s
        fps = self._done / elapsed if elapsed > _STABLE_AFTER_S else None
        eta = (self._total - self._done) / fps if fps else None
        return Progress(stage="render", done=self._done, total=self._total, fps=fps, eta_s=eta)
