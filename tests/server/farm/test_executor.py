"""The executor `ray` without Ray: a toy stands in the place of the bridge, pretended workers in that of this machine's."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from msgspec.structs import replace

from heygem_core.shot import Progress, RenderSettings, RenderTask, Shot, from_json, to_json
from heygem_core.storage.cache import Cache
from heygem_core.storage.os_errors import is_lasting
from heygem_core.tasks.specs import GenerateTask, JoinTask, PlanTask
from heygem_server.errors import NotFound
from heygem_server.executors import local
from heygem_server.executors.base import Limits, Piece, SlotState, Watcher, WorkFailed
from heygem_server.executors.farm import bridge_process, executor
from heygem_server.executors.farm.cluster import FarmFile, make_token, write_farm_file
from heygem_server.executors.farm.executor import FarmExecutor
from heygem_server.executors.farm.facts import NODE, why_unlike
from heygem_server.executors.farm.health import Health
from heygem_server.executors.farm.lines import FromBridge, Give, NodeFacts, NodeSeen, NodeSetup, Over, Said
from heygem_server.executors.farm.slot_actor import SlotActor
from heygem_server.executors.local import LocalExecutor
from heygem_server.http import app_keys
from heygem_server.http.metrics import metrics_text

from ..rendering.running_services import until

LIMITS = Limits(memory_bytes=8 << 30, stall_s=60, stop_grace_s=2)
CPU, CARD = SlotState(name="cpu", kind="cpu"), SlotState(name="cuda:0", kind="cuda")
FACTS = NodeFacts(name="north", version="1", segment_version=5, codecs=(62, 1), engines=("mesh", "latentsync"), slots=(CPU, CARD))
READY = NodeSeen(id="n1", address="10.0.0.2", state="ready", facts=FACTS)


class Here:
    """In place of this machine's workers: a task ends when it is let go."""

    def __init__(self) -> None:
        self.go, self.did = asyncio.Event(), []
        self.alive, self.tasks_done, self.card_bytes = True, 0, None
        self.process = type("Process", (), {"returncode": None})

    async def run(self, task: Any, *_: Any) -> None:
        self.did.append(task)
        await self.go.wait()

    async def close(self, grace_s: float = 0) -> None: ...


Open = Callable[..., FarmExecutor]


@pytest_asyncio.fixture
async def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    worker = Here()

    async def start(environment: dict[str, str]) -> Here:
        return worker

    monkeypatch.setattr(local, "start_worker", start)
    return worker


@pytest_asyncio.fixture
async def opened(here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Opens the executor over a toy bridge that knows these nodes; this machine has one slot."""
    made: list[FarmExecutor] = []

    def open_with(*nodes: NodeSeen, head: str | None = None) -> FarmExecutor:
        def command(token: Path) -> tuple[list[str], dict[str, str]]:
            return [sys.executable, "-m", "tests.server.farm.toy_bridge", to_json(nodes).decode()], {
                "PYTHONPATH": str(Path(__file__).parents[3])
            }

        monkeypatch.setattr(bridge_process, "bridge_process", command)
        monkeypatch.setattr(bridge_process, "_WAITS_S", (0.05,))
        write_farm_file(tmp_path, FarmFile(address=head or address, pid=1, token_file=str(make_token(tmp_path / "farm.token"))))
        made.append(FarmExecutor(LocalExecutor(1, threads=1, limits=LIMITS), tmp_path))
        return made[-1]

    with socket.create_server(("127.0.0.1", 0)) as listening:  # in the place of the head
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        yield open_with
        here.go.set()
        for each in made:
            await each.close()


async def ready(farm: FarmExecutor, slots: int = 3) -> FarmExecutor:
    await until(lambda: farm.capacity == slots)
    return farm


def segment(folder: Path, fate: str = "done", **settings: Any) -> RenderTask:
    return RenderTask(
        shot=Shot(video="/v.mp4", speech=f"/{fate}.wav"),
        settings=RenderSettings(**settings),
        output=str(folder / f"{fate}.mov"),
        segment=(0, 8),
    )


async def busy(farm: FarmExecutor, here: Here, folder: Path) -> asyncio.Task[Any]:
    """This machine's only slot has something to do."""
    doing = asyncio.create_task(farm.run(segment(folder)))
    await until(lambda: here.did)
    return doing


async def test_segments_go_to_nodes_while_this_machine_is_busy_and_plans_and_joins_wait_for_it(
    opened: Open, here: Here, tmp_path: Path
) -> None:
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    told, where = [], []
    watcher = Watcher(tell=told.append, placed=where.append)
    await farm.run(segment(tmp_path), watcher=watcher)
    assert where == ["north:cuda:0"]
    assert told == [Progress(stage="render", done=1, total=8)]
    shot = Shot(video="/v.mp4", speech="/done.wav")
    waiting = [
        asyncio.create_task(farm.run(task))
        for task in (PlanTask(shot=shot), JoinTask(shot=shot, pieces=(), output="/t.mov"), replace(segment(tmp_path), segment=None))
    ]
    await asyncio.sleep(0)
    assert farm.busy == 1
    here.go.set()
    await asyncio.gather(own, *waiting)
    assert len(here.did) == 4


async def test_the_queue_keeps_what_this_machine_alone_can_do(opened: Open) -> None:
    farm = await ready(opened(READY))
    assert [slot.name for slot in farm.slots] == ["worker 1", "north:cpu", "north:cuda:0"]
    assert set(farm.full([Piece("plan", None)])) == {"plan", "join"}
    assert set(farm.full([Piece("segment", "card")])) == {"card", "cuda", "mps"}, "there is one card"
    assert set(farm.full([])) == set()
    assert farm.draws_on(RenderSettings(engine="latentsync")) == "cuda", "this machine has no card and a node has one"
    assert farm.draws_on(RenderSettings()) is None


async def test_a_file_that_is_not_seen_here_as_it_was_written_there_does_not_count(
    opened: Open, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "_SEEN_S", 0.1)
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed, match="is not seen here") as failed:
        await farm.run(segment(tmp_path, "differs"))
    assert failed.value.outcome == "failed"
    assert failed.value.failed is None, "so it is tried again"
    here.go.set()
    await own
    await farm.run(segment(tmp_path, "differs"))
    assert [Path(task.output).stem for task in here.did] == ["done", "differs"], "the next try is here"


async def test_what_a_node_cannot_find_is_looked_for_here_before_the_shot_is_blamed(opened: Open, here: Here, tmp_path: Path) -> None:
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed, match=r"On north: It is not there\.") as failed:
        await farm.run(segment(tmp_path, "fails"))
    assert failed.value.failed is None
    again = asyncio.create_task(farm.run(segment(tmp_path, "fails")))
    await asyncio.sleep(0)
    assert farm.busy == 1, "it waits for this machine"
    here.go.set()
    await asyncio.gather(own, again)


def shot_with_plan(folder: Path, plan: str = "p1") -> RenderTask:
    """A segment whose sources and plan are there, and what a node that fetches delivers for it, as the server receives it."""
    (folder / "v.mp4").write_bytes(b"v")
    (folder / "done.wav").write_bytes(b"s")
    cache = Cache(folder / "cache")
    with cache.making("plans", "p1") as made:
        (made / "plan.json").write_bytes(b"{}")
    for k in range(2):
        (folder / "uploads" / f"{k:032x}").mkdir(parents=True, exist_ok=True)
        (folder / "uploads" / f"{k:032x}" / "media.mov").write_bytes(b"drawn")
    shot = Shot(video=str(folder / "v.mp4"), speech=str(folder / "done.wav"))
    return replace(segment(folder), shot=shot, plan=plan, cache=str(cache.root))


async def test_a_node_that_fetches_gets_segments_alone_and_what_it_delivers_gets_its_place(
    opened: Open, here: Here, tmp_path: Path
) -> None:
    farm = await ready(opened(replace(READY, facts=replace(FACTS, fetches=True))))
    own = await busy(farm, here, tmp_path)
    task = shot_with_plan(tmp_path)
    await farm.run(task)
    assert Path(task.output).read_bytes() == b"drawn"
    assert not list((tmp_path / "uploads").iterdir())
    with pytest.raises(NotFound):
        farm.exchange.open(sha256(b"v").hexdigest())
    block = GenerateTask(shot=task.shot, settings=task.settings, start=0, end_exclusive=8)
    doing = asyncio.create_task(farm.run(block))
    await asyncio.sleep(0)
    assert farm.busy == 1, "a block has to be where all find it"
    here.go.set()
    await asyncio.gather(own, doing)


async def test_what_a_node_cannot_be_given_is_drawn_here_and_is_not_its_fault(opened: Open, here: Here, tmp_path: Path) -> None:
    farm = await ready(opened(replace(READY, facts=replace(FACTS, fetches=True))))
    own = await busy(farm, here, tmp_path)
    task = shot_with_plan(tmp_path, plan="gone")
    for _ in range(3):
        with pytest.raises(WorkFailed, match="this machine draws it") as failed:
            await farm.run(task)
        assert failed.value.outcome == "killed", "which counts little against the shot"
        farm._failed_there.clear()
        task = replace(task, shot=replace(task.shot, start=task.shot.start + 1))
    assert farm.nodes[0].state == "ready"
    here.go.set()
    await own


async def test_a_sick_node_gets_no_work_until_later_and_everybody_sees_why(opened: Open, here: Here, tmp_path: Path) -> None:
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    for k in range(3):
        shot = Shot(video=f"/{k}.mp4", speech="/fails.wav")
        with pytest.raises(WorkFailed, match="On north"):
            await farm.run(replace(segment(tmp_path, "fails"), shot=shot, output=str(tmp_path / f"{k}.mov")))
    assert farm.capacity == len(farm.slots) == 1
    assert farm.nodes[0].state == "aside"
    assert farm.nodes[0].reason is not None
    assert "3 different shots" in farm.nodes[0].reason.message
    health = next(iter(farm._nodes.values())).health
    health.clock = lambda: time.monotonic() + 61
    assert (farm.nodes[0].state, farm.capacity) == ("ready", 3)
    await farm.run(segment(tmp_path))
    here.go.set()
    await own


async def test_a_disk_of_a_node_that_takes_nothing_is_no_reason_to_give_a_shot_up(opened: Open, here: Here, tmp_path: Path) -> None:
    """A disk of this machine that is read-only would be: no other try mends that."""
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed, match=r"On north: .*read-only") as failed:
        await farm.run(segment(tmp_path, "refused"))
    assert failed.value.failed is None
    assert not is_lasting(failed.value.reason)
    here.go.set()
    await own


@pytest.mark.parametrize(
    ("fate", "code", "next_step"), [("dies", "farm.bridge-ended", "server.log"), ("killed", "farm.bridge-killed", "starts again by itself")]
)
async def test_a_lost_farm_ends_what_ran_there_and_this_machine_goes_on(
    fate: str, code: str, next_step: str, opened: Open, here: Here, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """People read a sentence of ours; what Ray said last is in the server's log."""
    if fate == "killed" and os.name != "posix":
        pytest.skip("there is no such end there")
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed) as failed:
        await farm.run(segment(tmp_path, fate))
    assert failed.value.outcome == "killed", "which counts little against the shot"
    assert failed.value.reason.code == code
    assert next_step in failed.value.reason.message
    assert "gcs_rpc_client" not in failed.value.reason.message
    assert ("gcs_rpc_client" in caplog.text) == (fate == "dies")
    here.go.set()
    await own
    await ready(farm)  # and the farm comes back by itself
    assert farm.trouble is None


async def test_where_the_head_is_gone_that_is_said(opened: Open, here: Here, tmp_path: Path) -> None:
    """Ray ends the bridge a minute after the head was lost, and says so in words of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    farm = await ready(opened(READY, head=gone))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed) as failed:
        await farm.run(segment(tmp_path, "dies"))
    assert failed.value.reason.code == "farm.head-gone"
    assert gone in failed.value.reason.message
    assert "heygem farm start" in failed.value.reason.message
    here.go.set()
    await own


async def test_a_bridge_that_cannot_be_started_is_told_without_words_of_the_system(
    opened: Open, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm = opened(READY)
    monkeypatch.setattr(bridge_process, "bridge_process", lambda token: ([str(tmp_path / "nowhere")], {}))
    await until(lambda: farm.trouble)
    assert farm.trouble is not None
    assert farm.trouble.code == "farm.bridge-not-started"
    assert "Errno" not in farm.trouble.message


async def test_work_on_a_node_is_called_off_and_nobody_waits_for_the_node(opened: Open, here: Here, tmp_path: Path) -> None:
    farm = await ready(opened(READY))
    own, stop, told = await busy(farm, here, tmp_path), asyncio.Event(), []
    doing = asyncio.create_task(farm.run(segment(tmp_path, "waits"), stop=stop, watcher=Watcher(tell=told.append)))
    await until(lambda: told)
    stop.set()
    with pytest.raises(WorkFailed) as failed:
        await asyncio.wait_for(doing, LIMITS.stall_s / 2)
    assert failed.value.outcome == "canceled"
    here.go.set()
    await own


async def test_a_node_that_gives_no_sign_of_life_loses_its_work(opened: Open, here: Here, tmp_path: Path) -> None:
    farm = await ready(opened(READY))
    own = await busy(farm, here, tmp_path)
    with pytest.raises(WorkFailed, match="no sign of life") as failed:
        await farm.run(segment(tmp_path, "waits"), limits=Limits(memory_bytes=1 << 30, stall_s=60, silent_s=0.3))
    assert failed.value.outcome == "timeout"
    here.go.set()
    await own


async def test_without_a_farm_this_machine_renders_alone_and_says_why(here: Here, tmp_path: Path) -> None:
    farm = FarmExecutor(LocalExecutor(1, threads=1, limits=LIMITS), tmp_path)
    await until(lambda: farm.trouble)
    assert farm.trouble is not None
    assert "heygem farm start" in farm.trouble.message
    here.go.set()
    await farm.run(segment(tmp_path))
    assert farm.capacity == len(farm.slots) == 1
    await farm.close()


async def test_a_refused_node_gets_no_work_and_its_reason_is_shown(opened: Open) -> None:
    why = why_unlike(FACTS, replace(FACTS, version="2"))
    farm = opened(READY, replace(READY, id="n2", state="refused", reason=why, facts=replace(FACTS, name="south")))
    await ready(farm)
    assert [(node.name, node.state) for node in farm.nodes] == [("north", "ready"), ("south", "refused")]
    assert "install the same version" in (farm.nodes[1].reason or why).message  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"version": "2"}, "HeyGem Bridge 2"),
        ({"segment_version": 4}, "kind 4"),
        ({"codecs": (62, 2)}, "62.2"),
        ({"models": {"wav2lip": "other"}}, "wav2lip"),
    ],
)
def test_unlike_nodes_are_refused_with_a_sentence(change: dict[str, Any], word: str) -> None:
    server = replace(FACTS, models={"wav2lip": "ours", "musetalk": "ours"})
    why = why_unlike(server, replace(server, **change))
    assert why is not None
    assert word in why.message
    assert why_unlike(server, replace(server, models={}, engines=("mesh",), slots=(CARD,))) is None, "what a node lacks it is not given"


def test_a_node_is_set_aside_after_three_different_shots_and_tried_again_later() -> None:
    now = [0.0]
    health, why = Health(clock=lambda: now[0]), why_unlike(FACTS, replace(FACTS, version="2"))
    assert why is not None
    assert not any(health.failed_with("one shot", why) for _ in range(9)), "a shot that fails everywhere makes nobody sick"
    health.succeeded()
    assert [health.failed_with(shot, why) for shot in "abc"] == [False, False, True]
    assert health.aside
    assert health.reason is not None
    assert "3 different shots" in health.reason.message
    now[0] = 61
    assert not health.aside
    assert [health.failed_with(shot, why) for shot in "abc"] == [False, False, True]
    now[0] = 150
    assert health.aside, "twice as long the second time"
    now[0] = 500
    assert not health.aside


async def test_metrics_tell_each_node_and_whether_it_gets_work(opened: Open, tmp_path: Path) -> None:
    why = why_unlike(FACTS, replace(FACTS, version="2"))
    farm = await ready(opened(READY, replace(READY, id="n2", state="refused", reason=why, facts=replace(FACTS, name='so"uth'))))
    counts = SimpleNamespace(jobs={}, shots={}, queued=0, takes=0, frames=0, running=0)
    services = SimpleNamespace(executor=farm, store=SimpleNamespace(counts=lambda: counts))
    parts = {app_keys.SERVICES: services, app_keys.SETTINGS: SimpleNamespace(data_folder=tmp_path)}
    parts[app_keys.HOSTS] = SimpleNamespace(all=lambda: ())

    class Context(dict[Any, Any]):
        request = SimpleNamespace(app={app_keys.SOCKETS: ()})

    text = await metrics_text(Context(parts))  # type: ignore[arg-type]
    told = [line for line in text.splitlines() if line.startswith(("heygem_node_slots", "heygem_slot_busy"))]
    assert told == [
        'heygem_slot_busy{slot="worker 1"} 0',
        'heygem_slot_busy{slot="north:cpu"} 0',
        'heygem_slot_busy{slot="north:cuda:0"} 0',
        'heygem_node_slots{node="north",state="ready"} 2',
        'heygem_node_slots{node="so\\"uth",state="refused"} 2',
    ]


async def test_what_a_task_tells_at_one_time_travels_at_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each item of a stream costs Ray a way through three processes."""
    monkeypatch.setenv(NODE, to_json(NodeSetup(name="north", devices=("cpu",))).decode())

    class Executor:
        async def run(self, task: Any, *, watcher: Watcher, **_: Any) -> None:
            for done in range(3):
                watcher.tell(Progress(stage="render", done=done, total=3))

    actor = SlotActor(0)
    actor._executor = Executor()  # type: ignore[assignment]
    give = Give(number=7, node="n", slot=0, task=PlanTask(shot=Shot(video="/v.mp4", speech="/s.wav")), limits=LIMITS)
    items = [text.split(b"\n") async for text in actor.run(to_json(give))]
    told = [from_json(line, FromBridge) for item in items for line in item]  # type: ignore[arg-type]
    assert [type(line) for line in told] == [Said, Said, Said, Over]
    assert len(items) < 4


async def test_a_segment_that_is_gone_with_the_storage_is_told_as_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared disk that went away between the last frame and the answer was an internal error, to be reported."""
    monkeypatch.setenv(NODE, to_json(NodeSetup(name="north", devices=("cpu",))).decode())

    class Executor:
        async def run(self, task: Any, **_: Any) -> None: ...

    actor = SlotActor(0)
    actor._executor = Executor()  # type: ignore[assignment]
    give = Give(number=7, node="n", slot=0, task=segment(tmp_path / "gone"), limits=LIMITS)
    (over,) = [from_json(text, FromBridge) async for text in actor.run(to_json(give))]  # type: ignore[arg-type]
    assert (over.outcome, over.reason.code) == ("failed", "farm.written-gone")
    assert "done.mov" in over.reason.message
    assert "shared storage" in over.reason.message
