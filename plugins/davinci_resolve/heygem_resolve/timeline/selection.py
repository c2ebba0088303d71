"""What the editor means: the selection where this version tells it, else marks, else the playhead, else a clip colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heygem_host import timecode

from ..editor import Editor, can, open_project
from . import animation, clips, otio_document

if TYPE_CHECKING:
    from .. import api

COLOUR = "Lime"  # of clips that are meant where Resolve is older than 21.0.4 and neither marks nor playhead point at any


def read_selection(editor: Editor) -> dict[str, Any]:
    """The protocol's SelectionResult. Raises: HostError — no project is open."""
    project = open_project(editor)
    timeline = project.GetCurrentTimeline()
    if timeline is None:
        return {"sequence": None, "items": [], "document": None, "found_by": None, "captions": [], "marks": None}
    found_by, chosen = selected(timeline)
    if not any(kind == "audio" for kind, _, _ in chosen):
        chosen = [*chosen, *_speech_under(timeline, [item for kind, _, item in chosen if kind == "video"])]
    written = otio_document.exported(editor, timeline)
    items = [
        animation.told(clips.describe(timeline, project, kind, track, item), written, copies_fades=can(item, "GetFades"))
        for kind, track, item in chosen
    ]
    sequence = describe_timeline(timeline)
    return {
        "sequence": sequence,
        "items": items,
        "document": None if written is None else otio_document.with_timecode(written, drop_frame=sequence["drop_frame"]),
        "found_by": found_by,
        "captions": _captions(timeline, [item for kind, _, item in chosen if kind == "audio"]),
        "marks": marked(timeline) if found_by == "marks" else None,
    }


def describe_timeline(timeline: api.Timeline) -> dict[str, Any]:
    drop = str(timeline.GetSetting("timelineDropFrameTimecode")) in ("1", "True") or ";" in (timeline.GetStartTimecode() or "")
    return {
        "id": timeline.GetUniqueId(),
        "name": timeline.GetName() or "",
        "rate": timecode.written(timecode.exact(timeline.GetSetting("timelineFrameRate"))),
        "start_frame": int(timeline.GetStartFrame()),
        "drop_frame": drop,
    }


def selected(timeline: Any) -> tuple[str | None, list[tuple[str, int, Any]]]:
    """How it was found, and (kind, track, clip) of each, from the bottom track up."""
    everything = [(kind, track, item) for kind in ("video", "audio") for track, item in clips.all_items(timeline, kind)]
    if can(timeline, "GetSelectedClips"):
        ids = {item.GetUniqueId() for item in timeline.GetSelectedClips() or [] if item is not None}
        if ids:
            return "selection", _without_takes(timeline, [entry for entry in everything if entry[2].GetUniqueId() in ids])
    originals = [entry for entry in everything if entry[0] == "video" and not _is_ours(timeline, entry[0], entry[1])]
    between = _between_marks(timeline, originals)
    if between:
        return "marks", between
    current = timeline.GetCurrentVideoItem()
    if current is not None:
        at_playhead = [entry for entry in everything if entry[2].GetUniqueId() == current.GetUniqueId()]
        if at_playhead:
            return "playhead", at_playhead
    coloured = [entry for entry in originals if can(entry[2], "GetClipColor") and entry[2].GetClipColor() == COLOUR]
    return ("colour", coloured) if coloured else (None, [])


def _without_takes(timeline: api.Timeline, entries: list[tuple[str, int, Any]]) -> list[tuple[str, int, Any]]:
    """A selection drawn around a clip catches the take above it as well; a take that is selected alone is meant."""
    originals = [entry for entry in entries if not _is_ours(timeline, entry[0], entry[1])]
    return originals if any(kind == "video" for kind, _, _ in originals) else entries


def _is_ours(timeline: api.Timeline, kind: str, track: int) -> bool:
    return (timeline.GetTrackName(kind, track) or "").startswith((clips.TAKES, clips.SPEECH))


def _between_marks(timeline: Any, entries: list[tuple[str, int, Any]]) -> list[tuple[str, int, Any]]:
    """Clips that lie at least partly between the marks, which count from the timeline's start."""
    marks = marked(timeline)
    if marks is None:
        return []
    return [
        entry
        for entry in entries
        if clips.start_of(timeline, entry[2]) < marks[1] and clips.start_of(timeline, entry[2]) + clips.length_of(entry[2]) > marks[0]
    ]


def marked(timeline: Any) -> list[int] | None:
    """Frames from in to out, end not included (Resolve's out belongs to the range); None = one of them is not set."""
    video = ((timeline.GetMarkInOut() if can(timeline, "GetMarkInOut") else None) or {}).get("video")
    if not video or "in" not in video or "out" not in video:
        return None
    return [int(video["in"]), int(video["out"]) + 1]


def _captions(timeline: api.Timeline, sounds: list[Any]) -> list[dict[str, Any]]:
    """The subtitles over the speech; their name is what they say."""
    spans = [(int(sound.GetStart()), int(sound.GetStart()) + clips.length_of(sound)) for sound in sounds]
    return [
        {"record_start": clips.start_of(timeline, item), "record_duration": clips.length_of(item), "text": item.GetName()}
        for track, item in clips.all_items(timeline, "subtitle")
        if timeline.GetIsTrackEnabled("subtitle", track)
        and item.GetName()
        and any(int(item.GetStart()) < end and int(item.GetStart()) + clips.length_of(item) > start for start, end in spans)
    ]


def _speech_under(timeline: api.Timeline, pictures: list[Any]) -> list[tuple[str, int, Any]]:
    """Sound that lies under the pictures and belongs to none of them: what was recorded with a clip is its old dialogue."""
    old = {linked.GetUniqueId() for picture in pictures for linked in picture.GetLinkedItems() or []}
    spans = [(int(picture.GetStart()), int(picture.GetStart()) + clips.length_of(picture)) for picture in pictures]
    return [
        ("audio", track, item)
        for track, item in clips.all_items(timeline, "audio")
        if item.GetUniqueId() not in old
        and timeline.GetIsTrackEnabled("audio", track)
        and any(int(item.GetStart()) < end and int(item.GetStart()) + clips.length_of(item) > start for start, end in spans)
    ]
