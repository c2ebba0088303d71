"""Writes JSON Schemas of the structs that travel, the same with every release of msgspec.

Releases before 0.23 give a struct's docstring as it stands in the source, later ones without its indentation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import msgspec


def schema_components(
    kinds: Iterable[Any], *, schema_hook: Callable[[type], dict[str, Any]], ref_template: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema of each type in order, and what these refer to by name, as `msgspec.json.schema_components` makes them."""
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=schema_hook, ref_template=ref_template)
    return [unindented(schema) for schema in schemas], unindented(components)


def unindented(schema: Any) -> Any:
    """The same schema with the indentation of docstrings taken out of its descriptions."""
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else unindented(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list | tuple):
        return [unindented(one) for one in schema]
    return schema
