"""The scene's strips as OpenTimelineIO, with the name of each strip in metadata.heygem.id.

Every channel is written twice, as a track of picture and one of sound, so that the number of a track is that of its channel. Frame 0 of the
document is Blender's frame 0; what lies before is left out. What Blender alone can play is a clip without media that says why.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from heygem_host.messages import Message

from .. import names
from . import strips


def written(scene: Any) -> dict[str, Any]:
    rate = names.rate_of(scene)
    every = [strip for strip in names.strips_of(scene) if strips.start_of(strip) >= 0]
    top = max((strip.channel for strip in every), default=0)
    why = _reasons(scene, every)
    numbers = range(1, top + 1)
    pictures = [_track(scene, rate, "Video", number, _those(every, number, strips.is_picture), why) for number in numbers]
    sounds = [_track(scene, rate, "Audio", number, _those(every, number, strips.is_sound), why) for number in numbers]
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "", "children": [*pictures, *sounds], "source_range": None, **_plain()}
    return {"OTIO_SCHEMA": "Timeline.1", "name": scene.name, "global_start_time": _time(0, rate), "metadata": {}, "tracks": stack}


def _those(every: list[Any], channel: int, kind: Any) -> list[Any]:
    return [strip for strip in every if strip.channel == channel and kind(strip)]


def _reasons(scene: Any, every: list[Any]) -> dict[str, Message | None]:
    """Why Blender alone plays a strip, by its name."""
    speeds = strips.with_speed_effects(scene)
    return {strip.name: strips.why_only_blender_plays_it(scene, strip, speeds) for strip in every}


def _track(scene: Any, rate: Fraction, kind: str, channel: int, held: list[Any], reasons: dict[str, Message | None]) -> dict[str, Any]:
    children, at = [], 0
    for strip in held:
        if strips.start_of(strip) > at:
            gap = _span(Fraction(0), Fraction(strips.start_of(strip) - at), rate)
            children.append({"OTIO_SCHEMA": "Gap.1", "name": "", "source_range": gap, "enabled": True, **_plain()})
        children.append(_clip(strip, rate, reasons[strip.name]))
        at = strips.end_of(strip)
    about = scene.sequence_editor.channels[channel]
    named = {"OTIO_SCHEMA": "Track.1", "name": str(about.name), "kind": kind, "children": children, "source_range": None}
    return {**named, "enabled": not about.mute, **_plain()}


def _clip(strip: Any, rate: Fraction, why: Message | None) -> dict[str, Any]:
    """Source times are in frames of the scene; of a movie that runs at the scene's rate these are the file's."""
    length = Fraction(strips.length_of(strip))
    media, start = _missing(), Fraction(0)
    if why is None:
        media, start = _reference(strip, rate), strips.source_start(strip, rate) * rate
    ours = {"id": strip.name, **({} if why is None else {"host_only": why["message"]})}
    return {
        "OTIO_SCHEMA": "Clip.2",
        "name": strip.name,
        "source_range": _span(start, length, rate),
        "media_references": {"DEFAULT_MEDIA": media},
        "active_media_reference_key": "DEFAULT_MEDIA",
        "enabled": not strip.mute,
        **_plain({"heygem": ours}),
    }


def _reference(strip: Any, rate: Fraction) -> dict[str, Any]:
    """`available_range` begins at 0: source times count from the file's first frame, whatever its timecode says."""
    length = Fraction(int(strip.frame_duration)) + int(strip.animation_offset_start) + int(strip.animation_offset_end)
    return {
        "OTIO_SCHEMA": "ExternalReference.1",
        "name": strip.name,
        "target_url": strips.path_of(strip),
        "available_range": _span(Fraction(0), length, rate),
        "available_image_bounds": None,
        "metadata": {},
    }


def _missing() -> dict[str, Any]:
    return {"OTIO_SCHEMA": "MissingReference.1", "name": "", "available_range": None, "available_image_bounds": None, "metadata": {}}


def _plain(metadata: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"effects": [], "markers": [], "metadata": metadata or {}}


def _time(value: Fraction | int, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "RationalTime.1", "value": float(value), "rate": float(rate)}


def _span(start: Fraction, length: Fraction, rate: Fraction) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": _time(start, rate), "duration": _time(length, rate)}
