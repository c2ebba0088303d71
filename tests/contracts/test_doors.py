"""The doors lead somewhere, and the comparison tells a loss from an addition."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from . import doors, record
from .comparing import Schemas, lost


def _imports() -> list[tuple[str, str]]:
    tree = ast.parse(Path(doors.__file__).read_text(encoding="utf-8"))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [(node.module or "", name.name) for node in found for name in node.names]


@pytest.mark.parametrize(("module", "name"), [each for each in _imports() if each[0].startswith("heygem_")])
def test_what_a_door_imports_is_there(module: str, name: str) -> None:
    """Also where only `record` goes through it, which no test runs whole."""
    with doors.resolve_importable():
        found = importlib.import_module(module)
        assert hasattr(found, name) or importlib.util.find_spec(f"{module}.{name}"), f"{module} has no {name}"


def test_nothing_recorded_names_a_machine_s_folder() -> None:
    for path in record.MATERIAL.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [word for word in (b"/tmp/", b"/home/", b"/root/", b"/work/", b"\\Users\\", b"/Users/") if word in content], path


def test_the_material_is_small() -> None:
    assert sum(path.stat().st_size for path in record.MATERIAL.rglob("*") if path.is_file()) < 1_500_000


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ({"a": 1, "b": [1, {"c": "x"}], "new": 1}, 0),
        ({"b": [1, {"c": "x"}]}, 1),
        ({"a": 1, "b": [1]}, 1),
        ({"a": 2, "b": [1, {"c": "y"}]}, 2),
        ({"a": True, "b": [1, {}]}, 2),
        ({"a": None, "b": None}, 2),
    ],
)
def test_a_loss_is_told_and_an_addition_is_not(now: Any, count: int) -> None:
    assert len(list(lost({"a": 1, "b": [1, {"c": "x"}]}, now))) == count


_BEFORE = {
    "type": "object",
    "required": ["a"],
    "properties": {"a": {"enum": ["x", "y"]}, "b": {"anyOf": [{"$ref": "#/$defs/B"}, {"type": "null"}], "default": None}},
}


@pytest.mark.parametrize(
    ("change", "taken", "given"),
    [
        ({}, 0, 0),
        ({"properties": {**_BEFORE["properties"], "c": {"type": "string"}}}, 0, 0),
        ({"properties": {"a": {"enum": ["x", "y", "z"]}, "b": _BEFORE["properties"]["b"]}}, 0, 0),
        ({"properties": {"a": {"enum": ["x"]}, "b": _BEFORE["properties"]["b"]}}, 1, 1),
        ({"properties": {"a": _BEFORE["properties"]["a"]}}, 1, 1),
        ({"properties": {**_BEFORE["properties"], "b": {"$ref": "#/$defs/B"}}}, 2, 2),
        ({"properties": {**_BEFORE["properties"], "b": {"anyOf": [{"$ref": "#/$defs/C"}, {"type": "null"}], "default": None}}}, 1, 1),
        ({"required": ["a", "b"]}, 1, 0),
        ({"required": []}, 0, 1),
    ],
)
def test_schemas_lose_differently_for_those_who_write_and_those_who_read(change: dict[str, Any], taken: int, given: int) -> None:
    definitions = {"B": {"type": "object", "properties": {"n": {"type": "integer"}}}, "C": {"type": "object", "properties": {"m": {}}}}
    before, now = {**_BEFORE, "$defs": definitions}, {**_BEFORE, **change, "$defs": definitions}
    for sent_to_us, count in ((True, taken), (False, given)):
        assert len(list(Schemas(before, now).lost(before, now, "it", sent_to_us=sent_to_us))) == count
