"""Which language the page speaks before anybody chose one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from .running import RunningServer


@pytest.mark.full
def test_the_first_language_that_the_browser_asks_for_and_the_page_has_is_taken(browser: Any, server: RunningServer) -> None:
    context = browser.new_context(locale="fr-FR")
    context.add_init_script("Object.defineProperty(navigator, 'languages', { get: () => ['fr-FR', 'zh-TW', 'en'] })")
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("heading", name="登录 HeyGem Bridge")).to_be_visible()
    context.close()
