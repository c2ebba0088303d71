"""Places a take on a channel of ours above the strip it was made from. What fails is taken away again; what others put there stays.

A strip is made on an empty channel, trimmed there and then moved down, because Blender pushes strips that overlap aside: so nothing of the
timeline is ever in its way. Each placement is one step of undo.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import bpy

from heygem_host.errors import HostError
from heygem_host.messages import Message, sentences, tell

from .. import identity, names
from ..timeline import channels, look, strips
from . import sound

LABEL = "COLOR_05"  # of takes, as other editors label clips


def place(params: dict[str, Any]) -> dict[str, Any]:
    """host.place: the protocol's PlaceParams → PlaceResult, laid as `placement.laying` says. Placing a take that is there already
    changes nothing.

    Raises: HostError — another file is open, the scene or the take's file is gone, or Blender did not place it.
    """
    scene = scene_with_sequencer(params["placement"])
    there = find_placed(scene, params["file"])
    if there is not None:
        return result(params, True, there)
    placed = place_in(scene, params)
    one_step(params)
    return placed


def scene_with_sequencer(spot: dict[str, Any]) -> Any:
    """Raises: HostError — another file is open, or the scene is gone."""
    scene = identity.scene_of(spot["project"], spot["sequence"])
    if scene.sequence_editor is None:
        scene.sequence_editor_create()
    return scene


def one_step(params: dict[str, Any]) -> None:
    """All that was changed since the last step becomes one step of undo."""
    bpy.ops.ed.undo_push(message=f"HeyGem Bridge: {params.get('name') or 'take'}"[:60])


def place_in(scene: Any, params: dict[str, Any]) -> dict[str, Any]:
    """Without a step of undo: the caller makes one of all that it does. Raises: HostError — then nothing has changed."""
    spot, laying = params["placement"], params["placement"].get("laying") or {}
    if laying.get("mode") == "take":
        raise HostError("NoTakes", "panel.blender-no-takes")
    covered, start, notices = where_it_goes(scene, spot)
    take = lay(scene, params, start, covered.channel if covered is not None else spot["track"])
    missed: tuple[Message, ...] = ()
    if covered is not None and not spot.get("baked", False):
        missed = look.copy(scene, covered, take, strips.effects_on(scene, covered))
        if look.shines_through(covered) and not laying.get("disable_original"):
            notices.append(tell("panel.blender-shines-through"))
    hidden = hidden_by(scene, covered.channel if covered is not None else spot["track"], take)
    if hidden:
        notices.append(tell("panel.blender-hides", names=hidden))
    if laying.get("disable_original"):
        notices += _disable(covered)
    notices += _sound(scene, covered, start, params, laying.get("mute", "none"))
    notices.append(tell("panel.blender-one-undo"))
    return result(params, False, take, missed, notices)


def _disable(covered: Any) -> list[Message]:
    if covered is None:
        return [tell("panel.nothing-disabled")]
    covered.mute = True
    return []


def _sound(scene: Any, covered: Any, start: int, params: dict[str, Any], mute: str) -> list[Message]:
    """The take is there by now, so what goes wrong with its sound is told, not raised."""
    notices: list[Message] = []
    if params.get("speech"):
        length = params["placement"]["record_duration"]
        notices += sound.place_speech(scene, params["speech"], start, length, Fraction(params.get("speech_start") or 0))
    if mute != "none":
        notices += sound.mute(scene, covered, mute)
    return notices


def where_it_goes(scene: Any, spot: dict[str, Any]) -> tuple[Any, int, list[Message]]:
    """The covered strip (None = gone), the start for its take, and what the editor should know: strips move while takes render."""
    covered = next((strip for strip in names.strips_of(scene) if strip.name == spot.get("clip")), None)
    if covered is None:
        return None, spot["record_start"], [tell("panel.clip-left-timeline")] if spot.get("clip") else []
    start, length = strips.start_of(covered), strips.length_of(covered)
    if start == spot["record_start"]:
        return covered, start, [tell("panel.clip-trimmed")] if length != spot["record_duration"] else []
    if length == spot["record_duration"]:
        return covered, start, [tell("panel.clip-moved")]
    return covered, spot["record_start"], [tell("panel.clip-trimmed-and-moved")]


def find_placed(scene: Any, file: str) -> Any:
    """The strip that shows a take's file, wherever the editor has moved it, into a meta strip too; takes are never overwritten, so a file
    is a take.
    """
    movies = (strip for strip in names.every_strip(scene) if strip.type == "MOVIE")
    return next((strip for strip in movies if strips.same_file(strips.path_of(strip), file)), None)


def lay(scene: Any, params: dict[str, Any], start: int, above: int) -> Any:
    """The take's strip, on a channel of ours above another one. Raises: HostError — it does not lie where it should."""
    file, handles, frames = params["file"], params.get("handles", 0), params["frames"]
    if not os.path.exists(file):
        raise HostError("FileGone", "panel.file-gone", path=file)
    length = min(frames, params["placement"]["record_duration"])
    channel = channels.free(scene, strips.TAKES, above, start, length)
    try:
        made = names.strips(scene).new_movie(
            name=params.get("name") or "HeyGem take", filepath=file, channel=channels.empty(scene), frame_start=start - handles
        )
    except RuntimeError:  # Blender cannot read the file
        raise HostError("NotImported", "panel.blender-not-read", path=file) from None
    try:
        _check_file(scene, made, file)
        made.frame_start = start - handles
        made.frame_offset_start = handles
        made.frame_final_duration = length
        made.channel = channel
        _check(made, channel, start, length, handles)
    except BaseException:
        names.strips(scene).remove(made)
        raise
    channels.call(scene, channel, strips.TAKES)
    made.select = False
    if hasattr(made, "color_tag"):
        made.color_tag = LABEL
    return made


def _check_file(scene: Any, made: Any, file: str) -> None:
    """Blender makes a strip of whatever it is given, also of what it cannot read: such a one has no rate."""
    rate = strips.file_rate(made)
    if rate is None:
        raise HostError("NotImported", "panel.blender-not-read", path=file)
    if rate != names.rate_of(scene):
        raise HostError("OtherRate", "panel.blender-take-rate", take=f"{float(rate):g}", scene=f"{float(names.rate_of(scene)):g}")


def _check(made: Any, channel: int, start: int, length: int, first: int) -> None:
    """What Blender has, not what it was told."""
    seen = (made.channel, strips.start_of(made), strips.length_of(made), round(made.frame_offset_start))
    if seen != (channel, start, length, first) or made.frame_offset_end < 0:
        raise HostError("NotPlaced", "panel.blender-not-placed", got=list(seen), wanted=[channel, start, length, first])


def hidden_by(scene: Any, clip_channel: int, take: Any) -> list[str]:
    """Strips between a clip and its take, which the take now covers: titles, lower thirds."""
    between = range(clip_channel + 1, take.channel)
    inside = [strip for channel in between for strip in channels.covered(scene, channel, strips.start_of(take), strips.length_of(take))]
    return [strip.name for strip in inside if not strips.is_sound(strip) and not strips.muted(scene, strip)]


def result(
    params: dict[str, Any], already: bool, take: Any, missed: Sequence[Message] = (), notices: Sequence[Message] = ()
) -> dict[str, Any]:
    return {
        "take": params["take"],
        "already": already,
        "track": int(take.channel),
        "record_start": strips.start_of(take),
        "record_duration": strips.length_of(take),
        "not_copied": sentences(missed),
        "not_copied_messages": list(missed),
        "notices": sentences(notices),
        "notice_messages": list(notices),
    }
