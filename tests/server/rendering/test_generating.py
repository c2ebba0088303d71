"""Blocks of an engine that generates, beside one another."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from heygem_core.messages import plain
from heygem_core.shot import Progress, RenderSettings, Shot
from heygem_core.tasks.specs import GenerateTask
from heygem_server.executors.base import Watcher, WorkFailed
from heygem_server.rendering import generating
from heygem_server.rendering.generating import generate
from heygem_server.rendering.steps import as_planned

from .jobs import planned

PIECES = [
    GenerateTask(shot=Shot(video="/v.mp4", speech="/s.wav"), settings=RenderSettings(), start=16 * k, end_exclusive=16 * k + 16)
    for k in range(4)
]


class Slots:
    """An executor that holds each task until it is let go; `others` of its slots have something else to do."""

    def __init__(self, capacity: int, others: int = 0, fails: int | None = None) -> None:
        self.capacity, self.busy, self.most, self.done = capacity, others, 0, []
        self.go, self._fails = asyncio.Event(), fails

    async def run(self, task: Any, *, watcher: Watcher, stop: asyncio.Event) -> None:
        self.busy += 1
        self.most = max(self.most, self.busy)
        try:
            watcher.tell(Progress(stage="generate", done=task.start, total=64))
            waits = [asyncio.ensure_future(self.go.wait()), asyncio.ensure_future(stop.wait())]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in waits:
                each.cancel()
            if stop.is_set():
                raise WorkFailed("canceled", plain("Called off."))
            if task.start == self._fails:
                raise WorkFailed("crashed", plain("It broke."))
            self.done.append(task.start)
            watcher.tell(Progress(stage="generate", done=task.end_exclusive, total=64))
        finally:
            self.busy -= 1


@pytest.mark.parametrize(("capacity", "others", "at_once"), [(1, 0, 1), (4, 0, 4), (9, 0, 4), (4, 2, 2), (3, 3, 1)])
async def test_ranges_run_in_the_slots_that_are_free_and_one_at_least(capacity: int, others: int, at_once: int) -> None:
    slots, told = Slots(capacity, others), []
    doing = asyncio.create_task(generate(slots, PIECES, Watcher(tell=told.append), asyncio.Event()))  # type: ignore[arg-type]
    while slots.most < others + at_once:
        await asyncio.sleep(0)
    for _ in range(10):
        await asyncio.sleep(0)
    assert slots.most == others + at_once
    slots.go.set()
    await doing
    assert sorted(slots.done) == [0, 16, 32, 48]
    frames = [event.done for event in told]
    assert frames == sorted(frames), "progress never goes back"
    assert (frames[0], frames[-1]) == (0, 64)


async def test_a_slot_that_becomes_free_meanwhile_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generating, "_LOOKED_S", 0.01)
    slots = Slots(2, others=2)
    doing = asyncio.create_task(generate(slots, PIECES, Watcher(), asyncio.Event()))  # type: ignore[arg-type]
    while slots.busy < 3:
        await asyncio.sleep(0)
    slots.busy -= 2
    while slots.busy < 2:
        await asyncio.sleep(0.01)
    slots.go.set()
    await doing


async def test_one_that_fails_calls_off_the_others_and_says_why() -> None:
    slots = Slots(3, fails=16)
    slots.go.set()
    with pytest.raises(WorkFailed, match="It broke"):
        await generate(slots, PIECES, Watcher(), asyncio.Event())  # type: ignore[arg-type]
    assert slots.busy == 0


async def test_all_are_called_off_together() -> None:
    slots, stop = Slots(2), asyncio.Event()
    doing = asyncio.create_task(generate(slots, PIECES, Watcher(), stop))  # type: ignore[arg-type]
    while slots.busy < 2:
        await asyncio.sleep(0)
    stop.set()
    with pytest.raises(WorkFailed) as failed:
        await doing
    assert failed.value.outcome == "canceled"
    assert (slots.busy, slots.done) == (0, [])


def test_later_tasks_of_a_take_have_the_device_and_the_engine_of_its_plan() -> None:
    asked = RenderSettings(engine="auto", intensity=0.5)
    said = msgspec.structs.replace(planned("a"), device="cuda", engine="latentsync")
    assert as_planned(said, asked) == RenderSettings(engine="latentsync", device="cuda", intensity=0.5)
    assert as_planned(planned("a"), asked) == asked, "a plan of an earlier version says neither"
