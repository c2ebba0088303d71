"""What a strip is: its place, its file, which frames of it show, and why Blender alone may be able to play it.

Frames are the scene's own: record frame 0 is Blender's frame 0. A movie strip plays one frame of its file for each frame of the scene,
whatever the file's rate is; a sound plays by its seconds.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import bpy

from heygem_host import timecode
from heygem_host.messages import Message, sentences, tell

from .. import identity, names
from . import look

TAKES = "HeyGem takes"  # name of the channels that takes go to
SPEECH = "HeyGem speech"  # name of the channels of speech that came as a file

_RAW = (".braw", ".r3d", ".ari", ".arx", ".crm", ".nev", ".dng", ".cine", ".rmf")
_FINEST = 1_000_000  # of a frame: positions of sounds are 32 bit floats


def start_of(strip: Any) -> int:
    return int(strip.frame_final_start)


def length_of(strip: Any) -> int:
    return int(strip.frame_final_duration)


def end_of(strip: Any) -> int:
    return start_of(strip) + length_of(strip)


def overlaps(strip: Any, start: int, length: int) -> bool:
    return start_of(strip) < start + length and end_of(strip) > start


def is_picture(strip: Any) -> bool:
    """Movies, and all else that shows something of its own: stills, meta strips, scenes. Effects belong to the strips that they change."""
    return strip.type in ("MOVIE", "IMAGE", "META", "SCENE", "MOVIECLIP", "MASK", "COLOR", "TEXT", "MULTICAM")


def is_sound(strip: Any) -> bool:
    return bool(strip.type == "SOUND")


def path_of(strip: Any) -> str | None:
    """The file of a movie or a sound; None for all else, and for sound that is packed into the project."""
    if strip.type == "MOVIE":
        return _absolute(strip.filepath)
    if strip.type == "SOUND" and strip.sound is not None and strip.sound.packed_file is None:
        return _absolute(strip.sound.filepath)
    return None


def _absolute(path: str) -> str | None:
    return os.path.normpath(bpy.path.abspath(path)) if path else None


def same_file(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and os.path.normcase(os.path.normpath(one)) == os.path.normcase(os.path.normpath(other))


def source_start(strip: Any, rate: Fraction) -> Fraction:
    """Seconds of its file at the first frame that shows; `rate` is the scene's. Of a movie: frames of the file by the file's own rate."""
    hidden = Fraction(float(strip.frame_offset_start)).limit_denominator(_FINEST) + int(getattr(strip, "animation_offset_start", 0) or 0)
    if strip.type == "MOVIE":
        return hidden / (file_rate(strip) or rate)
    return hidden / rate + Fraction(float(getattr(strip, "sound_offset", 0.0) or 0.0)).limit_denominator(_FINEST)


def file_rate(strip: Any) -> Fraction | None:
    """Of a movie; None where Blender cannot read the file."""
    told = float(getattr(strip, "fps", 0.0) or 0.0)
    return names.exact(told) if told > 0 else None


def retimed(strip: Any) -> bool:
    """Whether it plays at another speed, backwards or in steps. Told by a factor in 3.4, by keys of retiming later."""
    if getattr(strip, "use_reverse_frames", False) or float(getattr(strip, "strobe", 1.0) or 1.0) > 1:
        return True
    return abs(float(getattr(strip, "speed_factor", 1.0)) - 1) > 1e-6 or len(getattr(strip, "retiming_keys", ())) > 0


def effects_on(scene: Any, strip: Any) -> list[Any]:
    """The effect strips that take this strip as their input: Blender shows them in its place."""
    return [other for other in names.strips_of(scene) if any(held == strip for held in inputs_of(other))]


def inputs_of(strip: Any) -> Iterator[Any]:
    for name in ("input_1", "input_2", "input_3"):
        held = getattr(strip, name, None)
        if held is not None:
            yield held


def own_sound(scene: Any, picture: Any) -> list[Any]:
    """The sounds that were recorded with a picture: of the same file, laid so that both run together. Blender links nothing."""
    path = path_of(picture)
    return [
        strip
        for strip in names.strips_of(scene)
        if is_sound(strip)
        and same_file(path_of(strip), path)
        and abs(float(strip.frame_start) - float(picture.frame_start)) <= 1
        and overlaps(strip, start_of(picture), length_of(picture))
    ]


def muted(scene: Any, strip: Any) -> bool:
    return bool(strip.mute) or bool(scene.sequence_editor.channels[strip.channel].mute)


def placement_of(scene: Any, strip: Any) -> dict[str, Any]:
    return {
        "project": identity.project(),
        "sequence": identity.sequence(scene),
        "clip": strip.name,
        "track": int(strip.channel),
        "record_start": start_of(strip),
        "record_duration": length_of(strip),
        "rate": timecode.written(names.rate_of(scene)),
    }


def describe(scene: Any, strip: Any) -> dict[str, Any]:
    """A strip as the protocol's SelectedItem."""
    why = why_only_blender_plays_it(scene, strip, with_speed_effects(scene))
    lost = look.lost(scene, strip, effects_on(scene, strip)) if is_picture(strip) else ()
    notices = worth_knowing(scene, strip)
    return {
        "id": strip.name,
        "name": strip.name,
        "kind": "sound" if is_sound(strip) else "picture",
        "placement": placement_of(scene, strip),
        "path": path_of(strip),
        "needs_host_export": None if why is None else why["message"],
        "needs_host_export_message": why,
        "cannot_copy": sentences(lost),
        "cannot_copy_messages": list(lost),
        "notices": sentences(notices),
        "notice_messages": notices,
    }


def worth_knowing(scene: Any, strip: Any) -> list[Message]:
    """A file that is not there, a proxy that plays in its place, an adjustment strip above."""
    found, path = [], path_of(strip)
    if path is not None and not os.path.exists(path):
        found.append(tell("panel.media-offline", path=path))
    elif path is not None and getattr(strip, "use_proxy", False):
        found.append(tell("panel.media-proxy", path=path))
    if is_picture(strip):
        above = [each for each in names.strips_of(scene) if each.type == "ADJUSTMENT" and each.channel > strip.channel]
        layers = [each for each in above if overlaps(each, start_of(strip), length_of(strip)) and not muted(scene, each)]
        found += [tell("panel.adjustment-above", clip=each.name) for each in layers]
    return found


def with_speed_effects(scene: Any) -> set[str]:
    """Names of the strips that an effect plays at another speed."""
    return {held.name for effect in names.strips_of(scene) if effect.type == "SPEED" for held in inputs_of(effect)}


def why_only_blender_plays_it(scene: Any, strip: Any, speeds: set[str]) -> Message | None:
    """None = the server can read it from its file. `speeds`: as `with_speed_effects` says."""
    if is_sound(strip):
        if path_of(strip) is None:
            return tell("panel.only-blender-packed")
        return tell("panel.only-blender-retimed") if retimed(strip) else None
    path = path_of(strip)
    if strip.type != "MOVIE" or path is None:
        return tell("panel.only-blender-draws")
    if path.lower().endswith(_RAW):
        return tell("panel.only-host-camera", suffix=os.path.splitext(path)[1], editor="Blender")
    if retimed(strip) or strip.name in speeds:
        return tell("panel.only-blender-retimed")
    if int(getattr(strip, "stream_index", 0) or 0) > 0:
        return tell("panel.only-blender-stream")
    if strip.frame_offset_start < 0 or strip.frame_offset_end < 0:
        return tell("panel.only-blender-held")
    rate = file_rate(strip)
    if rate is not None and rate != names.rate_of(scene):
        return tell("panel.only-blender-rate", rate=f"{float(rate):g}", scene=f"{float(names.rate_of(scene)):g}")
    return None
