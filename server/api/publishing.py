"""What the server keeps of a timeline, and the timeline with its takes, for any editor."""

from __future__ import annotations

import asyncio
import re
import secrets
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from heygem_core.messages import Message
from heygem_core.shot import Struct, from_json, to_json

from ..errors import BadRequest, NotFound
from ..http import app_keys
from ..http.files import send_file
from ..http.routes import RequestContext, Route, answer_json
from ..rendering.timeline_store import KEPT, TIMELINE_ID, timelines_folder
from ..security.ownership import check_owns
from ..timeline.child_process import publish_in_child
from ..timeline.child_specs import PublishSpec
from ..timeline.conform_types import PUBLISH_MODE, Conformed, Cue, FinishedTake, PublishMode, TimelineShot, simple_settings
from ..timeline.formats.registry import FormatName, writable
from ..wire import TakeView

_ANSWER = "answer.json"  # beside kept.json: to a request that comes again


class PublishQuery(Struct, frozen=True, kw_only=True):
    format: FormatName = "otio"
    mode: PublishMode = PUBLISH_MODE
    report: Annotated[int, Meta(ge=0, le=1)] = 0  # 1 = not the file but what it cannot carry, as JSON


class PublishReport(Struct, frozen=True, kw_only=True):
    """What a published timeline could not carry, as sentences."""

    format: FormatName
    notices: tuple[str, ...]
    notice_messages: tuple[Message, ...] = ()


class KeptTimeline(Struct, frozen=True, kw_only=True):
    """Of kept.json: what the server remembers of a timeline."""

    source: str
    format: FormatName | None
    rate: Fraction | None
    name: str
    rows: tuple[TimelineShot, ...]  # of the job's shots, in their order
    cues: tuple[Cue, ...] = ()  # the lines of a cue sheet, as they lie under it
    music_effects: tuple[str, ...] = ()  # audio tracks that stay on with them
    job: str


def keep_timeline(home: Path, kept: KeptTimeline, conformed: Conformed) -> None:
    (home / _ANSWER).write_bytes(to_json(conformed))
    (home / KEPT).write_bytes(to_json(kept))


def answered(data_folder: Path, timeline: str) -> Conformed:
    """What was said when it came. Raises: NotFound."""
    try:
        return from_json((kept_timeline(data_folder, timeline)[1] / _ANSWER).read_bytes(), Conformed)
    except OSError:
        raise NotFound("timeline.unknown") from None


def kept_timeline(data_folder: Path, timeline: str) -> tuple[KeptTimeline, Path]:
    """What is kept of it, and where. Raises: NotFound."""
    home = timelines_folder(data_folder) / timeline
    if not TIMELINE_ID.fullmatch(timeline) or not (home / KEPT).is_file():
        raise NotFound("timeline.unknown")
    return from_json((home / KEPT).read_bytes(), KeptTimeline), home


async def published(context: RequestContext) -> web.StreamResponse:
    """Raises: NotFound, BadRequest — no take yet; HeygemError — what the child said."""
    kept, home = await asyncio.to_thread(kept_timeline, context[app_keys.SETTINGS].data_folder, context.id)
    detail = await asyncio.to_thread(context[app_keys.SERVICES].store.job, kept.job)
    check_owns(context.who, detail.job)
    takes = tuple(
        _finished(context, row, take)
        for row, shot in zip(kept.rows, sorted(detail.shots, key=lambda each: each.position), strict=False)
        for take in shot.takes
        if not take.missing
    )
    if not takes:
        raise BadRequest("timeline.nothing-finished")
    formats = await asyncio.to_thread(writable)
    if context.query.format not in formats:
        raise BadRequest("timeline.publish-formats", formats=formats)
    row = formats[context.query.format]
    output = home / f"published-{secrets.token_hex(4)}{row.suffixes[0]}"
    spec = PublishSpec(
        source=kept.source,
        format=kept.format,
        rate=kept.rate,
        takes=takes,
        mode=context.query.mode,
        cues=tuple(msgspec.structs.replace(cue, file=context[app_keys.ROOTS].outward(cue.file)) for cue in kept.cues),
        music_effects=kept.music_effects,
        output=str(output),
        output_format=row.name,
    )
    try:
        written = await publish_in_child(spec)
        if context.query.report:
            return answer_json(PublishReport(format=written.format, notices=written.notices, notice_messages=written.notice_messages))
        shown = re.sub(r"[^\w\- ]", "_", kept.name)[:80] or "timeline"
        name = f"{shown} (HeyGem){output.suffix}"
        return await send_file(context.request, output, row.media_type, name=name)
    finally:
        await asyncio.to_thread(output.unlink, missing_ok=True)


def _finished(context: RequestContext, row: TimelineShot, take: TakeView) -> FinishedTake:
    rate = take.rate or row.take_rate
    if rate is None:
        raise BadRequest("take.variable-rate", take=take.name)
    return FinishedTake(
        shot=row,
        path=context[app_keys.ROOTS].outward(take.path),
        take=take.id,
        job=take.job,
        version=take.version,
        frames=take.frames,
        rate=rate,
        start_timecode=take.start_timecode,
        settings=simple_settings(take.settings),
    )


ROUTES = (
    Route(method="GET", path="/api/v1/timelines/{id}/publish", summary="The timeline with its takes, as a file for an editor.",
          handler=published, query=PublishQuery, media="application/octet-stream"),
)  # fmt: skip
