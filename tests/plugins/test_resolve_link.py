"""The Resolve panel's way to the server and its window: finding, proving, starting, arrivals, one panel at a time."""

from __future__ import annotations

import asyncio
import hmac
import http.server
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from aiohttp import web

from heygem_host import incoming_takes, schema_checks, server_discovery
from heygem_host.connection import ServerConnection, Settings
from heygem_host.errors import HostError
from heygem_host.panel import Panel
from heygem_resolve.editor import Editor
from heygem_resolve.panel.resolve_side import ResolveSide
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.node import run_node
from tests.plugins.protocol import SCHEMA
from tests.plugins.real_server import until


@pytest.fixture
def squatter() -> Iterator[tuple[str, list[str]]]:
    """Another program on the server's port, which writes down what it is told."""
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(f"{self.path} {self.headers} {self.rfile.read(int(self.headers['Content-Length']))!r}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"hmac": "0" * 64}).encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            return

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def test_a_program_that_took_the_servers_port_gets_no_token(squatter, tmp_path):
    url, heard = squatter
    (tmp_path / "server.json").write_text(json.dumps({"url": url, "token": "id.secret", "certificate": None}))
    with pytest.raises(HostError, match="not the render server") as caught:
        server_discovery.find(str(tmp_path / "server.json"))
    assert caught.value.kind == "Impostor"
    assert len(heard) == 1
    assert "secret" not in heard[0]


def test_the_cep_panels_core_gives_it_no_token_either(squatter, tmp_path):
    url, heard = squatter
    (tmp_path / "server.json").write_text(json.dumps({"url": url, "token": "id.secret", "certificate": None}))
    code = f"""
const {{ makeMachine }} = require('./plugins/premiere_cep/machine.js');
const {{ find }} = require('./plugins/shared/server-discovery.js');
const file = {json.dumps(str(tmp_path / "server.json"))};
find(makeMachine({{ command: [] }}), file).then(() => process.exit(9), (problem) => console.log(problem.heygem));
"""
    ran = run_node("-e", code)
    assert ran.stdout.strip() == "Impostor", ran.stderr
    assert "secret" not in "".join(heard)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 3}'])
def test_a_damaged_server_file_is_no_server(tmp_path, text):
    (tmp_path / "server.json").write_text(text)
    with pytest.raises(HostError, match="heygem serve"):
        server_discovery.find(str(tmp_path / "server.json"))


class Started:
    """The data folder of a server that a panel starts; ends what was started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "data" / "server.json"
        (folder / "server.toml").write_text("")
        given = {"DATA_FOLDER": folder / "data", "TAKES_FOLDER": folder / "takes", "CACHE": folder / "cache", "PORT": 0, "WORKERS": 1}
        for name, value in {**given, "CONFIG": folder / "server.toml"}.items():
            monkeypatch.setenv(f"HEYGEM_{name}", str(value))

    def stop(self) -> None:
        """A server that is still starting has no file yet: without waiting for it, it would outlive the tests."""
        until(self.file.exists, 90, "no server was started")
        os.kill(json.loads(self.file.read_text())["pid"], signal.SIGTERM)
        until(lambda: not self.file.exists(), 60, "the server did not stop")


class Remembering(Panel):
    """Knows every state it was in: on a busy machine several come between two looks, and the last one hides the others."""

    states: list[str]

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "state":
            self.__dict__.setdefault("states", []).append(value)
        super().__setattr__(name, value)


@pytest.fixture
def started(tmp_path, monkeypatch):
    found = Started(tmp_path, monkeypatch)
    yield found
    found.stop()


def test_the_panel_starts_the_server_where_none_runs(started):
    link = ServerConnection(Settings(str(started.file), (sys.executable, "-m", "heygem_server.cli")))
    resolve = Resolve()
    resolve.new_project()
    panel = Remembering(ResolveSide(Editor(resolve), "resolve-x"), link)
    link.start()
    try:
        until(lambda: panel.connected, 90, f"never connected: {panel.states}", lambda: (panel.step(), link.join(0.05)))
    finally:
        link.stop()
        link.join(5)
    assert "The render server is starting …" in panel.states


def test_the_cep_panels_node_side_starts_it_too(started):
    code = f"""
const {{ makeMachine }} = require('./plugins/premiere_cep/machine.js');
const {{ find, hostToken }} = require('./plugins/shared/server-discovery.js');
const machine = makeMachine({{ command: {json.dumps([sys.executable, "-m", "heygem_server.cli"])} }});
const file = {json.dumps(str(started.file))};
(async () => {{
  await machine.startServer();
  let last = null;
  for (const began = Date.now(); Date.now() - began < 90000;) {{
    try {{
      const server = await find(machine, file);
      console.log((await hostToken(machine, server, 'premiere-x', 'p')).length > 40);
      return;
    }}
    catch (problem) {{ last = problem; await new Promise((resolve) => setTimeout(resolve, 200)); }}
  }}
  throw last;
}})();
"""
    ran = run_node("-e", code)
    assert ran.stdout.strip() == "true", ran.stderr


def test_a_program_that_is_gone_is_a_sentence(tmp_path):
    with pytest.raises(HostError, match="install resolve"):
        server_discovery.start([str(tmp_path / "no such python")], "heygem install resolve")


PLAIN_START = """
const {{ makeMachine }} = require({module});
makeMachine({{ command: {command} }}).startServer().then(() => process.exit(0));
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a script with a first line")
@pytest.mark.parametrize("panel", ["resolve", "premiere"])
def test_the_server_is_started_in_its_programs_own_folder(panel, tmp_path, monkeypatch):
    """A command that was installed before holds no -P, and an editor may stand in any folder, where modules of a stranger may lie."""
    program, said = tmp_path / "bin" / "program", tmp_path / "said"
    program.parent.mkdir()
    os.mkfifo(said)
    program.write_text(f'#!/bin/sh\necho "$(pwd) $PYTHONSAFEPATH $*" > "{said}"\n')
    program.chmod(0o755)
    command = [str(program), "-m", "heygem_server.cli"]
    monkeypatch.chdir(tmp_path)
    if panel == "resolve":
        server_discovery.start(command, "heygem install resolve")
    else:
        module = json.dumps(str(Path(__file__).parents[2] / "plugins" / "premiere_cep" / "machine.js"))
        assert run_node("-e", PLAIN_START.format(module=module, command=json.dumps(command))).returncode == 0
    assert said.read_text() == f"{program.parent} 1 -m heygem_server.cli serve\n"


def take(id: str, shot: str, version: int, *placed: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "shot": shot, "version": version, "created": float(version), "placed": [{"host": host} for host in placed],
            "path": f"/t/{id}.mov", "name": id, "frames": 34, "rate": "25/1", "missing": False, **more}  # fmt: skip


def test_only_the_newest_version_that_this_editor_has_not_placed_is_due():
    takes = [
        take("a1", "a", 1),
        take("a2", "a", 2),
        take("b1", "b", 1, "me"),
        take("c1", "c", 1, "somebody else"),
        take("d1", "d", 1, missing=True),
    ]
    assert [one["id"] for one in incoming_takes.due(takes, "me")] == ["c1", "a2"]


def spot(**more: Any) -> dict[str, Any]:
    return {
        "project": "p",
        "sequence": "s",
        "clip": "c",
        "track": 1,
        "record_start": 5,
        "record_duration": 24,
        "rate": "25/1",
        "handles": 5,
        **more,
    }


@pytest.mark.parametrize(
    ("others", "project", "wanted"),
    [
        ([], "p", "host.place"),
        ([take("a1", "a", 1, "me")], "p", "host.switchTake"),
        ([take("a1", "a", 1, "somebody else")], "p", "host.place"),
        ([take("b1", "b", 1, "me")], "p", "host.place"),
        ([take("a1", "a", 1, "me")], "another", None),
    ],
)
def test_an_arrival_is_placed_or_switched_to_and_lies_as_the_server_says(others, project, wanted):
    newest = take("a2", "a", 2)
    placing = {"take": "a2", "file": "/t/a2.mov", "placement": spot(), "handles": 5, "frames": 24}
    call = incoming_takes.call_for(newest, placing, project, [*others, newest], "me")
    assert call == (None if wanted is None else {"method": wanted, "params": placing})


class OneAnswerServer:
    """Asks for the selection, hangs up before the answer can come, and then asks something else under the same number."""

    def __init__(self, folder: Path) -> None:
        self.said: list[list[dict[str, Any]]] = []
        self.file = folder / "server.json"
        self.app = web.Application()
        self.app.router.add_post("/api/v1/prove", self.prove)
        self.app.router.add_post("/api/v1/tokens", self.token)
        self.app.router.add_get("/api/v1/takes", self.takes)
        self.app.router.add_get("/api/v1/events", self.events)

    async def token(self, request: web.Request) -> web.Response:
        return web.json_response({"token": "a.b", "scope": "host"})

    async def takes(self, request: web.Request) -> web.Response:
        return web.json_response({"takes": [], "next": None})

    async def prove(self, request: web.Request) -> web.Response:
        nonce = (await request.json())["nonce"]
        return web.json_response({"hmac": hmac.new(b"id.secret", f"heygem-server:{nonce}".encode(), "sha256").hexdigest()})

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        heard: list[dict[str, Any]] = []
        self.said.append(heard)
        await socket.receive_json()
        await socket.send_json({"type": "welcome", "epoch": "e", "seq": 0, "scope": "host"})
        method = "host.selection" if len(self.said) == 1 else "host.nothing"
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": method, "params": {}})
        if len(self.said) == 1:
            await asyncio.sleep(0.2)
            await socket.close()
            return socket
        async for message in socket:
            heard.append(message.json())
        return socket


async def test_an_answer_never_goes_to_another_connection_than_the_one_that_asked(tmp_path):
    """A restarted server counts from 1 again: a late answer to its predecessor's request 1 would be taken for the answer to its own."""
    server = OneAnswerServer(tmp_path)
    runner = web.AppRunner(server.app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    server.file.write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "token": "id.secret", "certificate": None}))
    resolve = Resolve()
    resolve.new_project()
    panel = Panel(ResolveSide(Editor(resolve), "resolve-x"), ServerConnection(Settings(str(server.file))))
    panel._look_at_project()
    panel.link.start()
    try:
        async with asyncio.timeout(60):
            while len(server.said) < 2:  # the editor is busy until the second connection stands
                await asyncio.sleep(0.05)
            while not any("error" in each for each in server.said[1]):  # requests are answered in their order: the late one comes first
                panel.step()
                await asyncio.sleep(0.02)
    finally:
        panel.link.stop()
        await asyncio.to_thread(panel.link.join, 5)
        await runner.cleanup()
    [answer] = server.said[1]
    assert answer["error"]["data"] == {"error": "UnknownMethod", "code": "panel.unknown-method", "params": {"method": "host.nothing"}}


CHECKED = [
    ("host.place", {}, "is missing"),
    ("host.markers", {"placement": spot(), "markers": [{"record_start": 1, "record_duration": 1, "name": 5}]}, "markers[0].name"),
    ("host.markers", {"placement": spot(rate="1"), "markers": []}, "placement.rate"),
    ("host.reveal", {"placement": {**spot(), "evil": 1}}, "placement.evil is unknown"),
    ("host.reveal", {"placement": spot(track=True)}, "placement.track"),
    ("host.reveal", {"placement": spot(clip=None)}, None),
    ("host.selection", {"x": 1}, "x is unknown"),
    ("host.export", {"items": ["a"], "kind": "smell", "folder": "/f"}, "kind must be one of"),
]


FAULTS = """
const { faults } = require('./plugins/shared/schema-checks.js');
console.log(JSON.stringify(faults(...JSON.parse(process.argv[1]))));
"""


@pytest.mark.parametrize(("method", "params", "wanted"), CHECKED)
def test_both_panels_check_parameters_alike_and_as_jsonschema_does(method, params, wanted):
    rule, definitions = SCHEMA["methods"][method]["params"], SCHEMA["$defs"]
    python = schema_checks.faults(params, rule, definitions)
    javascript = json.loads(run_node("-e", FAULTS, json.dumps([params, rule, definitions])).stdout)
    assert bool(python) == bool(javascript) == (not jsonschema.Draft202012Validator({**rule, "$defs": definitions}).is_valid(params))
    if wanted is None:
        assert python == []
    else:
        assert any(wanted in line for line in python)
        assert any(wanted in line for line in javascript)


def test_what_is_too_long_is_refused_by_both():
    rule = {"type": "array", "maxItems": 1, "items": {"type": "string", "maxLength": 2}}
    for value in (["a", "b"], ["abc"], ["ab"]):
        javascript = json.loads(run_node("-e", FAULTS, json.dumps([value, rule, {}])).stdout)
        assert bool(schema_checks.faults(value, rule, {})) == bool(javascript) == (value != ["ab"])
