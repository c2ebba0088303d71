"""Blender's names that differ between its versions, each in one place: 3.4 calls strips "sequences", 4.4 and later call them strips."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import bpy

from heygem_host import timecode

CHANNELS = 128
"""How many channels a sequencer has, in every version."""


def scene_of_sequencer() -> Any:
    """The scene whose strips are edited. From 5.0 on a workspace names one for its sequencer; before, it is the window's."""
    for window in bpy.context.window_manager.windows:
        chosen = getattr(window.workspace, "sequencer_scene", None)
        if chosen is not None:
            return chosen
    for window in bpy.context.window_manager.windows:
        return window.scene
    return bpy.context.scene


def strips(scene: Any) -> Any:
    """The collection of the strips that lie on the timeline itself, none within meta strips."""
    editor = scene.sequence_editor
    return editor.strips if hasattr(editor, "strips") else editor.sequences


def strips_of(scene: Any) -> list[Any]:
    """The same as a list, by channel and time; empty where the scene has no sequencer yet."""
    if scene.sequence_editor is None:
        return []
    return sorted(strips(scene), key=lambda strip: (strip.channel, strip.frame_final_start, strip.name))


def every_strip(scene: Any) -> list[Any]:
    """Those within meta strips too."""
    editor = scene.sequence_editor
    return [] if editor is None else list(editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all)


def animated_path(scene: Any, name: str) -> str:
    """What stands before the property in the data path of an F-curve that animates a strip."""
    collection = "strips_all" if hasattr(scene.sequence_editor, "strips_all") else "sequences_all"
    return f'sequence_editor.{collection}["{bpy.utils.escape_identifier(name)}"]'


def curves(scene: Any) -> list[Any]:
    """The F-curves of a scene's action. From 5.0 on they lie in layers, in a bag for each slot."""
    return list(_curves(scene.animation_data))


def new_curve(scene: Any, path: str, index: int, group: str) -> Any:
    """A fresh F-curve beside those of `curves`. Raises: RuntimeError — there is one with that path."""
    action = scene.animation_data.action
    holder = action.fcurves if hasattr(action, "fcurves") else next(_bags(scene.animation_data)).fcurves
    made = holder.new(path, index=index)
    if made is None:
        raise RuntimeError(f"Blender makes no curve {path}")
    return made


def _curves(animation: Any) -> Iterator[Any]:
    action = None if animation is None else animation.action
    if action is None:
        return
    if hasattr(action, "fcurves"):
        yield from action.fcurves
        return
    for bag in _bags(animation):
        yield from bag.fcurves


def _bags(animation: Any) -> Iterator[Any]:
    for layer in animation.action.layers:
        for part in layer.strips:
            bag = part.channelbag(animation.action_slot)
            if bag is not None:
                yield bag


def rate_of(scene: Any) -> Fraction:
    """Frames per second. `fps_base` is a 32 bit float: 1.001 is 1.0010000467."""
    return exact(Fraction(scene.render.fps) / Fraction(scene.render.fps_base))


def exact(rate: Fraction | float) -> Fraction:
    """A rate that Blender tells with the noise of 32 bits."""
    return timecode.exact(Fraction(rate).limit_denominator(100_000))


def busy() -> bool:
    """Whether Blender must not be changed now: it renders in the background, or somebody drags a strip (told from 4.2 on)."""
    asked = getattr(bpy.app, "is_job_running", None)
    if asked is not None and any(asked(kind) for kind in ("RENDER", "OBJECT_BAKE")):
        return True
    return any(len(getattr(window, "modal_operators", ())) > 0 for window in bpy.context.window_manager.windows)
