"""host.switchTake: another version at the place where one lies already. Nothing is deleted: the old version stays a take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heygem_host.messages import tell

from ..editor import Editor, open_project, timeline_by_id
from ..timeline import clips
from ..timeline.state_guard import as_it_was
from . import media_bin, placement, resolve_takes

if TYPE_CHECKING:
    from .. import api


def switch(editor: Editor, params: dict[str, Any]) -> dict[str, Any]:
    """Takes of ours become takes of one clip; where none lies yet, the version is placed like any other. Raises: HostError."""
    spot = params["placement"]
    project = open_project(editor, spot["project"])
    timeline = timeline_by_id(project, spot["sequence"])
    carrier = _carrier(timeline, spot, params["file"])
    if carrier is None:
        return placement.place(editor, params)
    track, item = carrier
    if (spot.get("laying") or {}).get("mode") == "relink" and _relinked(item, params["file"]):
        return placement.result(params, False, track, timeline, item, notices=(tell("panel.relinked"),))
    already = clips.same_file(clips.path_of(item), params["file"])
    if not already:
        with as_it_was(editor, project):
            current = project.GetCurrentTimeline()
            if current is None or current.GetUniqueId() != timeline.GetUniqueId():
                project.SetCurrentTimeline(timeline)
            media = media_bin.imported(project.GetMediaPool(), timeline, params["file"])
            resolve_takes.add(item, media, params.get("handles", 0), params["frames"])
    return placement.result(params, already, track, timeline, item)


def _relinked(item: Any, file: str) -> bool:
    """The file of a take gives way to another one: what was done to the take stays.

    Only to a file of the same length, so that each frame shows what it showed; else the former file is put back. ReplaceClip says nothing
    reliable.
    """
    media = item.GetMediaPoolItem()
    former = clips.path_of_media(media) if media is not None else None
    if former is None or clips.same_file(former, file) or (item.GetTakesCount() or 0) > 0:
        return False
    before = _seen(item, media)
    media.ReplaceClip(file)
    if clips.same_file(clips.path_of_media(media), file) and _seen(item, media) == before:
        return True
    media.ReplaceClip(former)
    return False


def _seen(item: Any, media: Any) -> tuple[Any, ...]:
    return item.GetStart(), item.GetDuration(), item.GetLeftOffset(), media.GetClipProperty("Frames")


def _carrier(timeline: api.Timeline, spot: dict[str, Any], file: str) -> tuple[int, Any] | None:
    """The clip that shows this version or another one of the same shot: on a track of ours at that place, or the clip itself."""
    _, start, _ = placement.where_it_goes(timeline, spot)
    for track, item in reversed(clips.all_items(timeline, "video")):
        ours = (timeline.GetTrackName("video", track) or "").startswith(clips.TAKES)
        at_place = clips.start_of(timeline, item) == start and clips.length_of(item) == spot["record_duration"]
        if ours and at_place and track > spot["track"]:
            return track, item
        if item.GetUniqueId() == spot.get("clip") and (item.GetTakesCount() or 0) > 0:
            return track, item
        if clips.same_file(clips.path_of(item), file):
            return track, item
    return None
