"""How the page looks and whether everybody can use it: screenshots of each view in both themes and three widths, axe-core, keyboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import REPOSITORY, RunningServer, unfold
from .test_new import give

pytestmark = pytest.mark.full

WIDTHS = (1360, 800, 320)
NAME = """() => {
  const element = document.activeElement;
  return (element.getAttribute("aria-label") || element.labels?.[0]?.textContent || element.textContent || "").trim();
}"""
AXE = REPOSITORY / "web-tools" / "node_modules" / "axe-core" / "axe.min.js"


def fill(page: Any, view: str, server: RunningServer, media: Path) -> None:
    """Brings a view to where there is something to see."""
    page.goto(f"{server.url}/#/{view.removesuffix('-single').removesuffix('-batch')}")
    if view == "new-single":
        give(page, "New speech", media / "speech.wav")
        give(page, "Video", media / "speaker.mp4")
        page.get_by_role("radio", name="Face 1").wait_for()
        page.locator(".stage video").wait_for()
        page.get_by_label("Estimate").wait_for()
    elif view == "new-batch":
        page.get_by_role("tab", name="Batch").click()
        give(page, "Videos", media / "speaker.mp4", media / "second.mp4", media / "speech.wav")
        give(page, "New speech", media / "speech.wav", media / "long.wav")
        expect(page.locator(".item.ready")).to_have_count(4)
    elif view == "queue":
        page.locator(".job").first.wait_for()
        unfold(page.locator(".job").first)
        page.locator(".shot").first.wait_for()
    elif view == "results":
        page.locator(".card img").first.wait_for()
    else:
        page.locator("video.after").evaluate(
            "async video => { while (video.readyState < 2) await new Promise(done => setTimeout(done, 10)); }"
        )
        page.get_by_role("tab", name="Wipe").click()
        page.get_by_role("slider", name="Position in the take").press("End")


def complaints_of_axe(page: Any) -> list[str]:
    """Serious and critical findings of a page or a frame, one line each."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("() => axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })")
    bad = [rule for rule in found["violations"] if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {rule['help']}: {json.dumps([node['html'][:160] for node in rule['nodes'][:3]])}" for rule in bad]


@pytest.mark.parametrize("view", ["new-single", "new-batch", "queue", "results", "take"])
def test_each_view_in_both_themes_and_three_widths(page: Any, server: RunningServer, media: Path, pictures: Path, view: str) -> None:
    take = server.a_take()
    fill(page, f"take/{take['id']}" if view == "take" else view, server, media)
    for theme in ("dark", "light"):
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 860 if width > 320 else 1100})
            page.wait_for_timeout(120)
            page.screenshot(path=pictures / f"{view}-{theme}-{width}.png")
            assert page.evaluate("() => document.getElementById('main').scrollWidth <= document.getElementById('main').clientWidth"), (
                f"cut off at {width}"
            )
        if AXE.is_file():
            assert complaints_of_axe(page) == [], theme


def test_dialogs_pass_axe_hold_the_focus_and_give_it_back(page: Any, server: RunningServer, pictures: Path) -> None:
    take = server.a_take()
    page.goto(f"{server.url}/#/take/{take['id']}")
    opener = page.get_by_role("button", name="Render again …")
    opener.click()
    page.screenshot(path=pictures / "dialog-dark-1360.png")
    if AXE.is_file():
        assert complaints_of_axe(page) == []
    for _ in range(30):
        page.keyboard.press("Tab")
        assert page.evaluate("() => document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Render again …"


def test_everything_is_reached_by_keyboard_and_the_focus_is_seen(page: Any) -> None:
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate(NAME))
        outline = page.evaluate(
            "() => document.activeElement === document.body ? 'solid' : getComputedStyle(document.activeElement).outlineStyle"
        )
        assert outline != "none"
    assert {"Single", "Choose files", "Preset", "Format", "Length", "Mouth movement", "Offset", "More settings"} <= reached
    page.get_by_role("tab", name="Single").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Batch")).to_be_focused()
    expect(page.get_by_role("region", name="Videos")).to_be_visible()


def test_chinese_is_one_choice_away_and_stays_after_a_reload(page: Any, pictures: Path) -> None:
    page.get_by_role("combobox", name="Language").select_option("zh-CN")
    expect(page.get_by_role("heading", name="新建渲染")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="新建渲染")).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "zh-CN"
    page.screenshot(path=pictures / "new-zh-dark-1360.png")
    if AXE.is_file():
        assert complaints_of_axe(page) == []


def test_the_theme_is_one_press_away_and_stays_without_a_flash(page: Any) -> None:
    page.get_by_role("button", name="Light theme").click()
    page.reload(wait_until="commit")
    page.locator("body").wait_for(state="attached")
    assert page.evaluate("() => document.documentElement.dataset.theme") == "light"


def test_until_somebody_chooses_the_theme_is_the_systems(page: Any) -> None:
    root = page.locator("html")
    for scheme in ("light", "dark", "light"):
        page.emulate_media(color_scheme=scheme)
        expect(root).to_have_attribute("data-theme", scheme)
    page.reload(wait_until="commit")
    page.locator("body").wait_for(state="attached")
    assert root.get_attribute("data-theme") == "light", "at the first paint"
    page.get_by_role("button", name="Dark theme").click()
    page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    expect(page.get_by_role("button", name="Light theme")).to_be_visible()
    assert root.get_attribute("data-theme") == "dark", "chosen"
