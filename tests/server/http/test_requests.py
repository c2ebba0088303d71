"""What a request may look like: methods, content types, sizes, times, headers of the answers, and what ends in the log."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from heygem_server.errors import BadRequest
from heygem_server.http import files
from heygem_server.http import routes as routes_module
from heygem_server.http.route_table import ROUTES
from heygem_server.log import masked
from heygem_server.rendering.states import FINISHED_JOBS

from .running import Server, running, wait_for


def test_asking_changes_nothing(server: Server) -> None:
    """Zoom 2019: a picture's address was enough to switch a camera on."""

    def state() -> list[tuple[str, bytes]]:
        kept = ("roots.json", "access.json", "uploads")
        folder = server.settings.data_folder
        return [
            (str(path), path.read_bytes() if path.is_file() else b"")
            for name in kept
            for path in sorted([folder / name, *(folder / name).rglob("*")])
            if path.exists()
        ]

    client = server.client()
    wait_for(lambda: all(job.state in FINISHED_JOBS for job in client.jobs().jobs))  # those of other tests change by themselves
    before, jobs = state(), client.jobs()
    for route in ROUTES:
        path = route.path.replace("{id}", "x").replace("{path:.+}", "x")
        if route.method == "GET" and not path.endswith("/events"):
            for address in (path, path + "?force=1", path + "?folder=/tmp"):
                assert server.ask("GET", address).status < 500
        if route.method != "GET" and not any((other.method, other.path) == ("GET", route.path) for other in ROUTES):
            assert server.ask("GET", path).status in (404, 405), path
    assert (state(), client.jobs()) == (before, jobs)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "text/plain;application/json", "application/octet-stream"],
)
def test_a_change_whose_body_a_foreign_form_could_send_is_refused(server: Server, content_type: str) -> None:
    """ComfyUI-Manager: form content types need no leave from the browser."""
    for path, body in (
        ("/api/v1/tokens", b'{"scope":"page"}'),
        ("/api/v1/jobs/x/cancel", b""),
        ("/api/v1/prove", b'{"nonce":"nnnnnnnnnnnnnnnn"}'),
    ):
        answer = server.ask("POST", path, body, {"Content-Type": content_type})
        assert (answer.status, answer.error) == (415, "NotJson"), path


def test_a_compressed_body_is_refused(server: Server) -> None:
    """A kilobyte can unpack to a gigabyte."""
    body = gzip.compress(b'{"nonce":"' + b"n" * 32 + b'"}')
    for encoding in ("gzip", "GZIP", "deflate", "x-packed"):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        assert server.ask("POST", "/api/v1/prove", body, headers).status == 415, encoding


def test_a_body_over_the_limit_is_refused_with_and_without_its_length(server: Server) -> None:
    large = b'{"nonce":"' + b"n" * (2 << 20) + b'"}'
    assert server.ask("POST", "/api/v1/prove", large, {"Content-Type": "application/json"}).error == "TooLarge"
    connection = http.client.HTTPConnection("127.0.0.1", server.ready.port, timeout=60)
    pieces = (large[at : at + 65536] for at in range(0, len(large), 65536))
    try:
        connection.request("POST", "/api/v1/prove", body=pieces, headers={"Content-Type": "application/json"}, encode_chunked=True)
        assert connection.getresponse().status == 413
    except BrokenPipeError:
        pass  # closed while it was still being sent: as good
    finally:
        connection.close()


def test_a_body_that_never_comes_ends_the_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes_module, "BODY_STALL_S", 0.3)
    with socket.create_connection(("127.0.0.1", server.ready.port), timeout=60) as link:
        head = (
            f"POST /api/v1/prove HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n" + '{"no'
        )
        link.sendall(head.encode())
        began = time.monotonic()
        assert b"400" in link.recv(100)
        assert time.monotonic() - began < 20, "it is the limit of this test that ends it, not the usual 30 s"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"nonce":1}', b'{"nonce":"short"}', b'{"nonce":"' + b"n" * 32 + b'","more":1}', b"\xff", b"[" * 50_000],
)
def test_a_body_that_is_not_what_was_wanted_is_a_clear_refusal(server: Server, body: bytes) -> None:
    answer = server.ask("POST", "/api/v1/prove", body, {"Content-Type": "application/json"})
    assert (answer.status, answer.error) == (400, "BadRequest")


def test_an_unknown_or_doubled_query_is_refused(server: Server) -> None:
    assert server.ask("GET", "/api/v1/info?x=1").status == 400
    assert server.ask("GET", "/api/v1/jobs?limit=5&limit=6").status == 400
    assert server.ask("GET", "/api/v1/jobs?limit=100000").status == 400
    assert server.ask("GET", "/api/v1/jobs?state=sleeping").status == 400


def test_what_is_not_there_says_so_as_a_problem(server: Server) -> None:
    assert server.ask("GET", "/api/v1/nothing").error == "NotFound"
    answer = server.ask("PUT", "/api/v1/jobs")
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]


def test_every_answer_carries_the_headers_that_keep_browsers_careful(server: Server) -> None:
    for method, path, known in (
        ("GET", "/api/v1/info", True),
        ("GET", "/api/v1/info", False),
        ("GET", "/nothing", True),
        ("GET", "/healthz", False),
        ("POST", "/api/v1/jobs", True),
    ):
        headers = server.ask(method, path, known=known).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert "aiohttp" not in headers["server"].lower()


def test_the_page_runs_only_its_own_scripts_and_is_framed_only_by_itself_and_pages_on_disk(server: Server) -> None:
    answer = server.ask("GET", "/", known=False)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert answer.status == 200
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'self' file:"
    assert f"ws://{server.host}" in policy["connect-src"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers  # it knows no file:


@pytest.mark.parametrize(
    "path",
    [
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2fsettings.py",
        "/static//etc/passwd",
        "/static/..\\settings.py",
        "/static/%00",
    ],
)
def test_parts_of_the_page_come_from_its_folder_alone(server: Server, path: str) -> None:
    assert server.ask("GET", path, known=False).status in (400, 404)


def test_no_secret_ends_in_the_log(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        cookie, csrf = server.sign_in()
        server.ask("GET", f"/api/v1/info?token={server.ready.token}")
        server.ask("GET", f"/api/v1/{server.ready.token}")
        server.ask("GET", "/api/v1/jobs?q=a-private-word")
        server.ask("GET", "/api/v1/info", headers={"Cookie": cookie, "X-HeyGem-CSRF": csrf}, known=False)
        server.socket({"token": server.ready.token}).close()
        server.socket({"token": server.ready.token + "x"}).close()
        with server.client() as client:
            client.info()
        secrets = [
            "a-private-word",
            server.ready.token.partition(".")[2],
            server.ready.sign_in.partition("#code=")[2],
            cookie.partition("=")[2],
            csrf,
        ]
    text = (tmp_path / "data" / "logs" / "server.log").read_text()
    assert len(text.splitlines()) > 5
    assert [json.loads(line) for line in text.splitlines()]
    assert not [secret for secret in secrets if secret in text]


def test_masking_finds_tokens_codes_and_bearers() -> None:
    token = "0123456789abcdef." + "A" * 43
    assert masked(f"x {token} y") == "x *** y"
    assert masked("http://127.0.0.1:1/#code=abc-DEF_1 z") == "http://127.0.0.1:1/#code=*** z"
    assert masked("authorization: Bearer something") == "authorization: Bearer ***"


HOSTILE = {
    "invalid UTF-8": "\xff\xfe",
    "half a character": "\xed\xa0\x80",
    "a number of 5,000 digits": "9" * 5000,
    "a range of 5,000 digits": "bytes=" + "9" * 5000 + "-",
    "a range that ends there": "bytes=0-" + "9" * 5000,
    "the last so many bytes": "bytes=-" + "9" * 5000,
    "quotes": '"' * 100 + "W/,",
    "an equals sign": "=",
}
HEADERS = (
    "Authorization", "Cookie", "X-HeyGem-CSRF", "Range", "If-Range", "If-None-Match", "Content-Type", "Content-Encoding", "Idempotency-Key",
    "Origin", "Sec-Fetch-Site", "Expect", "Upgrade", "Sec-WebSocket-Key", "X-Anything",
)  # fmt: skip


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that counts its own wrong tokens."""
    with running(tmp_path_factory.mktemp("apart"), renders=False) as found:
        yield found


@pytest.mark.parametrize("name", HEADERS)
def test_no_header_is_an_error_of_the_server(apart: Server, name: str) -> None:
    """Bytes that are no text, in the token or the cookie, were a 500, and no wrong token was counted; ranges of 5,000 digits too."""
    for value in HOSTILE.values():
        for method, path, body in (
            ("GET", "/static/route.js", None),
            ("GET", "/api/v1/takes/x/file", None),
            ("GET", "/api/v1/events", None),
            ("POST", "/api/v1/prove", {"nonce": "n" * 32}),
            ("GET", "/api/v1/nothing", None),
            ("DELETE", "/healthz", None),
        ):
            for known in (False, name != "Authorization"):
                answer = apart.ask(method, path, body, {name: value}, known=known)
                assert answer.status < 500, (method, path, value[:20])
                if value.startswith(("\xff", "\xed")):
                    assert answer.status in ({"Origin": (403,), "Expect": (417,)}.get(name, (400, 429))), (method, path)


def test_a_token_that_is_no_text_is_counted_as_a_wrong_one(tmp_path: Path) -> None:
    with running(tmp_path, renders=False) as server:
        for name in ("Authorization", "Cookie", "X-HeyGem-CSRF", "Accept"):
            statuses = [server.ask("GET", "/api/v1/info", headers={name: "Bearer \xff"}, known=False).status for _ in range(8)]
            assert set(statuses) <= {400, 429}
        assert statuses == [400] * 8, "of those who say nothing about who they are nothing is counted"
        assert server.ask("GET", "/api/v1/info", headers={"Authorization": "Bearer \xff"}, known=False).status == 429
        assert server.ask("GET", "/api/v1/info").status == 200


@pytest.mark.parametrize("said", ["bytes=" + "9" * 5000 + "-", "bytes=0-" + "9" * 5000, "bytes=-" + "9" * 5000, "bytes=" + "0-1," * 1000])
def test_a_range_that_nobody_means_is_refused(tmp_path: Path, said: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Range": said})
    with pytest.raises(BadRequest):
        files._range(request, 100, '"tag"')
    assert files._range(make_mocked_request("GET", "/", headers={"Range": "bytes=0-" + "9" * 500}), 100, '"tag"') == (0, 100, 206)


@pytest.mark.parametrize(
    "body", [b'{"code":"\\ud800"}', b'{"code":"\xff"}', b'{"code":"\xed\xa0\x80"}', b'{"code":"\\u0000"}', '{"code":"é"}'.encode()]
)
def test_a_code_that_is_no_text_is_a_clear_refusal(apart: Server, body: bytes) -> None:
    assert apart.ask("POST", "/api/v1/sign-in", body, {"Content-Type": "application/json"}, known=False).status in (400, 401, 429)
