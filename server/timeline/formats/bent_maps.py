"""Bakes a time map of FCPXML that changes its speed: the frame of the media at each frame of the timeline, where the whole curve is there.

Between points that are all linear the document says every moment; what runs on smoothly between points only Final Cut knows.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import opentimelineio as otio

from ..exact_time import round_half_up
from .xml_safe import time_of

_MOST_FRAMES = 100_000  # of one clip
_NOISE = Fraction(1, 10_000)  # of a frame
Point = tuple[Fraction, Fraction]  # (second of the clip's own time, second of the media's)


@dataclass(frozen=True, slots=True, kw_only=True)
class BentMap:
    """What a clip whose speed changes shows."""

    points: tuple[Point, ...]
    low: Fraction  # second of the media at which its first picture begins
    frames: tuple[int, ...]  # of the media, counted from that one, at each frame of the timeline

    def value_at(self, time: Fraction) -> Fraction:
        return _value_at(self.points, time)[0]

    def effect(self) -> Any:
        """As Hiero and Nuke Studio write it: how many frames the picture is off from where the clip's constant speed would be."""
        return otio.schema.TimeEffect(
            effect_name="TimeWarp", metadata={"lookup": [float(frame - number) for number, frame in enumerate(self.frames)]}
        )


def bent_map(
    element: Element, begins: Fraction, local: Fraction, duration: Fraction, rate: Fraction, media_rate: Fraction
) -> BentMap | None:
    """None = the curve is not all there. begins: what the media call their first picture. local, duration: the part that shows."""
    count = round_half_up(duration * rate)
    written = element.findall("timeMap/timept")
    points = tuple((time_of(each.get("time")), time_of(each.get("value"))) for each in written)
    if not 0 < count <= _MOST_FRAMES or len(points) < 2 or any(one[0] >= other[0] for one, other in pairwise(points)):
        return None
    last = local + Fraction(count - 1) / rate
    if not points[0][0] <= local <= last <= points[-1][0]:
        return None
    for place, each in enumerate(written):
        inner = 0 < place < len(points) - 1
        near = points[max(place - 1, 0)][0] < last and points[min(place + 1, len(points) - 1)][0] > local
        if inner and near and each.get("interp") != "linear":
            return None
    frames = []
    for number in range(count):
        value, forward = _value_at(points, local + Fraction(number) / rate)
        at = (value - begins) * media_rate
        frames.append(math.floor(at + _NOISE) if forward else math.ceil(at - _NOISE) - 1)
    return BentMap(points=points, low=begins + frames[0] / media_rate, frames=tuple(each - frames[0] for each in frames))


def _value_at(points: Sequence[Point], time: Fraction) -> tuple[Fraction, bool]:
    """(second of the media, whether it plays forwards or stands there); beyond the points it goes on as between the nearest two."""
    place = min(max(bisect_right(points, time, key=lambda point: point[0]) - 1, 0), len(points) - 2)
    (t1, v1), (t2, v2) = points[place], points[place + 1]
    return v1 + (v2 - v1) * (time - t1) / (t2 - t1), v2 >= v1
