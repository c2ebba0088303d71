"""Makes a take look like the clip it covers: position, crop, opacity and grade, with a list of what this Resolve cannot copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..editor import can

if TYPE_CHECKING:
    from .. import api

PROPERTIES = {
    "Pan": "position", "Tilt": "position", "ZoomGang": "zoom", "ZoomX": "zoom", "ZoomY": "zoom", "RotationAngle": "rotation",
    "AnchorPointX": "anchor point", "AnchorPointY": "anchor point", "Pitch": "pitch", "Yaw": "yaw", "FlipX": "flip", "FlipY": "flip",
    "CropLeft": "crop", "CropRight": "crop", "CropTop": "crop", "CropBottom": "crop", "CropSoftness": "crop", "CropRetain": "crop",
    "DynamicZoomEase": "dynamic zoom", "CompositeMode": "composite mode", "Opacity": "opacity", "Distortion": "lens distortion",
    "Scaling": "scaling", "ResizeFilter": "resize filter",
}  # fmt: skip
"""Key of GetProperty/SetProperty → what editors call it. Speed and stabilisation have no key that can be set."""

SECTIONS = {
    "TransformEnabled": "position and zoom being switched off", "CroppingEnabled": "crop being switched off",
    "CompositeEnabled": "opacity being switched off", "LensCorrectionEnabled": "lens correction being switched off",
}  # fmt: skip
"""Since 21.1: parts of the inspector that can be off while their values stay."""


def layers_of(project: Any) -> int:
    """How many node stacks each clip of a project may be graded in."""
    try:
        return max(1, int(project.GetSetting("nodeStackLayers")))
    except (TypeError, ValueError):
        return 1


def lost(item: Any, layers: int = 1) -> tuple[str, ...]:
    """What a take above this clip would not have, known before it is placed; `layers` of node stacks are looked at."""
    found = []
    if any(_graded(item.GetNodeGraph(layer)) for layer in range(2, layers + 1) if can(item, "GetNodeGraph")):
        found.append("a part of the grade (it lies in several node layers, and Resolve copies one)")
    if not can(item, "SetProperty"):
        found.append("position, zoom, crop and opacity (this version of Resolve cannot set them)")
    if not can(item, "CopyGrades") and _nodes(item) != 1:
        found.append("the grade (this version of Resolve cannot copy it)")
    if can(item, "GetFusionCompCount") and (item.GetFusionCompCount() or 0) > 0:
        found.append("its Fusion composition")
    if _sections(item).get("DynamicZoomEnabled") is True:
        found.append("its dynamic zoom")
    return tuple(found)


def _sections(item: Any) -> dict[str, Any]:
    """Empty before 21.1."""
    return (item.GetProperties() or {}) if can(item, "GetProperties") else {}


def _nodes(item: Any) -> int | None:
    """None = this version does not say. A clip without a grade has one empty node."""
    return item.GetNumNodes() if can(item, "GetNumNodes") else None


def _graded(graph: Any) -> bool:
    return bool(graph) and (graph.GetNumNodes() > 1 or any(_node(graph, 1)))


def _node(graph: Any, number: int) -> tuple[Any, ...]:
    """All that the API tells of a node: its label, LUT and the names of its tools."""
    return graph.GetNodeLabel(number) or "", graph.GetLUT(number) or "", *(graph.GetToolsInNode(number) or ())


def _nodes_seen(item: Any) -> list[tuple[Any, ...]] | None:
    """Of the first layer; None = this version does not say (before 19)."""
    graph = item.GetNodeGraph() if can(item, "GetNodeGraph") else None
    return [_node(graph, number) for number in range(1, graph.GetNumNodes() + 1)] if graph else None


def _copy_grade(source: Any, target: Any) -> list[str]:
    """Read back: what the copied nodes are called and do."""
    if not can(source, "CopyGrades"):
        return []
    if not source.CopyGrades([target]):
        return ["the grade (Resolve refused to copy it)"]
    return [] if _nodes_seen(source) == _nodes_seen(target) else ["the grade (Resolve copied other nodes than the clip has)"]


def copy(source: api.Item, target: api.Item, layers: int = 1) -> tuple[str, ...]:
    """Copies what can be copied from one clip to another; returns what could not, in words."""
    missed = [*lost(source, layers), *_copy_properties(source, target), *_copy_sections(source, target), *_copy_fades(source, target)]
    missed += [*_copy_group(source, target), *_copy_grade(source, target)]
    return tuple(dict.fromkeys(missed))


def _copy_properties(source: Any, target: Any) -> list[str]:
    """Values are read back: SetProperty says True to values that it ignores."""
    if not can(source, "SetProperty"):
        return []
    wanted = source.GetProperty() or {}
    missed = []
    for key, words in PROPERTIES.items():
        value = wanted.get(key)
        if value is None or _equal(target.GetProperty(key), value):
            continue
        target.SetProperty(key, value)
        if not _equal(target.GetProperty(key), value):
            missed.append(words)
    return missed


def _copy_sections(source: Any, target: Any) -> list[str]:
    wanted, missed = _sections(source), []
    for key, words in SECTIONS.items():
        if wanted.get(key) is not False or _sections(target).get(key) is False:
            continue
        target.SetProperties({key: False})
        if _sections(target).get(key) is not False:
            missed.append(words)
    return missed


def _copy_fades(source: Any, target: Any) -> list[str]:
    """Since 21.1; before, only the timeline document tells of them (`animated`)."""
    if not (can(source, "GetFades") and can(target, "SetFades")):
        return []
    wanted = {key: int(value) for key, value in (source.GetFades() or {}).items() if value}
    if not wanted:
        return []
    target.SetFades(wanted)
    now = target.GetFades() or {}
    return [] if all(int(now.get(key) or 0) == value for key, value in wanted.items()) else ["its fades"]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-4 * max(1.0, abs(other))
    return bool(one == other)


def _copy_group(source: Any, target: Any) -> list[str]:
    if not (can(source, "GetColorGroup") and can(target, "AssignToColorGroup")):
        return []
    group = source.GetColorGroup()
    return [] if not group or target.AssignToColorGroup(group) else ["its colour group"]
