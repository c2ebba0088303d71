"""Measures a finished take against the footage it was made from, by its report."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..errors import InputError, NoSound, NoUsableFace, SpecError
from ..media.probe import probe
from ..media.sound import read_speech
from ..planning.frame_map import STILL_RATE, frames_under
from ..rendering.report import REASON_CODES, TakeReport, read_report, report_path, write_report
from ..shot import Event, Finished, Progress
from ..storage.cache import Cache
from ..tasks.specs import MeasureTask
from .compare import TargetCurves, compare_observations, landmark_distance
from .curves import closures, match_curves, source_mouth_trace
from .figures import Likeness, Quality, SyncScore
from .observe import Observation, observe
from .own_speech import own_speech
from .weak_frames import weak_ranges

if TYPE_CHECKING:
    from ..media.info import MediaInfo

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeMeasurement:
    """The metrics of a take and the observations they were computed from."""

    quality: Quality
    seen: Observation  # the take
    source: Observation | None  # the footage, from the shot's first frame on
    under: NDArray[np.int64] | None  # (T,) which frame of `source` lies under each frame of the take
    wanted: TargetCurves | None


def measure_take(
    take: str | Path, source: str | Path | None = None, *, syncnet: str | Path | None = None, cache: str | Path | None = None
) -> Quality:
    """The quality of a take; kept in its report where it has one.

    Figures that compare with the source are None where its footage is gone or a still, those that compare with the wanted
    curves where there is no report. syncnet: path of `syncnet_v2.model`. Raises: InputError, NoUsableFace, OutputError,
    SpecError, MissingWeights.
    """
    measurement = examine_take(take, source, syncnet=syncnet, cache=cache)
    report = read_report(take)
    if report is not None and measurement.wanted is not None:
        weak = weak_ranges(measurement.wanted.opening, measurement.seen.opening, float(_probed(take).rate or STILL_RATE))
        write_report(replace(report, quality=measurement.quality, weak=weak, reason_codes=REASON_CODES), take)
    return measurement.quality


def measure_task(task: MeasureTask) -> Generator[Event, None, None]:
    """`measure_take` as a task: the figures go into the take's report. Raises: as `measure_take`; SpecError — it has no report."""
    yield Progress(stage="measure", done=0)
    if read_report(task.take) is None:
        raise SpecError("take.no-report", file=Path(task.take).name)
    measure_take(task.take, task.source, cache=task.cache)
    yield Finished(output=task.take, report=str(report_path(task.take)))


def examine_take(
    take: str | Path,
    source: str | Path | None = None,
    *,
    syncnet: str | Path | None = None,
    cache: str | Path | None = None,
    footage: Observation | None = None,
) -> TakeMeasurement:
    """Measures a take and keeps what was seen. `footage`: the shot's source, where it was observed already. Raises: as `measure_take`."""
    net = _network(syncnet) if syncnet is not None else None  # a mistyped path is told before the long work
    report, info = read_report(take), _probed(take)
    face = report.plan.face if report else None
    seen = run_to_end(observe(info, face=face))
    wanted = _wanted(report) if report else None
    if footage is None:
        footage = _footage(source or (report.plan.shot.video if report else None), report)
    quality = compare_observations(seen, footage or seen, float(info.rate or STILL_RATE), wanted)
    if footage is None:  # a take compared with itself says nothing
        quality = replace(quality, sharpness=None, flicker=None, rim=None, teeth=None)
    under = None
    if report is None:
        quality = replace(quality, own_speech=own_speech(seen, info, _samples(take)))
    else:
        under = _frames_under(report, len(seen.usable), footage)
        quality = replace(quality, likeness=_likeness(report, info, cache))
        if footage is not None and under is not None and wanted is not None:
            quality = _compare_with_source_mouth(
                quality, report, seen, _source_mouth(footage, under), wanted, float(info.rate or STILL_RATE)
            )
    if net is not None:
        quality = replace(quality, syncnet=net(info, seen, _samples(take)))
    return TakeMeasurement(quality=quality, seen=seen, source=footage, under=under, wanted=wanted)


def _probed(path: str | Path) -> MediaInfo:
    """Facts of a file that is only looked at: interlaced pictures too, as a take of them was made from whole ones."""
    return probe(path, deinterlace=True)


def _footage(path: str | Path | None, report: TakeReport | None) -> Observation | None:
    """The source's frames of the shot; None where they are gone, a still, or show no usable face."""
    if path is None or not Path(path).is_file() or (info := _probed(path)).kind != "video":
        return None
    shot = report.plan.shot if report else None
    face = report.plan.face if report else None
    try:
        return run_to_end(observe(info, shot.start if shot else 0, shot.end_exclusive if shot else None, face=face))
    except (NoUsableFace, SpecError):  # the shot may be so short that the person is found only with what lies around it
        return None


def _frames_under(report: TakeReport, frames: int, footage: Observation | None) -> NDArray[np.int64] | None:
    """Rows of the footage below the take's frames; None where they can no longer be known."""
    shot = report.plan.shot
    try:
        info = _probed(shot.video)
        numbers = frames_under(info, shot.start, shot.end_exclusive, report.plan.settings.fit, shot.speed, report.plan.frames, shot.shows)
    except InputError:
        return None
    numbers = numbers[report.start : report.end_exclusive] - shot.start
    fits = footage is not None and len(numbers) == frames and numbers.min() >= 0 and numbers.max() < len(footage.usable)
    return np.asarray(numbers) if fits else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SourceMouth:
    """The mouth under the take, frame by frame."""

    opening: NDArray[np.float32]
    gap: NDArray[np.float32]
    shapes: NDArray[np.float32]


def _source_mouth(footage: Observation, under: NDArray[np.int64]) -> _SourceMouth:
    return _SourceMouth(opening=footage.opening[under], gap=footage.gap[under], shapes=footage.shapes[under])


def _compare_with_source_mouth(
    quality: Quality, report: TakeReport, seen: Observation, old: _SourceMouth, wanted: TargetCurves, fps: float
) -> Quality:
    """The real mouth is what is hoped for where the take says the same, and what must not be found where it says something else."""
    if not has_source_speech(report):
        return replace(quality, trace=source_mouth_trace(seen.opening, old.opening, wanted.opening))
    return replace(
        quality,
        real_opening=match_curves(old.opening, seen.opening, fps),
        real_closures=closures(old.gap, seen.gap),
        landmark_distance=landmark_distance(seen, old.shapes),
    )


def has_source_speech(report: TakeReport) -> bool:
    """Whether the speech is the source's own, at its own place."""
    shot = report.plan.shot
    if Path(shot.video) != Path(shot.speech) or shot.speed != 1 or shot.shows:
        return False
    try:
        return abs(_probed(shot.video).time_of(shot.start) - shot.speech_start) < 0.02
    except InputError:
        return False


def _likeness(report: TakeReport, info: MediaInfo, cache: str | Path | None) -> Likeness | None:
    from ..planning.plan import open_plan
    from .source_similarity import likeness

    folder = Cache(cache).entry("plans", report.plan.key)
    try:
        source = _probed(report.plan.shot.video)
        comparable = info.coded_size == source.coded_size and info.frame_count == report.end_exclusive - report.start
        if folder is None or info.has_alpha or not comparable:
            return None
        plan = open_plan(folder, source)
        compared = list(likeness(info, plan, report.start, report.end_exclusive, same_speech=has_source_speech(report)))
    except (InputError, SpecError):  # the footage is gone, or the plan is another version's
        return None
    return next(step for step in compared if isinstance(step, Likeness))


_SyncScorer = Callable[["MediaInfo", Observation, NDArray[np.float32]], "SyncScore | None"]


def _network(weights: str | Path) -> _SyncScorer:
    """SyncNet with a user's weights, loaded only where it is wanted."""
    from .syncnet import load_syncnet, score_video

    net = load_syncnet(weights)

    def score_sync(info: MediaInfo, seen: Observation, samples: NDArray[np.float32]) -> SyncScore | None:
        return score_video(net, info, np.where(seen.usable[:, None, None], seen.points, np.nan), samples)

    return score_sync


def _samples(video: str | Path) -> NDArray[np.float32]:
    """The video's own sound, mono at 16 kHz; empty where it has none."""
    try:
        return read_speech(video).samples
    except NoSound:
        return np.zeros(0, np.float32)


def run_to_end(work: Generator[object, None, _T]) -> _T:
    """Runs a generator of progress to its end and gives what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            returned: _T = end.value
            return returned


def _wanted(report: TakeReport) -> TargetCurves:
    gap = None if report.wanted_gap is None else _curve(report.wanted_gap)
    return TargetCurves(opening=_curve(report.wanted_opening), width=_curve(report.wanted_width), gap=gap)


def _curve(values: tuple[float | None, ...]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else v for v in values])
