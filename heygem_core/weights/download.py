"""Downloads one file over HTTP: it goes on where it broke off, is hashed while it comes, and no byte more than expected is taken.

The bytes lie in a file that is nobody's model yet. Whether they are the right ones only their hash tells: a server may say or send what
it likes.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from contextlib import suppress
from email.message import Message as Headers
from importlib.metadata import version
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from ..errors import FetchFailed, UnusableWeights
from ..shot import Struct, from_json, to_json
from ..storage.os_errors import cannot_write
from .conversion import looks_like_page

if TYPE_CHECKING:
    from _hashlib import HASH

_CHUNK = 1 << 20
_TIMEOUT_S = 60.0
_TRIES = 5  # in a row that brought nothing
_PAUSE_S = 1.0  # after the first failure; doubled each time
_MOST_BYTES = 64 << 30  # of a file whose size nobody told


class Source(Struct, frozen=True, kw_only=True):
    """Where a file comes from, and what is known of it before."""

    url: str
    name: str  # as people know it
    sha256: str  # or its first digits
    size: int | None  # bytes


class _Begun(Struct, frozen=True, kw_only=True):
    """Of what the bytes are that lie there already."""

    url: str
    validator: str | None  # the server's word for this state of the file, ETag or date


class Bytes(Protocol):
    def __call__(self, done: int, total: int | None) -> None:
        """So many bytes are there. It may raise `Cancelled`."""


def download(source: Source, part: Path, tell: Bytes) -> str:
    """The SHA-256 of the file, which lies at `part` in the end. What a broken connection leaves there is taken up by the next try.

    Raises: FetchFailed — no connection, the server has it not, or sends another size. UnusableWeights — a web page, or another hash.
    OutputError — the disk is full.
    """
    started_new = not part.exists()
    digest = _download(source, part, tell)
    if not digest.startswith(source.sha256) and not started_new:
        _forget(part)  # two states of the file may have been mixed
        digest = _download(source, part, tell)
    if not digest.startswith(source.sha256):
        _forget(part)
        raise UnusableWeights("weights.other-hash", file=source.name, found=digest[:12], wanted=source.sha256[:12])
    return digest


def _download(source: Source, part: Path, tell: Bytes) -> str:
    failures, why = 0, ""
    while failures < _TRIES:
        before = part.stat().st_size if part.exists() else 0
        try:
            return _once(source, part, tell)
        except _Broken as broken:
            gained = part.exists() and part.stat().st_size > before
            failures, why = 1 if gained else failures + 1, broken.why
            if failures < _TRIES:
                time.sleep(min(30.0, _PAUSE_S * 2 ** (failures - 1)))
    raise FetchFailed("weights.broke-off", file=source.name, host=_host(source.url), why=why)


class _Broken(Exception):
    """The connection failed; another try may do."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def _once(source: Source, part: Path, tell: Bytes) -> str:
    """One request. Raises: _Broken — try again."""
    have, begun = _begun(source, part)
    if have and have == source.size:
        tell(done=have, total=have)
        return _hash_of(part).hexdigest()
    request = urllib.request.Request(source.url, headers={"User-Agent": f"heygem-bridge/{version('heygem-bridge')}", "Accept": "*/*"})
    request.add_header("Accept-Encoding", "identity")
    if have:
        request.add_header("Range", f"bytes={have}-")
        if begun.validator:
            request.add_header("If-Range", begun.validator)
    try:
        answer = _OPENER.open(request, timeout=_TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:  # what is here is no beginning of what is there
                _forget(part)
                raise _Broken("416") from error
            if error.code in (408, 429) or error.code >= 500:
                raise _Broken(f"HTTP {error.code}") from error
            raise FetchFailed("weights.refused", file=source.name, host=_host(source.url), status=error.code) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise _Broken(str(getattr(error, "reason", None) or error) or type(error).__name__) from error
    with answer:
        start = have if answer.status == 206 and _starts_at(answer.headers, have) else 0
        if answer.status == 206 and start != have:
            _forget(part)
            raise _Broken("Content-Range")
        total = _total(source, answer, start)
        if start == 0:
            _forget(part)
            _write(part.with_suffix(".json"), to_json(_Begun(url=source.url, validator=_validator(answer.headers))))
        return _receive(source, answer, part, start, total, tell)


def _receive(source: Source, answer: Any, part: Path, start: int, total: int | None, tell: Bytes) -> str:
    """The hash of the whole file, once all of it is there."""
    digest = _hash_of(part) if start else hashlib.sha256()
    most = total if total is not None else _MOST_BYTES
    done = start
    try:
        file = part.open("ab")
    except OSError as error:
        raise cannot_write(part, error) from error
    with file:
        tell(done=done, total=total)
        while True:
            try:
                chunk = answer.read(_CHUNK)
            except (http.client.HTTPException, OSError) as error:
                raise _Broken(str(error) or type(error).__name__) from error
            if not chunk:
                break
            if done == 0 and looks_like_page(chunk[:4096]):
                file.close()
                _forget(part)
                raise UnusableWeights("weights.server-gave-page", file=source.name, host=_host(source.url))
            done += len(chunk)
            if done > most:
                file.close()
                _forget(part)
                raise FetchFailed("weights.other-size", file=source.name, host=_host(source.url), found=done, wanted=most)
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                file.close()
                _forget(part)
                raise cannot_write(part, error) from error
            digest.update(chunk)
            tell(done=done, total=total)
    if total is not None and done < total:
        raise _Broken(f"{done} / {total}")
    return digest.hexdigest()


def _total(source: Source, answer: Any, start: int) -> int | None:
    """How large the file will be. Raises: FetchFailed — the server says another size than is known. UnusableWeights — it is a page."""
    length = answer.headers.get("Content-Length")
    said = start + int(length) if length is not None and length.isdigit() else None
    if source.size is not None and said is not None and said != source.size:
        if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
            raise UnusableWeights("weights.server-gave-page", file=source.name, host=_host(source.url))
        raise FetchFailed("weights.other-size", file=source.name, host=_host(source.url), found=said, wanted=source.size)
    return source.size if source.size is not None else said


def _begun(source: Source, part: Path) -> tuple[int, _Begun]:
    """How many bytes of this very source are there already."""
    nothing = _Begun(url=source.url, validator=None)
    try:
        begun = from_json(part.with_suffix(".json").read_bytes(), _Begun)
        have = part.stat().st_size
    except Exception:  # nothing there, or nothing that can be read: it begins anew
        return 0, nothing
    if begun.url != source.url or (source.size is not None and have > source.size):
        return 0, nothing
    return have, begun


def _validator(headers: Headers) -> str | None:
    etag = headers.get("ETag")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified")


def _starts_at(headers: Headers, first: int) -> bool:
    return headers.get("Content-Range", "").replace(" ", "").startswith(f"bytes{first}-")


def _hash_of(part: Path) -> HASH:
    digest = hashlib.sha256()
    with part.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest


def _write(path: Path, data: bytes) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise cannot_write(path, error) from error


def _forget(part: Path) -> None:
    for path in (part, part.with_suffix(".json")):
        with suppress(OSError):
            path.unlink()


def _host(url: str) -> str:
    return urlsplit(url).hostname or url


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Goes where servers send it, but from an encrypted connection to no other kind."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.startswith("https://") and not (newurl.startswith("http://") and req.type == "http"):
            raise urllib.error.HTTPError(req.full_url, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_Redirects)
