"""The socket: events out, an editor's answers in.

The first message must come within five seconds and say who it is; until then nothing is told, and little is kept of what comes. One task
reads, one writes; what a client has not read yet waits in its own bounded queue (`events`), so a client that never reads harms nobody and
is dropped.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from heygem_core.errors import HeygemError, SpecError
from heygem_core.shot import from_json, to_json

from ..errors import BadRequest, Forbidden, NotFound, ServerError, TooMany, Unauthorized, problem_of
from ..hosts.connected import Connection, check_host
from ..http import app_keys
from ..http.connections import UNKNOWN_BYTES, stranger
from ..http.routes import PUBLIC, RequestContext, Route
from ..log import LOGGER
from ..rendering.events import MOST_LINES, Subscription, job_of_preview
from ..security.auth_rate_limit import is_loopback
from ..security.challenge import prove
from ..security.middleware import by_cookie, by_token
from ..security.ownership import owns
from ..security.tokens import Grant
from ..wire import (
    ConsentWanted,
    Follow,
    Happened,
    Hello,
    HostsChanged,
    LogLine,
    ProgressNow,
    Prove,
    Proven,
    Refused,
    Snapshot,
    ToClient,
    ToServer,
    Welcome,
)

HELLO_WITHIN_S = 5.0
_HEARTBEAT_S = 20.0
_SEND_WITHIN_S = 20.0
_LARGEST_MESSAGE = 32 << 20  # an editor's timeline; whoever is not known yet has a hello's room (`connections`)
_MOST_PROOFS = 3
_CLOSES = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR)
# Sockets of one address, loopback or not, that have not said who they are. After a restart everybody of this machine comes back at once.
_MOST_UNKNOWN = {True: 256, False: 32}


async def events(context: RequestContext) -> web.StreamResponse:
    access = context[app_keys.ACCESS]
    context[app_keys.SERVICES]
    access.rate_limit.check_before(context.request.remote)
    unknown, address = context.request.app[app_keys.UNKNOWN], context.request.remote or ""
    if unknown[address] >= _MOST_UNKNOWN[is_loopback(address)]:
        raise TooMany("socket.too-many-silent")
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=_LARGEST_MESSAGE, compress=False, timeout=2.0)
    sockets = context.request.app[app_keys.SOCKETS]
    try:
        unknown[address] += 1
        try:
            await socket.prepare(context.request)
            sockets.add(socket)
            if context.request.app[app_keys.STOPPING].is_set():  # the others were closed before this one was there
                await close_for_stop(socket)
                return socket
            hello, who = await _introduced(context, socket)
        finally:
            unknown.subtract({address: 1})
            unknown += Counter()  # forgets who has none left
        await _serve(context, socket, hello, who)
    except (ServerError, HeygemError) as error:
        problem = problem_of(error)[1]
        with suppress(ConnectionError, RuntimeError):
            await _send(socket, Refused(error=problem.error, message=problem.message, code=problem.code, params=problem.params))
    except ConnectionError:
        pass
    finally:
        sockets.discard(socket)
        with suppress(ConnectionError, RuntimeError):
            await socket.close()
    return socket


async def close_for_stop(socket: web.WebSocketResponse) -> None:
    """Says that the server stops, so that the client comes back by itself."""
    await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server stops")


async def _introduced(context: RequestContext, socket: web.WebSocketResponse) -> tuple[Hello, Grant]:
    """Raises: Unauthorized — nothing valid was said; BadRequest — nothing in time, or too much; ConnectionError — the socket closes."""
    flooded = False

    def too_much() -> None:
        nonlocal flooded
        if not (flooded or limit.expired()):
            flooded = True
            limit.reschedule(0)

    try:
        async with asyncio.timeout(HELLO_WITHIN_S) as limit:
            with stranger(context.request, too_much):
                return await _hello(context, socket)
    except TimeoutError:
        if flooded:
            raise BadRequest("socket.hello-too-long", most_kib=UNKNOWN_BYTES >> 10) from None
        raise BadRequest("socket.silent", seconds=HELLO_WITHIN_S) from None  # busy, perhaps: no reason to sign in again


async def _hello(context: RequestContext, socket: web.WebSocketResponse) -> tuple[Hello, Grant]:
    """Raises: Unauthorized, BadRequest, ConnectionError."""
    for _ in range(_MOST_PROOFS + 1):
        message = await socket.receive()
        if message.type in _CLOSES:
            raise ConnectionResetError
        if message.type is not WSMsgType.TEXT:
            break
        said = _decoded(message.data)
        if isinstance(said, Hello):
            return said, _who(context, said)
        if not isinstance(said, Prove):
            break
        await _send(socket, _proof(context, said))
    raise Unauthorized("socket.hello-first")


def _who(context: RequestContext, hello: Hello) -> Grant:
    access, request = context[app_keys.ACCESS], context.request
    if hello.token is not None:
        return by_token(access, request.remote, hello.token)
    if access.names.kind_of(request.headers.get("Origin")) != "own":  # browsers always name the page that opens a socket
        raise Unauthorized("socket.token-needed")
    return by_cookie(access, request, hello.csrf or "")


def _proof(context: RequestContext, said: Prove) -> Proven:
    tokens = context[app_keys.ACCESS].tokens
    grant = tokens.admin if said.grant is None else tokens.by_id(said.grant)
    return Proven(hmac=prove(None if grant is None else grant.token, said.nonce))


def _decoded(text: str) -> ToServer:
    try:
        return from_json(text, ToServer)  # type: ignore[arg-type]
    except (SpecError, RecursionError) as error:
        raise BadRequest("socket.unknown-message", error=error.__cause__ or error) from error


async def _serve(context: RequestContext, socket: web.WebSocketResponse, hello: Hello, who: Grant) -> None:
    host: Connection | None = None
    hosts, events = context[app_keys.HOSTS], context[app_keys.SERVICES].events
    if hello.host is not None:
        check_host(hello.host, who)
    logs = await _own_logs(context, who, hello.logs)
    with events.subscribe(since=hello.since, epoch=hello.epoch, previews=hello.previews, logs=logs) as client:
        await _send(socket, Welcome(epoch=events.epoch, seq=events.newest, scope=who.scope))
        if hello.host is not None:
            host = await hosts.came(hello.host, who, lambda text: asyncio.wait_for(socket.send_str(text), _SEND_WITHIN_S))
        elif who.scope != "host":
            await _send(socket, HostsChanged(hosts=hosts.all()))
        writing = asyncio.create_task(_write(context, socket, client, who))
        try:
            await _tell_logs(context, client, client.logs)
            await _read(context, socket, client, who, host)
        finally:
            if host is not None:
                hosts.left(host)
            writing.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await writing


async def _read(context: RequestContext, socket: web.WebSocketResponse, client: Subscription, who: Grant, host: Connection | None) -> None:
    async for message in socket:
        if message.type is not WSMsgType.TEXT:
            raise BadRequest("socket.text-only")
        if host is not None and _is_rpc(message.data):
            context[app_keys.HOSTS].answered(host, message.data)
            continue
        said = _decoded(message.data)
        if not isinstance(said, Follow):
            raise BadRequest("socket.after-hello")
        begun = client.follow(previews=said.previews, logs=await _own_logs(context, who, said.logs))
        await _tell_logs(context, client, begun)


async def _tell_logs(context: RequestContext, client: Subscription, jobs: Iterable[str]) -> None:
    """The newest lines of logs that the client follows already: a line written meanwhile comes twice, none is missed."""
    for job in jobs:
        for line in (await asyncio.to_thread(context[app_keys.SERVICES].logs.lines, job))[-MOST_LINES:]:
            client.offer_line(line)


class _Kind(msgspec.Struct):
    """What tells an answer from a message, wherever it stands in the object."""

    jsonrpc: str | None = None


def _is_rpc(text: str) -> bool:
    try:
        return msgspec.json.decode(text, type=_Kind).jsonrpc is not None
    except (msgspec.DecodeError, RecursionError):
        return False


async def _write(context: RequestContext, socket: web.WebSocketResponse, client: Subscription, who: Grant) -> None:
    """Until the client goes, or does not take a message for so long that it is dropped."""
    seen: dict[str, bool] = {}
    try:
        async for message in client:
            if who.scope == "host":
                message = await _for_host(context, who, message, seen)
            if message is not None:
                picture = isinstance(message, bytes)
                encoded = (
                    message if isinstance(message, bytes) else context[app_keys.SERVICES].events.encoded(message)
                )  # once for all clients
                async with asyncio.timeout(_SEND_WITHIN_S):
                    await socket.send_frame(encoded, WSMsgType.BINARY if picture else WSMsgType.TEXT)
    except TimeoutError:
        LOGGER.info("a client that does not read was dropped")
    except ConnectionError:
        pass
    except (ServerError, HeygemError) as error:
        LOGGER.info("a client was dropped: %s", error)
    if (transport := context.request.transport) is not None:
        transport.abort()


async def _send(socket: web.WebSocketResponse, message: ToClient) -> None:
    await socket.send_frame(to_json(message), WSMsgType.TEXT)


async def _for_host(context: RequestContext, who: Grant, message: ToClient | bytes, seen: dict[str, bool]) -> ToClient | bytes | None:
    """A host hears of its own project only: None where a message is not for it."""
    if isinstance(message, HostsChanged | ConsentWanted):
        return None
    if isinstance(message, bytes):
        return message if await _owns_job(context, who, job_of_preview(message), seen) else None
    if isinstance(message, Snapshot):
        return Snapshot(epoch=message.epoch, seq=message.seq, jobs=tuple(job for job in message.jobs if owns(who, job)))
    if isinstance(message, ProgressNow | LogLine):
        return message if await _owns_job(context, who, message.job, seen) else None
    if isinstance(message, Happened):
        thing = message.job or message.shot or message.take
        if message.job is not None:
            seen[message.job.id] = owns(who, message.job)
        job = message.job.id if message.job is not None else getattr(thing, "job", None)
        if job is not None and not await _owns_job(context, who, job, seen):
            return None
    return message


async def _owns_job(context: RequestContext, who: Grant, job: str, seen: dict[str, bool]) -> bool:
    if job not in seen:
        try:
            seen[job] = owns(who, await asyncio.to_thread(context[app_keys.SERVICES].store.job_view, job))
        except NotFound:
            return False
    return seen[job]


async def _own_logs(context: RequestContext, who: Grant, jobs: tuple[str, ...]) -> tuple[str, ...]:
    if who.scope != "host":
        return jobs
    seen: dict[str, bool] = {}
    if not all([await _owns_job(context, who, job, seen) for job in jobs]):
        raise Forbidden("socket.own-logs-only")
    return jobs


ROUTES = (
    Route(method="GET", path="/api/v1/events", summary="The socket: see the messages under x-messages.", handler=events, scopes=PUBLIC,
          media="application/octet-stream", status=101),
)  # fmt: skip
