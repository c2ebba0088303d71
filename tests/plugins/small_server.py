"""A small server for the Resolve panel's thread of the network: it proves itself, takes a socket, answers what it was told to answer, and
can be closed and opened at another port. What it is asked is written down. Where the whole way matters, `real_server` is used instead."""

from __future__ import annotations

import asyncio
import hmac
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import WSMsgType, web

_SECRET = b"id.secret"


class SmallServer:
    """Runs in a thread of its own. `takes` and `placings` are what it knows; `call` asks the editor over the socket."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "server.json"
        self.takes: list[dict[str, Any]] = []
        self.placings: dict[str, dict[str, Any]] = {}  # of a take, by id
        self.submitted: list[tuple[str | None, dict[str, Any]]] = []  # Idempotency-Key and body
        self.answers: list[dict[str, Any]] = []  # to submissions, in order; the last one again and again
        self.export: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] | None = (
            None  # asked, what the editor answered → ExportView
        )
        self.asked: list[str] = []
        self.hello: list[dict[str, Any]] = []
        self.answering = threading.Event()  # submissions are answered while it is set
        self.answering.set()
        self.drop_submissions = 0  # so many are read and not answered: the connection breaks
        self.drop_exports = 0
        self.exported: dict[str, dict[str, Any]] = {}  # ExportView by Idempotency-Key
        self._socket: web.WebSocketResponse | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def open(self) -> None:
        self._do(self._open())

    def close(self) -> None:
        self._do(self._close())

    def end(self) -> None:
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def call(self, method: str, params: dict[str, Any], timeout: float = 10) -> dict[str, Any]:
        """The JSON-RPC answer of the editor."""
        return self._do(self._call(method, params), timeout)

    def call_while(self, desk: Any, method: str) -> dict[str, Any]:
        """The same, with the editor's thread played by the caller."""
        work = asyncio.run_coroutine_threadsafe(self._call(method, {}), self._loop)
        desk.until(work.done, f"{method} was not answered")
        return work.result()

    def send(self, message: dict[str, Any]) -> None:
        async def sent() -> None:
            assert self._socket is not None
            await self._socket.send_json(message)

        self._do(sent())

    def _do(self, work: Any, timeout: float = 10) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    async def _open(self) -> None:
        app = web.Application()
        app.router.add_post("/api/v1/prove", self._prove)
        app.router.add_post("/api/v1/tokens", self._token)
        app.router.add_post("/api/v1/sign-in-codes", self._code)
        app.router.add_get("/api/v1/events", self._events)
        app.router.add_get("/api/v1/takes", self._takes)
        app.router.add_get("/api/v1/takes/{id}/placing", self._placing)
        app.router.add_post("/api/v1/takes/{id}/placed", self._placed)
        app.router.add_post("/api/v1/jobs/{id}/cancel", self._cancel)
        app.router.add_post("/api/v1/timelines", self._submit)
        app.router.add_post("/api/v1/hosts/{id}/exports", self._export)
        self._runner = web.AppRunner(app, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
        self.file.write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "token": _SECRET.decode(), "certificate": None}))

    async def _close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _prove(self, request: web.Request) -> web.Response:
        nonce = (await request.json())["nonce"]
        return web.json_response({"hmac": hmac.new(_SECRET, f"heygem-server:{nonce}".encode(), "sha256").hexdigest()})

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"token": "a.b", "scope": "host"})

    async def _code(self, request: web.Request) -> web.Response:
        return web.json_response({"code": "once"})

    async def _takes(self, request: web.Request) -> web.Response:
        shot = request.query.get("shot")
        return web.json_response({"takes": [take for take in self.takes if shot in (None, take["shot"])], "next": None})

    async def _placing(self, request: web.Request) -> web.Response:
        known = self.placings.get(request.match_info["id"])
        if known is None:
            return web.json_response({"error": "NotFound", "message": "This take is not meant for a timeline."}, status=404)
        return web.json_response(known)

    async def _placed(self, request: web.Request) -> web.Response:
        body, id = await request.json(), request.match_info["id"]
        self.asked.append(f"placed {id}")
        self.takes = [{**take, "placed": [*take["placed"], {"host": body["host"]}]} if take["id"] == id else take for take in self.takes]
        return web.json_response({})

    async def _cancel(self, request: web.Request) -> web.Response:
        self.asked.append(f"cancel {request.match_info['id']}")
        return web.json_response({})

    async def _submit(self, request: web.Request) -> web.Response:
        self.submitted.append((request.headers.get("Idempotency-Key"), await request.json()))
        await asyncio.to_thread(self.answering.wait, 60)
        if self.drop_submissions:
            self.drop_submissions -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    async def _export(self, request: web.Request) -> web.Response:
        """As the real one: it is answered when the editor has answered."""
        body = await request.json()
        self.asked.append(f"exports {request.match_info['id']}")
        assert self.export is not None
        key = request.headers["Idempotency-Key"]
        if key in self.exported:
            return web.json_response(self.exported[key], status=201)
        folder = self.file.parent / "exports" / f"x{self._number}"
        folder.mkdir(parents=True)
        reply = await self._call("host.export", {**body, "folder": str(folder)})
        if "error" in reply or not any(one["path"] for one in reply["result"]["exported"]):
            why = reply["error"]["message"] if "error" in reply else reply["result"]["exported"][0]["problem"]
            return web.json_response({"error": "HostFailed", "message": f"The editor exported nothing: {why}"}, status=502)
        self.exported[key] = self.export(body, reply)
        if self.drop_exports:
            self.drop_exports -= 1
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(self.exported[key], status=201)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.hello.append(await socket.receive_json())
        self._socket = socket
        await socket.send_json({"type": "welcome", "epoch": "e", "seq": 0, "scope": "host"})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                reply = message.json()
                self._waiting.pop(reply["id"]).set_result(reply)
        return socket

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        assert self._socket is not None
        self._number += 1
        self._waiting[self._number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return await asyncio.wait_for(self._waiting[self._number], 120)
