"""Says which part of its media a retimed clip of an AAF shows, after the adapter read it.

The adapter moves the edges of a clip beside a dissolve by frames of the timeline, whatever its speed is, leaves out where a curve begins,
and takes a retimed sequence for its first clip. Where a curve is there as lines between points, its frames are listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import opentimelineio as otio

from heygem_core.messages import words

from ..errors import BadTime
from ..exact_time import exact_rate, exact_seconds, exact_value, rational_time
from ..flatten import MAX_NESTS
from ..metadata import editor_value, set_own_values
from .bent_maps import Media, Point, baked

_CURVE = "PARAM_SPEED_OFFSET_MAP_U"  # frames of the source since its start at frames of the clip
_schema = otio.schema
_ZERO = Fraction(0)
_NEAR = Fraction(1, 100)  # of a frame


@dataclass(frozen=True, slots=True)
class SpeedFacts:
    """What the adapter does not say of the speeds in a file."""

    lines: bool  # curves that it calls linear are
    of_several: frozenset[tuple[int, int]]  # retimed sequences of several clips: (length, where the first clip's source begins), in frames


def speed_facts(file: Any) -> SpeedFacts:
    """file: as the library opens it."""
    import aaf2

    kinds = (aaf2.misc.ConstantInterp, aaf2.misc.LinearInterp, aaf2.misc.BezierInterpolator, aaf2.misc.CubicInterpolator)
    known = {str(each) for each in kinds}  # what it calls by their names; every other one is linear to it
    groups = (each for mob in file.content.compositionmobs() for slot in mob.slots for each in _groups(slot.segment, 0))
    return SpeedFacts(
        lines=all(str(each.auid) in known for each in file.dictionary["InterpolationDefinitions"].value),
        of_several=frozenset(key for group in groups if (key := _several_in(group)) is not None),
    )


def _groups(segment: Any, depth: int) -> Iterator[Any]:
    """The effects in a segment of the library's, outer ones first."""
    if segment is None or depth > MAX_NESTS:
        return
    if type(segment).__name__ == "OperationGroup":
        yield segment
    for each in (*getattr(segment, "components", ()), *getattr(segment, "segments", ())):
        yield from _groups(each, depth + 1)


def _several_in(group: Any) -> tuple[int, int] | None:
    if not group.operation["IsTimeWarp"].value:
        return None
    inside = [each for segment in group.segments for each in getattr(segment, "components", ())]
    first = next((each.start for each in inside if type(each).__name__ == "SourceClip"), None)
    return (group.length, first) if len(inside) > 1 and first is not None else None


def set_speeds(timeline: Any, facts: SpeedFacts) -> None:
    """Corrects the retimed clips of a timeline."""
    for track in timeline.find_children(descended_from_type=_schema.Track):
        items = list(track)
        for index, item in enumerate(items):
            if not isinstance(item, _schema.Clip) or item.source_range is None or not len(item.effects):
                continue
            sides = (items[place] if 0 <= place < len(items) else None for place in (index - 1, index + 1))
            before, after = (each if isinstance(each, _schema.Transition) else None for each in sides)
            try:
                _set_speed(item, _seconds_of(before, "in_offset"), _seconds_of(after, "out_offset"), facts)
            except BadTime:
                continue  # it is told where the clip is looked at


def _seconds_of(transition: Any, name: str) -> Fraction:
    """Seconds of a dissolve on one side of its cut."""
    return exact_seconds(getattr(transition, name)) if transition is not None else _ZERO


def _set_speed(clip: Any, into: Fraction, out_of: Fraction, facts: SpeedFacts) -> None:
    """into, out_of: seconds of the dissolves before its first cut and after its last one."""
    timed = [each for each in clip.effects if isinstance(each, _schema.TimeEffect)]
    if len(timed) != 1:
        return
    effect, rate = timed[0], exact_rate(clip.source_range.start_time.rate)
    start, length = exact_seconds(clip.source_range.start_time) - into, exact_seconds(clip.source_range.duration)
    if (editor_value(effect, "AAF", "Length"), round(start * rate)) in facts.of_several:
        set_own_values(clip, host_only=words("clip.nest-own-speed"))  # the adapter gives all of it to the first clip
        return
    points = tuple((start_of / rate, value / rate) for start_of, value in _points(effect))
    if not isinstance(effect, _schema.LinearTimeWarp):
        low = _bake(clip, effect, points, (start, into, length, rate)) if facts.lines and _is_linear(effect) else None
    else:
        speed, whole = exact_value(effect.time_scalar), into + length + out_of
        begins = points[0][1] - points[0][0] * speed if points else _ZERO
        if speed < 0 and abs(begins * rate) > _NEAR and abs(begins + speed * whole) * rate > 1:
            set_own_values(clip, host_only=words("clip.unknown-speed"))  # where it begins can be meant in two ways
        low = start + begins + into * speed if speed >= 0 else start + out_of * -speed
    if low is not None:
        clip.source_range = otio.opentime.TimeRange(rational_time(low, rate), clip.source_range.duration)


def _bake(clip: Any, effect: Any, points: tuple[Point, ...], shown: tuple[Fraction, Fraction, Fraction, Fraction]) -> Fraction | None:
    """The second of the media at which the curve's first frame begins, its frames listed; None = it is not all there.

    shown: (second of the media where the curve counts from, second of the clip at its first cut, its length, its rate).
    """
    start, into, length, rate = shown
    available = clip.media_reference.available_range if clip.media_reference is not None else None
    media = Media(
        rate=rate,
        begins=_ZERO if available is None else exact_seconds(available.start_time),
        length=None if available is None else exact_seconds(available.duration),
    )
    made = baked(tuple((at, start + value) for at, value in points), media, into, length, rate)
    if made is None:
        return None
    made.list_in(effect)
    return made.low


def _points(effect: Any) -> Iterator[Point]:
    """(frame of the clip, frame of the source since its start)."""
    curve = _curve_of(effect)
    for each in (curve["keyframe_values"] or ()) if curve is not None and "keyframe_values" in list(curve.keys()) else ():
        if len(each) == 2 and all(isinstance(number, (int, float)) for number in each):
            yield exact_value(float(each[0])), exact_value(float(each[1]))


def _is_linear(effect: Any) -> bool:
    curve = _curve_of(effect)
    return curve is not None and "keyframe_interpolation" in list(curve.keys()) and curve["keyframe_interpolation"] == "Linear"


def _curve_of(effect: Any) -> Any:
    parameters = editor_value(effect, "AAF", "Parameters")
    curve = parameters[_CURVE] if hasattr(parameters, "keys") and _CURVE in list(parameters.keys()) else None
    return curve if hasattr(curve, "keys") else None
