"""A whole server on a free loopback port, in a thread of the test, with a data folder of its own; and plain ways to talk to it."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from heygem_server.client import Client
from heygem_server.http.server import Ready, serve
from heygem_server.settings import ServerSettings
from heygem_server.single_instance import only_one, read_server_file


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    cookies: list[str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> str:
        return self.json["error"]


@dataclass(frozen=True)
class Server:
    settings: ServerSettings
    ready: Ready

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.ready.port}"

    @property
    def known(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ready.token}"}

    def client(self) -> Client:
        found = read_server_file(self.settings.data_folder)
        assert found is not None
        return Client.of(found)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        *,
        known: bool = True,
        host: str | None = None,
    ) -> Answer:
        """One request on its own connection; a dict or list becomes JSON, bytes travel as they are."""
        sent = {"Host": host or self.host, **(self.known if known else {})}
        if isinstance(body, dict | list):
            body, sent["Content-Type"] = json.dumps(body).encode(), "application/json"
        sent |= headers or {}
        connection = http.client.HTTPConnection("127.0.0.1", self.ready.port, timeout=120)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if body is not None and "Content-Length" not in sent and "Transfer-Encoding" not in sent:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                if value:
                    connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            given = response.getheaders()
            cookies = [value for name, value in given if name.lower() == "set-cookie"]
            return Answer(response.status, {name.lower(): value for name, value in given}, cookies, response.read())
        finally:
            connection.close()

    def sign_in(self) -> tuple[str, str]:
        """(cookie, CSRF word) of a browser."""
        code = self.ask("POST", "/api/v1/sign-in-codes").json["code"]
        answer = self.ask("POST", "/api/v1/sign-in", {"code": code}, {"Origin": f"http://{self.host}"}, known=False)
        return answer.cookies[0].partition(";")[0], answer.json["csrf"]

    def page(self) -> dict[str, str]:
        """What a signed-in page sends."""
        cookie, word = self.sign_in()
        return {"Cookie": cookie, "X-HeyGem-CSRF": word, "Origin": f"http://{self.host}"}

    def token(self, scope: str, **more: str) -> dict[str, str]:
        """The header of a new token."""
        answer = self.ask("POST", "/api/v1/tokens", {"scope": scope, **more})
        assert answer.status == 201, answer.body
        return {"Authorization": f"Bearer {answer.json['token']}"}

    def socket(self, hello: dict[str, Any] | None = None, **options: Any) -> ClientConnection:
        """An open socket; after a hello if there is one to say."""
        address = f"ws://{self.host}/api/v1/events"
        socket = connect(address, proxy=None, compression=None, open_timeout=60, max_size=None, legacy=True, **options)
        if hello is not None:
            socket.send(json.dumps({"type": "hello", **hello}))
        return socket

    def known_socket(self, **hello: Any) -> ClientConnection:
        return self.socket({"token": self.ready.token, **hello})


def told(socket: ClientConnection, kind: str, timeout_s: float = 60.0) -> dict[str, Any]:
    """The next message of that type."""
    while True:
        message = socket.recv(timeout=timeout_s)
        if isinstance(message, str) and json.loads(message).get("type") == kind:
            return json.loads(message)


def wait_for(true: Callable[[], bool], timeout_s: float = 120.0) -> None:
    """Until it is so; fails where it never is. Returns at once where it is, so a generous limit costs nothing."""
    ends = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < ends, "it did not happen in time"
        time.sleep(0.02)


def arrivals(monkeypatch: pytest.MonkeyPatch, owner: type, method: str) -> list[tuple[Any, ...]]:
    """The calls of an asynchronous method so far: a test waits until its requests are in the server, however slowly they get there."""
    came: list[tuple[Any, ...]] = []
    real = getattr(owner, method)

    async def counted(*given: Any, **named: Any) -> Any:
        came.append(given)
        return await real(*given, **named)

    monkeypatch.setattr(owner, method, counted)
    return came


@contextmanager
def running(folder: Path, *, renders: bool = True, **settings: Any) -> Iterator[Server]:
    """A server in a thread until the block ends.

    renders: False = it has no workers, so its scheduler claims nothing. A test that puts jobs into the store of a running server and claims
    or steers them itself needs that: otherwise the scheduler is at them first whenever it is quicker.
    """
    (folder / "media").mkdir(parents=True, exist_ok=True)
    defaults: dict[str, Any] = {
        "data_folder": folder / "data",
        "takes_folder": folder / "takes",
        "cache": folder / "cache",
        "roots": (folder / "media",),
        "port": 0,
        "workers": int(renders),
        "disk_floor_bytes": 0,
        "measure_takes": False,
        "make_previews": False,
    }
    chosen = ServerSettings(**{**defaults, **settings})
    found: list[Ready] = []
    up, failures = threading.Event(), []
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    def work() -> None:
        def ready(at: Ready) -> None:
            found.append(at)
            up.set()

        try:
            with only_one(chosen.data_folder):
                loop.run_until_complete(serve(chosen, ready, stop))
        except BaseException as error:
            failures.append(error)
        finally:
            up.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert up.wait(30), "the server did not start"
    if failures:
        raise failures[0]
    try:
        yield Server(chosen, found[0])
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive(), "the server did not stop"
        loop.close()
    if failures:
        raise failures[0]
