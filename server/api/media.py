"""Looking at files before they are rendered. A child opens them, never the server."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from heygem_core.messages import tell
from heygem_core.shot import Struct
from heygem_core.tasks.specs import FacesFound, Probed, Waveform

from ..errors import NotFound
from ..hosts.export_store import is_export, read_export
from ..http import app_keys
from ..http.files import send_file
from ..http.routes import ALL, PEOPLE, RequestContext, Route
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


class ChannelsQuery(Struct, frozen=True, kw_only=True):
    """Which channels of a file's sound are meant."""

    channels: Annotated[str, Meta(pattern=r"^\d{1,5}(,\d{1,5}){0,255}$")] | None = None  # as in a shot, with commas; None = its main sound

    def chosen(self) -> tuple[int, ...]:
        return tuple(map(int, self.channels.split(","))) if self.channels else ()


async def _path(context: RequestContext, media: MediaRef) -> str:
    path = await asyncio.to_thread(_real, context, media)
    if not await asyncio.to_thread(os.path.isfile, path):  # that of Path raises for a name that is too long
        raise NotFound("file.not-there", file=path.name)
    return str(path)


def _real(context: RequestContext, media: MediaRef) -> Path:
    """Raises: BadPath, NotAllowedFolder, NotFound."""
    if media.path is not None:
        check_text(media.path)
        real = Path(real_path(media.path))
        if context[app_keys.ROOTS].is_own(real) and _is_own_export(context, real):
            return real
    return media_path(context, media, tell("wanted.look"))


def _is_own_export(context: RequestContext, real: Path) -> bool:
    """An editor's export, of itself or of a timeline that uses it: the one kind of media in the server's own folder."""
    data_folder, services = context[app_keys.SETTINGS].data_folder, context[app_keys.SERVICES]
    with suppress(NotFound):
        if is_export(data_folder, real):
            kept = read_export(data_folder, real.parent.name)
            return context.who.scope != "host" or (kept.host, kept.project) == (context.who.host, context.who.project)
        job = job_of_export(data_folder, real)
        return job is not None and owns(context.who, services.store.job_view(job))
    return False


async def probe(context: RequestContext, body: MediaRef) -> Probed:
    return await context[app_keys.SERVICES].look.probe(await _path(context, body))


async def faces(context: RequestContext, body: MediaRef) -> FacesFound:
    asked: RangeQuery = context.query
    return await context[app_keys.SERVICES].look.faces(await _path(context, body), start=asked.start, end_exclusive=asked.end_exclusive)


async def waveform(context: RequestContext, body: MediaRef) -> Waveform:
    return await context[app_keys.SERVICES].look.waveform(await _path(context, body), context.query.chosen())


async def poster(context: RequestContext, body: MediaRef) -> web.StreamResponse:
    made = await context[app_keys.SERVICES].look.poster(await _path(context, body), frame=context.query.frame)
    return await send_file(context.request, made, "image/jpeg")


async def proxy(context: RequestContext, body: MediaRef) -> ProxyMade:
    """The id is the name that the cache gave the file: it names that file alone and no other."""
    made: Path = await context[app_keys.SERVICES].look.proxy(await _path(context, body), context.query.chosen())
    proxies = context.request.app[app_keys.PROXIES]
    name = made.parent.name
    proxies[name] = made
    while len(proxies) > _MOST_PROXIES:
        proxies.popitem(last=False)
    return ProxyMade(id=name)


async def proxy_file(context: RequestContext) -> web.StreamResponse:
    made = context.request.app[app_keys.PROXIES].get(context.id)
    if made is None:
        raise NotFound("preview.gone")
    return await send_file(context.request, made, "video/mp4")


def _look(what: str, summary: str, handler, gives, query=None) -> Route:  # type: ignore[no-untyped-def]
    path = f"/api/v1/media/{what}"
    return Route(method="POST", path=path, summary=summary, handler=handler, body=MediaRef, response=gives, query=query, scopes=ALL)


ROUTES = (
    _look("probe", "What a file is.", probe, Probed),
    Route(method="POST", path="/api/v1/media/faces", summary="The people in a range of a clip, by number.", handler=faces, body=MediaRef,
          response=FacesFound, query=RangeQuery, scopes=ALL),
    _look("waveform", "How loud a file is over time.", waveform, Waveform, ChannelsQuery),
    Route(method="POST", path="/api/v1/media/poster.jpg", summary="One frame of a file.", handler=poster, body=MediaRef, media="image/jpeg",
          query=FrameQuery),
    _look("proxy", "Make a small version that every browser plays; fetch it by the id.", proxy, ProxyMade, ChannelsQuery),
    Route(method="GET", path="/api/v1/media/{id}.mp4", summary="Such a small version.", handler=proxy_file, media="video/mp4",
              scopes=PEOPLE),
)  # fmt: skip
