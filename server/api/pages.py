"""The page itself: the files of server/web, for everybody who knows the address. They hold no secret; what they ask for needs one."""

from __future__ import annotations

import asyncio

from aiohttp import web

from heygem_core.shot import Struct

from ..http import app_keys
from ..http.page_files import PageFile
from ..http.routes import PUBLIC, RequestContext, Route
from ..security.headers import page_headers

_FOR_GOOD = "private, max-age=31536000, immutable"


class PageQuery(Struct, frozen=True, kw_only=True):
    host: str | None = None  # the editor whose panel shows the page (web/HOST_MODE.md); read by the page alone


async def index(context: RequestContext) -> web.Response:
    return _sent(context, await asyncio.to_thread(context[app_keys.PAGE].index))


async def docs(context: RequestContext) -> web.Response:
    """The page has the API reference as one of its views: it shows the document that needs somebody who is known."""
    return web.Response(status=302, headers={"Location": "/#/docs"})


async def part(context: RequestContext) -> web.Response:
    file, stays = context[app_keys.PAGE].part(context.request.match_info["path"])
    response = _sent(context, file)
    if stays:
        response.headers["Cache-Control"] = _FOR_GOOD
    return response


def _sent(context: RequestContext, file: PageFile) -> web.Response:
    response = web.Response(headers=page_headers(context[app_keys.ACCESS].names))
    response.etag = file.tag
    if any(tag.value == file.tag for tag in context.request.if_none_match or ()):
        response.set_status(304)
        return response
    response.body = file.content
    response.content_type, response.charset = file.content_type, "utf-8"
    return response


ROUTES = (
    Route(method="GET", path="/", summary="The page.", handler=index, scopes=PUBLIC, media="text/html", query=PageQuery),
    Route(method="GET", path="/docs", summary="The API reference, as a view of the page.", handler=docs, scopes=PUBLIC, media="text/html"),
    Route(method="GET", path="/static/{path:.+}", summary="A part of the page.", handler=part, scopes=PUBLIC, media="*/*"),
)
