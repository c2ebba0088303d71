"""Files that somebody sends: the raw body, or the first file of a multipart form. Limits are counted here; the framework counts neither."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Annotated, TypeVar

from aiohttp import BodyPartReader, web
from msgspec import Meta

from heygem_core.shot import Struct

from ..errors import BadRequest
from ..http import app_keys
from ..http.routes import BODY_STALL_S, PEOPLE, RequestContext, Route
from ..wire import UploadView

_PIECE_BYTES = 1 << 20

_T = TypeVar("_T")


class UploadQuery(Struct, frozen=True, kw_only=True):
    name: Annotated[str, Meta(max_length=1000)] | None = None  # as people know the file; needed for a raw body


async def receive(context: RequestContext) -> UploadView:
    request = context.request
    if request.content_type == "multipart/form-data":
        part = await _first_file(request)
        return await context[app_keys.UPLOADS].receive(context.query.name or part.filename or "upload", _pieces_of(part), None)
    if context.query.name is None:
        raise BadRequest("upload.no-name")
    return await context[app_keys.UPLOADS].receive(context.query.name, _pieces(request), request.content_length)


async def list_uploads(context: RequestContext) -> list[UploadView]:
    return await asyncio.to_thread(context[app_keys.UPLOADS].all)


async def delete(context: RequestContext) -> UploadView:
    return await asyncio.to_thread(context[app_keys.UPLOADS].delete, context.id)


async def _pieces(request: web.Request) -> AsyncIterator[bytes]:
    while piece := await _in_time(request.content.read(_PIECE_BYTES)):
        yield piece


async def _pieces_of(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await _in_time(part.read_chunk(_PIECE_BYTES)):
        yield piece


async def _first_file(request: web.Request) -> BodyPartReader:
    """Raises: BadRequest — no file in the form, or more than a little before it."""
    try:
        reader = await request.multipart()
        for _ in range(8):
            part = await _in_time(reader.next())
            if isinstance(part, BodyPartReader) and part.filename is not None:
                if part.headers.get("Content-Encoding") or part.headers.get("Content-Transfer-Encoding", "binary") not in (
                    "binary",
                    "8bit",
                    "7bit",
                ):
                    raise BadRequest("upload.encoded")
                return part
            if part is None:
                break
            if isinstance(part, BodyPartReader) and len(await _in_time(part.read_chunk(64 << 10))) >= 64 << 10:
                break
    except ValueError as error:
        raise BadRequest("upload.bad-form", error=error) from error
    raise BadRequest("upload.no-file-in-form")


async def _in_time(waiting: Awaitable[_T]) -> _T:
    """Raises: BadRequest — the sender stalls."""
    try:
        async with asyncio.timeout(BODY_STALL_S):
            return await waiting
    except TimeoutError:
        raise BadRequest("upload.cut-off") from None


ROUTES = (
    Route(method="POST", path="/api/v1/uploads", summary="Send a file: as the raw body with ?name=…, or in a multipart form.",
          handler=receive, scopes=("admin", "page", "host"), response=UploadView, query=UploadQuery, upload=True, status=201),
    Route(method="GET", path="/api/v1/uploads", summary="All uploads, newest first.",
          handler=list_uploads, scopes=PEOPLE, response=list[UploadView]),
    Route(method="DELETE", path="/api/v1/uploads/{id}", summary="Delete an upload.", handler=delete, scopes=PEOPLE, response=UploadView),
)  # fmt: skip
