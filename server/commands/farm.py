"""`heygem farm`: makes several machines render for one server. `start` beside the server, `join` on every other machine, both in the
foreground until Ctrl-C or `leave`; `status` says what the server sees."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heygem_core.errors import SetupError, SpecError
from heygem_core.messages import here, tell
from heygem_core.printable import printable

if TYPE_CHECKING:
    from ..settings import ServerSettings

_STARTED = "Ray runtime started"
_TOO_SLOW = "timed out during startup"  # of Ray, which waits for its own processes for half a minute and no longer
_TRIES = 3  # of such a start: a machine may be busy
_GOES_S = 40.0  # Ray hands over for up to half a minute
_JOINED_PORT = 7737  # of a node: not the head's, so that both can be on one machine


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("farm", help="let several machines render", description="Starts, joins and shows a farm of machines.")
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    start = deeds.add_parser(
        "start", help="start the farm, beside the server", description="Starts the head of a farm in the foreground; it renders nothing."
    )
    join = deeds.add_parser("join", help="let this machine render for a farm", description="Joins a farm in the foreground, until Ctrl-C.")
    join.add_argument("head", metavar="HOST:PORT", help="address of the farm, as `heygem farm start` printed it")
    join.add_argument("--token", type=Path, required=True, metavar="FILE", help="copy of farm.token of the server's data folder")
    join.add_argument("--name", help="what this machine is called (default: its host name)")
    join.add_argument("--devices", nargs="+", default=[], metavar="DEVICE", help="what it draws on, such as cuda:0=2 cpu=4")
    join.add_argument("--workers", type=int, metavar="N", help="tasks at once, where no devices are named (default: one a core, at most 8)")
    join.add_argument("--threads", type=int, default=1, metavar="N", help="threads of each of them")
    join.add_argument(
        "--map", nargs="+", default=[], metavar="SERVERS=OURS", dest="maps", help="a folder as the server calls it and as this machine does"
    )
    join.add_argument(
        "--fetch",
        type=Path,
        metavar="PASS",
        help="where storage is not shared: fetch files from the server, by a pass (heygem pass PASS)",
    )
    for each, port in ((start, None), (join, _JOINED_PORT)):
        each.add_argument("--ip", metavar="ADDRESS", help="address of this machine that the others call (default: the one towards them)")
        each.add_argument(
            "--port", type=int, default=port, metavar="N", help="first of the ports that it opens (default: 7437; to join 7737)"
        )
    status = deeds.add_parser("status", help="say which nodes there are", description="Asks the running server for its farm.")
    leave = deeds.add_parser("leave", help="end what runs here", description="Ends `heygem farm start` or `join` on this machine.")
    for each in (start, status, leave, join):
        each.add_argument("--data", type=Path, metavar="DIR", help="data folder of the server (default: that of the settings)")
    start.set_defaults(run=_start)
    join.set_defaults(run=_join)
    status.set_defaults(run=_status)
    leave.set_defaults(run=_leave)


def _start(options: argparse.Namespace) -> int:
    from ..executors.farm.cluster import USUAL_PORT, FarmFile, farm_file, make_token, name_here, refuse_without_ray, write_farm_file
    from ..executors.farm.lines import NodeSetup
    from ..security.private_files import make_private_folder

    refuse_without_ray()
    folder = options.data or _settings().data_folder
    make_private_folder(folder)
    token, port, ip = make_token(folder / "farm.token"), options.port or USUAL_PORT, options.ip or _address_towards(None)
    setup = NodeSetup(name=name_here(), workers=0)

    def started() -> None:
        write_farm_file(folder, FarmFile(address=f"{ip}:{port}", pid=os.getpid(), token_file=str(token.absolute())))
        print(f"On every other machine, with a copy of {printable(token)}: heygem farm join {ip}:{port} --token FILE")
        print("Beside this: heygem serve --executor ray")

    try:
        return _run(folder, token, setup, ip=ip, port=port, head=None, started=started)
    finally:
        farm_file(folder).unlink(missing_ok=True)


def _join(options: argparse.Namespace) -> int:
    from ..executors.farm.cluster import checked_token, name_here, refuse_without_ray
    from ..executors.farm.facts import slots_here
    from ..executors.farm.fetching import checked_pass
    from ..executors.farm.lines import NodeSetup
    from ..security.private_files import make_private_folder
    from ..settings import default_workers

    refuse_without_ray()
    if ":" not in options.head:
        raise SpecError("farm.no-address", text=options.head)
    maps = tuple(_map(text) for text in options.maps)
    setup = NodeSetup(
        name=options.name or name_here(),
        devices=tuple(options.devices),
        workers=default_workers() if options.workers is None else options.workers,
        threads=options.threads,
        path_maps=maps,
        server_pass=None if options.fetch is None else checked_pass(options.fetch),
    )
    slots = slots_here(setup)
    folder = options.data or _settings().data_folder
    make_private_folder(folder)
    token, ip = checked_token(options.token), options.ip or _address_towards(options.head)

    def started() -> None:
        print(f"{printable(setup.name)} has joined with {', '.join(slot.name for slot in slots)}.")

    return _run(folder, token, setup, ip=ip, port=options.port, head=options.head, started=started)


def _run(folder: Path, token: Path, setup: Any, *, ip: str, port: int, head: str | None, started: Callable[[], None]) -> int:
    """A node in the foreground. Raises: SetupError — Ray does not start."""
    from ..executors.farm.cluster import node_process, ports

    command, environment = node_process(token, setup, ip=ip, port=port, head=head)

    def begun() -> None:
        started()
        print(f"Ports that it opens on {ip}: {ports(port)}. Keep them to machines that you trust.", flush=True)

    note = folder / ("farm-head.json" if head is None else "farm-node.json")
    try:
        note.write_text(json.dumps({"pid": os.getpid()}))
        for _ in range(_TRIES):
            code, words = _once(command, environment, begun)
            if _TOO_SLOW not in words:
                break
    finally:
        note.unlink(missing_ok=True)
    raise SetupError("farm.node-ended", exit_code=code, words=words[:300])


def _once(command: list[str], environment: dict[str, str], started: Callable[[], None]) -> tuple[int, str]:
    """One life of Ray's command: how it ended, and its last words. It ends with this process."""
    from heygem_core.machine.python_process import apart, detached

    from ..executors.process_tree import kill_tree

    node = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **(apart(stdin=subprocess.DEVNULL, **environment) | detached()),
    )
    said: deque[str] = deque(maxlen=20)
    try:
        assert node.stdout is not None
        for line in node.stdout:
            said.append(line.strip())
            if _STARTED in line:
                started()
        return node.wait(), next((line for line in reversed(said) if line), "")
    finally:
        if node.poll() is None:
            node.terminate()
            with suppress(subprocess.TimeoutExpired):
                node.wait(_GOES_S)
            kill_tree(node.pid)


def _status(options: argparse.Namespace) -> int:
    from ..client import Client

    with Client.connect(options.data) as client:
        info = client.info()
    if info.farm_trouble is not None:
        print(here(info.farm_trouble))
    for node in info.nodes:
        why = "" if node.reason is None else f" {here(node.reason)}"
        print(f"{printable(node.name)} {printable(node.address)} {node.state}, {node.slots} slots.{why}")
    for slot in info.slots:
        piece = "" if slot.segment is None else f" {slot.segment}"
        doing = "free" if slot.task is None else f"{slot.task} of {slot.job} {slot.shot}{piece}"
        print(f"  {printable(slot.name)}: {doing}")
    return 0


def _leave(options: argparse.Namespace) -> int:
    folder, found = options.data or _settings().data_folder, False
    for name in ("farm-node.json", "farm-head.json"):
        with suppress(OSError, ValueError, ProcessLookupError):
            pid = int(json.loads((folder / name).read_text())["pid"])
            if _is_farm(pid):
                os.kill(pid, signal.SIGTERM)
                found = True
    print(here(tell("farm.leaves" if found else "farm.nothing-here")))
    return 0


def _is_farm(pid: int) -> bool:
    """Whether the process of that number is one of ours: another one may have got the number since."""
    import psutil

    with suppress(psutil.Error):
        return "farm" in psutil.Process(pid).cmdline()
    return False


def _map(text: str) -> tuple[str, str]:
    theirs, separator, ours = text.partition("=")
    if not (theirs and separator and ours):
        raise SpecError("farm.map-not-valid", text=text[:100])
    return theirs, ours


def _address_towards(head: str | None) -> str:
    """Of this machine, as the system would call the head, or any other machine; nothing is sent."""
    import socket

    host, _, port = (head or "192.0.2.1:9").rpartition(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking, suppress(OSError, ValueError):
        asking.connect((host, int(port)))
        return str(asking.getsockname()[0])
    return "127.0.0.1"


def _settings() -> ServerSettings:
    from ..settings import read_settings

    return read_settings()
