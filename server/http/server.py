"""Runs the application on a socket: the address first, then the resources, then server.json, so that nobody finds a server that is not
there."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from aiohttp import web

from heygem_core.errors import OutputError
from heygem_core.storage.os_errors import why

from ..log import LOGGER, server_log
from ..security.auth_rate_limit import AuthRateLimit
from ..security.certificate import fingerprint, own_certificate, server_context
from ..security.host_names import HostNames, bracketed
from ..security.middleware import AccessControl
from ..security.tokens import TokenStore
from ..settings import USUAL_PORT, ServerSettings
from ..single_instance import announce
from ..wire import ServerFile
from .app import make_app
from .connections import SILENT_S, Connections, allow_many_files

_SHUTDOWN_S = 5.0
_HANDSHAKE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The server listens."""

    url: str
    port: int
    token: str
    sign_in: str  # a link that works once
    elsewhere: tuple[str, ...] = ()  # addresses for other machines
    fingerprint: str | None = None


async def serve(settings: ServerSettings, ready: Callable[[Ready], None], stop: asyncio.Event | None = None) -> None:
    """Serves until `stop` is set or the process is told to end; the caller holds `running.only_one`.

    Raises: OutputError — the port is taken or a folder cannot be written.
    """
    stop = stop or asyncio.Event()
    allow_many_files()
    _stop_on_signals(stop)
    with ExitStack() as running:
        try:
            settings.takes_folder.mkdir(parents=True, exist_ok=True)
            running.enter_context(server_log(settings.data_folder / "logs"))
        except OSError as error:
            raise OutputError("server.cannot-make", path=error.filename, why=why(error)) from error
        listener = running.enter_context(_listen(settings))
        await _serve_on(listener, settings, ready, stop)


async def _serve_on(listener: socket.socket, settings: ServerSettings, ready: Callable[[Ready], None], stop: asyncio.Event) -> None:
    port = listener.getsockname()[1]
    names = settings.names
    certificate, key = own_certificate(settings.data_folder, names) if settings.lan else (None, None)
    tokens = TokenStore(settings.data_folder / "access.json")
    access = AccessControl(
        tokens=tokens, names=HostNames(port, secure=settings.lan, extra=names), rate_limit=AuthRateLimit(), secure=settings.lan
    )
    application = make_app(settings, access)
    runner = web.AppRunner(
        application, access_log=None, shutdown_timeout=_SHUTDOWN_S, handler_cancellation=True, keepalive_timeout=SILENT_S
    )
    await runner.setup()
    listening: asyncio.Server | None = None
    try:
        context = server_context(certificate, key) if certificate and key else None
        assert runner.server is not None
        listening = await asyncio.get_running_loop().create_server(
            Connections(runner.server),
            sock=listener,
            ssl=context,
            backlog=512,
            ssl_handshake_timeout=None if context is None else _HANDSHAKE_S,
        )
        at = _ready(settings, port, access, certificate)
        file = ServerFile(url=at.url, port=port, pid=os.getpid(), token=at.token, version=version("heygem-bridge"))
        announce(settings.data_folder, file if certificate is None else _with_certificate(file, certificate))
        LOGGER.info("listening", extra={"facts": {"url": at.url}})
        ready(at)
        await stop.wait()
        LOGGER.info("stopping")
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()


def _ready(settings: ServerSettings, port: int, access: AccessControl, certificate: Path | None) -> Ready:
    host = "127.0.0.1" if settings.host in ("127.0.0.1", "localhost", "0.0.0.0", "::") else settings.host.partition("%")[0]
    url = f"{'https' if access.secure else 'http'}://{bracketed(host)}:{port}"
    return Ready(
        url=url,
        port=port,
        token=access.tokens.admin.token,
        sign_in=f"{url}/#code={access.tokens.new_code()}",
        elsewhere=tuple(f"https://{bracketed(name)}:{port}" for name in settings.names),
        fingerprint=None if certificate is None else fingerprint(certificate),
    )


def _with_certificate(file: ServerFile, certificate: Path) -> ServerFile:
    import msgspec

    return msgspec.structs.replace(file, certificate=str(certificate))


def _listen(settings: ServerSettings) -> socket.socket:
    """Raises: OutputError."""
    host = "0.0.0.0" if settings.lan and settings.host in ("127.0.0.1", "localhost") else settings.host
    for port in (USUAL_PORT, 0) if settings.port is None else (settings.port,):
        try:
            return _bound(host, port)
        except OSError as error:
            reason = error
    raise OutputError("server.cannot-listen", host=host, port=settings.port, why=reason.strerror)


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows: nobody may take the same port beside us
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        return listener
    except BaseException:
        listener.close()
        raise


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stop.set)
        except (NotImplementedError, RuntimeError, ValueError):  # Windows; a loop in a thread of a test
            try:
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
            except ValueError:
                return
