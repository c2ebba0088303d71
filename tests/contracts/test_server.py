"""A server of today on the data folder of one of before: started as people start it, asked over HTTP and the socket."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from . import doors
from .comparing import lost
from .record import MATERIAL, placed, recorded

PAGE = {"Authorization": "Bearer 00112233445566aa.a-page-of-before"}
EDITOR = {"Authorization": "Bearer 00112233445566bb.an-editor-of-before"}


class Served:
    """The server's process, and plain ways to ask it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        settings = {
            "takes_folder": folder / "takes", "cache": folder / "cache", "roots": [folder / "media"], "port": 0, "workers": 2,
            "measure_takes": False, "disk_floor_bytes": "900T", "largest_upload_bytes": "5M", "keep_days": "none",
        }  # fmt: skip
        text = "".join(f"{name} = {json.dumps(value, default=lambda path: path.as_posix())}\n" for name, value in settings.items())
        (folder / "server.toml").write_text(text, encoding="utf-8")
        variables = doors.environment(HEYGEM_CONFIG=str(folder / "server.toml"), HEYGEM_DATA_FOLDER=str(folder / "data"))
        self.log = (folder / "said.txt").open("wb")
        self.process = subprocess.Popen([*doors.HEYGEM, "serve"], env=variables, stdout=self.log, stderr=self.log)
        self.file = self._found()

    def _found(self) -> dict[str, Any]:
        ends = time.monotonic() + 60
        while time.monotonic() < ends and self.process.poll() is None:
            try:
                return json.loads((self.folder / "data" / "server.json").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                time.sleep(0.05)
        raise AssertionError((self.folder / "said.txt").read_text(encoding="utf-8"))

    def ask(self, path: str, headers: dict[str, str] | None = None, body: Any = None, method: str | None = None) -> Any:
        """The JSON answer, or the bytes. Raises: urllib.error.HTTPError."""
        headers = headers or {"Authorization": f"Bearer {self.file['token']}"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.file["url"] + path, data=data, method=method, headers={"Content-Type": "application/json", **headers}
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as response:
            content = response.read()
        return json.loads(content) if response.headers.get_content_type() == "application/json" else content

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, laid_out: Callable[[Path], Path]) -> Iterator[Served]:
    """Nothing is rendered: the disk is said to be too full for that, so every job stays as it was."""
    folder = tmp_path_factory.mktemp("served").resolve()
    laid_out(folder)
    (folder / "takes").mkdir()
    (folder / "media").mkdir()
    (folder / "allowed").mkdir()
    (folder / "takes" / "a shot_v2.mov").write_bytes(b"video")
    server = Served(folder)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def expected(served: Served) -> Any:
    return json.loads(placed((MATERIAL / "data" / "expected.json").read_text(encoding="utf-8"), served.folder))


def test_server_json_says_all_that_panels_of_before_look_for(served: Served) -> None:
    before = recorded("data/server.json")
    assert before.keys() <= served.file.keys()
    assert {name: type(value) for name, value in before.items()} == {name: type(served.file[name]) for name in before}
    assert served.file["url"] == f"http://127.0.0.1:{served.file['port']}"
    assert served.file["pid"] == served.process.pid or os.name == "nt"


def test_a_server_proves_itself_as_before(served: Served) -> None:
    nonce = "0123456789abcdef0123456789abcdef"
    said = served.ask("/api/v1/prove", {"Accept": "*/*"}, {"nonce": nonce})
    assert said == {"hmac": hmac.new(served.file["token"].encode(), b"heygem-server:" + nonce.encode(), hashlib.sha256).hexdigest()}


def test_settings_of_a_file_and_of_variables_take_effect(served: Served) -> None:
    info = served.ask("/api/v1/info")
    assert info["takes_folder"] == str(served.folder / "takes")
    assert (info["workers"], info["largest_upload_bytes"]) == (2, 5 << 20)
    assert str(served.folder / "media") in info["roots"]
    assert {"formats", "engines", "devices", "epoch", "version", "scope", "free_bytes"} <= info.keys()
    assert "mesh" in info["engines"]
    recorded_formats = {"h264", "hevc", "prores", "prores4444", "dnxhr", "dnxhr-hq", "dnxhr-hqx", "webm", "ffv1"}
    assert recorded_formats <= {each if isinstance(each, str) else each["name"] for each in info["formats"]}


def test_jobs_of_before_are_listed_with_their_shots_and_takes(served: Served, expected: Any) -> None:
    jobs = served.ask("/api/v1/jobs?limit=100")["jobs"]
    known = [each["job"]["id"] for each in reversed(expected["jobs"])]
    assert [job["id"] for job in jobs if job["id"] in known] == known
    for before in expected["jobs"]:
        now = served.ask(f"/api/v1/jobs/{before['job']['id']}")
        if before["job"]["state"] == "active":
            continue  # what was at work is taken back at the start
        if before["job"]["state"] in ("queued", "paused"):
            for each in (before, now):
                each["job"] = {name: each["job"][name] for name in ("id", "name", "state", "priority", "origin", "folder", "settings")}
        for shot in (*before["shots"], *now["shots"]):
            shot.pop("why" if before["job"]["state"] == "queued" else "stage")
            shot["takes"] = [
                {name: take[name] for name in take if name != "missing"} for take in shot["takes"]
            ]  # files are looked for later
        assert list(lost(before, now)) == []


def test_what_was_at_work_waits_again(served: Served, expected: Any) -> None:
    (active,) = [each for each in expected["jobs"] if each["job"]["state"] == "active"]
    (attempt,) = [each for each in served.ask(f"/api/v1/jobs/{active['job']['id']}")["shots"][0]["attempts"] if each["task"] == "segment"]
    assert attempt["outcome"] == "lost"


def test_events_of_before_are_replayed(served: Served, expected: Any) -> None:
    address = served.file["url"].replace("http", "ws", 1) + "/api/v1/events"
    hello = {"type": "hello", "token": served.file["token"], "since": 2, "epoch": expected["snapshot"]["epoch"]}
    with connect(address, proxy=None, compression=None, open_timeout=60, max_size=None) as socket:
        socket.send(json.dumps(hello))
        assert json.loads(socket.recv(timeout=60))["type"] == "welcome"
        for before in expected["events"][2:]:
            while (now := json.loads(socket.recv(timeout=60)))["type"] != "event":
                pass
            assert list(lost(before, now)) == []


def test_tokens_of_before_still_open_what_they_opened(served: Served, expected: Any) -> None:
    session = served.ask("/api/v1/session", PAGE)
    assert session["scope"] == "page"
    jobs = served.ask("/api/v1/jobs?limit=100", EDITOR)["jobs"]
    owned = [each["job"]["id"] for each in expected["jobs"] if each["job"]["origin"]["project"] == "project-1"]
    assert [each["id"] for each in jobs] == owned
    with pytest.raises(urllib.error.HTTPError, match="401"):
        served.ask("/api/v1/jobs", {"Authorization": "Bearer 00112233445566aa.another"})


def test_folders_that_were_allowed_stay_allowed(served: Served) -> None:
    assert str(served.folder / "allowed") in served.ask("/api/v1/roots")


def test_uploads_of_before_are_listed_and_can_be_used(served: Served) -> None:
    home = "data/uploads/00000000000000000000000000000001/upload.json"
    found = served.ask("/api/v1/uploads")
    (upload,) = found if isinstance(found, list) else found["uploads"]
    assert list(lost(recorded(home), upload)) == []
    request = {"shots": [{"video": {"upload": upload["id"]}, "speech": {"upload": upload["id"]}}]}
    assert served.ask("/api/v1/jobs", None, request)["shots"][0]["request"]["video"]["upload"] == upload["id"]


def test_the_document_that_is_served_is_the_one_that_is_compared(served: Served) -> None:
    assert served.ask("/api/v1/openapi.json") == doors.api_document()
