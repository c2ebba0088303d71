"""Connections that say nothing, say it slowly, or are too many; and requests that are not what HTTP/1.1 says they are."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import pytest

from heygem_server.api import events
from heygem_server.http import connections, routes
from heygem_server.http import server as serving

from .running import Server, running, told, wait_for


@contextmanager
def links(server: Server, count: int, says: bytes) -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        found = [stack.enter_context(socket.create_connection(("127.0.0.1", server.ready.port), timeout=10)) for _ in range(count)]
        for link in found:
            link.sendall(says)
        yield found


def raw(server: Server, request: str, quiet_s: float = 0.2) -> bytes:
    """What comes back until the server closes, or has answered and says nothing for a time."""
    with links(server, 1, request.replace("{host}", server.host).encode()) as (link,):
        said = b""
        try:
            while piece := link.recv(65536):
                said += piece
                link.settimeout(quiet_s)
        except TimeoutError:
            pass
        return said


def test_two_hundred_that_never_finish_their_head_keep_nobody_out_and_are_hung_up_on(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slowloris: the framework waits an hour for the rest of a head; trickling a byte now and then must not prolong that."""
    monkeypatch.setattr(serving, "SILENT_S", 3.0)
    with running(tmp_path_factory.mktemp("slow")) as server, links(server, 200, b"GET /api/v1/info HTTP/1.1\r\nHost: x\r\nX: ") as slow:
        assert server.ask("GET", "/api/v1/info").status == 200
        assert any(map(still_open, slow)), "nobody had to wait until they were hung up on"
        alive = slow
        ends = time.monotonic() + 30  # bytes that trickle in would keep them for as long as the test goes on sending
        while alive:
            assert time.monotonic() < ends, f"{len(alive)} are still open"
            time.sleep(0.2)
            alive = [link for link in alive if still_open(link)]


def still_open(link: socket.socket) -> bool:
    try:
        link.sendall(b"x")
        link.settimeout(0.001)
        return link.recv(100) != b""
    except TimeoutError:
        return True
    except OSError:
        return False


def test_one_address_has_only_so_many_connections(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    made = connections.Connections
    monkeypatch.setattr(serving, "Connections", lambda make: made(make, most_local=20))
    with running(tmp_path_factory.mktemp("many")) as server:
        with links(server, 25, b"") as found:
            wait_for(lambda: sum(map(still_open, found)) <= 20)
            assert sum(map(still_open, found)) == 20
        wait_for(lambda: answers(server))  # their places are free again


def answers(server: Server) -> bool:
    try:
        return server.ask("GET", "/healthz").status == 200
    except (OSError, HTTPException):
        return False


def test_a_body_that_trickles_for_ever_ends_the_request(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte before each limit between two pieces kept a request open for as long as somebody liked."""
    monkeypatch.setattr(routes, "BODY_WHOLE_S", 0.6)
    head = f"POST /api/v1/prove HTTP/1.1\r\nHost: {server.host}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    with links(server, 1, head.encode()) as (link,):
        link.settimeout(0.1)
        ends = time.monotonic() + 30
        while time.monotonic() < ends:
            try:
                assert b" 400 " in link.recv(1000)
                return
            except TimeoutError:
                link.sendall(b" ")
    raise AssertionError("the request was never ended")


def test_sockets_that_do_not_say_who_they_are_are_few(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them may be in the middle of sending a message of megabytes."""
    monkeypatch.setattr(events, "_MOST_UNKNOWN", {True: 3})
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(server.socket())
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        }
        assert server.ask("GET", "/api/v1/events", headers=upgrade).status == 429
    wait_for(lambda: server.ask("GET", "/api/v1/events", headers=upgrade).status != 429)  # their places are free again
    with server.known_socket() as known:
        told(known, "welcome")


def test_compression_is_not_offered_and_a_compressed_frame_ends_the_socket(server: Server) -> None:
    """A bomb of a kilobyte would unpack to a gigabyte before anybody said who they are."""
    head = (
        "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"
    )
    with links(server, 1, head.replace("{host}", server.host).encode()) as (link,):
        answer = link.recv(4096)
        assert b" 101 " in answer
        assert b"permessage-deflate" not in answer
        link.sendall(bytes([0xC1, 0x85, 0, 0, 0, 0]) + b"\x00\x00\x00\xff\xff")  # RSV1, text, masked
        assert link.recv(4096)[0] & 0x0F == 8, "a close"


def test_a_frame_larger_than_any_message_is_refused_by_its_announcement(server: Server) -> None:
    with server.socket() as found:
        found.socket.sendall(bytes([0x81, 0xFF]) + (1 << 40).to_bytes(8, "big") + bytes(4))
        with pytest.raises(Exception, match="1009"):
            found.recv(timeout=60)


@pytest.mark.parametrize(
    "host",
    ["user@127.0.0.1:PORT", "127.0.0.1.:PORT", "127.1:PORT", "2130706433:PORT", "0.0.0.0:PORT", "[::]:PORT", "[0:0:0:0:0:0:0:1]:PORT",
     "[::ffff:127.0.0.1]:PORT", "[::1%25lo]:PORT", "127.0.0.1:PORT:80", "127.0.0.1:PORT@evil", "localhost.evil:PORT", "127.0.0.1:0PORT",
     "127.0.0.1:PORT, evil", "127.0.0.1 :PORT", "\u0131ocalhost:PORT"],
)  # fmt: skip
def test_whatever_else_may_lead_to_this_machine_is_not_our_name(server: Server, host: str) -> None:
    said = raw(server, f"GET /api/v1/info HTTP/1.1\r\nHost: {host.replace('PORT', str(server.ready.port))}\r\n\r\n")
    assert said.split(b" ")[1] in (b"400", b"403")


@pytest.mark.parametrize(
    "request_head",
    [
        "GET http://evil.example/api/v1/info HTTP/1.1\r\nHost: {host}\r\n",
        "GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\n",
        "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nHost: {host}\r\n",
        "GET /healthz HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n",
        "CONNECT evil.example:443 HTTP/1.1\r\nHost: {host}\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: {host}\r\n",
        "GET /healthz HTTP/1.0\r\n",
        "GET /healthz HTTP/1.1\r\nHost : {host}\r\n",
        "GET /healthz HTTP/1.1\r\n Host: {host}\r\n",
        "GET /healthz HTTP/1.1\r\nHost: {host}\r\nX: a\r\n b\r\n",
        "GET /healthz HTTP/1.1\nHost: {host}\n",
    ],
)
def test_a_head_that_two_programs_could_read_differently_is_refused(server: Server, request_head: str) -> None:
    said = raw(server, request_head + "\r\n")
    assert said.split(b" ")[1] in (b"400", b"403", b"405"), said[:200]


@pytest.mark.parametrize(
    "framing",
    [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: 5, 5\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
    ],
)
def test_a_body_whose_end_is_ambiguous_smuggles_no_second_request(server: Server, framing: str) -> None:
    body = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"
    said = raw(
        server, "POST /api/v1/prove HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n" + framing + "\r\n" + body, quiet_s=1.0
    )
    assert b" 400 " in said.splitlines()[0]
    assert said.count(b"HTTP/1.1 200") == 0


def rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


FRAME = bytes([0x81, 0xFF]) + (30 << 20).to_bytes(8, "big") + bytes(4)  # text of 30 MiB, masked with zeros
PIECES = bytes([0x01, 0xFE]) + (60_000).to_bytes(2, "big") + bytes(4) + b"x" * 60_000  # begins a text that never ends
UPGRADE = (
    "GET /api/v1/events HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
BODY = "POST /api/v1/sign-in HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = "POST /api/v1/prove HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
UPLOAD = (
    "POST /api/v1/uploads?name=a HTTP/1.1\r\nHost: {host}\r\nContent-Length: 30000000\r\nContent-Type: application/octet-stream\r\n\r\n"
)
HEAD = "GET /healthz HTTP/1.1\r\nHost: {host}\r\n"
STRANGERS = {
    "a message that is announced as large": (UPGRADE, FRAME, b"x" * 65536),
    "a message in pieces": (UPGRADE, PIECES, bytes([0x00]) + PIECES[1:]),
    "a body": (BODY, b"", b" " * 65536),
    "a body of unknown length": (CHUNKED, b"", b"10000\r\n" + b" " * 65536 + b"\r\n"),
    "an upload": (UPLOAD, b"", b"x" * 65536),
    "a head": (HEAD, b"", b"".join(b"X-%04d: " % k + b"y" * 8000 + b"\r\n" for k in range(8))),
    "a head after an answer": (
        "GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n",
        b"X: " + b"y" * 8000 + b"\r\n",
    ),
}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read where /proc is")
@pytest.mark.parametrize("kind", STRANGERS)
def test_strangers_who_send_megabytes_cost_kilobytes(server: Server, kind: str) -> None:
    """Forty of them, each in the middle of a message of thirty megabytes, took 1.3 GB before one had said who it was."""
    head, begins, goes_on = STRANGERS[kind]
    server.ask("GET", "/healthz")
    before = rss_bytes()
    with links(server, 8, head.replace("{host}", server.host).encode()) as found:
        for link in found:
            link.settimeout(10)
            with suppress(OSError):
                link.sendall(begins)
        for _ in range(16 << 4):  # 16 MiB each, or as much of it as the server takes
            for link in list(found):
                try:
                    link.sendall(goes_on)
                except OSError:
                    found.remove(link)
            if not found:
                break
        taken = rss_bytes() - before
    assert taken < 32 << 20, f"{taken >> 20} MiB"  # of 128 MiB; each read of a socket may take 256 KiB for a moment
    assert answers(server)


class Heard(asyncio.Protocol):
    """Stands for the framework and for the socket."""

    def __init__(self) -> None:
        self.bytes, self.aborted = 0, False

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)

    def get_extra_info(self, _: str) -> tuple[str, int]:
        return ("127.0.0.1", 1)

    def abort(self) -> None:
        self.aborted = True


@pytest.mark.parametrize("piece", [1, 4095, 65536])
def test_a_head_may_be_so_long_and_no_longer(piece: int) -> None:
    heard = Heard()
    link: Any = connections.Connections(lambda: heard)()
    link.connection_made(heard)
    for answered in range(3):
        for _ in range(connections.UNKNOWN_BYTES // piece):
            link.data_received(b"x" * piece)
        assert not heard.aborted
        link.data_received(b"\r\n\r")  # the end of the head comes in two parts
        assert heard.aborted == (connections.UNKNOWN_BYTES % piece < 3), "over by three bytes where pieces fill it exactly"
        if heard.aborted:
            break
        link.data_received(b"\n" + b"a body" * 50_000)
        link.data_received(b"a body" * 50_000)
        assert not heard.aborted, answered
        link.answer(goes_on=False)
    assert link._head_bytes <= connections.UNKNOWN_BYTES + 65536


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        ("POST /api/v1/uploads?name=a HTTP/1.1\r\nContent-Type: application/octet-stream\r\n", b"401"),
        ("POST /api/v1/prove HTTP/1.1\r\nContent-Type: application/json\r\nX: declared too large\r\n", b"413"),
        ("POST /api/v1/nothing HTTP/1.1\r\n", b"404"),
        ("POST /healthz HTTP/1.1\r\n", b"405"),
        ("POST /healthz HTTP/1.1\r\nExpect: something else\r\n", b"417"),
        ("POST /api/v1/nothing HTTP/1.1\r\nExpect: something else\r\n", b"417"),
    ],
)
def test_an_answer_before_the_end_of_the_body_is_the_last_of_its_connection(server: Server, request_head: str, status: bytes) -> None:
    """Behind it a head of any length was taken."""
    head = f"{request_head}Host: {server.host}\r\nContent-Length: 100000\r\n\r\n"
    with links(server, 1, head.encode()) as (link,):
        said = b""
        while b"\r\n\r\n" not in said:
            said += link.recv(65536)
        assert said.split(b" ")[1] == status
        assert b"\r\nconnection: close\r\n" in said.lower()
        with suppress(OSError):
            link.sendall(b" " * 100_000 + HEAD.replace("{host}", server.host).encode() + b"\r\n")
            while piece := link.recv(65536):
                said += piece
        assert said.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("body", ["", "{}"])
def test_a_refused_request_without_a_body_to_come_leaves_its_connection_open(server: Server, body: str) -> None:
    head = f"POST /api/v1/nothing HTTP/1.1\r\nHost: {server.host}\r\nContent-Length: {len(body)}\r\n\r\n"
    said = raw(server, (head + body) * 2, quiet_s=2.0)
    assert said.count(b"HTTP/1.1 404") == 2


def test_of_a_stranger_so_much_is_heard_and_no_more() -> None:
    heard, told_off = Heard(), []
    link: Any = connections.Connections(lambda: heard)()
    link.connection_made(heard)
    link.data_received(b"GET /\r\n\r\n")
    heard.bytes = 0
    link.is_stranger(lambda: told_off.append(True))
    for _ in range(100):
        link.data_received(b"x" * 4096)
    assert heard.bytes == connections.UNKNOWN_BYTES
    assert len(told_off) == 100 - 16
    link.is_known()  # too late: what would come now is a part of something
    link.data_received(b"x")
    assert heard.bytes == connections.UNKNOWN_BYTES
    link.is_stranger(lambda: None)
    link.is_known()
    link.data_received(b"x" * (1 << 20))
    assert heard.bytes == connections.UNKNOWN_BYTES + (1 << 20)


def test_a_stranger_who_says_too_much_is_told_so(server: Server) -> None:
    with server.socket() as found:
        found.send("[" * (connections.UNKNOWN_BYTES + 1))
        assert json.loads(found.recv(timeout=60))["code"] == "socket.hello-too-long"
    body = {"nonce": "n" * connections.UNKNOWN_BYTES}
    answer = server.ask("POST", "/api/v1/prove", body)
    assert (answer.status, answer.error) == (413, "TooLarge")


def test_whoever_is_known_may_say_more_and_send_much(server: Server) -> None:
    with server.known_socket() as found:
        told(found, "welcome")
        found.send(json.dumps({"type": "follow", "previews": False, "logs": ["x" * 200] * 100}) + " " * (8 << 20))
        found.send(json.dumps({"type": "follow", "previews": "wrong"}))
        assert told(found, "refused")["code"] == "socket.unknown-message"
    for _ in range(2):  # also after an answer
        assert (
            server.ask("POST", "/api/v1/uploads?name=a.wav", b"x" * (2 << 20), {"Content-Type": "application/octet-stream"}).status == 201
        )


def test_an_upload_behind_other_requests_of_the_same_connection_is_taken(server: Server) -> None:
    link = HTTPConnection("127.0.0.1", server.ready.port, timeout=60)
    for _ in range(3):
        for method, path, body in (
            ("GET", "/healthz", None),
            ("POST", "/api/v1/uploads?name=a.wav", b"x" * (1 << 20)),
            ("POST", "/api/v1/uploads?name=a.wav", b"\r\n\r\n" * 100_000),
            ("GET", "/api/v1/nothing", None),
        ):
            headers = {**server.known, **({"Content-Type": "application/octet-stream"} if body else {})}
            link.request(method, path, body, headers)
            answer = link.getresponse()
            answer.read()
            assert answer.status in (200, 201, 404)
    link.close()
