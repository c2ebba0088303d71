"""Puts a part of a file onto a track and believes only what it reads back.

AppendToTimeline drops a clip that would overlap another one and reports success, counts recordFrame from zero o'clock, returns
objects that are not on the timeline, and has changed what `endFrame` means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..editor import can
from ..timeline import clips

if TYPE_CHECKING:
    from .. import api


def append(
    media_pool: api.MediaPool,
    timeline: api.Timeline,
    kind: str,
    track: int,
    media: Any,
    start: int,
    first: int,
    frames: int,
    length: int | None,
) -> Any:
    """Appends frames [first, first + frames) of a file at `start` and returns the clip as the track lists it.

    Length in frames of the timeline; None = whatever Resolve makes of it. `endFrame` is exclusive in 21.0 and was not always,
    and mixed rates round down, so the length is read back and the other readings are tried. Raises: HostError — nothing fits.
    """
    seen = None
    for end in (first + frames, first + frames - 1, first + frames + 1):
        item = _append_once(media_pool, timeline, kind, track, media, start, first, end)
        if item is None:
            continue
        wrong = _wrong_offset(item, first)
        if wrong is None and (length is None or clips.length_of(item) == length):
            return item
        seen = clips.length_of(item)
        timeline.DeleteClips([item], False)
        if wrong is not None:
            raise HostError("WrongOffset", "panel.take-offset", got=wrong, wanted=first)
    if seen is None:
        raise HostError("NotPlaced", "panel.not-placed", editor="Resolve")
    raise HostError("WrongLength", "panel.take-length", got=seen, wanted=length)


def _append_once(
    media_pool: api.MediaPool, timeline: api.Timeline, kind: str, track: int, media: Any, start: int, first: int, end: int
) -> Any:
    before = {item.GetUniqueId() for item in clips.items_in(timeline, kind, track)}
    info = {
        "mediaPoolItem": media,
        "startFrame": first,
        "endFrame": end,
        "trackIndex": track,
        "recordFrame": int(timeline.GetStartFrame()) + start,  # absolute: from zero o'clock, not from the timeline's start
        "mediaType": 1 if kind == "video" else 2,
    }
    media_pool.AppendToTimeline([info])  # type: ignore[attr-defined]  # what it returns may be hollow
    for item in clips.items_in(timeline, kind, track):
        if item.GetUniqueId() not in before and clips.start_of(timeline, item) == start:
            return item
    return None


def _wrong_offset(item: Any, first: int) -> int | None:
    """The frame of the file that the clip begins with, if it is not the wanted one: every mouth would be early or late."""
    offset = item.GetLeftOffset() if can(item, "GetLeftOffset") else None
    return int(offset) if offset is not None and int(offset) != first else None
