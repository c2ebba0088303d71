"""How many connections there may be: from one address, and in all. Who has too many open is hung up on before a byte is read.

How long a connection may take to say what it wants is the framework's keep-alive time: it runs from the first moment on, and
bytes that trickle in do not prolong it (`SILENT_S`).
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable

from ..security.auth_rate_limit import is_loopback

SILENT_S = 20.0
MOST_LOCAL = 1000  # all programs and browsers of this machine share one address
MOST_REMOTE = 100
MOST_FILES = 8192


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

    _inner: asyncio.Protocol | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        if self._connections.full(self._address):
            transport.abort()  # type: ignore[attr-defined]
            return
        self._connections.open[self._address] += 1
        self._inner = self._connections.make()
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._inner is None:
            return
        self._connections.open[self._address] -= 1
        self._connections.open += Counter()  # forgets who has none left
        self._inner.connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._inner is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return None if self._inner is None else self._inner.eof_received()

    def pause_writing(self) -> None:
        if self._inner is not None:
            self._inner.pause_writing()

    def resume_writing(self) -> None:
        if self._inner is not None:
            self._inner.resume_writing()


def allow_many_files() -> None:
    """Sockets are files, and systems allow a program few of them until it asks for more."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
