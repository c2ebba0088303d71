"""Writes JSON Schemas of the structs that travel, the same with every release of msgspec. A name in a registry is one of what it holds.

Releases before 0.23 give a struct's docstring as it stands in the source, later ones without its indentation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from heygem_core.engines.registry import ENGINES
from heygem_core.face.tracker_names import TRACKER_NAMES
from heygem_core.media.deliverables import DELIVERABLES
from heygem_core.registry import Names, with_names

from .hosts.editors import EDITORS
from .timeline.formats.registry import FORMATS as TIMELINE_FORMATS

_REGISTRIES: tuple[Names, ...] = (DELIVERABLES, ENGINES, TRACKER_NAMES, TIMELINE_FORMATS, EDITORS)


def schema_components(
    kinds: Iterable[Any], *, schema_hook: Callable[[type], dict[str, Any]], ref_template: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """A schema of each type in order, and what these refer to by name, as `msgspec.json.schema_components` makes them."""
    schemas, components = msgspec.json.schema_components(kinds, schema_hook=schema_hook, ref_template=ref_template)
    return [finished(schema) for schema in schemas], finished(components)


def finished(schema: Any) -> Any:
    """The same schema with the indentation of docstrings taken out of its descriptions and the names of registries put in."""
    if isinstance(schema, dict):
        return {
            key: inspect.cleandoc(value) if key == "description" and isinstance(value, str) else finished(value)
            for key, value in with_names(schema, _REGISTRIES).items()
        }
    if isinstance(schema, list | tuple):
        return [finished(one) for one in schema]
    return schema
