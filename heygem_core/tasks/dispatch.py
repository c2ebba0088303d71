"""Which function does which task: one table, read by `python -m heygem_core SPEC` and by workers."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

from ..errors import SpecError
from ..shot import Event, RenderTask
from .specs import (
    Answer,
    FacesTask,
    GenerateTask,
    JoinTask,
    MeasureTask,
    PlanTask,
    PosterTask,
    ProbeTask,
    ProxyTask,
    SheetTask,
    Task,
    WaveformTask,
)

Work = Generator[Event, None, Any]

_DOES: dict[type, str] = {  # module:function, imported when it is first needed: most of them are heavy
    RenderTask: "rendering.render:render",
    PlanTask: "rendering.segments:plan_shot",
    GenerateTask: "rendering.segments:generate",
    JoinTask: "rendering.segments:join",
    ProbeTask: "inspection.facts:look_at_facts",
    PosterTask: "inspection.poster:make_poster",
    FacesTask: "inspection.people:find_people",
    WaveformTask: "inspection.waveform:measure_waveform",
    ProxyTask: "inspection.proxy:make_proxy",
    SheetTask: "inspection.sheet:make_sheet",
    MeasureTask: "quality.measure:measure_task",
}


def start(task: Task) -> Work:
    """The events of a task, one after another; what the generator returns is `answer_of`'s business. Raises: SpecError."""
    if type(task) not in _DOES:
        raise SpecError(f"There is no task “{type(task).__name__}”.")
    module, _, name = _DOES[type(task)].partition(":")
    work: Work = getattr(import_module(f"heygem_core.{module}"), name)(task)
    return work


def answer_of(returned: Any) -> Answer | None:
    """What a task found out; None where it only made a file."""
    return returned if isinstance(returned, Answer) else None
