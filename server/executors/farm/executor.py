"""The `ray` executor: this machine's own slots, and beside them those of a farm's nodes.

Plans and joins stay here; segments and generation blocks go wherever a slot is free, this machine's first. Where the farm is gone the own
slots go on. What a node wrote counts once this machine sees the same bytes. A piece that failed on a node is next tried here, so that what
is wrong with a node is never blamed on a shot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.engines.requirements import lane_of
from heygem_core.errors import HeygemError
from heygem_core.machine.cards import cards_here
from heygem_core.messages import Message, plain, tell
from heygem_core.shot import RenderTask
from heygem_core.tasks.specs import GenerateTask, Task, TaskResult
from heygem_core.tasks.worker import Picture, Told

from ...errors import ServerError
from ...settings import ServerSettings
from ..base import ExecutorKind, Limits, NodeState, Piece, SlotState, Watcher, WorkFailed
from ..local import LocalExecutor
from ..slots import slots_of
from .bridge_process import BridgeProcess
from .cluster import refuse_without_ray
from .exchange import Exchange
from .health import Health
from .lines import CallOff, FileOffered, FileWritten, FromBridge, Give, Nodes, NodeSeen, Over, Said

if TYPE_CHECKING:
    from heygem_core.shot import DeviceName, RenderSettings

_SEEN_S = 20.0  # within which a file of a node appears here: network file systems remember folders for some seconds
_FLUSH_S = 0.25


@dataclass(slots=True)
class _Remote:
    """What this process knows of a node."""

    seen: NodeSeen
    health: Health = field(default_factory=Health)
    taken: set[int] = field(default_factory=set)  # positions of slots

    @property
    def name(self) -> str:
        return self.seen.address if self.seen.facts is None else self.seen.facts.name

    @property
    def usable(self) -> bool:
        return self.seen.state == "ready" and not self.health.aside

    @property
    def slots(self) -> Sequence[SlotState]:
        return () if self.seen.facts is None else self.seen.facts.slots


class FarmExecutor:
    """Runs tasks here and on nodes."""

    def __init__(self, local: LocalExecutor, data_folder: Path) -> None:
        self._local = local
        self._bridge = BridgeProcess(data_folder, self._heard, self._farm_lost)
        self.exchange = Exchange(data_folder)
        self._nodes: dict[str, _Remote] = {}
        self._lines: dict[int, asyncio.Queue[Said | Over]] = {}
        self._failed_there: set[str] = set()  # pieces that are next tried here
        self._number = 0
        self._changed: Callable[[], None] = lambda: None
        self.trouble: Message | None = None  # why there is no farm at present
        self._keeping = asyncio.get_running_loop().create_task(self._bridge.keep())

    def listen(self, changed: Callable[[], None]) -> None:
        """`changed` is called whenever there may be more room."""
        self._changed = changed

    @property
    def capacity(self) -> int:
        """How many tasks run at once, here and on nodes that are well."""
        return self._local.capacity + sum(len(node.slots) for node in self._nodes.values() if node.usable)

    @property
    def busy(self) -> int:
        """How many tasks run at this moment."""
        return self._local.busy + sum(len(node.taken) for node in self._nodes.values())

    @property
    def stop_grace_s(self) -> float:
        """Seconds that a task gets to clean up after it was called off."""
        return self._local.stop_grace_s

    @property
    def slots(self) -> tuple[SlotState, ...]:
        """This machine's, then those of each node by its name."""
        there = [
            SlotState(
                name=f"{node.name}:{slot.name}",
                kind=slot.kind,
                title=slot.title,
                memory_bytes=slot.memory_bytes,
                busy=place in node.taken,
            )
            for node in self._nodes.values()
            if node.usable
            for place, slot in enumerate(node.slots)
        ]
        return (*self._local.slots, *there)

    @property
    def nodes(self) -> tuple[NodeState, ...]:
        """Every node that is known, also those that get no work, and why."""
        return tuple(
            NodeState(
                name=node.name,
                address=node.seen.address,
                state="aside" if node.health.aside else node.seen.state,
                reason=node.health.reason if node.health.aside else node.seen.reason,
                slots=len(node.slots),
            )
            for node in self._nodes.values()
        )

    def full(self, running: Sequence[Piece]) -> Collection[str]:
        """Plans and joins need a slot here; the lanes of cards are those of all machines."""
        here = sum(piece.kind != "segment" for piece in running) >= self._local.capacity
        cards = sum(slot.kind != "cpu" for node in self._nodes.values() if node.usable for slot in node.slots)
        lanes = self._local.full(running, more_cards=cards)
        return {*lanes, *(("plan", "join") if here else ())}

    def draws_on(self, settings: RenderSettings) -> DeviceName | None:
        """The device of a take that only nodes can draw on; None = whichever the plan finds here."""
        if lane_of(settings) not in ("card", "cuda") or any(slot.kind != "cpu" for slot in self._local.slots):
            return None
        there = any(slot.kind == "cuda" for node in self._nodes.values() if node.usable for slot in node.slots)
        return "cuda" if there and settings.device in ("auto", "cuda") else None

    async def run(
        self, task: Task, *, watcher: Watcher | None = None, stop: asyncio.Event | None = None, limits: Limits | None = None
    ) -> TaskResult | None:
        """Waits for a slot that fits, here or on a node, then for the task. Raises: WorkFailed; Broken; Busy."""
        watcher, stop, limits = watcher or Watcher(), stop or asyncio.Event(), limits or self._local.limits
        while True:
            if not _travels(task) or _piece(task) in self._failed_there or self._local.has_room(task):
                answer = await self._local.run(task, watcher=watcher, stop=stop, limits=limits)
                self._failed_there.discard(_piece(task))
                return answer
            found = self._free_slot(task)
            if found is not None:
                return await self._run_there(*found, task, watcher, stop, limits)
            await self._local.until_freed(stop)

    async def close(self, grace_s: float = 5.0) -> None:
        """Ends the bridge, and with it all that runs on nodes, and the own workers."""
        self._keeping.cancel()
        await asyncio.gather(self._local.close(grace_s), self._keeping, return_exceptions=True)

    # --- on a node ----------------------------------------------------------------------------------------------------

    def _free_slot(self, task: Task) -> tuple[_Remote, int] | None:
        """On the node that has most to spare."""
        assert isinstance(task, (RenderTask, GenerateTask))
        lane, engine = lane_of(task.settings), task.settings.engine
        device = task.settings.device
        best: tuple[int, _Remote, int] | None = None
        for node in self._nodes.values():
            if not node.usable or node.seen.facts is None or engine not in node.seen.facts.engines:
                continue
            if node.seen.facts.fetches and not isinstance(task, RenderTask):
                continue  # a generated block has to be where all find it
            free = [(slot.kind, place) for place, slot in enumerate(node.slots) if place not in node.taken and _fits(slot, lane, device)]
            if free and (best is None or len(free) > best[0]):
                best = (len(free), node, min(free, key=lambda one: (one[0] == "cpu") != (device == "cpu"))[1])
        return None if best is None else best[1:]

    async def _run_there(
        self, node: _Remote, slot: int, task: Task, watcher: Watcher, stop: asyncio.Event, limits: Limits
    ) -> TaskResult | None:
        self._number += 1
        number, lines = self._number, asyncio.Queue[Said | Over]()
        self._lines[number] = lines
        node.taken.add(slot)
        watcher.placed(f"{node.name}:{node.slots[slot].name}")
        offered: tuple[FileOffered, ...] = ()
        given = False
        try:
            offered = await self._offer(node, task)
            given = True
            await self._bridge.say(Give(number=number, node=node.seen.id, slot=slot, task=task, limits=limits, files=offered))
            if self._bridge.pid is None:
                raise WorkFailed("killed", self.trouble or tell("farm.not-started"))
            over = await self._hear_out(number, lines, watcher, stop, limits)
            if over.outcome is not None:
                raise WorkFailed(over.outcome, over.reason or tell("work.worker-gone"), over.failed)
            await self._take(over.files, task, node)
            await self._compare(over.files, node)
            node.health.succeeded()
            return over.answer
        except WorkFailed as failure:
            raise (self._blame(node, task, failure) if given else failure) from failure
        finally:
            self.exchange.withdraw(offered)
            node.taken.discard(slot)
            del self._lines[number]
            self._local.poke()
            self._changed()

    async def _hear_out(
        self, number: int, lines: asyncio.Queue[Said | Over], watcher: Watcher, stop: asyncio.Event, limits: Limits
    ) -> Over:
        """Until the task is over, is called off, or gives no sign of life."""
        asked: float | None = None
        stopping = asyncio.ensure_future(stop.wait())
        try:
            while True:
                getting = asyncio.ensure_future(lines.get())
                within = limits.silent_s if asked is None else max(0.1, asked + 2 * limits.stop_grace_s - time.monotonic())
                waits = {getting} if asked is not None else {getting, stopping}
                done, _ = await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
                if getting in done:
                    line = getting.result()
                    if isinstance(line, Over):
                        return line
                    if isinstance(line.line, Told):
                        watcher.tell(line.line.event)
                    elif isinstance(line.line, Picture):
                        watcher.show(line.line)
                    continue
                getting.cancel()
                if stopping in done:
                    asked = time.monotonic()
                    await self._bridge.say(CallOff(number=number))
                elif asked is not None:
                    raise WorkFailed("canceled", tell("work.called-off"))
                else:
                    await self._bridge.say(CallOff(number=number))
                    raise WorkFailed("timeout", tell("work.silent", seconds=round(limits.silent_s)))
        finally:
            stopping.cancel()

    async def _offer(self, node: _Remote, task: Task) -> tuple[FileOffered, ...]:
        """What a node has to fetch. Raises: WorkFailed — it cannot have it, which is not the node's fault: it is done here next."""
        if node.seen.facts is None or not node.seen.facts.fetches or not isinstance(task, RenderTask):
            return ()
        try:
            return await asyncio.to_thread(self.exchange.offer, task)
        except (HeygemError, ServerError, OSError) as error:
            reason = plain(str(error)) if isinstance(error, OSError) else error.said
            self._failed_there.add(_piece(task))
            raise WorkFailed("killed", tell("farm.cannot-offer", node=node.name, reason=reason)) from error

    async def _take(self, files: Sequence[FileWritten], task: Task, node: _Remote) -> None:
        """Gives what a node delivered its place. Raises: WorkFailed."""
        for written in files:
            if written.upload is not None and isinstance(task, RenderTask):
                try:
                    await asyncio.to_thread(self.exchange.take, written, task)
                except (ServerError, OSError) as error:
                    raise WorkFailed("failed", error.said if isinstance(error, ServerError) else plain(str(error))) from error

    async def _compare(self, files: Sequence[FileWritten], node: _Remote) -> None:
        """A file of a node counts when the same bytes are seen here. Raises: WorkFailed."""
        until = time.monotonic() + _SEEN_S
        while (missing := await asyncio.to_thread(_not_there, files)) is not None:
            if time.monotonic() > until:
                raise WorkFailed("failed", tell("farm.file-differs", node=node.name, file=missing.path))
            await asyncio.sleep(_FLUSH_S)

    def _blame(self, node: _Remote, task: Task, failure: WorkFailed) -> WorkFailed:
        """How a failure counts that happened on a node."""
        if failure.outcome == "canceled" or (failure.failed is not None and failure.failed.code in ("plan.changed", "media.changed")):
            return failure
        node.health.failed_with(_shot(task), failure.reason)
        if failure.outcome in ("killed", "timeout"):  # the node is gone or hangs: any other slot will do
            return failure
        self._failed_there.add(_piece(task))
        # Whether a file is really missing or bad is said by this machine, which tries next.
        return WorkFailed(failure.outcome, tell("farm.failed-there", node=node.name, reason=failure.reason))

    # --- what the bridge says -----------------------------------------------------------------------------------------

    def _heard(self, line: FromBridge) -> None:
        if isinstance(line, (Said, Over)):
            if line.number in self._lines:
                self._lines[line.number].put_nowait(line)
        elif isinstance(line, Nodes):
            self.trouble = None
            known = self._nodes
            self._nodes = {}
            for seen in line.nodes:
                self._nodes[seen.id] = known.get(seen.id) or _Remote(seen)
                self._nodes[seen.id].seen = seen
            self._local.poke()
            self._changed()

    def _farm_lost(self, reason: Message) -> None:
        self.trouble = reason
        self._nodes = {}
        for number, lines in self._lines.items():
            lines.put_nowait(Over(number=number, outcome="killed", reason=reason))


def _travels(task: Task) -> bool:
    return isinstance(task, GenerateTask) or (isinstance(task, RenderTask) and task.segment is not None)


def _fits(slot: SlotState, lane: str | None, device: str) -> bool:
    if lane == "card":
        return slot.kind == device if device in ("cuda", "mps") else slot.kind in ("cuda", "mps")
    return slot.kind == device if device in ("cuda", "mps") else True


def _piece(task: Task) -> str:
    if isinstance(task, RenderTask):
        return task.output
    return f"{task.shot.video} {task.start}" if isinstance(task, GenerateTask) else ""


def _shot(task: Task) -> str:
    shot = getattr(task, "shot", None)
    return "" if shot is None else f"{shot.video} {shot.speech} {shot.start}"


def _not_there(files: Sequence[FileWritten]) -> FileWritten | None:
    """The first of them that is not seen here as it was written."""
    return next((written for written in files if not _is_there(written)), None)


def _is_there(written: FileWritten) -> bool:
    try:
        with Path(written.path).open("rb") as file:
            return Path(written.path).stat().st_size == written.size and file_digest(file, "sha256").hexdigest() == written.sha256
    except OSError:
        return False


def _open(settings: ServerSettings, limits: Limits) -> FarmExecutor:
    refuse_without_ray()
    slots = slots_of(settings.devices, settings.workers, cards_here())
    return FarmExecutor(LocalExecutor(slots, threads=settings.threads_per_worker, limits=limits), settings.data_folder)


RAY = ExecutorKind(name="ray", title="This machine, and the nodes of a farm beside it.", open=_open)
