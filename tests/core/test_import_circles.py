"""Modules of the core, and those that read timelines, import each other in one direction, types included: a circle that exists for types
alone is still a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imports(folder: str, package: tuple[str, ...]) -> dict[str, set[str]]:
    """Each module of a package → those of it that it imports, at any place and for any reason."""
    home = ROOT / folder
    files = {(*package, *path.relative_to(home).with_suffix("").parts): path for path in home.rglob("*.py")}
    names = {".".join(parts[:-1] if parts[-1] == "__init__" else parts): (parts[:-1], path) for parts, path in files.items()}
    found: dict[str, set[str]] = {}
    for name, (package, path) in names.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                base = ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])]) if node.level else node.module
                targets |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in names else str(base) for alias in node.names}
        found[name] = (targets & names.keys()) - {name}
    return found


@pytest.mark.parametrize(
    ("folder", "package"), [("heygem_core", ("heygem_core",)), ("server/timeline", ("heygem_server", "timeline"))], ids=["core", "timeline"]
)
def test_no_two_modules_need_each_other(folder: str, package: tuple[str, ...]) -> None:
    graph = imports(folder, package)

    def reaches(start: str, end: str) -> bool:
        seen, waiting = set(), [start]
        while waiting:
            name = waiting.pop()
            if name == end:
                return True
            if name not in seen:
                seen.add(name)
                waiting.extend(graph[name])
        return False

    circles = [f"{a} → {b} → … → {a}" for a, targets in graph.items() for b in targets if a != "heygem_core" and reaches(b, a)]
    assert circles == []
