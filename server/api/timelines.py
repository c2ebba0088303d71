"""Timelines over HTTP: one comes in and becomes a job, its takes go back out in any editor's format.

The server never reads a timeline itself: a child does. What is kept of one lies in its own folder of the data folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import shutil
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta, field

from heygem_core.errors import SpecError
from heygem_core.shot import RenderSettings, Struct, from_json, to_json

from ..errors import BadRequest, NotFound, TooLarge
from ..front import keys
from ..front.asked import checked_settings, plain, takes_folder
from ..front.ownership import check_owns, origin_of
from ..front.routes import MIB, Ask, Route, answer_json
from ..front.sending import send_file
from ..rendering.timelines import KEPT, TIMELINE_ID, timelines_folder
from ..security.paths import real_path
from ..timeline.child import conform_in_child, publish_in_child
from ..timeline.reading import MAX_BYTES, SUFFIXES
from ..timeline.shots import Conformed, FinishedTake, FormatName, PublishMode, Selection, TimelineShot
from ..timeline.specs import ConformSpec, PublishSpec
from ..wire import LONGEST_NAME, JobDetail, JobRequest, Laying, MediaRef, Name, Origin, PathText, Priority, ShotRequest, TakeView
from .jobs import MOST_SHOTS, media_path

_LARGEST = 64 * MIB
_XML = "application/xml"
_TYPES = {"otio": "application/json", "fcpxml": _XML, "fcp7": _XML, "edl": "text/plain", "aaf": "application/octet-stream"}
_SUFFIXES = {"otio": ".otio", "fcpxml": ".fcpxml", "fcp7": ".xml", "edl": ".edl", "aaf": ".aaf"}


class TimelineRequest(Struct, frozen=True, kw_only=True):
    """A timeline as a document, an upload or a path (one of the three), and what of it becomes takes."""

    document: dict[str, Any] | None = None  # OpenTimelineIO
    upload: Name | None = None  # id
    path: PathText | None = None  # inside the allowed folders
    name: Name | None = None  # of the job; None = the timeline's
    format: FormatName | None = None  # None = by content
    rate: Fraction | None = None  # of the timeline, where the file does not say
    selection: Selection = Selection()
    speech: MediaRef | None = None  # one sound file instead of what lies on tracks; as `selection.speech`, but uploads too
    laying: Laying = Laying()
    exports: tuple[Name, ...] = ()  # ids of `ExportView`: files in place of clips that only the editor can decode
    settings: RenderSettings = field(default_factory=lambda: RenderSettings(fit="hold", sound="none"))
    folder: PathText | None = None  # where takes live; None = the folder of the settings
    priority: Priority = 50
    origin: Origin = Origin()
    dry_run: bool = False  # only say what would be rendered

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.document, self.upload, self.path)) != 1:
            raise SpecError("A timeline is given as a document, an upload or a path: give one of the three.")


class TimelineAnswer(Struct, frozen=True, kw_only=True):
    """The shots of a timeline, and the job that renders them. `job` is None after a dry run, or where nothing can be rendered."""

    id: str | None
    conformed: Conformed
    job: JobDetail | None = None


class PublishQuery(Struct, frozen=True, kw_only=True):
    format: FormatName = "otio"
    mode: PublishMode = "references"
    report: Annotated[int, Meta(ge=0, le=1)] = 0  # 1 = not the file but what it cannot carry, as JSON


class PublishReport(Struct, frozen=True, kw_only=True):
    """What a published timeline could not carry, as sentences."""

    format: FormatName
    notices: tuple[str, ...]


class _Kept(Struct, frozen=True, kw_only=True):
    """What the server remembers of a timeline."""

    source: str
    format: FormatName | None
    rate: Fraction | None
    name: str
    rows: tuple[TimelineShot, ...]  # of the job's shots, in their order
    job: str


async def submit(ask: Ask, body: TimelineRequest) -> TimelineAnswer:
    """Raises: BadRequest, NotAllowedFolder, HeygemError — what the child said."""
    body, folder = await asyncio.to_thread(_checked, ask, body)
    id = f"t{secrets.token_hex(8)}"
    home = timelines_folder(ask[keys.SETTINGS].data_folder) / id
    await asyncio.to_thread(home.mkdir, parents=True)
    try:
        source = await asyncio.to_thread(_keep_source, ask, body, home)
        conformed = await conform_in_child(_spec(ask, body, source, home))
        rows = tuple(row for row in conformed.shots if row.shot is not None)
        if len(rows) > MOST_SHOTS:
            raise BadRequest(f"A job has at most {MOST_SHOTS} shots: choose fewer tracks.")
        if body.dry_run or not rows:
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
            return TimelineAnswer(id=None, conformed=conformed)
        detail = await asyncio.to_thread(_submit, ask, body, id, folder, conformed, rows)
        kept = _Kept(source=str(source), format=body.format, rate=body.rate, name=detail.job.name, rows=rows, job=detail.job.id)
        await asyncio.to_thread((home / KEPT).write_bytes, to_json(kept))
        return TimelineAnswer(id=id, conformed=conformed, job=detail)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)
        raise


def _checked(ask: Ask, body: TimelineRequest) -> tuple[TimelineRequest, str]:
    """Its settings and the folder for takes, before a child works for minutes. Raises: Forbidden, BadPath, NotAllowedFolder."""
    roots = ask[keys.ROOTS]
    settings = checked_settings(roots, body.settings, "the settings of a timeline")
    folder = takes_folder(roots, body.folder, ask[keys.SETTINGS].takes_folder, "a timeline's takes")
    return msgspec.structs.replace(body, settings=settings), folder


def _keep_source(ask: Ask, body: TimelineRequest, home: Path) -> Path:
    """A copy of the timeline as it is now: what is published later is made from it."""
    if body.document is not None:
        path = home / "timeline.otio"
        path.write_bytes(to_json(body.document))
        return path
    if body.upload is not None:
        given = ask[keys.UPLOADS].path(body.upload)
        opened = os.open(given, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    else:
        given = ask[keys.ROOTS].resolve(body.path or "", "a timeline")
        opened = ask[keys.ROOTS].open(given)
    suffix = given.suffix.lower()
    path = home / f"timeline{suffix if suffix in SUFFIXES else ''}"
    with os.fdopen(opened, "rb") as file, path.open("xb") as copy:
        if os.fstat(opened).st_size > MAX_BYTES:
            raise TooLarge(f"A timeline may have {MAX_BYTES // MIB} MiB at most: “{given.name}” is larger.")
        shutil.copyfileobj(file, copy)
    return path


def _spec(ask: Ask, body: TimelineRequest, source: Path, home: Path) -> ConformSpec:
    selection = body.selection
    if body.speech is not None:
        selection = msgspec.structs.replace(selection, speech=str(media_path(ask, body.speech, "a timeline's speech")))
    elif selection.speech is not None:
        selection = msgspec.structs.replace(selection, speech=str(ask[keys.ROOTS].resolve(selection.speech, "a timeline's speech")))
    return ConformSpec(
        source=str(source),
        base=str(ask[keys.ROOTS].resolve(body.path, "a timeline").parent) if body.path is not None else None,
        format=body.format,
        rate=body.rate,
        selection=selection,
        roots=tuple(str(root) for root in ask[keys.ROOTS].folders),
        path_maps=tuple((each.theirs, each.ours) for each in ask[keys.SETTINGS].path_maps),
        mixes=None if body.dry_run else str(home / "speech"),
    )


def _submit(ask: Ask, body: TimelineRequest, id: str, folder: str, conformed: Conformed, rows: tuple[TimelineShot, ...]) -> JobDetail:
    request = JobRequest(
        shots=tuple(_shot_request(row) for row in rows),
        settings=body.settings,
        name=plain(body.name or conformed.sequence.name)[:LONGEST_NAME] or None,
        folder=body.folder,
        priority=body.priority,
        origin=origin_of(ask.who, body.origin),
        timeline=id,
    )
    # The child has found the media inside the allowed folders; mixed speech lies in the timeline's own.
    shots = [
        msgspec.structs.replace(row.shot, video=real_path(row.shot.video), speech=real_path(row.shot.speech))
        for row in rows
        if row.shot is not None
    ]
    return ask[keys.ENGINE].store.submit(request, shots, folder=folder, by=f"{ask.who.scope}:{ask.who.host or ''}")


def _shot_request(row: TimelineShot) -> ShotRequest:
    shot = row.shot
    assert shot is not None
    return ShotRequest(
        video=MediaRef(path=shot.video),
        speech=MediaRef(path=shot.speech),
        name=plain(f"{row.clip} {row.timecode_in}")[:LONGEST_NAME],
        start=shot.start,
        end_exclusive=shot.end_exclusive,
        speech_start=shot.speech_start,
        speech_end=shot.speech_end,
        speed=shot.speed,
        keep=shot.keep,
        face=shot.face,
        placement=msgspec.structs.replace(row.placement, handles=row.handles_before),
    )


async def published(ask: Ask) -> web.StreamResponse:
    """Raises: NotFound, BadRequest — no take yet; HeygemError — what the child said."""
    kept, home = await asyncio.to_thread(_kept, ask)
    detail = await asyncio.to_thread(ask[keys.ENGINE].store.job, kept.job)
    check_owns(ask.who, detail.job)
    takes = tuple(
        _finished(ask, row, take)
        for row, shot in zip(kept.rows, sorted(detail.shots, key=lambda each: each.position), strict=False)
        for take in shot.takes
        if not take.missing
    )
    if not takes:
        raise BadRequest("No take of this timeline is finished yet.")
    if ask.query.format not in _SUFFIXES:
        raise BadRequest(f"A timeline is published as {', '.join(_SUFFIXES)}.")
    output = home / f"published-{secrets.token_hex(4)}{_SUFFIXES[ask.query.format]}"
    spec = PublishSpec(
        source=kept.source,
        format=kept.format,
        rate=kept.rate,
        takes=takes,
        mode=ask.query.mode,
        output=str(output),
        output_format=ask.query.format,
    )
    try:
        written = await publish_in_child(spec)
        if ask.query.report:
            return answer_json(PublishReport(format=written.format, notices=written.notices))
        shown = re.sub(r"[^\w\- ]", "_", kept.name)[:80] or "timeline"
        name = f"{shown} (HeyGem){output.suffix}"
        return await send_file(ask.request, output, _TYPES[ask.query.format], name=name)
    finally:
        await asyncio.to_thread(output.unlink, missing_ok=True)


def _kept(ask: Ask) -> tuple[_Kept, Path]:
    home = timelines_folder(ask[keys.SETTINGS].data_folder) / ask.id
    if not TIMELINE_ID.fullmatch(ask.id) or not (home / KEPT).is_file():
        raise NotFound("There is no such timeline.")
    return from_json((home / KEPT).read_bytes(), _Kept), home


def _finished(ask: Ask, row: TimelineShot, take: TakeView) -> FinishedTake:
    rate = take.rate or row.take_rate
    if rate is None:
        raise BadRequest(f"The take “{take.name}” has no constant frame rate and cannot be placed.")
    settings = json.loads(to_json(take.settings))
    return FinishedTake(
        shot=row,
        path=ask[keys.ROOTS].outward(take.path),
        take=take.id,
        job=take.job,
        version=take.version,
        frames=take.frames,
        rate=rate,
        start_timecode=take.start_timecode,
        settings={name: value for name, value in settings.items() if isinstance(value, (str, int, float, bool))},
    )


ROUTES = (
    Route(method="POST", path="/api/v1/timelines",
          does="A timeline becomes a job: what its clips show, what lies under them, where takes go back to.",
          handler=submit, takes=TimelineRequest, gives=TimelineAnswer, status=201, largest_body=_LARGEST),
    Route(method="GET", path="/api/v1/timelines/{id}/publish", does="The timeline with its takes, as a file for an editor.",
          handler=published, query=PublishQuery, media="application/octet-stream"),
)  # fmt: skip
