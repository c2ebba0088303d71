"""Files on their way out: whole or a range of them, with an ETag; and many of them as one zip that is made while it is sent."""

from __future__ import annotations

import asyncio
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from io import RawIOBase
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from ..errors import BadRequest, NotFound, ServerError

Opener = Callable[[Path], int]
_PIECE_BYTES = 1 << 20
_LONGEST_RANGE = 1000  # also of several ranges; Python reads no number of 5,000 digits
_RANGE = re.compile(r"bytes=(\d*)-(\d*)", re.ASCII)


async def send_file(
    request: web.Request,
    path: Path,
    content_type: str,
    *,
    etag: str | None = None,
    name: str | None = None,
    descriptor: int | None = None,
    keep_s: int = 0,
) -> web.StreamResponse:
    """A file with ranges, so that players can seek and downloads go on where they stopped.

    `etag` without quotes, None = by size and time; `name` makes it a download; `descriptor`: the file opened already;
    `keep_s`: how long whoever has it need not ask again. Raises: NotFound.
    """
    try:
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)) if descriptor is None else descriptor
    except OSError as error:
        raise NotFound("file.gone", file=path.name, why=error.strerror) from error
    with os.fdopen(opened, "rb") as file:
        status = os.fstat(opened)
        tag = f'"{etag or f"{status.st_mtime_ns:x}-{status.st_size:x}"}"'
        kept = f"private, max-age={keep_s}" if keep_s else "private, no-cache"
        headers = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": content_type, "Cache-Control": kept}
        if name is not None:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        if tag in [each.strip() for each in request.headers.get("If-None-Match", "").split(",")]:
            return web.Response(status=304, headers={"ETag": tag, "Cache-Control": kept})
        start, end, code = _range(request, status.st_size, tag)
        if code == 416:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{status.st_size}", "ETag": tag})
        if code == 206:
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{status.st_size}"
        response = web.StreamResponse(status=code, headers=headers)
        response.content_length = end - start
        await response.prepare(request)
        if request.method != "HEAD":
            file.seek(start)
            while start < end and (piece := await asyncio.to_thread(file.read, min(_PIECE_BYTES, end - start))):
                start += len(piece)
                await response.write(piece)
        await response.write_eof()
        return response


def _range(request: web.Request, size: int, tag: str) -> tuple[int, int, int]:
    """(first byte, one past the last, status). Several ranges at once, and ranges of another version, are answered with the whole.

    Raises: BadRequest.
    """
    said = request.headers.get("Range", "").strip()
    if len(said) > _LONGEST_RANGE:
        raise BadRequest("request.range-too-long")
    found = _RANGE.fullmatch(said)
    if found is None or found.groups() == ("", "") or request.headers.get("If-Range", tag) != tag:
        return 0, size, 200
    first, last = found.groups()
    if not first:
        length = min(int(last), size)
        return (size - length, size, 206) if length else (0, 0, 416)
    start, end = int(first), min(int(last) + 1 if last else size, size)
    return (start, end, 206) if start < end else (0, 0, 416)


async def send_zip(request: web.Request, files: Iterable[tuple[str, Path]], name: str, open_file: Opener) -> web.StreamResponse:
    """`files`: names within the zip and where they lie. Stored, not compressed: video does not get smaller. Memory: one piece.

    `open_file` gives a descriptor for reading, or raises ServerError where a file may not or cannot be read.
    """
    headers = {"Content-Type": "application/zip", "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    pieces = zip_pieces(files, open_file)
    while piece := await asyncio.to_thread(next, pieces, b""):
        await response.write(piece)
    await response.write_eof()
    return response


class _Outbox(RawIOBase):
    """Takes what zipfile writes; not seekable, so that zipfile never goes back."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.parts.append(bytes(data))
        return len(data)

    def emptied(self) -> bytes:
        parts, self.parts = self.parts, []
        return b"".join(parts)


def zip_pieces(files: Iterable[tuple[str, Path]], open_file: Opener) -> Iterator[bytes]:
    """The bytes of a zip. A file that cannot be read any more is left out, and a text in its place says so."""
    outbox = _Outbox()
    with zipfile.ZipFile(outbox, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, path in files:
            try:
                source = os.fdopen(open_file(path), "rb")
            except ServerError as error:
                archive.writestr(f"{name} is missing.txt", f"{error}\n")
                continue
            entry = zipfile.ZipInfo(name, time.localtime(os.fstat(source.fileno()).st_mtime)[:6])
            with source, archive.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(_PIECE_BYTES):
                    target.write(piece)
                    yield outbox.emptied()
    yield outbox.emptied()
