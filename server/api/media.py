"""Looking at files before they are rendered. A child opens them, never the server."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from heygem_core.shot import Struct
from heygem_core.tasks.specs import FacesFound, Probed, Waveform

from ..errors import NotFound
from ..hosts.export_store import is_export, read_export
from ..http import app_keys
from ..http.files import send_file
from ..http.routes import ALL, PEOPLE, Ask, Route
from ..rendering.timeline_store import job_of_export
from ..security.ownership import owns
from ..security.paths import check_text, real_path
from ..wire import MediaRef, ProxyMade
from .jobs import media_path

_MOST_PROXIES = 1000


class FrameQuery(Struct, frozen=True, kw_only=True):
    frame: Annotated[int, Meta(ge=0)] | None = None  # None = one from the middle


class RangeQuery(Struct, frozen=True, kw_only=True):
    """Faces are numbered by how prominent they are within a range: that of the shot, else numbers mean other people."""

    start: Annotated[int, Meta(ge=0)] = 0
    end_exclusive: Annotated[int, Meta(ge=1)] | None = None  # None = the end of the file


async def _path(ask: Ask, media: MediaRef) -> str:
    path = await asyncio.to_thread(_real, ask, media)
    if not await asyncio.to_thread(os.path.isfile, path):  # that of Path raises for a name that is too long
        raise NotFound(f"There is no file “{path.name}” there: check its name.")
    return str(path)


def _real(ask: Ask, media: MediaRef) -> Path:
    """Raises: BadPath, NotAllowedFolder, NotFound."""
    if media.path is not None:
        check_text(media.path)
        real = Path(real_path(media.path))
        if ask[app_keys.ROOTS].is_own(real) and _is_own_export(ask, real):
            return real
    return media_path(ask, media, "a look at a file")


def _is_own_export(ask: Ask, real: Path) -> bool:
    """An editor's export, of itself or of a timeline that uses it: the one kind of media in the server's own folder."""
    data_folder, room = ask[app_keys.SETTINGS].data_folder, ask[app_keys.ENGINE]
    with suppress(NotFound):
        if is_export(data_folder, real):
            kept = read_export(data_folder, real.parent.name)
            return ask.who.scope != "host" or (kept.host, kept.project) == (ask.who.host, ask.who.project)
        job = job_of_export(data_folder, real)
        return job is not None and owns(ask.who, room.store.job_view(job))
    return False


async def probe(ask: Ask, body: MediaRef) -> Probed:
    return await ask[app_keys.ENGINE].look.probe(await _path(ask, body))


async def faces(ask: Ask, body: MediaRef) -> FacesFound:
    asked: RangeQuery = ask.query
    return await ask[app_keys.ENGINE].look.faces(await _path(ask, body), start=asked.start, end_exclusive=asked.end_exclusive)


async def waveform(ask: Ask, body: MediaRef) -> Waveform:
    return await ask[app_keys.ENGINE].look.waveform(await _path(ask, body))


async def poster(ask: Ask, body: MediaRef) -> web.StreamResponse:
    made = await ask[app_keys.ENGINE].look.poster(await _path(ask, body), frame=ask.query.frame)
    return await send_file(ask.request, made, "image/jpeg")


async def proxy(ask: Ask, body: MediaRef) -> ProxyMade:
    """The id is the name that the cache gave the file: it names that file alone and no other."""
    made: Path = await ask[app_keys.ENGINE].look.proxy(await _path(ask, body))
    proxies = ask.request.app[app_keys.PROXIES]
    name = made.parent.name
    proxies[name] = made
    while len(proxies) > _MOST_PROXIES:
        proxies.popitem(last=False)
    return ProxyMade(id=name)


async def proxy_file(ask: Ask) -> web.StreamResponse:
    made = ask.request.app[app_keys.PROXIES].get(ask.id)
    if made is None:
        raise NotFound("This preview is not here any more: ask for it again.")
    return await send_file(ask.request, made, "video/mp4")


def _look(what: str, does: str, handler, gives) -> Route:  # type: ignore[no-untyped-def]
    return Route(method="POST", path=f"/api/v1/media/{what}", does=does, handler=handler, takes=MediaRef, gives=gives, scopes=ALL)


ROUTES = (
    _look("probe", "What a file is.", probe, Probed),
    Route(method="POST", path="/api/v1/media/faces", does="The people in a range of a clip, by number.", handler=faces, takes=MediaRef,
          gives=FacesFound, query=RangeQuery, scopes=ALL),
    _look("waveform", "How loud a file is over time.", waveform, Waveform),
    Route(method="POST", path="/api/v1/media/poster.jpg", does="One frame of a file.", handler=poster, takes=MediaRef, media="image/jpeg",
          query=FrameQuery),
    _look("proxy", "Make a small version that every browser plays; fetch it by the id.", proxy, ProxyMade),
    Route(method="GET", path="/api/v1/media/{id}.mp4", does="Such a small version.", handler=proxy_file, media="video/mp4", scopes=PEOPLE),
)  # fmt: skip
