"""Tokens, cookies, one-time codes, scopes, proof: who may come in, and as whom."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from heygem_core.errors import SpecError
from heygem_core.shot import to_json
from heygem_server.cli import main
from heygem_server.client import Client, NoServer
from heygem_server.errors import NotAllowedFolder, ServerError, TooMany, Unauthorized
from heygem_server.http.route_table import ROUTES
from heygem_server.json_responses import answer_of
from heygem_server.security import tokens as grants_module
from heygem_server.security.auth_rate_limit import MOST_FAILURES, AuthRateLimit
from heygem_server.security.challenge import is_proof, prove
from heygem_server.security.errors import BadPath
from heygem_server.security.tokens import CODE_LIFE_S, TokenStore
from heygem_server.single_instance import read_server_file
from heygem_server.wire import Problem

from .running import Server, running


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scopes], ids=lambda route: f"{route.method} {route.path}")
def test_every_route_but_the_public_ones_wants_to_know_who_asks(server: Server, route) -> None:  # type: ignore[no-untyped-def]
    answer = server.ask(route.method, route.path.replace("{id}", "x"), known=False)
    assert (answer.status, answer.error) == (401, "Unauthorized")


def test_the_public_routes_are_these_and_no_others() -> None:
    public = {(route.method, route.path) for route in ROUTES if not route.scopes}
    assert public == {
        ("GET", "/"),
        ("GET", "/docs"),  # leads to the page, which asks for signing in
        ("GET", "/static/{path:.+}"),
        ("GET", "/healthz"),
        ("GET", "/api/v1/languages"),
        ("GET", "/api/v1/messages/{language}"),  # signing in may be refused, in a person's language
        ("GET", "/api/v1/page-texts/{language}"),
        ("POST", "/api/v1/prove"),
        ("POST", "/api/v1/sign-in"),
        ("GET", "/api/v1/events"),  # asks in its first message
    }


def test_a_wrong_token_opens_nothing(server: Server) -> None:
    right = server.ready.token
    for wrong in (
        right[:-1],
        right + "x",
        right.partition(".")[0] + ".",
        "." + right.partition(".")[2],
        right.swapcase(),
        "é" * 40,
        "Bearer",
    ):
        answer = server.ask("GET", "/api/v1/info", headers={"Authorization": f"Bearer {wrong}".encode().decode("latin-1")}, known=False)
        assert (answer.status, answer.error) == (401, "Unauthorized"), wrong
        assert server.ask("GET", "/api/v1/info", headers={"Authorization": f"Bearer {right}"}, known=False).status == 200


def test_tokens_are_compared_in_constant_time_also_where_the_id_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[bytes] = []
    real = grants_module.hmac.compare_digest
    monkeypatch.setattr(grants_module.hmac, "compare_digest", lambda a, b: compared.append(a) or real(a, b))
    tokens = TokenStore(tmp_path / "access.json")
    tokens.find(tokens.admin.token)
    for wrong in (tokens.admin.token + "x", "0" * 16 + ".nobody"):
        with pytest.raises(Unauthorized):
            tokens.find(wrong)
    assert len(compared) == 3


def test_a_token_in_the_address_is_not_looked_at(server: Server) -> None:
    """Addresses end in logs and histories."""
    for name in ("token", "access_token", "auth"):
        assert server.ask("GET", f"/api/v1/info?{name}={server.ready.token}", known=False).status == 401
        assert server.ask("GET", f"/api/v1/info?{name}={server.ready.token}").status == 400


def test_a_sign_in_code_works_once(server: Server) -> None:
    code = server.ready.sign_in.partition("#code=")[2]
    first = server.ask("POST", "/api/v1/sign-in", {"code": code}, known=False)
    assert first.status == 200
    flags = first.cookies[0].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    assert "path=/" in flags
    assert server.ask("POST", "/api/v1/sign-in", {"code": code}, known=False).status == 401


def test_a_sign_in_code_ends_after_ten_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = TokenStore(tmp_path / "access.json")
    code = tokens.new_code()
    now = time.time()
    monkeypatch.setattr(grants_module.time, "time", lambda: now + CODE_LIFE_S + 1)
    with pytest.raises(Unauthorized, match="ten minutes"):
        tokens.spend_code(code)


def test_a_cookie_reads_and_changes_nothing_without_the_csrf_header(server: Server) -> None:
    cookie, csrf = server.sign_in()
    own = {"Cookie": cookie, "Origin": f"http://{server.host}"}
    for given in ("", "x", csrf[:-1], csrf + "x"):
        answer = server.ask("POST", "/api/v1/roots", {"folder": "/nowhere"}, {**own, "X-HeyGem-CSRF": given}, known=False)
        assert (answer.status, answer.error) == (403, "NoCsrf")
        answer = server.ask("GET", "/api/v1/info", headers={**own, "X-HeyGem-CSRF": given}, known=False)
        assert (answer.status, answer.error) == (403, "NoCsrf")
    assert server.ask("GET", "/api/v1/info", headers={**own, "X-HeyGem-CSRF": csrf}, known=False).json["scope"] == "page"
    assert server.ask("POST", "/api/v1/roots", {"folder": "/nowhere"}, {**own, "X-HeyGem-CSRF": csrf}, known=False).error == "BadPath"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_cookie_that_another_server_of_this_machine_provoked_counts_for_nothing(server: Server, site: str) -> None:
    """Cookies know no ports: http://127.0.0.1:3000 is the "same site" as this server and its requests bring the cookie."""
    cookie, csrf = server.sign_in()
    own = {"Cookie": cookie, "X-HeyGem-CSRF": csrf}
    assert server.ask("GET", "/api/v1/info", headers={**own, "Sec-Fetch-Site": site}, known=False).status == 401
    assert server.ask("GET", "/api/v1/info", headers={**own, "Sec-Fetch-Site": "same-origin"}, known=False).status == 200


def test_a_bearer_token_is_no_cookie(server: Server) -> None:
    answer = server.ask("GET", "/api/v1/info", headers={"Cookie": f"heygem_session={server.ready.token}"}, known=False)
    assert answer.status == 401


def test_after_signing_out_the_cookie_opens_nothing(server: Server) -> None:
    cookie, csrf = server.sign_in()
    own = {"Cookie": cookie, "X-HeyGem-CSRF": csrf}
    out = server.ask("POST", "/api/v1/sign-out", headers=own, known=False)
    assert out.status == 204
    assert out.cookies[0].partition("=")[0] == cookie.partition("=")[0]
    assert {"max-age=0", "httponly", "samesite=strict", "path=/"} <= set(out.cookies[0].lower().split("; ")), "as it was set"
    assert server.ask("GET", "/api/v1/session", headers=own, known=False).status == 401


def test_a_page_cannot_make_tokens_and_a_host_cannot_allow_folders(server: Server) -> None:
    page, host = server.token("page"), server.token("host", host="h", project="p")
    assert server.ask("POST", "/api/v1/tokens", {"scope": "page"}, page, known=False).status == 403
    assert server.ask("POST", "/api/v1/sign-in-codes", headers=page, known=False).status == 403
    assert server.ask("GET", "/metrics", headers=page, known=False).status == 200
    assert server.ask("GET", "/metrics", headers=host, known=False).status == 403
    assert server.ask("POST", "/api/v1/roots", {"folder": "/tmp"}, host, known=False).status == 403
    assert server.ask("GET", "/api/v1/files", headers=host, known=False).status == 403
    assert server.ask("POST", "/api/v1/tokens", {"scope": "host", "host": "h"}).status == 400


def passed(server: Server, file: Path, token: dict[str, str]) -> str:
    """A pass with that token, as `heygem pass` writes it under --lan."""
    found = read_server_file(server.settings.data_folder)
    assert found is not None
    file.write_bytes(to_json(msgspec.structs.replace(found, token=token["Authorization"].removeprefix("Bearer "))))
    return str(file)


def test_a_pass_opens_the_page_until_the_pass_ends(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link was asked of the route for the server's own user, which a pass may not use: `heygem open --data PASS` was refused."""
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda link: opened.append(link) or True)
    token = server.token("page")
    assert main(["open", "--data", passed(server, tmp_path / "pass.json", token)]) == 0
    answer = server.ask("POST", "/api/v1/sign-in", {"code": opened[0].partition("#code=")[2]}, known=False)
    assert (answer.status, answer.json["scope"]) == (200, "page")
    ends = {grant["id"]: grant["ends"] for grant in json.loads((server.settings.data_folder / "access.json").read_text())}
    page, of_pass = answer.cookies[0].partition("=")[2].partition(".")[0], token["Authorization"].split()[1].partition(".")[0]
    assert ends[page] == ends[of_pass]


def test_an_editors_pass_opens_no_page_and_a_page_makes_no_link(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("webbrowser.open", pytest.fail)
    assert main(["open", "--data", passed(server, tmp_path / "pass.json", server.token("host", host="h", project="p"))]) != 0
    assert "page" in capsys.readouterr().err
    cookie, csrf = server.sign_in()
    own = {"Cookie": cookie, "Origin": f"http://{server.host}", "X-HeyGem-CSRF": csrf}
    answer = server.ask("POST", "/api/v1/own-sign-in-codes", headers=own, known=False)
    assert (answer.status, answer.json["code"]) == (403, "auth.page-makes-no-link")


def test_tokens_of_pages_outlive_a_restart_and_the_admins_does_not(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        page = first.token("page")
    with running(tmp_path) as second:
        assert second.ask("GET", "/api/v1/info", headers=page, known=False).json["scope"] == "page"
        assert second.ask("GET", "/api/v1/info", headers=first.known, known=False).status == 401


def test_too_many_wrong_tokens_are_not_answered_any_more_but_the_right_one_of_this_machine_is(tmp_path: Path) -> None:
    assert MOST_FAILURES == 20
    with running(tmp_path) as server:
        answers = [
            server.ask("GET", "/api/v1/info", headers={"Authorization": "Bearer x.y"}, known=False) for _ in range(MOST_FAILURES + 2)
        ]
        assert [answer.status for answer in answers] == [401] * MOST_FAILURES + [429] * 2
        assert answers[-1].headers["retry-after"] == "60"
        assert server.ask("GET", "/api/v1/info").status == 200
        assert server.ask("POST", "/api/v1/sign-in", {"code": "wrong"}, known=False).status == 429


def test_another_machine_that_fails_too_often_is_shut_out() -> None:
    rate_limit = AuthRateLimit()
    for _ in range(MOST_FAILURES):
        rate_limit.check_before("10.0.0.9")
        rate_limit.failed("10.0.0.9")
    with pytest.raises(TooMany):
        rate_limit.check_before("10.0.0.9")
    rate_limit.check_before("10.0.0.10")
    rate_limit.check_before("127.0.0.1")


def test_the_server_proves_that_it_knows_a_token(server: Server) -> None:
    nonce = "n" * 32
    answer = server.ask("POST", "/api/v1/prove", {"nonce": nonce}, known=False)
    assert is_proof(server.ready.token, nonce, answer.json["hmac"])
    page = server.token("page")["Authorization"].removeprefix("Bearer ")
    answer = server.ask("POST", "/api/v1/prove", {"nonce": nonce, "grant": page.partition(".")[0]}, known=False)
    assert is_proof(page, nonce, answer.json["hmac"])


def test_a_proof_for_an_unknown_grant_proves_nothing(server: Server) -> None:
    answers = [server.ask("POST", "/api/v1/prove", {"nonce": "n" * 32, "grant": "0" * 16}, known=False).json["hmac"] for _ in range(2)]
    assert answers[0] != answers[1]
    assert answers[0] != prove("", "n" * 32)


@pytest.fixture
def squatter() -> Iterator[tuple[str, list[str]]]:
    """Another program that took the port after a crash and answers everything."""
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(f"{self.headers} {self.rfile.read(int(self.headers['Content-Length']))!r}")
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"hmac":"' + b"0" * 64 + b'"}')

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    listener = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{listener.server_port}", heard
    listener.shutdown()
    listener.server_close()


def test_a_client_tells_a_squatter_nothing(squatter: tuple[str, list[str]]) -> None:
    url, heard = squatter
    with pytest.raises(NoServer, match="does not know"):
        Client(url, "0123456789abcdef.the-secret-itself")
    assert len(heard) == 1
    assert "the-secret-itself" not in heard[0]


def test_the_files_with_secrets_are_their_users_alone(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.token("page")
        for name in ("server.json", "access.json", "server.lock"):
            assert (server.settings.data_folder / name).stat().st_mode & 0o077 == 0, name
        assert server.settings.data_folder.stat().st_mode & 0o077 == 0


def test_a_refusal_becomes_the_error_that_it_names() -> None:
    """A SpecError was swallowed by the very clause that looked for answers that are no problem."""
    for name, kind in (("SpecError", SpecError), ("NotAllowedFolder", NotAllowedFolder), ("BadPath", BadPath), ("HTTPTeapot", ServerError)):
        with pytest.raises(kind, match="why"):
            answer_of(400, to_json(Problem(error=name, message="why")), dict)
    for body in (b"", b"<html>", b"{}"):
        with pytest.raises(NoServer):
            answer_of(502, body, dict)
