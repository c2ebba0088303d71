"""Makes a take look like the strip that it covers, with a list of what could not be copied.

Copied and read back: position, scale, rotation, crop, flips, blending, opacity, colour, how the file's colours are read, modifiers, and the
F-curves that animate any of it. Effect strips cannot be copied: they take the original strip as their input, and a take lies above them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from heygem_host.messages import Message, tell, without_repeats

from .. import names

_OWN = {
    "blend_type": "panel.part-composite", "blend_alpha": "panel.part-opacity", "use_flip_x": "panel.part-flip",
    "use_flip_y": "panel.part-flip", "color_saturation": "panel.part-colour", "color_multiply": "panel.part-colour",
    "multiply_alpha": "panel.part-colour", "use_float": "panel.part-colour", "alpha_mode": "panel.part-composite",
    "use_deinterlace": "panel.part-deinterlacing", "use_linear_modifiers": "panel.part-modifiers",
}  # fmt: skip
_WITHIN = {
    "transform": {
        "offset_x": "panel.part-position", "offset_y": "panel.part-position", "scale_x": "panel.part-zoom", "scale_y": "panel.part-zoom",
        "rotation": "panel.part-rotation", "origin": "panel.part-anchor", "filter": "panel.part-resize-filter",
    },
    "crop": dict.fromkeys(("min_x", "max_x", "min_y", "max_y"), "panel.part-crop"),
    "colorspace_settings": {"name": "panel.part-colour"},
}  # fmt: skip
"""Property of a strip → code of what editors call it."""

_PLACES = ("frame_start", "frame_offset_start", "frame_offset_end", "frame_final_duration", "channel")
_NEVER = ("rna_type", "name", "type")


def lost(scene: Any, strip: Any, effects: Sequence[Any]) -> tuple[Message, ...]:
    """What a take above this strip would not have, known before it is placed."""
    found = [tell("panel.lost-effect", name=effect.name) for effect in effects if not effect.mute]
    found += [
        tell("panel.lost-keyframes", what=curve.data_path.rsplit(".", 1)[-1]) for curve in _animation(scene, strip.name) if curve.modifiers
    ]
    drivers = scene.animation_data.drivers if scene.animation_data is not None else ()
    prefix = names.animated_path(scene, strip.name)
    found += [tell("panel.lost-driver", what=each.data_path.rsplit(".", 1)[-1]) for each in drivers if each.data_path.startswith(prefix)]
    return tuple(without_repeats(found))


def copy(scene: Any, source: Any, target: Any, effects: Sequence[Any]) -> tuple[Message, ...]:
    """Copies what can be copied from one strip to another; returns what could not."""
    missed = [*lost(scene, source, effects), *_copy_values(source, target, _OWN)]
    for name, parts in _WITHIN.items():
        one, other = getattr(source, name, None), getattr(target, name, None)
        if one is not None and other is not None:
            missed += _copy_values(one, other, parts)
    missed += _copy_modifiers(source, target)
    missed += _copy_animation(scene, source, target)
    return tuple(without_repeats(missed))


def shines_through(strip: Any) -> bool:
    """Whether what lies below a strip is seen with it, so that a take above shows its original too."""
    return bool(strip.blend_type not in ("REPLACE", "CROSS", "ALPHA_OVER") or strip.blend_alpha < 1)


def _copy_values(source: Any, target: Any, parts: dict[str, str]) -> Iterator[Message]:
    for name, code in parts.items():
        wanted = _value(source, name)
        if wanted is None or _value(target, name) == wanted:
            continue
        with suppress(AttributeError, TypeError):  # read-only, or a choice that this kind of strip does not have
            setattr(target, name, wanted)
        if _value(target, name) != wanted:
            yield tell(code)


def _value(thing: Any, name: str) -> Any:
    found: Any = getattr(thing, name, None)
    return tuple(found) if hasattr(found, "__len__") and not isinstance(found, str) else found


def _copy_modifiers(source: Any, target: Any) -> Iterator[Message]:
    for modifier in getattr(source, "modifiers", ()):
        made = target.modifiers.new(modifier.name, modifier.type)
        if made is None or not all(_copied(modifier, made)):
            yield tell("panel.lost-modifier", name=modifier.name)


def _copied(source: Any, target: Any, depth: int = 0) -> Iterator[bool]:
    """For each property of a thing of Blender's whether the other one has its value now; what lies within is copied as well."""
    for rule in source.bl_rna.properties:
        name = rule.identifier
        if name in _NEVER or (depth and name == "is_property_readonly"):
            continue
        value = getattr(source, name)
        if rule.type == "COLLECTION":
            yield from _copied_points(value, getattr(target, name), depth)
        elif rule.type == "POINTER" and rule.is_readonly:
            if value is not None and depth < 4:
                yield from _copied(value, getattr(target, name), depth + 1)
        elif not rule.is_readonly:
            setattr(target, name, value)
            yield _value(target, name) == _value(source, name)


def _copied_points(source: Any, target: Any, depth: int) -> Iterator[bool]:
    """A collection of as many things as the source's: the points of a curve."""
    while len(target) < len(source) and hasattr(target, "new"):
        target.new(0.0, 0.0)
    if len(target) != len(source):
        yield False
        return
    for one, other in zip(source, target):  # noqa: B905  # `strict` came with Python 3.10
        yield from _copied(one, other, depth + 1)
    if hasattr(target, "update"):
        target.update()


def _animation(scene: Any, name: str) -> list[Any]:
    """The F-curves of a strip's properties, without those of its place."""
    prefix = names.animated_path(scene, name)
    found = [curve for curve in names.curves(scene) if curve.data_path.startswith(prefix)]
    return [curve for curve in found if curve.data_path[len(prefix) :].lstrip(".") not in _PLACES]


def _copy_animation(scene: Any, source: Any, target: Any) -> Iterator[Message]:
    """Keyframes stand at frames of the scene, as the take does, so they are copied as they are."""
    prefix = names.animated_path(scene, source.name)
    for curve in _animation(scene, source.name):
        path = names.animated_path(scene, target.name) + curve.data_path[len(prefix) :]
        try:
            made = names.new_curve(scene, path, curve.array_index, "")
            _copy_curve(curve, made)
        except (RuntimeError, StopIteration):
            yield tell("panel.lost-keyframes", what=curve.data_path[len(prefix) :].lstrip("."))


def _copy_curve(source: Any, target: Any) -> None:
    target.extrapolation, target.mute = source.extrapolation, source.mute
    target.keyframe_points.add(len(source.keyframe_points))
    for one, other in zip(source.keyframe_points, target.keyframe_points):  # noqa: B905
        other.co = one.co
        for name in ("handle_left_type", "handle_right_type", "interpolation", "easing", "amplitude", "back", "period"):
            setattr(other, name, getattr(one, name))
        other.handle_left, other.handle_right = one.handle_left, one.handle_right
    target.update()
