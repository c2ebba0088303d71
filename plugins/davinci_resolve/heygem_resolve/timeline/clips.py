"""What a clip on the timeline is: its place, its file, and what a take laid above it would lose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from heygem_host import timecode
from heygem_host.messages import Message, sentences, tell

from ..editor import can
from . import clip_attributes

if TYPE_CHECKING:
    from .. import api

TAKES = "HeyGem takes"  # name of the bin and of the tracks that takes go to
SPEECH = "HeyGem speech"  # name of the audio tracks of speech that came as a file

_RAW = (".braw", ".r3d", ".ari", ".arx", ".crm", ".nev", ".dng", ".cine", ".rmf")


def start_of(timeline: api.Timeline, item: Any) -> int:
    """Frames from the timeline's first frame."""
    return int(item.GetStart()) - int(timeline.GetStartFrame())


def length_of(item: Any) -> int:
    return int(item.GetDuration())


def items_in(timeline: api.Timeline, kind: str, track: int) -> list[Any]:
    """The clips of a track (from 1). Hollow ones, which exist without a place or a length, are left out."""
    return [item for item in timeline.GetItemListInTrack(kind, track) or [] if is_real(item)]


def is_real(item: Any) -> bool:
    """Since 21.1 a track lists its dissolves among the clips, and says which they are."""
    try:
        if item is None or item.GetStart() is None or (item.GetDuration() or 0) <= 0:
            return False
        kind = getattr(item, "GetType", None)  # None where this version has no such call
        return kind is None or kind() != "transition"
    except Exception:  # Resolve raises TypeError on objects that died
        return False


def all_items(timeline: api.Timeline, kind: str) -> list[tuple[int, Any]]:
    """Every clip with its track, from the bottom."""
    return [(track, item) for track in range(1, timeline.GetTrackCount(kind) + 1) for item in items_in(timeline, kind, track)]


def path_of(item: Any) -> str | None:
    """The clip's file; None for titles, generators, compound clips and nested timelines."""
    media = item.GetMediaPoolItem()
    return path_of_media(media) if media else None


def path_of_media(media: Any) -> str | None:
    return media.GetClipProperty("File Path") or None


def same_file(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))


def describe(timeline: api.Timeline, project: api.Project, kind: str, track: int, item: Any) -> dict[str, Any]:
    """A clip as the protocol's SelectedItem; `kind` is "video" or "audio"."""
    path = path_of(item)
    why = _why_only_resolve_reads_it(item, path)
    lost = clip_attributes.lost(item, clip_attributes.layers_of(project)) if kind == "video" else ()
    return {
        "id": item.GetUniqueId(),
        "name": item.GetName() or "",
        "kind": "picture" if kind == "video" else "sound",
        "placement": {
            "project": project.GetUniqueId(),
            "sequence": timeline.GetUniqueId(),
            "clip": item.GetUniqueId(),
            "track": track,
            "record_start": start_of(timeline, item),
            "record_duration": length_of(item),
            "rate": timecode.written(timecode.exact(timeline.GetSetting("timelineFrameRate"))),
        },
        "path": path,
        "needs_host_export": None if why is None else why["message"],
        "needs_host_export_message": why,
        "cannot_copy": sentences(lost),
        "cannot_copy_messages": list(lost),
        "notices": sentences(notices := _worth_knowing(item, path)),
        "notice_messages": notices,
    }


def _worth_knowing(item: Any, path: str | None) -> list[Message]:
    """A file that is not there, a proxy that plays in its place. Takes are made from the full-resolution file, whatever plays."""
    media = item.GetMediaPoolItem()
    if media is None or path is None:
        return []
    proxy = media.GetClipProperty("Proxy Media Path") or ""
    if "[" not in os.path.basename(path) and not os.path.exists(path):
        return [tell("panel.media-only-proxy" if proxy and os.path.exists(proxy) else "panel.media-offline", path=path)]
    return [tell("panel.media-proxy", path=path)] if proxy else []


def _why_only_resolve_reads_it(item: Any, path: str | None) -> Message | None:
    """Speed ramps are not told by the API; the timeline document carries them, and the server says then what it cannot play."""
    if path is None:
        return tell("panel.only-resolve-draws")
    if path.lower().endswith(_RAW):
        return tell("panel.only-host-camera", suffix=os.path.splitext(path)[1], editor="Resolve")
    if "[" in os.path.basename(path) and not os.path.exists(path):
        return tell("panel.only-resolve-stills")
    media = item.GetMediaPoolItem()
    if media is not None and can(media, "GetClipProperty") and media.GetClipProperty("Angle Count"):
        return tell("panel.only-host-multicam", editor="Resolve")
    return None
