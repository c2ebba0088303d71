"""Host and Origin: who may even ask. Each of these attacks worked before its check was there."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from heygem_server.security.errors import ForeignHost, ForeignOrigin
from heygem_server.security.host_names import HostNames

from .running import Server

PATHS = ("/", "/healthz", "/static/app.js", "/api/v1/info", "/api/v1/jobs", "/api/v1/events", "/nothing", "/metrics")


@pytest.mark.parametrize("path", PATHS)
def test_a_foreign_host_header_is_refused_on_every_route(server: Server, path: str) -> None:
    """DNS rebinding: evil.example resolves to 127.0.0.1 and the browser takes the server for its own."""
    for host in (
        "evil.example",
        f"evil.example:{server.ready.port}",
        "127.0.0.1",
        "127.0.0.1:1",
        f"127.0.0.1.evil.example:{server.ready.port}",
    ):
        answer = server.ask("GET", path, host=host)
        assert (answer.status, answer.error) == (403, "ForeignHost"), host


def test_a_request_without_a_host_header_is_refused(server: Server) -> None:
    answer = server.ask("GET", "/api/v1/info", headers={"Host": ""})
    assert answer.status == 400


def test_the_loopback_names_are_ours(server: Server) -> None:
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert server.ask("GET", "/api/v1/info", host=f"{name}:{server.ready.port}").status == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "chrome-extension://abc", "http://127.0.0.1.evil.example"]
)
def test_a_foreign_origin_is_refused_even_with_the_right_token(server: Server, origin: str) -> None:
    for method, path in (
        ("GET", "/api/v1/info"),
        ("POST", "/api/v1/sign-in-codes"),
        ("POST", "/api/v1/prove"),
        ("OPTIONS", "/api/v1/jobs"),
    ):
        answer = server.ask(method, path, headers={"Origin": origin})
        assert (answer.status, answer.error) == (403, "ForeignOrigin")
        assert "access-control-allow-origin" not in answer.headers


def test_our_own_origin_and_none_are_welcome(server: Server) -> None:
    assert server.ask("GET", "/api/v1/info", headers={"Origin": f"http://{server.host}"}).status == 200
    assert server.ask("GET", "/api/v1/info").status == 200


@pytest.mark.parametrize("origin", ["null", "file://"])
def test_a_page_on_disk_needs_a_bearer_and_never_gets_in_by_cookie(server: Server, origin: str) -> None:
    cookie, csrf = server.sign_in()
    assert server.ask("GET", "/api/v1/info", headers={"Origin": origin}).status == 200
    for method, path in (("GET", "/api/v1/info"), ("POST", "/api/v1/sign-out")):
        answer = server.ask(method, path, headers={"Origin": origin, "Cookie": cookie, "X-HeyGem-CSRF": csrf}, known=False)
        assert answer.status == 401
    code = server.ask("POST", "/api/v1/sign-in-codes").json["code"]
    assert server.ask("POST", "/api/v1/sign-in", {"code": code}, {"Origin": origin}, known=False).status == 401


def test_no_answer_lets_foreign_pages_read_it(server: Server) -> None:
    for path in PATHS:
        for origin in (None, "null", f"http://{server.host}"):
            answer = server.ask("GET", path, headers={"Origin": origin} if origin else {})
            assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "http://localhost:3000"}])
def test_the_socket_refuses_a_foreign_origin(server: Server, headers: dict[str, str]) -> None:
    """aiohttp accepts any Origin and Host by default."""
    with pytest.raises(InvalidStatus) as refused:
        server.socket(additional_headers=headers)
    assert refused.value.response.status_code == 403


def test_the_socket_refuses_a_foreign_host(server: Server) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    assert server.ask("GET", "/api/v1/events", headers=headers, host="evil.example").status == 403
    assert server.ask("GET", "/api/v1/events", headers=headers).status == 101


def test_names_of_the_lan_are_only_those_that_were_allowed() -> None:
    names = HostNames(8437, secure=True, extra=("render.studio.lan", "10.0.0.5", "fe80::1"))
    for host in ("render.studio.lan:8437", "RENDER.studio.lan:8437", "10.0.0.5:8437", "[fe80::1]:8437", "127.0.0.1:8437"):
        names.check_host(host)
    for host in ("10.0.0.6:8437", "studio.lan:8437", "render.studio.lan", None):
        with pytest.raises(ForeignHost):
            names.check_host(host)
    assert names.kind_of("https://render.studio.lan:8437") == "own"
    with pytest.raises(ForeignOrigin):
        names.kind_of("http://render.studio.lan:8437")
