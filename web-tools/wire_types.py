"""Writes the page's types and default settings from the server's own structs: `python web-tools/wire_types.py`.

What the server sends always has every field; what the page sends may leave out fields that have a default. A test runs this
again and compares, so the two sides cannot drift.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import inspect

from heygem_core import messages, shot
from heygem_core.options import options_of
from heygem_core.rendering import report
from heygem_core.tasks import specs
from heygem_server import wire
from heygem_server.api import timelines

WEB = Path(__file__).resolve().parents[1] / "server" / "web"
TARGET, DEFAULTS = WEB / "wire.d.ts", WEB / "defaults.js"

SENT = (  # by the page, so defaults may be left out
    "MediaRef", "Laying", "Placement", "Origin", "ShotRequest", "Batch", "JobRequest", "RenderSettings", "PriorityRequest", "RootRequest",
    "PresetName", "RoomRequest", "VoteRequest",
    "ProofRequest",
    "SignIn", "TokenRequest", "Prove", "Hello", "Follow", "HostHello", "HostCall", "PlaceParams", "ExportRequest", "RevealParams",
    "Marker",
    "MarkersParams", "ExportParams", "TimelineRequest", "Selection", "CueSheetRequest",
)  # fmt: skip
EXTRA = (
    messages.Spoken,
    specs.Probed,
    specs.FaceFound,
    specs.FacesFound,
    specs.Waveform,
    report.TakeReport,
    timelines.TimelineRequest,
    timelines.TimelineAnswer,
)


def _named(module: Any) -> list[type]:
    return [
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
    ]


def _literals() -> dict[str, Any]:
    """Aliases such as JobState, by name; the first alias of equal literals names them all."""
    found: dict[str, Any] = {}
    for module in (wire, shot):
        for name, value in vars(module).items():
            if type(value).__name__ == "_LiteralGenericAlias" and value not in found.values():
                found[name] = value
    return found


def _choice(values: tuple[Any, ...]) -> str:
    return " | ".join(f'"{value}"' for value in values)


def _text(kind: inspect.Type, names: dict[tuple[Any, ...], str]) -> str:
    """One type as TypeScript."""
    match kind:
        case inspect.StructType(cls=cls):
            return cls.__name__
        case inspect.UnionType(types=types):
            return " | ".join(_text(one, names) for one in types)
        case inspect.LiteralType(values=values):
            return names.get(values) or _choice(values)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return f"Array<{_text(item, names)}>"
        case inspect.TupleType(item_types=items):
            return f"[{', '.join(_text(item, names) for item in items)}]"
        case inspect.DictType(key_type=key, value_type=value):
            return f"Record<{_text(key, names)}, {_text(value, names)}>"
        case inspect.CustomType(cls=cls) if cls is Fraction:
            return "Fraction"
        case inspect.Metadata(type=inner):
            return _text(inner, names)
    simple = {inspect.StrType: "string", inspect.IntType: "number", inspect.FloatType: "number", inspect.BoolType: "boolean",
              inspect.NoneType: "null", inspect.AnyType: "any"}  # fmt: skip
    return simple[type(kind)]


def _interface(cls: type[msgspec.Struct], names: dict[tuple[Any, ...], str]) -> str:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    lines = [f"export interface {cls.__name__} {{"]
    if info.tag_field is not None:
        lines.append(f'  {info.tag_field}: "{info.tag}";')
    for field in info.fields:
        optional = "?" if cls.__name__ in SENT and not field.required else ""
        lines.append(f"  {field.encode_name}{optional}: {_text(field.type, names)};")
    return "\n".join([*lines, "}"])


def _needed(roots: list[type]) -> list[type]:
    """The structs and all they refer to, each once, in order."""
    seen: dict[type, None] = {}

    def walk(kind: inspect.Type) -> None:
        if isinstance(kind, inspect.StructType):
            if kind.cls in seen:
                return
            seen[kind.cls] = None
            for field in inspect.type_info(kind.cls).fields:  # type: ignore[attr-defined]
                walk(field.type)
        for name in ("types", "item_types"):
            for one in getattr(kind, name, ()):
                walk(one)
        for name in ("item_type", "key_type", "value_type", "type"):
            if isinstance(inner := getattr(kind, name, None), inspect.Type):
                walk(inner)

    for root in roots:
        get_type_hints(root)
        walk(inspect.type_info(root))
    return list(seen)


def wire_types() -> str:
    """The whole of wire.d.ts."""
    literals = _literals()
    names = {tuple(sorted(value.__args__)): name for name, value in literals.items()}
    names |= {tuple(value.__args__): name for name, value in literals.items()}
    parts = [
        "// Made by web-tools/wire_types.py from the structs of the core and the server: do not edit.",
        '/** Numerator and denominator, "24000/1001". */\nexport type Fraction = string;',
    ]
    parts += [f"export type {name} = {_choice(value.__args__)};" for name, value in literals.items()]
    parts += [_interface(cls, names) for cls in _needed([*_named(wire), *EXTRA])]
    for name in ("ToServer", "ToClient"):
        parts.append(f"export type {name} = {' | '.join(kind.__name__ for kind in getattr(wire, name).__args__)};")
    return "\n\n".join(parts) + "\n"


def defaults() -> str:
    """The whole of defaults.js: settings as they are when nobody chose, what can be chosen, and how far controls go."""
    declared = options_of(shot.RenderSettings).values()
    values = _object(json.loads(shot.to_json(shot.RenderSettings())))
    choices = _object({each.name: each.literals for each in declared if each.literals is not None})
    switches = json.dumps([each.name for each in declared if each.kind is bool])
    sliders = _object({each.name: each.option.slider for each in declared if each.option.slider is not None})
    return (
        "// Made by web-tools/wire_types.py from heygem_core.shot.RenderSettings: do not edit.\n\n"
        f'/** @type {{Required<import("./wire.js").RenderSettings>}} */\nexport const DEFAULT_SETTINGS = {values};\n\n'
        f"export const CHOICES = /** @type {{const}} */ ({choices});\n\n"
        f"export const SWITCHES = /** @type {{const}} */ ({switches});\n\n"
        f"/** Lowest value, highest value and step of a control. */\nexport const SLIDERS = /** @type {{const}} */ ({sliders});\n"
    )


def _object(values: dict[str, Any]) -> str:
    """As the formatter writes it."""
    return "{\n" + "".join(f"  {name}: {json.dumps(value)},\n" for name, value in values.items()) + "}"


if __name__ == "__main__":
    TARGET.write_text(wire_types(), encoding="utf-8")
    DEFAULTS.write_text(defaults(), encoding="utf-8")
    sys.stdout.write(f"{TARGET}\n{DEFAULTS}\n")
