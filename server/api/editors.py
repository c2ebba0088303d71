"""The editors of this machine: what can be installed beside each, how that stands, and which are connected."""

from __future__ import annotations

import asyncio
import functools
from pathlib import Path
from typing import TYPE_CHECKING

from heygem_core.machine.python_process import python_module

from ..hosts.installation import Standing, standings, targets
from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..wire import EditorStanding, HostView

if TYPE_CHECKING:
    from heygem_plugins.installing.machine import Machine


async def editors(context: RequestContext) -> list[EditorStanding]:
    machine = _machine(context[app_keys.SETTINGS].data_folder)
    found = await asyncio.to_thread(standings, machine)
    connected = context[app_keys.HOSTS].all()
    return [_told(one, connected) for one in found]


@functools.cache
def _machine(data_folder: Path) -> Machine:
    """The same one at each look: it remembers for a while which versions programs said they have."""
    from heygem_plugins.installing.machine import Machine

    return Machine(data_folder=data_folder, command=tuple(python_module("heygem_server.cli")))


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
