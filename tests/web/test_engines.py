"""The page offers the engines that the server has, where there is a choice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from ..seams.packages import found, install
from ..seams.test_engine import TOY
from .running import RunningServer, open_page
from .test_new import give

pytestmark = pytest.mark.full


@pytest.fixture
def toy_server(page_files: Path, media: Path, tmp_path: Path) -> Iterator[RunningServer]:
    """A server beside which another package with an engine is installed."""
    with found(install(tmp_path / "packages", "toy_engine", TOY, "heygem.engines", toy="ENGINE")) as patch:
        patch.setenv("TOY_LOG", str(tmp_path / "toy.log"))
        home = tmp_path / "server"
        home.mkdir()
        running = RunningServer(home, media)
        running.start()
        try:
            yield running
        finally:
            running.stop()


def test_an_engine_of_another_package_is_chosen_on_the_page(browser: Any, toy_server: RunningServer, media: Path) -> None:
    page, complaints = open_page(browser, toy_server)
    give(page, "New speech", media / "speech.wav")
    give(page, "Video", media / "speaker.mp4")
    page.get_by_text("More settings").click()
    engine = page.get_by_label("Engine")
    assert engine.locator("option").all_text_contents() == ["Best that is here", "Mesh", "toy"]
    engine.select_option("toy")
    page.get_by_label("Length", exact=True).select_option("hold")
    page.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    detail = toy_server.finished(toy_server.ask("GET", "/jobs?limit=1")["jobs"][0]["id"])
    assert (detail["job"]["settings"]["engine"], detail["job"]["state"]) == ("toy", "completed"), detail
    page.context.close()
    assert complaints == []


def test_where_there_is_one_engine_there_is_nothing_to_choose(page: Any) -> None:
    page.get_by_text("More settings").click()
    expect(page.get_by_label("Face tracker")).to_be_visible()
    expect(page.get_by_label("Engine")).to_have_count(0)
