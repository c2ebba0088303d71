"""Editors that are connected, and requests to them. A take that an editor placed is pinned for good."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from ..errors import Forbidden
from ..front import keys
from ..front.hosts import PLACING
from ..front.routes import ALL, PEOPLE, Ask, Route
from ..wire import HostCall, HostView

_LARGEST_CALL = 8 << 20


async def list_hosts(ask: Ask) -> tuple[HostView, ...]:
    return ask[keys.HOSTS].all()


async def call(ask: Ask, body: HostCall) -> Any:
    if ask.who.scope == "host" and ask.who.host != ask.id:
        raise Forbidden("An editor's token reaches this editor alone.")
    if body.method in PLACING and isinstance(body.params.get("take"), str):
        body = await _with_file(ask, body)
    return await ask[keys.HOSTS].call(ask.id, body)


async def _with_file(ask: Ask, body: HostCall) -> HostCall:
    """The take must be known; its file and the speech are named as the editor's machine calls them. Raises: NotFound."""
    take, outward = await asyncio.to_thread(ask[keys.ENGINE].store.take, body.params["take"]), ask[keys.ROOTS].outward
    params = dict(body.params)
    if params.get("file") in (None, "", take.path):  # else a panel on another machine fetched it to its own disk
        params["file"] = outward(take.path)
    if isinstance(params.get("speech"), str):
        params["speech"] = outward(params["speech"])
    return msgspec.structs.replace(body, params=params)


ROUTES = (
    Route(method="GET", path="/api/v1/hosts", does="The editors that are connected.",
          handler=list_hosts, scopes=PEOPLE, gives=tuple[HostView, ...]),
    Route(method="POST", path="/api/v1/hosts/{id}/call", does="Ask an editor to do something; its answer comes back.",
          handler=call, scopes=ALL, takes=HostCall, gives=Any, largest_body=_LARGEST_CALL),
)  # fmt: skip
