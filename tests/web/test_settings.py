"""The pages about the server itself and about the editors beside it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .editor import ScriptedEditor
from .running import RunningServer, open_page


def test_the_settings_tell_the_disk_and_folders_and_a_folder_is_taken_back(page: Any, server: RunningServer, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    server.ask("POST", "/roots", {"folder": str(allowed)})
    page.get_by_role("link", name="Settings").click()
    folders = page.get_by_role("region", name="Folders that may be read")
    expect(folders).to_contain_text(str(server.media))
    folders.get_by_role("button", name=f"Take back {allowed}").click()
    expect(folders.get_by_text(str(allowed), exact=True)).to_have_count(0)
    assert str(allowed) not in server.ask("GET", "/roots")
    disk = page.get_by_role("region", name="Disk")
    expect(disk.get_by_role("listitem")).to_have_count(5)
    expect(page.get_by_role("region", name="This server")).to_contain_text(str(server.takes))


@pytest.mark.full
def test_rooms_are_cleaned_a_report_is_saved_and_one_signs_out(browser: Any, server: RunningServer) -> None:
    server.a_take()
    page, complaints = open_page(browser, server, view="server")
    disk = page.get_by_role("region", name="Disk")
    disk.get_by_role("listitem").filter(has_text="Pieces and previews").get_by_role("button", name="Clean").click()
    expect(page.get_by_text(re.compile("Nothing was freed|were freed"))).to_be_visible()
    page.set_default_timeout(120_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Make a report").click()
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in to HeyGem Bridge")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in to HeyGem Bridge")).to_be_visible()
    assert [text for text in complaints if "401" not in text] == []
    page.context.close()


@pytest.mark.full
def test_editors_say_how_they_are_installed_and_a_connected_one_leads_to_its_view(
    page: Any, server: RunningServer, editor: ScriptedEditor
) -> None:
    page.get_by_role("link", name="Editors").click()
    resolve = page.locator("[data-editor=resolve]")
    expect(resolve).to_contain_text("DaVinci Resolve")
    premiere = page.locator("[data-editor=premiere]")
    expect(premiere.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_text("heygem install", exact=False).first).to_be_visible()
    premiere.locator(".connected a").click()
    page.wait_for_url("**/#/host/*")
    page.get_by_role("link", name="New render", exact=True).click()  # the editor goes before the page, whose view would ask for it
