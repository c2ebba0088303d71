"""OpenTimelineIO the way Resolve writes it: bare paths, link groups, gaps before clips, durations in frames of the timeline, and a source
start that is absolute where the file carries timecode. Rates are floats, as Resolve rounds them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def otio_of(timeline: Any) -> dict[str, Any]:
    tracks = [_track(timeline, kind, track) for kind in ("video", "audio") for track in timeline.tracks[kind]]
    return {
        "OTIO_SCHEMA": "Timeline.1",
        "name": timeline.name,
        "global_start_time": _time(timeline.start_frame, timeline.exact_rate),
        "metadata": {"Resolve_OTIO": {"Resolve OTIO Meta Version": "1.0"}},
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "", "children": tracks, "source_range": None, **_plain()},
    }


def _track(timeline: Any, kind: str, track: Any) -> dict[str, Any]:
    children, at = [], timeline.start_frame
    for item in sorted((item for item in track.items if item.kind != "transition"), key=lambda item: item.start or 0):
        if item.start > at:
            span = _span(0, item.start - at, timeline.exact_rate)
            children.append({"OTIO_SCHEMA": "Gap.1", "name": "", "source_range": span, "enabled": True, **_plain()})
        children.append(_clip(timeline, item))
        at = item.start + item.length
        if any(one.kind == "transition" and one.start < at < one.start + one.length for one in track.items):
            half = _time(5, timeline.exact_rate)
            children.append({"OTIO_SCHEMA": "Transition.1", "name": "", "in_offset": half, "out_offset": half, "metadata": {}})
    extra = _plain({"Resolve_OTIO": {"Locked": track.locked}})
    return {
        "OTIO_SCHEMA": "Track.1",
        "name": track.name,
        "kind": kind.title(),
        "children": children,
        "source_range": None,
        "enabled": track.enabled,
        **extra,
    }


def _clip(timeline: Any, item: Any) -> dict[str, Any]:
    media, rate = item.media, timeline.exact_rate
    source_rate = (media.rate if media else None) or rate
    first = media.start_frame if media else 0
    link = {"Resolve_OTIO": {"Link Group ID": min(int(one.id.split("-")[1]) for one in [item, *item.linked])}} if item.linked else {}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": item.name,
        "source_range": {
            "OTIO_SCHEMA": "TimeRange.1",
            "start_time": _time(first + item.offset, source_rate),
            "duration": _time(item.length, rate),
        },
        "media_references": {"DEFAULT_MEDIA": _reference(media, rate)},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "enabled": item.enabled,
        **_plain(link),
        "effects": item.effects,
    }


def _reference(media: Any, rate: Fraction) -> dict[str, Any]:
    if media is None or not media.path:
        return {"OTIO_SCHEMA": "MissingReference.1", "name": "", "available_range": None, "available_image_bounds": None, "metadata": {}}
    length = media.frames or round((media.samples or 0) / 48000 * rate)
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": media.name,
        "target_url": media.path,
        "available_range": _span(media.start_frame, length, media.rate or rate),
        "available_image_bounds": None,
        "metadata": {},
    }


def _plain(metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"effects": [], "markers": [], "metadata": metadata or {}}


def _time(value: float, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(value), "rate": float(rate)}


def _span(start: float, length: float, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(length, rate)}
