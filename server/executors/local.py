"""The `local` executor: child processes of this machine, kept warm between tasks, replaced when they are used up or broken.

Each slot has a process of its own, which sees the slot's device alone. Engines with a network wait for a card where there is one, and share
it only as far as its memory goes by what they were measured to hold; whatever else there is takes any slot.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence

from heygem_core.engines.requirements import lane_of
from heygem_core.machine.cards import cards_here
from heygem_core.messages import tell
from heygem_core.shot import RenderSettings
from heygem_core.tasks.specs import JoinTask, Task, TaskResult

from ..errors import Broken, Busy
from ..settings import ServerSettings
from .base import ExecutorKind, Limits, Piece, SlotState, Watcher, WorkFailed
from .slots import Slot, plain_slots, slots_of
from .worker_process import Worker, start_worker

_TASKS_PER_WORKER = 200  # then a new process: what leaks somewhere leaks no further
_SLOWEST_START_S = 30.0
_CONTEXT_BYTES = 700 << 20  # that a process holds of a card beside what torch counts


class LocalExecutor:
    """Runs a task in each slot, in a process of its own. The most recently used slot goes first: its process is warmest."""

    def __init__(self, slots: int | Sequence[Slot], *, threads: int, limits: Limits, tasks_per_worker: int = _TASKS_PER_WORKER) -> None:
        """slots: a number of them leaves devices to the tasks. threads: of each worker."""
        self._all = plain_slots(slots) if isinstance(slots, int) else tuple(slots)
        self.limits = limits
        self.restarts = 0  # workers that had to be replaced before their time
        self._environment = {
            name: str(threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "HEYGEM_THREADS")
        }
        self._tasks_per_worker = tasks_per_worker
        self._free = list(reversed(self._all))  # the next one to take last
        self._taken: dict[Slot, int] = {}  # by what runs in them: bytes of the card that it may hold
        self._workers: dict[Slot, Worker] = {}
        self._waiting: list[asyncio.Future[None]] = []  # for a slot
        self._held: dict[str, int] = {}  # bytes of a card, by engine, as measured
        self._failed_starts = 0
        self._closed = False
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def capacity(self) -> int:
        """How many tasks run at once."""
        return len(self._all)

    @property
    def workers(self) -> list[Worker]:
        """All running processes."""
        return list(self._workers.values())

    @property
    def busy(self) -> int:
        """How many tasks run at this moment."""
        return len(self._taken)

    @property
    def slots(self) -> tuple[SlotState, ...]:
        """All of them, in order."""
        return tuple(
            SlotState(name=slot.name, kind=slot.kind, title=slot.title, memory_bytes=slot.memory_bytes, busy=slot in self._taken)
            for slot in self._all
        )

    @property
    def stop_grace_s(self) -> float:
        """Seconds that a task gets to clean up after it was called off."""
        return self.limits.stop_grace_s

    def full(self, running: Sequence[Piece], more_cards: int = 0) -> Collection[str]:
        """The lanes whose cards have enough to do with these. more_cards: slots with a card on other machines, a task each."""
        cards = [slot for slot in self._all if slot.kind != "cpu"]
        if not more_cards and len({slot.kind for slot in self._all}) < 2 and not any(slot.card for slot in cards):
            return ()  # all slots are alike
        lanes = Counter(piece.lane for piece in running)
        if lanes["card"] + lanes["cuda"] + lanes["mps"] >= len(cards) + more_cards:
            return ("card", "cuda", "mps") if cards or more_cards else ()
        return ("card",) if lanes["card"] >= self._heavy_at_once(cards) + more_cards else ()

    def has_room(self, task: Task) -> bool:
        """Whether a task would begin at once."""
        settings = None if isinstance(task, JoinTask) else getattr(task, "settings", None)
        lane = None if settings is None else lane_of(settings)
        return any(self._fits(slot, self._expected(settings, lane, slot)) for slot in self._in_order(settings, lane))

    def poke(self) -> None:
        """Lets everybody who waits for a slot look again."""
        for waiting in self._waiting:
            waiting.cancel()

    async def run(
        self, task: Task, *, watcher: Watcher | None = None, stop: asyncio.Event | None = None, limits: Limits | None = None
    ) -> TaskResult | None:
        """Waits for a slot that fits, then for the task. Raises: WorkFailed; Broken — no worker starts; Busy — closed."""
        watcher, stop = watcher or Watcher(), stop or asyncio.Event()
        settings = getattr(task, "settings", None)
        slot = await self._slot(None if isinstance(task, JoinTask) else settings, stop)
        try:
            worker = await self._worker(slot)
            watcher.placed(slot.name)
            try:
                return await worker.run(task, watcher, limits or self.limits, stop)
            finally:
                self._keep(slot, worker)
                if settings is not None and worker.card_bytes is not None:
                    self._held[settings.engine] = max(self._held.get(settings.engine, 0), worker.card_bytes)
        finally:
            del self._taken[slot]
            self._free.append(slot)
            self.poke()

    async def close(self, grace_s: float = 5.0) -> None:
        """Ends all workers; running tasks are called off."""
        self._closed = True
        self.poke()
        await asyncio.gather(*(worker.close(grace_s) for worker in self.workers), *self._closing, return_exceptions=True)
        self._workers = {slot: worker for slot, worker in self._workers.items() if worker.alive}

    async def _slot(self, settings: RenderSettings | None, stop: asyncio.Event) -> Slot:
        """Takes a slot that fits, as soon as there is one."""
        lane = None if settings is None else lane_of(settings)
        while True:
            if self._closed:
                raise Busy("server.stopping")
            if stop.is_set():
                raise WorkFailed("canceled", tell("work.called-off"))
            for slot in self._in_order(settings, lane):
                bytes_held = self._expected(settings, lane, slot)
                if self._fits(slot, bytes_held):
                    self._free.remove(slot)
                    self._taken[slot] = bytes_held
                    return slot
            await self.until_freed(stop)

    def _in_order(self, settings: RenderSettings | None, lane: str | None) -> list[Slot]:
        """The free slots that a task may run in, the best first."""
        free = list(reversed(self._free))
        if lane in ("card", "cuda", "mps"):
            wanted = ("cuda", "mps") if lane == "card" else (lane,)
            right = [slot for slot in free if slot.kind in wanted]
            return right if any(slot.kind in wanted for slot in self._all) else free  # where there is none the task says so
        if settings is None or lane == "cpu":
            return sorted(free, key=lambda slot: slot.kind != "cpu")  # leaves the cards to who needs them
        return sorted(free, key=lambda slot: slot.kind == "cpu")

    def _expected(self, settings: RenderSettings | None, lane: str | None, slot: Slot) -> int:
        """Bytes of the slot's card that a task will hold: as measured; all of it while nobody knows how much an engine with a
        network takes."""
        if slot.card is None or settings is None:
            return 0
        held = self._held.get(settings.engine)
        if held is not None:
            return held + _CONTEXT_BYTES
        return (slot.memory_bytes or 1) if lane == "card" else 0

    def _fits(self, slot: Slot, expected: int) -> bool:
        """Whether its card has room for so much beside what runs on it; one that is idle always has."""
        there = [held for taken, held in self._taken.items() if slot.card is not None and taken.card == slot.card]
        return not any(there) or not expected or sum(there) + expected <= (slot.memory_bytes or 0)

    def _heavy_at_once(self, cards: Sequence[Slot]) -> int:
        """How many tasks of engines with a network the cards hold together."""
        count = 0
        expected = max(self._held.values(), default=0) + _CONTEXT_BYTES
        for card, slots in Counter(slot.card for slot in cards).items():
            memory = next(slot.memory_bytes for slot in cards if slot.card == card)
            count += slots if card is None else max(1, min(slots, (memory or 0) // expected if self._held else 1))
        return count

    async def until_freed(self, stop: asyncio.Event) -> None:
        """Or until somebody calls the task off."""
        freed = asyncio.get_running_loop().create_future()
        stopping = asyncio.ensure_future(stop.wait())
        self._waiting.append(freed)
        try:
            await asyncio.wait({freed, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._waiting.remove(freed)
            freed.cancel()
            stopping.cancel()

    async def _worker(self, slot: Slot) -> Worker:
        worker = self._workers.pop(slot, None)
        if worker is not None:
            if worker.alive and worker.process.returncode is None:
                self._workers[slot] = worker
                return worker
            await worker.end()
        if self._failed_starts:
            await asyncio.sleep(min(_SLOWEST_START_S, 0.5 * 2**self._failed_starts))
        try:
            worker = await start_worker(self._environment | slot.environment)
        except (Broken, OSError, TimeoutError) as error:
            self._failed_starts += 1
            raise error if isinstance(error, Broken) else Broken("work.worker-failed-to-start", error=error) from error
        self._failed_starts = 0
        self._workers[slot] = worker
        return worker

    def _keep(self, slot: Slot, worker: Worker) -> None:
        if not worker.alive:
            self.restarts += 1
        elif worker.tasks_done >= self._tasks_per_worker or self._closed:
            closing = asyncio.get_running_loop().create_task(worker.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        else:
            return
        self._workers.pop(slot, None)


def _open(settings: ServerSettings, limits: Limits) -> LocalExecutor:
    return LocalExecutor(slots_of(settings.devices, settings.workers, cards_here()), threads=settings.threads_per_worker, limits=limits)


LOCAL = ExecutorKind(name="local", title="Child processes of this machine.", open=_open)
