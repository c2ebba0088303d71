"""Takes: their files, pictures of them, who uses them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from heygem_core.shot import Struct
from heygem_core.tasks.specs import Waveform

from ..errors import BadRequest, Forbidden, NotFound
from ..http import app_keys
from ..http.files import send_file, send_zip
from ..http.routes import PEOPLE, RequestContext, Route
from ..security.auth_rate_limit import is_loopback
from ..security.ownership import check_owns, owns
from ..security.private_files import windows_program
from ..security.signed_addresses import LEAST_LIFE_S, sign
from ..wire import Addresses, Placed, TakePage, TakeView, TrashedTake, TrashEmptied, TrashView
from .jobs import ForceQuery

_POSTER_KEPT_S = 3600  # by a browser, without asking again: a take's file does not change
_TYPES = {".mov": "video/quicktime", ".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska"}


class TakesQuery(Struct, frozen=True, kw_only=True):
    job: str | None = None
    shot: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    before: str | None = None  # `next` of the page before
    q: Annotated[str, Meta(max_length=200)] | None = None  # part of the name, of its job's, of the day, or of a file it is made of
    same_video: str | None = None  # a take: those of the same video


async def list_takes(context: RequestContext) -> TakePage:
    query, store = context.query, context[app_keys.SERVICES].store
    page = await asyncio.to_thread(
        store.takes, query.job, query.shot, query.before, query.limit, query=query.q, same_video=query.same_video
    )
    if context.who.scope == "host":
        jobs = {take.job: await asyncio.to_thread(_owns_job, context, take.job) for take in page.takes}
        page = msgspec.structs.replace(page, takes=tuple(take for take in page.takes if jobs[take.job]))
    if (word := context.who.word) is not None:
        signed = ("" if take.missing else sign(f"/api/v1/takes/{take.id}/poster.jpg", word) for take in page.takes)
        page = msgspec.structs.replace(page, posters=Addresses(addresses=tuple(signed), life_s=LEAST_LIFE_S))
    return page


class TakesZipQuery(Struct, frozen=True, kw_only=True):
    ids: Annotated[str, Meta(min_length=1, max_length=8000)]  # of takes, with commas


async def zipped(context: RequestContext) -> web.StreamResponse:
    takes = [await _take(context, id) for id in dict.fromkeys(context.query.ids.split(","))]
    files = [(f"{n:04}-{take.name}", Path(take.path)) for n, take in enumerate(takes, 1) if not take.missing]
    if not files:
        raise BadRequest("job.no-takes")
    return await send_zip(context.request, files, "takes.zip", context[app_keys.ROOTS].open)


def _owns_job(context: RequestContext, job: str) -> bool:
    try:
        return owns(context.who, context[app_keys.SERVICES].store.job_view(job))
    except NotFound:  # the take outlived its job
        return False


async def show(context: RequestContext) -> TakeView:
    return await _take(context, context.id)


async def _take(context: RequestContext, id: str) -> TakeView:
    """Raises: NotFound."""
    take = await asyncio.to_thread(context[app_keys.SERVICES].store.take, id)
    if context.who.scope == "host":
        check_owns(context.who, await asyncio.to_thread(context[app_keys.SERVICES].store.job_view, take.job))
    return take


async def delete(context: RequestContext) -> TakeView:
    await show(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].delete_take, context.id, bool(context.query.force))


async def restore(context: RequestContext) -> TakeView:
    return await asyncio.to_thread(context[app_keys.SERVICES].restore_take, context.id)


async def trash(context: RequestContext) -> TrashView:
    keep_days, found = context[app_keys.SETTINGS].trash_days, await asyncio.to_thread(context[app_keys.SERVICES].store.trash)
    return TrashView(
        takes=tuple(
            TrashedTake(take=each.take, deleted=each.deleted, goes=None if keep_days is None else each.deleted + keep_days * 86_400)
            for each in found
        )
    )


async def empty_trash(context: RequestContext) -> TrashEmptied:
    return await asyncio.to_thread(context[app_keys.SERVICES].empty_trash)


async def pin(context: RequestContext) -> TakeView:
    await show(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].store.pin, context.id, True)


async def unpin(context: RequestContext) -> TakeView:
    await show(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].store.pin, context.id, False)


async def measure(context: RequestContext) -> TakeView:
    """Looks at the take again, in a child; some seconds for each second of it."""
    return await context[app_keys.SERVICES].look.measure(await show(context))


async def placed(context: RequestContext, body: Placed) -> TakeView:
    await show(context)
    if context.who.scope == "host" and body.host != context.who.host:
        raise Forbidden("take.placed-by-others")
    body = msgspec.structs.replace(body, at=time.time())
    return await asyncio.to_thread(context[app_keys.SERVICES].store.placed, context.id, body)


async def file(context: RequestContext) -> web.StreamResponse:
    take = await show(context)
    path = Path(take.path)
    descriptor = await asyncio.to_thread(context[app_keys.ROOTS].open, path)
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return await send_file(context.request, path, kind, etag=take.sha256, name=take.name, descriptor=descriptor)


async def poster(context: RequestContext) -> web.StreamResponse:
    take = await show(context)
    return await send_file(context.request, await context[app_keys.SERVICES].look.poster(take.path), "image/jpeg", keep_s=_POSTER_KEPT_S)


async def contact_sheet(context: RequestContext) -> web.StreamResponse:
    take = await show(context)
    return await send_file(context.request, await context[app_keys.SERVICES].look.contact_sheet(take), "image/jpeg")


async def report(context: RequestContext) -> web.StreamResponse:
    take = await show(context)
    path = Path(f"{take.path}.report.json")
    return await send_file(
        context.request, path, "application/json", descriptor=await asyncio.to_thread(context[app_keys.ROOTS].open, path)
    )


async def proxy(context: RequestContext) -> web.StreamResponse:
    take = await show(context)
    return await send_file(context.request, await context[app_keys.SERVICES].look.proxy(take.path), "video/mp4")


async def source(context: RequestContext) -> web.StreamResponse:
    """The same frames of the original, to compare with."""
    take = await show(context)
    return await send_file(context.request, await context[app_keys.SERVICES].look.source_proxy(take), "video/mp4")


async def waveform(context: RequestContext) -> Waveform:
    take = await show(context)
    return await context[app_keys.SERVICES].look.waveform(take.path)


async def reveal(context: RequestContext) -> web.Response:
    """Opens the file manager at the take, on the server's own screen: only for somebody who sits there."""
    take = await show(context)
    if not is_loopback(context.request.remote):
        raise Forbidden("take.not-your-screen")
    path = Path(take.path)
    if not path.is_file():
        raise NotFound("take.not-there", take=take.name)
    try:
        subprocess.Popen(reveal_command(path), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise BadRequest("take.no-file-manager", why=error.strerror, path=path) from error
    return web.Response(status=204)


def reveal_command(path: Path, platform: str = sys.platform) -> list[str]:
    if platform == "win32":
        return [windows_program("explorer.exe"), f"/select,{path}"]
    return ["open", "-R", str(path)] if platform == "darwin" else ["xdg-open", str(path.parent)]


def _get(what: str, summary: str, handler, media: str) -> Route:  # type: ignore[no-untyped-def]
    return Route(method="GET", path=f"/api/v1/takes/{{id}}/{what}", summary=summary, handler=handler, media=media)


ROUTES = (
    Route(method="GET", path="/api/v1/takes", summary="Takes, newest first.", handler=list_takes, response=TakePage, query=TakesQuery),
    Route(method="GET", path="/api/v1/takes.zip", summary="Some takes in one zip.", handler=zipped, query=TakesZipQuery,
          media="application/zip"),
    Route(method="GET", path="/api/v1/takes/{id}", summary="One take.", handler=show, response=TakeView),
    Route(method="DELETE", path="/api/v1/takes/{id}", summary="Put a take with its files into the trash; a pinned one only with force=1.",
          handler=delete, response=TakeView, query=ForceQuery, scopes=PEOPLE),
    Route(method="POST", path="/api/v1/takes/{id}/restore", summary="Put a deleted take back, with its files.",
          handler=restore, response=TakeView, scopes=PEOPLE),
    Route(method="GET", path="/api/v1/trash", summary="Deleted takes that can still be put back.",
          handler=trash, response=TrashView, scopes=PEOPLE),
    Route(method="DELETE", path="/api/v1/trash", summary="Remove all deleted takes for good.",
          handler=empty_trash, response=TrashEmptied, scopes=PEOPLE),
    _get("file", "The file itself; ranges are welcome, the ETag is its SHA-256.", file, "application/octet-stream"),
    _get("poster.jpg", "One frame of it.", poster, "image/jpeg"),
    _get("contact-sheet.jpg", "Frames of it beside those of the original.", contact_sheet, "image/jpeg"),
    _get("report", "Its report.", report, "application/json"),
    _get("proxy.mp4", "A small version that every browser plays, frame for frame.", proxy, "video/mp4"),
    _get("source.mp4", "The same frames of the original.", source, "video/mp4"),
    Route(method="GET", path="/api/v1/takes/{id}/waveform", summary="How loud it is over time.", handler=waveform, response=Waveform),
    Route(method="POST", path="/api/v1/takes/{id}/measure",
          summary="Look at it again: figures go into its report, weak frames into the take.",
          handler=measure, response=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/pin", summary="No retention touches it any more.", handler=pin, response=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/unpin", summary="Retention may take it; not one that is on a timeline.",
          handler=unpin, response=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/placed", summary="An editor put it on its timeline: pinned for good.",
          handler=placed, body=Placed, response=TakeView, scopes=("admin", "host")),
    Route(method="POST", path="/api/v1/takes/{id}/reveal", summary="Open its folder on this machine.",
          handler=reveal, scopes=PEOPLE, status=204),
)  # fmt: skip
