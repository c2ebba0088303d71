"""Places a take on a track of ours above the clip it was made from. What fails is taken away again; what others put there stays."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError
from heygem_host.messages import Message, sentences, tell

from ..editor import Editor, can, open_project, timeline_by_id
from ..timeline import animation, clip_attributes, clips, otio_document, tracks
from ..timeline.state_guard import as_it_was
from . import append, media_bin, resolve_takes, sound

if TYPE_CHECKING:
    from .. import api


def place(editor: Editor, params: dict[str, Any]) -> dict[str, Any]:
    """host.place: the protocol's PlaceParams → PlaceResult, laid as `placement.laying` says. Placing a take that is there already
    changes nothing.

    Raises: HostError — another project is open, the timeline or the file is gone, or Resolve did not place it.
    """
    spot = params["placement"]
    project = open_project(editor, spot["project"])
    timeline = timeline_by_id(project, spot["sequence"])
    there = find_placed(timeline, params["file"], spot)
    if there is not None:
        track, item = there
        return result(params, True, track, timeline, item)
    with as_it_was(editor, project):
        if project.GetCurrentTimeline() is None or project.GetCurrentTimeline().GetUniqueId() != spot["sequence"]:
            project.SetCurrentTimeline(timeline)  # clips are appended to the current timeline, whichever that is
        return _place(editor, project, timeline, params)


def _place(editor: Editor, project: api.Project, timeline: api.Timeline, params: dict[str, Any]) -> dict[str, Any]:
    """A take that was made from an export has the clip's look in it; as a take of the clip it would get that once more."""
    spot = params["placement"]
    laying, baked = spot.get("laying") or {}, spot.get("baked", False)
    media_pool = project.GetMediaPool()
    media = media_bin.imported(media_pool, timeline, params["file"])
    covered, start, notices = where_it_goes(timeline, spot)
    missed: tuple[Message, ...] = ()
    if laying.get("mode") == "take" and baked:
        notices.append(tell("panel.baked-on-track"))
    if laying.get("mode") == "take" and not baked:
        if covered is None:
            raise HostError("ClipGone", "panel.clip-gone")
        resolve_takes.add(covered, media, params.get("handles", 0), params["frames"])
        track, item = spot["track"], covered
    else:
        track, item = _on_track(media_pool, timeline, media, spot, start, params.get("handles", 0), params["frames"])
        if covered is not None and not baked:
            if not clip_attributes.copied_at_once(covered, item):
                timeline.DeleteClips([item], False)
                track, item = _on_track(media_pool, timeline, media, spot, start, params.get("handles", 0), params["frames"])
            missed = clip_attributes.copy(covered, item, clip_attributes.layers_of(project))
            missed = (*missed, *_keyframes(editor, timeline, covered, item, notices))
        if can(item, "SetClipColor"):
            item.SetClipColor(media_bin.COLOUR)
        hidden = tracks.hidden_by(timeline, spot["track"], track, start, spot["record_duration"])
        if hidden:
            notices.append(tell("panel.hides-tracks", tracks=hidden, name=clips.TAKES))
        if laying.get("disable_original"):
            notices += _disable(covered)
    notices += _sound(media_pool, timeline, covered, start, params, laying.get("mute", "none"))
    return result(params, False, track, timeline, item, missed, notices)


def _keyframes(editor: Editor, timeline: api.Timeline, covered: Any, item: Any, notices: list[Message]) -> list[Message]:
    """What the timeline document shows of keyframes after Resolve copied the attributes; it is asked where this version can."""
    if not can(covered, "CopyAttributes"):
        return []
    document = otio_document.exported(editor, timeline)
    if document is None:
        return []
    lost, moving = animation.lost_keyframes(document, covered.GetUniqueId(), item.GetUniqueId())
    if moving and not lost:
        notices.append(tell("panel.keyframes-came"))
    return lost


def _disable(covered: Any) -> list[Message]:
    if covered is None:
        return [tell("panel.nothing-disabled")]
    covered.SetClipEnabled(False)
    return [tell("panel.not-disabled")] if covered.GetClipEnabled() else []


def _sound(media_pool: api.MediaPool, timeline: api.Timeline, covered: Any, start: int, params: dict[str, Any], mute: str) -> list[Message]:
    """The take is there by now, so what goes wrong with its sound is told, not raised."""
    notices: list[Message] = []
    if params.get("speech"):
        notices += sound.place_speech(
            media_pool, timeline, params["speech"], start, params["placement"]["record_duration"], Fraction(params.get("speech_start") or 0)
        )
    if mute != "none":
        notices += sound.mute(timeline, covered, mute)
    return notices


def where_it_goes(timeline: api.Timeline, spot: dict[str, Any]) -> tuple[Any, int, list[Message]]:
    """The covered clip (None = gone), the start for its take, and what the editor should know: clips move while takes render."""
    covered = next((item for _, item in clips.all_items(timeline, "video") if item.GetUniqueId() == spot.get("clip")), None)
    if covered is None:
        gone = [tell("panel.clip-left-timeline")] if spot.get("clip") else []
        return None, spot["record_start"], gone
    start, length = clips.start_of(timeline, covered), clips.length_of(covered)
    if start == spot["record_start"]:
        changed = length != spot["record_duration"]
        return covered, start, [tell("panel.clip-trimmed")] if changed else []
    if length == spot["record_duration"]:
        return covered, start, [tell("panel.clip-moved")]
    return covered, spot["record_start"], [tell("panel.clip-trimmed-and-moved")]


def find_placed(timeline: api.Timeline, file: str, spot: dict[str, Any] | None = None) -> tuple[int, Any] | None:
    """The track and clip that show a take's file, wherever the editor has moved it; takes are never overwritten, so a file is a take.

    With a spot, clips that hold it as one of Resolve's takes count as well.
    """
    for track, item in clips.all_items(timeline, "video"):
        if clips.same_file(clips.path_of(item), file):
            return track, item
        if spot is not None and item.GetUniqueId() == spot.get("clip") and resolve_takes.index_of(item, file):
            return track, item
    return None


def _on_track(
    media_pool: api.MediaPool, timeline: api.Timeline, media: Any, spot: dict[str, Any], start: int, handles: int, frames: int
) -> tuple[int, Any]:
    length = spot["record_duration"]
    track = tracks.free_track(timeline, "video", spot["track"], start, length)
    fresh = track is None
    if track is None:
        track = tracks.new_track(timeline, "video")
    try:
        return track, append.append(media_pool, timeline, "video", track, media, start, handles, frames, length)
    except HostError:
        if fresh and not timeline.GetItemListInTrack("video", track):
            timeline.DeleteTrack("video", track)
        raise


def result(
    params: dict[str, Any],
    already: bool,
    track: int,
    timeline: api.Timeline,
    item: Any,
    missed: Sequence[Message] = (),
    notices: Sequence[Message] = (),
) -> dict[str, Any]:
    return {
        "take": params["take"],
        "already": already,
        "track": track,
        "record_start": clips.start_of(timeline, item),
        "record_duration": clips.length_of(item),
        "not_copied": sentences(missed),
        "not_copied_messages": list(missed),
        "notices": sentences(notices),
        "notice_messages": list(notices),
    }
