"""Blender's module played for what needs no Blender: the names that later versions give to the same things, and what the add-on can do."""

from __future__ import annotations

import importlib
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace as Thing
from typing import Any

from tests.plugins.conftest import PLUGINS


@contextmanager
def played(**context: Any) -> Iterator[types.ModuleType]:
    """`bpy` with this context, while the add-on's package is imported anew; both are forgotten afterwards."""
    bpy = types.ModuleType("bpy")
    vars(bpy).update(
        context=Thing(**context),
        app=Thing(is_job_running=lambda kind: False),
        utils=Thing(escape_identifier=lambda name: name.replace('"', '\\"')),
    )
    before = {name: module for name, module in sys.modules.items() if name == "bpy" or name.split(".")[0] == "heygem_blender"}
    for name in before:
        del sys.modules[name]
    sys.modules["bpy"] = bpy
    sys.path.insert(0, str(PLUGINS / "blender"))
    try:
        yield bpy
    finally:
        sys.path.remove(str(PLUGINS / "blender"))
        for name in [name for name in sys.modules if name == "bpy" or name.split(".")[0] == "heygem_blender"]:
            del sys.modules[name]
        sys.modules.update(before)


def module(name: str) -> Any:
    return importlib.import_module(f"heygem_blender.{name}")
