"""What nodes of a farm fetch that do not share the server's storage: sources and plans of the tasks that they do, and nothing else."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..errors import NotFound
from ..http import app_keys
from ..http.files import send_file
from ..http.routes import PEOPLE, RequestContext, Route


async def file(context: RequestContext) -> web.StreamResponse:
    exchange = getattr(context[app_keys.SERVICES].executor, "exchange", None)
    if exchange is None:
        raise NotFound("farm.not-offered")
    path, descriptor = await asyncio.to_thread(exchange.open, context.id)
    return await send_file(context.request, path, "application/octet-stream", etag=context.id, descriptor=descriptor)


ROUTES = (
    Route(method="GET", path="/api/v1/farm/files/{id}", handler=file,
          summary="A file of a task that a node of the farm does at this moment, by its SHA-256.",
          scopes=PEOPLE, media="application/octet-stream", headers=("Range", "If-Range")),
)  # fmt: skip
