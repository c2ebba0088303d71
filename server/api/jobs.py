"""Jobs and their shots: submit, look, cancel, pause, resume, retry, put first, delete."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePath
from typing import Annotated, get_args

import msgspec
from aiohttp import web
from msgspec import Meta

from heygem_core.shot import RenderSettings, Shot, Struct

from ..errors import BadRequest
from ..http import app_keys
from ..http.files import send_zip
from ..http.idempotency import KEY_HEADER, key_of, said_by
from ..http.request_validation import checked_settings, plain, takes_folder
from ..http.routes import MIB, PEOPLE, Ask, Route
from ..security.ownership import check_owns, origin_of, owns
from ..security.paths import real_path
from ..store.jobs import expand
from ..wire import Deletion, Estimate, JobDetail, JobPage, JobRequest, JobState, JobView, MediaRef, PriorityRequest, ShotRequest, ShotView

MOST_SHOTS = 20_000
_LARGEST_JOB = 64 * MIB


class JobsQuery(Struct, frozen=True, kw_only=True):
    state: str | None = None  # one or several, with commas
    q: str | None = None  # part of the name
    project: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    before: str | None = None  # `next` of the page before


class ShotsQuery(Struct, frozen=True, kw_only=True):
    shots: Annotated[int, Meta(ge=1, le=10_000)] | None = None  # how many of its shots; None = all of them
    shots_after: Annotated[int, Meta(ge=-1, le=1 << 40)] = -1  # `next` of the answer before


class ForceQuery(Struct, frozen=True, kw_only=True):
    force: Annotated[int, Meta(ge=0, le=1)] = 0  # 1 = also what a timeline uses


async def submit(ask: Ask, body: JobRequest) -> JobDetail:
    key = key_of(ask)
    body = msgspec.structs.replace(body, origin=origin_of(ask.who, body.origin))
    shots = await asyncio.to_thread(core_shots, ask, body)
    body = await asyncio.to_thread(_checked, ask, body)
    usual = ask[app_keys.SETTINGS].takes_folder
    folder = await asyncio.to_thread(takes_folder, ask[app_keys.ROOTS], body.folder, usual, "takes of a new job")
    room = ask[app_keys.ENGINE]
    detail = await asyncio.to_thread(room.store.submit, body, shots, folder=folder, idempotency_key=key, by=said_by(ask))
    return room.scheduler.live(detail)


def core_shots(ask: Ask, request: JobRequest) -> list[Shot]:
    """Each shot with paths of this machine. Raises: BadRequest, BadPath, NotAllowedFolder, NotFound."""
    wanted = expand(request) if request.batch is None or _pairs(request) <= MOST_SHOTS else ()
    if not 1 <= len(wanted) <= MOST_SHOTS:
        raise BadRequest(f"A job has at most {MOST_SHOTS} shots: make several jobs.")
    known: dict[MediaRef, str] = {}
    return [_core_shot(ask, each, known) for each in wanted]


def _checked(ask: Ask, request: JobRequest) -> JobRequest:
    """Its shots written out, their settings checked. Raises: Forbidden, BadPath, NotAllowedFolder."""
    known: dict[RenderSettings | None, RenderSettings | None] = {None: None}

    def checked(settings: RenderSettings | None) -> RenderSettings | None:
        if settings not in known:
            assert settings is not None
            known[settings] = checked_settings(ask[app_keys.ROOTS], settings, "the settings of a new job")
        return known[settings]

    shots = tuple(
        shot
        if shot.settings is None and shot.name is None and shot.video.upload is None
        else msgspec.structs.replace(shot, name=_name(ask, shot), settings=checked(shot.settings))
        for shot in expand(request)
    )
    name = None if request.name is None else plain(request.name) or None
    return msgspec.structs.replace(request, shots=shots, batch=None, name=name, settings=checked(request.settings))


def _name(ask: Ask, shot: ShotRequest) -> str | None:
    """Uploads lie under names of our own: their shots are called what their senders called the file."""
    if shot.name is not None:
        return plain(shot.name) or None
    return None if shot.video.upload is None else PurePath(ask[app_keys.UPLOADS].view(shot.video.upload).name).stem


def _pairs(request: JobRequest) -> int:
    batch = request.batch
    return 0 if batch is None else len(batch.videos) * (len(batch.speeches) if batch.pairing == "each" else 1)


def _core_shot(ask: Ask, wanted: ShotRequest, known: dict[MediaRef, str]) -> Shot:
    for media in (wanted.video, wanted.speech):
        if media not in known:
            known[media] = str(media_path(ask, media, "a new job"))
    fields = {name: getattr(wanted, name) for name in Shot.__struct_fields__ if name not in ("video", "speech")}
    return Shot(video=known[wanted.video], speech=known[wanted.speech], **fields)


def media_path(ask: Ask, media: MediaRef, wanted_by: str) -> Path:
    """Where it lies on this machine. Raises: BadPath, NotAllowedFolder, NotFound — no such upload."""
    if media.upload is not None:
        return Path(real_path(ask[app_keys.UPLOADS].path(media.upload)))
    return ask[app_keys.ROOTS].resolve(media.path or "", wanted_by)


async def estimate(ask: Ask, body: JobRequest) -> Estimate:
    shots = await asyncio.to_thread(core_shots, ask, body)
    body = await asyncio.to_thread(_checked, ask, body)
    return await asyncio.to_thread(ask[app_keys.ENGINE].scheduler.estimate, body, shots)


async def list_jobs(ask: Ask) -> JobPage:
    query = ask.query
    wanted = [state for state in (query.state or "").split(",") if state]
    states = [state for state in get_args(JobState) if state in wanted]
    if unknown := [state for state in wanted if state not in states]:
        raise BadRequest(f"There is no state “{unknown[0][:40]}”; there are {', '.join(get_args(JobState))}.")
    project = ask.who.project if ask.who.scope == "host" else query.project
    room = ask[app_keys.ENGINE]
    page = await asyncio.to_thread(room.store.jobs, states, query.q, project, query.before, query.limit)
    return msgspec.structs.replace(page, jobs=tuple(room.scheduler.live_job(job) for job in page.jobs if owns(ask.who, job)))


async def show(ask: Ask) -> JobDetail:
    query, store = ask.query, ask[app_keys.ENGINE].store
    detail = await asyncio.to_thread(store.job, ask.id, after=query.shots_after, limit=query.shots)
    check_owns(ask.who, detail.job)
    return ask[app_keys.ENGINE].scheduler.live(detail)


async def _own(ask: Ask) -> JobView:
    return check_owns(ask.who, await asyncio.to_thread(ask[app_keys.ENGINE].store.job_view, ask.id))


def _deed(name: str):  # type: ignore[no-untyped-def]
    async def do(ask: Ask) -> JobView:
        await _own(ask)
        room = ask[app_keys.ENGINE]
        return room.scheduler.live_job(await asyncio.to_thread(getattr(room.store, name), ask.id))

    return do


async def prioritise(ask: Ask, body: PriorityRequest) -> JobView:
    await _own(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.reprioritise, ask.id, body.priority)


async def deletion(ask: Ask) -> Deletion:
    await _own(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.deletion, ask.id)


async def delete(ask: Ask) -> Deletion:
    await _own(ask)
    return await asyncio.to_thread(ask[app_keys.ENGINE].delete_job, ask.id, bool(ask.query.force))


async def log(ask: Ask) -> web.StreamResponse:
    await _own(ask)
    text = await asyncio.to_thread(ask[app_keys.ENGINE].logs.read, ask.id)
    return web.Response(body=text, content_type="text/plain", charset="utf-8")


async def zipped(ask: Ask) -> web.StreamResponse:
    job = await _own(ask)
    detail = await asyncio.to_thread(ask[app_keys.ENGINE].store.job, ask.id)
    takes = [take for shot in detail.shots for take in shot.takes]
    if not takes:
        raise BadRequest("This job has no takes yet.")
    files = [(f"{n:04}-{take.name}", Path(take.path)) for n, take in enumerate(takes, 1)]
    return await send_zip(ask.request, files, f"{job.name}.zip", ask[app_keys.ROOTS].open)


async def show_shot(ask: Ask) -> ShotView:
    shot = await asyncio.to_thread(ask[app_keys.ENGINE].store.shot, ask.id)
    if ask.who.scope == "host":
        check_owns(ask.who, await asyncio.to_thread(ask[app_keys.ENGINE].store.job_view, shot.job))
    return ask[app_keys.ENGINE].scheduler.live_shot(shot)


def _shot_deed(name: str):  # type: ignore[no-untyped-def]
    async def do(ask: Ask) -> ShotView:
        await show_shot(ask)
        return await asyncio.to_thread(getattr(ask[app_keys.ENGINE].store, name), ask.id)

    return do


async def again(ask: Ask, body: RenderSettings) -> ShotView:
    await show_shot(ask)
    settings = await asyncio.to_thread(checked_settings, ask[app_keys.ROOTS], body, "the settings of a shot")
    return await asyncio.to_thread(ask[app_keys.ENGINE].store.retry_shot, ask.id, settings)


def _on_job(verb: str, does: str, name: str) -> Route:
    return Route(method="POST", path=f"/api/v1/jobs/{{id}}/{verb}", does=does, handler=_deed(name), gives=JobView)


def _on_shot(verb: str, does: str, name: str) -> Route:
    return Route(method="POST", path=f"/api/v1/shots/{{id}}/{verb}", does=does, handler=_shot_deed(name), gives=ShotView)


ROUTES = (
    Route(method="POST", path="/api/v1/jobs", does="Submit a job. The same Idempotency-Key gives the same job again.", handler=submit,
          takes=JobRequest, gives=JobDetail, status=201, largest_body=_LARGEST_JOB, headers=(KEY_HEADER,)),
    Route(method="POST", path="/api/v1/estimate", does="How long a job would take, by what this machine did before.",
          handler=estimate, takes=JobRequest, gives=Estimate, largest_body=_LARGEST_JOB),
    Route(method="GET", path="/api/v1/jobs", does="Jobs, newest first.", handler=list_jobs, gives=JobPage, query=JobsQuery),
    Route(method="GET", path="/api/v1/jobs/{id}", does="A job with its shots, all or page by page.", handler=show,
          gives=JobDetail, query=ShotsQuery),
    _on_job("cancel", "Call off what has not ended.", "cancel"),
    _on_job("pause", "Begin nothing new of it.", "pause"),
    _on_job("resume", "Go on after a pause.", "resume"),
    _on_job("retry", "Take up again what failed; what is done stays.", "retry"),
    Route(method="POST", path="/api/v1/jobs/{id}/priority", does="Put it earlier or later.",
          handler=prioritise, takes=PriorityRequest, gives=JobView),
    Route(method="GET", path="/api/v1/jobs/{id}/deletion", does="What would go if it were deleted.", handler=deletion, gives=Deletion),
    Route(method="DELETE", path="/api/v1/jobs/{id}", does="Delete it with its files; takes that a timeline uses stay without force=1.",
          handler=delete, gives=Deletion, query=ForceQuery, scopes=PEOPLE),
    Route(method="GET", path="/api/v1/jobs/{id}/log", does="The job's log.", handler=log, media="text/plain"),
    Route(method="GET", path="/api/v1/jobs/{id}/takes.zip", does="All its takes in one zip.", handler=zipped, media="application/zip"),
    Route(method="GET", path="/api/v1/shots/{id}", does="One shot.", handler=show_shot, gives=ShotView),
    _on_shot("cancel", "Call one shot off.", "cancel_shot"),
    _on_shot("retry", "Make one shot once more.", "retry_shot"),
    Route(method="POST", path="/api/v1/shots/{id}/again", does="Make one shot once more with other settings, as its next version.",
          handler=again, takes=RenderSettings, gives=ShotView),
)  # fmt: skip
