"""Finds the function that does a task, in one table, for `python -m heygem_core SPEC` and for workers."""

from __future__ import annotations

from collections.abc import Generator
from importlib import import_module
from typing import Any

from ..errors import SpecError
from ..shot import Event, RenderTask
from .specs import (
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
    TaskResult,
    WaveformTask,
)

Work = Generator[Event, None, Any]

_DOES: dict[type, str] = {  # module:function, imported when it is first needed: most of them are heavy
    RenderTask: "rendering.render:render",
    PlanTask: "rendering.segments:plan_shot",
    GenerateTask: "rendering.segments:generate",
    JoinTask: "rendering.segments:join",
    ProbeTask: "inspection.facts:probe_media",
    PosterTask: "inspection.poster:make_poster",
    FacesTask: "inspection.people:find_people",
    WaveformTask: "inspection.waveform:measure_waveform",
    ProxyTask: "inspection.proxy:make_proxy",
    SheetTask: "inspection.sheet:make_sheet",
    MeasureTask: "quality.measure:measure_task",
}


def start(task: Task) -> Work:
    """Starts a task: a generator of its events, whose return value `result_of` reads. Raises: SpecError."""
    if type(task) not in _DOES:
        raise SpecError("task.unknown", name=type(task).__name__)
    module, _, name = _DOES[type(task)].partition(":")
    work: Work = getattr(import_module(f"heygem_core.{module}"), name)(task)
    return work


def result_of(returned: Any) -> TaskResult | None:
    """The result in what a task's generator returned; None where the task only makes a file."""
    return returned if isinstance(returned, TaskResult) else None
