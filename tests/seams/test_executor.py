"""An executor of another package: the server hands its work out to it, and says which one it uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_core.media.probe import probe
from heygem_server.cli import main

from ..rendering.making import pictures, speech, write_clip, write_sound
from ..server.http.running import running
from ..server.http.test_jobs import wait_for_end
from .packages import found, install

SOURCE = """
import asyncio
import json
import os
import sys

import msgspec

from heygem_core.shot import Failed, Finished, Notice, Progress, from_json, to_json
from heygem_core.tasks.specs import TaskResult
from heygem_server.executors.base import ExecutorKind, Watcher, WorkFailed


class OneProcessATask:
    '''Runs each task as a program of its own, as a render farm does, and writes down which.'''

    def __init__(self, settings, limits):
        self.capacity, self.busy, self.stop_grace_s = 2, 0, limits.stop_grace_s
        self._list = settings.data_folder / "ran.txt"
        self._children = set()

    async def run(self, task, *, watcher=None, stop=None, limits=None):
        watcher, stop = watcher or Watcher(), stop or asyncio.Event()
        with self._list.open("a") as file:
            file.write(type(task).__name__ + "\\n")
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "heygem_core", "-", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 26
        )
        self._children.add(child)
        self.busy += 1
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda done: child.returncode is None and not done.cancelled() and child.terminate())
        answer = None
        try:
            child.stdin.write(to_json(task))
            child.stdin.close()
            async for line in child.stdout:
                said = from_json(line, Progress | Notice | Finished | Failed) if b'"event"' in line[:9] else from_json(line, TaskResult)
                if isinstance(said, Failed):
                    raise WorkFailed("canceled" if said.error == "Cancelled" else "failed", said.message, said)
                if isinstance(said, TaskResult):
                    answer = said
                else:
                    watcher.tell(said)
            return answer
        finally:
            stopping.cancel()
            await child.wait()
            self.busy -= 1
            self._children.discard(child)

    async def close(self, grace_s=5.0):
        for child in tuple(self._children):
            child.kill()


TOY = ExecutorKind(name="toy", title="A process for each task.", open=OneProcessATask)
BROKEN = "not an executor"
"""


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = install(tmp_path_factory.mktemp("site"), "toy_executor", SOURCE, "heygem.executors", toy="TOY", broken="BROKEN", local="TOY")
    with found(folder) as patch:
        patch.setenv("HEYGEM_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.full
def test_a_job_is_done_by_the_executor_that_the_settings_name(people: Path, tmp_path: Path) -> None:
    folder = tmp_path / "material"
    folder.mkdir()
    write_clip(folder / "face.mov", pictures(people / "grid" / "bbaf2n.mpg")[20:30])
    write_sound(folder / "words.wav", speech(people / "grid" / "lrwp9a.mpg")[8000:24000])
    with running(tmp_path, roots=(folder,), executor="toy") as server:
        info = server.ask("GET", "/api/v1/info").json
        assert (info["executor"], info["workers"]) == ("toy", 2)
        assert info["executors"] == ["local", "ray", "broken", "toy"]
        shots = [{"video": {"path": str(folder / "face.mov")}, "speech": {"path": str(folder / "words.wav")}}]
        shots.append({"video": {"path": str(folder / "words.wav")}, "speech": {"path": str(folder / "words.wav")}})
        job = server.ask("POST", "/api/v1/jobs", {"shots": shots, "settings": {"fit": "trim", "format": "ffv1"}})
        done, failed = wait_for_end(server, job.json["job"]["id"])["shots"]
        assert done["state"] == "done", done["why"]
        assert probe(done["takes"][0]["path"]).frame_count == 10
        assert failed["state"] == "failed"
        assert "words.wav" in failed["why"], "what the task itself said"
        ran = (server.settings.data_folder / "ran.txt").read_text().split()
    assert sorted(ran) == ["JoinTask", "PlanTask", "PlanTask", "RenderTask"], "every piece of work went through it, and nothing twice"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("nowhere", "There is no executor “nowhere”: choose one of local, ray, broken, toy."), ("broken", "repair its package")],
)
def test_an_executor_that_cannot_be_had_is_told_before_the_server_listens(
    name: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--data", str(tmp_path), "--takes", str(tmp_path / "takes"), "--port", "0", "--executor", name]) != 0
    said = capsys.readouterr()
    assert sentence in said.err
    assert "Sign in" not in said.out
    assert not (tmp_path / "server.json").exists()


def test_no_package_replaces_the_executor_that_ships() -> None:
    from heygem_server.executors.registry import EXECUTORS

    assert EXECUTORS.get("local").title == "Child processes of this machine."
