"""Lip-sync core: a library about faces, speech and pictures. It knows no server, no editor and no database.

    from heygem_core import RenderSettings, Shot, render

    shot = Shot(video="interview.mov", speech="new-line.wav", start=100, end_exclusive=200)
    take = render(shot, "take.mov", RenderSettings(fit="hold"))
    for reason, ranges in take.report.passed_through.items():
        print(reason, ranges)

`render` makes a take, `plan` decides a shot and renders nothing, `measure` looks at a finished take. All three block until they are done
and raise errors of `heygem_core.errors`. Importing this package loads neither torch nor NumPy: each function loads what it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .shot import Event, Notice, RenderSettings, RenderTask, Shot

if TYPE_CHECKING:
    from .planning.plan import Plan
    from .quality.figures import Quality
    from .rendering.report import TakeReport

__all__ = ["RenderSettings", "Shot", "Take", "measure", "plan", "render"]

_T = TypeVar("_T")
_AnyPath = str | PathLike[str]
_OnEvent = Callable[[Event], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A finished take."""

    path: Path
    report: TakeReport  # what was decided, which frames stayed as they were and why, what the mouth should do
    report_path: Path  # where the same lies as JSON, beside the take
    matte_path: Path | None = None  # a grey video of where pixels changed, if one was asked for
    notices: tuple[str, ...] = ()  # what the user should know, one sentence each

    @staticmethod
    def open(path: _AnyPath) -> Take:
        """A take that was rendered before. Raises: MediaNotFound — no such file; SpecError — it has no report."""
        from .errors import MediaNotFound, SpecError
        from .rendering.report import read_report, report_path

        take = Path(path)
        if not take.is_file():
            raise MediaNotFound("take.not-found", path=take)
        report = read_report(take)
        if report is None:
            raise SpecError("take.no-report", file=take.name)
        return Take(path=take, report=report, report_path=report_path(take), notices=report.plan.notices)


def render(
    shot: Shot,
    output: _AnyPath,
    settings: RenderSettings | None = None,
    *,
    matte: _AnyPath | None = None,
    cache: _AnyPath | None = None,
    on_event: _OnEvent | None = None,
) -> Take:
    """Makes the person in a shot's video say its speech and writes the take to `output`; either all its files are left or none.

    settings: None = the defaults. matte: path of a grey video of where pixels changed. cache: folder of what can be used again, None =
    $HEYGEM_CACHE or this user's cache folder. on_event is called with each `Progress` and `Notice`; an exception in it cancels the render.

    Raises: InputError, NoUsableFace, OutputError, SetupError, SpecError.
    """
    from .rendering.render import render as work

    notices: list[str] = []

    def tell(event: Event) -> None:
        if isinstance(event, Notice):
            notices.append(event.message)
        if on_event is not None:
            on_event(event)

    task = RenderTask(
        shot=shot,
        settings=settings or RenderSettings(),
        output=str(output),
        matte=None if matte is None else str(matte),
        cache=None if cache is None else str(cache),
    )
    _run(work(task), tell)
    made = Take.open(output)
    return Take(
        path=made.path,
        report=made.report,
        report_path=made.report_path,
        matte_path=None if matte is None else Path(matte),
        notices=tuple(notices),
    )


def plan(shot: Shot, settings: RenderSettings | None = None, *, cache: _AnyPath | None = None, on_event: _OnEvent | None = None) -> Plan:
    """Decides a shot and renders nothing: `Plan.facts` says who speaks and what the user should know, `Plan.array` holds the frames, the
    reasons why some pass through, and the mouth that each frame shall show. A render of the same shot then uses this plan.

    Parameters as of `render`. Raises: InputError, NoUsableFace, OutputError, SetupError, SpecError.
    """
    from .engines.choice import settled
    from .planning.plan import make_plan
    from .storage.cache import Cache

    return _run(make_plan(shot, settled(settings or RenderSettings())[0], Cache(None if cache is None else Path(cache))), on_event)


def measure(take: Take | _AnyPath, *, source: _AnyPath | None = None, cache: _AnyPath | None = None) -> Quality:
    """Looks at a finished take again and says how well its mouth does what was wanted; the figures also go into its report.

    source: the footage, None = as the report says. cache: as of `render`. Raises: InputError, NoUsableFace, SetupError, SpecError.
    """
    from .quality.measure import measure_take

    path = take.path if isinstance(take, Take) else Path(take)
    return measure_take(path, None if source is None else Path(source), cache=None if cache is None else Path(cache))


def _run(work: Generator[Event, None, _T], tell: _OnEvent | None) -> _T:
    """Runs a generator of events to its end and returns what it returns; where `tell` fails, the work cleans up."""
    try:
        while True:
            event = next(work)
            if tell is not None:
                tell(event)
    except StopIteration as end:
        result: _T = end.value
        return result
    finally:
        work.close()
