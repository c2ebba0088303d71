"""The three steps of a shot, each one piece of work: plan it, render its segments, join them to a take.

Segments lie in the data folder under their keys, so a piece whose inputs are the same is rendered once, whoever asks for it. One that is
not as it was rendered counts as not there.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.messages import Message, catalogue, known, tell, with_codes
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.tasks.specs import GenerateTask, JoinTask, Planned, PlanTask, Probed, ProbeTask, ToGenerate

from ..digests import sha256_of
from ..errors import Broken, StaleAttempt
from ..executors.base import Executor, Watcher, WorkFailed, draws_on
from ..executors.inspection_pool import InspectionPool
from ..security.errors import BadPath
from ..security.paths import check_no_link
from ..settings import ServerSettings
from ..store import Claim, Intent, Store
from ..store.work import finish_segment_in
from ..wire import ShotRequest, TakeView, WeakRange
from .generating import generate
from .handing_in import REFUSED, Together, hand_in
from .segment_files import keep, throw_away, usable
from .take_files import (
    file_name,
    next_version,
    place,
    renamed,
    report_as_written,
    report_of,
    stage,
    unstage,
    withdraw,
    written_with,
)

_MOST_NAMES_TRIED = 20
_MOST_RANGES = 500  # told of one take; all are in its report
_WANTED = catalogue("en")["frame.choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepContext:
    """What the steps work with."""

    store: Store
    together: Together
    executor: Executor
    look: InspectionPool
    settings: ServerSettings
    naming: asyncio.Lock = field(default_factory=asyncio.Lock)
    names: set[str] = field(default_factory=set)  # paths that takes on their way will get
    stopping: asyncio.Event = field(default_factory=asyncio.Event)  # the server ends, so work is called back for the next one

    @property
    def segments(self) -> Path:
        return self.settings.data_folder / "segments"

    def segment_file(self, key: str, suffix: str) -> Path:
        return self.segments / key[:2] / f"{key}{suffix}"


async def do(claim: Claim, context: StepContext, watcher: Watcher, stop: asyncio.Event) -> Message:
    """Does a piece of work and records it; returns a message for the log.

    Raises: WorkFailed, StaleAttempt, HeygemError, ServerError, OSError.
    """
    steps = {"plan": _plan, "segment": _render, "join": _join}
    return await steps[claim.kind](claim, context, watcher, stop)


async def _plan(claim: Claim, context: StepContext, watcher: Watcher, stop: asyncio.Event) -> Message:
    await asyncio.to_thread(check_still_there, claim.source)
    stamp = await asyncio.to_thread(stamp_of, claim.source)
    cache = str(context.settings.cache)
    task = PlanTask(
        shot=claim.source, settings=claim.settings, segment_frames=context.settings.segment_frames, cache=cache, hand_out_generation=True
    )
    task = msgspec.structs.replace(task, draws_on=draws_on(context.executor, claim.settings))
    planned = await context.executor.run(task, watcher=watcher, stop=stop)
    if isinstance(planned, ToGenerate):
        settings = as_planned(planned, claim.settings)
        pieces = [
            GenerateTask(shot=claim.source, settings=settings, start=start, end_exclusive=end, cache=cache) for start, end in planned.ranges
        ]
        await generate(context.executor, pieces, watcher, stop)
        chosen = planned.chosen
        task = msgspec.structs.replace(task, settings=settings, hand_out_generation=False)
        planned = await context.executor.run(task, watcher=watcher, stop=stop)
        if isinstance(planned, Planned) and planned.chosen is None:
            planned = msgspec.structs.replace(planned, chosen=chosen)
    if not isinstance(planned, Planned):
        raise Broken("work.versions-do-not-fit")
    present = await asyncio.to_thread(_present, context, planned, suffix_of(claim.settings, claim.request, planned))
    await hand_in(context.store.finish_plan, claim.token, planned, stamp=stamp, present=present, stop=stop)
    return tell("log.planned", what=title(claim), frames=planned.frames, segments=len(planned.segments), present=len(present))


async def _render(claim: Claim, context: StepContext, watcher: Watcher, stop: asyncio.Event) -> Message:
    assert claim.key is not None
    assert claim.start is not None
    assert claim.end_exclusive is not None
    path = context.segment_file(claim.key, suffix_of(claim.settings, claim.request, claim.planned))
    there = await asyncio.to_thread(_unless_changed, claim, path)
    if there is None:
        return await _plan_again(claim, context, tell("work.source-changed"), stop)
    if there:
        await hand_in(finish_segment_in, claim.token, reused=True, stop=stop, by=context.together)
        return tell("log.there-already", what=title(claim))
    task = RenderTask(
        shot=claim.source,
        settings=_planned_settings(claim),
        output=str(path),
        segment=(claim.start, claim.end_exclusive),
        plan=None if claim.planned is None else claim.planned.key,
        cache=str(context.settings.cache),
    )
    if not await _done(claim, context, task, watcher, stop):
        await asyncio.to_thread(throw_away, path)  # nobody knows which of the two files it shows
        return await _plan_again(claim, context, tell("work.source-changed"), stop)
    try:
        await asyncio.to_thread(keep, path)
    except FileNotFoundError:
        return await _plan_again(claim, context, tell("work.segment-removed"), stop)
    await hand_in(finish_segment_in, claim.token, stop=stop, by=context.together)
    return tell("log.rendered", what=title(claim))


def _unless_changed(claim: Claim, path: Path) -> bool | None:
    """Whether the segment is there already, else its folder is; None = the sources are not as they were. Raises: BadPath, OSError."""
    check_still_there(claim.source)
    if stamp_of(claim.source) != claim.stamp:
        return None
    if usable(path):
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    return False


def _planned_settings(claim: Claim) -> RenderSettings:
    """Those of the shot, with the device and the engine that its plan is made for."""
    return claim.settings if claim.planned is None else as_planned(claim.planned, claim.settings)


def as_planned(planned: Planned | ToGenerate, settings: RenderSettings) -> RenderSettings:
    """The settings with the device and the engine that a plan is made for: what is drawn on different devices is not quite the same, and
    what “auto” means depends on where it is asked."""
    found = {"device": planned.device, "engine": planned.engine}
    return msgspec.structs.replace(settings, **{name: value for name, value in found.items() if value is not None})


def _all_usable(pieces: Sequence[Path]) -> bool:
    """Looks at every piece, so that all damaged ones are made again together; one after another, since others need the threads too."""
    return all([usable(piece) for piece in pieces])


async def _join(claim: Claim, context: StepContext, watcher: Watcher, stop: asyncio.Event) -> Message:
    assert claim.planned is not None
    await asyncio.to_thread(check_still_there, claim.source)
    if await _changed(claim):
        return await _plan_again(claim, context, tell("work.source-changed"), stop)
    suffix = suffix_of(claim.settings, claim.request, claim.planned)
    pieces = [context.segment_file(segment.key, suffix) for segment in claim.planned.segments]
    if not await asyncio.to_thread(_all_usable, pieces):
        return await _plan_again(claim, context, tell("work.segment-removed"), stop)
    folder = Path(claim.folder)
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    await asyncio.to_thread(check_no_link, str(folder))
    staging = await asyncio.to_thread(stage, folder, claim.shot, claim.token)
    target, version = await _reserve(claim, context, folder, suffix)
    try:
        staged = staging / target.name
        task = JoinTask(
            shot=claim.source,
            settings=msgspec.structs.replace(_planned_settings(claim), sign_with=context.settings.sign_with),
            pieces=tuple(map(str, pieces)),
            output=str(staged),
            plan=claim.planned.key,
            cache=str(context.settings.cache),
            chosen=claim.planned.chosen,
        )
        if not await _done(claim, context, task, watcher, stop):
            return await _plan_again(claim, context, tell("work.source-changed"), stop)
        take = await _take(claim, context, staged, target, version)
        return await _place(claim, context, staged, take, stop)
    finally:
        context.names.discard(str(target))
        await asyncio.to_thread(unstage, staging)


async def _done(claim: Claim, context: StepContext, task: RenderTask | JoinTask, watcher: Watcher, stop: asyncio.Event) -> bool:
    """Runs a task; False where a source file changed meanwhile, whatever the task made of that. Raises: WorkFailed."""
    try:
        await context.executor.run(task, watcher=watcher, stop=stop)
    except WorkFailed as failure:
        if failure.outcome != "failed" or not (_tells_of_change(failure) or await _changed(claim)):
            raise
        return False
    return not await _changed(claim)


def _tells_of_change(failure: WorkFailed) -> bool:
    """Whether the task found that a file holds something else than when the shot was planned."""
    return failure.failed is not None and failure.failed.code in ("plan.changed", "media.changed")


async def _changed(claim: Claim) -> bool:
    return await asyncio.to_thread(stamp_of, claim.source) != claim.stamp


async def _take(claim: Claim, context: StepContext, staged: Path, target: Path, version: int) -> TakeView:
    """The facts of a joined take, as its own file tells them."""
    facts = await context.look.ask(ProbeTask(path=str(staged)))
    assert isinstance(facts, Probed)
    assert claim.planned is not None
    report = await asyncio.to_thread(facts_of, staged) or TakeFacts()
    noticed = (
        *with_codes(claim.planned.notices, claim.planned.notice_messages),
        *with_codes(report.remarks, report.remark_messages),
    )
    notices = tuple({said.message: said for said in noticed}.values())
    return TakeView(
        id=f"t{secrets.token_hex(8)}",
        job=claim.job,
        shot=claim.shot,
        version=version,
        name=target.name,
        path=str(target),
        size_bytes=staged.stat().st_size,
        sha256=await asyncio.to_thread(sha256_of, staged),
        frames=facts.frames or 0,
        rate=facts.rate,
        width=facts.width or 0,
        height=facts.height or 0,
        start_timecode=facts.start_timecode,
        format=facts.codec or target.suffix[1:],
        created=time.time(),
        settings=claim.settings,
        source=claim.request.video,
        weak=weak_ranges(report),
        notices=tuple(said.message for said in notices),
        notice_messages=notices,
    )


async def _place(claim: Claim, context: StepContext, staged: Path, take: TakeView, stop: asyncio.Event | None = None) -> Message:
    """Gives the take its name, or the next one where somebody else was faster. Nothing here may be interrupted halfway unrecorded."""
    for _ in range(_MOST_NAMES_TRIED):
        await hand_in(context.store.intend, claim.token, Intent(staged=str(staged), take=take), stop=stop)
        report = await asyncio.to_thread(report_as_written, staged)
        try:
            await asyncio.to_thread(place, staged, Path(take.path))
        except FileExistsError:
            target, version = await _reserve(claim, context, Path(claim.folder), staged.suffix)
            context.names.discard(str(target))
            take = renamed(take, target, version)
            continue
        files = await asyncio.to_thread(written_with, take, report)
        try:
            await hand_in(context.store.finish_join, claim.token, take, files, stop=stop)
        except StaleAttempt:  # called off in this moment: the file is nobody's, and the next attempt makes its own
            await asyncio.to_thread(withdraw, files)
            raise
        except REFUSED:  # to the last, since it was called off: the same; but at its next start the server finds the file by its intent
            if not context.stopping.is_set():
                await asyncio.to_thread(withdraw, files)
            raise
        return tell("log.placed", what=title(claim), file=take.name)
    raise Broken("take.no-free-name", file=take.name, folder=claim.folder)


async def _reserve(claim: Claim, context: StepContext, folder: Path, suffix: str) -> tuple[Path, int]:
    """A name that nobody has, and its number."""
    name = file_name(claim.name)
    async with context.naming:
        taken = await asyncio.to_thread(context.store.versions_named, str(folder))
        version = await asyncio.to_thread(next_version, folder, name, {*taken, *context.names})
        target = folder / f"{name}_v{version}{suffix}"
        context.names.add(str(target))
    return target, version


async def _plan_again(claim: Claim, context: StepContext, reason: Message, stop: asyncio.Event) -> Message:
    await hand_in(context.store.replan, claim.token, reason, stop=stop)
    return tell("log.planned-again", what=title(claim), reason=reason)


def title(claim: Claim) -> Message:
    """A piece of work as the log names it."""
    if claim.kind == "segment":
        return tell("log.segment", segment=claim.segment, shot=claim.name, start=claim.start, end=claim.end_exclusive)
    return tell("log.plan" if claim.kind == "plan" else "log.take", shot=claim.name)


class TakeFacts(msgspec.Struct):
    """What is told of a take's report; it has more fields."""

    passed_through: dict[str, list[tuple[int, int]]] = {}
    remarks: tuple[str, ...] = ()
    remark_messages: tuple[Message, ...] = ()
    weak: list[tuple[int, int, str]] | None = None
    quality: dict[str, Any] | None = None  # None = not measured yet


def facts_of(take: Path) -> TakeFacts | None:
    """From its report, which our own worker wrote; None where it cannot be read."""
    try:
        return msgspec.json.decode(report_of(take).read_bytes(), type=TakeFacts)
    except (OSError, msgspec.DecodeError):
        return None


def weak_of(take: Path) -> tuple[WeakRange, ...]:
    """Of a take that has its report beside it."""
    return weak_ranges(facts_of(take) or TakeFacts())


def weak_ranges(report: TakeFacts) -> tuple[WeakRange, ...]:
    """Frames that stayed as they were although nobody asked for that, and what measuring found, in the order of the take."""
    ranges = [(start, end, reason) for reason, pieces in report.passed_through.items() if reason != _WANTED for start, end in pieces]
    ranges += report.weak or []
    return tuple(
        WeakRange(start=start, end_exclusive=end, reason=reason, reason_message=known(reason))
        for start, end, reason in sorted(ranges)[:_MOST_RANGES]
    )


def suffix_of(settings: RenderSettings, request: ShotRequest, planned: Planned | None) -> str:
    """Of a take: what its format is written to; without one ProRes for what goes to a timeline or has alpha, else H.264."""
    if settings.format is not None:
        return DELIVERABLES.get(settings.format).suffixes[0]
    transparent = settings.kind == "patch" or (planned is not None and planned.transparent)
    return ".mov" if request.placement is not None or transparent else ".mp4"


def check_still_there(shot: Shot) -> None:
    """The files were found inside allowed folders when the job came; where a link stands in their way now, it may lead anywhere.

    Raises: BadPath.
    """
    for path in (shot.video, shot.speech):
        check_no_link(path)
        if os.path.exists(path) and not os.path.isfile(path):  # whoever opens a pipe waits for ever
            raise BadPath("media.not-a-file", path=path)


def stamp_of(shot: Shot) -> str:
    """Sizes and times of the two files: when they differ, a plan of before need not fit any more. A change that they do not show is found
    by the tasks, which compare what the files hold. A missing file is told by the task."""
    marks = []
    for path in (shot.video, shot.speech):
        try:
            status = os.stat(path)
            marks.append(f"{status.st_size}:{status.st_mtime_ns}")
        except OSError:
            marks.append("gone")
    return " ".join(marks)


def _present(context: StepContext, planned: Planned, suffix: str) -> set[str]:
    return {segment.key for segment in planned.segments if usable(context.segment_file(segment.key, suffix))}
