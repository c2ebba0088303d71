"""The editors of this machine: what can be installed beside each, how that stands, and which are connected."""

from __future__ import annotations

import asyncio

from heygem_core.python_process import python_module

from ..hosts.installation import Standing, standings, targets
from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..settings import ServerSettings
from ..wire import EditorStanding, HostView


async def editors(context: RequestContext) -> list[EditorStanding]:
    found = await asyncio.to_thread(_standings, context[app_keys.SETTINGS])
    connected = context[app_keys.HOSTS].all()
    return [_told(one, connected) for one in found]


def _standings(settings: ServerSettings) -> list[Standing]:
    from heygem_plugins.installing.machine import Machine

    return standings(Machine(data_folder=settings.data_folder, command=tuple(python_module("heygem_server.cli"))))


def _told(one: Standing, connected: tuple[HostView, ...]) -> EditorStanding:
    return EditorStanding(
        name=one.name,
        title=one.title,
        what=targets()[one.name].what,
        state=one.state,
        found=one.found,
        command=f"heygem install {one.name}",
        next_step=one.next_step,
        why=one.why_message,
        connected=tuple(host for host in connected if host.app == one.name),
    )


ROUTES = (
    Route(method="GET", path="/api/v1/editors", summary="The editors of this machine: what is installed beside each, and what to do next.",
          handler=editors, scopes=PEOPLE, response=list[EditorStanding]),
)  # fmt: skip
