"""How a clip looks, as several formats say it: its scale, position, rotation and opacity, and the names of all other effects.

Readers leave one OTIO effect per idea: `Transform` and `Opacity` with their values under our name, any other effect by its own name.
Resolve's own effects are understood as they are. Writers get the values, and the names of what they cannot write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import opentimelineio as otio

from .metadata import editor_value, own_value, set_own_values

_schema = otio.schema
_RESOLVE = {"transformationZoomX": "scale_x", "transformationZoomY": "scale_y", "opacity": "opacity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """Of one clip. None = as it is."""

    scale: tuple[float, float] | None = None  # 1 = as the editor fits it into the frame
    position: tuple[float, float] | None = None  # of its centre from that of the frame, to the right and up, in heights of the frame
    rotation: float | None = None  # degrees, against the clock
    opacity: float | None = None  # 0 to 1
    others: tuple[str, ...] = field(default=())  # names of effects that only its own editor knows

    @property
    def transforms(self) -> bool:
        return any(each is not None for each in (self.scale, self.position, self.rotation))


def effects_of(looks: Looks) -> Iterator[Any]:
    """OTIO effects that say it."""
    if looks.transforms:
        pairs = {"scale": looks.scale, "position": looks.position}
        yield _effect("Transform", rotation=looks.rotation, **{name: None if pair is None else list(pair) for name, pair in pairs.items()})
    if looks.opacity is not None:
        yield _effect("Opacity", opacity=looks.opacity)
    yield from (_effect(name) for name in looks.others)


def looks_of(item: Any) -> Looks:
    """What the effects of an OTIO item say, those of time left out."""
    scale = position = rotation = opacity = None
    others: list[str] = []
    for effect in item.effects:
        if isinstance(effect, _schema.TimeEffect) or "timewarp" in type(effect).__name__.lower():
            continue
        own_scale, own_position = _pair(own_value(effect, "scale")), _pair(own_value(effect, "position"))
        own_rotation, own_opacity = _number(own_value(effect, "rotation")), _number(own_value(effect, "opacity"))
        if any(each is not None for each in (own_scale, own_position, own_rotation, own_opacity)):
            scale, position = own_scale or scale, own_position or position
            rotation = rotation if own_rotation is None else own_rotation
            opacity = opacity if own_opacity is None else own_opacity
            continue
        found, rest = _of_resolve(effect)
        if found:
            x, y = (found.get(name, 1.0) for name in ("scale_x", "scale_y"))
            scale = (x, y) if (x, y) != (1, 1) else scale
            opacity = found["opacity"] / 100 if found.get("opacity", 100) != 100 else opacity
        if rest is not None:
            others.append(rest)
    return Looks(scale=scale, position=position, rotation=rotation, opacity=opacity, others=tuple(others))


def _of_resolve(effect: Any) -> tuple[dict[str, float], str | None]:
    """(values that are understood, name of the effect where there is more to it)."""
    name = effect.effect_name or effect.name or "effect"
    called = editor_value(effect, "Resolve_OTIO", "Effect Name")
    if not isinstance(called, str):
        return {}, name
    if editor_value(effect, "Resolve_OTIO", "Enabled") is False:
        return {}, called
    found: dict[str, float] = {}
    more = False
    for parameter in _listed(editor_value(effect, "Resolve_OTIO", "Parameters")):
        value, plain = parameter.get("Parameter Value"), parameter.get("Default Parameter Value")
        key, number = _RESOLVE.get(str(parameter.get("Parameter ID"))), _number(value)
        if key is not None and number is not None and not parameter.get("Key Frames"):
            found[key] = number
        elif value != plain:
            more = True
    return found, called if more or not found else None


def _listed(values: Any) -> Iterable[dict[str, Any]]:
    return [dict(each) for each in values if hasattr(each, "keys")] if hasattr(values, "__iter__") and not isinstance(values, str) else []


def _effect(name: str, **values: Any) -> Any:
    effect = _schema.Effect(effect_name=name)
    if values:
        set_own_values(effect, **values)
    return effect


def _pair(values: Any) -> tuple[float, float] | None:
    numbers = [_number(each) for each in values] if hasattr(values, "__len__") and not isinstance(values, str) else []
    return (numbers[0], numbers[1]) if len(numbers) == 2 and numbers[0] is not None and numbers[1] is not None else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
