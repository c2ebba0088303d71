"""The CEP panel's real page in Chromium, with CEP around it played by the test: Node's parts by Python, Premiere by the fake's process."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from heygem_plugins.installing.machine import Machine
from heygem_server.commands.install import carry_out
from tests.browser import CHROMIUM, MISSING, launched

from .node import NodeProcess
from .test_install import FakeRegistry

_SHIM = Path(__file__).parent / "fakes" / "cep_shim.js"


def installed(folder: Path, data_folder: Path) -> Path:
    """The panel as `heygem install premiere` leaves it; its folder. Only the installed files are loaded."""
    home = folder / "Home of \u201cÄ\u201d"
    machine = Machine(
        system="macos", home=home, data_folder=data_folder, command=("heygem",), run=lambda command: (0, "1"), registry=FakeRegistry()
    )
    carry_out("premiere", machine)
    return home / "Library" / "Application Support" / "Adobe" / "CEP" / "extensions" / "com.heygem.bridge"


def shim(panel: Path, host_id: str) -> str:
    """CEP around the installed panel. Modules travel as functions, since the panel's own policy forbids eval."""
    modules = [path for path in panel.rglob("*.js") if path.name not in ("main.js", "machine.js")]
    wrapped = ",".join(f"{json.dumps(str(path))}: function (module, exports, require) {{{path.read_text('utf-8')}\n}}" for path in modules)
    texts = {str(path): path.read_text(encoding="utf-8") for path in panel.rglob("*.json")}
    config = {**json.loads(texts[str(panel / "config.json")]), "host_id": host_id}
    text = _SHIM.read_text(encoding="utf-8")
    put_in = {"FILES": f"{{{wrapped}}}", "TEXTS": json.dumps(texts), "HERE": json.dumps(str(panel)), "CONFIG": json.dumps(config)}
    for name, value in put_in.items():
        text = text.replace(f"= {name};", f"= {value};")
    return text


def read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError:
        return None


def http(request: dict[str, Any]) -> dict[str, Any]:
    data = None if request["body"] is None else request["body"].encode()
    asked = urllib.request.Request(request["url"], data=data, method=request["method"], headers=request["headers"])
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return {"status": answer.status, "text": answer.read().decode()}
    except urllib.error.HTTPError as refusal:
        return {"status": refusal.code, "text": refusal.read().decode()}
    except OSError as problem:
        return {"problem": str(problem)}


@contextmanager
def panel_in_chromium(fake: NodeProcess, panel: Path, host_id: str) -> Iterator[Any]:
    """A Playwright page that shows the panel; errors of scripts fail the test at the end."""
    playwright = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip(MISSING)
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = launched(driver)
        context = browser.new_context(viewport={"width": 460, "height": 760})
        context.on("weberror", lambda problem: complaints.append(str(problem.error)))
        context.expose_function("hostEval", lambda text: fake("eval", text=text))
        context.expose_function("nodeRead", read)
        context.expose_function("nodeList", lambda folder: os.listdir(folder) if os.path.isdir(folder) else [])
        context.expose_function("nodeHttp", http)
        context.add_init_script(shim(panel, host_id))
        page = context.new_page()
        page.goto((panel / "index.html").as_uri())
        try:
            yield page
        finally:
            browser.close()
    assert complaints == [], complaints


@contextmanager
def panel_beside(page: Any, panel: Path) -> Iterator[Any]:
    """A second instance of the panel in the same editor."""
    other = page.context.new_page()
    other.goto((panel / "index.html").as_uri())
    try:
        yield other
    finally:
        other.close()
