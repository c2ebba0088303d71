"""Does one render task, from spec to take: a generator of events that leaves either the finished files or nothing.

Stop it by closing the generator (or raising into it): what was begun is removed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..cache import Cache, default_limit
from ..engines.choice import models_used, settled
from ..engines.registry import ENGINES
from ..engines.requirements import check_engine, device_for
from ..errors import BadRange, OutputError
from ..face.reasons import Reason
from ..media.formats import format_for, hdr_is_lost, siting_is_lost
from ..media.output import check_output
from ..media.prefetch import prefetch
from ..media.take_timing import TakeTiming, timing_of
from ..media.upright import Upright
from ..media.writer import TakeWriter
from ..messages import Message, tell
from ..planning.frame_map import STILL_RATE
from ..progress_rate import ProgressRate
from ..shot import Event, Finished, Progress, RenderTask, notice
from ..weights.licences import limits_of
from . import previews
from .inputs import Inputs, open_inputs
from .patch import Patcher, deliverable_of
from .provenance import seal_of
from .report import REASON_CODES, TakeReport, report_path, write_report
from .sound import check_sound, sound_remarks, take_sounds

if TYPE_CHECKING:
    from ..engines.compositing import Drawn
    from ..media.info import MediaInfo
    from ..planning.plan import Plan
    from ..tasks.specs import JoinTask


LOGGER = logging.getLogger(__name__)


def render(task: RenderTask) -> Generator[Event, None, None]:
    """Makes the take, its matte video where wanted, and its report; yields progress and at last Finished.

    Raises: InputError, NoUsableFace, OutputError, SetupError, SpecError — all that can be known before the long work, before it.
    """
    yield Progress(stage="probe", done=0)
    inputs = open_inputs(task.shot, task.settings)
    settings, chosen = settled(task.settings)
    task = replace(task, settings=settings)
    engine = ENGINES.get(settings.engine)
    check_engine(engine, inputs.info)
    start, end = _check(task, inputs)
    from ..planning.plan import make_plan, refuse_changed  # torch takes seconds to import; a mistyped path is told before that
    from .frames import draw_frames

    device = device_for(engine, task.settings.device)
    began, cache = time.monotonic(), Cache(task.cache)
    plan = yield from make_plan(task.shot, task.settings, cache, inputs, wanted=task.plan)
    planned_s = time.monotonic() - began
    timing = timing_of(plan.info, plan.array("frames")[start:end].tolist(), rate=STILL_RATE)
    patcher = _patcher(task, plan.info)
    for said in remarks(task, plan.info, chosen):
        yield notice(said)
    with all_or_nothing() as made, _take_writer(task, plan, start, end, timing) as take:
        with _matte_writer(task, plan.info, timing) as matte, prefetch(draw_frames(plan, start, end, device), 8) as drawn:
            rate, upright = ProgressRate("render", end - start), Upright(plan.info)
            for frame in drawn:
                take.write(frame.picture if patcher is None else patcher.patch(frame))
                if matte is not None:
                    matte.write_grey(_whole_matte(frame, plan.info.coded_size))
                previews.offer(frame.number, frame.picture, upright)
                yield rate.tick()
        if task.matte is not None:
            made.append(Path(task.matte))
        yield Progress(stage="finish", done=end - start, total=end - start)
        LOGGER.info("%d frames drawn in %.2f s, planned in %.2f s", end - start, rate.elapsed_s, planned_s)
        refuse_changed(task.shot, task.settings, inputs, cache, plan.facts.key)
        # The take gets its name last of all: who waits for it finds all that belongs to it.
        path = write_report(_report(task, plan, start, end, str(device), planned_s, rate.elapsed_s, chosen), task.output)
        made.append(path)
    if task.segment is None:  # whoever renders pieces looks after the cache itself, less often
        cache.prune()
    yield Finished(output=str(Path(task.output).absolute()), report=str(path))


def _check(task: RenderTask, inputs: Inputs) -> tuple[int, int]:
    """The range of the take's frames that is wanted. Raises what can be wrong and seen at once."""
    frames = len(inputs.frames.source)
    start, end = task.segment or (0, frames)
    if not 0 <= start < end <= frames:
        raise BadRange("segment.outside", start=start, end=end, frames=frames)
    row, _ = deliverable_of(task.output, task.settings, inputs.info)
    seal_of(task.settings, row)
    if task.matte is not None:
        format_for(task.matte, None, inputs.info)
    written: list[str | Path] = [task.output, *([task.matte] if task.matte is not None else []), report_path(task.output)]
    if len({Path(path).resolve() for path in written}) < len(written):
        raise OutputError("matte.same-path", path=task.matte)
    for path in written:
        check_output(path, [task.shot.video, task.shot.speech])
    check_sound(task.shot, task.settings, inputs.info, inputs.frames.source)
    default_limit()
    return start, end


@contextmanager
def all_or_nothing() -> Iterator[list[Path]]:
    """Gives a list for finished files; they are deleted if the block fails."""
    made: list[Path] = []
    try:
        yield made
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


def _take_writer(task: RenderTask, plan: Plan, start: int, end: int, timing: TakeTiming) -> TakeWriter:
    row, info = deliverable_of(task.output, task.settings, plan.info)
    # A segment is silent: the sound is encoded once over the whole, when segments are joined.
    sounds = () if task.segment else take_sounds(task.shot, task.settings, plan.info, plan.array("frames"), timing)
    return TakeWriter(task.output, row, info, timing, sounds=sounds, seal=None if task.segment else seal_of(task.settings, row))


def _patcher(task: RenderTask, info: MediaInfo) -> Patcher | None:
    return None if task.settings.kind == "full" else Patcher.of(info, deliverable_of(task.output, task.settings, info)[1])


def _matte_writer(task: RenderTask, info: MediaInfo, timing: TakeTiming) -> AbstractContextManager[TakeWriter | None]:
    if task.matte is None:
        return nullcontext()
    return TakeWriter(task.matte, format_for(task.matte, None, info), info, timing, grey=True)


def _report(
    task: RenderTask, plan: Plan, start: int, end: int, device: str, planned_s: float, drawn_s: float, chosen: Message | None
) -> TakeReport:
    told = remarks(task, plan.info, chosen)
    return TakeReport(
        take=Path(task.output).name,
        plan=plan.facts,
        start=start,
        end_exclusive=end,
        passed_through=passed_through(plan, start, end),
        wanted_opening=rounded(plan.array("opening")[start:end]),
        wanted_width=rounded(plan.array("width")[start:end]),
        wanted_gap=rounded(plan.array("gap")[start:end]),
        device=device,
        planning_s=round(planned_s, 2),
        rendering_s=round(drawn_s, 2),
        reason_codes=REASON_CODES,
        remarks=tuple(said.message for said in told),
        remark_messages=told,
    )


def _whole_matte(frame: Drawn, size: tuple[int, int]) -> NDArray[np.float32]:
    levels = np.zeros(size[::-1], np.float32)
    if frame.box is not None and frame.matte is not None:
        box = frame.box
        levels[box.top : box.bottom, box.left : box.right] = frame.matte.numpy()
    return levels


def remarks(task: RenderTask | JoinTask, info: MediaInfo, chosen: Message | None = None) -> tuple[Message, ...]:
    """What to know about a take of these settings wherever it goes. chosen: why it is this engine. Raises: InputError, OutputError."""
    row, _ = deliverable_of(task.output, task.settings, info)
    patch = () if task.settings.kind == "full" else (tell("take.is-patch"),)
    hdr = (tell("take.hdr-lost", format=row.title, file=info.path.name),) if hdr_is_lost(row, info) else ()
    siting = (tell("take.siting-lost", format=row.title, file=info.path.name),) if siting_is_lost(row, info) else ()
    dynamic = (tell("take.dynamic-hdr-lost", file=info.path.name),) if info.hdr.dynamic else ()
    terms = limits_of(models_used(ENGINES.get(task.settings.engine)))
    return (*([] if chosen is None else [chosen]), *terms, *patch, *hdr, *dynamic, *siting, *sound_remarks(task.shot, task.settings, info))


def passed_through(plan: Plan, start: int, end: int) -> dict[str, list[tuple[int, int]]]:
    """Reason → ranges of take frames (end exclusive) that stayed as they were."""
    reasons = plan.array("reasons")[start:end]
    edges = np.flatnonzero(np.diff(reasons)) + 1
    runs: dict[str, list[tuple[int, int]]] = {}
    for first, last in zip([0, *edges], [*edges, len(reasons)], strict=True):
        reason = Reason(int(reasons[first]))
        if reason != Reason.USABLE:
            runs.setdefault(reason.words, []).append((int(first) + start, int(last) + start))
    return runs


def rounded(values: NDArray[np.float32]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else round(float(v), 4) for v in values)
