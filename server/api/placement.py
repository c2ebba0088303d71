"""How a take is placed: what the page and the panels give `host.place` and `host.switchTake`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from heygem_core.shot import Shot

from ..errors import NotFound
from ..http import app_keys
from ..http.routes import RequestContext, Route
from ..rendering.placement import check_there, heard_at, shown_frames, speech_beside
from ..rendering.take_files import written
from ..wire import Placement, PlaceParams, TakeView
from .takes import show


async def placing(context: RequestContext) -> PlaceParams:
    """Its file and its speech are named as the editor's machine calls them. Speech that came as a file is copied beside the take first.

    Raises: NotFound — no place on a timeline, or no file any more; BadRequest — nothing of it would be seen; Conflict, DiskFull.
    """
    take = await show(context)
    return await asyncio.to_thread(_placing, context, take)


def _placing(context: RequestContext, take: TakeView) -> PlaceParams:
    if take.missing or not os.path.isfile(take.path):
        raise NotFound("take.file-gone", take=take.name)
    placement, shot = _place_of(context, take)
    handles, frames = shown_frames(take, placement)
    outward = context[app_keys.ROOTS].outward
    speech, heard = None, None
    if placement.brings_speech and shot is not None:
        heard = heard_at(take, handles, shot.speech_start)
        speech = outward(_speech(context, take, Path(shot.speech)))
    return PlaceParams(
        take=take.id,
        file=outward(take.path),
        name=take.name,
        placement=placement,
        handles=handles,
        frames=frames,
        speech=speech,
        speech_start=heard,
    )


def _place_of(context: RequestContext, take: TakeView) -> tuple[Placement, Shot | None]:
    """Where the shot belongs, and the shot; where a take that outlived its job was placed last. Raises: NotFound."""
    store = context[app_keys.SERVICES].store
    try:
        placement, shot = store.shot(take.shot).request.placement, store.core_shot(take.shot)
    except NotFound:
        if take.placed:
            return take.placed[-1].placement, None
        raise NotFound("take.job-deleted", take=take.name) from None
    if placement is None:
        raise NotFound("take.not-from-timeline", take=take.name)
    return placement, shot


def _speech(context: RequestContext, take: TakeView, speech: Path) -> Path:
    """Never in the server's own folder, where an editor's project must not point. Raises: NotFound, Conflict, DiskFull."""
    if not context[app_keys.ROOTS].is_own(speech):
        return check_there(take, speech)
    store = context[app_keys.SERVICES].store
    return speech_beside(take, speech, lambda copy: store.wrote(take.id, [written(copy)]))


ROUTES = (
    Route(method="GET", path="/api/v1/takes/{id}/placing",
          summary="How a take is placed: the parameters of host.place and host.switchTake.",
          handler=placing, response=PlaceParams),
)  # fmt: skip
