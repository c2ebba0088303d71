"""One table entry per route: what it takes, what it gives, who may ask. Routes are registered from it and the API document is made from
it.

A handler gets a `RequestContext` (and the decoded body where the entry has one) and returns the struct that the entry names, or a
finished response where the entry says `media`. So no handler decodes, checks rights or encodes by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import HttpVersion11, web
from aiohttp.web_urldispatcher import MatchInfoError, UrlMappingMatchInfo

from heygem_core.errors import SpecError
from heygem_core.shot import from_json, to_json

from ..errors import BadRequest, Busy, TooLarge
from ..security.middleware import admit, bearer, check_content
from ..security.signed_addresses import signed
from ..security.tokens import Grant
from ..wire import Scope
from . import app_keys
from .connections import UNKNOWN_BYTES

BODY_STALL_S = 30.0  # between two pieces of it
BODY_WHOLE_S = 300.0
MIB = 1 << 20

PUBLIC: tuple[Scope, ...] = ()
ADMIN: tuple[Scope, ...] = ("admin",)
PEOPLE: tuple[Scope, ...] = ("admin", "page")
ALL: tuple[Scope, ...] = ("admin", "page", "host")

_T = TypeVar("_T")
Handler = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestContext:
    """One request on its way to its handler: somebody known, a checked query."""

    request: web.Request
    query: Any  # the struct that the route names
    grant: Grant | None  # None on public routes

    @property
    def who(self) -> Grant:
        if self.grant is None:
            raise TypeError("A public route has nobody to ask for.")
        return self.grant

    @property
    def id(self) -> str:
        return self.request.match_info["id"]

    def __getitem__(self, key: web.AppKey[_T]) -> _T:
        """A resource of the application. Raises: Busy — not ready yet."""
        try:
            return self.request.app[key]
        except KeyError:
            raise Busy("server.starting") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One entry of the table."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    summary: str  # one sentence for the API document
    handler: Handler
    scopes: tuple[Scope, ...] = ALL  # empty = nobody needs to be known
    body: Any = None  # type of the JSON body
    response: Any = None  # type of the JSON answer
    media: str | None = None  # content type of an answer that is not JSON
    query: Any = None  # struct of the query
    upload: bool = False  # the body is a file
    status: int = 200
    largest_body: int = MIB
    headers: tuple[str, ...] = field(default=())  # request headers that mean something here

    @property
    def most_bytes(self) -> int:
        """Of the body: little from those who need not be known."""
        return self.largest_body if self.scopes else min(self.largest_body, UNKNOWN_BYTES)

    @property
    def by_address(self) -> bool:
        """Whether a signed address opens it: files, for what cannot send headers."""
        return self.method == "GET" and self.media is not None


REGISTERED: web.AppKey[tuple[Route, ...]] = web.AppKey("routes")
"""All routes of an application, for its description of itself."""


def register(app: web.Application, routes: tuple[Route, ...]) -> None:
    app[REGISTERED] = routes
    for route in routes:
        app.router.add_route(route.method, route.path, _bound(route), expect_handler=_expected)
    resolve = app.router.resolve

    async def resolve_with_expected(request: web.Request) -> UrlMappingMatchInfo:
        found = await resolve(request)
        return found if found.http_exception is None else _Nowhere(found.http_exception)

    app.router.resolve = resolve_with_expected  # type: ignore[method-assign]


class _Nowhere(MatchInfoError):
    """Where no route is, the framework would ask its own about `Expect`."""

    @property
    def expect_handler(self) -> Callable[[web.Request], Awaitable[web.StreamResponse | None]]:
        return _expected


async def _expected(request: web.Request) -> web.StreamResponse | None:
    """The framework's own cannot say that it does not understand a header whose bytes are no text. Raises: HTTPExpectationFailed."""
    if request.version < HttpVersion11:
        return None
    if request.headers.get("Expect", "").lower() != "100-continue":
        raise web.HTTPExpectationFailed
    await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.writer.output_size = 0  # it belongs to no answer
    return None


def _bound(route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        address = signed(request.raw_path) if route.by_address and bearer(request) is None else None
        grant = admit(request.app[app_keys.ACCESS], request, route.scopes, signed=address) if route.scopes else None
        check_content(request, upload=route.upload)
        context = RequestContext(request=request, query=_query(request, route.query, signed=address is not None), grant=grant)
        try:
            answer = await (route.handler(context) if route.body is None else route.handler(context, await _body(request, route)))
        except RecursionError:
            raise BadRequest("request.too-deep") from None
        return answer if isinstance(answer, web.StreamResponse) else answer_json(answer, route.status)

    return handle


def answer_json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=to_json(value), status=status, content_type="application/json", charset="utf-8")


def _query(request: web.Request, kind: Any, *, signed: bool) -> Any:
    if len(request.query) != len(set(request.query)):
        raise BadRequest("request.query-twice")
    given = {name: value for name, value in request.query.items() if not (signed and name in ("ends", "proof"))}
    if kind is None:
        if given:
            raise BadRequest("request.no-query", given=next(iter(given))[:50])
        return None
    try:
        return msgspec.convert(given, kind, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadRequest("request.bad-query", error=error) from error


async def _body(request: web.Request, route: Route) -> Any:
    """Raises: TooLarge, BadRequest — not the JSON that was wanted, or it never came."""
    if (request.content_length or 0) > route.most_bytes:
        raise _too_large(route)
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_WHOLE_S):
            while True:
                async with asyncio.timeout(BODY_STALL_S):
                    part = await request.content.readany()
                if not part:
                    break
                size += len(part)
                if size > route.most_bytes:
                    raise _too_large(route)
                parts.append(part)
    except TimeoutError:
        raise BadRequest("request.cut-off") from None
    try:
        body = b"".join(parts)
        if size < MIB:
            return from_json(body, route.body)
        return await asyncio.to_thread(from_json, body, route.body)  # thousands of shots: others are served meanwhile
    except SpecError as error:
        raise BadRequest("request.not-valid", error=error.__cause__ or error) from error


def _too_large(route: Route) -> TooLarge:
    return TooLarge("request.too-large-mib", most_mib=f"{route.most_bytes / MIB:.3g}")
