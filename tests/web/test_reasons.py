"""Whatever cannot be pressed says why: every control that is switched off, on every view and in its dialogs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import RunningServer, unfold
from .test_new import give

_WITHOUT_REASON = """() => {
  const said = (id) => document.getElementById(id)?.textContent.trim() ?? "";
  const described = (one) => (one.getAttribute("aria-describedby") ?? "").split(" ").some(said);
  const titled = (one) => one.title.trim() && one.title.trim() !== (one.getAttribute("aria-label") ?? one.textContent.trim());
  const off = [...document.querySelectorAll("button, input, select, textarea")].filter((one) => one.matches(":disabled"));
  return off.filter((one) => !described(one) && !titled(one)).map((one) => one.outerHTML.slice(0, 200));
}"""


def switched_off(page: Any) -> int:
    """How many controls are switched off; each of them has been seen to say why."""
    assert page.evaluate(_WITHOUT_REASON) == []
    return int(page.locator(":disabled:not(fieldset)").count())


def test_render_says_what_is_missing_until_it_can_be_pressed(page: Any, server: RunningServer, media: Path) -> None:
    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).to_be_disabled()
    expect(render).to_have_attribute("title", "Choose a video and a speech.")
    assert switched_off(page) == 1
    give(page, "New speech", media / "speech.wav")
    page.locator(".speech-editor").wait_for()
    expect(render).to_have_attribute("title", "Choose a video.")
    assert switched_off(page) >= 1
    give(page, "Video", media / "speaker.mp4")
    page.locator(".stage").wait_for()
    switched_off(page)  # while playback is being prepared
    expect(render).to_be_enabled()
    expect(page.locator(".shot-editor .icon-button:disabled")).to_have_count(0)


def test_folders_of_the_server_say_what_has_to_be_chosen(page: Any, server: RunningServer) -> None:
    page.get_by_role("button", name="Server’s folders").first.click()
    page.get_by_role("dialog").wait_for()
    page.get_by_role("dialog").get_by_role("button", name="media").wait_for()
    assert switched_off(page) >= 2  # Render behind it, and “Folder above”


@pytest.mark.parametrize(
    ("view", "there"),
    [
        ("server", ".rooms"),
        *(pytest.param(*one, marks=pytest.mark.full) for one in (("results", ".card img"), ("models", ".model"), ("editors", ".editor"))),
    ],
)
def test_the_other_views(page: Any, server: RunningServer, view: str, there: str) -> None:
    server.a_take()
    page.goto(f"{server.url}/#/{view}")
    page.locator(there).first.wait_for()
    assert switched_off(page) >= (1 if view == "server" else 0)  # an empty trash


@pytest.mark.full
def test_a_pinned_take_says_why_it_cannot_be_deleted_and_the_first_job_why_it_goes_no_further(page: Any, server: RunningServer) -> None:
    take = server.a_take()
    server.ask("POST", f"/takes/{take['id']}/pin")
    try:
        page.goto(f"{server.url}/#/take/{take['id']}")
        page.get_by_role("button", name="Delete …").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete the take").wait_for()
        assert switched_off(page) >= 1
    finally:
        server.ask("POST", f"/takes/{take['id']}/unpin")
    jobs = [server.submit("slow.mp4", "long.wav", name=name)["job"]["id"] for name in ("one", "other")]
    try:
        with server.at_a_crawl():
            page.goto(f"{server.url}/#/queue")
            first = page.locator(f"[data-job='{jobs[0]}']")
            unfold(first)
            expect(first.get_by_role("button", name="Render earlier")).to_have_attribute("title", "It is the first already.")
            switched_off(page)
    finally:
        for job in jobs:
            server.ask("POST", f"/jobs/{job}/cancel")
