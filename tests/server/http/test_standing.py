"""How the server and the editors beside it stand, what of the disk is freed, and the file for a bug report."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .running import Server, running

AGO_S = 7200.0  # long enough to be in nobody's use, and too short for what goes by itself


@pytest.fixture
def own(tmp_path: Path) -> Any:
    with running(tmp_path / "own", renders=False) as found:
        yield found


def old_file(path: Path, size: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size)
    for each in (path, path.parent):
        os.utime(each, (time.time() - AGO_S, time.time() - AGO_S))
    return path


def test_folders_say_whether_they_can_be_taken_back(own: Server, tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    own.ask("POST", "/api/v1/roots", {"folder": str(given)})
    told = own.ask("GET", "/api/v1/standing").json
    usual = {str(each) for each in (own.settings.takes_folder, *own.settings.roots)}
    assert {each["path"]: each["given"] for each in told["folders"]} == {**dict.fromkeys(usual, False), str(given): True}
    assert (told["data_folder"], told["keep_days"], told["workers"]) == (str(own.settings.data_folder), None, told["workers"])
    own.ask("DELETE", "/api/v1/roots", {"folder": str(given)})
    assert {each["path"] for each in own.ask("GET", "/api/v1/standing").json["folders"]} == usual


def test_rooms_are_told_and_freed_and_what_is_used_now_stays(own: Server) -> None:
    data = own.settings.data_folder
    look, fresh = old_file(data / "looks" / "a" / "poster.jpg", 10), data / "looks" / "b" / "poster.jpg"
    fresh.parent.mkdir()
    fresh.write_bytes(b"y" * 5)
    upload = old_file(data / "uploads" / "u" / "clip.mp4", 30)
    cached = old_file(own.settings.cache / "plans" / "k" / "plan.npz", 40)
    seen = {room["name"]: (room["count"], room["bytes"]) for room in own.ask("GET", "/api/v1/standing").json["rooms"]}
    assert seen == {"takes": (0, 0), "trash": (0, 0), "uploads": (1, 30), "remade": (2, 15), "cache": (1, 40)}
    freed = {
        name: own.ask("POST", "/api/v1/rooms/clean", {"name": name}).json["freed_bytes"] for name in ("remade", "uploads", "cache", "trash")
    }
    assert freed == {"remade": 10, "uploads": 30, "cache": 40, "trash": 0}
    assert [file.exists() for file in (look, upload, cached, fresh)] == [False, False, False, True]
    assert own.ask("POST", "/api/v1/rooms/clean", {"name": "takes"}).status == 400


def test_a_file_that_cannot_go_holds_up_no_other(own: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    old_file(own.settings.data_folder / "looks" / "a" / "poster.jpg", 10)

    def refuse(*_: object) -> None:
        raise OSError("in use")

    monkeypatch.setattr("heygem_server.rendering.retention.shutil.rmtree", refuse)
    assert own.ask("POST", "/api/v1/rooms/clean", {"name": "remade"}).json == {"freed_bytes": 0}


def test_only_people_see_how_the_server_stands(still: Server) -> None:
    host = still.token("host", host="h", project="p")
    for method, path, body in (
        ("GET", "standing", None),
        ("POST", "rooms/clean", {"name": "trash"}),
        ("GET", "bug-report.zip", None),
        ("GET", "editors", None),
    ):
        assert still.ask(method, f"/api/v1/{path}", body, host, known=False).status == 403, path


def test_editors_are_told_with_what_installs_them_and_those_that_are_connected(still: Server) -> None:
    told = {each["name"]: each for each in still.ask("GET", "/api/v1/editors").json}
    assert {"premiere", "resolve", "blender", "service"} <= set(told)
    assert told["resolve"]["command"] == "heygem install resolve"
    assert {each["state"] for each in told.values()} <= {"installed", "incomplete", "not installed", "not possible"}
    assert all(each["connected"] == [] for each in told.values())


@pytest.mark.full
def test_a_bug_report_is_made_of_this_servers_log_and_holds_no_token(own: Server) -> None:
    answer = own.ask("GET", "/api/v1/bug-report.zip")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as file:
        assert "python" in json.dumps(json.loads(file.read("report.json"))).lower()
        assert all(own.ready.token.encode() not in file.read(name) for name in file.namelist())
