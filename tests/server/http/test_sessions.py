"""A signed-in browser's session: its cookie, which other ports of this machine see too, opens nothing without the page's own word."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heygem_core.shot import to_json
from heygem_server.errors import Unauthorized
from heygem_server.http.route_table import ROUTES
from heygem_server.security import signed_addresses, tokens
from heygem_server.security.tokens import Grant, TokenStore
from heygem_server.store import Store

from ..rendering import jobs as making
from .running import Answer, Server, running
from .test_socket import refused

BYTES = os.urandom(5000)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with a take of 5000 bytes, and the path of its file."""
    folder = tmp_path_factory.mktemp("sessions")
    with running(folder, renders=False) as server:
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        making.submit(store)
        path = server.settings.takes_folder / "clip_v1.mov"
        path.write_bytes(BYTES)
        take = making.finish(store, path=str(path))
        store.close()
        yield server, f"/api/v1/takes/{take.id}/file"


def opened(server: Server, page: dict[str, str], *paths: str) -> list[str]:
    answer = server.ask("POST", "/api/v1/addresses", {"paths": paths}, page, known=False)
    assert answer.status == 200, answer.body
    assert answer.json["life_s"] >= 3600
    return answer.json["addresses"]


def by_cookie(server: Server, page: dict[str, str], address: str, **headers: str) -> Answer:
    return server.ask("GET", address, headers={"Cookie": page["Cookie"], **headers}, known=False)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.scopes], ids=lambda route: f"{route.method} {route.path}")
def test_whoever_has_the_cookie_alone_gets_nothing(server: Server, route: Any) -> None:
    """A program at another port of this machine was sent the cookie: it asks with all that it saw, without a browser."""
    page = server.page()
    path, known = route.path.replace("{id}", "x"), {"Cookie": page["Cookie"], "Origin": page["Origin"], "Sec-Fetch-Site": "same-origin"}
    stolen = page["Cookie"].partition("=")[2]
    for headers in (known, {**known, "X-HeyGem-CSRF": stolen}, {**known, "Host": server.host.replace("127.0.0.1", "localhost")}):
        answer = server.ask(route.method, path, headers=headers, known=False)
        assert (answer.status, answer.error) == (403, "NoCsrf")
        assert page["X-HeyGem-CSRF"] not in str(answer)
    answer = server.ask(route.method, path, headers={**known, "Authorization": f"Bearer {stolen}"}, known=False)
    assert (answer.status, answer.error) == (401, "Unauthorized")


@pytest.mark.parametrize(("scheme", "error"), [("token", "Unauthorized"), ("cookie", "NoCsrf")])
def test_the_cookie_alone_opens_no_socket(server: Server, scheme: str, error: str) -> None:
    page = server.page()
    stolen = page["Cookie"].partition("=")[2]
    hello = {"token": stolen} if scheme == "token" else {}
    with server.socket(hello, additional_headers={"Cookie": page["Cookie"]}, origin=page["Origin"]) as socket:  # type: ignore[arg-type]
        assert refused(socket) == error


def test_a_player_gets_a_file_in_ranges_by_a_signed_address(there: tuple[Server, str]) -> None:
    server, path = there
    page = server.page()
    (address,) = opened(server, page, path)
    assert address.startswith(path)
    assert opened(server, page, path) == [address], "browsers keep what they fetched as long as its address stays"
    assert by_cookie(server, page, address).body == BYTES
    part = by_cookie(server, page, address, Range="bytes=100-199")
    assert (part.status, part.body, part.headers["content-range"]) == (206, BYTES[100:200], "bytes 100-199/5000")


def test_a_list_of_takes_brings_the_addresses_of_their_pictures_to_a_page_alone(there: tuple[Server, str]) -> None:
    server, path = there
    page, poster = server.page(), path.replace("/file", "/poster.jpg")
    listed = server.ask("GET", "/api/v1/takes", headers=page, known=False).json
    assert listed["posters"]["addresses"] == opened(server, page, poster)
    assert listed["posters"]["life_s"] >= 3600
    assert server.ask("GET", "/api/v1/takes").json["posters"] is None, "a token needs no address"


def test_a_signed_address_opens_nothing_else(there: tuple[Server, str]) -> None:
    server, path = there
    page, other = server.page(), server.page()
    (address,) = opened(server, page, path)
    take, proof = path.removesuffix("/file"), address.removeprefix(path)
    assert by_cookie(server, page, path).error == "NoCsrf"
    assert server.ask("GET", address, known=False).status == 401, "without the cookie"
    assert by_cookie(server, other, address).error == "Unauthorized", "another session"
    last = "0" if address[-1] != "0" else "1"
    ends = address.partition("ends=")[2].partition("&")[0]
    for changed in (
        f"{take}/report{proof}",
        address[:-1] + last,
        address.replace(f"ends={ends}", f"ends={int(ends) + 3600}"),
        path + "?x=1&" + proof[1:],
    ):
        assert by_cookie(server, page, changed).error == "Unauthorized", changed
    for more in (address + "&x=1", address[:-1], address.replace("&proof", "&more=1&proof"), f"{path}?ends=&proof="):
        assert by_cookie(server, page, more).error == "NoCsrf", more
    assert by_cookie(server, page, address, **{"Sec-Fetch-Site": "same-site"}).status == 401


def test_a_signed_address_gives_files_alone_and_changes_nothing(there: tuple[Server, str]) -> None:
    server, path = there
    page, take = server.page(), path.removesuffix("/file")
    shown, pin = opened(server, page, take, f"{take}/pin")
    assert by_cookie(server, page, shown).error == "NoCsrf"
    assert server.ask("POST", pin, {}, {"Cookie": page["Cookie"]}, known=False).error == "NoCsrf"


def test_a_signed_address_keeps_its_query_and_ends(there: tuple[Server, str], monkeypatch: pytest.MonkeyPatch) -> None:
    server, path = there
    page, job = server.page(), server.ask("GET", "/api/v1/jobs").json["jobs"][0]["id"]
    log, file = opened(server, page, f"/api/v1/jobs/{job}/log?language=en", path)
    assert by_cookie(server, page, log).status == 200
    assert by_cookie(server, page, log.replace("language=en", "language=zh")).status == 401
    now = time.time()
    monkeypatch.setattr(signed_addresses.time, "time", lambda: now + 3590)
    assert by_cookie(server, page, file).status == 200
    monkeypatch.setattr(signed_addresses.time, "time", lambda: now + 2 * 3600 + 1)
    assert by_cookie(server, page, file).status == 401


@pytest.mark.parametrize("path", ["", "/", "takes/x", "//evil.example/x", "https://evil.example", "/api/v1/é", "/api/v1/a b", "/api/v2/x"])
def test_only_addresses_of_this_server_are_signed(server: Server, path: str) -> None:
    assert server.ask("POST", "/api/v1/addresses", {"paths": [path]}, server.page(), known=False).status == 400


def test_who_has_a_token_needs_no_address(server: Server) -> None:
    for known in (server.known, server.token("page")):
        assert server.ask("POST", "/api/v1/addresses", {"paths": ["/api/v1/takes/x/file"]}, known, known=False).status == 400


def test_a_session_outlives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, renders=False) as first:
        page = first.page()
    with running(tmp_path, renders=False) as second:
        page["Origin"] = f"http://{second.host}"
        assert second.ask("GET", "/api/v1/info", headers=page, known=False).json["scope"] == "page"


def test_signing_in_again_ends_the_session_that_this_browser_had(server: Server) -> None:
    page = server.page()
    code = server.ask("POST", "/api/v1/sign-in-codes").json["code"]
    assert server.ask("POST", "/api/v1/sign-in", {"code": code}, {"Cookie": page["Cookie"]}, known=False).status == 200
    assert server.ask("GET", "/api/v1/info", headers=page, known=False).status == 401
    assert server.ask("GET", "/api/v1/info").status == 200


def test_a_cookie_of_before_whose_word_was_told_for_it_alone_is_worth_nothing_any_more(tmp_path: Path) -> None:
    """Its word could be had by whoever saw the cookie. The first page that brings it ends it, and signs in anew."""
    old = Grant(id="0" * 16, token="0" * 16 + ".of-before", scope="page", csrf="a-word", ends=time.time() + 1000)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "access.json").write_bytes(to_json([old]))
    with running(tmp_path, renders=False) as server:
        known = {"Cookie": f"heygem_session={old.token}", "X-HeyGem-CSRF": "a-word"}
        assert server.ask("GET", "/api/v1/session", headers=known, known=False).status == 401
        bearer = {"Authorization": f"Bearer {old.token}"}
        assert server.ask("GET", "/api/v1/session", headers=bearer, known=False).status == 401
    assert json.loads((tmp_path / "data" / "access.json").read_text()) == []


def test_many_editors_sign_no_browser_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """505 tokens of editors were newer than the browser's session, which fell out of the list."""
    store = TokenStore(tmp_path / "access.json")
    browser, bearer = store.issue("page", cookie=True), store.issue("page")
    later = (bearer.ends or 0) + 1
    hosts = [Grant(id=f"{k:016x}", token=f"{k:016x}.x", scope="host", host="h", project=f"{k}", ends=later) for k in range(504)]
    store._grants |= {grant.id: grant for grant in hosts}
    now = time.time()
    monkeypatch.setattr(tokens.time, "time", lambda: now + 60)
    newest = store.issue("host", host="h", project="p")
    for again in (store, TokenStore(tmp_path / "access.json")):
        for grant in (browser, bearer, newest):
            assert again.find(grant.token) == grant
        assert len(list(again)) == 1 + 2 + tokens._MOST_OF_A_KIND
    with pytest.raises(Unauthorized):
        store.find(hosts[0].token)
