"""Which of two takes somebody found better without knowing which was which."""

from __future__ import annotations

import asyncio

from aiohttp import web

from ..errors import BadRequest
from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..wire import Tally, VoteRequest


async def vote(context: RequestContext, body: VoteRequest) -> Tally:
    """Raises: BadRequest — a take against itself. NotFound."""
    if body.first == body.second:
        raise BadRequest("vote.same-take")
    return await asyncio.to_thread(_count, context, body)


def _count(context: RequestContext, body: VoteRequest) -> Tally:
    store, votes = context[app_keys.SERVICES].store, context[app_keys.VOTES]
    first, second = store.take(body.first), store.take(body.second)
    source = "" if first.source is None else first.source.path or first.source.upload or ""
    votes.add(body, first, second, source)
    for_first, for_second, same = votes.count(first.id, second.id)
    return Tally(first=for_first, second=for_second, same=same)


async def table(context: RequestContext) -> web.Response:
    body = await asyncio.to_thread(context[app_keys.VOTES].table)
    headers = {"Content-Disposition": "attachment; filename=votes.csv"}
    return web.Response(body=body, content_type="text/csv", charset="utf-8", headers=headers)


ROUTES = (
    Route(method="POST", path="/api/v1/votes", summary="Keep which of two takes was found better, and tell the votes between them.",
          handler=vote, scopes=PEOPLE, body=VoteRequest, response=Tally, status=201),
    Route(method="GET", path="/api/v1/votes.csv", summary="All votes as a CSV.", handler=table, scopes=PEOPLE, media="text/csv"),
)  # fmt: skip
