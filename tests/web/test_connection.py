"""What is shown stays true: through a reload, a crash of the server, beside another page, and after the page is gone."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from .running import RunningServer, open_page


def test_a_reload_in_the_middle_shows_the_job_where_it_is(page: Any, server: RunningServer) -> None:
    job = server.submit("slow.mp4", "long.wav", name="reloaded")["job"]
    page.goto(f"{server.url}/#/queue")
    card = page.locator(f"[data-job='{job['id']}']")
    expect(card.get_by_text("Rendering").first).to_be_visible()
    page.reload()
    expect(card).to_be_visible()
    expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    card.get_by_role("button", name="Cancel", exact=True).first.click()
    expect(card.get_by_text("Canceled").first).to_be_visible()


def test_a_server_that_is_killed_and_comes_back_is_found_again_silently_and_nothing_stale_is_shown(
    page: Any, server: RunningServer
) -> None:
    job = server.submit("slow.mp4", "long.wav", name="survivor")["job"]
    page.goto(f"{server.url}/#/queue")
    card = page.locator(f"[data-job='{job['id']}']")
    expect(card.get_by_text("Rendering").first).to_be_visible()
    server.kill()
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    expect(card.locator(".eta")).to_have_count(0)
    server.start()
    expect(page.get_by_text("Live", exact=True).first).to_be_visible(timeout=30_000)
    detail = server.finished(job["id"], within_s=120)
    assert detail["job"]["state"] == "completed", detail
    expect(card.get_by_text("Completed")).to_be_visible()
    assert page.get_by_role("dialog").count() == 0


def test_two_pages_at_once_see_the_same(browser: Any, page: Any, server: RunningServer) -> None:
    other, complaints = open_page(browser, server, view="queue")
    try:
        job = server.submit("slow.mp4", "long.wav", name="seen twice")["job"]
        page.goto(f"{server.url}/#/queue")
        mine, theirs = (one.locator(f"[data-job='{job['id']}']") for one in (page, other))
        theirs.get_by_role("button", name="Pause").click()
        expect(mine.get_by_text("Paused", exact=True)).to_be_visible()
        mine.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(theirs.get_by_text("Canceled").first).to_be_visible()
        assert complaints == []
    finally:
        other.context.close()


def test_closing_the_page_stops_nothing(browser: Any, server: RunningServer) -> None:
    opened, complaints = open_page(browser, server, view="queue")
    job = server.submit(name="left alone")["job"]
    opened.locator(f"[data-job='{job['id']}']").wait_for()
    opened.context.close()
    assert server.finished(job["id"])["job"]["state"] == "completed"
    assert complaints == []


def test_a_sign_in_link_works_once_and_its_code_leaves_the_address(browser: Any, server: RunningServer) -> None:
    link = server.sign_in_link()
    first = browser.new_context().new_page()
    first.goto(link)
    expect(first.get_by_text("Live", exact=True).first).to_be_visible()
    assert "code" not in first.url
    second = browser.new_context().new_page()
    second.goto(link)
    expect(second.get_by_role("heading", name="Sign in to HeyGem Bridge")).to_be_visible()
    expect(second.get_by_text("used already")).to_be_visible()
    second.get_by_label("Sign-in link or code").fill(server.sign_in_link())
    second.get_by_role("button", name="Sign in").click()
    expect(second.get_by_text("Live", exact=True).first).to_be_visible()
    for page in (first, second):
        page.context.close()
