"""The bridge: a child of the server that alone imports Ray, and talks with the server in JSON lines.

It is a process of its own because Ray ends the process that uses it a minute after the head is lost, and takes over its signals. Nothing is
repeated here: an actor or a node that is lost ends what ran there. When standard input ends, so does the bridge, and with it its actors.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, BinaryIO

from heygem_core.messages import Message, tell
from heygem_core.shot import from_json, to_json
from heygem_core.tasks.standard_input import own_input
from heygem_core.tasks.worker import BEAT_S, Beat

from ..base import Outcome
from .cluster import RESOURCE, drop_own_token
from .facts import facts_here, why_unlike
from .lines import CallOff, Connect, FromBridge, Give, NodeFacts, Nodes, NodeSeen, Over, Said, ToBridge, Trouble
from .slot_actor import SlotActor

_LOOKED_S = 1.0  # between two looks at the nodes
_GREETED_S = 600.0  # for the first answer of a node: large models are read for their digests once
_LEAVE_S = 5.0
_STARTED_S = 180.0  # for an actor in the place of a lost one: its machine may be busy


@dataclass(slots=True)
class _Node:
    """A node as this process knows it."""

    seen: NodeSeen
    actors: list[Any] = field(default_factory=list)  # one for each slot
    greeting: asyncio.Task[None] | None = None
    starting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)  # by slot: actors in the place of lost ones, until they answer


class Bridge:
    """`await Bridge(say).run(orders)`."""

    def __init__(self, say: Callable[[bytes], None]) -> None:
        self._ray: Any = import_module("ray")
        self._on: Any = import_module("ray.util.scheduling_strategies").NodeAffinitySchedulingStrategy
        self._write = say
        self._nodes: dict[str, _Node] = {}
        self._running: dict[int, tuple[str, Any, asyncio.Task[None]]] = {}  # node, actor, who listens
        self._waiting: set[int] = set()  # those of them whose actor does not answer yet
        self._ours: asyncio.Task[NodeFacts] | None = None  # looked up while nodes already answer
        self._told: tuple[NodeSeen, ...] | None = None

    async def run(self, orders: asyncio.Queue[bytes | None]) -> int:
        """Until standard input ends; returns the exit code."""
        first = await orders.get()
        if first is None:
            return 0
        connect = from_json(first, Connect)
        try:
            await asyncio.to_thread(self._connect, connect.address)
        except Exception as error:
            print(str(error).strip().split("\n")[0][:300], file=sys.stderr, flush=True)  # for the server's log
            self._say(Trouble(reason=tell("farm.not-reached", address=connect.address)))
            return 1
        self._ours = asyncio.create_task(asyncio.to_thread(facts_here))
        looking = asyncio.create_task(self._look())
        try:
            while (text := await orders.get()) is not None:
                order: Give | CallOff | Connect = from_json(text, ToBridge)  # type: ignore[arg-type]
                if isinstance(order, Give):
                    self._give(order, text)
                elif isinstance(order, CallOff) and order.number in self._running:
                    self._call_off(order.number)
        finally:
            looking.cancel()
        return 0

    def _connect(self, address: str) -> None:
        self._ray.init(
            address=address, namespace=f"heygem-{secrets.token_hex(6)}", log_to_driver=False, logging_level="ERROR", configure_logging=False
        )

    # --- nodes --------------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        while True:
            for listed in await asyncio.to_thread(self._ray.nodes):
                known = self._nodes.get(listed["NodeID"])
                if not listed["Alive"]:
                    if known is not None:
                        self._gone(listed["NodeID"])
                elif known is None and listed["Resources"].get(RESOURCE):
                    seen = NodeSeen(id=listed["NodeID"], address=listed["NodeManagerAddress"], state="joining")
                    node = self._nodes[seen.id] = _Node(seen)
                    node.greeting = asyncio.create_task(self._greet(node))
            self._tell()
            await asyncio.sleep(_LOOKED_S)

    async def _greet(self, node: _Node) -> None:
        """Asks a new node what it is, through the actor of its first slot, and fills the other slots too if it is like this machine."""
        facts, reason = None, None
        try:
            first = self._actor(node, 0)  # where the node is refused it goes with its last reference
            facts = from_json(await asyncio.wait_for(first.describe.remote(), _GREETED_S), NodeFacts)
            assert self._ours is not None
            reason = why_unlike(await self._ours, facts)
            if reason is None:
                node.actors = [first, *(self._actor(node, slot) for slot in range(1, len(facts.slots)))]
                await asyncio.gather(*(actor.ready.remote() for actor in node.actors))
        except Exception as error:
            reason = tell("farm.node-silent", node=node.seen.address, error=str(error).strip().split("\n")[-1][:300])
        if node.seen.id in self._nodes:
            state = "ready" if reason is None else "refused"
            node.seen = NodeSeen(id=node.seen.id, address=node.seen.address, state=state, reason=reason, facts=facts)  # type: ignore[arg-type]
            self._tell()

    def _actor(self, node: _Node, slot: int) -> Any:
        kind = self._ray.remote(num_cpus=0, max_restarts=0, max_task_retries=0)(SlotActor)
        return kind.options(scheduling_strategy=self._on(node.seen.id, soft=False)).remote(slot)

    def _gone(self, id: str) -> None:
        node = self._nodes.pop(id)
        if node.greeting is not None:
            node.greeting.cancel()
        for number, (where, _, listening) in list(self._running.items()):
            if where == id:
                listening.cancel()
                self._end(number, _lost(node))

    def _tell(self) -> None:
        now = tuple(node.seen for node in self._nodes.values())
        if now != self._told:
            self._told = now
            self._say(Nodes(nodes=now))

    # --- tasks --------------------------------------------------------------------------------------------------------

    def _give(self, give: Give, text: bytes) -> None:
        node = self._nodes.get(give.node)
        if node is None or give.slot >= len(node.actors):
            self._say(Over(number=give.number, outcome="killed", reason=tell("farm.node-left", node=give.node[:8])))
            return
        actor = node.actors[give.slot]
        listening = asyncio.create_task(self._listen(give, text, node, actor))
        self._running[give.number] = (give.node, actor, listening)

    def _call_off(self, number: int) -> None:
        _, actor, listening = self._running[number]
        if number in self._waiting:  # the actor has not heard of it, and would do it once it is there
            listening.cancel()
            self._end(number, tell("work.called-off"), "canceled")
        else:
            actor.call_off.remote(number)

    async def _answers(self, give: Give, starting: asyncio.Future[Any]) -> None:
        """Until a new actor answers; meanwhile the task gives a sign of life in its place. Raises: TimeoutError, what Ray raises."""
        self._waiting.add(give.number)
        try:
            async with asyncio.timeout(_STARTED_S):
                while not starting.done():
                    await asyncio.wait({starting}, timeout=BEAT_S)
                    self._say(Said(number=give.number, line=Beat()))
            starting.result()
        finally:
            self._waiting.discard(give.number)

    async def _listen(self, give: Give, text: bytes, node: _Node, actor: Any) -> None:
        """Passes on what the task says."""
        try:
            if give.slot in node.starting:
                await self._answers(give, node.starting[give.slot])
                node.starting.pop(give.slot, None)
            async for reference in actor.run.options(num_returns="streaming").remote(text):
                self._write(await reference)
            self._running.pop(give.number, None)
        except asyncio.CancelledError:
            raise
        except Exception:  # the actor died, or its node did: another one takes its place where it can
            if node.actors[give.slot] is actor and node.seen.id in self._nodes:
                node.actors[give.slot] = self._actor(node, give.slot)
                node.starting[give.slot] = asyncio.ensure_future(node.actors[give.slot].ready.remote())
            self._end(give.number, _lost(node))

    def _end(self, number: int, reason: Message, outcome: Outcome = "killed") -> None:
        if self._running.pop(number, None) is not None:
            self._say(Over(number=number, outcome=outcome, reason=reason))

    def _say(self, line: FromBridge) -> None:
        self._write(to_json(line))


def _lost(node: _Node) -> Message:
    return tell("farm.node-lost", node=node.seen.address if node.seen.facts is None else node.seen.facts.name)


def main() -> int:
    """Works until standard input ends; returns the exit code."""
    drop_own_token()
    source = own_input()
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def say(text: bytes) -> None:
        out.write(text + b"\n")
        out.flush()

    async def work() -> int:
        orders: asyncio.Queue[bytes | None] = asyncio.Queue()
        threading.Thread(target=_read, args=(source, orders, asyncio.get_running_loop()), daemon=True).start()
        return await Bridge(say).run(orders)

    code = 1
    try:
        code = asyncio.run(work())
    except BrokenPipeError:
        code = 0
    threading.Timer(_LEAVE_S, os._exit, (code,)).start()  # Ray may wait for a head that is gone
    sys.modules["ray"].shutdown()
    os._exit(code)


def _read(source: BinaryIO, orders: asyncio.Queue[bytes | None], loop: asyncio.AbstractEventLoop) -> None:
    for text in source:
        loop.call_soon_threadsafe(orders.put_nowait, text)
    loop.call_soon_threadsafe(orders.put_nowait, None)


if __name__ == "__main__":
    sys.exit(main())
