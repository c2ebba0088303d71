"""Finds the name, the frame rate and the first timecode of a timeline."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opentimelineio as otio

from heygem_core.media import timecode

from .conform_types import Sequence
from .errors import BadTime, UnreadableTimeline
from .exact_time import bounded_number, exact_rate, exact_seconds, exact_value, round_half_up
from .metadata import editor_value, own_value


def sequence_of(timeline: Any, rate: Fraction | None = None) -> Sequence:
    """Name, rate and start of a timeline. Raises: UnreadableTimeline — nothing in it says a rate."""
    start = timeline.global_start_time
    said = _editors_rate(timeline)
    rate = rate or said or _frame_rate(start) or _commonest_rate(timeline)
    if rate is None:
        raise UnreadableTimeline("timeline.no-rate")
    own = _frame_rate(start) if said is None or _frame_rate(start) == said else None  # a start in other units than the editor's frames
    try:
        frame = round_half_up(exact_value(start.value) if own else exact_seconds(start) * rate) if start is not None else 0
    except BadTime:
        frame = 0
    drop = own_value(timeline, "drop_frame")
    return Sequence(
        name=timeline.name or "Timeline",
        rate=rate,
        start_frame=frame,
        drop_frame=timecode.may_drop(rate) and (_begins_at_a_dropped_hour(frame, rate) if drop is None else bool(drop)),
    )


def _editors_rate(timeline: Any) -> Fraction | None:
    """What Premiere says of its sequence, which the times of clips need not be counted in."""
    for holder in (timeline, timeline.tracks):
        said = editor_value(holder, "PremierePro_OTIO", "VideoFrameRate")
        if hasattr(said, "rate") and hasattr(said, "value"):  # a time: so many frames in a second, or one frame's length
            said = said.rate if said.value == 1 else said.value
        if isinstance(said, str):
            said = float(number) if (number := _number_in(said)) is not None else None
        if isinstance(said, (int, float)) and not isinstance(said, bool):
            try:
                rate = exact_rate(float(said))
            except BadTime:
                continue
            if 5 <= rate <= 1000:
                return rate
    return None


def _number_in(text: str) -> Fraction | None:
    try:
        return bounded_number(text.strip())
    except UnreadableTimeline:
        return None


def _begins_at_a_dropped_hour(frame: int, rate: Fraction) -> bool:
    """Whether a timeline that does not say so counts drop-frame: only where its first frame is a full hour in that count alone. At
    29.97 most are not drop-frame, and a count of frames names none."""
    per_hour = timecode.frames_per_day(rate, drop=True) // 24
    return frame > 0 and frame % per_hour == 0 and frame % (timecode.nominal(rate) * 3600) != 0


def _frame_rate(time: Any) -> Fraction | None:
    try:
        rate = exact_rate(time.rate) if time is not None else None
    except BadTime:
        return None
    return rate if rate is not None and 5 <= rate <= 1000 else None


def _commonest_rate(timeline: Any) -> Fraction | None:
    counts: dict[Fraction, int] = {}
    for item in timeline.find_children(descended_from_type=otio.core.Item):
        source = getattr(item, "source_range", None)
        rate = _frame_rate(source.duration) if source is not None else None
        if rate is not None:
            counts[rate] = counts.get(rate, 0) + 1
    return max(counts, key=counts.__getitem__, default=None)
