"""Which stretches of a track are taken, so that many pieces find their places without each looking at all others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

Time = int | Fraction


@dataclass(slots=True)
class Occupied:
    """The taken stretches of one track, ends exclusive."""

    _starts: list[Time] = field(default_factory=list)  # of stretches that do not overlap, in order
    _ends: list[Time] = field(default_factory=list)

    def is_free(self, start: Time, end: Time) -> bool:
        place = bisect_left(self._starts, end) - 1
        return place < 0 or self._ends[place] <= start

    def take(self, start: Time, end: Time) -> None:
        first, last = bisect_right(self._ends, start), bisect_left(self._starts, end)
        if first < last:  # a document may hold clips that overlap
            start, end = min(start, self._starts[first]), max(end, self._ends[last - 1])
        self._starts[first:last], self._ends[first:last] = [start], [end]


def occupied(stretches: Iterable[tuple[Time, Time]]) -> Occupied:
    found = Occupied()
    for start, end in stretches:
        found.take(start, end)
    return found


def lowest_free(tracks: list[Occupied], start: Time, end: Time) -> int:
    """Number of the lowest track that is free there and above all that are not; `len(tracks)` = a new one."""
    return max((number + 1 for number, track in enumerate(tracks) if not track.is_free(start, end)), default=0)
