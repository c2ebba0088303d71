"""Writes host.schema.json and the panels' sentences (messages.json, messages.others.json): `python -m heygem_plugins.protocol.generate`.

The server's table of methods (`heygem_server.hosts.methods`) and its structs are the only place where the protocol is said, the catalogue
(`heygem_core.messages`) the only one where sentences are. Copies of the files travel inside each panel.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.messages import LANGUAGES, Language, catalogue, spoken
from heygem_server import wire
from heygem_server.hosts.methods import METHODS
from heygem_server.json_schemas import schema_components

SCHEMA_FILE = Path(__file__).with_name("host.schema.json")


def schema() -> dict[str, Any]:
    """`methods` names parameters and result of each; `hello` is what a host says first; `$defs` holds the types."""
    structs: list[type] = [kind for method in METHODS.values() for kind in (method.params, method.result) if kind]
    references, definitions = schema_components([*structs, wire.HostHello], schema_hook=_fraction, ref_template="#/$defs/{name}")
    found = iter(references)
    methods = {
        name: {
            "params": next(found) if method.params else _EMPTY,
            "result": next(found) if method.result else _EMPTY,
            "repeatable": method.repeatable,
            "timeout_s": method.timeout_s,
        }
        for name, method in METHODS.items()
    }
    return {"methods": methods, "hello": next(found), "$defs": definitions}


MESSAGES_FILE = Path(__file__).with_name("messages.json")
"""The English ones: what panels say on the wire."""
OTHERS_FILE = Path(__file__).with_name("messages.others.json")
"""All other languages, for the panels' own windows: name → what stands between the parts of a list, and the sentences."""


def messages(language: Language = "en") -> dict[str, str]:
    """The panels' part of a catalogue."""
    return {code: sentence for code, sentence in catalogue(language).items() if code.startswith("panel.")}


def others() -> dict[str, Any]:
    return {each: {"between": spoken(each).between, "sentences": messages(each)} for each in LANGUAGES if each != "en"}


_EMPTY = {"type": "object", "properties": {}, "additionalProperties": False}


def _fraction(kind: type) -> dict[str, Any]:
    if kind is Fraction:
        return {"type": "string", "pattern": "^-?[0-9]+/[1-9][0-9]*$"}
    raise NotImplementedError(f"{kind.__name__} has no form on the wire")


def main() -> None:
    SCHEMA_FILE.write_text(json.dumps(schema(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    for file, table in ((MESSAGES_FILE, messages()), (OTHERS_FILE, others())):
        file.write_text(json.dumps(table, indent=1, sort_keys=True, ensure_ascii=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
