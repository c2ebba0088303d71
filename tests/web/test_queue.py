"""The queue: live progress and pictures, and everything that can be done to a job, seen by the server as done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .running import A_RENDER_MS, RunningServer, open_page, unfold, until


@pytest.fixture
def at_work(server: RunningServer) -> Iterator[dict[str, Any]]:
    """A job that takes long; called off in the end. Whoever needs it at work for longer than a glance has the server crawl."""
    made = server.submit("slow.mp4", "long.wav", name="at work")
    yield made["job"]
    if server.ask("GET", f"/jobs/{made['job']['id']}")["job"]["state"] in ("queued", "active", "paused"):
        server.ask("POST", f"/jobs/{made['job']['id']}/cancel")


def card_of(page: Any, job: dict[str, Any]) -> Any:
    page.goto(page.url.split("#")[0] + "#/queue")
    return page.locator(f"[data-job='{job['id']}']")


def test_progress_stage_and_the_newest_frame_are_seen_while_it_renders(
    page: Any, server: RunningServer, at_work: dict[str, Any], pictures: Path
) -> None:
    card = card_of(page, at_work)
    unfold(card)
    picture = card.get_by_alt_text(re.compile("Newest frame of"))
    expect(picture).to_be_visible(timeout=A_RENDER_MS)
    progress = card.get_by_role("progressbar", name="Progress of at work", exact=True)
    expect(progress).to_have_attribute("aria-valuenow", re.compile(r"[1-9]"))
    expect(card.get_by_text(re.compile(r"[1-9]\d* of 120 frames")).first).to_be_visible()
    with server.at_a_crawl():
        page.screenshot(path=pictures / "queue-live-dark-1360.png")
        assert picture.get_attribute("src").startswith("blob:")
        assert picture.evaluate("image => image.naturalWidth") > 0
        expect(card.get_by_text("Rendering").last).to_be_visible()


def test_pause_resume_cancel_and_retry_reach_the_server(page: Any, server: RunningServer, at_work: dict[str, Any]) -> None:
    with server.at_a_crawl():
        commands_reach_the_server(card_of(page, at_work), server, at_work)


def commands_reach_the_server(card: Any, server: RunningServer, at_work: dict[str, Any]) -> None:
    state = lambda: server.ask("GET", f"/jobs/{at_work['id']}")["job"]["state"]  # noqa: E731
    card.get_by_role("button", name="Pause").click()
    expect(card.get_by_text("Paused", exact=True)).to_be_visible()
    assert state() == "paused"
    card.get_by_role("button", name="Resume").click()
    expect(card.get_by_text("Paused", exact=True)).to_have_count(0)
    assert state() in ("active", "queued")
    card.get_by_role("button", name="Cancel", exact=True).first.click()
    expect(card.get_by_text("Canceled").first).to_be_visible()
    assert state() == "canceled"
    card.get_by_role("button", name="Retry what failed").click()
    expect(card.get_by_role("button", name="Pause")).to_be_visible()
    assert state() in ("active", "queued")


DRAGGED = """([handle, target]) => {
  const dataTransfer = new DataTransfer();
  const send = (element, type) => element.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
  send(handle, "dragstart");
  const taken = !send(target, "dragover");
  send(target, "drop");
  send(handle, "dragend");
  return taken;
}"""


def test_a_waiting_job_is_put_first_with_a_button_and_by_dragging_it(page: Any, server: RunningServer, at_work: dict[str, Any]) -> None:
    until(page, lambda: server.ask("GET", f"/jobs/{at_work['id']}")["job"]["state"] == "active")
    waiting = [server.submit(name=f"waits {k}")["job"] for k in range(2)]
    names = [job["id"] for job in waiting]
    shown = lambda: [one for one in page.locator("[data-job]").evaluate_all("all => all.map(one => one.dataset.job)") if one in names]  # noqa: E731
    first, second = (page.locator(f"[data-job='{name}']") for name in names)
    orders: list[str] = []
    page.on("request", lambda request: orders.append(request.post_data or "") if request.url.endswith("/queue/order") else None)
    try:
        with server.at_a_crawl():
            card_of(page, waiting[1]).get_by_role("button", name="Render earlier").click()
            until(page, lambda: shown() == names[::-1])
            place = {name: server.ask("GET", f"/jobs/{name}")["job"]["place"] for name in names}
            assert place[names[1]] < place[names[0]]
            orders.clear()
            second.locator(".drag").drag_to(first)
            until(page, lambda: shown() == names)
            assert len(orders) == 1, "one request, however many jobs wait"
            # The browser's events may all come before the page has drawn what the first of them changed.
            assert page.evaluate(DRAGGED, [second.locator(".drag").element_handle(), first.element_handle()])
            until(page, lambda: shown() == names[::-1])
            assert len(orders) == 2
    finally:
        for job in waiting:
            server.ask("POST", f"/jobs/{job['id']}/cancel")


def test_a_job_at_work_is_unfolded_with_its_percent_and_the_tab_tells_it_too(
    page: Any, server: RunningServer, at_work: dict[str, Any]
) -> None:
    card = card_of(page, at_work)
    expect(card.locator(".shot")).to_have_count(1)
    expect(card.locator(".percent")).to_have_text(re.compile(r"[1-9]\d? ?%"), timeout=A_RENDER_MS)
    expect(card.locator(".job-picture")).to_be_visible(timeout=A_RENDER_MS)
    with server.at_a_crawl():
        expect(page).to_have_title(re.compile(r"^\d+ ?% · "))


def test_nothing_disappears_tabs_a_search_and_pages_find_every_job(page: Any, server: RunningServer) -> None:
    """Of ended jobs only the ten newest were shown, and no way led to the others."""
    made = [server.submit(name=f"of many {k}")["job"] for k in range(12)]
    for job in made:
        server.ask("POST", f"/jobs/{job['id']}/cancel")
    page.goto(page.url.split("#")[0] + "#/queue")
    page.get_by_role("tab", name="Needs attention").click()
    for job in made:
        expect(page.locator(f"[data-job='{job['id']}']")).to_be_visible()
    search = page.get_by_role("searchbox")
    search.fill("speech.wav")
    expect(page.locator(f"[data-job='{made[0]['id']}']")).to_be_visible()
    search.fill("another.wav")
    expect(page.get_by_text("No job fits")).to_be_visible()
    search.fill("of many 7")
    expect(page.locator("[data-job]")).to_have_count(1)
    page.get_by_role("tab", name="Done").click()
    expect(page.get_by_text("No job fits")).to_be_visible()
    search.fill("of many 1")  # 1, 10 and 11
    page.get_by_role("tab", name="Needs attention").click()
    page.get_by_role("button", name="Retry all 3").click()
    expect(page.get_by_text("No job fits")).to_be_visible()
    state = lambda job: server.ask("GET", f"/jobs/{job['id']}")["job"]["state"]  # noqa: E731
    assert [k for k, job in enumerate(made) if state(job) != "canceled"] == [1, 10, 11]
    for k in (1, 10, 11):
        server.ask("POST", f"/jobs/{made[k]['id']}/cancel")


@pytest.mark.full
def test_the_log_of_a_job_grows_while_it_is_watched(page: Any, server: RunningServer) -> None:
    job = server.submit(name="logged")["job"]
    card = card_of(page, job)
    card.get_by_role("button", name="Log", exact=True).click()
    expect(card.get_by_role("log")).to_contain_text("is at its place", timeout=A_RENDER_MS)
    lines = card.locator(".log-line").all_inner_texts()
    assert len(lines) == len(set(lines)), "a line is shown twice"


def test_a_failed_shot_says_why_in_the_pages_language_and_the_others_are_done(page: Any, server: RunningServer) -> None:
    shots = [
        {"video": {"path": str(server.media / video)}, "speech": {"path": str(server.media / "speech.wav")}}
        for video in ("levels.mp4", "speaker.mp4")
    ]
    job = server.ask("POST", "/jobs", {"shots": shots, "settings": {"format": "h264", "fit": "hold"}, "name": "one fails"})["job"]
    server.finished(job["id"])
    card = card_of(page, job)
    unfold(card)
    expect(card.locator(".shot.failed .why")).to_contain_text("face")
    expect(card.locator(".shot.done")).to_have_count(1)
    expect(card.get_by_text("1 done, 1 failed")).to_be_visible()
    expect(card.get_by_role("button", name="Retry", exact=True)).to_be_visible()
    page.get_by_role("combobox", name="Language").select_option("zh-CN")
    expect(card.get_by_text("1 个完成，1 个失败")).to_be_visible()  # drawn anew, folded
    unfold(card)
    expect(card.locator(".shot.failed .why")).to_contain_text("人脸")


@pytest.mark.full
def test_a_refusal_is_told_in_the_pages_language(browser: Any, server: RunningServer) -> None:
    opened, complaints = open_page(browser, server, view="queue")
    opened.get_by_role("combobox", name="Language").select_option("zh-CN")
    opened.goto(opened.url.split("#")[0] + "#/take/tnone")
    expect(opened.get_by_text("没有结果“tnone”：它已被删除，或属于另一台服务器。")).to_be_visible()
    opened.context.close()
    assert [text for text in complaints if "404" not in text] == []  # the browser tells of the refused request itself


@pytest.mark.full
def test_ended_jobs_are_put_out_of_the_way_and_back(page: Any, server: RunningServer) -> None:
    job = server.submit(name="ended")["job"]
    server.finished(job["id"])
    card = card_of(page, job)
    expect(card.get_by_text("Completed")).to_be_visible()
    page.get_by_role("button", name="Clear finished").click()
    expect(card).to_have_count(0)
    page.get_by_role("tab", name="Done").click()
    expect(card).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("tab", name="All").click()
    expect(card).to_be_visible()
    page.get_by_label("Sound when a job is done").check()
    page.reload()
    expect(page.get_by_label("Sound when a job is done")).to_be_checked()


LISTENING = """
window.told = []; window.notes = 0; window.asked = 0; window.away = false;
Object.defineProperty(document, "hidden", { get: () => window.away });
window.Notification = class {
  static permission = "default";
  static async requestPermission() { window.asked += 1; return (this.permission = window.answer ?? "granted"); }
  constructor(title, options) { window.told.push([title, options.body]); }
};
const oscillator = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () { window.notes += 1; return oscillator.call(this); };
"""
"""What a page asks of the system, counted: permission, news, notes of a sound. `away` hides the page, `answer` is the person's."""


@pytest.mark.parametrize("answer", ["granted", "denied"])
def test_whether_the_system_may_tell_is_asked_once(page: Any, server: RunningServer, at_work: dict[str, Any], answer: str) -> None:
    page.add_init_script(f"window.answer = {answer!r}; {LISTENING}")
    page.reload()
    card_of(page, at_work)
    ask = page.get_by_role("button", name="Tell me when jobs are done")
    expect(ask).to_be_visible()
    assert page.evaluate("window.asked") == 0, "nobody is asked unbidden"
    ask.click()
    expect(ask).to_have_count(0)
    assert page.evaluate("window.asked") == 1


def test_a_job_that_ends_is_told_once_by_the_system_and_with_a_sound_where_that_is_wanted(page: Any, server: RunningServer) -> None:
    page.add_init_script(LISTENING)
    page.reload()
    page.evaluate("Notification.permission = 'granted'")
    watched = server.submit(name="watched")["job"]
    expect(card_of(page, watched).get_by_text("Completed")).to_be_visible(timeout=A_RENDER_MS)
    assert page.evaluate("[window.told, window.notes]") == [[], 0], "whoever looks at the page sees it, and asked for no sound"
    page.get_by_label("Sound when a job is done").check()
    notes = page.evaluate("window.notes")
    assert notes > 0, "one hears what it is"
    page.evaluate("window.away = true")
    unseen = server.submit(name="unseen")["job"]
    until(page, lambda: page.evaluate("window.told.length"), within_s=A_RENDER_MS / 1000)
    assert page.evaluate("window.told") == [["unseen", "Completed"]]
    until(page, lambda: page.evaluate("window.notes") == 2 * notes)
    expect(card_of(page, unseen).get_by_text("Completed")).to_be_visible()
    assert page.evaluate("window.told.length") == 1
