"""The bridge with actors that are not there: what becomes of a task whose actor is lost, and of the next one in that slot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from heygem_core.shot import RenderSettings, RenderTask, Shot, from_json, to_json
from heygem_core.tasks.worker import Beat
from heygem_server.executors.base import Limits
from heygem_server.executors.farm import bridge as bridge_module
from heygem_server.executors.farm.bridge import Bridge, _Node
from heygem_server.executors.farm.lines import Connect, FromBridge, Give, NodeSeen, Over, Said

TASK = RenderTask(shot=Shot(video="/v.mp4", speech="/s.wav"), settings=RenderSettings(), output="/o.mov", segment=(0, 8))


class Actor:
    """In the place of Ray's: dies at its first task, or does what it is given once it is there."""

    def __init__(self, *, dies: bool = False) -> None:
        self.there, self.asked, self._dies = asyncio.Event(), 0, dies
        self.run = self.ready = self.call_off = self

    def options(self, **_: Any) -> Actor:
        return self

    def remote(self, *arguments: Any) -> Any:
        return self._does(from_json(arguments[0], Give)) if arguments else self._answer()

    async def _answer(self) -> bool:
        await self.there.wait()
        return True

    async def _does(self, give: Give) -> AsyncIterator[Any]:
        self.asked += 1
        if self._dies:
            raise RuntimeError("the actor died")

        async def line() -> bytes:
            return to_json(Over(number=give.number))

        yield line()


@pytest.fixture
def said() -> list[Any]:
    return []


@pytest.fixture
def lost(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> tuple[Bridge, Actor]:
    """A bridge with a node whose only actor dies at its first task, and the actor that takes its place."""
    monkeypatch.setattr(bridge_module, "BEAT_S", 0.01)
    monkeypatch.setattr(bridge_module, "import_module", lambda name: type("Ray", (), {"NodeAffinitySchedulingStrategy": None}))
    bridge, new = Bridge(lambda text: said.append(from_json(text, FromBridge))), Actor()  # type: ignore[arg-type]
    monkeypatch.setattr(bridge, "_actor", lambda node, slot: new)
    bridge._nodes["n"] = _Node(NodeSeen(id="n", address="10.0.0.2", state="ready"), actors=[Actor(dies=True)])
    return bridge, new


def give(bridge: Bridge, number: int) -> None:
    order = Give(number=number, node="n", slot=0, task=TASK, limits=Limits(memory_bytes=1, stall_s=1))
    bridge._give(order, to_json(order))


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.005)


async def test_a_task_waits_for_the_actor_that_takes_the_place_of_a_lost_one(lost: tuple[Bridge, Actor], said: list[Any]) -> None:
    """A busy machine starts one in a minute and more: that is no silence, and costs no attempt."""
    bridge, new = lost
    give(bridge, 1)
    await until(lambda: said)
    assert (said[0].number, said[0].outcome) == (1, "killed")
    give(bridge, 2)
    await until(lambda: len(said) > 4)
    assert all(isinstance(line, Said) and isinstance(line.line, Beat) for line in said[1:])
    assert new.asked == 0
    new.there.set()
    await until(lambda: isinstance(said[-1], Over))
    assert (said[-1].number, said[-1].outcome) == (2, None)
    give(bridge, 3)
    await until(lambda: said[-1] == Over(number=3))


async def test_a_task_that_is_called_off_before_its_actor_is_there_is_never_begun(lost: tuple[Bridge, Actor], said: list[Any]) -> None:
    bridge, new = lost
    give(bridge, 1)
    await until(lambda: said)
    give(bridge, 2)
    await until(lambda: len(said) > 2)
    bridge._call_off(2)
    assert (said[-1].number, said[-1].outcome) == (2, "canceled")
    new.there.set()
    give(bridge, 3)
    await until(lambda: said[-1] == Over(number=3))
    assert new.asked == 1


async def test_an_actor_that_never_comes_is_given_up(lost: tuple[Bridge, Actor], said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge_module, "_STARTED_S", 0.1)
    bridge, _ = lost
    give(bridge, 1)
    await until(lambda: said)
    give(bridge, 2)
    await until(lambda: isinstance(said[-1], Over) and said[-1].number == 2)
    assert said[-1].outcome == "killed"


async def test_a_head_that_cannot_be_reached_is_told_in_a_sentence_of_ours(
    said: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def init(**_: Any) -> None:
        raise ConnectionError("Could not read 'session_name' from GCS. Did GCS start successfully?\nmore")

    ray = type("Ray", (), {"NodeAffinitySchedulingStrategy": None, "init": staticmethod(init)})
    monkeypatch.setattr(bridge_module, "import_module", lambda name: ray)
    orders: asyncio.Queue[bytes | None] = asyncio.Queue()
    orders.put_nowait(to_json(Connect(address="10.0.0.1:7437")))
    assert await Bridge(lambda text: said.append(from_json(text, FromBridge))).run(orders) == 1  # type: ignore[arg-type]
    reason = said[-1].reason
    assert reason.code == "farm.not-reached"
    assert "GCS" not in reason.message
    assert "heygem farm start" in reason.message
    assert "Did GCS start" in capsys.readouterr().err, "for the server's log"
