"""Makes a take in pieces: which segments there are and what each depends on (`plan_shot`), and how they are put together (`join`).

Segments are cut along the blocks in which frames are drawn, so that a piece is computed exactly as within the whole. Their
keys hash what the plan says about their own frames and nothing else: where new speech leaves a second as it was, the
second's key stays, and its file can be used again. Segments are silent; `join` encodes the sound once over the whole take.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from ..engines.choice import settled
from ..engines.registry import ENGINES
from ..engines.requirements import check_engine, device_for
from ..media.deliverables import DELIVERABLES
from ..media.joiner import join_pieces
from ..media.output import check_output
from ..media.take_timing import timing_of
from ..messages import Message, message_of
from ..planning.frame_map import STILL_RATE
from ..planning.generation import missing_ranges
from ..shot import Event, Finished, Notice, Progress, RenderSettings
from ..storage.cache import Cache
from ..tasks.specs import GenerateTask, JoinTask, Planned, PlannedSegment, PlanTask, ToGenerate
from .inputs import open_inputs
from .patch import deliverable_of
from .pieces import key_of_frames, length_of_pieces
from .provenance import seal_of
from .render import all_or_nothing, covered, passed_through, remarks, rounded
from .report import REASON_CODES, TakeReport, read_report, report_path, write_report
from .sound import take_sounds

if TYPE_CHECKING:
    from ..planning.plan import Plan
    from ..shot import DeviceName


def plan_shot(task: PlanTask) -> Generator[Event, None, Planned | ToGenerate]:
    """Makes the plan of a shot, or finds it; says which segments it has and what was there already.

    With `hand_out_generation`, where blocks have to be generated before the plan can be decided: says which, and makes no plan.

    Raises: InputError, NoUsableFace, SetupError, OutputError, SpecError.
    """
    yield Progress(stage="probe", done=0)
    inputs = open_inputs(task.shot, task.settings)
    settings, chosen = settled(task.settings, task.draws_on)
    task = replace(task, settings=settings)
    engine = ENGINES.get(task.settings.engine)
    check_engine(engine, inputs.info)
    # What cannot be drawn here is not worth planning, unless other machines draw it.
    device = task.draws_on or cast("DeviceName", device_for(engine, task.settings.device).type)
    task = replace(task, settings=replace(task.settings, device=device))  # “auto” is decided once for a whole take, and stands in every key
    if task.settings.format is not None:  # and what the format cannot hold
        deliverable_of(f"take{DELIVERABLES.get(task.settings.format).suffixes[0]}", task.settings, inputs.info)
    from ..planning.plan import make_plan, outline_generation

    cache = Cache(task.cache)
    if task.hand_out_generation:
        blocks = yield from outline_generation(task.shot, task.settings, cache, inputs)
        ranges = missing_ranges(blocks, cache, task.segment_frames)
        if ranges:
            return ToGenerate(ranges=ranges, device=device, engine=task.settings.engine, chosen=chosen)
    told: list[Event] = []
    work = make_plan(task.shot, task.settings, cache, inputs)
    plan = yield from _collect_events(work, told)
    stages = {event.stage for event in told if isinstance(event, Progress)}
    return Planned(
        key=plan.facts.key,
        frames=plan.facts.frames,
        rate=None if inputs.frames.timing.variable else inputs.frames.timing.rate,
        segments=tuple(_segments(plan, task.settings, task.segment_frames, cache)),
        reused_tracks="track" not in stages,
        reused_motion="speech" not in stages,
        reused_plan="plan" not in stages,
        transparent=inputs.info.has_alpha,
        device=device,
        engine=task.settings.engine,
        chosen=chosen,
        notices=tuple(event.message for event in told if isinstance(event, Notice)),
        notice_messages=tuple(message_of(event) for event in told if isinstance(event, Notice)),
    )


def generate(task: GenerateTask) -> Generator[Event, None, None]:
    """Makes the blocks that lie in a range of the take, as far as they are not there.

    Raises: InputError, NoUsableFace, SetupError, OutputError, SpecError.
    """
    yield Progress(stage="probe", done=0)
    inputs = open_inputs(task.shot, task.settings)
    task = replace(task, settings=settled(task.settings)[0])
    check_engine(ENGINES.get(task.settings.engine), inputs.info)
    from ..planning.plan import generate_range

    yield from generate_range(task.shot, task.settings, Cache(task.cache), inputs, task.start, task.end_exclusive)


def _collect_events(work: Generator[Event, None, Plan], told: list[Event]) -> Generator[Event, None, Plan]:
    """Passes events on and collects one of each stage, and all notices, in `told`."""
    while True:
        try:
            event = next(work)
        except StopIteration as end:
            plan: Plan = end.value
            return plan
        if not (isinstance(event, Progress) and told and isinstance(told[-1], Progress) and told[-1].stage == event.stage):
            told.append(event)
        yield event


def _segments(plan: Plan, settings: RenderSettings, longest: int | None, cache: Cache) -> Iterator[PlannedSegment]:
    count = plan.facts.frames
    step = count if longest is None else _cut(longest, length_of_pieces(plan, settings), ENGINES.get(settings.engine).block)
    for start in range(0, count, step):
        end = min(start + step, count)
        yield PlannedSegment(start=start, end_exclusive=end, key=key_of_frames(plan, settings, start, end, cache, settings.format))


def _cut(longest: int, *units: int) -> int:
    """Frames of a segment: whole pieces where one fits in, else whole blocks."""
    return next((longest - longest % unit for unit in units if unit <= longest), units[-1])


def join(task: JoinTask) -> Generator[Event, None, Finished]:
    """Makes the take of its segments by packet copy, checks it and writes its report; returns (and yields) Finished.

    Raises: InputError, NoUsableFace, OutputError, SetupError, SpecError.
    """
    began = time.monotonic()
    yield Progress(stage="probe", done=0)
    inputs = open_inputs(task.shot, task.settings)
    settings, chosen = settled(task.settings)
    chosen, task = task.chosen or chosen, replace(task, settings=settings)
    row, written = deliverable_of(task.output, task.settings, inputs.info)
    seal = seal_of(task.settings, row)
    for path in (task.output, report_path(task.output)):
        check_output(path, [task.shot.video, task.shot.speech, *task.pieces])
    from ..planning.plan import make_plan, refuse_changed

    cache = Cache(task.cache)
    plan = yield from make_plan(task.shot, task.settings, cache, inputs, wanted=task.plan)
    planned_s = time.monotonic() - began
    frames = plan.array("frames")
    timing = timing_of(plan.info, frames.tolist(), rate=STILL_RATE)
    sounds = take_sounds(task.shot, task.settings, plan.info, frames, timing)
    with all_or_nothing() as made:
        # Whoever waits for the take finds its report there: the take gets its name last.
        made.append(write_report(_report(task, plan, planned_s, chosen), task.output))
        for done in join_pieces(task.output, row, written, timing, task.pieces, sounds=sounds, seal=seal):
            yield Progress(stage="finish", done=done, total=len(frames))
        made.append(Path(task.output))
        refuse_changed(task.shot, task.settings, inputs, cache, plan.facts.key)
    finished = Finished(output=str(Path(task.output).absolute()), report=str(report_path(task.output)))
    yield finished
    return finished


def _report(task: JoinTask, plan: Plan, planned_s: float, chosen: Message | None) -> TakeReport:
    told = remarks(task, plan.info, chosen)
    pieces = [read_report(piece) for piece in task.pieces]
    devices = {None if piece is None else piece.device for piece in pieces}
    times = [None if piece is None else piece.rendering_s for piece in pieces]
    count = plan.facts.frames
    return TakeReport(
        reason_codes=REASON_CODES,
        remarks=tuple(said.message for said in told),
        remark_messages=told,
        take=Path(task.output).name,
        plan=plan.facts,
        start=0,
        end_exclusive=count,
        passed_through=passed_through(plan, 0, count),
        covered=covered(plan, 0, count),
        wanted_opening=rounded(plan.array("opening")),
        wanted_width=rounded(plan.array("width")),
        wanted_gap=rounded(plan.array("gap")),
        device=devices.pop() if len(devices) == 1 else None,
        planning_s=round(planned_s, 2),
        rendering_s=None if None in times else round(sum(t for t in times if t is not None), 2),
    )
