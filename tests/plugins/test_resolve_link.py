"""The Resolve panel's way to the server and its window: finding, proving, starting, arrivals, one panel at a time."""

from __future__ import annotations

import asyncio
import hmac
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from heygem_core.shot import from_json
from heygem_resolve import arrivals, finding, running, submitting, window
from heygem_resolve.editor import Editor
from heygem_resolve.link import Link, Settings
from heygem_resolve.panel import Panel
from heygem_resolve.trouble import HostError
from heygem_server.api.timelines import TimelineRequest
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.media import make_clip, make_speech
from tests.plugins.node import run_node
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
        finding.find(str(tmp_path / "server.json"))
    assert caught.value.kind == "Impostor"
    assert len(heard) == 1
    assert "secret" not in heard[0]


def test_the_cep_panels_core_gives_it_no_token_either(squatter, tmp_path):
    url, heard = squatter
    (tmp_path / "server.json").write_text(json.dumps({"url": url, "token": "id.secret", "certificate": None}))
    code = f"""
const {{ makeMachine }} = require('./plugins/premiere_cep/machine.js');
const {{ find }} = require('./plugins/shared/server.js');
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
        finding.find(str(tmp_path / "server.json"))


class Started:
    """The data folder of a server that a panel starts; ends what was started."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = folder / "data" / "server.json"
        (folder / "server.toml").write_text("")
        given = {"DATA_FOLDER": folder / "data", "TAKES_FOLDER": folder / "takes", "CACHE": folder / "cache", "PORT": 0, "WORKERS": 1}
        for name, value in {**given, "CONFIG": folder / "server.toml"}.items():
            monkeypatch.setenv(f"HEYGEM_{name}", str(value))

    def stop(self) -> None:
        if self.file.exists():
            os.kill(json.loads(self.file.read_text())["pid"], signal.SIGTERM)
            until(lambda: not self.file.exists(), 20, "the server did not stop")


@pytest.fixture
def started(tmp_path, monkeypatch):
    found = Started(tmp_path, monkeypatch)
    yield found
    found.stop()


def test_the_panel_starts_the_server_where_none_runs(started):
    link = Link(Settings(str(started.file), (sys.executable, "-m", "heygem_server.cli")))
    resolve = Resolve()
    resolve.new_project()
    panel = Panel(Editor(resolve), link, "resolve-x")
    link.start()
    said: list[str] = []
    try:
        until(lambda: panel.connected, 60, f"never connected: {said}", lambda: (panel.step(), said.append(panel.state), link.join(0.05)))
    finally:
        link.stop()
        link.join(5)
    assert "The render server is starting …" in said


def test_the_cep_panels_node_side_starts_it_too(started):
    code = f"""
const {{ makeMachine }} = require('./plugins/premiere_cep/machine.js');
const {{ find, hostToken }} = require('./plugins/shared/server.js');
const machine = makeMachine({{ command: {json.dumps([sys.executable, "-m", "heygem_server.cli"])} }});
const file = {json.dumps(str(started.file))};
(async () => {{
  await machine.startServer();
  for (let tries = 0; tries < 300; tries += 1) {{
    try {{
      const server = await find(machine, file);
      console.log((await hostToken(machine, server, 'premiere-x', 'p')).length > 40);
      return;
    }}
    catch (problem) {{ await new Promise((resolve) => setTimeout(resolve, 200)); }}
  }}
}})();
"""
    ran = run_node("-e", code)
    assert ran.stdout.strip() == "true", ran.stderr


def test_a_program_that_is_gone_is_a_sentence(tmp_path):
    with pytest.raises(HostError, match="install resolve"):
        finding.start([str(tmp_path / "no such python")])


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
    assert [one["id"] for one in arrivals.due(takes, "me")] == ["c1", "a2"]


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
    ("placement", "given", "wanted"),
    [
        (spot(), {}, ("host.place", 24, 5)),
        (spot(rate="50/1"), {}, ("host.place", 12, 5)),
        (spot(rate="30000/1001", record_duration=25), {"rate": "24000/1001"}, ("host.place", 20, 5)),
        (spot(), {"frames": 10}, ("host.place", 10, 5)),
        (spot(project="another"), {}, None),
        (None, {}, None),
    ],
)
def test_an_arrival_is_placed_by_its_own_placement_in_both_panels(placement, given, wanted):
    """One decision written twice, in Python and in JavaScript: the two must agree."""
    one, shot = (
        take("a1", "a", 1, **given),
        {"request": {"placement": placement, "speech_start": "-2/5", "speech": {"path": "/films/new.wav"}}},
    )
    python = arrivals.request_for(one, shot, "p", [one], "me", "/data")
    code = "const { requestFor } = require('./plugins/shared/arrivals.js');"
    code += "console.log(JSON.stringify(requestFor(...JSON.parse(process.argv[1]))));"
    ran = run_node("-e", code, json.dumps([one, shot, "p", [one], "me", "/data"]))
    assert json.loads(ran.stdout) == python
    if wanted is None:
        assert python is None
    else:
        assert python is not None
        assert (python["method"], python["params"]["frames"], python["params"]["handles"]) == wanted
        assert python["params"]["speech"] == "/films/new.wav"
        assert Fraction(python["params"]["speech_start"]) == Fraction(-2, 5) + 5 / Fraction(one["rate"])


@pytest.mark.parametrize("path", ["/data/timelines/t1/speech/mix.wav", "/data/uploads/u1", None])
def test_speech_that_the_server_keeps_for_itself_never_goes_onto_a_timeline(path):
    shot = {"request": {"placement": spot(), "speech": {"path": path}}}
    one = take("a1", "a", 1)
    request = arrivals.request_for(one, shot, "p", [one], "me", "/data")
    assert request is not None
    assert "speech" not in request["params"]


def test_a_new_version_of_a_placed_shot_takes_the_place_of_the_old_one():
    takes = [take("a1", "a", 1, "me"), take("a2", "a", 2)]
    request = arrivals.request_for(takes[1], {"request": {"placement": spot()}}, "p", takes, "me", "/data")
    assert request is not None
    assert request["method"] == "host.switchTake"


def test_only_one_panel_runs_and_a_crash_frees_its_place(tmp_path):
    lock = str(tmp_path / "x" / "panel.lock")
    code = (
        f"import sys, time; sys.path.insert(0, {str(Path(running.__file__).parents[1])!r})\nfrom heygem_resolve.running import only_one\n"
    )
    code += f"with only_one({lock!r}) as first: print(first, flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline().strip() == "True"
    with running.only_one(lock) as first:
        assert not first
    other.kill()
    other.wait()
    with running.only_one(lock) as first:
        assert first


def test_the_editors_id_stays_the_same(tmp_path):
    assert running.host_id(str(tmp_path)) == running.host_id(str(tmp_path))


def test_quitting_resolve_ends_the_panel():
    resolve = Resolve()
    resolve.new_project()
    panel = Panel(Editor(resolve), Link(Settings("nowhere")), "resolve-x")
    panel.step()
    assert panel.alive
    resolve.app.broken = True
    for _ in range(4):
        panel._looked = -1
        panel.step()
    assert panel.alive, "objects die for a moment while a project is being opened"
    for _ in range(8):
        panel._looked = -1
        panel.step()
    assert not panel.alive


class OneAnswerServer:
    """Asks for the selection, hangs up before the answer can come, and then asks something else under the same number."""

    def __init__(self, folder: Path) -> None:
        self.said: list[list[dict[str, Any]]] = []
        self.file = folder / "server.json"
        self.app = web.Application()
        self.app.router.add_post("/api/v1/prove", self.prove)
        self.app.router.add_post("/api/v1/tokens", lambda request: self.json({"token": "a.b", "scope": "host"}))
        self.app.router.add_get("/api/v1/takes", lambda request: self.json({"takes": [], "next": None}))
        self.app.router.add_get("/api/v1/events", self.events)

    async def json(self, value: Any) -> web.Response:
        return web.json_response(value)

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
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    server.file.write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "token": "id.secret", "certificate": None}))
    resolve = Resolve()
    resolve.new_project()
    panel = Panel(Editor(resolve), Link(Settings(str(server.file))), "resolve-x")
    panel._look_at_project()
    panel.link.start()
    try:
        for _ in range(200):  # the editor is busy until the second connection stands
            await asyncio.sleep(0.05)
            if len(server.said) == 2:
                break
        for _ in range(40):
            panel.step()
            await asyncio.sleep(0.02)
    finally:
        panel.link.stop()
        await asyncio.to_thread(panel.link.join, 5)
        await runner.cleanup()
    [answer] = server.said[1]
    assert answer["error"]["data"] == {"error": "UnknownMethod"}


class Toolkit:
    """As much of UIManager as public scripts show: widgets by id, a timer, a loop that fires it."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.items: dict[str, SimpleNamespace] = {}
        self.opened: list[str] = []
        self.On = SimpleNamespace()

    def FindWindow(self, name: str) -> None:
        return None

    def Label(self, given: dict[str, Any]) -> SimpleNamespace:
        self.items[given["ID"]] = SimpleNamespace(**{"Enabled": True, "Text": "", **given})
        return self.items[given["ID"]]

    Button = LineEdit = Label

    def HGroup(self, about: dict[str, Any], children: list[Any]) -> list[Any]:
        return children

    def VGroup(self, children: list[Any]) -> list[Any]:
        return children

    def Timer(self, given: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(Start=lambda: self.opened.append("timer"), Stop=lambda: self.opened.append("stopped"), **given)

    def UIDispatcher(self, toolkit: Toolkit) -> Toolkit:
        return self

    def AddWindow(self, about: dict[str, Any], contents: list[Any]) -> Any:
        told = self.opened.append
        self.window = SimpleNamespace(GetItems=lambda: self.items, Show=lambda: told("shown"), Hide=lambda: told("hidden"))
        buttons = {name: SimpleNamespace() for name in ("OpenPage", "Render", "Choose")}
        self.window.On = type("Events", (), {"__getitem__": lambda _, name: self.events, **buttons})()
        self.events = SimpleNamespace()
        return self.window

    def RunLoop(self) -> None:
        for _ in range(self.steps):
            self.On.Timeout({})
        self.window.On.Render.Clicked({})
        self.window.On.OpenPage.Clicked({})
        self.events.Close({})

    def ExitLoop(self) -> None:
        self.opened.append("left")


def test_the_window_shows_what_the_panel_knows_and_ends_with_it():
    resolve = Resolve()
    resolve.new_project()
    toolkit = Toolkit(steps=3)
    link = Link(Settings("nowhere"))
    panel = Panel(Editor(resolve, SimpleNamespace(UIManager=toolkit), toolkit), link, "resolve-x")
    job = {"id": "j", "name": "scene 4", "state": "active", "created": 1.0, "frames_done": 30, "frames_total": 120, "eta_s": 180.0}
    for entry in (("state", "Connected.", True), ("event", {"type": "snapshot", "jobs": [job]})):
        link.inbox.put(entry)
    window.run(panel)
    assert toolkit.items["State"].Text == "Connected."
    assert toolkit.items["Jobs"].Text == "scene 4: 25 %, 3 min left"
    assert toolkit.items["OpenPage"].Enabled
    assert toolkit.opened == ["shown", "timer", "left", "stopped", "hidden"]
    assert panel.said == "No timeline is open in Resolve: open one and try again."
    assert link.outbox.get_nowait() == ("page",)


def test_the_free_edition_is_told_what_it_cannot_do_and_where_to_go(tmp_path, capsys, monkeypatch):
    (tmp_path / "config.json").write_text(
        json.dumps({"command": [], "data_folder": str(tmp_path), "server_file": str(tmp_path / "server.json")})
    )
    resolve = Resolve(version=(20, 2), studio=False)
    resolve.new_project()
    monkeypatch.setattr(running, "without_window", lambda panel: None)
    assert running.run(resolve, SimpleNamespace(), SimpleNamespace(), str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "free edition" in said
    assert "OTIO" in said
    assert not resolve.app.broken


@pytest.fixture
def told(tmp_path):
    """A panel over three selected clips with speech under them, as the button of the window finds it."""
    make_clip(tmp_path / "a.mov", rate=Fraction(25), frames=40)
    make_speech(tmp_path / "speech.wav", 2)
    resolve = Resolve()
    resolve.new_project()
    timeline = resolve.new_timeline()
    timeline.selected = [resolve.add_clip(timeline, str(tmp_path / "a.mov"), start=start, length=10) for start in (0, 10, 20)]
    resolve.add_sound(timeline, str(tmp_path / "speech.wav"), start=0, length=30, track=2)
    return Panel(Editor(resolve), Link(Settings("nowhere")), "resolve-x"), timeline


def test_the_button_submits_what_is_selected_in_the_servers_own_words(told):
    panel, _ = told
    panel.render(None)
    kind, path, body = panel.link.outbox.get_nowait()
    assert (kind, path) == ("submit", "/api/v1/timelines")
    request = from_json(json.dumps(body), TimelineRequest)
    assert len(request.selection.ids) == 4
    assert (request.settings.sound, request.settings.format) == ("none", "dnxhr")
    assert (request.origin.host, request.origin.project) == ("resolve-x", request.selection.project)


def test_a_file_is_the_speech_instead_of_what_lies_under_the_clips(told):
    panel, _ = told
    panel.render("/films/new.wav")
    request = from_json(json.dumps(panel.link.outbox.get_nowait()[2]), TimelineRequest)
    assert (request.selection.speech, request.selection.speech_from) == ("/films/new.wav", "clip")
    assert len(request.selection.ids) == 3


def test_nothing_selected_and_nothing_said_are_sentences(told):
    panel, timeline = told
    timeline.DeleteClips([item for _, item in [(0, timeline.tracks["audio"][1].items[0])]])
    panel.render(None)
    assert "No speech" in panel.said
    timeline.selected = []
    panel.render(None)
    assert "No clip is selected" in panel.said
    assert panel.link.outbox.empty()


def test_what_became_of_a_submission_is_said():
    shot = {"clip": "a.mov", "error": None, "needs_host_export": None}
    bad = {**shot, "clip": "b.mov", "error": "It is offline."}
    job = {"job": {"shots_total": 1}}
    assert submitting.outcome({"job": job, "conformed": {"shots": [shot, bad]}}) == "1 clip is being rendered. b.mov: It is offline."
    assert submitting.outcome({"job": None, "conformed": {"shots": [bad]}}) == "Nothing can be rendered. b.mov: It is offline."
