"""What the server is, whether it is well, and its figures."""

from __future__ import annotations

import shutil
from importlib.metadata import version

from aiohttp import web

from heygem_core.engines.requirements import offered_engines
from heygem_core.face.tracker_names import TRACKER_NAMES
from heygem_core.media.deliverables import DELIVERABLES

from ..executors.base import nodes_of
from ..executors.registry import EXECUTORS
from ..hosts.editors import EDITORS
from ..http import app_keys
from ..http.metrics import metrics_text
from ..http.openapi import document
from ..http.routes import PEOPLE, PUBLIC, REGISTERED, RequestContext, Route
from ..timeline.formats.registry import FORMATS as TIMELINE_FORMATS
from ..wire import DeliverableInfo, Info, NodeView, TimelineFormatInfo
from .files import kinds_of_files


async def info(context: RequestContext) -> Info:
    settings, services = context[app_keys.SETTINGS], context[app_keys.SERVICES]
    return Info(
        version=version("heygem-bridge"),
        epoch=services.events.epoch,
        formats=tuple(DELIVERABLES.names()),
        deliverables=tuple(
            DeliverableInfo(name=row.name, title=row.title, suffixes=row.suffixes, alpha=row.carries_alpha)
            for row in DELIVERABLES.all().values()
        ),
        timeline_formats=tuple(
            TimelineFormatInfo(
                name=row.name,
                title=row.title,
                suffixes=row.suffixes,
                media_type=row.media_type,
                reads=row.read is not None,
                writes=row.write is not None,
            )
            for row in TIMELINE_FORMATS.all().values()
        ),
        engines=offered_engines(),
        trackers=context[app_keys.DEVICE_PROBE].trackers or TRACKER_NAMES.names(),
        devices=context[app_keys.DEVICE_PROBE].devices,
        roots=tuple(str(folder) for folder in context[app_keys.ROOTS].folders),
        file_kinds=kinds_of_files(),
        takes_folder=str(settings.takes_folder),
        largest_upload_bytes=settings.largest_upload_bytes,
        free_bytes=shutil.disk_usage(settings.data_folder).free,
        workers=services.executor.capacity,
        slots=services.scheduler.slots(),
        nodes=tuple(
            NodeView(name=node.name, address=node.address, state=node.state, reason=node.reason, slots=node.slots)
            for node in nodes_of(services.executor)
        ),
        farm_trouble=getattr(services.executor, "trouble", None),
        executor=settings.executor,
        executors=EXECUTORS.names(),
        editors=tuple(row.info for row in EDITORS.all().values()),
        scope=context.who.scope,
    )


async def healthz(context: RequestContext) -> web.Response:
    """Answers as long as the event loop turns and the rooms are open; says nothing about anybody."""
    context[app_keys.SERVICES]
    return web.Response(text="ok\n")


async def metrics(context: RequestContext) -> web.Response:
    return web.Response(body=(await metrics_text(context)).encode(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def openapi(context: RequestContext) -> web.Response:
    return web.Response(body=document(context[REGISTERED]), content_type="application/json", charset="utf-8")


ROUTES = (
    Route(method="GET", path="/api/v1/info", summary="What the server is and allows.", handler=info, response=Info),
    Route(method="GET", path="/api/v1/openapi.json", summary="This document.", handler=openapi, media="application/json"),
    Route(method="GET", path="/healthz", summary="Whether the server is up.", handler=healthz, scopes=PUBLIC, media="text/plain"),
    Route(method="GET", path="/metrics", summary="Figures in Prometheus' text format.", handler=metrics, scopes=PEOPLE, media="text/plain"),
)
