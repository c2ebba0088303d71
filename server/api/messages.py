"""The sentences of every code, in each language, for whoever shows messages to people. Open to all: signing in needs them already."""

from __future__ import annotations

import hashlib

from aiohttp import web

from heygem_core.messages import LANGUAGES, catalogue
from heygem_core.shot import to_json

from ..errors import NotFound
from ..http.routes import PUBLIC, RequestContext, Route


async def messages(context: RequestContext) -> web.Response:
    """Code → template. Raises: NotFound — a language without a catalogue."""
    language = next((known for known in LANGUAGES if known == context.request.match_info["language"]), None)
    if language is None:
        raise NotFound("messages.no-language", languages=list(LANGUAGES))
    body = to_json(catalogue(language))
    response = web.Response(headers={"Cache-Control": "no-cache"})
    response.etag = hashlib.blake2b(body, digest_size=8).hexdigest()
    if any(tag.value == response.etag.value for tag in context.request.if_none_match or () if response.etag):
        response.set_status(304)
        return response
    response.body, response.content_type, response.charset = body, "application/json", "utf-8"
    return response


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/messages/{language}",
        summary="The sentences of all codes in a language (en, zh): code → text, with {name} where a parameter goes.",
        handler=messages,
        scopes=PUBLIC,
        media="application/json",
    ),
)
