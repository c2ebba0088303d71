"""Does one render task, from spec to take: a generator of events that leaves either the finished files or nothing.

Stop it by closing the generator (or raising into it): what was begun is removed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..engines.choice import models_used, settled
from ..engines.registry import ENGINES
from ..engines.requirements import check_engine, device_for, refuse_device
from ..errors import BadRange, OutputError
from ..face.reasons import Reason
from ..machine.memory import give_memory_back
from ..media.formats import format_for, hdr_is_lost, siting_is_lost
from ..media.joiner import join_pieces
from ..media.output import check_output
from ..media.prefetch import prefetch
from ..media.take_timing import TakeTiming, timing_of
from ..media.upright import Upright
from ..media.writer import TakeWriter
from ..messages import Message, tell
from ..planning.frame_map import STILL_RATE
from ..planning.person import COVERED
from ..progress_rate import ProgressRate
from ..shot import Event, Finished, Progress, RenderTask, notice
from ..storage.cache import Cache, default_limit
from ..weights.licences import limits_of
from . import previews
from .inputs import Inputs, open_inputs
from .patch import Patcher, deliverable_of
from .pieces import Piece, files_of, keep_drawn, missing, pieces_of
from .provenance import seal_of
from .report import REASON_CODES, TakeReport, report_path, write_report
from .sound import check_sound, sound_remarks, take_sounds

if TYPE_CHECKING:
    from ..engines.compositing import Drawn
    from ..media.deliverables import Deliverable
    from ..media.info import MediaInfo
    from ..media.sound_tracks import SoundTrack
    from ..media.writer import Seal
    from ..planning.plan import Plan
    from ..tasks.specs import JoinTask


LOGGER = logging.getLogger(__name__)

_AHEAD = 8  # frames that are drawn before they are written


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
    from ..planning.plan import make_plan

    refuse_device(engine, task.settings.device)
    began, cache = time.monotonic(), Cache(task.cache)
    plan = yield from make_plan(task.shot, task.settings, cache, inputs, wanted=task.plan)
    planned_s = time.monotonic() - began
    for said in remarks(task, plan.info, chosen):
        yield notice(said)
    work = _Work.of(task, plan, inputs, cache, start, end)
    drawing_began = time.monotonic()

    def report() -> Path:
        drawn_s = time.monotonic() - drawing_began
        LOGGER.info("%d frames drawn in %.2f s, planned in %.2f s", end - start, drawn_s, planned_s)
        work.refuse_changed()
        return write_report(_report(task, plan, start, end, work.drew_on, planned_s, drawn_s, chosen), task.output)

    # The take gets its name last of all: who waits for it finds all that belongs to it.
    with all_or_nothing() as made:
        pieces = work.pieces()
        yield from _draw_in_pieces(work, pieces, report, made) if pieces else _draw_at_once(work, report, made)
    if task.segment is None:  # whoever renders pieces looks after the cache itself, less often
        cache.prune()
    yield Finished(output=str(Path(task.output).absolute()), report=str(report_path(task.output).absolute()))


@dataclass(slots=True, kw_only=True, eq=False)
class _Work:
    """What is needed to draw and write the frames [start, end_exclusive) of a planned take."""

    task: RenderTask
    plan: Plan
    inputs: Inputs
    cache: Cache
    start: int
    end_exclusive: int
    row: Deliverable
    written: MediaInfo  # the source, as the writer is to see it
    timing: TakeTiming
    patcher: Patcher | None
    upright: Upright
    drew_on: str | None = None  # the device; None = nothing had to be drawn yet

    @staticmethod
    def of(task: RenderTask, plan: Plan, inputs: Inputs, cache: Cache, start: int, end: int) -> _Work:
        row, written = deliverable_of(task.output, task.settings, plan.info)
        return _Work(
            task=task,
            plan=plan,
            inputs=inputs,
            cache=cache,
            start=start,
            end_exclusive=end,
            row=row,
            written=written,
            timing=timing_of(plan.info, plan.array("frames")[start:end].tolist(), rate=STILL_RATE),
            patcher=None if task.settings.kind == "full" else Patcher.of(plan.info, written),
            upright=Upright(plan.info),
        )

    @property
    def count(self) -> int:
        return self.end_exclusive - self.start

    @property
    def suffix(self) -> str:
        return Path(self.task.output).suffix.lower()

    def pieces(self) -> tuple[Piece, ...]:
        """The pieces that the take is made of; none where it is drawn at once. A matte is not kept, so its frames are drawn."""
        if self.task.matte is not None or self.start % ENGINES.get(self.task.settings.engine).block:
            return ()
        return pieces_of(self.plan, self.task.settings, self.row, self.suffix, self.start, self.end_exclusive, self.cache)

    def drawn(self, start: int, end_exclusive: int) -> AbstractContextManager[Iterator[Drawn]]:
        """Some frames, drawn ahead of whoever takes them. What draws is imported here: where all is there already, nothing needs it."""
        from .frames import draw_frames

        give_memory_back()  # of planning
        settings = self.task.settings
        device = device_for(ENGINES.get(settings.engine), settings.device)
        self.drew_on = str(device)
        return prefetch(draw_frames(self.plan, start, end_exclusive, device), _AHEAD)

    def piece_writer(self, path: Path, piece: Piece) -> TakeWriter:
        frames = self.plan.array("frames")[piece.start : piece.end_exclusive].tolist()
        return TakeWriter(path, self.row, self.written, timing_of(self.plan.info, frames, rate=STILL_RATE))

    def write(self, take: TakeWriter, frame: Drawn) -> None:
        take.write(frame.picture if self.patcher is None else self.patcher.patch(frame))
        previews.offer(frame.number, frame.picture, self.upright)

    def heard_and_said(self) -> tuple[Sequence[SoundTrack], Seal | None]:
        """A segment is silent: the sound is encoded once over the whole, when segments are joined."""
        task, info = self.task, self.plan.info
        if task.segment:
            return (), None
        return take_sounds(task.shot, task.settings, info, self.plan.array("frames"), self.timing), seal_of(task.settings, self.row)

    def refuse_changed(self) -> None:
        """Raises: UnreadableMedia — a file holds something else than when the shot was planned."""
        from ..planning.plan import refuse_changed

        refuse_changed(self.task.shot, self.task.settings, self.inputs, self.cache, self.plan.facts.key)


def _draw_in_pieces(work: _Work, pieces: Sequence[Piece], report: Callable[[], Path], made: list[Path]) -> Iterator[Progress]:
    """Draws the pieces that are not there, then joins all of them."""
    runs = missing(pieces, work.cache)
    there = work.count - sum(piece.end_exclusive - piece.start for run in runs for piece in run)
    rate = ProgressRate("render", work.count, there)
    if there:
        yield Progress(stage="render", done=there, total=work.count)
    for run in runs:
        with work.drawn(run[0].start, run[-1].end_exclusive) as drawn:
            for _ in keep_drawn(run, drawn, work.suffix, work.cache, work.piece_writer, work.write, work.refuse_changed):
                yield rate.tick()
    finishing = Progress(stage="finish", done=work.count, total=work.count)
    yield finishing
    files = files_of(pieces, work.suffix, work.cache)
    made.append(report())
    sounds, seal = work.heard_and_said()
    for _ in join_pieces(work.task.output, work.row, work.written, work.timing, files, sounds=sounds, seal=seal):
        yield finishing
    made.append(Path(work.task.output))
    work.refuse_changed()


def _draw_at_once(work: _Work, report: Callable[[], Path], made: list[Path]) -> Iterator[Progress]:
    """Draws all frames into the take, and their matte beside it where one is wanted."""
    task = work.task
    sounds, seal = work.heard_and_said()
    rate = ProgressRate("render", work.count)
    with TakeWriter(task.output, work.row, work.written, work.timing, sounds=sounds, seal=seal) as take:
        with (
            _matte_writer(task, work.plan.info, work.timing) as matte,
            work.drawn(work.start, work.end_exclusive) as drawn,
        ):
            for frame in drawn:
                work.write(take, frame)
                if matte is not None:
                    matte.write_grey(_whole_matte(frame, work.plan.info.coded_size))
                yield rate.tick()
        if task.matte is not None:
            made.append(Path(task.matte))
        yield Progress(stage="finish", done=work.count, total=work.count)
        made.append(report())


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


def _matte_writer(task: RenderTask, info: MediaInfo, timing: TakeTiming) -> AbstractContextManager[TakeWriter | None]:
    if task.matte is None:
        return nullcontext()
    return TakeWriter(task.matte, format_for(task.matte, None, info), info, timing, grey=True)


def _report(
    task: RenderTask, plan: Plan, start: int, end: int, device: str | None, planned_s: float, drawn_s: float, chosen: Message | None
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
        covered=covered(plan, start, end),
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


def covered(plan: Plan, start: int, end: int) -> tuple[tuple[int, int], ...]:
    """Ranges of take frames (end exclusive) that are rendered and whose mouth something lies before."""
    found = (plan.array("covered")[start:end] > COVERED) & (plan.array("reasons")[start:end] == Reason.USABLE)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], found, [False]]))) + start
    return tuple(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def rounded(values: NDArray[np.float32]) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(v) else round(float(v), 4) for v in values)
