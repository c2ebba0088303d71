"""Connected editors. They register over the socket and answer JSON-RPC 2.0 requests that pages relay through the server.

A reconnect must not break a request: what changes nothing when it is done twice (placing a take, say) waits for the host to come back
and is sent again; anything else ends with a clear error, since nobody knows whether the editor did it. The same take is never placed
twice at once.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from heygem_core.errors import SpecError
from heygem_core.messages import Message, known
from heygem_core.shot import Struct, from_json, to_json

from .. import wire
from ..errors import BadRequest, Broken, Forbidden, HostGone, NotFound
from ..security.tokens import Grant
from .coded import coded
from .editors import EDITORS
from .methods import METHODS, Method

Send = Callable[[str], Awaitable[None]]


class RpcError(Struct, frozen=True, kw_only=True):
    """What the editor says went wrong."""

    code: int
    message: str
    data: Any = None


class WithinHostMessage(Struct, frozen=True, kw_only=True):
    """A message within a panel's: as deep as they go."""

    code: str
    params: dict[str, str | int | float]
    message: str


class RpcErrorData(Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """What a panel says beside the sentence, since sentences have codes. Further fields are the panel's own."""

    code: str
    params: dict[str, str | int | float | WithinHostMessage]


class RpcAnswer(Struct, frozen=True, kw_only=True):
    """A host's answer: a result or an error."""

    jsonrpc: str
    id: int | None = None
    result: Any = None
    error: RpcError | None = None


class HostFailed(Broken):
    """The editor answered that it could not."""

    http_status = 502


@dataclass(slots=True)
class Connection:
    """One socket of one editor."""

    view: wire.HostView
    send: Send
    waiting: dict[int, asyncio.Future[Any]] = field(default_factory=dict)


class Nothing(Struct, frozen=True, kw_only=True):
    """The parameters of a method that has none."""


@dataclass(frozen=True, slots=True)
class _Request:
    """A call whose parameters were checked."""

    name: str
    method: Method
    params: Any  # the method's struct
    timeout_s: float


class Hosts:
    """All editors that are connected now."""

    def __init__(self, changed: Callable[[wire.HostsChanged], None], placed: Callable[[str, wire.Placed], Awaitable[None]]) -> None:
        """`changed` tells the pages; `placed` records that a take (its id) is on a timeline now."""
        self._connections: dict[str, Connection] = {}
        self._older: dict[str, list[Connection]] = {}  # further panels of the same editor, that speak again when the newest closes
        self._changed, self._placed = changed, placed
        self._came = asyncio.Condition()
        self._numbers = itertools.count(1)
        self._placing: dict[tuple[str, bytes], asyncio.Task[Any]] = {}

    def all(self) -> tuple[wire.HostView, ...]:
        return tuple(connection.view for connection in self._connections.values())

    async def came(self, hello: wire.HostHello, who: Grant, send: Send) -> Connection:
        """Registers an editor; of several panels of the same editor the newest is asked. Raises: Forbidden, BadRequest."""
        check_host(hello, who)
        facts = {name: getattr(hello, name) for name in ("id", "app", "version", "project", "project_name", "capabilities")}
        connection = Connection(wire.HostView(**facts, since=time.time()), send)
        former = self._connections.get(hello.id)
        self._connections[hello.id] = connection
        if former is not None:
            self._older.setdefault(hello.id, []).append(former)
            _drop(former)
        self._tell()
        async with self._came:
            self._came.notify_all()
        return connection

    def left(self, connection: Connection) -> None:
        """Its socket is gone. Requests in flight learn it at once."""
        _drop(connection)
        id = connection.view.id
        older = self._older.get(id, [])
        if self._connections.get(id) is not connection:
            older[:] = [each for each in older if each is not connection]
        elif older:
            self._connections[id] = older.pop()
            self._tell()
        else:
            del self._connections[id]
            self._older.pop(id, None)
            self._tell()

    def answered(self, connection: Connection, text: str) -> None:
        """A JSON-RPC message from a host. An answer that nobody waits for (any more) is dropped. Raises: BadRequest."""
        try:
            answer = from_json(text, RpcAnswer)
        except (SpecError, RecursionError) as error:
            raise BadRequest("host.bad-answer", error=error.__cause__ or error) from error
        future = connection.waiting.pop(answer.id or 0, None)
        if future is None or future.done():
            return
        if answer.error is not None:
            future.set_exception(HostFailed("host.failed", message=said_by_host(answer.error)))
        else:
            future.set_result(answer.result)

    async def call(self, host: str, call: wire.HostCall) -> Any:
        """The host's result, checked. What is sent are the parameters as they were checked.

        Raises: NotFound, BadRequest, HostGone, HostFailed.
        """
        method = METHODS[call.method]
        params = _checked(call.params, method.params or Nothing, lambda why: BadRequest("host.params-not-valid", error=why))
        if host not in self._connections:
            raise NotFound("host.not-connected")
        request = _Request(call.method, method, params, call.timeout_s)
        if not method.places:
            return await self._ask(host, request)
        key = (host, to_json(params))
        if key not in self._placing:
            self._placing[key] = task = asyncio.create_task(self._place(host, request))
            task.add_done_callback(lambda _: self._placing.pop(key, None))
        return await asyncio.shield(self._placing[key])

    async def _place(self, host: str, request: _Request) -> Any:
        result = await self._ask(host, request)
        params: wire.PlaceParams = request.params
        await self._placed(params.take, wire.Placed(host=host, placement=params.placement, at=time.time()))
        return result

    async def _ask(self, host: str, request: _Request) -> Any:
        try:
            async with asyncio.timeout(request.timeout_s):
                while True:
                    try:
                        result = await self._send(await self._connected(host, request.method), request)
                        return coded(
                            _checked(result, request.method.result_type, lambda why: HostFailed("host.answer-not-valid", error=why))
                        )
                    except (ConnectionError, asyncio.CancelledError) as error:
                        if isinstance(error, asyncio.CancelledError) or not request.method.repeatable:
                            raise
        except TimeoutError:
            raise HostGone("host.silent", seconds=request.timeout_s) from None
        except ConnectionError:
            raise HostGone("host.left") from None

    async def _connected(self, host: str, method: Method) -> Connection:
        if not method.repeatable and host not in self._connections:
            raise ConnectionError
        async with self._came:
            await self._came.wait_for(lambda: host in self._connections)
        return self._connections[host]

    async def _send(self, connection: Connection, request: _Request) -> Any:
        """Raises: ConnectionError — the socket went while it waited."""
        number = next(self._numbers)
        future = connection.waiting[number] = asyncio.get_running_loop().create_future()
        try:
            message = {"jsonrpc": "2.0", "id": number, "method": request.name, "params": request.params}
            await connection.send(to_json(message).decode())
            return await future
        finally:
            connection.waiting.pop(number, None)

    def _tell(self) -> None:
        self._changed(wire.HostsChanged(hosts=self.all()))


def check_host(hello: wire.HostHello, who: Grant) -> None:
    """A host's token is for one host and its project; the admin's (out of server.json) for any; a page is no editor.

    Raises: Forbidden; BadRequest — it is of no kind that this server knows.
    """
    try:
        EDITORS.check(hello.app)
    except SpecError as error:
        raise BadRequest(error.said) from None
    if who.scope == "page" or (who.scope == "host" and (who.host, who.project) != (hello.id, hello.project)):
        raise Forbidden("auth.other-project")


def said_by_host(error: RpcError) -> Message:
    """The panel's sentence with its code. An older panel says sentences of the catalogue too, without codes: they are known again."""
    try:
        data = msgspec.convert(error.data, RpcErrorData)
    except msgspec.ValidationError:
        return known(error.message)
    return Message(code=data.code, params=msgspec.to_builtins(data.params), message=error.message)


def _drop(connection: Connection) -> None:
    for future in connection.waiting.values():
        if not future.done():
            future.set_exception(ConnectionResetError("the host left"))
    connection.waiting.clear()


def _checked(value: Any, kind: Any, refused: Callable[[str], Exception]) -> Any:
    """The struct that a JSON value is. Raises: what `refused` makes of the reason why it is none."""
    try:
        return from_json(to_json(value), kind)
    except SpecError as problem:
        raise refused(str(problem.__cause__ or problem)) from problem
    except TypeError as problem:
        raise refused(str(problem)) from problem
