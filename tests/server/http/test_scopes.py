"""Who reaches what: every route of the table, for each scope, for things of the own project and of another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_server.http.route_table import ROUTES
from heygem_server.store import Store
from heygem_server.wire import Origin

from ..rendering import jobs as making
from .running import Server, running, told
from .test_hosts import PLACEMENT, editor

TIMELINE = "t0123456789abcdef"
BODIES: dict[str, Any] = {
    "/api/v1/jobs/{id}/priority": {"priority": 1},
    "/api/v1/shots/{id}/again": {},
    "/api/v1/takes/{id}/placed": {"host": "resolve-1", "placement": PLACEMENT, "at": 1.0},
    "/api/v1/hosts/{id}/call": {"method": "host.selection"},
    "/api/v1/hosts/{id}/exports": {"items": ["clip-1"]},
}


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server with a job of project p1 of premiere-1, with a shot, a take and a timeline. The test claims the job's work itself."""
    folder = tmp_path_factory.mktemp("scopes")
    with running(folder, renders=False) as server:
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        detail = making.submit(store, origin=Origin(kind="host", host="premiere-1", project="p1"), name="Film", timeline=TIMELINE)
        path = server.settings.takes_folder / "clip_v1.mov"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"frame")  # first: a take without its file is told to be missing
        take = making.finish(store, path=str(path))
        home = server.settings.data_folder / "timelines" / TIMELINE
        home.mkdir(parents=True)
        kept = {"source": str(home / "timeline.otio"), "format": None, "rate": None, "name": "Film", "rows": [], "job": detail.job.id}
        (home / "kept.json").write_bytes(msgspec.json.encode(kept))
        store.close()
        yield server, {"jobs": detail.job.id, "shots": detail.shots[0].id, "takes": take.id, "timelines": TIMELINE, "hosts": "premiere-1"}


def addresses(ids: dict[str, str]) -> Iterator[tuple[Any, str]]:
    """Every route about one thing of the project, with its address."""
    for route in ROUTES:
        kind = route.path.split("/")[3] if route.path.count("/") > 2 else ""
        if "{id}" in route.path and kind in ids:
            yield route, route.path.replace("{id}", ids[kind])


def ask(server: Server, route: Any, address: str, known: dict[str, str]) -> int:
    if route.body is None:
        return server.ask(route.method, address, headers=known, known=False).status
    return server.ask(route.method, address, BODIES[route.path], known, known=False).status


def test_every_route_about_a_project_is_looked_at(there: tuple[Server, dict[str, str]]) -> None:
    assert len(list(addresses(there[1]))) >= 30


@pytest.mark.parametrize(("host", "project"), [("premiere-1", "p2"), ("resolve-1", "p1"), ("resolve-1", "p2")])
def test_an_editor_of_another_project_finds_nothing_of_it(there: tuple[Server, dict[str, str]], host: str, project: str) -> None:
    server, ids = there
    token = server.token("host", host=host, project=project)
    with editor(server, lambda asked: {"result": {"sequence": None}}, project="p1"):
        for route, address in addresses(ids):
            assert ask(server, route, address, token) in (403, 404), (route.method, route.path)
    for listing in ("/api/v1/jobs", "/api/v1/takes", f"/api/v1/takes?job={ids['jobs']}", "/api/v1/jobs?project=p1", "/api/v1/jobs?q=Film"):
        found = server.ask("GET", listing, headers=token, known=False)
        assert not [name for name in ids.values() if name in found.body.decode()], listing
    assert server.ask("GET", f"/api/v1/takes/{ids['takes']}").json["pinned"] is False
    assert Path(server.ask("GET", f"/api/v1/takes/{ids['takes']}").json["path"]).exists()


def test_the_editor_of_the_project_finds_all_of_it(there: tuple[Server, dict[str, str]]) -> None:
    server, ids = there
    token = server.token("host", host="premiere-1", project="p1")
    for address in (
        f"/api/v1/jobs/{ids['jobs']}",
        f"/api/v1/shots/{ids['shots']}",
        f"/api/v1/takes/{ids['takes']}",
        f"/api/v1/takes/{ids['takes']}/file",
    ):
        assert server.ask("GET", address, headers=token, known=False).status == 200
    assert ids["jobs"] in server.ask("GET", "/api/v1/jobs", headers=token, known=False).body.decode()


def test_an_editor_cannot_place_or_learn_of_a_take_of_another_project(there: tuple[Server, dict[str, str]]) -> None:
    """The call to its own panel looked up any take by its id: told where it lies, and pinned it for good."""
    server, ids = there
    token = server.token("host", host="premiere-9", project="p9")
    params = {"take": ids["takes"], "file": "", "name": "x", "placement": PLACEMENT, "frames": 5}
    done = {"take": ids["takes"], "already": False, "track": 1, "record_start": 0, "record_duration": 5}
    with editor(server, lambda asked: {"result": done}, id="premiere-9", project="p9") as panel:
        for method in ("host.place", "host.switchTake"):
            answer = server.ask("POST", "/api/v1/hosts/premiere-9/call", {"method": method, "params": params}, token, known=False)
            assert (answer.status, answer.json["code"]) == (404, "job.not-in-project")
        assert not panel.asked
    assert server.ask("GET", f"/api/v1/takes/{ids['takes']}").json["pinned"] is False


def test_what_happens_in_a_project_is_not_told_to_others(there: tuple[Server, dict[str, str]]) -> None:
    server, ids = there
    token = server.token("host", host="premiere-1", project="p2")["Authorization"].split()[1]
    with server.socket({"token": token, "since": 0, "epoch": server.ask("GET", "/api/v1/info").json["epoch"]}) as other:
        told(other, "welcome")
        server.ask("POST", f"/api/v1/takes/{ids['takes']}/pin")
        server.ask("POST", f"/api/v1/takes/{ids['takes']}/unpin")
        heard = []
        try:
            while True:
                heard.append(other.recv(timeout=0.5))
        except TimeoutError:
            pass
    assert not [text for text in heard if any(name in text for name in ids.values())]


@pytest.mark.parametrize("scope", ["nobody", "page", "host"])
def test_no_route_opens_to_whom_the_table_does_not_name(there: tuple[Server, dict[str, str]], scope: str) -> None:
    server, _ = there
    known = {} if scope == "nobody" else server.token("page") if scope == "page" else server.token("host", host="h", project="p")
    for route in ROUTES:
        address = route.path.replace("{id}", "x").replace("{path:.+}", "x")
        if route.scopes and scope not in route.scopes:
            status = server.ask(route.method, address, headers=known, known=False).status
            assert status == (401 if scope == "nobody" else 403), (route.method, route.path)


def test_only_these_routes_are_open_to_strangers() -> None:
    assert {route.path for route in ROUTES if not route.scopes} == {
        "/", "/docs", "/static/{path:.+}", "/healthz", "/api/v1/events", "/api/v1/prove", "/api/v1/sign-in",
        "/api/v1/languages", "/api/v1/messages/{language}", "/api/v1/page-texts/{language}",  # sentences alone: signing in needs them
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ['a"b.mov', "a\r\nX-Evil: 1.mov", "\u202egpj.exe", "ä;filename=evil.html", "../../x.mov", "x.html", "x.svg"]
)
def test_the_name_of_a_download_changes_nothing_but_the_name(there: tuple[Server, dict[str, str]], name: str) -> None:
    server, ids = there
    store = Store(server.settings.data_folder / "heygem.sqlite3")
    view = msgspec.structs.replace(store.take(ids["takes"]), name=name)
    with store.change() as change:
        change.connection.execute("UPDATE takes SET view = ? WHERE id = ?", (msgspec.json.encode(view, enc_hook=str).decode(), view.id))
    store.close()
    answer = server.ask("GET", f"/api/v1/takes/{ids['takes']}/file")
    assert answer.status == 200
    said = answer.headers["content-disposition"]
    assert said.startswith("attachment; filename*=UTF-8''")
    assert said.isascii()
    assert not set(said.removeprefix("attachment; filename*=UTF-8''")) & set('"; \r\n/\\')
    assert "x-evil" not in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "html" not in answer.headers["content-type"]
    assert "svg" not in answer.headers["content-type"]
