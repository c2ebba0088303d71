"""What is shown stays true: through a reload, a crash of the server, beside another page, and after the page is gone."""

from __future__ import annotations

import http.server
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import RunningServer, open_page, watch


@pytest.mark.full
def test_a_reload_in_the_middle_shows_the_job_where_it_is(page: Any, server: RunningServer) -> None:
    job = server.submit("slow.mp4", "long.wav", name="reloaded")["job"]
    page.goto(f"{server.url}/#/queue")
    card = page.locator(f"[data-job='{job['id']}']")
    expect(card.get_by_text("Rendering").first).to_be_visible()
    with server.at_a_crawl():
        page.reload()
        expect(card).to_be_visible()
        expect(page.get_by_text("Live", exact=True).first).to_be_visible()
        card.get_by_role("button", name="Cancel", exact=True).first.click()
        expect(card.get_by_text("Canceled").first).to_be_visible()


@pytest.mark.full
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
    gone = page.get_by_role("alertdialog", name="The server does not answer")
    expect(gone).to_be_visible()
    assert page.locator("#main").evaluate("main => main.inert"), "nothing can be pressed that cannot work"
    server.start()
    expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    detail = server.finished(job["id"], within_s=240)
    assert detail["job"]["state"] == "completed", detail
    expect(card.get_by_text("Completed")).to_be_visible()
    expect(gone).to_have_count(0)
    assert page.get_by_role("dialog").count() == 0


@pytest.mark.full
def test_pictures_that_a_dead_server_did_not_send_leave_no_sign_and_come_when_it_is_back(page: Any, server: RunningServer) -> None:
    server.a_take()

    def die(route: Any) -> None:
        server.kill()
        route.abort("connectionrefused")

    page.route("**/poster.jpg*", die)
    page.goto(f"{server.url}/#/results")
    pictures = page.locator(".card img")
    broken = page.locator(".card img.broken").first
    broken.wait_for(state="attached")
    expect(broken).to_be_hidden()
    page.unroute("**/poster.jpg*")
    expect(page.get_by_text("Reconnecting …")).to_be_visible()
    server.start()
    expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    expect(pictures.first).to_be_visible()
    page.wait_for_function("() => [...document.querySelectorAll('.card img')].every((image) => image.complete && image.naturalWidth > 0)")


@pytest.mark.full
def test_two_pages_at_once_see_the_same(browser: Any, page: Any, server: RunningServer) -> None:
    other, complaints = open_page(browser, server, view="queue")
    try:
        job = server.submit("slow.mp4", "long.wav", name="seen twice")["job"]
        with server.at_a_crawl():
            page.goto(f"{server.url}/#/queue")
            mine, theirs = (one.locator(f"[data-job='{job['id']}']") for one in (page, other))
            theirs.get_by_role("button", name="Pause").click()
            expect(mine.get_by_text("Paused", exact=True)).to_be_visible()
            mine.get_by_role("button", name="Cancel", exact=True).first.click()
            expect(theirs.get_by_text("Canceled").first).to_be_visible()
        assert complaints == []
    finally:
        other.context.close()


@pytest.mark.full
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


def test_a_page_of_another_port_is_sent_the_cookie_and_gets_nothing_for_it(browser: Any, server: RunningServer) -> None:
    """Cookies know no ports: a program of this machine sees it as soon as somebody opens its page, and asks without a browser then."""
    page, _ = open_page(browser, server)
    take = server.a_take()["id"]
    paths = ("session", "info", "jobs", f"takes/{take}/poster.jpg", f"takes/{take}/file")
    with lure() as (address, cookies):
        lured = page.context.new_page()
        lured.goto(address)
        seen = lured.evaluate(
            """async ([server, paths]) => {
              const asked = paths.map((path) => fetch(`${server}/api/v1/${path}`, { credentials: "include", mode: "no-cors" })
                .then((answer) => `${answer.type} ${answer.status}`, () => "opaque 0"));
              const picture = new Promise((resolve) => {
                const image = new Image();
                image.onload = () => resolve("shown");
                image.onerror = () => resolve("opaque 0");
                image.src = `${server}/api/v1/${paths[3]}`;
              });
              const socket = new Promise((resolve) => {
                const link = new WebSocket(`${server.replace("http", "ws")}/api/v1/events`);
                link.onopen = () => link.send('{"type":"hello"}');
                link.onmessage = ({ data }) => resolve(data);
                link.onclose = () => resolve("opaque 0");
              });
              return Promise.all([...asked, picture, socket]);
            }""",
            [server.url, paths],
        )
        assert set(seen) == {"opaque 0"}
        assert lured.evaluate("localStorage.length") == 0
    (cookie,) = {each for each in cookies if "heygem_session" in each}
    stolen = {"Cookie": cookie, "Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    for headers in (stolen, {**stolen, "Authorization": f"Bearer {cookie.partition('=')[2]}"}):
        for path in paths:
            with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
                urllib.request.urlopen(urllib.request.Request(f"{server.url}/api/v1/{path}", headers=headers), timeout=60)
    page.context.close()


@contextmanager
def lure() -> Iterator[tuple[str, list[str]]]:
    """A page of another port of this machine, and the cookies that came with what was asked there."""
    cookies: list[str] = []

    class Lure(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie", ""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>A lure</title>")

        def log_message(self, *_: object) -> None:
            pass

    listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Lure)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/", cookies
    finally:
        listener.shutdown()
        listener.server_close()


@pytest.mark.full
def test_a_second_tab_a_reload_and_a_restart_stay_signed_in(browser: Any, server: RunningServer) -> None:
    page, complaints = open_page(browser, server)
    second = page.context.new_page()
    watch(second, complaints)
    second.goto(f"{server.url}/#/queue")
    expect(second.get_by_text("Live", exact=True).first).to_be_visible()
    second.goto(server.sign_in_link())  # `heygem open` once more: the tabs of before go on
    expect(second).to_have_url(f"{server.url}/")
    expect(second.get_by_text("Live", exact=True).first).to_be_visible()
    server.stop()
    server.start()
    for tab in (page, second):
        expect(tab.get_by_text("Live", exact=True).first).to_be_visible()
        tab.reload()
        expect(tab.get_by_text("Live", exact=True).first).to_be_visible()
    # The second sign-in makes another session: what was asked for under the first one's word at that moment may be refused once.
    assert [text for text in complaints if "401" not in text] == []
    page.context.close()


def test_a_take_is_played_from_an_address_that_is_this_browsers_alone(browser: Any, server: RunningServer) -> None:
    take = server.a_take()
    page, complaints = open_page(browser, server)
    with page.expect_response("**/media/faces*"):  # the last that a take's page asks for
        page.goto(f"{server.url}/#/take/{take['id']}")
    player = page.locator("video.after")
    expect(player).to_have_attribute("src", re.compile("&?proof="))
    expect(player).to_have_js_property("readyState", 4)
    page.context.clear_cookies()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{server.url}{player.get_attribute('src')}", timeout=60)
    assert complaints == []
    page.context.close()
