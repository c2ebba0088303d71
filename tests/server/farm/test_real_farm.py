"""A farm of real nodes on this machine: the head, a node with two slots, and a server between them. Takes about two minutes."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from heygem_server.executors.farm.cluster import environment, read_farm_file
from heygem_server.executors.process_tree import kill_tree
from heygem_server.rendering.services import open_services
from tests.rendering import making

from ..rendering.running_services import RENDER, ended, settings, submit, until
from .grpc_call import answer_of

pytest.importorskip("ray")
pytestmark = [
    pytest.mark.full,
    pytest.mark.timeout(900),  # a busy machine starts a node in a minute and more
    pytest.mark.skipif(os.name != "posix", reason="a farm of several nodes was not tried there"),
]


class Program:
    """`heygem farm …` until the block ends."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-P", "-m", "heygem_server.cli", "farm", *arguments]
        self.arguments = arguments
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    @property
    def pid(self) -> int:
        return self._process.pid

    def started(self) -> None:
        assert self._process.stdout is not None
        said = []
        for line in self._process.stdout:
            said.append(line)
            if "Ports that it opens" in line:
                return
        raise AssertionError("".join(said))

    def end(self, number: int = signal.SIGTERM) -> int:
        self._process.send_signal(number)
        try:
            return self._process.wait(60)
        finally:
            kill_tree(self._process.pid)
            self._process.wait()


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Program]]:
    """A folder with the server's data, and the node north."""
    folder = tmp_path_factory.mktemp("farm")
    head = Program("start", "--data", str(folder / "data"), "--port", "24100")
    try:
        head.started()
        found = read_farm_file(folder / "data")
        assert found is not None
        join = ["join", found.address, "--token", found.token_file, "--data", str(folder / "node"), "--port", "24500"]
        node = Program(*join, "--name", "north", "--devices", "cpu=2")
        try:
            node.started()
            yield folder, node
        finally:
            node.end()
    finally:
        head.end()


@pytest.fixture(scope="module")
def material(people: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("material")
    clip = making.write_clip(folder / "clip.mp4", making.pictures(people / "grid" / "bbaf2n.mpg")[10:58])
    return clip, making.write_sound(folder / "words.wav", making.speech(people / "grid" / "lrwp9a.mpg")[4000:36000])


async def rendered(folder: Path, material: tuple[Path, Path], data: Path, format: str, **changes: Any) -> tuple[list[str], Path, str]:
    """In which slots the segments were drawn, the take, and its state."""
    async with open_services(settings(folder, data_folder=data, **changes)) as services:
        if changes:
            await until(lambda: services.executor.capacity == 3, 120)
        job = await submit(services, folder, [material], msgspec.structs.replace(RENDER, format=format))
        done = await ended(services, job.job.id, 200)
        attempts = [attempt for attempt in done.shots[0].attempts if attempt.task == "segment" and attempt.outcome == "done"]
        return [attempt.slot or "" for attempt in attempts], Path(done.shots[0].takes[0].path), done.job.state


@pytest.mark.parametrize("format", ["ffv1"])
async def test_a_take_of_a_farm_is_the_take_of_one_machine(
    format: str, farm: tuple[Path, Program], material: tuple[Path, Path], tmp_path: Path
) -> None:
    """In a format whose encoder looks at one frame alone; others are the same only with as many threads on each machine."""
    folder, _ = farm
    slots, there, state = await rendered(folder, material, folder / "data", format, executor="ray", cache=tmp_path / "shared-cache")
    assert state == "completed"
    assert any(slot.startswith("north:") for slot in slots), slots
    assert any(not slot.startswith("north:") for slot in slots), slots
    _, here, _ = await rendered(tmp_path, material, tmp_path / "data", format)
    assert making.same(making.planes(there), making.planes(here))


def test_a_stranger_without_the_token_is_refused(farm: tuple[Path, Program], tmp_path: Path) -> None:
    found = read_farm_file(farm[0] / "data")
    assert found is not None
    wrong = tmp_path / "wrong.token"
    wrong.write_text("0" * 64)
    wrong.chmod(0o600)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | {"HOME": str(tmp_path)}
    code = f"import ray; ray.init(address={found.address!r}, log_to_driver=False); print('came in')"
    for variables in (plain, plain | environment(wrong)):
        variables.pop("RAY_AUTH_TOKEN", None)
        stranger = subprocess.Popen([sys.executable, "-P", "-c", code], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            said, _ = stranger.communicate(timeout=45)  # Ray tries for long
        except subprocess.TimeoutExpired:
            stranger.kill()
            said, _ = stranger.communicate()
        assert said == b""
        assert stranger.returncode != 0


async def test_every_port_that_is_open_gives_a_stranger_nothing(farm: tuple[Path, Program], tmp_path: Path) -> None:
    """Each is in the list that is printed; each is asked without the token, with a wrong one, and with ours, to see that the question was
    right. Ray listens on all addresses of the machine, whatever `--ip` says, so this is what stands between a farm and its network."""
    folder, node = farm
    token = (folder / "data" / "farm.token").read_text().strip()
    async with open_services(settings(tmp_path, data_folder=folder / "data", executor="ray")) as services:
        await until(lambda: services.executor.capacity == 3, 120)
        found = {one.laddr.port: one for one in listening(farm_pids(node))}
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


METHODS = (
    "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo",
    "/ray.rpc.InternalKVGcsService/GetInternalConfig",
    "/ray.rpc.NodeManagerService/GetSystemConfig",
    "/ray.rpc.CoreWorkerService/GetCoreWorkerStats",
    "/ray.rpc.ObjectManagerService/Pull",
)


def farm_pids(node: Program) -> set[int]:
    """Of the head, the node and the bridge of this process, with all that they started."""
    head = json.loads((Path(node.arguments[node.arguments.index("--data") + 1]).parent / "data" / "farm.json").read_text())["pid"]
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


async def test_a_node_that_is_killed_in_the_middle_costs_attempts_and_nothing_else(
    farm: tuple[Path, Program], material: tuple[Path, Path], tmp_path: Path
) -> None:
    """The last test: the node is gone afterwards."""
    folder, node = farm
    chosen = settings(folder, executor="ray", segment_frames=16, takes_folder=tmp_path / "takes", cache=tmp_path / "cache")
    async with open_services(chosen) as services:
        await until(lambda: services.executor.capacity == 3, 120)
        job = await submit(services, folder, [material])
        await until(lambda: any(slot.busy for slot in services.executor.slots[1:]), 120)
        kill_tree(node.pid)
        done = await ended(services, job.job.id, 250)
        assert done.job.state == "completed", [(a.slot, a.outcome, a.reason) for a in done.shots[0].attempts]
        assert services.executor.capacity == 1
        outcomes = {attempt.outcome for attempt in done.shots[0].attempts}
    assert outcomes <= {"done", "killed", "crashed"}
