"""Writes a package as an installer would leave it: a module and the metadata that declare its entry points."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from heygem_server.http.openapi import document


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


@contextmanager
def found(folder: Path) -> Iterator[pytest.MonkeyPatch]:
    """The folder is on the path of this process and of its children. A server describes itself anew, as in a new process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
        document.cache_clear()
        yield patch
    document.cache_clear()
