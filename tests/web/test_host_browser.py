"""An editor's view in an ordinary page: Resolve has no panel that could frame the page, so the browser shows every connected editor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .editor import ScriptedEditor
from .running import A_RENDER_MS, RunningServer
from .test_host_choices import start
from .test_looks import AXE, NAME, complaints_of_axe

pytestmark = pytest.mark.full

RESOLVE: dict[str, Any] = {
    "id": "resolve/on this machine",
    "app": "resolve",
    "version": "21.0.4",
    "project": "film-7",
    "project_name": "Film 7",
    "capabilities": ["place.track", "place.take", "place.speech", "place.mute", "export.picture", "export.sound"],
}


def test_a_connected_editor_is_in_the_navigation_and_everything_works_as_in_a_panel(
    page: Any, server: RunningServer, pictures: Path
) -> None:
    with ScriptedEditor(server, **RESOLVE) as editor:
        page.get_by_role("link", name="Resolve › Film 7").click()
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Film 7 › Cut 3")
        laying = page.get_by_role("region", name="On the timeline")
        laying.get_by_label("The take goes").select_option(label="Into the clip, as one of its takes")
        expect(laying.get_by_label("Disable the original clip")).to_be_disabled()
        laying.get_by_label("Old dialogue").select_option("clip")
        page.reload()
        expect(laying.get_by_label("The take goes")).to_have_value("take")  # remembered for this kind of editor
        job = start(page, server)
        assert job["job"]["settings"]["format"] == "dnxhr"
        assert job["shots"][0]["request"]["placement"]["laying"] == {"mode": "take", "mute": "clip", "disable_original": False}
        card = page.locator(f"[data-job={job['job']['id']}]")
        card.get_by_role("button", name="Place", exact=True).click(timeout=A_RENDER_MS)
        expect(card.get_by_text("On a timeline")).to_be_visible()
        assert editor.all("host.place")[-1]["placement"]["laying"]["mode"] == "take"
        for theme in ("dark", "light"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            for width in (1360, 800, 320):
                page.set_viewport_size({"width": width, "height": 860})
                page.screenshot(path=pictures / f"editor-{theme}-{width}.png")
                assert page.evaluate("() => document.getElementById('main').scrollWidth <= document.getElementById('main').clientWidth")
            if AXE.is_file():
                assert complaints_of_axe(page) == []


def test_an_editor_that_leaves_is_told_and_comes_back_by_itself(page: Any, server: RunningServer) -> None:
    with ScriptedEditor(server, **RESOLVE):
        page.get_by_role("link", name="Resolve › Film 7").click()
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")
    expect(page.get_by_text("Resolve › Film 7 is not connected any more")).to_be_visible()
    expect(page.get_by_role("link", name="Resolve › Film 7")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("This editor is not connected")).to_be_visible()
    with ScriptedEditor(server, **RESOLVE):
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")


def test_coming_back_to_the_page_asks_for_the_selection_again(page: Any, server: RunningServer) -> None:
    with ScriptedEditor(server, **RESOLVE) as editor:
        page.goto(f"{server.url}/#/host/resolve%2Fon%20this%20machine")
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")
        editor.lost = ["Fusion effects"]
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Fusion effects")
        editor.lost = []
        page.get_by_role("button", name="Ask for the selection again").click()
        expect(page.get_by_role("region", name="Selection")).not_to_contain_text("Fusion effects")


def test_an_editors_view_is_worked_by_keyboard_alone(page: Any, server: RunningServer) -> None:
    with ScriptedEditor(server, **RESOLVE):
        page.get_by_role("link", name="Resolve › Film 7").press("Enter")
        expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()
        expect(page.locator("#main")).to_be_focused()
        reached = []
        for _ in range(25):
            page.keyboard.press("Tab")
            reached.append(page.evaluate(NAME))
            assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") != "none", reached
            if reached[-1] == "Render":
                break
            if reached[-1].startswith("Faces"):
                page.keyboard.press("Enter")
                page.get_by_role("radio", name="Face 1").wait_for()
            if reached[-1] == "The take goes":
                page.keyboard.press("ArrowDown")
        expect(page.get_by_label("The take goes")).to_have_value("take")
        wanted = ["Ask for the selection again", "Choose files", "The most prominent facechosen by itself", "Old dialogue", "The take goes"]
        assert [name for name in reached if name in [*wanted, "Handles", "Preset", "Render"]] == [*wanted, "Handles", "Preset", "Render"]


def test_a_sign_in_link_may_lead_to_an_editor(browser: Any, server: RunningServer) -> None:
    """As Resolve's window opens the page; pressed once more, the used link finds the browser signed in."""
    with ScriptedEditor(server, **RESOLVE):
        context = browser.new_context(locale="en-US")
        opened = context.new_page()
        link = f"{server.sign_in_link()}&host=resolve%2Fon%20this%20machine"
        for _ in range(2):
            opened.goto("about:blank")
            opened.goto(link)
            expect(opened.get_by_role("region", name="Selection")).to_contain_text("Film 7 › Cut 3")
        context.close()


def test_the_takes_folder_is_chosen_among_the_servers_folders(page: Any, server: RunningServer, media: Path) -> None:
    (media / "deliver here").mkdir(exist_ok=True)
    page.get_by_text("Name and folder").click()
    page.get_by_role("button", name="Choose a folder").click()
    dialog = page.get_by_role("dialog", name="Folder for the takes")
    expect(dialog.get_by_role("button", name="Use this folder")).to_be_disabled()
    dialog.get_by_role("button", name=media.name).click()
    dialog.get_by_role("button", name="deliver here").click()
    expect(dialog.get_by_text("There are no folders in this one.")).to_be_visible()
    dialog.get_by_role("button", name="Use this folder").click()
    expect(page.get_by_label("Folder for the takes")).to_have_value(str(media / "deliver here"))
    page.get_by_role("button", name="Back to the server’s folder").click()
    expect(page.get_by_label("Folder for the takes")).to_have_value("")
