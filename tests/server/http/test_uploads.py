"""Files that somebody sends, over the real socket: counted by us, named by us, nothing left behind when they stop."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import socket
from pathlib import Path

import pytest

from heygem_server.security.paths import is_device

from .running import Server, running, wait_for

RAW = {"Content-Type": "application/octet-stream"}


def stored(server: Server) -> list[str]:
    """What lies there; os.walk does not mind a folder that vanishes while it looks."""
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(server.settings.data_folder / "uploads") for name in names)


def test_a_file_arrives_whole_hashed_and_under_a_name_of_ours(server: Server) -> None:
    body = bytes(range(256)) * 5000
    answer = server.ask("POST", "/api/v1/uploads?name=..%2F..%2F%E4%BD%A0%20%22clip%22.MOV", body, RAW)
    assert answer.status == 201
    view = answer.json
    assert (view["name"], view["size_bytes"], view["sha256"]) == ('你 "clip".MOV', len(body), hashlib.sha256(body).hexdigest())
    home = server.settings.data_folder / "uploads" / view["id"]
    assert sorted(path.name for path in home.iterdir()) == ["upload.json", "你 clip.mov"]
    assert (home / "你 clip.mov").read_bytes() == body
    assert view["id"] in [each["id"] for each in server.ask("GET", "/api/v1/uploads").json]
    assert server.ask("DELETE", f"/api/v1/uploads/{view['id']}").json == view
    assert not home.exists()


@pytest.mark.parametrize(
    "name", ["a.mp4/../../x", "CON", "a.mp4\x00.exe", "\u202egpj.exe", "." * 300, "x" * 900 + ".mov", "a.m3u8;rm", "…", " "]
)
def test_of_a_name_only_letters_and_digits_reach_the_disk(server: Server, name: str) -> None:
    body = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''" + b"".join(b"%%%02X" % byte for byte in name.encode())
    answer = server.ask("POST", "/api/v1/uploads", body + b"\r\n\r\nabc\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status == 201, answer.body
    home = server.settings.data_folder / "uploads" / answer.json["id"]
    media = [file.name for file in home.iterdir() if file.name != "upload.json"]
    assert len(media) == 1
    assert re.fullmatch(r"[^\W.][\w -]{0,59}\.[a-z0-9]{1,8}", media[0]), media[0]
    assert not is_device(media[0])


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    """aiohttp's client_max_size is not enforced for multipart bodies."""
    with running(tmp_path, largest_upload_bytes=100_000) as server:
        large = b"x" * 300_000
        assert server.ask("POST", "/api/v1/uploads?name=a", large, RAW).error == "TooLarge"
        form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mov"\r\n\r\n' + large + b"\r\n--b--\r\n"
        assert server.ask("POST", "/api/v1/uploads", form, {"Content-Type": "multipart/form-data; boundary=b"}).error == "TooLarge"
        connection = http.client.HTTPConnection("127.0.0.1", server.ready.port, timeout=60)
        pieces = (large[at : at + 10_000] for at in range(0, len(large), 10_000))
        connection.request("POST", "/api/v1/uploads?name=a", body=pieces, headers={**RAW, **server.known}, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()
        assert stored(server) == []
        assert list((tmp_path / "data" / "uploads").iterdir()) == []
        assert server.ask("POST", "/api/v1/uploads?name=a", b"x" * 100_000, RAW).status == 201


def test_a_sender_that_goes_leaves_nothing(server: Server) -> None:
    before = stored(server)
    with socket.create_connection(("127.0.0.1", server.ready.port), timeout=60) as link:
        head = f"POST /api/v1/uploads?name=a.mov HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.ready.token}\r\n"
        link.sendall((head + "Content-Type: application/octet-stream\r\nContent-Length: 1000000\r\n\r\n").encode() + b"x" * 5000)
        wait_for(lambda: stored(server) != before)
    wait_for(lambda: stored(server) == before)


def test_a_part_of_a_killed_server_is_swept_at_the_next_start(tmp_path: Path) -> None:
    left = tmp_path / "data" / "uploads" / ("0" * 32)
    left.mkdir(parents=True)
    (left / "media.part").write_bytes(b"x")
    with running(tmp_path) as server:
        assert server.ask("GET", "/api/v1/uploads").json == []
        assert not left.exists()


def test_a_full_disk_is_said_and_nothing_is_kept(tmp_path: Path) -> None:
    with running(tmp_path, disk_floor_bytes=1 << 62) as server:
        answer = server.ask("POST", "/api/v1/uploads?name=a.mov", b"x" * 1000, RAW)
        assert (answer.status, answer.error) == (507, "DiskFull")
        assert server.ask("GET", "/api/v1/uploads").json == []


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", RAW),
        (b"no form", {"Content-Type": "multipart/form-data; boundary=b"}),
        (b"no form", {"Content-Type": "multipart/form-data"}),
        (b"--b\r\nno header\r\n\r\nabc\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}),
        (b'--b\r\nX: \x17"\r\n\r\nabc\r\n--b--\r\n', {"Content-Type": "multipart/form-data; boundary=b"}),
        (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc\r\n--b--\r\n', {"Content-Type": "multipart/form-data; boundary=b"}),
    ],
)
def test_what_holds_no_file_is_refused(server: Server, body: bytes, headers: dict[str, str]) -> None:
    before = stored(server)
    assert server.ask("POST", "/api/v1/uploads?name=a", body, headers).status == 400
    assert server.ask("POST", "/api/v1/uploads", b"abc", RAW).status == 400
    assert stored(server) == before


@pytest.mark.parametrize("name", ["x", "..", "%2e%2e", "0" * 31, "..%2f..%2fserver.json", "0" * 32])
def test_an_upload_that_is_not_there_is_not_found(server: Server, name: str) -> None:
    assert server.ask("DELETE", f"/api/v1/uploads/{name}").status == 404
    assert server.ask("POST", "/api/v1/media/probe", {"upload": name}).status == 404
