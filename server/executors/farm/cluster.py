"""How nodes of a farm are started: Ray's own command, always with a token, without its dashboard and without reports of use.

Ray leaves a cluster open to everybody on the network unless it is told otherwise, and whoever can talk to it can run programs on all nodes.
So no node is started but by `node_command` with `environment`, which name the token and its file.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
from pathlib import Path

from heygem_core.errors import MissingPackage, SpecError
from heygem_core.machine.python_process import python_module
from heygem_core.shot import Struct, from_json, to_json

from ...security.private_files import readable_by_others, write_private
from .lines import NODE, NodeSetup

RESOURCE = "heygem"  # what a node has that gives slots to the farm
USUAL_PORT = 7437  # of the head; the ports behind it are the head's and nodes' own
STORE_BYTES = 80_000_000  # only lines of text and previews travel
_WORKER_PORTS = 200
_HEAD_LOST_S = (
    15  # after which the bridge gives a head up that ended; Ray's own minute is for heads on machines far away, ours is on this one
)
_TOKEN_BYTES = 32


class FarmFile(Struct, frozen=True, kw_only=True):
    """farm.json in the server's data folder: where the head is that runs beside it."""

    address: str  # HOST:PORT
    pid: int  # of the `heygem farm` command
    token_file: str


def refuse_without_ray() -> None:
    """Raises: MissingPackage."""
    if importlib.util.find_spec("ray") is None:
        raise MissingPackage("farm.needs-ray")


def farm_file(data_folder: Path) -> Path:
    """Of a head."""
    return data_folder / "farm.json"


def read_farm_file(data_folder: Path) -> FarmFile | None:
    """None = `heygem farm start` does not run here. Raises: SpecError."""
    try:
        return from_json(farm_file(data_folder).read_bytes(), FarmFile)
    except OSError:
        return None


def write_farm_file(data_folder: Path, file: FarmFile) -> None:
    """Raises: OSError."""
    write_private(farm_file(data_folder), to_json(file))


def make_token(path: Path) -> Path:
    """A file with a new token that only this user can read; one that is there stays. Raises: SpecError, OSError."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_private(path, secrets.token_hex(_TOKEN_BYTES).encode())
    return checked_token(path)


def checked_token(path: Path) -> Path:
    """Raises: SpecError — no such file, no token in it, or others can read it."""
    try:
        token = path.read_text(encoding="ascii").strip()
        open_to_others = readable_by_others(path)
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError("farm.no-token", path=path, error=error) from error
    if len(token) < _TOKEN_BYTES:
        raise SpecError("farm.no-token", path=path, error="it is too short")
    if open_to_others:
        raise SpecError("farm.token-open", path=path)
    return path


def environment(token_file: Path) -> dict[str, str]:
    """The variables of every process of ours that has to do with Ray."""
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(checked_token(token_file).absolute()),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "1",
    }


def drop_own_token() -> None:
    """A token in the surroundings of this process would win over the file, also in its children."""
    os.environ.pop("RAY_AUTH_TOKEN", None)


def node_process(token_file: Path, setup: NodeSetup, *, ip: str, port: int, head: str | None) -> tuple[list[str], dict[str, str]]:
    """Command and variables that start a node in the foreground. head: HOST:PORT, None = this is the head.

    Raises: SpecError — the token cannot be used.
    """
    drop_own_token()
    own = [f"--{name}-port={port + k}" for k, name in enumerate(("node-manager", "object-manager", "runtime-env-agent"), start=1)]
    agents = [f"--{name}-port={port + k}" for k, name in enumerate(("dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export"), 4)]
    where = (
        ["--head", f"--port={port}", "--include-dashboard=false", f"--dashboard-port={port + 7}", "--no-monitor"]
        if head is None
        else [f"--address={head}"]
    )
    command = [
        *python_module("ray.scripts.scripts", "start", "--block", *where),
        *own,
        *agents,
        f"--min-worker-port={port + 10}",
        f"--max-worker-port={port + 10 + _WORKER_PORTS}",
        f"--node-ip-address={ip}",
        "--num-cpus=0",
        "--num-gpus=0",  # slots are ours: each of its processes is shown its own card
        f"--resources={json.dumps({RESOURCE: 1} if setup.workers or setup.devices else {})}",
        f"--object-store-memory={STORE_BYTES}",
        "--disable-usage-stats",
        "--include-log-monitor=false",  # logs stay where they are; it and the monitor are each a process that loads all of Ray
    ]
    return command, environment(token_file) | {NODE: to_json(setup).decode()}


def bridge_process(token_file: Path) -> tuple[list[str], dict[str, str]]:
    """The same for the bridge of a server. Raises: SpecError."""
    lost = {"RAY_gcs_rpc_server_reconnect_timeout_s": str(_HEAD_LOST_S)}
    return python_module("heygem_server.executors.farm.bridge"), environment(token_file) | lost


def ports(port: int) -> str:
    """All ports that a node opens, for people who write a rule for a firewall."""
    return f"{port}–{port + 7}, {port + 10}–{port + 10 + _WORKER_PORTS}"


def name_here() -> str:
    """What a node is called where nobody named it."""
    import socket

    return socket.gethostname().partition(".")[0] or str(os.getpid())
