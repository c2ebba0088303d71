"""Editors that are connected, and requests to them. A take that an editor placed is pinned for good."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from ..errors import Forbidden
from ..hosts.methods import METHODS
from ..http import app_keys
from ..http.routes import ALL, PEOPLE, RequestContext, Route
from ..security.ownership import check_owns
from ..wire import HostCall, HostView

_LARGEST_CALL = 8 << 20


async def list_hosts(context: RequestContext) -> tuple[HostView, ...]:
    return context[app_keys.HOSTS].all()


async def call(context: RequestContext, body: HostCall) -> Any:
    check_reach(context)
    if METHODS[body.method].places and isinstance(body.params.get("take"), str):
        body = await _with_file(context, body)
    return await context[app_keys.HOSTS].call(context.id, body)


def check_reach(context: RequestContext) -> None:
    """People reach every editor, an editor itself alone. Raises: Forbidden — another one, or the same one with another project open."""
    if context.who.scope != "host":
        return
    views = [view for view in context[app_keys.HOSTS].all() if view.id == context.id]
    if context.who.host != context.id or any(view.project != context.who.project for view in views):
        raise Forbidden("auth.own-editor-only")


async def _with_file(context: RequestContext, body: HostCall) -> HostCall:
    """The take must be known; its file and the speech are named as the editor's machine calls them. Raises: NotFound."""
    store, roots = context[app_keys.SERVICES].store, context[app_keys.ROOTS]
    take = await asyncio.to_thread(store.take, body.params["take"])
    if context.who.scope == "host":
        check_owns(context.who, await asyncio.to_thread(store.job_view, take.job))
    params = dict(body.params)
    if params.get("file") in (None, "", take.path):  # else a panel on another machine fetched it to its own disk
        params["file"] = roots.outward(take.path)
    speech = params.get("speech")
    if isinstance(speech, str) and roots.inward(speech) == speech:  # else it is in the editor's words already, as `placing` gives it
        params["speech"] = roots.outward(speech)
    return msgspec.structs.replace(body, params=params)


ROUTES = (
    Route(method="GET", path="/api/v1/hosts", summary="The editors that are connected.",
          handler=list_hosts, scopes=PEOPLE, response=tuple[HostView, ...]),
    Route(method="POST", path="/api/v1/hosts/{id}/call", summary="Ask an editor to do something; its answer comes back.",
          handler=call, scopes=ALL, body=HostCall, response=Any, largest_body=_LARGEST_CALL),
)  # fmt: skip
