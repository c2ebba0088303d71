"""The report beside every take: what was decided, which frames stayed as they were and why, and what the mouth should do."""

from __future__ import annotations

from pathlib import Path

from msgspec import field

from ..errors import SpecError
from ..face.reasons import Reason
from ..media.output import output_errors, part_path, publish
from ..messages import Message
from ..planning.plan_facts import PlanFacts
from ..quality.figures import Quality
from ..quality.weak_frames import APART, LOST
from ..shot import Struct, from_json, to_json

REPORT_VERSION = 1
REASON_CODES = {**{reason.words: reason.code for reason in Reason}, LOST: "weak.lost", APART: "weak.apart"}
"""Reasons as reports write them → their codes in `messages`."""


class TakeReport(Struct, frozen=True, kw_only=True):
    """One take. Frames are the take's, from 0; ranges end before their second number."""

    take: str  # file name
    plan: PlanFacts
    start: int  # of this piece within the planned take
    end_exclusive: int
    passed_through: dict[str, list[tuple[int, int]]]  # reason → frame ranges that are the source's own
    wanted_opening: tuple[float | None, ...]  # lip opening per frame, eye distances; None = passed through
    wanted_width: tuple[float | None, ...]
    wanted_gap: tuple[float | None, ...] | None = None  # signed distance of the inner lips down the face; None = an older report
    device: str | None  # None = nothing was drawn, or its pieces do not tell or agree
    planning_s: float | None
    rendering_s: float | None  # of all pieces together
    reason_codes: dict[str, str] = field(default_factory=dict)  # of `passed_through` and `weak`: reason → its code; empty = an older report
    remarks: tuple[str, ...] = ()  # what to know about this file wherever it goes, a sentence each
    remark_messages: tuple[Message, ...] = ()  # the same with their codes
    covered: tuple[tuple[int, int], ...] = ()  # frame ranges whose mouth something lies before: that part is the source's own
    quality: Quality | None = None  # filled in by `heygem measure`
    weak: tuple[tuple[int, int, str], ...] | None = None  # frames that deserve a look, ends exclusive, with the reason; None = not measured
    version: int = REPORT_VERSION


def report_path(take: str | Path) -> Path:
    """Where the report of a take lies."""
    take = Path(take)
    return take.with_name(f"{take.name}.report.json")


def write_report(report: TakeReport, take: str | Path) -> Path:
    """Writes the report whole or not at all. Raises: OutputError."""
    path = report_path(take)
    part = part_path(path)
    with output_errors(path):
        part.write_bytes(to_json(report))
    publish(part, path)
    return path


def read_report(take: str | Path) -> TakeReport | None:
    """The report beside a take, None where there is none. Raises: SpecError — not a report of this version."""
    path = report_path(take)
    if not path.is_file():
        return None
    try:
        return from_json(path.read_bytes(), TakeReport)
    except SpecError as error:
        raise SpecError("report.unreadable", file=path.name) from error
