"""The languages, and the sentences of every code and the page's texts in each. Open to all: signing in needs them already."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from aiohttp import web

from heygem_core.messages import LANGUAGES, Language, Spoken, catalogue, page_texts, spoken
from heygem_core.shot import to_json

from ..errors import NotFound
from ..http.routes import PUBLIC, RequestContext, Route


async def languages(context: RequestContext) -> list[Spoken]:
    """English first."""
    return [spoken(language) for language in LANGUAGES]


async def messages(context: RequestContext) -> web.Response:
    """Code → template. Raises: NotFound — a language without a catalogue."""
    return _unless_known(context, catalogue(_language(context)))


async def texts(context: RequestContext) -> web.Response:
    """Key → text. Raises: NotFound — a language without a catalogue."""
    return _unless_known(context, page_texts(_language(context)))


def _language(context: RequestContext) -> Language:
    language = next((known for known in LANGUAGES if known == context.request.match_info["language"]), None)
    if language is None:
        raise NotFound("messages.no-language", languages=list(LANGUAGES))
    return language


def _unless_known(context: RequestContext, table: Mapping[str, str]) -> web.Response:
    """Nothing is sent again to a browser that has it."""
    body = to_json(table)
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
        path="/api/v1/languages",
        summary="The languages that people are told things in.",
        handler=languages,
        response=list[Spoken],
        scopes=PUBLIC,
    ),
    Route(
        method="GET",
        path="/api/v1/page-texts/{language}",
        summary="The texts of the server's page in a language: key → text. The page has the English ones itself.",
        handler=texts,
        scopes=PUBLIC,
        media="application/json",
    ),
    Route(
        method="GET",
        path="/api/v1/messages/{language}",
        summary="The sentences of all codes in a language (en, zh): code → text, with {name} where a parameter goes.",
        handler=messages,
        scopes=PUBLIC,
        media="application/json",
    ),
)
