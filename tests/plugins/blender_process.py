"""Runs inside Blender: does what the tests ask, one line of JSON after the other, and answers with a line that begins with @@.

`blender -b --python this_file.py -- FOLDER…`: the folders come first on the path, as an installed add-on has them. With -b Blender's timers
never fire, so tests call `step` where a timer would.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import bpy

sys.path[:0] = sys.argv[sys.argv.index("--") + 1 :]

from heygem_blender import identity, names, running  # noqa: E402
from heygem_blender.calls import DISPATCHER  # noqa: E402
from heygem_blender.timeline import strips as ours  # noqa: E402

PANEL: dict[str, Any] = {}
running.watch_files()


def scene() -> Any:
    return bpy.context.scene


def strip(name: str) -> Any:
    return next(one for one in names.strips_of(scene()) if one.name == name)


def new_scene(fps: int, base: float, size: list[int], frames: list[int]) -> str:
    """An empty sequencer; the id of its project."""
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    render = scene().render
    render.fps, render.fps_base = fps, base
    render.resolution_x, render.resolution_y = size
    scene().view_settings.view_transform = "Standard"
    scene().frame_start, scene().frame_end = frames
    scene().sequence_editor_create()
    return identity.project()


def movie(name: str, file: str, channel: int, start: int, first: int, length: int, **values: Any) -> str:
    """Shows `length` frames of a file from frame `first` on, at record frame `start`."""
    made = names.strips(scene()).new_movie(name=name, filepath=file, channel=channel, frame_start=start - first)
    return _trimmed(made, start, first, length, values)


def sound(name: str, file: str, channel: int, start: int, first: int, length: int, **values: Any) -> str:
    made = names.strips(scene()).new_sound(name=name, filepath=file, channel=channel, frame_start=start - first)
    return _trimmed(made, start, first, length, values)


def _trimmed(made: Any, start: int, first: int, length: int, values: dict[str, Any]) -> str:
    if made.frame_start != start - first:  # Blender lays sound later whose stream begins late
        made.frame_start = start - first
    made.frame_offset_start = first
    made.frame_final_duration = length
    made.select = False
    set_values(made.name, **values)
    return str(made.name)


def title(name: str, channel: int, start: int, length: int) -> str:
    made = names.strips(scene()).new_effect(name=name, type="COLOR", channel=channel, frame_start=start, frame_end=start + length)
    made.select = False
    return str(made.name)


def effect(name: str, kind: str, channel: int, inputs: list[str]) -> str:
    held = [strip(one) for one in inputs]
    made = names.strips(scene()).new_effect(
        name=name, type=kind, channel=channel, frame_start=1, frame_end=2, **{f"seq{number}": one for number, one in enumerate(held, 1)}
    )
    made.select = False
    return str(made.name)


def set_values(name: str, /, **values: Any) -> None:
    """`transform.offset_x` and the like are reached through their dots."""
    for path, value in values.items():
        *way, last = path.split(".")
        thing = strip(name)
        for part in way:
            thing = getattr(thing, part)
        setattr(thing, last, value)


def value(name: str, path: str) -> Any:
    thing = strip(name)
    for part in path.split("."):
        thing = getattr(thing, part)
    return list(thing) if hasattr(thing, "__len__") and not isinstance(thing, str) else thing


def key(name: str, path: str, frames: dict[str, float]) -> None:
    for frame, wanted in frames.items():
        set_values(name, **{path: wanted})
        *way, last = path.split(".")
        thing = strip(name)
        for part in way:
            thing = getattr(thing, part)
        thing.keyframe_insert(last, frame=int(frame))


def modifier(name: str, kind: str, **values: Any) -> None:
    made = strip(name).modifiers.new(kind, kind)
    for path, wanted in values.items():
        *way, last = path.split(".")
        thing = made
        for part in way:
            thing = getattr(thing, part)
        setattr(thing, last, wanted)


def modifiers(name: str) -> list[Any]:
    return [[one.name, one.type] for one in strip(name).modifiers]


def channel(number: int, **values: Any) -> None:
    for name, wanted in values.items():
        setattr(scene().sequence_editor.channels[number], name, wanted)


def rename_scene(name: str) -> None:
    scene().name = name


def select(*names_of_strips: str) -> None:
    for one in names.strips_of(scene()):
        one.select = one.name in names_of_strips


def remove(name: str) -> None:
    names.strips(scene()).remove(strip(name))


def state() -> dict[str, Any]:
    """All that a user could see of the strips: by name, everything that can be set."""
    return {one.name: _seen(one) for one in names.strips_of(scene())}


def _seen(thing: Any, depth: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for rule in thing.bl_rna.properties:
        if rule.identifier in ("rna_type", "strip_elem_index"):
            continue
        held = getattr(thing, rule.identifier)
        if rule.type == "POINTER":
            if held is not None and depth < 2 and rule.identifier in ("transform", "crop", "colorspace_settings", "proxy"):
                found[rule.identifier] = _seen(held, depth + 1)
        elif rule.type == "COLLECTION":
            found[rule.identifier] = len(held)
        else:
            found[rule.identifier] = list(held) if getattr(rule, "is_array", False) else sorted(held) if isinstance(held, set) else held
    return found


def curves() -> dict[str, list[list[float]]]:
    return {one.data_path: [list(point.co) for point in one.keyframe_points] for one in names.curves(scene())}


def channels() -> dict[str, str]:
    about = scene().sequence_editor.channels
    return {str(number): about[number].name for number in range(1, 129) if about[number].name != f"Channel {number}"}


def settings() -> dict[str, Any]:
    """Of the scene: its range, playhead, markers, and what it renders to."""
    render = scene().render
    return {
        "frames": [scene().frame_start, scene().frame_end, scene().frame_current],
        "render": [
            render.filepath,
            render.image_settings.file_format,
            render.ffmpeg.format,
            render.ffmpeg.codec,
            render.resolution_percentage,
        ],
        "view": [scene().view_settings.view_transform, scene().view_settings.look],
        "markers": [[one.frame, one.name] for one in scene().timeline_markers],
    }


def scene_values(**values: Any) -> None:
    for name, wanted in values.items():
        setattr(scene(), name, wanted)


def call(method: str, params: dict[str, Any]) -> Any:
    """What the server asks; the JSON-RPC answer."""
    return DISPATCHER.answer(None, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def push(message: str) -> None:
    bpy.ops.ed.undo_push(message=message)


def undo() -> None:
    bpy.ops.ed.undo()


def redo() -> None:
    bpy.ops.ed.redo()


def save(file: str) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=file)


def open_file(file: str) -> str:
    bpy.ops.wm.open_mainfile(filepath=file)
    return identity.project()


def append_scene(file: str, name: str) -> list[str]:
    bpy.ops.wm.append(directory=os.path.join(file, "Scene", ""), filename=name)
    return sorted(one.name for one in bpy.data.scenes)


def project() -> str:
    return identity.project()


def pictures(folder: str, first: int, last: int) -> None:
    """Blender renders what its sequence shows, a picture for each frame."""
    render = scene().render
    render.filepath, render.image_settings.file_format = os.path.join(folder, ""), "PNG"
    render.image_settings.color_mode, render.resolution_percentage = "RGB", 100
    frames = scene().frame_start, scene().frame_end
    scene().frame_start, scene().frame_end = first, last
    bpy.ops.render.render(animation=True)
    scene().frame_start, scene().frame_end = frames


def heard(file: str, first: int, last: int) -> None:
    """Blender mixes what its sequence sounds like."""
    frames = scene().frame_start, scene().frame_end
    scene().frame_start, scene().frame_end = first, last
    bpy.ops.sound.mixdown(filepath=file, container="WAV", codec="PCM", format="S16", check_existing=False)
    scene().frame_start, scene().frame_end = frames


def start(server_file: str, host: str, **more: Any) -> None:
    """The panel's threads, as the add-on starts them."""
    from heygem_blender.panel.blender_side import BlenderSide
    from heygem_host.connection import ServerConnection, Settings
    from heygem_host.panel import Panel

    link = ServerConnection(Settings(server_file, editor="Blender", **more))
    PANEL["panel"] = Panel(BlenderSide(host), link)
    link.start()


def step(seconds: float = 0.05) -> dict[str, Any]:
    """What the timer does; the panel's state afterwards."""
    panel = PANEL["panel"]
    panel.step(seconds)
    return {"connected": panel.connected, "state": panel.state, "said": panel.said, "offer": panel.offer is not None,
            "jobs": {id: job["state"] for id, job in panel.jobs.items()}, "idle": panel.link.inbox.empty(),
            "versions": [take["id"] for take in getattr(panel, "versions", ())]}  # fmt: skip


def panel_call(method: str, *arguments: Any) -> Any:
    return getattr(PANEL["panel"], method)(*arguments)


def ask_link(*entry: Any) -> None:
    PANEL["panel"].link.outbox.put(entry)


def stop() -> bool:
    """Whether the threads ended."""
    link = PANEL.pop("panel").link
    link.stop()
    link.join(5)
    return not link.is_alive()


def path_of(name: str) -> str | None:
    return ours.path_of(strip(name))


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = {"answer": globals()[asked["do"]](*asked["arguments"], **asked["named"])}
        except Exception:
            answer = {"problem": traceback.format_exc()}
        print("\n@@" + json.dumps(answer), flush=True)


main()
