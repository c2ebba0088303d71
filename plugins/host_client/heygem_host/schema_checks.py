"""Checks a JSON value against the part of JSON Schema that host.schema.json uses, before anything reaches the editor."""

from __future__ import annotations

import re
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list, tuple),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


def faults(value: Any, rule: dict[str, Any], definitions: dict[str, Any], where: str = "") -> list[str]:
    """What is wrong with `value`, one line each; empty = it fits."""
    rule = _resolved(rule, definitions)
    here = where or "the parameters"
    if "anyOf" in rule:
        tried = [faults(value, one, definitions, where) for one in rule["anyOf"]]
        return [] if any(not found for found in tried) else min(tried, key=len)
    if "enum" in rule and value not in rule["enum"]:
        return [f"{here} must be one of {', '.join(map(str, rule['enum']))}, got {value!r}"]
    kind = rule.get("type")
    if kind and (not isinstance(value, _KINDS[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{here} must be of type {kind}, got {type(value).__name__}"]
    if "pattern" in rule and not re.search(rule["pattern"], value):
        return [f"{here} is not well formed: {value!r}"]
    most = {"string": rule.get("maxLength"), "array": rule.get("maxItems")}.get(kind or "")
    if most is not None and len(value) > most:
        return [f"{here} is too long"]
    if kind == "array" and isinstance(rule.get("items"), dict):
        return [line for index, one in enumerate(value) for line in faults(one, rule["items"], definitions, f"{here}[{index}]")]
    if kind == "object" and "properties" in rule:
        return _faults_of_object(value, rule, definitions, where)
    return []


def _resolved(rule: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return definitions[rule["$ref"].rsplit("/", 1)[1]] if "$ref" in rule else rule


def _faults_of_object(value: dict[str, Any], rule: dict[str, Any], definitions: dict[str, Any], where: str) -> list[str]:
    found = [f"{key} is missing" for key in rule.get("required", ()) if key not in value]
    for key, inner in value.items():
        name = f"{where}.{key}" if where else key
        if key in rule["properties"]:
            found += faults(inner, rule["properties"][key], definitions, name)
        elif rule.get("additionalProperties") is False:
            found.append(f"{name} is unknown")
    return found
