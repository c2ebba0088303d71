"""The socket: who is let in by the first message, and what ends it."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection

from heygem_server.api import events as events_module
from heygem_server.http import app_keys
from heygem_server.rendering import services
from heygem_server.rendering.events import Broadcaster
from heygem_server.rendering.job_log import JobLogs
from heygem_server.security.challenge import is_proof
from heygem_server.store import Store
from heygem_server.wire import LogLine, Origin, PreviewHeader

from ..rendering.jobs import submit
from .running import Server, running, told


def refused(socket: ClientConnection) -> str:
    """The last message before the server closes."""
    last = json.loads(socket.recv(timeout=60))
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=60)
    assert last["type"] == "refused"
    return last["error"]


def test_whoever_says_nothing_is_shown_out_in_time(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert events_module.HELLO_WITHIN_S == 5
    monkeypatch.setattr(events_module, "HELLO_WITHIN_S", 0.3)
    with server.socket() as socket:
        assert refused(socket) == "BadRequest", "who is late has shown no wrong key: a page comes again, and signs nobody out"


def test_a_socket_that_opens_while_the_server_stops_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its hello is not read any more. It was refused as if nobody knew it, which signed the page out."""
    opened = web.WebSocketResponse.prepare

    async def slowly(self: web.WebSocketResponse, request: web.Request) -> Any:
        made = await opened(self, request)
        await request.app[app_keys.STOPPING].wait()
        return made

    monkeypatch.setattr(web.WebSocketResponse, "prepare", slowly)
    with running(tmp_path, renders=False) as server:
        socket = server.known_socket()
    with socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == CloseCode.GOING_AWAY


@pytest.mark.parametrize(
    "first",
    ['{"type":"follow","previews":true}', "{}", "x", '{"type":"hello","since":"x"}', "[" * 100_000, '{"jsonrpc":"2.0","id":1,"result":{}}'],
)
def test_the_first_message_is_a_hello(server: Server, first: str) -> None:
    with server.socket() as socket:
        socket.send(first)
        assert refused(socket) in ("Unauthorized", "BadRequest")


@pytest.mark.parametrize("hello", [{}, {"token": "x.y"}, {"token": ""}])
def test_a_hello_without_the_right_token_is_refused(server: Server, hello: dict[str, str]) -> None:
    with server.socket(hello) as socket:
        assert refused(socket) == "Unauthorized"


def test_binary_first_is_refused(server: Server) -> None:
    with server.socket() as socket:
        socket.send(b"hello")
        assert refused(socket) == "Unauthorized"


def test_the_server_proves_itself_before_the_token_is_told(server: Server) -> None:
    with server.socket() as socket:
        socket.send(json.dumps({"type": "prove", "nonce": "n" * 32}))
        assert is_proof(server.ready.token, "n" * 32, told(socket, "proven")["hmac"])
        socket.send(json.dumps({"type": "hello", "token": server.ready.token}))
        assert told(socket, "welcome")["scope"] == "admin"


def test_proofs_do_not_keep_the_door_open(server: Server) -> None:
    with server.socket() as socket:
        for _ in range(4):
            socket.send(json.dumps({"type": "prove", "nonce": "n" * 32}))
        kinds = [json.loads(socket.recv(timeout=60))["type"] for _ in range(5)]
    assert kinds == ["proven"] * 4 + ["refused"]


def test_a_signed_in_page_comes_in_by_its_cookie_from_this_servers_page_alone(server: Server) -> None:
    cookie, csrf = server.sign_in()
    hello, own = {"csrf": csrf}, f"http://{server.host}"
    with server.socket(hello, additional_headers={"Cookie": cookie}, origin=own) as socket:  # type: ignore[arg-type]
        assert told(socket, "welcome")["scope"] == "page"
    for wrong in ({}, {"csrf": ""}, {"csrf": csrf[:-1]}, {"csrf": "\u00e9"}):
        with server.socket(wrong, additional_headers={"Cookie": cookie}, origin=own) as socket:  # type: ignore[arg-type]
            assert refused(socket) == "NoCsrf"
    for origin in (None, "null", "file://"):
        with server.socket(hello, additional_headers={"Cookie": cookie}, origin=origin) as socket:  # type: ignore[arg-type]
            assert refused(socket) == "Unauthorized"


def test_a_page_on_disk_comes_in_by_its_token(server: Server) -> None:
    token = server.token("page")["Authorization"].removeprefix("Bearer ")
    with server.socket({"token": token}, origin="null") as socket:  # type: ignore[arg-type]
        assert told(socket, "welcome")["scope"] == "page"


def test_a_message_larger_than_the_limit_ends_the_connection(server: Server) -> None:
    with server.known_socket() as socket:
        told(socket, "welcome")
        with suppress(ConnectionClosed):  # the server may close while it is still being sent
            socket.send("x" * (events_module._LARGEST_MESSAGE + 1))
        with suppress(ConnectionClosed):
            for _ in socket:
                pass
        assert socket.close_code in (1009, 1006)


def test_after_the_hello_only_what_is_understood_goes_on(server: Server) -> None:
    with server.known_socket() as socket:
        told(socket, "welcome")
        socket.send(json.dumps({"type": "follow", "previews": True, "logs": ["x"]}))
        socket.send(json.dumps({"type": "hello", "token": server.ready.token}))
        assert told(socket, "refused")["error"] == "BadRequest"


def test_a_newcomer_gets_a_welcome_and_the_present_state(server: Server) -> None:
    with server.known_socket() as socket:
        welcome, snapshot = told(socket, "welcome"), told(socket, "snapshot")
        assert welcome["epoch"] == snapshot["epoch"]
        assert snapshot["seq"] >= welcome["seq"]


def test_who_comes_back_is_not_told_the_same_again(still: Server) -> None:
    with still.known_socket() as socket:
        welcome = told(socket, "welcome")
    with still.known_socket(since=welcome["seq"], epoch=welcome["epoch"]) as socket:
        told(socket, "welcome")
        told(socket, "hosts")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.3)


def test_who_begins_to_follow_a_log_gets_what_was_written_before(tmp_path: Path) -> None:
    with running(tmp_path, renders=False) as server:
        logs = JobLogs(server.settings.data_folder / "logs" / "jobs")
        for job, texts in (("j1", ["a", "b"]), ("j2", ["c"])):
            for text in texts:
                logs.write(LogLine(job=job, shot=None, at=0.0, level="info", message=text))
        with server.known_socket(logs=["j1"]) as socket:
            assert [told(socket, "log")["message"] for _ in range(2)] == ["a", "b"]
            socket.send(json.dumps({"type": "follow", "logs": ["j1", "j2"]}))
            line = told(socket, "log")
            assert (line["message"], line["number"]) == ("c", 1), "what is followed already is not told again"


class Listener:
    """A socket and the pictures that came over it, as (job, number), in order."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.pictures: list[tuple[str, int]] = []
        told(socket, "snapshot")

    def hear(self) -> dict[str, Any] | None:
        """The next message; None = it was a picture."""
        message = self.socket.recv(timeout=60)
        if isinstance(message, str):
            return json.loads(message)
        length = int.from_bytes(message[:4], "big")
        assert message[4 + length :] == b"a jpeg"
        header = json.loads(message[4 : 4 + length])
        self.pictures.append((header["job"], header["frame"]))
        return None

    def follow(self, room: Broadcaster, job: str, *, previews: bool) -> None:
        """Returns once the server knows: lines of the log of `job`, which was not followed before, arrive."""
        self.socket.send(json.dumps({"type": "follow", "previews": previews, "logs": [job]}))
        stop = threading.Event()

        def write() -> None:
            while not stop.wait(0.02):
                room.publish_line(LogLine(job=job, shot=None, at=0.0, level="info", message="x"))

        writing = threading.Thread(target=write)
        writing.start()
        try:
            while (said := self.hear()) is None or (said["type"], said.get("job")) != ("log", job):
                pass
        finally:
            stop.set()
            writing.join()

    def until(self, picture: tuple[str, int]) -> list[tuple[str, int]]:
        """All pictures up to this one. Pictures keep their order, so none that was drawn before is still on its way."""
        while picture not in self.pictures:
            self.hear()
        return self.pictures


def test_an_editor_sees_pictures_of_its_own_jobs_if_it_asked_and_of_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Broadcaster] = []
    monkeypatch.setattr(services, "Broadcaster", lambda store: found.append(Broadcaster(store)) or found[0])
    with running(tmp_path, renders=False) as server:
        store = Store(server.settings.data_folder / "heygem.sqlite3")
        own, second, other = (
            submit(store, origin=Origin(kind="host", host="premiere-1", project=project)).job.id for project in ("p1", "p1", "p2")
        )
        store.close()
        jobs = ("jnobody", other, own)

        def draw(number: int) -> None:
            for job in jobs:
                header = PreviewHeader(job=job, shot=f"shot {number} of {job}", frame=number, width=8, height=8)
                found[0].publish_picture(header, b"a jpeg")

        token = server.token("host", host="premiere-1", project="p1")["Authorization"].split()[1]
        with (
            server.socket({"token": token, "previews": True}) as one,
            server.socket({"token": token}) as another,
            server.socket({"token": server.ready.token, "previews": True}) as of_page,
        ):
            asked, silent, page = Listener(one), Listener(another), Listener(of_page)
            draw(1)
            asked.follow(found[0], own, previews=False)
            silent.follow(found[0], own, previews=True)
            draw(2)
            asked.follow(found[0], second, previews=True)
            draw(3)
            assert page.until((own, 3)) == [(job, number) for number in (1, 2, 3) for job in jobs]
            assert asked.until((own, 3)) == [(own, 1), (own, 3)]
            assert silent.until((own, 3)) == [(own, 2), (own, 3)]
