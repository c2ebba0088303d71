"""One clip alone: everything else that would be seen or heard with it is switched off, and put back whatever happens.

Switching a track off is not always believed: Resolve may go on saying that it is on. Then its clips are switched off one by one,
which can be read back, and what cannot be switched off at all stops the export instead of coming into it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..timeline import clips
from ..timeline.state_guard import put_back

if TYPE_CHECKING:
    from .. import api


@contextmanager
def alone(timeline: api.Timeline, kind: str, track: int, item: Any, first: int, last: int) -> Iterator[None]:
    """Only `item` of the tracks of its kind ("video", "audio") plays in [first, last], absolute frames. Raises: HostError — not so."""
    steps: list[Callable[[], Any]] = []
    try:
        for index in range(1, timeline.GetTrackCount(kind) + 1):
            if index == track:
                _on(timeline, kind, track, item, steps)
            else:
                _off(timeline, kind, index, first, last, steps)
        yield
    finally:
        put_back(reversed(steps))


def _on(timeline: api.Timeline, kind: str, track: int, item: Any, steps: list[Callable[[], Any]]) -> None:
    """The clip may be switched off because a take covers it."""
    if not timeline.GetIsTrackEnabled(kind, track):
        steps.append(lambda: timeline.SetTrackEnable(kind, track, False))
        timeline.SetTrackEnable(kind, track, True)
    if not item.GetClipEnabled():
        steps.append(lambda: item.SetClipEnabled(False))
        item.SetClipEnabled(True)


def _off(timeline: api.Timeline, kind: str, track: int, first: int, last: int, steps: list[Callable[[], Any]]) -> None:
    if not timeline.GetIsTrackEnabled(kind, track):
        return
    steps.append(lambda: timeline.SetTrackEnable(kind, track, True))
    timeline.SetTrackEnable(kind, track, False)
    if not timeline.GetIsTrackEnabled(kind, track):
        return
    for item in clips.items_in(timeline, kind, track):
        start = int(item.GetStart())
        if start > last or start + clips.length_of(item) <= first or not item.GetClipEnabled():
            continue
        steps.append(lambda item=item: item.SetClipEnabled(True))  # type: ignore[misc]
        item.SetClipEnabled(False)
        if item.GetClipEnabled():
            name = f"{'V' if kind == 'video' else 'A'}{track}"
            raise HostError("NotAlone", "panel.export-not-alone", track=name, clip=item.GetName())
