"""The whole way by keyboard alone: from files to a take that is looked at, judged and deleted; the focus never falls to the page itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import RunningServer
from .test_looks import NAME
from .test_new import give

pytestmark = pytest.mark.full

ON_NOTHING = "() => document.activeElement === null || document.activeElement === document.body"


def reach(page: Any, name: str, *, most: int = 90) -> None:
    """Presses Tab until what is focused has just this name."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(NAME))
        if seen[-1] == name:
            return
    raise AssertionError(f"{name} is not reached by Tab: {seen}")


def test_from_files_to_a_take_by_keyboard_alone(page: Any, server: RunningServer, media: Path) -> None:
    give(page, "Video", media / "speaker.mp4")  # the browser's own dialog is beyond a test
    give(page, "New speech", media / "speech.wav")
    expect(page.get_by_role("radio", name=re.compile("Face 1"))).to_be_visible()
    reach(page, "Remove speaker.mp4")
    page.keyboard.press("Enter")
    expect(page.locator(".item")).to_have_count(1)
    page.wait_for_timeout(100)
    assert not page.evaluate(ON_NOTHING), "the focus went with the row"
    give(page, "Video", media / "speaker.mp4")
    expect(page.get_by_role("radio", name=re.compile("Face 1"))).to_be_visible()
    expect(page.get_by_label("Estimate")).to_contain_text("free")
    page.get_by_label("Preset").select_option("review")
    page.get_by_role("heading", level=1).click()
    reach(page, "Render")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/queue")
    expect(page.locator("#main")).to_be_focused()
    job = server.ask("GET", "/jobs?limit=1")["jobs"][0]
    take = server.finished(job["id"])["shots"][0]["takes"][0]
    page.goto(f"{server.url}/#/results")
    expect(page.locator(f"[data-take='{take['id']}']")).to_be_visible()
    reach(page, f"Choose {take['name']}")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/#/take/*")
    expect(page.get_by_role("heading", level=1)).to_have_text(take["name"])
    for key in (".", "s", "a"):
        page.keyboard.press(key)
    expect(page.get_by_text("frame 1 of 0–")).to_be_visible()
    reach(page, "Delete …")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    reach(page, "Delete the take")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.wait_for_timeout(200)
    assert not page.evaluate(ON_NOTHING)
