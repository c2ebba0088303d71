"""Checks every request, in this order: name of the server, origin of the page, who it is, what they may, the page's own header, the kind
of content.

`admit` is called for each route with the scopes that the route's table entry names; nothing else decides who may do what.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web

from ..errors import Forbidden, Unauthorized
from ..wire import Scope
from .auth_rate_limit import AuthRateLimit
from .errors import ForeignHost, NoCsrf, NotJson
from .host_names import HostNames, OriginKind
from .tokens import Grant, TokenStore

COOKIE = "heygem_session"
CSRF_HEADER = "X-HeyGem-CSRF"
_SAFE_METHODS = ("GET", "HEAD")
_UPLOADS = ("application/octet-stream", "multipart/form-data")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessControl:
    """What the checks need to know."""

    tokens: TokenStore
    names: HostNames
    rate_limit: AuthRateLimit
    secure: bool  # served by TLS


def check_names(access: AccessControl, request: web.Request) -> OriginKind:
    """For every request whatsoever. Raises: ForeignHost, ForeignOrigin."""
    named = request.headers.getall("Host", [])
    access.names.check_host(named[0] if len(named) == 1 else None)
    if not request.raw_path.startswith("/"):  # “GET http://elsewhere/ HTTP/1.1” is how one speaks to a proxy
        raise ForeignHost("auth.no-proxy")
    return access.names.kind_of(request.headers.get("Origin"))


def admit(access: AccessControl, request: web.Request, scopes: Collection[Scope]) -> Grant:
    """Who asks. Raises: Unauthorized, TooMany, Forbidden, NoCsrf."""
    token = bearer(request)
    grant = by_token(access, request.remote, token) if token is not None else by_cookie(access, request)
    if token is None and request.method not in _SAFE_METHODS:
        given = request.headers.get(CSRF_HEADER, "")
        if grant.csrf is None or not hmac.compare_digest(given.encode(), grant.csrf.encode()):
            raise NoCsrf("auth.no-page-header")
    if grant.scope not in scopes:
        raise Forbidden("auth.no-right", needed=sorted(scopes), scope=grant.scope)
    return grant


def bearer(request: web.Request) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None


def by_token(access: AccessControl, address: str | None, token: str) -> Grant:
    """Raises: Unauthorized, TooMany."""
    access.rate_limit.check_before(address)
    try:
        return access.tokens.find(token)
    except Unauthorized:
        access.rate_limit.failed(address)
        raise


def by_cookie(access: AccessControl, request: web.Request) -> Grant:
    """A signed-in browser, from a page of this server alone. Raises: Unauthorized, TooMany.

    Cookies know no ports: a page of another server on this machine is "same-site" and would bring the cookie along.
    """
    token = request.cookies.get(COOKIE)
    foreign = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    if token is None or foreign or access.names.kind_of(request.headers.get("Origin")) == "local-file":
        raise Unauthorized("auth.sign-in-or-token")
    grant = by_token(access, request.remote, token)
    if grant.csrf is None:  # a bearer's token is no cookie
        raise Unauthorized("auth.sign-in")
    return grant


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


def set_cookie(access: AccessControl, response: web.StreamResponse, grant: Grant) -> None:
    """Scripts cannot read it and other sites cannot send it."""
    response.set_cookie(COOKIE, grant.token, httponly=True, samesite="Strict", secure=access.secure, path="/")
