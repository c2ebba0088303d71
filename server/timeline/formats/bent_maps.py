"""Bakes a curve of a clip whose speed changes: the frame of the media at each frame of the timeline, where the document holds all of it.

Between points that are all linear the document says every moment; what runs on smoothly between points only the editor knows.
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
from ..metadata import set_own_values
from .xml_safe import time_of

_MOST_FRAMES = 100_000  # of one clip
_NOISE = Fraction(1, 10_000)  # of a frame
Point = tuple[Fraction, Fraction]  # (second of the clip's own time, second of the media's)


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What a document says of the media that a curve leads through."""

    rate: Fraction
    begins: Fraction  # what the curve calls their first picture, s
    length: Fraction | None  # s; None = it does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class BentMap:
    """What a clip whose speed changes shows."""

    points: tuple[Point, ...]
    low: Fraction  # second of the media at which its first picture begins, as the points count it
    frames: tuple[int, ...]  # of the media, counted from that one, at each frame of the timeline
    rate: Fraction  # of those frames of the timeline

    def value_at(self, time: Fraction) -> Fraction:
        return _value_at(self.points, time)[0]

    def effect(self) -> Any:
        """As Hiero and Nuke Studio write it: how many frames the picture is off from where the clip's constant speed would be."""
        effect = otio.schema.TimeEffect(effect_name="TimeWarp")
        self.list_in(effect)
        return effect

    def list_in(self, effect: Any) -> None:
        effect.metadata["lookup"] = [float(frame - number) for number, frame in enumerate(self.frames)]
        set_own_values(effect, rate=str(self.rate))


def bent_map(element: Element, media: Media, local: Fraction, duration: Fraction, rate: Fraction) -> BentMap | None:
    """Of a `timeMap` of FCPXML; None = the curve is not all there. local, duration: the part that shows."""
    written = element.findall("timeMap/timept")
    points = tuple((time_of(each.get("time")), time_of(each.get("value"))) for each in written)
    made = baked(points, media, local, duration, rate)
    if made is None:
        return None
    last = local + Fraction(len(made.frames) - 1) / rate
    for place, each in enumerate(written):
        inner = 0 < place < len(points) - 1
        near = points[max(place - 1, 0)][0] < last and points[min(place + 1, len(points) - 1)][0] > local
        if inner and near and each.get("interp") != "linear":
            return None
    return made


def baked(points: tuple[Point, ...], media: Media, local: Fraction, duration: Fraction, rate: Fraction) -> BentMap | None:
    """The frames between points that are joined by straight lines; None = the points do not span what shows, are in no order, or lead out
    of the media."""
    count = round_half_up(duration * rate)
    if not 0 < count <= _MOST_FRAMES or len(points) < 2 or any(one[0] >= other[0] for one, other in pairwise(points)):
        return None
    if not points[0][0] <= local <= local + Fraction(count - 1) / rate <= points[-1][0]:
        return None
    frames = []
    for number in range(count):
        value, forward = _value_at(points, local + Fraction(number) / rate)
        at = (value - media.begins) * media.rate
        frames.append(math.floor(at + _NOISE) if forward else math.ceil(at - _NOISE) - 1)
    last = math.inf if media.length is None else round(media.length * media.rate)  # one frame more at either end is how curves may end
    if any(not -1 <= frame <= last for frame in frames):
        return None
    return BentMap(points=points, low=media.begins + frames[0] / media.rate, frames=tuple(each - frames[0] for each in frames), rate=rate)


def _value_at(points: Sequence[Point], time: Fraction) -> tuple[Fraction, bool]:
    """(second of the media, whether it plays forwards or stands there); beyond the points it goes on as between the nearest two."""
    place = min(max(bisect_right(points, time, key=lambda point: point[0]) - 1, 0), len(points) - 2)
    (t1, v1), (t2, v2) = points[place], points[place + 1]
    return v1 + (v2 - v1) * (time - t1) / (t2 - t1), v2 >= v1
