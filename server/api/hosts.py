"""Editors that are connected, and requests to them. A take that an editor placed is pinned for good."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from ..errors import Forbidden
from ..hosts.connected import PLACING
from ..http import app_keys
from ..http.routes import ALL, PEOPLE, Ask, Route
from ..security.ownership import check_owns
from ..wire import HostCall, HostView

_LARGEST_CALL = 8 << 20


async def list_hosts(ask: Ask) -> tuple[HostView, ...]:
    return ask[app_keys.HOSTS].all()


async def call(ask: Ask, body: HostCall) -> Any:
    check_reach(ask)
    if body.method in PLACING and isinstance(body.params.get("take"), str):
        body = await _with_file(ask, body)
    return await ask[app_keys.HOSTS].call(ask.id, body)


def check_reach(ask: Ask) -> None:
    """People reach every editor, an editor itself alone. Raises: Forbidden — another one, or the same one with another project open."""
    if ask.who.scope != "host":
        return
    views = [view for view in ask[app_keys.HOSTS].all() if view.id == ask.id]
    if ask.who.host != ask.id or any(view.project != ask.who.project for view in views):
        raise Forbidden("An editor's token reaches this editor and project alone.")


async def _with_file(ask: Ask, body: HostCall) -> HostCall:
    """The take must be known; its file and the speech are named as the editor's machine calls them. Raises: NotFound."""
    store, roots = ask[app_keys.ENGINE].store, ask[app_keys.ROOTS]
    take = await asyncio.to_thread(store.take, body.params["take"])
    if ask.who.scope == "host":
        check_owns(ask.who, await asyncio.to_thread(store.job_view, take.job))
    params = dict(body.params)
    if params.get("file") in (None, "", take.path):  # else a panel on another machine fetched it to its own disk
        params["file"] = roots.outward(take.path)
    speech = params.get("speech")
    if isinstance(speech, str) and roots.inward(speech) == speech:  # else it is in the editor's words already, as `placing` gives it
        params["speech"] = roots.outward(speech)
    return msgspec.structs.replace(body, params=params)


ROUTES = (
    Route(method="GET", path="/api/v1/hosts", does="The editors that are connected.",
          handler=list_hosts, scopes=PEOPLE, gives=tuple[HostView, ...]),
    Route(method="POST", path="/api/v1/hosts/{id}/call", does="Ask an editor to do something; its answer comes back.",
          handler=call, scopes=ALL, takes=HostCall, gives=Any, largest_body=_LARGEST_CALL),
)  # fmt: skip
