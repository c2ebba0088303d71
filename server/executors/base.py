"""What an executor is: where the tasks of the queue are done. `local` does them in child processes of this machine.

The server plans what is to be done and keeps every result; an executor only runs a task to its end, passes on what the task tells
meanwhile, and ends it when it is called off or breaks a limit. Adding one is adding a class and its entry point (see `registry`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from heygem_core.messages import Message, as_message
from heygem_core.shot import Event, Failed
from heygem_core.tasks.specs import Task, TaskResult
from heygem_core.tasks.worker import Picture

from ..settings import ServerSettings

if TYPE_CHECKING:
    from heygem_core.shot import DeviceName, RenderSettings

Outcome = Literal["failed", "crashed", "killed", "timeout", "memory", "canceled"]
"""How a task ended without a result.

failed: it said so itself. crashed: its process ended on its own. killed: it was ended from outside. timeout: no progress, or no sign
of life. memory: it held more than is allowed. canceled: somebody called it off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What ends a task."""

    memory_bytes: int
    stall_s: float  # without progress
    silent_s: float = 60.0  # without any sign of life
    whole_s: float | None = None  # altogether
    stop_grace_s: float = 10.0  # between being asked to stop, being told, and being ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who wants to know what a task tells while it runs."""

    tell: Callable[[Event], None] = lambda event: None
    show: Callable[[Picture], None] = lambda picture: None
    placed: Callable[[str], None] = lambda slot: None  # the name of the slot that the task begins in


class WorkFailed(Exception):
    """A task ended without a result; `failed` is what the task itself said about it, where it could."""

    def __init__(self, outcome: Outcome, reason: Message | str, failed: Failed | None = None) -> None:
        """`reason`: text is a sentence without a code, of another package's executor."""
        self.reason = as_message(reason)
        super().__init__(self.reason.message)
        self.outcome, self.failed = outcome, failed


class Piece(NamedTuple):
    """What an executor has to know of a piece of work to say whether there is room for more of its kind."""

    kind: str  # "plan", "segment" or "join"
    lane: str | None  # which devices it waits for, see `heygem_core.engines.requirements.lane_of`; None = any


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotState:
    """Room for one task at a time, and whether one is in it."""

    name: str
    kind: str  # "cuda", "mps" or "cpu"
    title: str = ""  # what the device calls itself
    memory_bytes: int | None = None  # of the device; None = not known, or the machine's own
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """Another machine that an executor uses, or would."""

    name: str
    address: str
    state: Literal["joining", "ready", "refused", "aside"]
    reason: Message | None = None  # why it gets no work
    slots: int = 0


class Executor(Protocol):
    """Runs tasks, some of them at once. Belongs to one event loop; every method is called from there."""

    @property
    def capacity(self) -> int:
        """How many tasks run at once. It may change while tasks run; the scheduler asks each time it hands out work."""

    @property
    def busy(self) -> int:
        """How many tasks run at this moment."""

    @property
    def stop_grace_s(self) -> float:
        """Seconds that a task gets to clean up after it was called off."""

    async def run(
        self, task: Task, *, watcher: Watcher | None = None, stop: asyncio.Event | None = None, limits: Limits | None = None
    ) -> TaskResult | None:
        """Does a task; waits until there is room for it. Returns what the task found out, None where it only made a file.

        stop: calls the task off once it is set. limits: None = the executor's own.
        Raises: WorkFailed; Broken — no task can be run here at present; Busy — the executor is closed.
        """

    def full(self, running: Sequence[Piece]) -> Collection[str]:
        """The kinds and lanes of pieces for which there is no room beside these, which run or are about to. What is named here stays in the
        queue while other work goes on. One without such differences returns nothing: then only `capacity` counts."""

    @property
    def slots(self) -> Sequence[SlotState]:
        """All its room, for people."""

    async def close(self, grace_s: float = 5.0) -> None:
        """Calls off what runs and gives everything back. Nothing runs afterwards."""


def full_beside(executor: Executor, running: Sequence[Piece]) -> Collection[str]:
    """`Executor.full`, also of one that was written before there was such a thing: nothing then."""
    return executor.full(running) if hasattr(executor, "full") else ()


def room_for(executor: Executor, running: Sequence[Piece], piece: Piece, most: int) -> int:
    """For how many pieces like this one there is room beside those, up to `most`."""
    beside = list(running)
    for count in range(most):
        full = full_beside(executor, beside)
        if piece.kind in full or (piece.kind != "join" and piece.lane in full):
            return count
        beside.append(piece)
    return most


def slots_of(executor: Executor) -> Sequence[SlotState]:
    """`Executor.slots`, likewise."""
    return executor.slots if hasattr(executor, "slots") else ()


def nodes_of(executor: Executor) -> Sequence[NodeState]:
    """The other machines of an executor that has some, as its `nodes`."""
    nodes: Sequence[NodeState] = getattr(executor, "nodes", ())
    return nodes


def draws_on(executor: Executor, settings: RenderSettings) -> DeviceName | None:
    """The device of other machines that takes of these settings need, as the executor's `draws_on` says; None = any of this one."""
    found: DeviceName | None = executor.draws_on(settings) if hasattr(executor, "draws_on") else None
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorKind:
    """What the registry holds of an executor."""

    name: str  # as the setting `executor` names it
    title: str  # for people, one line
    open: Callable[[ServerSettings, Limits], Executor]  # starts it; limits: of each task. Raises: SetupError — it cannot run here
