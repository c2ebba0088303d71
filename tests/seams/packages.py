"""Writes a package as an installer would leave it: a module and the metadata that declare its entry points."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def install(folder: Path, module: str, source: str, group: str, **entries: str) -> Path:
    """`entries`: name of the entry point → attribute of the module."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(source, encoding="utf-8")
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"[{group}]", *(f"{name} = {module}:{attribute}" for name, attribute in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def use(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Puts the folder on the path of this process and of its children."""
    patch.syspath_prepend(str(folder))
    patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
