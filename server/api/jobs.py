"""Jobs and their shots: submit, look, cancel, pause, resume, retry, put first, delete."""

from __future__ import annotations

import asyncio
from pathlib import Path, PurePath
from typing import Annotated, get_args

import msgspec
from aiohttp import web
from msgspec import Meta

from heygem_core.messages import Language, Message, tell
from heygem_core.printable import printable_name
from heygem_core.shot import RenderSettings, Shot, Struct

from ..errors import BadRequest
from ..http import app_keys
from ..http.files import send_zip
from ..http.idempotency import KEY_HEADER, key_of, requester_of
from ..http.request_validation import checked_settings, takes_folder
from ..http.routes import MIB, PEOPLE, RequestContext, Route
from ..rendering.open_job import template
from ..security.ownership import check_owns, origin_of, owns
from ..security.paths import real_path
from ..store.jobs import expand
from ..wire import (
    Deletion,
    Estimate,
    JobDetail,
    JobPage,
    JobRequest,
    JobState,
    JobView,
    MediaRef,
    PriorityRequest,
    QueueMove,
    ShotRequest,
    ShotView,
)

MOST_SHOTS = 20_000
_LARGEST_JOB = 64 * MIB


class JobsQuery(Struct, frozen=True, kw_only=True):
    state: str | None = None  # one or several, with commas
    q: str | None = None  # part of the name, of the day, or of a file it is made of
    project: str | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50
    before: str | None = None  # `next` of the page before


class ShotsQuery(Struct, frozen=True, kw_only=True):
    shots: Annotated[int, Meta(ge=1, le=10_000)] | None = None  # how many of its shots; None = all of them
    shots_after: Annotated[int, Meta(ge=-1, le=1 << 40)] = -1  # `next` of the answer before


class ForceQuery(Struct, frozen=True, kw_only=True):
    force: Annotated[int, Meta(ge=0, le=1)] = 0  # 1 = also what a timeline uses


async def submit(context: RequestContext, body: JobRequest) -> JobDetail:
    key = key_of(context)
    body = msgspec.structs.replace(body, origin=origin_of(context.who, body.origin))
    shots = await asyncio.to_thread(core_shots, context, body)
    body = await asyncio.to_thread(_checked, context, body)
    usual = context[app_keys.SETTINGS].takes_folder
    folder = await asyncio.to_thread(takes_folder, context[app_keys.ROOTS], body.folder, usual, tell("wanted.job-takes"))
    services = context[app_keys.SERVICES]
    detail = await asyncio.to_thread(services.store.submit, body, shots, folder=folder, idempotency_key=key, by=requester_of(context))
    return services.scheduler.live(detail)


def core_shots(context: RequestContext, request: JobRequest) -> list[Shot]:
    """Each shot with paths of this machine. Raises: BadRequest, BadPath, NotAllowedFolder, NotFound."""
    wanted = expand(request) if request.batch is None or _pairs(request) <= MOST_SHOTS else ()
    if not 1 <= len(wanted) <= MOST_SHOTS:
        raise BadRequest("job.too-many-shots", most=MOST_SHOTS)
    known: dict[MediaRef, str] = {}
    return [_core_shot(context, each, known) for each in wanted]


def _checked(context: RequestContext, request: JobRequest) -> JobRequest:
    """Its shots written out, their settings checked. Raises: Forbidden, BadPath, NotAllowedFolder."""
    known: dict[RenderSettings | None, RenderSettings | None] = {None: None}

    def checked(settings: RenderSettings | None) -> RenderSettings | None:
        if settings not in known:
            assert settings is not None
            known[settings] = checked_settings(context[app_keys.ROOTS], settings, tell("wanted.job-settings"))
        return known[settings]

    shots = tuple(
        shot
        if shot.settings is None and shot.name is None and shot.video.upload is None
        else msgspec.structs.replace(shot, name=_name(context, shot), settings=checked(shot.settings))
        for shot in expand(request)
    )
    name = None if request.name is None else printable_name(request.name) or None
    return msgspec.structs.replace(request, shots=shots, batch=None, name=name, settings=checked(request.settings))


def _name(context: RequestContext, shot: ShotRequest) -> str | None:
    """Uploads lie under names of our own: their shots are called what their senders called the file."""
    if shot.name is not None:
        return printable_name(shot.name) or None
    return None if shot.video.upload is None else PurePath(context[app_keys.UPLOADS].view(shot.video.upload).name).stem


def _pairs(request: JobRequest) -> int:
    batch = request.batch
    return 0 if batch is None else len(batch.videos) * (len(batch.speeches) if batch.pairing == "each" else 1)


def _core_shot(context: RequestContext, wanted: ShotRequest, known: dict[MediaRef, str]) -> Shot:
    for media in (wanted.video, wanted.speech):
        if media not in known:
            known[media] = str(media_path(context, media, tell("wanted.job")))
    fields = {name: getattr(wanted, name) for name in Shot.__struct_fields__ if name not in ("video", "speech")}
    return Shot(video=known[wanted.video], speech=known[wanted.speech], **fields)


def media_path(context: RequestContext, media: MediaRef, wanted_by: Message) -> Path:
    """Where it lies on this machine. Raises: BadPath, NotAllowedFolder, NotFound — no such upload."""
    if media.upload is not None:
        return Path(real_path(context[app_keys.UPLOADS].path(media.upload)))
    return context[app_keys.ROOTS].resolve(media.path or "", wanted_by)


async def estimate(context: RequestContext, body: JobRequest) -> Estimate:
    shots = await asyncio.to_thread(core_shots, context, body)
    body = await asyncio.to_thread(_checked, context, body)
    return await asyncio.to_thread(context[app_keys.SERVICES].scheduler.estimate, body, shots)


async def list_jobs(context: RequestContext) -> JobPage:
    query = context.query
    wanted = [state for state in (query.state or "").split(",") if state]
    states = [state for state in get_args(JobState) if state in wanted]
    if unknown := [state for state in wanted if state not in states]:
        raise BadRequest("job.unknown-state", state=unknown[0][:40], states=get_args(JobState))
    project = context.who.project if context.who.scope == "host" else query.project
    services = context[app_keys.SERVICES]
    page = await asyncio.to_thread(services.store.jobs, states, query.q, project, query.before, query.limit)
    return msgspec.structs.replace(page, jobs=tuple(services.scheduler.live_job(job) for job in page.jobs if owns(context.who, job)))


async def show(context: RequestContext) -> JobDetail:
    query, store = context.query, context[app_keys.SERVICES].store
    detail = await asyncio.to_thread(store.job, context.id, after=query.shots_after, limit=query.shots)
    check_owns(context.who, detail.job)
    return context[app_keys.SERVICES].scheduler.live(detail)


async def _own(context: RequestContext) -> JobView:
    return check_owns(context.who, await asyncio.to_thread(context[app_keys.SERVICES].store.job_view, context.id))


def _job_action(name: str):  # type: ignore[no-untyped-def]
    async def do(context: RequestContext) -> JobView:
        await _own(context)
        services = context[app_keys.SERVICES]
        return services.scheduler.live_job(await asyncio.to_thread(getattr(services.store, name), context.id))

    return do


async def prioritise(context: RequestContext, body: PriorityRequest) -> JobView:
    await _own(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].store.reprioritise, context.id, body.priority)


async def order(context: RequestContext, body: QueueMove) -> JobView:
    store = context[app_keys.SERVICES].store
    for job in (body.job, body.before or body.job):
        check_owns(context.who, await asyncio.to_thread(store.job_view, job))
    return await asyncio.to_thread(store.reorder, body.job, body.before)


async def deletion(context: RequestContext) -> Deletion:
    await _own(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].store.deletion, context.id)


async def delete(context: RequestContext) -> Deletion:
    await _own(context)
    return await asyncio.to_thread(context[app_keys.SERVICES].delete_job, context.id, bool(context.query.force))


class LogQuery(Struct, frozen=True, kw_only=True):
    language: Language = "en"


async def log(context: RequestContext) -> web.StreamResponse:
    await _own(context)
    text = await asyncio.to_thread(context[app_keys.SERVICES].logs.read, context.id, context.query.language)
    return web.Response(body=text, content_type="text/plain", charset="utf-8")


async def zipped(context: RequestContext) -> web.StreamResponse:
    job = await _own(context)
    detail = await asyncio.to_thread(context[app_keys.SERVICES].store.job, context.id)
    takes = [take for shot in detail.shots for take in shot.takes]
    if not takes:
        raise BadRequest("job.no-takes")
    files = [(f"{n:04}-{take.name}", Path(take.path)) for n, take in enumerate(takes, 1)]
    return await send_zip(context.request, files, f"{job.name}.zip", context[app_keys.ROOTS].open)


async def as_open_job(context: RequestContext) -> web.Response:
    job = await _own(context)
    store, settings = context[app_keys.SERVICES].store, context[app_keys.SETTINGS]
    shots = await asyncio.to_thread(store.to_render, context.id)
    made = template(job.name, await asyncio.to_thread(store.job_folder, context.id), shots, settings)
    return web.json_response(made)


async def show_shot(context: RequestContext) -> ShotView:
    shot = await asyncio.to_thread(context[app_keys.SERVICES].store.shot, context.id)
    if context.who.scope == "host":
        check_owns(context.who, await asyncio.to_thread(context[app_keys.SERVICES].store.job_view, shot.job))
    return context[app_keys.SERVICES].scheduler.live_shot(shot)


def _shot_action(name: str):  # type: ignore[no-untyped-def]
    async def do(context: RequestContext) -> ShotView:
        await show_shot(context)
        return await asyncio.to_thread(getattr(context[app_keys.SERVICES].store, name), context.id)

    return do


async def again(context: RequestContext, body: RenderSettings) -> ShotView:
    await show_shot(context)
    settings = await asyncio.to_thread(checked_settings, context[app_keys.ROOTS], body, tell("wanted.shot-settings"))
    return await asyncio.to_thread(context[app_keys.SERVICES].store.retry_shot, context.id, settings)


def _on_job(verb: str, summary: str, name: str) -> Route:
    return Route(method="POST", path=f"/api/v1/jobs/{{id}}/{verb}", summary=summary, handler=_job_action(name), response=JobView)


def _on_shot(verb: str, summary: str, name: str) -> Route:
    return Route(method="POST", path=f"/api/v1/shots/{{id}}/{verb}", summary=summary, handler=_shot_action(name), response=ShotView)


ROUTES = (
    Route(method="POST", path="/api/v1/jobs", summary="Submit a job. The same Idempotency-Key gives the same job again.", handler=submit,
          body=JobRequest, response=JobDetail, status=201, largest_body=_LARGEST_JOB, headers=(KEY_HEADER,)),
    Route(method="POST", path="/api/v1/estimate", summary="How long a job would take, by what this machine did before.",
          handler=estimate, body=JobRequest, response=Estimate, largest_body=_LARGEST_JOB),
    Route(method="GET", path="/api/v1/jobs", summary="Jobs, newest first.", handler=list_jobs, response=JobPage, query=JobsQuery),
    Route(method="GET", path="/api/v1/jobs/{id}", summary="A job with its shots, all or page by page.", handler=show,
          response=JobDetail, query=ShotsQuery),
    _on_job("cancel", "Call off what has not ended.", "cancel"),
    _on_job("pause", "Begin nothing new of it.", "pause"),
    _on_job("resume", "Go on after a pause.", "resume"),
    _on_job("retry", "Take up again what failed; what is done stays.", "retry"),
    Route(method="POST", path="/api/v1/jobs/{id}/priority", summary="Put it earlier or later.",
          handler=prioritise, body=PriorityRequest, response=JobView),
    Route(method="POST", path="/api/v1/queue/order", summary="Put a job before another one, or at the end of the queue.",
          handler=order, body=QueueMove, response=JobView),
    Route(method="GET", path="/api/v1/jobs/{id}/deletion", summary="What would go if it were deleted.", handler=deletion,
              response=Deletion),
    Route(method="DELETE", path="/api/v1/jobs/{id}", summary="Delete it with its files; takes that a timeline uses stay without force=1.",
          handler=delete, response=Deletion, query=ForceQuery, scopes=PEOPLE),
    Route(method="GET", path="/api/v1/jobs/{id}/log", summary="The job's log.", handler=log, media="text/plain", query=LogQuery),
    Route(method="GET", path="/api/v1/jobs/{id}/takes.zip", summary="All its takes in one zip.", handler=zipped, media="application/zip"),
    Route(method="GET", path="/api/v1/jobs/{id}/open-job.json", summary="Its segments and joins as an Open Job Description template.",
          handler=as_open_job, media="application/json"),
    Route(method="GET", path="/api/v1/shots/{id}", summary="One shot.", handler=show_shot, response=ShotView),
    _on_shot("cancel", "Call one shot off.", "cancel_shot"),
    _on_shot("retry", "Make one shot once more.", "retry_shot"),
    Route(method="POST", path="/api/v1/shots/{id}/again", summary="Make one shot once more with other settings, as its next version.",
          handler=again, body=RenderSettings, response=ShotView),
)  # fmt: skip
