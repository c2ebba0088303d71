"""Measures a finished take against the footage it was made from, by its report."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
from msgspec.structs import replace

from .media.probe import probe
from .observe import observe
from .quality import Quality, Wanted, measure
from .report import read_report, write_report
from .timeline import STILL_RATE

_T = TypeVar("_T")


def measure_take(take: str | Path, source: str | Path | None = None) -> Quality:
    """The quality of a take; kept in its report where it has one.

    Figures that compare with the source are None where its footage is gone or a still, those that compare with the wanted
    curves where there is no report. Raises: InputError, NoUsableFace, OutputError, SpecError.
    """
    report = read_report(take)
    info = probe(take)
    face = report.plan.face if report else None
    seen = result_of(observe(info, face=face))
    wanted, before = None, None
    if report is not None:
        wanted = Wanted(opening=_curve(report.wanted_opening), width=_curve(report.wanted_width))
        source = source or report.plan.shot.video
    if source is not None and Path(source).is_file() and (footage := probe(source)).kind == "video":
        shot = report.plan.shot if report else None
        before = result_of(observe(footage, shot.start if shot else 0, shot.end_exclusive if shot else None, face=face))
    quality = measure(seen, before or seen, float(info.rate or STILL_RATE), wanted)
    if before is None:  # a take compared with itself says nothing
        quality = replace(quality, sharpness=None, flicker=None, rim=None, teeth=None)
    if report is not None:
        write_report(replace(report, quality=quality), take)
    return quality


def result_of(work: Generator[object, None, _T]) -> _T:
    """Runs a generator of progress to its end and gives what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


def _curve(values: tuple[float | None, ...]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values])
