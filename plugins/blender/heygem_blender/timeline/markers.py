"""Markers on frames that deserve a look, and bringing a place of the sequencer into view."""

from __future__ import annotations

from typing import Any

import bpy

from .. import identity


def mark(params: dict[str, Any]) -> dict[str, Any]:
    """host.markers. Blender's markers are a frame and a name; several may stand on one frame, so none is without room."""
    spot = params["placement"]
    scene = identity.scene_of(spot["project"], spot["sequence"])
    known = {(marker.frame, marker.name) for marker in scene.timeline_markers}
    added = 0
    for marker in params["markers"]:
        name = _name(marker)
        if (marker["record_start"], name) in known:
            continue
        scene.timeline_markers.new(name, frame=marker["record_start"])
        known.add((marker["record_start"], name))
        added += 1
    if added:
        bpy.ops.ed.undo_push(message="HeyGem Bridge: markers")
    return {"added": added, "already": len(params["markers"]) - added, "notices": [], "notice_messages": []}


def _name(marker: dict[str, Any]) -> str:
    """A marker has no length: a range says in its name how many frames it lasts. Names have 63 bytes."""
    length = f" ({marker['record_duration']})" if marker["record_duration"] > 1 else ""
    name = marker["name"].encode("utf-8")[: 63 - len(length)].decode("utf-8", "ignore")
    return f"{name}{length}"


def reveal(params: dict[str, Any]) -> dict[str, Any]:
    """host.reveal: shows the scene with the playhead on the place. Moves the playhead because that is what is asked."""
    spot = params["placement"]
    scene = identity.scene_of(spot["project"], spot["sequence"])
    for window in bpy.context.window_manager.windows:
        if getattr(window.workspace, "sequencer_scene", None) is not None:
            window.workspace.sequencer_scene = scene
        elif window.scene != scene and len(bpy.context.window_manager.windows) == 1:
            window.scene = scene
    scene.frame_set(spot["record_start"])
    return {}
