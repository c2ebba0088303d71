"""Writes host.schema.json from the structs of `heygem_server.wire`: `python -m heygem_plugins.protocol.generate`.

The server's structs are the only place where the protocol is said. A copy of the file travels inside each panel.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_server import wire
from heygem_server.json_schemas import schema_components

SCHEMA_FILE = Path(__file__).with_name("host.schema.json")

METHODS: dict[str, tuple[type | None, type | None]] = {
    "host.selection": (None, wire.SelectionResult),
    "host.export": (wire.ExportParams, wire.ExportResult),
    "host.place": (wire.PlaceParams, wire.PlaceResult),
    "host.switchTake": (wire.PlaceParams, wire.PlaceResult),
    "host.reveal": (wire.RevealParams, None),
    "host.markers": (wire.MarkersParams, wire.MarkersResult),
}
"""Method → parameters and result; None = an empty object."""


def schema() -> dict[str, Any]:
    """`methods` names parameters and result of each; `hello` is what a host says first; `$defs` holds the types."""
    structs = [kind for pair in METHODS.values() for kind in pair if kind] + [wire.HostHello]
    references, definitions = schema_components(structs, schema_hook=_fraction, ref_template="#/$defs/{name}")
    found = iter(references)
    methods = {
        name: {"params": next(found) if params else _EMPTY, "result": next(found) if result else _EMPTY}
        for name, (params, result) in METHODS.items()
    }
    return {"methods": methods, "hello": next(found), "$defs": definitions}


_EMPTY = {"type": "object", "properties": {}, "additionalProperties": False}


def _fraction(kind: type) -> dict[str, Any]:
    if kind is Fraction:
        return {"type": "string", "pattern": "^-?[0-9]+/[1-9][0-9]*$"}
    raise NotImplementedError(f"{kind.__name__} has no form on the wire")


def main() -> None:
    SCHEMA_FILE.write_text(json.dumps(schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
