"""Which project and which sequence this is: Blender gives neither a name that stays, so files and scenes carry ours.

A project's id is made from the file's first place and written into the file when it is saved, so copies under other names ("film_02.blend")
go on as the same project. A sequence is a scene; its id is the name that the scene had when its selection was first read. Both are
kept as custom properties of scenes. A step of undo takes such a property away: then the same id is found again from the place or the name.
"""

from __future__ import annotations

import hashlib
import os
import uuid
from typing import Any

import bpy

from heygem_host.errors import HostError

from . import names

PROJECT, SEQUENCE = "heygem_project", "heygem_sequence"

_known: dict[str, str] = {}
"""The id of the open file, by its place; empty = it has none yet. Decided once: a scene that is appended brings the id of its own file."""


def project() -> str:
    """The id of the open file."""
    path = bpy.data.filepath
    if path not in _known:
        _known[path] = _known.pop("", "") or _written() or _made(path)
    return _known[path]


def _written() -> str | None:
    found = (scene.get(PROJECT) for scene in bpy.data.scenes)
    return next((each for each in found if isinstance(each, str) and each), None)


def _made(path: str) -> str:
    if not path:
        return f"blend-{uuid.uuid4().hex[:16]}"
    return "blend-" + hashlib.sha256(os.path.normcase(os.path.abspath(path)).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def project_name() -> str:
    return os.path.splitext(os.path.basename(bpy.data.filepath))[0] or "Blender"


def write_project() -> None:
    """Into the file, before it is saved, with the ids of its sequences."""
    known = project()
    for scene in bpy.data.scenes:
        if scene.library is None and scene.get(PROJECT) != known:
            scene[PROJECT] = known
        if scene.sequence_editor is not None:
            sequence(scene)


def forget() -> None:
    """Another file was opened."""
    _known.clear()


def sequence(scene: Any) -> str:
    """The id of a scene, written into it. A copy of a scene has the original's property and is still another sequence."""
    written = scene.get(SEQUENCE)
    if isinstance(written, str) and written and _owner(written) == scene:
        return written
    taken = any(other != scene and other.get(SEQUENCE) == scene.name for other in bpy.data.scenes)
    made = f"{scene.name}-{uuid.uuid4().hex[:8]}" if taken else str(scene.name)
    if scene.library is None:
        scene[SEQUENCE] = made
    return made


def scene_of(project_id: str, sequence_id: str) -> Any:
    """Raises: HostError — another file is open, or the scene was deleted."""
    if project() != project_id:
        raise HostError("OtherProject", "panel.blender-other-file", file=project_name())
    found = _owner(sequence_id) or next((scene for scene in bpy.data.scenes if scene.name == sequence_id and not scene.get(SEQUENCE)), None)
    if found is None:
        raise HostError("TimelineGone", "panel.timeline-gone")
    return found


def open_scene() -> Any:
    """The scene in the sequencer. Raises: HostError — it has no strips yet."""
    scene = names.scene_of_sequencer()
    if scene is None or scene.sequence_editor is None:
        raise HostError("NoTimeline", "panel.blender-no-strips")
    return scene


def _owner(written: str) -> Any:
    """The scene that an id stands for: of several that carry it, the one with that name is the original."""
    carrying = [scene for scene in bpy.data.scenes if scene.get(SEQUENCE) == written]
    return next((scene for scene in carrying if scene.name == written), carrying[0] if carrying else None)
