"""The page itself: the files of server/web, for everybody who knows the address. They hold no secret; what they ask for needs one."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aiohttp import web

from heygem_core.shot import Struct

from ..errors import NotFound
from ..http import app_keys
from ..http.routes import PUBLIC, RequestContext, Route
from ..security.headers import page_headers
from ..security.paths import inside

WEB = Path(__file__).resolve().parents[1] / "web"
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain",
}


class PageQuery(Struct, frozen=True, kw_only=True):
    host: str | None = None  # the editor whose panel shows the page (web/HOST_MODE.md); read by the page alone


async def index(context: RequestContext) -> web.Response:
    return await _send(context, WEB / "index.html")


async def docs(context: RequestContext) -> web.Response:
    """The page has the API reference as one of its views: it shows the document that needs somebody who is known."""
    return web.Response(status=302, headers={"Location": "/#/docs"})


async def part(context: RequestContext) -> web.Response:
    return await _send(context, WEB / context.request.match_info["path"])


async def _send(context: RequestContext, path: Path) -> web.Response:
    """Raises: NotFound — no such file of the page."""
    real = Path(os.path.realpath(path))
    if not inside(real, (WEB,)) or real.suffix not in _TYPES or not real.is_file():
        raise NotFound("page.no-such-part")
    status = real.stat()
    response = web.Response(headers=page_headers(context[app_keys.ACCESS].names))
    response.etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    if any(tag.value == response.etag.value for tag in context.request.if_none_match or () if response.etag):
        response.set_status(304)
        return response
    response.body = await asyncio.to_thread(real.read_bytes)
    response.content_type, response.charset = _TYPES[real.suffix], "utf-8"
    return response


ROUTES = (
    Route(method="GET", path="/", summary="The page.", handler=index, scopes=PUBLIC, media="text/html", query=PageQuery),
    Route(method="GET", path="/docs", summary="The API reference, as a view of the page.", handler=docs, scopes=PUBLIC, media="text/html"),
    Route(method="GET", path="/static/{path:.+}", summary="A part of the page.", handler=part, scopes=PUBLIC, media="*/*"),
)
