"""Makes a take look like the clip it covers: position, crop, opacity and grade, with a list of what this Resolve cannot copy."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from heygem_host.messages import Message, tell, without_repeats

from ..editor import can

if TYPE_CHECKING:
    from .. import api

PROPERTIES = {
    "Pan": "panel.part-position", "Tilt": "panel.part-position", "ZoomGang": "panel.part-zoom", "ZoomX": "panel.part-zoom",
    "ZoomY": "panel.part-zoom", "RotationAngle": "panel.part-rotation", "AnchorPointX": "panel.part-anchor",
    "AnchorPointY": "panel.part-anchor", "Pitch": "panel.part-pitch", "Yaw": "panel.part-yaw", "FlipX": "panel.part-flip",
    "FlipY": "panel.part-flip", "CropLeft": "panel.part-crop", "CropRight": "panel.part-crop", "CropTop": "panel.part-crop",
    "CropBottom": "panel.part-crop", "CropSoftness": "panel.part-crop", "CropRetain": "panel.part-crop",
    "DynamicZoomEase": "panel.part-dynamic-zoom", "CompositeMode": "panel.part-composite", "Opacity": "panel.part-opacity",
    "Distortion": "panel.part-distortion", "Scaling": "panel.part-scaling", "ResizeFilter": "panel.part-resize-filter",
}  # fmt: skip
"""Key of GetProperty/SetProperty → code of what editors call it. Speed and stabilisation have no key that can be set."""

SECTIONS = {
    "TransformEnabled": "panel.lost-position-off", "CroppingEnabled": "panel.lost-crop-off",
    "CompositeEnabled": "panel.lost-opacity-off", "LensCorrectionEnabled": "panel.lost-lens-off",
}  # fmt: skip
"""Since 21.1: parts of the inspector that can be off while their values stay."""


def layers_of(project: Any) -> int:
    """How many node stacks each clip of a project may be graded in."""
    try:
        return max(1, int(project.GetSetting("nodeStackLayers")))
    except (TypeError, ValueError):
        return 1


def lost(item: Any, layers: int = 1) -> tuple[Message, ...]:
    """What a take above this clip would not have, known before it is placed; `layers` of node stacks are looked at."""
    found = []
    if any(_graded(item.GetNodeGraph(layer)) for layer in range(2, layers + 1) if can(item, "GetNodeGraph")):
        found.append(tell("panel.lost-grade-layers"))
    if not can(item, "SetProperty"):
        found.append(tell("panel.lost-properties"))
    if not can(item, "CopyGrades") and _nodes(item) != 1:
        found.append(tell("panel.lost-grade-version"))
    if can(item, "GetFusionCompCount") and (item.GetFusionCompCount() or 0) > 0:
        found.append(tell("panel.lost-fusion"))
    if _sections(item).get("DynamicZoomEnabled") is True:
        found.append(tell("panel.lost-dynamic-zoom"))
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


def _copy_grade(source: Any, target: Any) -> list[Message]:
    """Read back: what the copied nodes are called and do."""
    if not can(source, "CopyGrades"):
        return []
    if not source.CopyGrades([target]):
        return [tell("panel.lost-grade-refused")]
    return [] if _nodes_seen(source) == _nodes_seen(target) else [tell("panel.lost-grade-other")]


def copied_at_once(source: Any, target: Any) -> bool:
    """Resolve's own copying of a clip's attributes (since 21.1), keyframes included. False = the take no longer lies as it did.

    No public source tells its arguments, so it is called as CopyGrades is, and nothing is believed: values are read back by `copy`,
    keyframes from the timeline document.
    """
    if not can(source, "CopyAttributes"):
        return True
    before = _place(target)
    with suppress(Exception):  # what Resolve raises where it wants other arguments
        source.CopyAttributes([target])
    return _place(target) == before


def _place(item: Any) -> tuple[Any, ...]:
    return item.GetStart(), item.GetDuration(), item.GetLeftOffset() if can(item, "GetLeftOffset") else None


def copy(source: api.Item, target: api.Item, layers: int = 1) -> tuple[Message, ...]:
    """Copies what can be copied from one clip to another; returns what could not."""
    missed = [*lost(source, layers), *_copy_properties(source, target), *_copy_sections(source, target), *_copy_fades(source, target)]
    missed += [*_copy_group(source, target), *_copy_grade(source, target)]
    return tuple(without_repeats(missed))


def _copy_properties(source: Any, target: Any) -> list[Message]:
    """Values are read back: SetProperty says True to values that it ignores."""
    if not can(source, "SetProperty"):
        return []
    wanted = source.GetProperty() or {}
    missed = []
    for key, code in PROPERTIES.items():
        value = wanted.get(key)
        if value is None or _equal(target.GetProperty(key), value):
            continue
        target.SetProperty(key, value)
        if not _equal(target.GetProperty(key), value):
            missed.append(tell(code))
    return missed


def _copy_sections(source: Any, target: Any) -> list[Message]:
    wanted, missed = _sections(source), []
    for key, code in SECTIONS.items():
        if wanted.get(key) is not False or _sections(target).get(key) is False:
            continue
        target.SetProperties({key: False})
        if _sections(target).get(key) is not False:
            missed.append(tell(code))
    return missed


def _copy_fades(source: Any, target: Any) -> list[Message]:
    """Since 21.1; before, only the timeline document tells of them (`animation`)."""
    if not (can(source, "GetFades") and can(target, "SetFades")):
        return []
    wanted = {key: int(value) for key, value in (source.GetFades() or {}).items() if value}
    if not wanted:
        return []
    target.SetFades(wanted)
    now = target.GetFades() or {}
    return [] if all(int(now.get(key) or 0) == value for key, value in wanted.items()) else [tell("panel.lost-fades")]


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return abs(one - other) <= 1e-4 * max(1.0, abs(other))
    return bool(one == other)


def _copy_group(source: Any, target: Any) -> list[Message]:
    if not (can(source, "GetColorGroup") and can(target, "AssignToColorGroup")):
        return []
    group = source.GetColorGroup()
    return [] if not group or target.AssignToColorGroup(group) else [tell("panel.lost-colour-group")]
