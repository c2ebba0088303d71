"""Versions in Resolve's own way: a clip that holds several takes, one of which is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..timeline import clips

if TYPE_CHECKING:
    from .. import api


def index_of(item: api.Item, file: str) -> int | None:
    """The number (from 1) of the take that shows a file; None = the clip has no such take."""
    for index in range(1, (item.GetTakesCount() or 0) + 1):
        info = item.GetTakeByIndex(index) or {}
        if info.get("mediaPoolItem") and clips.same_file(clips.path_of_media(info["mediaPoolItem"]), file):
            return index
    return None


def select(item: api.Item, index: int) -> None:
    """Raises: HostError — Resolve shows another one."""
    item.SelectTakeByIndex(index)
    if item.GetSelectedTakeIndex() != index:
        raise HostError("NotSwitched", "panel.take-not-shown", index=index)


def add(item: api.Item, media: Any, first: int, frames: int) -> int:
    """Adds frames [first, first + frames) of a file as a take of the clip and shows it; returns its number.

    Whether `endFrame` belongs to the take is not documented: the clip must keep its length, so the length decides.
    Raises: HostError — the clip's length would change, or Resolve refuses.
    """
    file = clips.path_of_media(media) or ""
    known = index_of(item, file)
    if known is not None:
        select(item, known)
        return known
    shown, length = item.GetSelectedTakeIndex() or 0, clips.length_of(item)
    for end in (first + frames, first + frames - 1):
        item.AddTake(media, first, end)
        index = index_of(item, file)
        if index is None:
            continue
        select(item, index)
        if clips.length_of(item) == length:
            return index
        select(item, max(1, shown))
        item.DeleteTakeByIndex(index)
    raise HostError("NoTake", "panel.take-not-possible")
