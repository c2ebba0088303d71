"""The page in Debian's Chromium against the real server and real renders of tiny clips.

What is missing is said in one line each: without Node the modules, without Chromium the page is left out, and the rest runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, MISSING, launched

from .clips import make_clips
from .editor import HOST, ScriptedEditor, write_panel
from .running import REPOSITORY, WAIT_MS, RunningServer, open_page, watch


@pytest.fixture(scope="session")
def page_files() -> Path:
    """The page with its library beside it."""
    web = REPOSITORY / "server" / "web"
    if not (web / "vendor" / "preact.js").is_file():
        pytest.skip("the page's library is missing: run `make setup` on a machine with npm")
    return web


@pytest.fixture(scope="session")
def media(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny clips of a made person, and speech."""
    return make_clips(people, tmp_path_factory.mktemp("page-media"))


@pytest.fixture(scope="package")
def server(page_files: Path, media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("page-server"), media)
    running.start()
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """For this package alone: Playwright keeps an event loop running in its thread, which others' asyncio tests could not bear."""
    try:
        from playwright.sync_api import expect, sync_playwright
    except ImportError:
        pytest.skip("Playwright is missing: pip install playwright")
    if CHROMIUM is None:
        pytest.skip(MISSING)
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        chromium = launched(playwright)
        try:
            yield chromium
        finally:
            chromium.close()


@pytest.fixture
def page(browser: Any, server: RunningServer) -> Iterator[Any]:
    """Signed in, on “New render”. A message in the console or an error in a script fails the test."""
    opened, complaints = open_page(browser, server)
    yield opened
    opened.context.close()
    assert complaints == []


@pytest.fixture
def editor(server: RunningServer) -> Iterator[ScriptedEditor]:
    with ScriptedEditor(server) as connected:
        yield connected


@pytest.fixture
def panel(browser: Any, server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A panel of 320 pixels; gives the window of the panel and the page in its frame. Its parameter: what the panel can."""
    token = server.ask("POST", "/tokens", {"scope": "host", "host": HOST["id"], "project": HOST["project"]})["token"]
    context = browser.new_context(viewport={"width": 320, "height": 720}, locale="en-US", reduced_motion="reduce", color_scheme="dark")
    window = context.new_page()
    complaints: list[str] = []
    watch(window, complaints)
    window.goto(write_panel(tmp_path, server, token, can=getattr(request, "param", ())).as_uri())
    yield window, window.frame_locator("#page")
    assert context.cookies() == [], "a framed page has no cookie"
    context.close()
    assert [text for text in complaints if "401" not in text and "404" not in text] == []  # a wrong token, an editor not yet there


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: $HEYGEM_SCREENSHOTS, or a folder of this run."""
    import os

    folder = Path(os.environ.get("HEYGEM_SCREENSHOTS") or tmp_path_factory.mktemp("screenshots"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
