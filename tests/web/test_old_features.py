"""What the page and the panel use that browsers within editors lack: Premiere 24 embeds Chromium 88 (CEP 11), 25 and later 99."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .running import REPOSITORY

OLD = REPOSITORY / "tests" / "plugins" / "old_chromium"
MODULES = REPOSITORY / "tests" / "plugins" / "node_modules"

# What is missed where it is not there, or whose name only looks like it.
ADMITTED = {
    "scrollbar-gutter": "the page shifts when a scrollbar comes",
    "scrollbar-gutter: stable": "the same",
    "scrollbar-gutter: auto": "the same",
    "accent-color": "a tick has the browser's own colour",
    ":has": "two columns in a browser's wide window; a panel has one",
    "align-content: start": "in a grid it is as old as grids; the table means boxes of another kind",
    "AbortSignal.reason": "reasons of ours",
    "Element.role": "roles of ours",
    "Request.bytes": "sizes of ours",
    "HTMLButtonElement.command": "the command of ours that starts the server",
}


def used(newest: int, files: list[Path]) -> list[tuple[str, str]]:
    node = shutil.which("node")
    if node is None or not (OLD / "node_modules" / "@mdn").is_dir() or not (MODULES / "acorn").is_dir():
        pytest.skip(f"run `npm ci --prefix {OLD.relative_to(REPOSITORY)}` for the table of what came when")
    environment = {**os.environ, "NODE_PATH": os.pathsep.join(map(str, (MODULES, OLD / "node_modules")))}
    command = [node, str(OLD / "features.cjs"), str(newest), *map(str, files)]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    assert ran.returncode == 0, ran.stderr
    return [(f"{Path(one['file']).name}:{one['line']}", one["what"]) for one in json.loads(ran.stdout)]


def page_and_panel() -> list[Path]:
    web, plugins = REPOSITORY / "server" / "web", REPOSITORY / "plugins"
    folders = [web, plugins / "shared", plugins / "premiere_cep"]
    return [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".js", ".css")]


def test_nothing_is_newer_than_the_browser_of_premiere_24() -> None:
    found = used(88, page_and_panel())
    assert [one for one in found if one[1] not in ADMITTED] == []
    assert {what for _, what in found} == set(ADMITTED), "an entry that nothing needs any more"


def test_what_is_newer_is_found_in_scripts_and_in_styles(tmp_path: Path) -> None:
    script, style = tmp_path / "new.js", tmp_path / "new.css"
    script.write_text(
        "const last = [1].at(-1);\nstructuredClone({});\nObject.hasOwn({}, 'a');\nclass A { static { last; } }\n[3].toSorted();\n"
    )
    style.write_text(
        "a { translate: 1px; width: 10dvh; color: color-mix(in srgb, red, blue) }\n"
        "b:has(c) { inset: 0; }\n@layer x { d { & e { gap: 1px } } }\n"
    )
    assert {what for _, what in used(88, [script, style])} == {
        "Array.at", "structuredClone", "Object.hasOwn", "a static block of a class", "Array.toSorted",
        "translate", "dvh", "color-mix()", ":has", "@layer", "nested rules"}  # fmt: skip
    old = {what for _, what in used(99, [script, style])}
    assert "Array.at" not in old
    assert "translate" in old
