"""An editor of another package: one description, and a script over `heygem_host` that connects to a real server and places takes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_core.shot import Shot
from heygem_plugins.installing.machine import Machine
from heygem_server.cli import main
from heygem_server.commands.install import carry_out
from heygem_server.store import Store
from heygem_server.wire import JobRequest, MediaRef, Origin, Placement, ShotRequest

from ..plugins.conftest import PLUGINS  # puts heygem_host on the path, as an editor's Python has it
from ..server.http.running import Server, running, told
from ..server.http.test_hosts import call, editor, wait_for
from ..server.rendering import jobs as making
from .packages import found, install

SOURCE = """
from heygem_server.hosts.editors import Editor, Installer
from heygem_server.wire import Laying

TOY = Editor(
    name="toy",
    title="Toy Editor",
    short_title="Toy",
    capabilities=("place.track", "place.take"),
    settings={"format": "ffv1", "fit": "hold"},
    laying=Laying(mute="clip"),
    install=Installer(parts="toy_editor:parts", what="the script for Toy Editor", next_step="Restart Toy Editor."),
)
NO_SUCH_FORMAT = dict(name="broken", title="", short_title="", settings={"frmt": "ffv1"})


def __getattr__(name):
    if name == "BROKEN":
        return Editor(**NO_SUCH_FORMAT)
    raise AttributeError(name)


def parts(machine):
    from heygem_plugins.installing import sources
    from heygem_plugins.installing.parts import Folder

    return [Folder(path=machine.home / "Toy", files={**sources.host_client(), "toy.py": b"import heygem_host"})]


class ToySide:
    '''The editor: a timeline is a list of the files that were placed.'''

    name = "Toy"

    def __init__(self, schema):
        from heygem_host.rpc_dispatch import Dispatcher

        self.timeline = []
        self._dispatcher = Dispatcher("Toy", {"host.place": lambda side, params: side.place(params)}, schema)

    def hello(self):
        return {"id": "toy-1", "app": "toy", "version": "1", "project": "p1", "project_name": "Film", "capabilities": ["host.place"]}

    def open_project(self):
        return "p1"

    def answer(self, request):
        return self._dispatcher.answer(self, request)

    def place(self, params):
        already = params["file"] in self.timeline
        self.timeline += [] if already else [params["file"]]
        spot = params["placement"]
        return {"take": params["take"], "already": already, "track": 2, "not_copied": [], "notices": [],
                "record_start": spot["record_start"], "record_duration": spot["record_duration"]}
"""

HELLO = {"app": "toy", "id": "toy-1"}


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    entries = {"toy": "TOY", "broken": "BROKEN", "resolve": "TOY"}
    folder = install(tmp_path_factory.mktemp("site"), "toy_editor", SOURCE, "heygem.editors", **entries)
    with found(folder):
        yield


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("editors"), renders=False) as server:
        yield server


@pytest.fixture
def panel(server: Server) -> Iterator[Any]:
    """The toy's script at work, as it would be inside the editor."""
    import toy_editor

    from heygem_host.connection import ServerConnection, Settings
    from heygem_host.panel import Panel
    from heygem_host.rpc_dispatch import load_schema

    link = ServerConnection(Settings(str(server.settings.data_folder / "server.json"), editor="Toy"))
    panel = Panel(toy_editor.ToySide(load_schema(str(PLUGINS / "protocol"))), link)

    def work() -> None:
        while panel.alive and not link.ended.is_set():
            panel.step(0.05)

    link.start()
    threading.Thread(target=work, daemon=True).start()
    try:
        yield panel
    finally:
        panel.alive = False
        link.stop()
        link.join(10)


def test_the_server_describes_it_to_the_page(server: Server) -> None:
    kinds = {kind["name"]: kind for kind in server.ask("GET", "/api/v1/info").json["editors"]}
    wanted = ["premiere", "resolve", "blender", "script", "toy"]
    assert list(kinds) == wanted, "a broken one costs its own alone, and none that ships is replaced"
    toy = kinds["toy"]
    assert (toy["title"], toy["short_title"], toy["capabilities"]) == ("Toy Editor", "Toy", ["place.track", "place.take"])
    assert (toy["settings"], toy["laying"]["mute"]) == ({"format": "ffv1", "fit": "hold"}, "clip")
    assert kinds["resolve"]["title"] == "DaVinci Resolve"
    document = server.ask("GET", "/api/v1/openapi.json").json
    assert "toy" in document["components"]["schemas"]["HostHello"]["properties"]["app"]["enum"]


def test_it_connects_and_places_what_was_rendered_for_it(server: Server, panel: Any) -> None:
    """A take that waits is placed by itself; asked again, it lies there already."""
    wait_for(lambda: panel.connected)
    (view,) = server.ask("GET", "/api/v1/hosts").json
    assert (view["app"], view["project_name"], view["capabilities"]) == ("toy", "Film", ["host.place"])
    store = Store(server.settings.data_folder / "heygem.sqlite3")
    try:
        spot = Placement(project="p1", sequence="s1", clip="c1", track=1, record_start=10, record_duration=6, rate=Fraction(25))
        shot = ShotRequest(video=MediaRef(path="/v.mov"), speech=MediaRef(path="/s.wav"), placement=spot)
        request = JobRequest(shots=(shot,), origin=Origin(kind="host", host="toy-1", project="p1"))
        store.submit(request, [Shot(video="/v.mov", speech="/s.wav")], folder=str(server.settings.takes_folder))
        path = server.settings.takes_folder / "one_v1.mov"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"frames")
        take = making.finish(store, path=str(path))
        params = server.ask("GET", f"/api/v1/takes/{take.id}/placing").json
        answer = call(server, "host.place", params, host="toy-1", timeout_s=20)
        assert answer.status == 200, answer.body
        assert answer.json["track"] == 2
        assert panel.editor.timeline == [str(path)]
        wait_for(lambda: [one.host for one in store.take(take.id).placed] == ["toy-1"])
        assert call(server, "host.place", params, host="toy-1", timeout_s=20).json["already"] is True
        assert call(server, "host.reveal", {"placement": params["placement"]}, host="toy-1").status == 502, "it does not know that"
    finally:
        store.close()


def test_an_editor_that_no_package_describes_is_not_let_in(server: Server) -> None:
    with server.known_socket(host={**HELLO, "app": "nobody's", "version": "1", "project": "p", "project_name": "P"}) as socket:
        refused = told(socket, "refused")
    assert refused["error"] == "BadRequest"
    assert "There is no editor “nobody's”: choose one of premiere, resolve, blender, script" in refused["message"]


def test_what_was_checked_is_what_the_editor_gets(server: Server) -> None:
    """Whole, defaults included: an editor need not know what is left out when."""
    spot = {"project": "p1", "sequence": "s1", "track": 1, "record_start": 1, "record_duration": 2, "rate": "50/2"}
    with editor(server, lambda _: {"result": {}}, **HELLO) as host:
        assert call(server, "host.reveal", {"placement": spot}, host="toy-1").status == 200
        assert call(server, "host.selection", {"surprise": 1}, host="toy-1").status == 400
    assert host.asked[0]["params"]["placement"] == {
        **spot, "rate": "25/1", "clip": None, "handles": 0, "baked": False, "brings_speech": False,
        "laying": {"mode": "track", "mute": "none", "disable_original": False},
    }  # fmt: skip


def test_heygem_install_puts_it_on_a_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["install", "--help"])
    said = capsys.readouterr().out
    assert "premiere|resolve|blender|toy|service" in said
    assert "the script for Toy Editor" in said
    machine = Machine(data_folder=tmp_path / "data", command=("heygem",), home=tmp_path)
    assert carry_out("toy", machine) == 0
    assert "Restart Toy Editor." in capsys.readouterr().out
    assert (tmp_path / "Toy" / "heygem_host" / "panel.py").is_file()
    assert carry_out("toy", machine, uninstall=True) == 0
    assert not (tmp_path / "Toy").exists()
