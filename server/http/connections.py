"""How many connections there may be: from one address, and in all. Who has too many open is hung up on before a byte is read.

How long a connection may take to say what it wants is the framework's keep-alive time: it runs from the first moment on, and
bytes that trickle in do not prolong it (`SILENT_S`).

What is kept of somebody who is not known yet is at most `UNKNOWN_BYTES`: of the head of a request that has not ended (the framework limits
each header and their number, which is a megabyte), and of what a socket says before its hello. Bodies are read when their sender is known;
those of public routes are as small (`routes`).
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from ..security.auth_rate_limit import is_loopback

SILENT_S = 20.0
UNKNOWN_BYTES = 64 << 10
MOST_LOCAL = 1000  # all programs and browsers of this machine share one address
MOST_REMOTE = 100
MOST_FILES = 8192
_HEAD_ENDS = b"\r\n\r\n"
_ANSWERED = web.RequestKey("answered", bool)  # by the application


class Connections:
    """A protocol factory for `loop.create_server`, around another one."""

    def __init__(self, make: Callable[[], asyncio.Protocol], *, most_local: int = MOST_LOCAL, most_remote: int = MOST_REMOTE) -> None:
        self.make, self.open = make, Counter[str]()
        self._most = {True: most_local, False: most_remote}

    def __call__(self) -> asyncio.Protocol:
        return _Counted(self)

    def full(self, address: str) -> bool:
        return self.open[address] >= self._most[is_loopback(address)]


class _Counted(asyncio.Protocol):
    """Hands everything on to the protocol that answers, if there is room for one."""

    def __init__(self, connections: Connections) -> None:
        self._connections, self._inner, self._address = connections, None, ""
        self._transport: asyncio.BaseTransport | None = None
        self._answering = False  # from the end of a head to the end of its answer
        self._head, self._head_bytes = b"", 0  # the last bytes of an unfinished head, and how many it has
        self._stranger: Callable[[], None] | None = None
        self._stranger_bytes = 0

    _inner: asyncio.Protocol | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if self._connections.full(self._address):
            transport.abort()  # type: ignore[attr-defined]
            return
        self._connections.open[self._address] += 1
        self._transport = transport
        self._inner = self._connections.make()
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._inner is None:
            return
        self._connections.open[self._address] -= 1
        self._connections.open += Counter()  # forgets who has none left
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._inner is None:
            return
        if self._stranger is not None:
            self._stranger_bytes += len(data)
            if self._stranger_bytes > UNKNOWN_BYTES:
                self._stranger()
                return
        elif not self._answering and not self._head_goes_on(data):
            self._transport.abort()  # type: ignore[union-attr]
            return
        self._inner.data_received(data)

    def _head_goes_on(self, data: bytes) -> bool:
        """False = too long."""
        if _HEAD_ENDS in self._head + data:
            self._answering = True
        else:
            self._head = (self._head + data)[1 - len(_HEAD_ENDS) :]
            self._head_bytes += len(data)
        return self._answering or self._head_bytes <= UNKNOWN_BYTES

    def answer(self, *, goes_on: bool) -> None:
        self._answering, self._head, self._head_bytes = goes_on, b"", 0

    def is_stranger(self, too_much: Callable[[], None]) -> None:
        self._stranger, self._stranger_bytes = too_much, 0

    def is_known(self) -> None:
        if self._stranger_bytes <= UNKNOWN_BYTES:  # else what comes makes no sense any more
            self._stranger = None

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()


@contextmanager
def answering(request: web.Request) -> Iterator[None]:
    """While a request is answered; behind it the head of the next one begins, unless the connection ends with it (`ends_with`)."""
    request[_ANSWERED] = True
    if (connection := _of(request)) is not None:
        connection.answer(goes_on=True)
    try:
        yield
    finally:
        if connection is not None and request.content.is_eof():
            connection.answer(goes_on=False)


def ends_with(request: web.Request, response: web.StreamResponse) -> bool:
    """Whether an answer that begins has to be the last one of its connection, because it could not be told where the next head begins.

    A part of the body has not come yet, or the framework answers by itself.
    """
    return response.status != 101 and (_ANSWERED not in request or not request.content.is_eof())


@contextmanager
def stranger(request: web.Request, too_much: Callable[[], None]) -> Iterator[None]:
    """What comes beyond `UNKNOWN_BYTES` within the block is thrown away, and `too_much` is called each time."""
    if (connection := _of(request)) is not None:
        connection.is_stranger(too_much)
    try:
        yield
    finally:
        if connection is not None:
            connection.is_known()


def _of(request: web.Request) -> _Counted | None:
    """None = hung up, or not behind `Connections`."""
    found = None if request.transport is None else request.transport.get_protocol()
    return found if isinstance(found, _Counted) else None


def allow_many_files() -> None:
    """Sockets are files, and systems allow a program few of them until it asks for more."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
