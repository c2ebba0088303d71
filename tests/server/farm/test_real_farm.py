"""A farm of real nodes on this machine: the head, a node with two slots, and a server between them; then one that shares no storage."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import pytest_asyncio

from benchmarks.farm_programs import Program, head, node
from heygem_core.shot import Shot
from heygem_server.client import Client
from heygem_server.executors.farm.cluster import environment, read_farm_file
from heygem_server.rendering.services import Services, open_services
from heygem_server.wire import JobRequest, MediaRef, ShotRequest
from tests.rendering import making

from ..rendering.running_services import RENDER, ended, settings, submit, until
from .grpc_call import answer_of
from .ray_marks import needs_ray

pytestmark = [
    pytest.mark.full,
    needs_ray,
    pytest.mark.timeout(900),  # a busy machine starts a node in a minute and more
    pytest.mark.skipif(os.name != "posix", reason="a farm of several nodes was not tried there"),
]


FORMATS = ("ffv1", "prores", "dnxhr", "h264", "hevc", "webm")  # every encoder that there is
Material = tuple[Path, Path]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Program]]:
    """A folder with the server's data, and the node north."""
    folder = tmp_path_factory.mktemp("farm")
    programs = [head(folder / "data", 24_100)]
    try:
        programs[0].started()
        programs.append(node(folder / "data", "north", 24_500, own=folder / "node", devices="cpu=2").started())
        yield folder, programs[1]
    finally:
        for program in reversed(programs):
            program.end()


@pytest.fixture(scope="module")
def material(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Material:
    """A second of a clip, and words for it."""
    folder = tmp_path_factory.mktemp("material")
    clip = making.write_clip(folder / "clip.mp4", making.pictures(people / "grid" / "bbaf2n.mpg")[10:34])
    return clip, making.write_sound(folder / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[4000:20000])


async def rendered(services: Services, folder: Path, material: Material) -> dict[str, tuple[Path, list[str]]]:
    """The take of each format, and in which slots its segments were drawn."""
    shots = tuple(
        ShotRequest(
            video=MediaRef(path=str(material[0])),
            speech=MediaRef(path=str(material[1])),
            settings=msgspec.structs.replace(RENDER, format=format),
        )
        for format in FORMATS
    )
    paths = [Shot(video=str(material[0]), speech=str(material[1]))] * len(shots)
    job = await asyncio.to_thread(services.store.submit, JobRequest(shots=shots), paths, folder=str(folder / "takes"))
    done = await ended(services, job.job.id, 400)
    assert done.job.state == "completed", [(shot.why, [one.reason for one in shot.attempts]) for shot in done.shots]
    return {
        format: (Path(shot.takes[0].path), [one.slot or "" for one in shot.attempts if one.task == "segment" and one.outcome == "done"])
        for format, shot in zip(FORMATS, done.shots, strict=True)
    }


@pytest.fixture(scope="module")
def alone(farm: tuple[Path, Program], material: Material, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, list[str]]]:
    """The takes of this machine without a farm, by the same plans: those are made on the server's machine either way."""
    folder = tmp_path_factory.mktemp("alone")

    async def render() -> dict[str, tuple[Path, list[str]]]:
        async with open_services(settings(folder, cache=farm[0] / "cache")) as services:
            return await rendered(services, folder, material)

    return asyncio.run(render())


@pytest_asyncio.fixture(scope="class", loop_scope="class")
async def services(farm: tuple[Path, Program], strangers: object) -> AsyncIterator[Services]:
    """A server whose farm is whole."""
    async with open_services(settings(farm[0], executor="ray")) as found:
        await until(lambda: found.executor.capacity == 3, 300)
        yield found


@pytest.fixture(scope="module")
def strangers(farm: tuple[Path, Program], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Programs that try to come in, without a token and with a wrong one. Ray tries for long, so it does while other tests go on."""
    folder = tmp_path_factory.mktemp("strangers")
    found = read_farm_file(farm[0] / "data")
    assert found is not None
    wrong = folder / "wrong.token"
    wrong.write_text("0" * 64)
    wrong.chmod(0o600)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"HOME": str(folder)}
    code = f"import ray; ray.init(address={found.address!r}, log_to_driver=False); print('came in')"
    started = []
    for variables in (plain, plain | environment(wrong)):
        variables.pop("RAY_AUTH_TOKEN", None)
        command = [sys.executable, "-P", "-c", code]
        started.append(subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    yield started
    for stranger in started:
        stranger.kill()
        stranger.wait()


METHODS = (
    "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "/ray.rpc.InternalKVGcsService/GetInternalConfig",
    "/ray.rpc.NodeManagerService/GetSystemConfig",
    "/ray.rpc.CoreWorkerService/GetCoreWorkerStats",
    "/ray.rpc.ObjectManagerService/Pull",
)


def farm_pids(folder: Path, node: Program) -> set[int]:
    """Of the head, the node and the bridge of this process, with all that they started."""
    head = json.loads((folder / "data" / "farm.json").read_text())["pid"]
    return {each.pid for pid in (head, node.pid, os.getpid()) for each in psutil.Process(pid).children(recursive=True)}


def listening(pids: set[int]) -> list[Any]:
    return [one for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN and one.pid in pids]


def status_of(host: str, port: int, token: str | None) -> int | None:
    """What an agent of Ray answers over HTTP; None = it speaks something else."""
    line = http.client.HTTPConnection(host, port, timeout=10)
    try:
        line.request("POST", "/get_or_create_runtime_env", headers={} if token is None else {"Authorization": f"Bearer {token}"})
        return line.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        line.close()


@pytest.mark.asyncio(loop_scope="class")
class TestServerWithFarm:
    """One server, and with it one bridge, for all of them."""

    async def test_a_take_of_a_farm_is_the_take_of_one_machine_whatever_its_format(
        self, services: Services, farm: tuple[Path, Program], material: Material, alone: dict[str, tuple[Path, list[str]]]
    ) -> None:
        """H.264, HEVC and VP9 write the same only with as many threads on each machine, which is one here."""
        takes = await rendered(services, farm[0], material)
        slots = {slot.partition(":")[0] for _, drawn in takes.values() for slot in drawn}
        assert "north" in slots
        assert len(slots) > 1
        for format, (path, drawn) in takes.items():
            assert len(drawn) == 3, "nothing was there already"
            assert making.same(making.planes(path), making.planes(alone[format][0])), format

    async def test_every_port_that_is_open_gives_a_stranger_nothing(self, services: Services, farm: tuple[Path, Program]) -> None:
        """Each is in the list that is printed; each is asked without the token, with a wrong one, and with ours, to see that the question
        was right. Ray listens on all addresses of the machine, whatever `--ip` says: this is what stands between a farm and its network."""
        folder, node = farm
        token = (folder / "data" / "farm.token").read_text().strip()
        found = {one.laddr.port: one for one in listening(farm_pids(folder, node))}
        assert {24100, 24101, 24102, 24103, 24501, 24502, 24503} <= set(found)
        for port in found:
            assert 0 <= port - 24100 <= 7 or 10 <= port - 24100 <= 210 or 1 <= port - 24500 <= 7 or 10 <= port - 24500 <= 210, port
        assert len(found) >= 9, "the bridge's and a slot's are among them"
        for port, one in found.items():
            host = "127.0.0.1" if one.laddr.ip in ("::", "0.0.0.0") else one.laddr.ip
            answered = []
            for method in METHODS:
                for wrong in (None, "0" * 64):
                    content, headers = answer_of(host, port, method, wrong)
                    assert content == b"", (port, method, wrong)
                    assert b"grpc-status\x010" not in headers, (port, method, wrong)
                answered.append(answer_of(host, port, method, token)[0])
            statuses = {status_of(host, port, wrong) for wrong in (None, "0" * 64)}
            assert statuses <= {None, 401, 403}, (port, statuses)
            assert any(answered) or statuses == {401} or statuses == {401, 403}, f"nothing that was asked is a question to port {port}"

    async def test_a_node_that_is_killed_in_the_middle_costs_attempts_and_nothing_else(
        self, services: Services, farm: tuple[Path, Program], material: Material, people: Path, tmp_path: Path
    ) -> None:
        """The last one here: the node is gone afterwards."""
        words = making.write_sound(tmp_path / "others.wav", making.speech(people / "grid" / "lrwp9a.mpg")[8000:24000])
        job = await submit(services, tmp_path, [(material[0], words)])
        await until(lambda: any(slot.busy for slot in services.executor.slots[1:]), 120)
        farm[1].kill()
        done = await ended(services, job.job.id, 250)
        assert done.job.state == "completed", [(a.slot, a.outcome, a.reason) for a in done.shots[0].attempts]
        assert services.executor.capacity == 1
        outcomes = {attempt.outcome for attempt in done.shots[0].attempts}
        assert outcomes <= {"done", "killed", "crashed"}


def test_a_stranger_without_the_token_is_refused(strangers: list[subprocess.Popen[bytes]]) -> None:
    for stranger in strangers:
        try:
            said, _ = stranger.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            stranger.kill()
            said, _ = stranger.communicate()
        assert said == b""
        assert stranger.returncode != 0


def test_a_take_of_a_node_that_fetches_is_the_take_of_one_machine(
    farm: tuple[Path, Program], material: Material, alone: dict[str, tuple[Path, list[str]]], tmp_path: Path
) -> None:
    """It shares no storage with the server: sources and plans come over the server's own door, and segments go back there."""
    there, slots = rendered_apart(farm[0] / "data", tmp_path, *material)
    assert "far:cpu" in slots, slots
    assert making.same(making.planes(there), making.planes(alone["ffv1"][0]))


def rendered_apart(head: Path, folder: Path, clip: Path, words: Path) -> tuple[Path, set[str | None]]:
    """A take whose segments were drawn here and on the node far, and in which slots they were. head: data folder of the farm's head."""
    data, cache = folder / "data", folder / "far" / "cache"
    data.mkdir(parents=True)
    shutil.copy2(head / "farm.json", data / "farm.json")  # the farm is there already
    server = Program(
        *("serve", "--executor", "ray", "--data", str(data), "--takes", str(folder / "takes"), "--cache", str(folder / "cache")),
        *("--port", "0", "--workers", "1", "--segment-frames", "8", "--no-measure-takes", "--no-make-previews"),
    )
    programs = [server]
    try:
        server.started()
        fetch = ("--fetch", str(data / "server.json"))
        programs.append(node(data, "far", 25_000, *fetch, own=folder / "far", HEYGEM_CACHE=str(cache)).started())
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
