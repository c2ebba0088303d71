"""Reads the graph of a Time Remap of Final Cut Pro 7 XML: which frame of the file stands at which frame of the clip."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from xml.etree.ElementTree import Element

from .bent_maps import Point
from .xml_safe import number_of, text_of

_WRITTEN = Fraction(1, 100)  # of a frame: what a point with decimals may be off
_BEYOND = 2  # frames that an end of a graph may lie outside of the values that it says it has
_HANDLES = ("inscale", "inbez", "outscale", "outbez")
_LINES = {"", "fcpcurve", "linear"}  # how points are joined; a point of an FCPCurve bends where it has handles


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedGraph:
    """Points in order, joined by straight lines unless they bend."""

    points: tuple[tuple[Fraction, Fraction], ...]  # (frame of the clip, frame of the file)
    bends: tuple[bool, ...]  # whether the graph is no straight line at each of them
    anchored: bool  # it says that its values count in the file, also where the clip is of a part of it

    def at(self, frame: Fraction) -> Fraction | None:
        """The frame of the file at a frame of the clip; None = the graph does not reach so far."""
        for (t1, v1), (t2, v2) in pairwise(self.points):
            if t1 <= frame <= t2 and t1 < t2:
                return v1 + (v2 - v1) * (frame - t1) / (t2 - t1)
        return None

    def is_straight(self, begin: Fraction, end: Fraction) -> bool:
        """Whether the graph runs at one speed from `begin` to `end`, but for the rounding of points where all are whole frames."""
        first, last = self.at(begin), self.at(end)
        if first is None or last is None or end <= begin:
            return False
        line = (last - first) / (end - begin)
        rounding = Fraction(1, 2) if all(value.denominator == 1 for _, value in self.points) else _WRITTEN
        return all(abs(first + line * (when - begin) - value) <= rounding for when, value in self.points if begin < when < end)

    def is_bent(self, begin: Fraction, end: Fraction) -> bool:
        """Whether the graph, as far as there is one, changes its speed between `begin` and `end`, whatever is said beside it."""
        inner = [each for each in self.points if begin < each[0] < end]
        return bool(inner) and not self.is_straight(max(begin, self.points[0][0]), min(end, self.points[-1][0]))

    def is_linear(self, begin: Fraction, end: Fraction) -> bool:
        """Whether all points that the graph between `begin` and `end` hangs on are joined by straight lines."""
        return not any(
            (one or other) and before[0] < end and after[0] > begin
            for (before, one), (after, other) in pairwise(zip(self.points, self.bends, strict=True))
        )

    def seconds(self, clip_rate: Fraction, file_rate: Fraction) -> tuple[Point, ...]:
        return tuple((when / clip_rate, value / file_rate) for when, value in self.points)

    def of_the_file(self, before: Fraction, part: Fraction | None) -> SpeedGraph | None:
        """The same with values that count in the whole file. None = they may count in it or in the subclip that they are of.

        before: frames of the file before the subclip; part: its length in the file, None = unknown. The graph runs over all of the
        subclip, so its lowest value is the subclip's first frame: 0 as the subclip counts, `before` as the file does.
        """
        lowest, highest = (edge(value for _, value in self.points) for edge in (min, max))
        if not before or self.anchored:
            return self
        of_file = -1 <= lowest - before <= 1 and (part is None or highest - before <= part + 1)
        of_part = -1 <= lowest <= 1 and part is not None and highest <= part + 1
        if of_file == of_part:
            return None
        return self if of_file else replace(self, points=tuple((when, value + before) for when, value in self.points))


def speed_graph(effect: Element) -> SpeedGraph:
    """Of a Time Remap; without points where it has none."""
    graph = effect.find("parameter[parameterid='graphdict']")
    if graph is None:
        return SpeedGraph(points=(), bends=(), anchored=False)
    least, most = number_of(graph, "valuemin"), number_of(graph, "valuemax")
    low, high = (least - _BEYOND, most + _BEYOND) if least is not None and most is not None and most > least else (None, None)
    joined = text_of(graph, "interpolation/name").lower() in _LINES
    found = []
    for each in graph.findall("keyframe"):
        when, value = number_of(each, "when"), number_of(each, "value")
        if when is None or value is None or (low is not None and high is not None and not low <= value <= high):
            continue  # programs leave such numbers at the ends of what they do not show
        found.append((when, value, not joined or _has_handles(each)))
    found.sort()
    return SpeedGraph(
        points=tuple(each[:2] for each in found),
        bends=tuple(each[2] for each in found),
        anchored=graph.find("keyframe/anchorOffset") is not None,
    )


def _has_handles(keyframe: Element) -> bool:
    """Whether a curve bends at a point, and not only to a corner."""
    if text_of(keyframe, "interpolation/name").lower() not in _LINES:
        return True
    if any(text_of(keyframe, name).upper() == "TRUE" for name in ("hadbezierin", "hadbezierout", "hadBezierIn", "hadBezierOut")):
        return True
    sides = (keyframe.find(name) for name in _HANDLES)
    return any(number_of(each, path) for each in sides if each is not None for path in (".", "horiz", "vert"))
