"""The page inside a panel: framed by a page on disk, with a token that lives in memory; the editor is scripted, all else is real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .editor import HOST, ScriptedEditor, write_panel
from .running import A_RENDER_MS, RunningServer, until
from .test_host_choices import start
from .test_looks import AXE, complaints_of_axe


def test_select_render_place_and_switch_without_leaving_the_panel(
    panel: Any, editor: ScriptedEditor, server: RunningServer, pictures: Path
) -> None:
    window, page = panel
    selection = page.get_by_role("region", name="Selection")
    expect(selection).to_contain_text("Film <b>one</b> › Cut 3")
    expect(selection).to_contain_text("speaker <i>")
    expect(selection).to_contain_text("01:00:00:10 – 01:00:01:04")
    job = start(page, server)
    takes = page.get_by_role("region", name="Takes of this project").locator(f"[data-job={job['job']['id']}]")
    place = takes.get_by_role("button", name="Place", exact=True)
    expect(place).to_be_visible(timeout=A_RENDER_MS)
    place.scroll_into_view_if_needed()
    window.screenshot(path=pictures / "host-dark-320.png")
    if AXE.is_file():
        assert complaints_of_axe(window.frames[1]) == []
    place.click()
    expect(page.get_by_text("Placed on track V2.")).to_be_visible()
    expect(takes.get_by_text("On a timeline")).to_be_visible()
    method, params = editor.asked[-1]
    assert method == "host.place"
    assert (params["placement"]["record_start"], params["placement"]["record_duration"], params["frames"]) == (10, 20, 20)
    take = server.ask("GET", f"/takes/{params['take']}")
    assert params["file"] == take["path"]
    assert take["placed"][0]["host"] == HOST["id"]
    assert take["settings"]["sound"] == "none"
    takes.get_by_role("button", name="Show").click()
    until(window, lambda: editor.asked[-1][0] == "host.reveal")
    takes.get_by_role("link").first.click()
    page.locator("video.after").evaluate("async video => { while (video.readyState < 2) await new Promise(done => setTimeout(done, 10)); }")
    assert page.locator("video.after").get_attribute("src").startswith("blob:"), "no address carries the token"
    assert {message["type"] for message in window.evaluate("window.told")} == {"heygem.accepted"}


@pytest.mark.full
def test_another_version_takes_the_place_of_the_one_that_lies_there(panel: Any, editor: ScriptedEditor, server: RunningServer) -> None:
    _, page = panel
    page.get_by_label("Mouth movement").press("ArrowRight")
    job = start(page, server)
    card = page.locator(f"[data-job={job['job']['id']}]")
    card.get_by_role("button", name="Place", exact=True).click(timeout=A_RENDER_MS)
    expect(card.get_by_text("On a timeline")).to_be_visible()
    shot = job["shots"][0]
    server.ask("POST", f"/shots/{shot['id']}/again", {**job["job"]["settings"], "intensity": 1.3})
    versions = card.get_by_role("combobox", name="Versions")
    expect(versions.locator("option").first).to_contain_text("130 %", timeout=A_RENDER_MS)
    expect(versions.locator("option").last).to_contain_text("On a timeline")
    card.get_by_role("button", name="Switch version").click()
    expect(card.get_by_role("button", name="Place again")).to_be_visible()
    (params,) = editor.all("host.switchTake")
    take = server.ask("GET", f"/takes/{params['take']}")
    assert (take["settings"]["intensity"], params["frames"], params["file"]) == (1.3, 20, take["path"])
    assert params["placement"] == editor.all("host.place")[-1]["placement"]
    versions.select_option(index=1)
    card.get_by_role("button", name="Switch version").click()
    expect(card.get_by_role("button", name="Place again")).to_be_visible()
    assert editor.all("host.switchTake")[-1]["take"] == editor.all("host.place")[-1]["take"], "and back again"


def test_a_token_that_ended_is_asked_for_again_and_the_page_goes_on_with_the_new_one(
    panel: Any, editor: ScriptedEditor, server: RunningServer
) -> None:
    window, page = panel
    expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")
    window.evaluate("window.told.length = 0; window.hand('0123456789abcdef.wrong')")
    expect(page.get_by_text("Waiting for the panel …")).to_be_visible()
    assert window.evaluate("window.told.map((message) => message.type)") == ["heygem.token-wanted"]
    token = server.ask("POST", "/tokens", {"scope": "host", "host": HOST["id"], "project": HOST["project"]})["token"]
    window.evaluate("token => window.hand(token)", token)
    expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")


@pytest.mark.full
def test_the_panel_may_change_theme_and_language_and_tell_of_a_new_selection(panel: Any, editor: ScriptedEditor, pictures: Path) -> None:
    window, page = panel
    expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")
    asked = len(editor.asked)
    window.evaluate("port.postMessage({ type: 'heygem.selection-changed' })")
    window.evaluate("port.postMessage({ type: 'heygem.theme', mode: 'light', background: '#f0f0f0' })")
    window.evaluate("port.postMessage({ type: 'heygem.language', language: 'zh-Hans' })")
    expect(page.get_by_role("heading", name="所选内容")).to_be_visible()
    assert page.locator("html").get_attribute("data-theme") == "light"
    until(window, lambda: len(editor.asked) > asked)
    window.screenshot(path=pictures / "host-zh-light-320.png")
    if AXE.is_file():
        assert complaints_of_axe(window.frames[1]) == []
    assert page.locator("body").evaluate("body => document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at 320 pixels"


def test_a_page_that_is_there_before_its_editor_finds_it_by_itself(panel: Any, server: RunningServer) -> None:
    _, page = panel
    expect(page.get_by_text("This editor is not connected")).to_be_visible()
    with ScriptedEditor(server):
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")


def test_a_web_page_of_somebody_else_cannot_hand_anything_over(browser: Any, server: RunningServer, tmp_path: Path) -> None:
    """Only the parent's own message with exactly one port is taken: a session sent as a window message is not."""
    context = browser.new_context()
    window = context.new_page()
    window.goto(write_panel(tmp_path, server, "x").as_uri())
    page = window.frame_locator("#page")
    window.evaluate("window.hand = () => {}")
    window.reload()
    window.evaluate("frame.contentWindow.postMessage({ type: 'heygem.session', token: 'abc.def', app: 'premiere' }, origin)")
    window.wait_for_timeout(500)
    assert page.locator("html").get_attribute("data-host") in (None, "premiere")
    context.close()
