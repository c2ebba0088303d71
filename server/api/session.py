"""Coming in: the server's proof, one-time sign-in of a browser, tokens for pages and editors.

A sign-in link is the server's address and `#code=…`; the part behind # never leaves the browser. The page posts the code once and
gets the two halves of a session: a cookie, and the word that it keeps itself and sends with everything it asks. The word is told this
once and never again for the cookie alone.
"""

from __future__ import annotations

from aiohttp import web

from ..errors import BadRequest, Forbidden, Unauthorized
from ..http import app_keys
from ..http.routes import ADMIN, PEOPLE, PUBLIC, RequestContext, Route, answer_json
from ..security.challenge import prove
from ..security.middleware import drop_cookie, set_cookie
from ..security.signed_addresses import LEAST_LIFE_S, sign
from ..wire import Addresses, AddressesRequest, Proof, ProofRequest, SignedIn, SignIn, Token, TokenRequest


async def proof(context: RequestContext, body: ProofRequest) -> Proof:
    tokens = context[app_keys.ACCESS].tokens
    grant = tokens.admin if body.grant is None else tokens.by_id(body.grant)
    return Proof(hmac=prove(None if grant is None else grant.token, body.nonce))


async def sign_in(context: RequestContext, body: SignIn) -> web.Response:
    access = context[app_keys.ACCESS]
    access.rate_limit.check_before(context.request.remote)
    if access.names.kind_of(context.request.headers.get("Origin")) == "local-file":
        raise Unauthorized("auth.page-on-disk")
    try:
        grant = access.tokens.spend_code(body.code)
    except Unauthorized:
        access.rate_limit.failed(context.request.remote)
        raise
    response = answer_json(SignedIn(scope=grant.scope, csrf=grant.csrf or ""))
    set_cookie(access, context.request, response, grant)
    return response


async def sign_out(context: RequestContext) -> web.Response:
    context[app_keys.ACCESS].tokens.revoke(context.who)
    response = web.Response(status=204)
    drop_cookie(context[app_keys.ACCESS], response)
    return response


async def session(context: RequestContext) -> SignedIn:
    return SignedIn(scope=context.who.scope, csrf=context.who.csrf or "")


async def addresses(context: RequestContext, body: AddressesRequest) -> Addresses:
    word = context.who.word
    if word is None:
        raise BadRequest("auth.addresses-for-pages")
    return Addresses(addresses=tuple(sign(path, word) for path in body.paths), life_s=LEAST_LIFE_S)


async def new_link(context: RequestContext) -> SignIn:
    return SignIn(code=context[app_keys.ACCESS].tokens.new_code())


async def new_own_link(context: RequestContext) -> SignIn:
    """The page that it signs in ends when the token that asks does. Raises: Forbidden — a page has its cookie already."""
    if context.who.csrf is not None:
        raise Forbidden("auth.page-makes-no-link")
    return SignIn(code=context[app_keys.ACCESS].tokens.new_code(context.who))


async def new_token(context: RequestContext, body: TokenRequest) -> Token:
    if body.scope == "host" and not (body.host and body.project):
        raise BadRequest("auth.host-token-names-both")
    if body.scope == "page" and (body.host or body.project):
        raise BadRequest("auth.page-token-names-none")
    grant = context[app_keys.ACCESS].tokens.issue(body.scope, host=body.host, project=body.project)
    return Token(token=grant.token, scope=grant.scope)


ROUTES = (
    Route(method="POST", path="/api/v1/prove", summary="Prove that this server knows a token, before anybody sends it one.",
          handler=proof, scopes=PUBLIC, body=ProofRequest, response=Proof),
    Route(method="POST", path="/api/v1/sign-in", summary="Trade the one-time code of a sign-in link for a cookie and the page's word.",
          handler=sign_in, scopes=PUBLIC, body=SignIn, response=SignedIn),
    Route(method="POST", path="/api/v1/sign-out", summary="End this session; its cookie or token opens nothing any more.",
          handler=sign_out, status=204),
    Route(method="GET", path="/api/v1/session", summary="Who I am.", handler=session, response=SignedIn),
    Route(method="POST", path="/api/v1/addresses",
          summary="Addresses that open files without a header for a while, for pictures, players and downloads of a signed-in browser.",
          handler=addresses, body=AddressesRequest, response=Addresses, scopes=PEOPLE),
    Route(method="POST", path="/api/v1/sign-in-codes", summary="A new one-time code for a browser of this user.",
          handler=new_link, scopes=ADMIN, response=SignIn, status=201),
    Route(method="POST", path="/api/v1/own-sign-in-codes", summary="A one-time code for a browser of whoever has this pass.",
          handler=new_own_link, scopes=PEOPLE, response=SignIn, status=201),
    Route(method="POST", path="/api/v1/tokens", summary="A token for a page, or for one host and its project.",
          handler=new_token, scopes=ADMIN, body=TokenRequest, response=Token, status=201),
)  # fmt: skip
