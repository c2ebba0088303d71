"""The thread of the network: holds the socket to the server and hands what arrives to the editor's thread.

Nothing here touches the editor. Three queues are all that is shared: `inbox` (to the editor's thread), `answers` (from it, sent by a
thread of their own the moment they are there) and `outbox` (from it: `errands` asks the server for them over HTTP). So the socket is
always listened to, also while the server waits for this very editor. A connection that breaks is made anew; events missed
meanwhile are asked for by number, takes finished meanwhile are looked up.

inbox: ("state", message, connected) · ("request", JSON-RPC, connection) · ("arrival", {"method", "params"}) · ("event", message)
       and what `errands` brings
answers: (JSON-RPC, connection)
"""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import Any

from . import http_jobs, server_discovery
from .errors import HostError, ServerRefusal
from .link import Link, Session, Settings
from .messages import Message, plain, tell

__all__ = ["ServerConnection", "Settings"]

_LOOK_S = 0.1  # how often the thread looks whether the project changed or the panel ended
_LARGEST_MESSAGE = 32 << 20
_STARTING_S = 30.0  # a server that was started gets so long to come up before it is started again


class ServerConnection(Link, threading.Thread):
    """Started by the editor's thread, which calls nothing but `introduce`, `stop` and the queues."""

    def __init__(self, settings: Settings) -> None:
        threading.Thread.__init__(self, name="heygem-link", daemon=True)
        Link.__init__(self, settings)
        self._about: dict[str, Any] | None = None  # HostHello; None = no project is open
        self._started_at = -_STARTING_S
        self._seen: tuple[str, int] | None = None  # epoch and number of the last event
        self._connection = 0  # counts connections: a server that was restarted numbers its requests anew
        self._socket: tuple[int, Any] | None = None

    def introduce(self, about: dict[str, Any] | None) -> None:
        """Who this editor is now; another project is a new connection."""
        self._about = about

    def stop(self) -> None:
        self.ended.set()

    def say(self, message: Message, connected: bool) -> None:
        self.inbox.put(("state", message, connected))

    def run(self) -> None:
        threading.Thread(target=self._send_answers, name="heygem-answers", daemon=True).start()
        threading.Thread(target=http_jobs.run, args=(self,), name="heygem-errands", daemon=True).start()
        failures = 0
        while not self.ended.is_set():
            about = self._about
            if about is None:
                self.say(tell("panel.open-project", editor=self.settings.editor), False)
                self.ended.wait(0.3)
                continue
            try:
                self._serve(self._found(), about)
                failures = 0
            except Exception as problem:  # whatever it was, the way on is to try again
                failures += 1
                self.say(problem.told if isinstance(problem, HostError) else plain(str(problem) or type(problem).__name__), False)
                self.ended.wait(min(10.0, 0.25 * 2 ** min(failures, 6)))

    def _found(self) -> server_discovery.Server:
        try:
            return server_discovery.find(self.settings.server_file)
        except HostError as problem:
            if problem.kind == "NoServer" and self.settings.command and time.monotonic() - self._started_at > _STARTING_S:
                self._started_at = time.monotonic()
                server_discovery.start(list(self.settings.command), self.settings.install)
                raise HostError("Starting", "panel.starting") from None
            raise

    def _serve(self, server: server_discovery.Server, about: dict[str, Any]) -> None:
        """One connection, until it breaks or the project changes. Raises: anything that the network raises."""
        from websockets.sync.client import connect

        token = server_discovery.host_token(server, about["id"], about["project"])
        address = "ws" + server.url[len("http") :] + "/api/v1/events"
        with connect(
            address,
            open_timeout=5,
            close_timeout=1,
            max_size=_LARGEST_MESSAGE,
            compression=None,
            proxy=None,
            ssl=server_discovery.tls(server),
        ) as socket:
            self._connection += 1
            socket.send(json.dumps(self._hello(token, about)))
            self._socket = (self._connection, socket)
            try:
                while not self.ended.is_set() and self._about == about:
                    try:
                        text = socket.recv(timeout=_LOOK_S)
                    except TimeoutError:
                        continue
                    if isinstance(text, str):
                        self._received(json.loads(text), Session(server, token, about))
            finally:
                self._socket = self.session = None

    def _hello(self, token: str, about: dict[str, Any]) -> dict[str, Any]:
        hello: dict[str, Any] = {"type": "hello", "token": token, "host": about}
        if self._seen is not None:
            hello["epoch"], hello["since"] = self._seen
        return hello

    def _received(self, message: dict[str, Any], session: Session) -> None:
        if message.get("jsonrpc") == "2.0":
            self.inbox.put(("request", message, self._connection))
            return
        kind = message.get("type")
        if kind == "refused":
            raise ServerRefusal(message)
        if kind == "welcome":
            self._seen = (message["epoch"], self._seen[1] if self._seen and self._seen[0] == message["epoch"] else message["seq"])
            self.session = session
            self.say(tell("panel.connected"), True)
            if self.settings.language != "en":
                self.outbox.put(("sentences", self.settings.language))
            self._look_for_takes(None)
        elif kind in ("event", "snapshot"):
            epoch = message.get("epoch") or (self._seen[0] if self._seen else "")
            self._seen = (epoch, message["seq"])
            if message.get("kind") == "take.added":
                self._look_for_takes(message["take"]["shot"])
        self.inbox.put(("event", message))

    def _look_for_takes(self, shot: str | None) -> None:
        """Takes that wait to be placed: those of one shot, or all of them after a connection was made."""
        if self.settings.place_incoming:
            self.outbox.put(("look", shot))

    def _send_answers(self) -> None:
        while not self.ended.is_set():
            try:
                reply, connection = self.answers.get(timeout=0.25)
            except queue.Empty:
                continue
            held = self._socket
            if held is None or held[0] != connection:  # an older one's request is asked again by the server, under another number
                continue
            try:
                held[1].send(json.dumps(reply))
            except Exception:  # the connection broke: the same holds
                continue
