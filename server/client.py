"""A small client: finds this user's server, lets it prove itself, then asks. Also for a server on another machine, with its certificate
pinned.

    with Client.connect() as client:
        job = client.submit(JobRequest(...))
        for message in client.events(): ...

Every answer is a struct of `wire`; every refusal is an error of `errors` or of the core, by its own name.
"""

from __future__ import annotations

import http.client
import os
import secrets
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from heygem_core.errors import SpecError
from heygem_core.messages import message_of
from heygem_core.shot import from_json, to_json
from heygem_core.tasks.specs import FacesFound, Probed

from . import errors
from .digests import sha256_of
from .json_responses import NoServer, answer_of, error_named, with_query
from .security.certificate import pinned_context
from .security.challenge import is_proof
from .settings import read_settings
from .single_instance import read_server_file, server_file
from .wire import (
    Deletion,
    Estimate,
    Hello,
    HostCall,
    HostHello,
    HostView,
    Info,
    JobDetail,
    JobPage,
    JobRequest,
    JobView,
    MediaRef,
    Proof,
    ProofRequest,
    Refused,
    RootRequest,
    ServerFile,
    SignIn,
    TakeView,
    ToClient,
    Token,
    TokenRequest,
    UploadView,
)

_T = TypeVar("_T")
_PIECE_BYTES = 1 << 20
_MOST_BREAKS = 5  # of the connection, while one file is fetched


class Client:
    """One server. Not for several threads at once."""

    def __init__(self, url: str, token: str, *, context: ssl.SSLContext | None = None, timeout_s: float = 60.0) -> None:
        """Asks for the proof at once. Raises: NoServer."""
        self.url, self._token, self._context, self._timeout_s = url.rstrip("/"), token, context, timeout_s
        self._connection: http.client.HTTPConnection | None = None
        nonce = secrets.token_urlsafe(32)
        asked = ProofRequest(nonce=nonce, grant=token.partition(".")[0])
        try:
            proof = self._ask("POST", "/api/v1/prove", Proof, asked, known=False)
        except (errors.ServerError, SpecError) as error:
            raise NoServer("client.not-this-server", url=self.url, error=error) from error
        if not is_proof(token, nonce, proof.hmac):
            raise NoServer("client.impostor", url=self.url)

    @classmethod
    def connect(cls, place: Path | None = None) -> Client:
        """`place`: a data folder or a pass; None = the server that this user runs on this machine. Raises: NoServer."""
        file = place or read_settings().data_folder
        file = file if file.is_file() else server_file(file)
        found = read_server_file(file)
        if found is None:
            raise NoServer("client.no-server")
        return cls.of(found, file.parent)

    @classmethod
    def of(cls, file: ServerFile, folder: Path = Path()) -> Client:
        """The server that a server.json, or a pass (`heygem pass`), tells of; `folder`: where that file lies. Raises: NoServer."""
        try:
            context = None if file.certificate is None else pinned_context(folder / file.certificate)
        except OSError as error:
            raise NoServer("client.certificate-unreadable", certificate=file.certificate, why=error.strerror) from error
        return cls(file.url, file.token, context=context)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # --- asking

    def info(self) -> Info:
        return self._ask("GET", "/api/v1/info", Info)

    def submit(self, request: JobRequest, key: str | None = None) -> JobDetail:
        """`key`: the same key gives the same job again, so a lost answer makes no second one; None = a new one."""
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(16)}
        return self._ask("POST", "/api/v1/jobs", JobDetail, request, headers=headers)

    def estimate(self, request: JobRequest) -> Estimate:
        return self._ask("POST", "/api/v1/estimate", Estimate, request)

    def jobs(self, *, states: tuple[str, ...] = (), text: str | None = None, limit: int = 50, before: str | None = None) -> JobPage:
        query = {"state": ",".join(states) or None, "q": text, "limit": limit, "before": before}
        return self._ask("GET", "/api/v1/jobs" + with_query(query), JobPage)

    def job(self, job: str) -> JobDetail:
        return self._ask("GET", f"/api/v1/jobs/{quote(job, safe='')}", JobDetail)

    def open_job(self, job: str) -> dict[str, Any]:
        """The job as an Open Job Description template. Raises: Conflict — not all of it is planned yet."""
        return self._ask("GET", f"/api/v1/jobs/{quote(job, safe='')}/open-job.json", dict[str, Any])

    def change(self, job: str, deed: str) -> JobView:
        """`deed`: cancel, pause, resume or retry."""
        return self._ask("POST", f"/api/v1/jobs/{quote(job, safe='')}/{deed}", JobView)

    def delete(self, job: str, *, force: bool = False) -> Deletion:
        return self._ask("DELETE", f"/api/v1/jobs/{quote(job, safe='')}" + with_query({"force": int(force)}), Deletion)

    def take(self, take: str) -> TakeView:
        return self._ask("GET", f"/api/v1/takes/{quote(take, safe='')}", TakeView)

    def probe(self, media: MediaRef) -> Probed:
        return self._ask("POST", "/api/v1/media/probe", Probed, media)

    def faces(self, media: MediaRef) -> FacesFound:
        return self._ask("POST", "/api/v1/media/faces", FacesFound, media)

    def allow(self, folder: str) -> None:
        """Lets the server use a folder, as a person's consent does in the page."""
        self._ask("POST", "/api/v1/roots", list[str], RootRequest(folder=folder))

    def hosts(self) -> tuple[HostView, ...]:
        return self._ask("GET", "/api/v1/hosts", tuple[HostView, ...])

    def call(self, host: str, call: HostCall) -> Any:
        return self._ask("POST", f"/api/v1/hosts/{quote(host, safe='')}/call", Any, call, timeout_s=call.timeout_s + 10)

    def new_code(self) -> str:
        """Signs a browser in, once; with a pass, until the pass ends. Raises: errors.Forbidden — an editor's pass has no page."""
        own = self.info().scope != "admin"
        return self._ask("POST", "/api/v1/own-sign-in-codes" if own else "/api/v1/sign-in-codes", SignIn).code

    def new_token(self, request: TokenRequest) -> str:
        return self._ask("POST", "/api/v1/tokens", Token, request).token

    def upload(self, path: Path) -> UploadView:
        """Sends a file in pieces. Raises: what the server says; OSError."""
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(path.stat().st_size)}
        with path.open("rb") as file:
            status, body = self._send("POST", "/api/v1/uploads" + with_query({"name": path.name}), file, headers, fresh=True)
        return answer_of(status, body, UploadView)

    # --- takes

    def fetch(self, take: TakeView, folder: Path, told: Callable[[int, int], None] = lambda done, total: None) -> Path:
        """A take's file into a folder, going on where an earlier try stopped; checked by its hash before it gets its name.

        `told` hears bytes done and altogether. Raises: errors.Broken — the hash differs (the piece is thrown away); OSError.
        """
        target, part = folder / take.name, folder / f".{take.name}.{take.sha256[:12]}.part"
        folder.mkdir(parents=True, exist_ok=True)
        if target.is_file() and sha256_of(target) == take.sha256:
            return target
        have = part.stat().st_size if part.is_file() else 0
        if have < take.size_bytes:
            address = f"/api/v1/takes/{quote(take.id, safe='')}/file"
            self._fetch_rest(address, take.sha256, part, have, lambda done: told(done, take.size_bytes))
        if sha256_of(part) != take.sha256:
            part.unlink()
            raise errors.Broken("client.damaged-download", take=take.name)
        os.replace(part, target)
        return target

    def fetch_offered(self, sha256: str, size_bytes: int, target: Path) -> None:
        """A file that the server offers to a node of its farm, going on where the connection broke; `target` is new.

        Raises: what the server says; errors.Broken — the hash differs; NoServer — it broke too often; OSError.
        """
        target.touch(exist_ok=False)
        for tried in range(_MOST_BREAKS):
            if (have := target.stat().st_size) == size_bytes:
                break
            try:
                self._fetch_rest(f"/api/v1/farm/files/{sha256}", sha256, target, have, lambda done: None)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if tried == _MOST_BREAKS - 1:
                    raise NoServer("client.no-answer", url=self.url, error=error) from error
        if sha256_of(target) != sha256:
            raise errors.Broken("client.damaged-download", take=target.name)

    def _fetch_rest(self, address: str, sha256: str, part: Path, have: int, told: Callable[[int], None]) -> None:
        headers = {"Range": f"bytes={have}-", "If-Range": f'"{sha256}"'} if have else {}
        connection = self._connected(fresh=True)
        connection.request("GET", address, headers={**headers, **self._known()})
        response = connection.getresponse()
        if response.status not in (200, 206):
            answer_of(response.status, response.read(), Any)
        with part.open("ab" if response.status == 206 else "wb") as file:
            done = file.tell()
            while piece := response.read(_PIECE_BYTES):
                file.write(piece)
                done += len(piece)
                told(done)
            file.flush()
            os.fsync(file.fileno())

    # --- the socket

    def events(
        self,
        *,
        since: int | None = None,
        epoch: str | None = None,
        previews: bool = False,
        logs: tuple[str, ...] = (),
        host: HostHello | None = None,
    ) -> Iterator[ToClient | bytes]:
        """What happens, for ever; bytes are previews. Raises: what the server refuses with; NoServer — it went."""
        from websockets.exceptions import ConnectionClosed
        from websockets.sync.client import connect

        address = self.url.replace("http", "ws", 1) + "/api/v1/events"
        hello = Hello(token=self._token, since=since, epoch=epoch, previews=previews, logs=logs, host=host)
        try:
            with connect(
                address, ssl=self._context, max_size=64 << 20, compression=None, proxy=None, open_timeout=self._timeout_s
            ) as socket:
                socket.send(to_json(hello).decode())
                for message in socket:
                    said = message if isinstance(message, bytes) else from_json(message, ToClient)  # type: ignore[arg-type]
                    if isinstance(said, Refused):
                        raise error_named(said.error, message_of(said))
                    yield said
        except (OSError, ConnectionClosed) as error:
            raise NoServer("client.server-went") from error

    # --- below

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[_T],
        body: msgspec.Struct | None = None,
        *,
        headers: dict[str, str] | None = None,
        known: bool = True,
        timeout_s: float | None = None,
    ) -> _T:
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        status, answer = self._send(method, path, None if body is None else to_json(body), sent, known=known, timeout_s=timeout_s)
        return answer_of(status, answer, kind)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        headers: dict[str, str],
        *,
        known: bool = True,
        timeout_s: float | None = None,
        fresh: bool = False,
    ) -> tuple[int, bytes]:
        again = method == "GET" and not fresh  # a kept connection may have been closed by the server meanwhile
        for _ in range(2 if again else 1):
            connection = self._connected(fresh=not again, timeout_s=timeout_s)
            try:
                connection.request(method, path, body=body, headers={**headers, **(self._known() if known else {})})
                response = connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                problem = error
        raise NoServer("client.no-answer", url=self.url, error=problem) from problem

    def _known(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _connected(self, *, fresh: bool = False, timeout_s: float | None = None) -> http.client.HTTPConnection:
        if fresh:
            self.close()
        if self._connection is None:
            at = urlsplit(self.url)
            if at.scheme == "https":
                context = self._context or ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=self._timeout_s, context=context)
            else:
                self._connection = http.client.HTTPConnection(at.hostname or "", at.port, timeout=self._timeout_s)
        self._connection.timeout = timeout_s or self._timeout_s
        return self._connection
