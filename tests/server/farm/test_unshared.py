"""A real node that shares no storage with the server: it fetches sources and plans, and sends segments back. Takes about two minutes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks.farm_programs import Program, head, node
from heygem_server.client import Client
from heygem_server.rendering.services import open_services
from heygem_server.wire import JobRequest, MediaRef, ShotRequest
from tests.rendering import making

from ..rendering.running_services import RENDER, ended, settings, submit

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),  # a busy machine starts a node in a minute and more
    pytest.mark.skipif(os.name != "posix", reason="a farm of several nodes was not tried there"),
]


async def test_a_take_of_a_node_that_fetches_is_the_take_of_one_machine(people: Path, tmp_path: Path) -> None:
    clip = making.write_clip(tmp_path / "clip.mp4", making.pictures(people / "grid" / "bbaf2n.mpg")[10:42])
    words = making.write_sound(tmp_path / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[4000:25000])
    there, slots = rendered_apart(tmp_path / "farm", clip, words)
    assert "far:cpu" in slots, slots
    async with open_services(settings(tmp_path / "here")) as services:
        job = await submit(services, tmp_path / "here", [(clip, words)])
        here = (await ended(services, job.job.id, 200)).shots[0].takes[0].path
    assert making.same(making.planes(there), making.planes(Path(here)))


def rendered_apart(folder: Path, clip: Path, words: Path) -> tuple[Path, set[str | None]]:
    """A take whose segments were drawn here and on the node far, and in which slots they were."""
    data, cache = folder / "data", folder / "far" / "cache"
    server = Program(
        *("serve", "--executor", "ray", "--data", str(data), "--takes", str(folder / "takes"), "--cache", str(folder / "cache")),
        *("--port", "0", "--workers", "1", "--segment-frames", "8", "--no-measure-takes", "--no-make-previews"),
    )
    programs = [head(data, 29_100), server]
    try:
        for program in programs:
            program.started()
        fetch = ("--fetch", str(data / "server.json"))
        programs.append(node(data, "far", 29_500, *fetch, own=folder / "far", HEYGEM_CACHE=str(cache)).started())
        with Client.connect(data) as client:
            client.allow(str(clip.parent))
            _until(lambda: len(client.info().slots) == 2)
            shot = ShotRequest(video=MediaRef(path=str(clip)), speech=MediaRef(path=str(words)))
            job = client.submit(JobRequest(shots=(shot,), settings=RENDER)).job.id
            _until(lambda: client.job(job).job.state in ("completed", "failed"))
            found = client.job(job)
        assert found.job.state == "completed", [(each.slot, each.outcome, each.reason) for each in found.shots[0].attempts]
        assert len(list((cache / "fetched").iterdir())) == 2, "the clip and the words"
        return Path(found.shots[0].takes[0].path), {each.slot for each in found.shots[0].attempts if each.task == "segment"}
    finally:
        for program in reversed(programs):
            program.end()


def _until(condition: object, within_s: float = 200) -> None:
    began = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - began < within_s, "it took too long"
        time.sleep(0.1)
