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
from ..http.files import send_file
from ..http.routes import PEOPLE, Ask, Route
from ..security.auth_rate_limit import is_loopback
from ..security.ownership import check_owns, owns
from ..wire import Placed, TakePage, TakeView
from .jobs import ForceQuery

_TYPES = {".mov": "video/quicktime", ".mp4": "video/mp4", ".webm": "video/webm", ".mkv": "video/x-matroska"}


class TakesQuery(Struct, frozen=True, kw_only=True):
    job: str | None = None
    shot: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    before: str | None = None  # `next` of the page before


async def list_takes(ask: Ask) -> TakePage:
    query, store = ask.query, ask[app_keys.ENGINE].store
    page = await asyncio.to_thread(store.takes, query.job, query.shot, query.before, query.limit)
    if ask.who.scope == "host":
        jobs = {take.job: await asyncio.to_thread(_owns_job, ask, take.job) for take in page.takes}
        page = msgspec.structs.replace(page, takes=tuple(take for take in page.takes if jobs[take.job]))
    return page


def _owns_job(ask: Ask, job: str) -> bool:
    try:
        return owns(ask.who, ask[app_keys.ENGINE].store.job_view(job))
    except NotFound:  # the take outlived its job
        return False


async def show(ask: Ask) -> TakeView:
    take = await asyncio.to_thread(ask[app_keys.ENGINE].store.take, ask.id)
    if ask.who.scope == "host":
        check_owns(ask.who, await asyncio.to_thread(ask[app_keys.ENGINE].store.job_view, take.job))
    return take


async def delete(ask: Ask) -> TakeView:
    await show(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].delete_take, ask.id, bool(ask.query.force))


async def pin(ask: Ask) -> TakeView:
    await show(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.pin, ask.id, True)


async def unpin(ask: Ask) -> TakeView:
    await show(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.pin, ask.id, False)


async def measure(ask: Ask) -> TakeView:
    """Looks at the take again, in a child; some seconds for each second of it."""
    return await ask[app_keys.ENGINE].look.measure(await show(ask))


async def placed(ask: Ask, body: Placed) -> TakeView:
    await show(ask)
    if ask.who.scope == "host" and body.host != ask.who.host:
        raise Forbidden("An editor can only say what it placed itself.")
    body = msgspec.structs.replace(body, at=time.time())
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.placed, ask.id, body)


async def file(ask: Ask) -> web.StreamResponse:
    take = await show(ask)
    path = Path(take.path)
    descriptor = await asyncio.to_thread(ask[app_keys.ROOTS].open, path)
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return await send_file(ask.request, path, kind, etag=take.sha256, name=take.name, descriptor=descriptor)


async def poster(ask: Ask) -> web.StreamResponse:
    take = await show(ask)
    return await send_file(ask.request, await ask[app_keys.ENGINE].look.poster(take.path), "image/jpeg")


async def contact_sheet(ask: Ask) -> web.StreamResponse:
    take = await show(ask)
    return await send_file(ask.request, await ask[app_keys.ENGINE].look.contact_sheet(take), "image/jpeg")


async def report(ask: Ask) -> web.StreamResponse:
    take = await show(ask)
    path = Path(f"{take.path}.report.json")
    return await send_file(ask.request, path, "application/json", descriptor=await asyncio.to_thread(ask[app_keys.ROOTS].open, path))


async def proxy(ask: Ask) -> web.StreamResponse:
    take = await show(ask)
    return await send_file(ask.request, await ask[app_keys.ENGINE].look.proxy(take.path), "video/mp4")


async def source(ask: Ask) -> web.StreamResponse:
    """The same frames of the original, to compare with."""
    take = await show(ask)
    return await send_file(ask.request, await ask[app_keys.ENGINE].look.source_proxy(take), "video/mp4")


async def waveform(ask: Ask) -> Waveform:
    take = await show(ask)
    return await ask[app_keys.ENGINE].look.waveform(take.path)


async def reveal(ask: Ask) -> web.Response:
    """Opens the file manager at the take, on the server's own screen: only for somebody who sits there."""
    take = await show(ask)
    if not is_loopback(ask.request.remote):
        raise Forbidden("The folder would open on the server's screen, which is not yours: download the take.")
    path = Path(take.path)
    if not path.is_file():
        raise NotFound(f"“{take.name}” is no longer where it was written.")
    try:
        subprocess.Popen(reveal_command(path), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError as error:
        raise BadRequest(f"This machine has no file manager to open ({error.strerror}): the take is at {path}.") from error
    return web.Response(status=204)


def reveal_command(path: Path, platform: str = sys.platform) -> list[str]:
    if platform == "win32":
        return ["explorer", f"/select,{path}"]
    return ["open", "-R", str(path)] if platform == "darwin" else ["xdg-open", str(path.parent)]


def _get(what: str, does: str, handler, media: str) -> Route:  # type: ignore[no-untyped-def]
    return Route(method="GET", path=f"/api/v1/takes/{{id}}/{what}", does=does, handler=handler, media=media)


ROUTES = (
    Route(method="GET", path="/api/v1/takes", does="Takes, newest first.", handler=list_takes, gives=TakePage, query=TakesQuery),
    Route(method="GET", path="/api/v1/takes/{id}", does="One take.", handler=show, gives=TakeView),
    Route(method="DELETE", path="/api/v1/takes/{id}", does="Delete a take with its files; a pinned one only with force=1.",
          handler=delete, gives=TakeView, query=ForceQuery, scopes=PEOPLE),
    _get("file", "The file itself; ranges are welcome, the ETag is its SHA-256.", file, "application/octet-stream"),
    _get("poster.jpg", "One frame of it.", poster, "image/jpeg"),
    _get("contact-sheet.jpg", "Frames of it beside those of the original.", contact_sheet, "image/jpeg"),
    _get("report", "Its report.", report, "application/json"),
    _get("proxy.mp4", "A small version that every browser plays, frame for frame.", proxy, "video/mp4"),
    _get("source.mp4", "The same frames of the original.", source, "video/mp4"),
    Route(method="GET", path="/api/v1/takes/{id}/waveform", does="How loud it is over time.", handler=waveform, gives=Waveform),
    Route(method="POST", path="/api/v1/takes/{id}/measure", does="Look at it again: figures go into its report, weak frames into the take.",
          handler=measure, gives=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/pin", does="No retention touches it any more.", handler=pin, gives=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/unpin", does="Retention may take it; not one that is on a timeline.",
          handler=unpin, gives=TakeView),
    Route(method="POST", path="/api/v1/takes/{id}/placed", does="An editor put it on its timeline: pinned for good.",
          handler=placed, takes=Placed, gives=TakeView, scopes=("admin", "host")),
    Route(method="POST", path="/api/v1/takes/{id}/reveal", does="Open its folder on this machine.",
          handler=reveal, scopes=PEOPLE, status=204),
)  # fmt: skip
