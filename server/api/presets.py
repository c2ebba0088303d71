"""Settings that were saved under a name: everybody's who uses this server, changed by people alone."""

from __future__ import annotations

import asyncio

from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..wire import Preset, PresetName


async def presets(context: RequestContext) -> list[Preset]:
    return await asyncio.to_thread(context[app_keys.PRESETS].all)


async def save(context: RequestContext, body: Preset) -> list[Preset]:
    await asyncio.to_thread(context[app_keys.PRESETS].put, body)
    return await presets(context)


async def forget(context: RequestContext, body: PresetName) -> list[Preset]:
    await asyncio.to_thread(context[app_keys.PRESETS].forget, body.name)
    return await presets(context)


ROUTES = (
    Route(method="GET", path="/api/v1/presets", summary="Settings that were saved under a name.", handler=presets, response=list[Preset]),
    Route(method="POST", path="/api/v1/presets", summary="Save settings under a name, in place of those that had it.",
          handler=save, scopes=PEOPLE, body=Preset, response=list[Preset], status=201),
    Route(method="DELETE", path="/api/v1/presets", summary="Forget settings that were saved.",
          handler=forget, scopes=PEOPLE, body=PresetName, response=list[Preset]),
)  # fmt: skip
