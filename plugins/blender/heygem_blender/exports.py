"""host.export: what only Blender can draw or sound, rendered by Blender, with the scene's settings left as they were.

The render runs in Blender's main thread: the editor cannot be used meanwhile, and the answer says for how long. Everything but the strip
and its effects is muted for that time. Handles are frames of the scene; before frame 0 there are none.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from heygem_host.errors import HostError
from heygem_host.messages import Message, tell

from . import identity, names
from .timeline import strips

_PICTURE = {"format": "QUICKTIME", "codec": "PNG", "audio_codec": "NONE", "use_autosplit": False}  # every pixel as Blender drew it


def export(params: dict[str, Any]) -> dict[str, Any]:
    """ExportParams → ExportResult; one file for each strip, a problem for each that fails. Raises: HostError — nothing is open."""
    began = time.monotonic()
    scene = identity.open_scene()
    if not os.path.isdir(params["folder"]):
        raise HostError("NoFolder", "panel.blender-no-folder", folder=params["folder"])
    by_name = {strip.name: strip for strip in names.strips_of(scene)}
    exported = [_one(scene, by_name.get(name), name, number, params) for number, name in enumerate(params["items"])]
    blocked_ms = round((time.monotonic() - began) * 1000, 1)
    return {"exported": exported, "blocked_ms": blocked_ms, "notices": [], "notice_messages": []}


def _one(scene: Any, strip: Any, name: str, number: int, params: dict[str, Any]) -> dict[str, Any]:
    if strip is None:
        return _failed(name, tell("panel.clip-not-on-timeline"))
    start, length = strips.start_of(strip), strips.length_of(strip)
    first = max(0, start - params.get("handles", 0))
    last = start + length - 1 + params.get("handles", 0)
    try:
        with kept(scene), alone(scene, strip):
            scene.frame_start, scene.frame_end, scene.frame_step = first, last, 1
            path = _rendered(scene, number, params)
    except (RuntimeError, OSError) as trouble:
        return _failed(name, tell("panel.blender-not-exported", why=trouble))
    if path is None:
        return _failed(name, tell("panel.blender-not-exported", why="no file was written"))
    return {"item": name, "path": path, "problem": None, "handles": start - first}


def _failed(name: str, problem: Message) -> dict[str, Any]:
    return {"item": name, "path": None, "problem": problem["message"], "problem_message": problem}


def _rendered(scene: Any, number: int, params: dict[str, Any]) -> str | None:
    """The file that Blender wrote, under a name of its own; None = it wrote none. Raises: RuntimeError, OSError."""
    private = os.path.join(params["folder"], f"{number:03}")
    os.makedirs(private)
    if params["kind"] == "sound":
        wanted = os.path.join(private, "sound.wav")
        bpy.ops.sound.mixdown(filepath=wanted, container="WAV", codec="PCM", format="S16", check_existing=False)
    else:
        _for_picture(scene)
        scene.render.filepath = os.path.join(private, "picture")
        bpy.ops.render.render(animation=True, scene=scene.name)
    made = [os.path.join(private, name) for name in os.listdir(private) if os.path.getsize(os.path.join(private, name))]
    if len(made) != 1:
        return None
    path = os.path.join(params["folder"], f"heygem-{params['kind']}-{number:03}{os.path.splitext(made[0])[1].lower()}")
    shutil.move(made[0], path)
    os.rmdir(private)
    return path


def _for_picture(scene: Any) -> None:
    """The whole frame, without a view transform: the take is laid into the same sequencer, which applies it then."""
    render = scene.render
    render.use_sequencer, render.use_file_extension, render.use_overwrite, render.use_stamp = True, True, True, False
    render.resolution_percentage = 100
    if hasattr(render.image_settings, "media_type"):  # from 5.0 on
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.image_settings.color_mode = "RGB"
    for name, value in _PICTURE.items():
        if hasattr(render.ffmpeg, name):
            setattr(render.ffmpeg, name, value)
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma, view.use_curve_mapping = "Standard", "None", 0.0, 1.0, False


@contextmanager
def kept(scene: Any) -> Iterator[None]:
    """Puts back the settings of the render, the scene's range and its playhead, each on its own."""
    render = scene.render
    things = (render, render.ffmpeg, render.image_settings, scene.view_settings)
    before = [(thing, _settings(thing)) for thing in things]
    frames = [(name, getattr(scene, name)) for name in ("frame_start", "frame_end", "frame_step")]
    current = scene.frame_current
    try:
        yield
    finally:
        for _ in range(2):  # some settings can only be set once others are
            for thing, values in before:
                _put_back(thing, values)
        for name, value in reversed(frames):
            setattr(scene, name, value)
        scene.frame_start = frames[0][1]
        scene.frame_set(current)


def _settings(thing: Any) -> list[tuple[str, Any]]:
    return [
        (rule.identifier, getattr(thing, rule.identifier))
        for rule in thing.bl_rna.properties
        if not rule.is_readonly and rule.type not in ("POINTER", "COLLECTION") and not getattr(rule, "is_array", False)
    ]


def _put_back(thing: Any, values: list[tuple[str, Any]]) -> None:
    for name, value in values:
        try:
            if getattr(thing, name) != value:
                setattr(thing, name, value)
        except (TypeError, AttributeError):
            continue


@contextmanager
def alone(scene: Any, strip: Any) -> Iterator[None]:
    """Mutes all strips but one and the effects on it, and opens its channels."""
    every = names.strips_of(scene)
    wanted = _with_effects(every, strip)
    mutes = [(each, each.mute) for each in every]
    channels = [(scene.sequence_editor.channels[each.channel], scene.sequence_editor.channels[each.channel].mute) for each in wanted]
    try:
        for each in every:
            each.mute = each not in wanted
        for channel, _ in channels:
            channel.mute = False
        yield
    finally:
        for each, muted in mutes:
            each.mute = muted
        for channel, muted in reversed(channels):
            channel.mute = muted


def _with_effects(every: list[Any], strip: Any) -> list[Any]:
    wanted = [strip]
    while True:
        more = [each for each in every if each not in wanted and any(held in wanted for held in strips.inputs_of(each))]
        if not more:
            return wanted
        wanted += more
