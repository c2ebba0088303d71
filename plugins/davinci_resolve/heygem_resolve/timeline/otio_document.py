"""The timeline as OpenTimelineIO, written by Resolve itself, with the id of each clip put into metadata.heygem.id.

Resolve writes no ids, so clips are matched by track and start. `source_range.duration` in its files is the length on the
timeline, retimed clips included, so starts are sums of durations. Read as plain JSON: no package is needed here.
"""

from __future__ import annotations

import json
import os
import tempfile
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from heygem_host import timecode

from ..editor import Editor
from . import clips

if TYPE_CHECKING:
    from .. import api

_KINDS = {"Video": "video", "Audio": "audio"}


def exported(editor: Editor, timeline: api.Timeline) -> dict[str, Any] | None:
    """None where this Resolve cannot export OpenTimelineIO (before 18.5) or where it failed."""
    kind = getattr(editor.resolve, "EXPORT_OTIO", None)  # what Resolve does not know is None, never an AttributeError
    if kind is None:
        return None
    with tempfile.TemporaryDirectory(prefix="heygem-") as folder:
        path = os.path.join(folder, "timeline.otio")
        if not timeline.Export(path, kind, getattr(editor.resolve, "EXPORT_NONE", None)) or not os.path.exists(path):
            return None
        with open(path, encoding="utf-8") as file:
            document: dict[str, Any] = json.load(file)
    return with_ids(document, timeline)


def with_ids(document: dict[str, Any], timeline: api.Timeline) -> dict[str, Any]:
    """The same document; every clip that lies where a clip of the timeline lies carries that clip's id."""
    rate = timecode.exact(timeline.GetSetting("timelineFrameRate"))
    counted = {"video": 0, "audio": 0}
    for track in document.get("tracks", {}).get("children", []):
        kind = _KINDS.get(track.get("kind", ""))
        if kind is None:
            continue
        counted[kind] += 1
        ids = {clips.start_of(timeline, item): item.GetUniqueId() for item in clips.items_in(timeline, kind, counted[kind])}
        for start, child in _starts(track, rate):
            if start in ids:
                child["metadata"] = {**(child.get("metadata") or {}), "heygem": {"id": ids[start]}}
    return document


def with_timecode(document: dict[str, Any], *, drop_frame: bool) -> dict[str, Any]:
    """The same document; it says how timecode names its frames, which a count of frames does not."""
    metadata = document.get("metadata") or {}
    return {**document, "metadata": {**metadata, "heygem": {**(metadata.get("heygem") or {}), "drop_frame": drop_frame}}}


def _starts(track: dict[str, Any], rate: Fraction) -> list[tuple[int, dict[str, Any]]]:
    """Clips and nested timelines of a track with their starts in frames; gaps only take up room, transitions take none."""
    position = Fraction(0)
    found = []
    for child in track.get("children", []):
        schema = str(child.get("OTIO_SCHEMA", ""))
        if schema.startswith("Transition"):
            continue
        if not schema.startswith("Gap"):
            found.append((round(position), child))
        position += _length(child, rate)
    return found


def _length(child: dict[str, Any], rate: Fraction) -> Fraction:
    """Frames of the timeline."""
    span = child.get("source_range") or _media_range(child)
    if not span:
        return Fraction(0)
    duration = span["duration"]
    return Fraction(duration["value"]) * rate / timecode.exact(duration["rate"])


def _media_range(child: dict[str, Any]) -> dict[str, Any] | None:
    medias = child.get("media_references") or {}
    media = medias.get(child.get("active_media_reference_key", "")) or child.get("media_reference") or {}
    return media.get("available_range")
