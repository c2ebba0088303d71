"""Clips that only an editor can decode: it makes files of them, the server takes what lies in the folder it gave, and nothing else."""

from __future__ import annotations

import http.client
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.shot import from_json
from heygem_server.hosts.export_store import KeptExport
from heygem_server.hosts.exports import Exporting
from heygem_server.hosts.methods import METHODS, WITHIN_S
from heygem_server.settings import PathMap

from .running import Answer, Server, arrivals, running, wait_for
from .test_hosts import editor

Json = dict[str, Any]


def export(server: Server, *items: str, host: str = "premiere-1", known: dict[str, str] | None = None, **more: Any) -> Answer:
    body = {"items": list(items), **more}
    return server.ask("POST", f"/api/v1/hosts/{host}/exports", body, known, known=known is None)


def folders(server: Server) -> list[Path]:
    home = server.settings.data_folder / "exports"
    return sorted(home.iterdir()) if home.is_dir() else []


def written(asked: Json, **contents: str) -> list[Json]:
    """A file in the folder for each item: what the panels do."""
    made = []
    for item, content in contents.items():
        path = Path(asked["params"]["folder"], f"heygem-{item}.mov")
        path.write_text(content)
        made.append({"item": item, "path": str(path)})
    return made


def result(exported: list[Json], **more: Any) -> Json:
    return {"result": {"exported": exported, "blocked_ms": 12.5, **more}}


@contextmanager
def exporting(server: Server, make: Callable[[Json], list[Json]], **more: Any) -> Iterator[Any]:
    with editor(server, lambda asked: result(make(asked)), **more) as host:
        yield host


@pytest.fixture
def clean(server: Server) -> Iterator[Server]:
    """Nothing is left of exports that failed."""
    before = folders(server)
    yield server
    assert folders(server) == before


def test_files_that_an_editor_made_are_kept_under_an_id(server: Server) -> None:
    def make(asked: Json) -> list[Json]:
        Path(asked["params"]["folder"], "render.log").write_text("left behind")
        Path(asked["params"]["folder"], "sidecar").mkdir()
        first, second = written(asked, a="one", b="two")
        return [first | {"handles": 3}, second, {"item": "never asked for", "path": "/etc/passwd"}]

    with editor(server, lambda asked: result(make(asked), notices=["A track is still muted."])) as host:
        answer = export(server, "a", "b", "a", handles=10)
    assert answer.status == 201, answer.body
    view = answer.json
    home = server.settings.data_folder / "exports" / view["id"]
    params = host.asked[0]["params"]
    assert params == {"items": ["a", "b"], "kind": "picture", "folder": os.path.realpath(home), "handles": 10}
    assert [(each["item"], Path(each["path"]).read_text(), each["handles"], each["problem"]) for each in view["exported"]] == [
        ("a", "one", 3, None),
        ("b", "two", None, None),
    ]
    assert (view["blocked_ms"], view["notices"]) == (12.5, ["A track is still muted."])
    assert sorted(path.name for path in home.iterdir()) == ["heygem-a.mov", "heygem-b.mov", "kept.json"]
    kept = from_json((home / "kept.json").read_bytes(), KeptExport)
    assert (kept.host, kept.project, kept.kind, kept.handles) == ("premiere-1", "p1", "picture", 10)
    assert {item: (file.path, file.handles) for item, file in kept.files.items()} == {"a": ("heygem-a.mov", 3), "b": ("heygem-b.mov", None)}


def named(name: str, content: str | None = "x") -> Callable[[Path, Path], str]:
    def make(folder: Path, outside: Path) -> str:
        if content is not None:
            (folder / name).write_text(content)
        return str(folder / name)

    return make


def linked(folder: Path, outside: Path) -> str:
    (folder / "link.mov").symlink_to(outside / "secret.mov")
    return str(folder / "link.mov")


def under_a_link(folder: Path, outside: Path) -> str:
    (folder / "sub").symlink_to(outside)
    return str(folder / "sub" / "secret.mov")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda folder, outside: str(outside / "secret.mov"), "outside the folder that it was given"),
        (lambda folder, outside: str(folder / ".." / "secret.mov"), "outside the folder that it was given"),
        (lambda folder, outside: "secret.mov", "Give the whole path"),
        (lambda folder, outside: "\\\\server\\share\\a.mov", "Network and device paths are not opened"),
        (linked, "is a link or no file at all"),
        (under_a_link, "outside the folder that it was given"),
        (lambda folder, outside: str(folder), "outside the folder that it was given"),
        (named("not-there.mov", None), "did not appear in the server's folder: an editor on another machine"),
        (named("empty.mov", ""), "is empty"),
        (named("kept.json"), "outside the folder that it was given"),
    ],
)
def test_only_a_file_in_the_folder_is_taken_and_the_others_go_on(
    server: Server, tmp_path: Path, wrong: Callable[[Path, Path], str], said: str
) -> None:
    secret = tmp_path / "secret.mov"
    secret.write_text("the secret")

    def make(asked: Json) -> list[Json]:
        return [*written(asked, good="fine"), {"item": "bad", "path": wrong(Path(asked["params"]["folder"]), tmp_path)}]

    with exporting(server, make):
        good, bad = export(server, "good", "bad").json["exported"]
    assert Path(good["path"]).read_text() == "fine"
    assert bad["path"] is None
    assert said in bad["problem"]
    assert sorted(path.name for path in Path(good["path"]).parent.iterdir()) == ["heygem-good.mov", "kept.json"]
    assert secret.read_text() == "the secret"


def test_what_an_editor_leaves_out_or_says_twice_is_that_clips_problem(server: Server) -> None:
    def make(asked: Json) -> list[Json]:
        (first,) = written(asked, a="one")
        early = written(asked, e="two")[0] | {"handles": 11}
        return [first, {"item": "b", "path": first["path"]}, {"item": "c", "path": None, "problem": "It is offline."}, early]

    with exporting(server, make):
        view = export(server, "a", "b", "c", "d", "e", handles=10).json
    problems = [each["problem"] for each in view["exported"]]
    assert problems[0] is None
    assert "for two clips" in problems[1]
    assert problems[2:4] == ["It is offline.", "The editor said nothing about this clip: try again."]
    assert "11 frames before the clip, where 10 were asked for" in problems[4]


def test_where_nothing_came_the_reason_is_the_error(clean: Server) -> None:
    with editor(clean, lambda _: result([{"item": "a", "path": None, "problem": "It is offline."}], notices=["A track is still muted."])):
        answer = export(clean, "a")
    assert (answer.status, answer.error) == (502, "HostFailed")
    assert answer.json["message"] == "The editor exported nothing: It is offline. A track is still muted."


def test_a_clips_problem_is_known_by_its_sentence_so_that_each_reader_has_it_in_their_language(clean: Server) -> None:
    problem = "The export could not be written (No space left on device): is the disk full?"
    with editor(clean, lambda _: result([{"item": "a", "path": None, "problem": problem}])):
        said = export(clean, "a").json
    assert said["message"] == f"The editor exported nothing: {problem}"
    assert said["params"]["problem"] == {
        "code": "panel.export-not-written",
        "params": {"why": "No space left on device"},
        "message": problem,
    }


@pytest.mark.parametrize("wrong", [{"error": {"code": 1, "message": "No timeline is open."}}, {"result": {}}, {"result": {"exported": 3}}])
def test_an_editor_that_fails_leaves_nothing_behind(clean: Server, wrong: Json) -> None:
    def answer(asked: Json) -> Json:
        written(asked, a="half")
        return wrong

    with editor(clean, answer):
        assert (export(clean, "a").status, export(clean, "a").error) == (502, "HostFailed")


def test_an_editor_that_leaves_or_never_answers_leaves_nothing_behind(clean: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with editor(clean, lambda _: None) as host, ThreadPoolExecutor() as pool:
        waiting = pool.submit(export, clean, "a")
        wait_for(lambda: bool(host.asked))
        host.leave()
        assert (waiting.result(10).status, waiting.result().error) == (504, "HostGone")
    monkeypatch.setitem(METHODS, "host.export", msgspec.structs.replace(METHODS["host.export"], timeout_s=0.3))
    with editor(clean, lambda _: None):
        assert export(clean, "a").status == 504


def test_an_export_may_take_longer_than_a_call(clean: Server) -> None:
    """Clips of twenty minutes take the editor twenty minutes; a call from outside may last ten."""
    assert WITHIN_S >= 3600
    call = {"method": "host.selection", "params": {}, "timeout_s": 601}
    assert clean.ask("POST", "/api/v1/hosts/premiere-1/call", call).status == 400


def test_an_editor_exports_one_thing_at_a_time(server: Server) -> None:
    with editor(server, lambda _: None) as host, ThreadPoolExecutor() as pool:
        waiting = pool.submit(export, server, "a")
        wait_for(lambda: bool(host.asked))
        second = export(server, "b")
        assert (second.status, second.error) == (409, "Conflict")
        assert "exporting already" in second.json["message"]
        host.leave()
        waiting.result(10)
    with exporting(server, lambda asked: written(asked, b="free again")):
        assert export(server, "b").status == 201


def test_who_did_not_wait_gets_the_export_that_was_begun(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers give up after a minute or five; the file was made, and its name was lost."""
    go = threading.Event()
    key = {**server.known, "Idempotency-Key": "e1"}

    came = arrivals(monkeypatch, Exporting, "once")

    def make(asked: Json) -> list[Json]:
        go.wait(30)
        return written(asked, a="x")

    with exporting(server, make) as host, ThreadPoolExecutor() as pool:
        gone = http.client.HTTPConnection("127.0.0.1", server.ready.port, timeout=60)
        gone.request("POST", "/api/v1/hosts/premiere-1/exports", json.dumps({"items": ["a"]}), {**key, "Content-Type": "application/json"})
        wait_for(lambda: bool(host.asked))
        gone.close()
        again = [pool.submit(export, server, "a"), pool.submit(export, server, "a", known=key)]
        wait_for(lambda: len(came) == 3)
        go.set()
        views = [each.result(10).json for each in again]
        later = export(server, "a", known=key)
        assert views == [later.json] * 2
        assert len(host.asked) == 1
        assert export(server, "b", known=key).status == 409
        assert export(server, "a").json["id"] != later.json["id"], "without a key a new one is meant"


def test_an_export_that_failed_is_tried_anew_with_the_same_key(clean: Server) -> None:
    key = {**clean.known, "Idempotency-Key": "e2"}
    with editor(clean, lambda _: {"error": {"code": 1, "message": "A dialog is open."}}) as host:
        assert [export(clean, "a", known=key).status for _ in range(2)] == [502, 502]
        assert len(host.asked) == 2


def test_an_editor_that_is_not_there_and_too_many_clips(clean: Server) -> None:
    assert export(clean, "a").status == 404
    assert export(clean).status == 400
    assert export(clean, *map(str, range(201))).status == 400
    assert export(clean, "a", handles=-1).status == 400


def test_a_page_may_ask_any_editor_and_an_editor_itself_alone(server: Server) -> None:
    own = server.token("host", host="premiere-1", project="p1")
    with exporting(server, lambda asked: written(asked, a="x")):
        for known in (server.token("page"), own):
            assert export(server, "a", known=known).status == 201
        before = folders(server)
        for strange in ({"host": "premiere-1", "project": "p2"}, {"host": "resolve-1", "project": "p1"}):
            assert export(server, "a", known=server.token("host", **strange)).status == 403
    with exporting(server, lambda asked: written(asked, a="x"), project="p2"):
        assert export(server, "a", known=own).status == 403, "it has another project open now"
    assert folders(server) == before


def test_on_a_full_disk_the_editor_is_not_even_asked(tmp_path: Path) -> None:
    with running(tmp_path, disk_floor_bytes=1 << 60) as server, editor(server, lambda _: None) as host:
        answer = export(server, "a")
        assert (answer.status, answer.error) == (507, "DiskFull")
        assert not host.asked
        assert not folders(server)


def test_an_editor_on_another_machine_is_told_its_own_name_of_the_folder(tmp_path: Path) -> None:
    data = os.path.realpath(tmp_path / "data")
    with running(tmp_path, path_maps=(PathMap(theirs="Z:\\heygem", ours=data),)) as server:

        def make(asked: Json) -> list[Json]:
            folder = asked["params"]["folder"]
            assert folder.startswith("Z:\\heygem\\exports\\x")
            Path(data, "exports", folder.rpartition("\\")[2], "a.mov").write_text("made")
            return [{"item": "a", "path": f"{folder}\\a.mov"}]

        with exporting(server, make):
            view = export(server, "a").json
        assert Path(view["exported"][0]["path"]).read_text() == "made"


def test_an_export_may_be_looked_at_by_those_it_belongs_to(server: Server) -> None:
    """To choose a face: nothing else in the server's own folder is media."""
    with exporting(server, lambda asked: written(asked, a="no picture")):
        view = export(server, "a").json
    path = view["exported"][0]["path"]

    def probe(where: str, known: dict[str, str]) -> str:
        return server.ask("POST", "/api/v1/media/probe", {"path": where}, known, known=False).error

    own, strange = (server.token("host", host="premiere-1", project=project) for project in ("p1", "p2"))
    for known in (server.token("page"), own):
        assert probe(path, known) in ("NoPicture", "UnreadableMedia")
    assert probe(path, strange) in ("BadPath", "NotAllowedFolder")
    for other in (Path(path).with_name("kept.json"), Path(path).parent / "nothing.mov", server.settings.data_folder / "server.json"):
        assert probe(str(other), own) in ("BadPath", "NotAllowedFolder", "NotFound"), other
