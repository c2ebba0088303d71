"""Timelines over HTTP: one comes in and becomes a job. Its takes go back out by `publishing`.

The server never reads a timeline itself: a child does. What is kept of one lies in its own folder of the data folder, its editor's exports
and mixed speech too.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from heygem_core.errors import SpecError
from heygem_core.messages import tell
from heygem_core.printable import printable_name
from heygem_core.shot import RenderSettings, Struct, to_json

from ..errors import BadRequest, Forbidden, NotFound, TooLarge
from ..hosts.export_store import KeepExports, use_export
from ..http import app_keys
from ..http.idempotency import KEY_HEADER, key_of, requester_of
from ..http.request_validation import checked_settings, takes_folder
from ..http.routes import MIB, RequestContext, Route
from ..rendering.timeline_store import timelines_folder
from ..security.ownership import origin_of
from ..security.paths import inside, real_path
from ..store.jobs import new_job_id
from ..timeline.child_process import conform_in_child
from ..timeline.child_specs import ConformSpec
from ..timeline.conform_types import Conformed, Exported, Selection, TimelineShot
from ..timeline.formats.reading import MAX_BYTES
from ..timeline.formats.registry import FORMATS, FormatName, with_suffix
from ..wire import LONGEST_NAME, JobDetail, JobRequest, Laying, MediaRef, Name, Origin, PathText, Priority
from .cue_sheets import CueSheetRequest, check_alone, cue_sheet
from .jobs import MOST_SHOTS, media_path
from .placement_options import laid, shot_request
from .publishing import KeptTimeline, answered, keep_timeline

_LARGEST = 64 * MIB


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
    cues: CueSheetRequest | None = None  # a cue sheet instead of other speech
    laying: Laying = Laying()
    exports: Annotated[tuple[Name, ...], Meta(max_length=200)] = ()
    """ids of `ExportView`: files in place of clips that only the editor can decode; of the same clip the last one counts"""
    settings: RenderSettings = field(default_factory=lambda: RenderSettings(fit="hold", sound="none"))
    folder: PathText | None = None  # where takes live; None = the folder of the settings
    priority: Priority = 50
    origin: Origin = Origin()
    dry_run: bool = False  # only say what would be rendered

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.document, self.upload, self.path)) != 1:
            raise SpecError("timeline.give-one")
        if self.cues is not None:
            check_alone(self.selection, self.speech)


class TimelineAnswer(Struct, frozen=True, kw_only=True):
    """The shots of a timeline, and the job that renders them. `job` is None after a dry run, or where nothing can be rendered."""

    id: str | None
    conformed: Conformed
    job: JobDetail | None = None


async def submit(context: RequestContext, body: TimelineRequest) -> TimelineAnswer:
    """Raises: BadRequest, NotAllowedFolder, HeygemError — what the child said; Conflict — the key was used for another timeline."""
    key = None if body.dry_run else key_of(context)
    digest = None if key is None else await asyncio.to_thread(_digest, body)
    if key is not None and digest is not None:
        before = await asyncio.to_thread(context[app_keys.SERVICES].store.answered, key, digest)
        if before is not None:
            return await asyncio.to_thread(_again, context, before)
    body, folder = await asyncio.to_thread(_checked, context, body)
    id = f"t{secrets.token_hex(8)}"
    home = timelines_folder(context[app_keys.SETTINGS].data_folder) / id
    kept = False
    await asyncio.to_thread(home.mkdir, parents=True)
    try:
        source = await asyncio.to_thread(_keep_source, context, body, home)
        spec = await asyncio.to_thread(_spec, context, body, source, home)
        conformed = _with_names_sent(laid(await conform_in_child(spec), body.laying, body.settings), spec)
        rows = tuple(row for row in conformed.shots if row.shot is not None)
        if len(rows) > MOST_SHOTS:
            raise BadRequest("timeline.too-many-shots", most=MOST_SHOTS)
        if body.dry_run or not rows:
            return TimelineAnswer(id=None, conformed=conformed)
        conformed, detail = await asyncio.to_thread(_submit, context, body, spec, home, folder, conformed, key, digest)
        kept = detail.job.timeline == id
        if not kept:  # the same request came twice at the same time, and the other one was faster
            return await asyncio.to_thread(_again, context, detail.job.id)
        return TimelineAnswer(id=id, conformed=conformed, job=context[app_keys.SERVICES].scheduler.live(detail))
    finally:
        if not kept:
            await asyncio.to_thread(shutil.rmtree, home, ignore_errors=True)


def _digest(body: TimelineRequest) -> str:
    return sha256(to_json(body)).hexdigest()


def _again(context: RequestContext, job: str) -> TimelineAnswer:
    """What the request was answered when it came first."""
    detail = context[app_keys.SERVICES].store.job(job)
    conformed = answered(context[app_keys.SETTINGS].data_folder, detail.job.timeline or "")
    return TimelineAnswer(id=detail.job.timeline, conformed=conformed, job=context[app_keys.SERVICES].scheduler.live(detail))


def _checked(context: RequestContext, body: TimelineRequest) -> tuple[TimelineRequest, str]:
    """Its settings, its origin and the folder for takes, before a child works for minutes.

    Raises: Forbidden, BadPath, NotAllowedFolder; SpecError — no timeline format of that name.
    """
    if body.format is not None:
        FORMATS.check(body.format)
    roots = context[app_keys.ROOTS]
    settings = checked_settings(roots, body.settings, tell("wanted.timeline-settings"))
    folder = takes_folder(roots, body.folder, context[app_keys.SETTINGS].takes_folder, tell("wanted.timeline-takes"))
    return msgspec.structs.replace(body, settings=settings, origin=origin_of(context.who, body.origin)), folder


def _keep_source(context: RequestContext, body: TimelineRequest, home: Path) -> Path:
    """A copy of the timeline as it is now: what is published later is made from it."""
    if body.document is not None:
        path = home / "timeline.otio"
        path.write_bytes(to_json(body.document))
        return path
    if body.upload is not None:
        given = context[app_keys.UPLOADS].path(body.upload)
        opened = os.open(given, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    else:
        given = context[app_keys.ROOTS].resolve(body.path or "", tell("wanted.timeline"))
        opened = context[app_keys.ROOTS].open(given)
    suffix = given.suffix.lower()
    path = home / f"timeline{suffix if with_suffix(suffix) is not None else ''}"
    with os.fdopen(opened, "rb") as file, path.open("xb") as copy:
        if os.fstat(opened).st_size > MAX_BYTES:
            raise TooLarge("timeline.too-large-mib", most_mib=MAX_BYTES // MIB, file=given.name)
        shutil.copyfileobj(file, copy)
    return path


def _spec(context: RequestContext, body: TimelineRequest, source: Path, home: Path) -> ConformSpec:
    selection = body.selection
    if body.speech is not None:
        selection = msgspec.structs.replace(selection, speech=str(media_path(context, body.speech, tell("wanted.timeline-speech"))))
    elif selection.speech is not None:
        selection = msgspec.structs.replace(
            selection, speech=str(context[app_keys.ROOTS].resolve(selection.speech, tell("wanted.timeline-speech")))
        )
    return ConformSpec(
        source=str(source),
        base=str(context[app_keys.ROOTS].resolve(body.path, tell("wanted.timeline")).parent) if body.path is not None else None,
        format=body.format,
        rate=body.rate,
        selection=selection,
        roots=tuple(str(root) for root in context[app_keys.ROOTS].folders),
        own=(str(context[app_keys.ROOTS].own[0]), str(context[app_keys.ROOTS].own[1])),
        path_maps=tuple((each.theirs, each.ours) for each in context[app_keys.SETTINGS].path_maps),
        exported=tuple(each for export in body.exports for each in _exported(context, body.origin, export)),
        cues=None if body.cues is None else cue_sheet(context, body.cues, home),
        mixes=None if body.dry_run else str(_mixes(home)),
    )


def _exported(context: RequestContext, origin: Origin, export: str) -> list[Exported]:
    """The files of one export. Raises: NotFound; Forbidden — another editor made it, or for another project."""
    kept, home = use_export(context[app_keys.SETTINGS].data_folder, export)
    if (kept.host, kept.project) != (origin.host, origin.project):
        if context.who.scope == "host":  # for a stranger it does not exist
            raise NotFound("export.unknown")
        raise Forbidden("export.other-project")
    return [
        Exported(item=item, kind=kept.kind, path=str(home / (file.path or "")), handles=kept.handles, before=file.handles)
        for item, file in kept.files.items()
    ]


def _submit(
    context: RequestContext,
    body: TimelineRequest,
    spec: ConformSpec,
    home: Path,
    folder: str,
    conformed: Conformed,
    key: str | None,
    digest: str | None,
) -> tuple[Conformed, JobDetail]:
    """The job, or the one that the same key made just now. What is kept of the timeline is on the disk before its job is known."""
    conformed = _with_checked_files(context, conformed, spec, home)
    rows = tuple(row for row in conformed.shots if row.shot is not None)
    request = JobRequest(
        shots=tuple(shot_request(row, body.settings) for row in rows),
        settings=body.settings,
        name=printable_name(body.name or conformed.sequence.name)[:LONGEST_NAME] or None,
        folder=body.folder,
        priority=body.priority,
        origin=body.origin,
        timeline=home.name,
    )
    job = new_job_id()
    name = request.name or conformed.sequence.name
    kept = KeptTimeline(
        source=spec.source,
        format=body.format,
        rate=body.rate,
        name=name,
        rows=rows,
        cues=conformed.cues,
        music_effects=() if body.cues is None else body.cues.music_effects,
        job=job,
    )
    keep_timeline(home, kept, conformed)
    shots = [row.shot for row in rows if row.shot is not None]
    store = context[app_keys.SERVICES].store
    return conformed, store.submit(request, shots, folder=folder, idempotency_key=key, digest=digest, job=job, by=requester_of(context))


def _with_names_sent(conformed: Conformed, spec: ConformSpec) -> Conformed:
    """Recordings that were sent go by the names that they were sent with: where the server keeps them is no place for an editor."""
    names = {path: name for name, path in (() if spec.cues is None else spec.cues.recordings)}
    cues = tuple(msgspec.structs.replace(cue, file=names.get(real_path(cue.file), cue.file)) for cue in conformed.cues)
    return msgspec.structs.replace(conformed, cues=cues) if names else conformed


def _with_checked_files(context: RequestContext, conformed: Conformed, spec: ConformSpec, home: Path) -> Conformed:
    """Its files as they lie now: mixed speech in the timeline's own folder, exports there too from now on, and media where the child
    found them inside the allowed folders, which is looked at once more.

    Raises: NotFound, DiskFull; BadPath, NotAllowedFolder — a link appeared meanwhile.
    """
    data_folder = context[app_keys.SETTINGS].data_folder
    keep = KeepExports(data_folder, home, context[app_keys.SETTINGS].disk_floor_bytes)
    sent = () if spec.cues is None else spec.cues.recordings
    named = {  # uploads and exports, by the ids that the request gave
        spec.selection.speech,
        *(each.path for each in spec.exported),
        *(path for _, path in sent),
    }
    mixes = Path(real_path(_mixes(home)))

    def checked(path: str) -> str:
        real = real_path(path)
        if real in named or inside(Path(real), (mixes,)):
            return keep(real)
        return str(context[app_keys.ROOTS].recheck(path))

    def own(row: TimelineShot) -> TimelineShot:
        if row.shot is None:
            return row
        return msgspec.structs.replace(
            row, shot=msgspec.structs.replace(row.shot, video=checked(row.shot.video), speech=checked(row.shot.speech))
        )

    return msgspec.structs.replace(conformed, shots=tuple(map(own, conformed.shots)))


def _mixes(home: Path) -> Path:
    """Where the child puts speech that it mixed."""
    return home / "speech"


ROUTES = (
    Route(method="POST", path="/api/v1/timelines",
          summary="A timeline becomes a job: what its clips show, what lies under them, where takes go back to. "
          "The same Idempotency-Key gives the same job again.",
          handler=submit, body=TimelineRequest, response=TimelineAnswer, status=201, largest_body=_LARGEST, headers=(KEY_HEADER,)),
)  # fmt: skip
