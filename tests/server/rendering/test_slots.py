"""The slots of a machine with several devices. No card is there: the driver's program is a script of ours that tells of some."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from heygem_core.errors import SpecError
from heygem_core.machine.cards import Card, cards_here
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.tasks.specs import JoinTask, Task
from heygem_core.tasks.worker import Ended
from heygem_server.executors import local
from heygem_server.executors.base import Limits, Piece, Watcher, WorkFailed
from heygem_server.executors.local import LocalExecutor
from heygem_server.executors.slots import Slot, slots_of
from heygem_server.store import Store

from .jobs import claimed, planned, submit

GIB = 1 << 30
LIMITS = Limits(memory_bytes=8 * GIB, stall_s=60, stop_grace_s=2)
TWO = (
    Card(visible="GPU-aaaa", title="Big", total_bytes=24 * GIB, free_bytes=23 * GIB),
    Card(visible="GPU-bbbb", title="Small", total_bytes=8 * GIB, free_bytes=8 * GIB),
)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Sequence[str]], None]:
    """Makes the driver's program answer these lines."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def says(lines: Sequence[str]) -> None:
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!{sys.executable}\n" + "\n".join(f"print({line!r})" for line in lines))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return says


@pytest.mark.skipif(os.name != "posix", reason="a script stands for the driver's program")
def test_cards_are_those_that_the_driver_tells_and_this_process_may_use(
    driver: Callable[[Sequence[str]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver(
        ["0, GPU-aaaa-1, NVIDIA RTX A5000, 24564, 24000", "1, GPU-bbbb-2, Tesla, with a comma, 1, 1", "2, GPU-cccc-3, Old, [N/A], [N/A]"]
    )
    first, third = cards_here()
    assert (first.visible, first.title, first.total_bytes) == ("GPU-aaaa-1", "NVIDIA RTX A5000", 24564 << 20)
    assert (third.title, third.total_bytes) == ("Old", None)
    for visible, names in (("", []), ("2", ["Old"]), ("GPU-cccc,0", ["Old", "NVIDIA RTX A5000"]), ("MIG-9", ["MIG-9"]), ("-1", [])):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert [card.title for card in cards_here()] == names


@pytest.mark.parametrize(
    ("said", "workers", "names"),
    [
        ((), 8, ["cuda:0/1", "cuda:0/2", "cuda:0/3", "cuda:1", *(f"cpu/{k}" for k in range(1, 5))]),
        ((), 1, ["cuda:0", "cuda:1", "cpu"]),  # never fewer than one of each
        (("cuda:1", "cpu=2"), 8, ["cuda:1", "cpu/1", "cpu/2"]),
        (("cuda:0=2",), 8, ["cuda:0/1", "cuda:0/2"]),
    ],
)
def test_each_card_gets_slots_by_its_memory_and_the_processor_the_rest(said: tuple[str, ...], workers: int, names: list[str]) -> None:
    slots = slots_of(said, workers, TWO)
    assert [slot.name for slot in slots] == names
    assert {slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots if slot.card == "cuda:1"} <= {"GPU-bbbb"}
    assert {slot.environment["CUDA_VISIBLE_DEVICES"] for slot in slots if slot.kind == "cpu"} <= {""}, "it sees no card"


@pytest.mark.parametrize("said", ["gpu", "cuda", "cuda:7", "cpu=0", "cuda:0=", "cpu=x"])
def test_devices_that_are_not_there_are_refused_with_a_sentence(said: str) -> None:
    with pytest.raises(SpecError, match="cuda:0"):
        slots_of((said,), 4, TWO)


def test_a_machine_without_cards_has_slots_that_hide_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygem_server.executors.slots._is_apple_chip", lambda: False)
    assert [(slot.kind, slot.environment) for slot in slots_of((), 2, ())] == [("cpu", {})] * 2
    monkeypatch.setattr("heygem_server.executors.slots._is_apple_chip", lambda: True)
    assert [slot.kind for slot in slots_of((), 2, ())] == ["mps"] * 2


class Pretended:
    """In place of a worker: holds its slot until it is let go, and says that it held so much of the card."""

    alive, tasks_done = True, 0

    def __init__(self, environment: dict[str, str], began: list[str], go: asyncio.Event, held: int | None) -> None:
        self.environment, self._began, self._go, self.card_bytes = environment, began, go, held

    class process:
        returncode = None

    async def run(self, task: Task, watcher: Watcher, limits: Limits, stop: asyncio.Event) -> None:
        self._began.append(f"{getattr(task, 'settings', RenderSettings()).engine} {self.environment.get('CUDA_VISIBLE_DEVICES')}")
        await self._go.wait()

    async def close(self, grace_s: float = 0) -> None: ...


class Room:
    """A local executor of pretended workers, and which tasks began on which card."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, slots: tuple[Slot, ...], held: int | None = None) -> None:
        self.began: list[str] = []
        self.go = asyncio.Event()

        async def start(environment: dict[str, str]) -> Pretended:
            return Pretended(environment, self.began, self.go, held)

        monkeypatch.setattr(local, "start_worker", start)
        self.executor = LocalExecutor(slots, threads=1, limits=LIMITS)
        self.doing: list[asyncio.Task] = []

    async def give(self, *tasks: Task, stop: asyncio.Event | None = None) -> None:
        self.doing += [asyncio.create_task(self.executor.run(task, stop=stop)) for task in tasks]
        for _ in range(10):
            await asyncio.sleep(0)

    async def finish(self) -> None:
        self.go.set()
        await asyncio.gather(*self.doing)
        self.doing.clear()
        self.began.clear()
        self.go.clear()


def task(engine: str = "mesh", device: str = "auto") -> RenderTask:
    settings = RenderSettings(engine=engine, device=device)  # type: ignore[arg-type]
    return RenderTask(shot=Shot(video="/a.mp4", speech="/b.wav"), settings=settings, output="/c.mov")


JOIN = JoinTask(shot=Shot(video="/a.mp4", speech="/b.wav"), settings=RenderSettings(engine="latentsync"), pieces=(), output="/c.mov")


async def test_an_engine_with_a_network_waits_for_a_card_while_others_use_what_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(monkeypatch, slots_of(("cuda:1", "cpu=2"), 4, TWO))
    await room.give(task("latentsync"), task("latentsync"), task("mesh"), JOIN)
    assert room.began == ["latentsync GPU-bbbb", "mesh ", "latentsync "], "the join needs no card; the second LatentSync waits"
    assert room.executor.busy == 3
    assert [(slot.name, slot.busy) for slot in room.executor.slots] == [("cuda:1", True), ("cpu/1", True), ("cpu/2", True)]
    await room.finish()


async def test_light_work_takes_a_card_first_and_joins_leave_it_free(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(monkeypatch, slots_of(("cuda:1", "cpu=2"), 4, TWO))
    await room.give(JOIN, task("mesh"), task("mesh", "cpu"))
    assert room.began == ["latentsync ", "mesh GPU-bbbb", "mesh "]
    await room.finish()


async def test_a_card_is_shared_as_far_as_what_was_measured_fits_into_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(monkeypatch, slots_of(("cuda:0=4",), 4, TWO), held=10 * GIB)
    await room.give(*[task("musetalk")] * 3)
    assert len(room.began) == 1, "nobody knows yet what it takes, so it has the card for itself"
    await room.finish()
    await room.give(*[task("musetalk")] * 3)
    assert len(room.began) == 2, "two of 10 GB fit into 24 GB, three do not"
    assert room.executor.full([Piece("segment", "card")] * 2) == ("card",)
    assert room.executor.full([Piece("segment", "card")]) == ()
    await room.finish()


async def test_where_there_is_no_card_an_engine_with_a_network_runs_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(monkeypatch, slots_of((), 1, ()))
    assert room.executor.full([Piece("segment", "card")]) == ()
    await room.give(task("latentsync"))
    assert room.began == ["latentsync None"]
    await room.finish()


async def test_what_waits_for_a_card_can_be_called_off(monkeypatch: pytest.MonkeyPatch) -> None:
    room, stop = Room(monkeypatch, slots_of(("cuda:1", "cpu"), 4, TWO)), asyncio.Event()
    await room.give(task("latentsync"))
    await room.give(task("latentsync"), stop=stop)
    stop.set()
    with pytest.raises(WorkFailed, match="called off"):
        await room.doing.pop()
    await room.finish()


def test_the_queue_hands_out_what_there_is_room_for(store: Store) -> None:
    """Four shots for a card lie before one for any device."""
    submit(store, *(f"{k}.mp4" for k in range(4)), settings=RenderSettings(engine="latentsync"))
    light = submit(store, "light.mp4").job.id
    slots = LocalExecutor(slots_of(("cuda:0", "cpu"), 2, TWO), threads=1, limits=LIMITS)
    running = [store.claim("me")]
    assert running[0] is not None
    assert running[0].lane == "card"
    full = slots.full([Piece(claim.kind, claim.lane) for claim in running if claim is not None])
    second = store.claim("me", full=full)
    assert second is not None
    assert (second.job, second.lane) == (light, None)
    assert store.claim("me", full=full) is None, "the other three wait for the card"
    assert store.claim("me") is not None


def test_a_take_is_drawn_on_one_kind_of_device(store: Store) -> None:
    """Whichever was free when it was planned: what different ones draw is not quite the same."""
    from msgspec.structs import replace

    submit(store, "light.mp4")
    store.finish_plan(claimed(store).token, replace(planned("one", "two"), device="cuda"))
    claim = store.claim("me", full=("plan", "cpu"))
    assert claim is not None
    assert claim.lane == "cuda"
    assert store.claim("me", full=("cuda",)) is None
    store.note_slot(claim.token, "cuda:0")
    assert [attempt.slot for attempt in store.shot(claim.shot).attempts] == [None, "cuda:0"]
    store.finish_segment(claim.token)
    last = store.claim("me")
    assert last is not None
    store.finish_segment(last.token)
    join = store.claim("me", full=("card", "cuda"))
    assert join is not None
    assert (join.kind, join.lane) == ("join", None), "joining needs no card"


async def test_a_worker_sees_the_device_of_its_slot_alone() -> None:
    """With real processes."""
    pool = LocalExecutor(slots_of(("cuda:1", "cpu"), 2, TWO), threads=1, limits=LIMITS)
    seen = set()
    for device in ("cuda", "cpu"):
        with pytest.raises(WorkFailed):  # there are no such files
            await pool.run(task("mesh", device))
    for worker in pool.workers:
        seen.add(psutil.Process(worker.pid).environ()["CUDA_VISIBLE_DEVICES"])
    await pool.close()
    assert seen == {"GPU-bbbb", ""}


def test_a_worker_tells_how_much_of_a_card_a_task_held() -> None:
    from heygem_core.tasks.worker import _card_bytes

    assert _card_bytes() is None, "no card was used here"
    assert Ended(number=1).card_bytes is None
