"""Modules import each other in one direction, types included: a circle that exists for types alone is still a circle."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def imports(room: str) -> dict[str, set[str]]:
    """Each module of a room → those of it that it imports, at any place and for any reason."""
    files = {path.relative_to(ROOT).with_suffix("").parts: path for path in (ROOT / room).rglob("*.py")}
    names = {".".join(parts[:-1] if parts[-1] == "__init__" else parts): (parts[:-1], path) for parts, path in files.items()}
    found: dict[str, set[str]] = {}
    for name, (package, path) in names.items():
        targets = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                base = (
                    ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])]) if node.level else str(node.module)
                )
                base = base.removeprefix("heygem_") if base.startswith(("heygem_server", "heygem_plugins")) else base
                targets |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in names else base for alias in node.names}
        found[name] = (targets & names.keys()) - {name}
    return found


@pytest.mark.parametrize("room", ["heygem_core", "server", "plugins"])
def test_no_two_modules_need_each_other(room: str) -> None:
    graph = imports(room)

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

    circles = [f"{a} → {b} → … → {a}" for a, targets in graph.items() for b in targets if a != room and reaches(b, a)]
    assert circles == []
