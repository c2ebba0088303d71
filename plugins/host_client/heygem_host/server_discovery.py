"""Finds the render server of this user, starts it where none runs, and lets it prove itself before any token is sent.

After a crash another program may listen on the server's port: it cannot know the token in server.json, so it cannot answer
`prove`. Only then does the panel ask for a token of its own, which opens this editor's project and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import secrets
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

from .errors import HostError, ServerRefusal

_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Server:
    """A server that proved itself. `token` is the admin's; it leaves this process only towards that server."""

    url: str
    token: str
    certificate: str | None = None

    def __repr__(self) -> str:
        return f"Server({self.url})"


def read_server_file(path: str) -> Server | None:
    """None = no server was started, or it is just writing the file."""
    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
        return Server(url=said["url"].rstrip("/"), token=said["token"], certificate=said.get("certificate"))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None


def find(path: str) -> Server:
    """Raises: HostError — no server runs, or what answers at its address is something else."""
    server = read_server_file(path)
    if server is None:
        raise HostError("NoServer", "panel.no-server")
    nonce = secrets.token_hex(32)
    said = ask(server, "POST", "/api/v1/prove", {"nonce": nonce}, token=None)
    wanted = hmac.new(server.token.encode(), b"heygem-server:" + nonce.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(wanted.encode(), str((said or {}).get("hmac")).encode()):
        raise HostError("Impostor", "panel.impostor", url=server.url)
    return server


def host_token(server: Server, host: str, project: str) -> str:
    """A token for this editor and this project alone. Raises: HostError."""
    token: str = ask(server, "POST", "/api/v1/tokens", {"scope": "host", "host": host, "project": project}, token=server.token)["token"]
    return token


def page_link(server: Server, host: str) -> str:
    """An address that signs a browser in, once, and says which editor's view to open. Raises: HostError."""
    code = ask(server, "POST", "/api/v1/sign-in-codes", {}, token=server.token)["code"]
    return f"{server.url}/#code={code}&host={quoted(host)}"


def quoted(name: str) -> str:
    """As one part of an address."""
    return urllib.parse.quote(name, safe="")


def ask(
    server: Server, method: str, path: str, body: Any = None, *, token: str | None, key: str | None = None, timeout_s: float = _TIMEOUT_S
) -> Any:
    """The JSON answer; None where there is none. With a `key`, asking again does nothing twice.

    Raises: HostError — refused, with the server's own sentence, or unreachable ("NoServer").
    """
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data=data, method=method)
    request.add_header("Content-Type", "application/json")
    if token is not None:
        request.add_header("Authorization", f"Bearer {token}")
    if key is not None:
        request.add_header("Idempotency-Key", key)
    try:
        with _opener(server).open(request, timeout=timeout_s) as response:
            text = response.read()
    except urllib.error.HTTPError as refusal:
        raise _refused(refusal) from None
    except (OSError, ValueError, http.client.HTTPException) as problem:
        raise HostError("NoServer", "panel.server-silent", why=getattr(problem, "reason", problem)) from None
    return json.loads(text) if text else None


def _opener(server: Server) -> urllib.request.OpenerDirector:
    """Never by a proxy: the server is on this machine or in this house."""
    handlers: list[Any] = [urllib.request.ProxyHandler({})]
    context = tls(server)
    if context is not None:
        handlers.append(urllib.request.HTTPSHandler(context=context))
    return urllib.request.build_opener(*handlers)


def tls(server: Server) -> ssl.SSLContext | None:
    """Trusts the certificate that server.json names, and no other."""
    return ssl.create_default_context(cafile=server.certificate) if server.certificate else None


def _refused(refusal: urllib.error.HTTPError) -> HostError:
    try:
        return ServerRefusal(json.loads(refusal.read()))
    except (ValueError, KeyError, TypeError):
        return HostError("Refused", "panel.server-status", status=refusal.code)


def start(command: list[str], install: str) -> None:
    """Starts `heygem serve` so that it outlives this panel and its editor, in its program's own folder: the editor's may hold a
    stranger's files, which Python would import.

    Raises: HostError — the program is gone: the command `install` brings it back.
    """
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH", "PYTHON3HOME")}
    environment["PYTHONSAFEPATH"] = "1"  # as -P, also for a command that was installed before it held one
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    detached: dict[str, Any] = {"creationflags": 0x00000208} if sys.platform == "win32" else {"start_new_session": True}
    try:
        subprocess.Popen([*command, "serve"], env=environment, cwd=os.path.dirname(command[0]) or None, **quiet, **detached)
    except OSError as problem:
        raise HostError("NotInstalled", "panel.program-gone", command=command[0], why=problem.strerror, install=install) from None
