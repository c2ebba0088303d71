"""The thread of the network: holds the socket to the server, hands what arrives to the editor's thread and sends what comes back.

It never touches Resolve. Two queues are all it shares: `inbox` (to the editor's thread) and `outbox` (from it). A connection that
breaks is made anew; events missed meanwhile are asked for by number, takes finished meanwhile are looked up.

inbox: ("state", sentence, connected) · ("request", JSON-RPC, connection) · ("arrival", {"method", "params"}) · ("event", message)
       ("page", url) · ("submitted", what the server says, None) or ("submitted", None, sentence)
outbox: ("answer", JSON-RPC, connection) · ("placed", take, placement) · ("page",) · ("submit", path, body)
"""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from . import arrivals, finding
from .trouble import HostError

_POLL_S = 0.02  # how long an answer may wait for the socket: the thread listens and sends in turns
_LARGEST_MESSAGE = 32 << 20
_STARTING_S = 30.0  # a server that was started gets so long to come up before it is started again


@dataclass(frozen=True)
class Settings:
    server_file: str
    command: tuple[str, ...] = ()  # how to start `heygem`; empty = never
    place_arrivals: bool = True


class Link(threading.Thread):
    """Started by the editor's thread, which calls nothing but `introduce`, `stop` and the queues."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="heygem-link", daemon=True)
        self.inbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.outbox: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self._settings = settings
        self._about: dict[str, Any] | None = None  # HostHello; None = no project is open
        self._ended = threading.Event()
        self._started_at = -_STARTING_S
        self._seen: tuple[str, int] | None = None  # epoch and number of the last event
        self._connection = 0  # counts connections: a server that was restarted numbers its requests anew

    def introduce(self, about: dict[str, Any] | None) -> None:
        """Who this editor is now; another project is a new connection."""
        self._about = about

    def stop(self) -> None:
        self._ended.set()

    def run(self) -> None:
        failures = 0
        while not self._ended.is_set():
            about = self._about
            if about is None:
                self._say("Open a project in Resolve.", False)
                self._ended.wait(0.3)
                continue
            try:
                self._serve(self._found(), about)
                failures = 0
            except Exception as problem:  # whatever it was, the way on is to try again
                failures += 1
                self._say(str(problem) or type(problem).__name__, False)
                self._ended.wait(min(10.0, 0.25 * 2 ** min(failures, 6)))

    def _found(self) -> finding.Server:
        try:
            return finding.find(self._settings.server_file)
        except HostError as problem:
            if problem.kind == "NoServer" and self._settings.command and time.monotonic() - self._started_at > _STARTING_S:
                self._started_at = time.monotonic()
                finding.start(list(self._settings.command))
                raise HostError("Starting", "The render server is starting …") from None
            raise

    def _serve(self, server: finding.Server, about: dict[str, Any]) -> None:
        """One connection, until it breaks or the project changes. Raises: anything that the network raises."""
        from websockets.sync.client import connect

        token = finding.host_token(server, about["id"], about["project"])
        address = "ws" + server.url[len("http") :] + "/api/v1/events"
        with connect(
            address, open_timeout=5, close_timeout=1, max_size=_LARGEST_MESSAGE, compression=None, proxy=None, ssl=finding.tls(server)
        ) as socket:
            self._connection += 1
            socket.send(json.dumps(self._hello(token, about)))
            while not self._ended.is_set() and self._about == about:
                self._send_all(socket, server, token, about)
                try:
                    text = socket.recv(timeout=_POLL_S)
                except TimeoutError:
                    continue
                if isinstance(text, str):
                    self._received(json.loads(text), server, token, about)

    def _hello(self, token: str, about: dict[str, Any]) -> dict[str, Any]:
        hello: dict[str, Any] = {"type": "hello", "token": token, "host": about}
        if self._seen is not None:
            hello["epoch"], hello["since"] = self._seen
        return hello

    def _received(self, message: dict[str, Any], server: finding.Server, token: str, about: dict[str, Any]) -> None:
        if message.get("jsonrpc") == "2.0":
            self.inbox.put(("request", message, self._connection))
            return
        kind = message.get("type")
        if kind == "refused":
            raise HostError(message["error"], message["message"])
        if kind == "welcome":
            self._seen = (message["epoch"], self._seen[1] if self._seen and self._seen[0] == message["epoch"] else message["seq"])
            self._say("Connected.", True)
            self._look_for_arrivals(server, token, about, None)
        elif kind in ("event", "snapshot"):
            epoch = message.get("epoch") or (self._seen[0] if self._seen else "")
            self._seen = (epoch, message["seq"])
            if message.get("kind") == "take.added":
                self._look_for_arrivals(server, token, about, message["take"]["shot"])
        self.inbox.put(("event", message))

    def _look_for_arrivals(self, server: finding.Server, token: str, about: dict[str, Any], shot: str | None) -> None:
        """Takes that wait to be placed: those of one shot, or all of them after a connection was made."""
        if not self._settings.place_arrivals:
            return
        takes = self._takes(server, token, shot)
        for take in arrivals.due(takes, about["id"]):
            about_shot = finding.ask(server, "GET", f"/api/v1/shots/{take['shot']}", token=token)
            folder = os.path.dirname(self._settings.server_file)
            request = arrivals.request_for(take, about_shot, about["project"], takes, about["id"], folder)
            if request is not None:
                self.inbox.put(("arrival", request))

    def _takes(self, server: finding.Server, token: str, shot: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        before = None
        while True:
            query = "limit=200" + (f"&shot={shot}" if shot else "") + (f"&before={before}" if before else "")
            page = finding.ask(server, "GET", f"/api/v1/takes?{query}", token=token)
            found += page["takes"]
            before = page.get("next")
            if not before:
                return found

    def _send_all(self, socket: Any, server: finding.Server, token: str, about: dict[str, Any]) -> None:
        """An entry leaves the queue only when it went out, so a broken connection loses nothing that was done."""
        while self.outbox.queue:
            kind, *rest = self.outbox.queue[0]
            if kind == "answer":
                if rest[1] == self._connection:  # an older one's request is asked again by the server, under another number
                    socket.send(json.dumps(rest[0]))
            elif kind == "placed":
                self._tell_placed(server, token, about, *rest)
            elif kind == "page":
                self.inbox.put(("page", finding.page_link(server)))
            elif kind == "submit":
                self._submit(server, token, *rest)
            self.outbox.get_nowait()

    def _tell_placed(self, server: finding.Server, token: str, about: dict[str, Any], take: str, placement: dict[str, Any]) -> None:
        body = {"host": about["id"], "placement": placement, "at": time.time()}
        try:
            finding.ask(server, "POST", f"/api/v1/takes/{take}/placed", body, token=token)
        except HostError as problem:
            if problem.kind == "NoServer":
                raise
            self._say(str(problem), True)

    def _submit(self, server: finding.Server, token: str, path: str, body: dict[str, Any]) -> None:
        try:
            self.inbox.put(("submitted", finding.ask(server, "POST", path, body, token=token), None))
        except HostError as problem:
            if problem.kind == "NoServer":
                raise
            self.inbox.put(("submitted", None, str(problem)))

    def _say(self, sentence: str, connected: bool) -> None:
        self.inbox.put(("state", sentence, connected))
