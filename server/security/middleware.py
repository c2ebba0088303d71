"""Checks every request, in this order: name of the server, origin of the page, who it is, the page's own header, what they may, the kind
of content.

Cookies know no ports: a program that listens at another port of this machine is sent a signed-in browser's cookie as soon as somebody
opens its page. So the cookie alone opens nothing. The other half of a session is a word that was told once, at the sign-in, and that the
page keeps where only pages of this server's own origin can read it; it comes with every request, reads too, and with the socket's hello.
Pictures, players and downloads cannot send it: they use signed addresses (`signed_addresses`).

`admit` is called for each route with the scopes that the route's table entry names; nothing else decides who may do what.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from aiohttp import web

from ..errors import BadRequest, Forbidden, Unauthorized
from ..wire import Scope
from . import signed_addresses
from .auth_rate_limit import AuthRateLimit
from .errors import ForeignHost, NoCsrf, NotJson
from .host_names import HostNames, OriginKind
from .signed_addresses import SignedAddress
from .tokens import Grant, TokenStore, same

COOKIE = "heygem_session"
SECURE_COOKIE = f"__Host-{COOKIE}"  # where TLS is on: browsers take it from this very host alone, and only by TLS
CSRF_HEADER = "X-HeyGem-CSRF"
_WHO = frozenset({b"authorization", b"cookie", CSRF_HEADER.lower().encode()})
_SAFE_METHODS = ("GET", "HEAD")
_UPLOADS = ("application/octet-stream", "multipart/form-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """What the checks need to know."""

    tokens: TokenStore
    names: HostNames
    rate_limit: AuthRateLimit
    secure: bool  # served by TLS


def check_headers(access: AccessControl, request: web.Request) -> None:
    """Raises: BadRequest — a header whose bytes are no text; TooMany — one that should say who asks, and too often so."""
    for name, value in request.raw_headers:
        try:
            value.decode()
        except UnicodeDecodeError:
            if name.lower() in _WHO:
                access.rate_limit.check_before(request.remote)
                access.rate_limit.failed(request.remote)
            raise BadRequest("request.header-not-text", header=name.decode("ascii", "replace")) from None


def check_names(access: AccessControl, request: web.Request) -> OriginKind:
    """For every request whatsoever. Raises: ForeignHost, ForeignOrigin."""
    named = request.headers.getall("Host", [])
    access.names.check_host(named[0] if len(named) == 1 else None)
    if not request.raw_path.startswith("/"):  # “GET http://elsewhere/ HTTP/1.1” is how one speaks to a proxy
        raise ForeignHost("auth.no-proxy")
    return access.names.kind_of(request.headers.get("Origin"))


def admit(access: AccessControl, request: web.Request, scopes: Collection[Scope], *, signed: SignedAddress | None = None) -> Grant:
    """Who asks; `signed`: by such an address, which stands for the page's word. Raises: Unauthorized, TooMany, Forbidden, NoCsrf."""
    token = bearer(request)
    if token is not None:
        grant = by_token(access, request.remote, token)
    elif signed is not None:
        grant = by_cookie(access, request, None)
        signed_addresses.check(signed, grant.csrf or "")
    else:
        grant = by_cookie(access, request, request.headers.get(CSRF_HEADER, ""))
    if grant.scope not in scopes:
        raise Forbidden("auth.no-right", needed=sorted(scopes), scope=grant.scope)
    return grant


def bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def by_token(access: AccessControl, address: str | None, token: str) -> Grant:
    """Raises: Unauthorized, TooMany."""
    grant = _known(access, address, token)
    if grant.session:  # half a session: whoever holds a browser's cookie is not yet its page
        raise Unauthorized("auth.sign-in-or-token")
    return grant


def by_cookie(access: AccessControl, request: web.Request, word: str | None) -> Grant:
    """A signed-in browser, from a page of this server alone; a `word` of None was not asked for.

    Raises: Unauthorized, TooMany, NoCsrf.
    """
    token = request.cookies.get(cookie_name(access))
    foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    if token is None or foreign or access.names.kind_of(request.headers.get("Origin")) == "local-file":
        raise Unauthorized("auth.sign-in-or-token")
    grant = _known(access, request.remote, token)
    if grant.csrf is None:  # a bearer's token is no cookie
        raise Unauthorized("auth.sign-in")
    if not grant.session:  # a cookie of before, whose word was told to whoever had the cookie: both are worth nothing any more
        access.tokens.revoke(grant)
        raise Unauthorized("auth.sign-in")
    if word is not None and not same(word, grant.csrf):  # not counted: a tab that slept through a new sign-in has an old one
        raise NoCsrf("auth.no-page-header")
    return grant


def _known(access: AccessControl, address: str | None, token: str) -> Grant:
    """Raises: Unauthorized, TooMany."""
    access.rate_limit.check_before(address)
    try:
        return access.tokens.find(token)
    except Unauthorized:
        access.rate_limit.failed(address)
        raise


def check_content(request: web.Request, *, upload: bool) -> None:
    """The content types that a form of a foreign page can send without asking are refused. Raises: NotJson."""
    if request.method in _SAFE_METHODS:
        return
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotJson("request.compressed")
    if "Content-Type" not in request.headers and not request.body_exists:
        return
    wanted = _UPLOADS if upload else ("application/json",)
    if request.content_type not in wanted:
        raise NotJson("request.content-type", wanted=wanted, got=request.content_type)


def cookie_name(access: AccessControl) -> str:
    return SECURE_COOKIE if access.secure else COOKIE


def set_cookie(access: AccessControl, request: web.Request, response: web.StreamResponse, grant: Grant) -> None:
    """Scripts cannot read it and other sites cannot send it. The session that this browser had before ends."""
    with suppress(Unauthorized):
        before = access.tokens.find(request.cookies.get(cookie_name(access), ""))
        if before.csrf is not None:
            access.tokens.revoke(before)
    response.set_cookie(cookie_name(access), grant.token, httponly=True, samesite="Strict", secure=access.secure, path="/")


def drop_cookie(access: AccessControl, response: web.StreamResponse) -> None:
    response.del_cookie(cookie_name(access), path="/", samesite="Strict", httponly=True, secure=access.secure)
