"""Markers on frames that deserve a look, and bringing a place of the timeline into view."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heygem_host import timecode
from heygem_host.messages import sentences, tell

from ..editor import Editor, open_project, timeline_by_id
from . import selection

if TYPE_CHECKING:
    from .. import api

_COLOUR = "Yellow"
_TRIES = 12  # a frame holds one marker: the next frames are tried


def mark(editor: Editor, params: dict[str, Any]) -> dict[str, Any]:
    """host.markers. Frames of markers count from the timeline's start, in the protocol as in Resolve."""
    spot = params["placement"]
    timeline = timeline_by_id(open_project(editor, spot["project"]), spot["sequence"])
    known = {str(marker.get("customData")) for marker in (timeline.GetMarkers() or {}).values()}
    added, notices = 0, []
    for marker in params["markers"]:
        key = f"heygem:{marker['record_start']}:{marker['record_duration']}:{marker['name']}"
        if key in known:
            continue
        if _add(timeline, marker, key):
            added += 1
        else:
            notices.append(tell("panel.marker-no-room", name=marker["name"]))
    already = len(params["markers"]) - added - len(notices)
    return {"added": added, "already": already, "notices": sentences(notices), "notice_messages": notices}


def _add(timeline: api.Timeline, marker: dict[str, Any], key: str) -> bool:
    taken = {int(frame) for frame in timeline.GetMarkers() or {}}
    for shift in range(min(_TRIES, max(1, marker["record_duration"]))):
        frame = marker["record_start"] + shift
        if frame in taken:
            continue
        length = max(1, marker["record_duration"] - shift)
        if timeline.AddMarker(frame, _COLOUR, marker["name"], marker.get("comment", ""), length, key):
            return True
    return False


def reveal(editor: Editor, params: dict[str, Any]) -> dict[str, Any]:
    """host.reveal: opens the timeline on the edit page with the playhead on the place. Moves the playhead because that is what is asked."""
    spot = params["placement"]
    project = open_project(editor, spot["project"])
    timeline = timeline_by_id(project, spot["sequence"])
    if project.GetCurrentTimeline() is None or project.GetCurrentTimeline().GetUniqueId() != timeline.GetUniqueId():
        project.SetCurrentTimeline(timeline)
    if editor.resolve.GetCurrentPage() not in ("edit", "cut", "color", "fairlight"):
        editor.resolve.OpenPage("edit")
    about = selection.describe_timeline(timeline)
    rate = timecode.exact(timeline.GetSetting("timelineFrameRate"))
    timeline.SetCurrentTimecode(timecode.timecode(about["start_frame"] + spot["record_start"], rate, about["drop_frame"]))
    return {}
