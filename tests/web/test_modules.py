"""What the page is made of, without a browser: its modules in Node's own test runner, their types, the border to the server's types."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .running import REPOSITORY

TOOLS = REPOSITORY / "web-tools"
WEB = REPOSITORY / "server" / "web"


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is missing: install Node 20 or newer to test the page's modules")
    if not (TOOLS / "node_modules").is_dir():
        pytest.skip("the page's tools are missing: run `make setup` on a machine with npm")
    return node


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=TOOLS, capture_output=True, text=True, timeout=120)


def test_the_modules_pass_their_own_tests() -> None:
    done = _run(_node(), "--test", Path(__file__).parent)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_module_is_typed_and_the_types_agree(page_files: Path) -> None:
    done = _run(_node(), TOOLS / "node_modules" / "typescript" / "bin" / "tsc", "--project", TOOLS / "tsconfig.json")
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_types_of_the_wire_are_those_of_the_server() -> None:
    spec = importlib.util.spec_from_file_location("wire_types", TOOLS / "wire_types.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.wire_types() == (WEB / "wire.d.ts").read_text(), "run `python web-tools/wire_types.py`"
    assert made.defaults() == (WEB / "defaults.js").read_text(), "run `python web-tools/wire_types.py`"


def test_nothing_is_inline_that_the_strict_policy_would_refuse() -> None:
    text = (WEB / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", text)
    sources = [path.read_text() for path in WEB.rglob("*.js") if "vendor" not in path.parts]
    assert not any(
        re.search(r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|\beval\(|new Function", source) for source in sources
    )


def test_every_module_is_fetched_at_once_not_one_after_the_other() -> None:
    text = (WEB / "index.html").read_text()
    listed = set(re.findall(r'rel="modulepreload" href="/static/([^"]+)"', text))
    modules = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")} - {"app.js", "early.js"}
    assert listed == modules | {"vendor/preact.js", "vendor/hooks.js", "vendor/htm.js"}


def test_the_library_lies_beside_the_page_with_its_licences(page_files: Path) -> None:
    vendor = page_files / "vendor"
    assert {path.name for path in vendor.glob("LICENSE.*")} == {"LICENSE.preact", "LICENSE.htm"}
    assert not any(re.search(r"""from\s*["'](?![./])""", path.read_text()) for path in vendor.glob("*.js")), (
        "a bare import needs an import map"
    )
