"""Nodes that do not share the server's storage, over loopback: a real server, a toy bridge, and the node's own part in this process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heygem_core.errors import SpecError
from heygem_core.rendering.report import report_path
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.storage.artefacts import sync
from heygem_core.storage.cache import Cache
from heygem_server.client import Client
from heygem_server.errors import Broken, NotFound
from heygem_server.executors.farm import executor
from heygem_server.executors.farm.exchange import Exchange
from heygem_server.executors.farm.executor import FarmExecutor
from heygem_server.executors.farm.fetching import Fetcher, checked_pass
from heygem_server.http import files as sending
from heygem_server.security.errors import BadPath

from ..http.running import Server, running

SPEECH = b"s" * 1000


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Server, Exchange]]:
    """A server whose executor is that of a farm, and what it offers."""
    made: list[FarmExecutor] = []

    class Kept(FarmExecutor):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(executor, "FarmExecutor", Kept)
    monkeypatch.setattr(executor, "refuse_without_ray", lambda: None)
    with running(tmp_path / "server", executor="ray") as server:
        yield server, made[0].exchange


@pytest.fixture
def task(served: tuple[Server, Exchange], tmp_path: Path) -> RenderTask:
    """A segment of a shot whose plan is in the server's cache."""
    settings = served[0].settings
    media = tmp_path / "media"
    media.mkdir()
    (media / "clip.mp4").write_bytes(os.urandom(3 << 20))
    (media / "words.wav").write_bytes(SPEECH)
    cache = Cache(settings.cache)
    with cache.making("plans", "p1") as made:
        (made / "plan.json").write_bytes(b"{}")
        (made / "frames.npy").write_bytes(b"f" * 5000)
    output = settings.data_folder / "segments" / "ab" / "abc.mov"
    output.parent.mkdir(parents=True)
    shot = Shot(video=str(media / "clip.mp4"), speech=str(media / "words.wav"))
    return RenderTask(shot=shot, settings=RenderSettings(), output=str(output), segment=(0, 8), plan="p1", cache=str(cache.root))


def fetcher(server: Server, folder: Path) -> Fetcher:
    return Fetcher(checked_pass(server.settings.data_folder / "server.json"), Cache(folder / "node"))


def test_a_node_fetches_what_a_segment_needs_and_delivers_it(
    served: tuple[Server, Exchange], task: RenderTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, exchange = served
    node = fetcher(server, tmp_path)
    offered = exchange.offer(task)
    here = node.begin(task, offered)
    assert Path(here.shot.video).read_bytes() == Path(task.shot.video).read_bytes()
    assert Path(here.shot.video).name == "clip.mp4", "so that messages about it are understood"
    assert Path(here.shot.speech).read_bytes() == SPEECH
    plan = Cache(here.cache).entry("plans", "p1")
    assert plan is not None
    assert (plan / "frames.npy").read_bytes() == b"f" * 5000
    assert (here.settings, here.segment, here.plan) == (task.settings, task.segment, task.plan)
    assert str(tmp_path / "server") not in repr(here), "nothing of it lies on the server's disks"
    Path(here.output).write_bytes(b"drawn")
    report_path(here.output).write_bytes(b"{}")
    for written in node.deliver(here, task):
        exchange.take(written, task)
    exchange.withdraw(offered)
    node.end()
    assert Path(task.output).read_bytes() == b"drawn"
    assert report_path(task.output).read_bytes() == b"{}"
    assert not Path(here.output).parent.exists()
    assert not list((server.settings.data_folder / "uploads").iterdir())
    with pytest.raises(NotFound):
        exchange.open(offered[0].sha256)

    fetched: list[Any] = []
    monkeypatch.setattr(Client, "fetch_offered", lambda *arguments: fetched.append(arguments))
    copy = tmp_path / "media" / "copy.mp4"
    copy.write_bytes(Path(task.shot.video).read_bytes())
    again = replace(task, shot=Shot(video=str(copy), speech=task.shot.speech))
    there = node.begin(again, exchange.offer(again))
    node.end()
    assert (there.shot.video, fetched) == (here.shot.video, []), "the same bytes travel once, whatever they are called"


def test_a_fetch_goes_on_where_the_connection_broke(
    served: tuple[Server, Exchange], task: RenderTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, exchange = served
    asked, real = [], sending._range

    def break_off(request: Any, size: int, tag: str) -> tuple[int, int, int]:
        start, end, code = real(request, size, tag)
        if size > 1 << 20:
            asked.append(start)
            if len(asked) == 1:
                end = 1 << 20  # no more than that arrives
            elif len(asked) == 2:
                request.transport.abort()
        return start, end, code

    monkeypatch.setattr(sending, "_range", break_off)
    here = fetcher(server, tmp_path).begin(task, exchange.offer(task))
    assert Path(here.shot.video).read_bytes() == Path(task.shot.video).read_bytes()
    assert asked == [0, 1 << 20, 1 << 20]


def test_nothing_is_offered_but_to_those_who_are_known_and_while_it_is_needed(served: tuple[Server, Exchange], task: RenderTask) -> None:
    server, exchange = served
    secret = sha256((server.settings.data_folder / "server.json").read_bytes()).hexdigest()
    offered = exchange.offer(task)
    assert {Path(each.path).name for each in offered} == {"clip.mp4", "words.wav", "plan.json", "frames.npy"}
    address = f"/api/v1/farm/files/{sha256(SPEECH).hexdigest()}"
    assert server.ask("GET", address, known=False).status == 401
    assert server.ask("GET", address, headers=server.token("host", host="h1", project="p1"), known=False).status == 403
    answer = server.ask("GET", address, headers={"Range": "bytes=990-"})
    assert (answer.status, answer.body, answer.headers["content-range"]) == (206, b"s" * 10, "bytes 990-999/1000")
    assert server.ask("GET", f"/api/v1/farm/files/{secret}").status == 404
    twice = exchange.offer(task)
    exchange.withdraw(offered)
    assert server.ask("GET", address).status == 200, "another task needs it still"
    exchange.withdraw(twice)
    assert server.ask("GET", address).status == 404


def test_what_does_not_travel_is_refused_with_a_sentence(served: tuple[Server, Exchange], task: RenderTask, tmp_path: Path) -> None:
    _, exchange = served
    with pytest.raises(SpecError, match="not in the server's cache"):
        exchange.offer(replace(task, plan="gone"))
    with pytest.raises(SpecError, match="is not one file"):
        exchange.offer(replace(task, settings=RenderSettings(holdout=str(tmp_path))))
    if os.name == "posix":
        link = tmp_path / "media" / "link.mp4"
        link.symlink_to(task.shot.video)
        with pytest.raises(BadPath):
            exchange.offer(replace(task, shot=Shot(video=str(link), speech=task.shot.speech)))
    with pytest.raises(SpecError, match="is no pass"):
        checked_pass(tmp_path / "nothing.json")


def test_a_node_delivers_its_own_segment_and_nothing_elsewhere(served: tuple[Server, Exchange], task: RenderTask, tmp_path: Path) -> None:
    server, exchange = served
    node = fetcher(server, tmp_path)
    here = node.begin(task, exchange.offer(task))
    Path(here.output).write_bytes(b"drawn")
    report_path(here.output).write_bytes(b"{}")
    sync(Path(here.output))
    segment, report = node.deliver(here, task)
    for wrong in (
        replace(segment, path=str(tmp_path / "elsewhere.mov")),
        replace(segment, upload="../../x"),
        replace(segment, upload="0" * 32),
        replace(report, sha256="0" * 64),
    ):
        with pytest.raises(Broken, match="did not arrive"):
            exchange.take(wrong, task)
    exchange.take(segment, task)
    assert Path(task.output).read_bytes() == b"drawn"
    assert not report_path(task.output).exists()


async def test_the_offers_of_many_tasks_at_once_are_counted_right(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path)
    (tmp_path / "v.mp4").write_bytes(b"v")
    cache = Cache(tmp_path / "cache")
    with cache.making("plans", "p") as made:
        (made / "plan.json").write_bytes(b"{}")
    shot = Shot(video=str(tmp_path / "v.mp4"), speech=str(tmp_path / "v.mp4"))
    one = RenderTask(shot=shot, settings=RenderSettings(), output="/o.mov", segment=(0, 8), plan="p", cache=str(cache.root))
    offers = await asyncio.gather(*(asyncio.to_thread(exchange.offer, one) for _ in range(50)))
    for each in offers[1:]:
        exchange.withdraw(each)
    path, descriptor = exchange.open(sha256(b"v").hexdigest())
    os.close(descriptor)
    assert path == tmp_path / "v.mp4"
    exchange.withdraw(offers[0])
    with pytest.raises(NotFound):
        exchange.open(sha256(b"v").hexdigest())
