"""The real Resolve panel in a fake Resolve, with the real server and a real person: from a selection to takes on the timeline."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import pytest

from heygem_host.choices import Choices
from heygem_host.connection import ServerConnection, Settings
from heygem_host.panel import Panel
from heygem_resolve.editor import Editor
from heygem_resolve.panel.resolve_side import ResolveSide
from heygem_server.client import Client
from heygem_server.wire import HostCall, TakeView
from tests.browser import CHROMIUM, MISSING, launched
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.real_server import RealServer, talking, until

CASES = {  # setting: rate, number of the first frame, its timecode, start of the media
    "29.97": (Fraction(30000, 1001), 107892, "01:00:00;00", "10:00:00;00"),
    "23.976": (Fraction(24000, 1001), 86400, "01:00:00:00", "10:00:00:00"),
    "25": (Fraction(25), 0, "00:00:00:00", "00:59:58:00"),
    "59.94": (Fraction(60000, 1001), 0, "00:00:00;00", "01:00:00;00"),
}
SETTING = os.environ.get("HEYGEM_RATE", "29.97")  # the others take their time: one run each, by hand
RATE, FIRST, START, MEDIA_START = CASES[SETTING]
HOST = "resolve-test"
LENGTH = 5  # frames of each clip: what is shown here is where they lie, and rendering takes the time


@pytest.fixture(scope="module")
def server(tmp_path_factory, people):
    folder = tmp_path_factory.mktemp("studio")
    media = folder / "media"
    media.mkdir()
    person = sorted((people / "grid").glob("*.mpg"))[0]
    talking(person, media / "clip.mov", rate=RATE, frames=30, timecode=MEDIA_START)
    shutil.copy(sorted((people / "grid").glob("*.mpg"))[1], media / "speech.mpg")
    server = RealServer(folder, media)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def scene(server):
    """Three clips of one person with one speech across them, in drop-frame from one o'clock, source timecode at ten o'clock."""
    resolve = Resolve()
    resolve.new_project("Film")
    timeline = resolve.new_timeline(rate=SETTING, start_frame=FIRST, start_timecode=START)
    media = server.folder / "media"
    clips = [resolve.add_clip(timeline, str(media / "clip.mov"), start=start, length=LENGTH, offset=offset) for start, offset in
             ((30, 4), (35, 12), (44, 22))]  # fmt: skip
    speech = resolve.add_sound(timeline, str(media / "speech.mpg"), start=30, length=20, track=2)
    timeline.tracks["audio"][0].items.append(resolve.add_sound(timeline, str(media / "speech.mpg"), start=200, length=20))
    timeline.selected = [*clips, speech]
    return resolve, timeline, clips, speech


class Desk:
    """One panel at work: what Resolve's own thread does, done by the test."""

    def __init__(self, resolve: Resolve, server: RealServer, **settings) -> None:
        self.link = ServerConnection(Settings(str(server.data / "server.json"), **settings))
        self.panel = Panel(ResolveSide(Editor(resolve), HOST), self.link)
        self.link.start()

    def until(self, ready, seconds: float, otherwise: str):
        return until(ready, seconds, otherwise, tick=lambda: (self.panel.step(), self.link.join(0.02)))

    def connected(self) -> None:
        self.until(lambda: self.panel.connected, 30, f"never connected: {self.panel.state}")

    def close(self) -> None:
        self.link.stop()
        self.link.join(5)
        assert not self.link.is_alive()


def takes_of(client: Client, job: str) -> list[TakeView]:
    return [take for shot in client.job(job).shots for take in shot.takes]


def takes_on(timeline) -> list[tuple[int, int, int, int]]:
    """(track, start from the timeline's start, length, first frame of the file) of every clip that shows a take."""
    return sorted(
        (number, item.start - timeline.start_frame, item.length, item.offset)
        for number, track in enumerate(timeline.tracks["video"], 1)
        for item in track.items
        if track.name.startswith("HeyGem")
    )


WANTED = [(2, 30, LENGTH, 2), (2, 35, LENGTH, 2), (2, 44, LENGTH, 2)]


def without_takes(timeline) -> str:
    ours = frozenset(item.media.path for track in timeline.tracks["video"] if track.name.startswith("HeyGem") for item in track.items)
    return json.dumps(timeline.picture(ours), sort_keys=True, default=str)


def test_three_clips_with_one_speech_come_back_to_their_places_through_a_crash_a_closed_panel_and_another_project(server, scene):
    """One run, since rendering is what takes time: select, submit, kill the server meanwhile, close the panel, switch the project.
    Still each take lies once, at its frame, in its own project, and nothing else on the timeline has changed."""
    resolve, timeline, _, _ = scene
    film = resolve.manager.project
    before = without_takes(timeline)
    desk = Desk(resolve, server)
    desk.connected()

    # the page asks the server, the server asks the editor
    with server.client() as client:
        answer: dict = {}
        asking = threading.Thread(target=lambda: answer.update(client.call(HOST, HostCall(method="host.selection"))))
        asking.start()
        desk.until(lambda: not asking.is_alive(), 20, "the selection did not come")
    assert [item["kind"] for item in answer["items"]] == ["picture"] * 3 + ["sound"]
    job = server.render(answer, HOST, handles=2, format="dnxhr")
    desk.until(lambda: (desk.panel.jobs.get(job) or {}).get("state") == "active", 60, "the job did not start")

    server.kill()
    desk.until(lambda: not desk.panel.connected, 20, "the panel did not notice that the server died")
    desk.close()

    # the editor works on something else while the server, back again, finishes the job
    resolve.new_project("Another film")
    other = resolve.new_timeline()
    server.start()
    desk = Desk(resolve, server)
    desk.connected()
    with server.client() as client:
        desk.until(lambda: client.job(job).job.state in ("completed", "failed"), 200, "the job was not finished after the crash")
        assert client.job(job).job.state == "completed", [shot.why for shot in client.job(job).shots]
        assert len(takes_of(client, job)) == 3
    desk.until(lambda: desk.link.inbox.empty(), 5, "the panel is still busy")
    assert other.picture() == {}, "takes of one project came into another"
    assert takes_on(timeline) == []

    # back in the film: all three arrive by themselves
    resolve.reopen(film)
    desk.until(lambda: len(takes_on(timeline)) == 3, 30, f"the takes did not arrive: {desk.panel.said}")
    assert takes_on(timeline) == WANTED
    assert without_takes(timeline) == before

    # reported, so a second panel after a restart places nothing twice
    with server.client() as client:
        desk.until(lambda: all(take.placed for take in takes_of(client, job)), 20, "the server was not told")
    desk.close()
    again = Desk(resolve, server)
    again.connected()
    for _ in range(30):
        again.panel.step()
        again.link.join(0.02)
    assert takes_on(timeline) == WANTED
    again.close()


@pytest.mark.full
def test_a_compound_clip_that_says_a_mix_comes_back_from_resolves_own_export(server):
    """What only Resolve can decode, picture and sound: offered in the window, exported by Resolve, rendered, and laid above the clip
    with its look in it already, so that nothing is copied onto it."""
    resolve = Resolve()
    resolve.new_project("Nests")
    timeline = resolve.new_timeline(rate=SETTING, start_frame=FIRST, start_timecode=START)
    timeline.size = (360, 288)
    media = server.folder / "media"
    nest = resolve.add_compound(timeline, str(media / "clip.mov"), start=20, length=12, offset=8)
    nest.grade, nest.properties["ZoomX"] = "teal", 1.3
    title = resolve.add_compound(timeline, str(media / "clip.mov"), start=0, length=30, track=2)
    mix = resolve.add_sound(timeline, str(media / "speech.mpg"), start=15, length=30, track=2)
    mix.media = None  # several sounds in a compound clip: no file of its own
    timeline.selected = [nest, mix]
    desk = Desk(resolve, server)
    desk.panel.chosen = Choices(mode="take")
    desk.connected()
    before, deliver = json.dumps(timeline.picture(), sort_keys=True, default=str), json.dumps(resolve.manager.project.deliver["settings"])

    desk.panel.render(None)
    desk.until(lambda: desk.panel.offer, 60, f"nothing was offered: {desk.panel.said}")
    assert (desk.panel.offer.pictures, desk.panel.offer.sounds) == ((nest.id,), (mix.id,))
    desk.panel.export()
    arrived = lambda: [track for track in timeline.tracks["video"] if track.name.startswith("HeyGem")]  # noqa: E731
    desk.until(arrived, 200, f"the take did not come: {desk.panel.said}")

    [track] = arrived()
    [take] = track.items
    assert (take.start - timeline.start_frame, take.length, take.offset, take.grade, take.properties["ZoomX"]) == (20, 12, 0, "", 1.0)
    assert "made from an export" in desk.panel.said
    assert (nest.takes, title.enabled) == ([], True)
    assert without_takes(timeline) == before
    settings = resolve.manager.project.deliver["settings"]
    assert {key: value for key, value in settings.items() if key not in ("MarkIn", "MarkOut")} == json.loads(deliver)
    desk.close()


@pytest.mark.full
def test_the_page_that_the_panel_opens_is_signed_in_and_shows_this_editor(server):
    """One click in Resolve: no code to type, no editor to look for; from there Resolve exports what only it can decode."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    resolve = Resolve()
    resolve.new_project("Ä “film”")
    timeline = resolve.new_timeline(rate=SETTING, start_frame=FIRST, start_timecode=START)
    timeline.size = (360, 288)
    media = server.folder / "media"
    nest = resolve.add_compound(timeline, str(media / "clip.mov"), start=20, length=12, offset=8)
    timeline.selected = [nest, resolve.add_sound(timeline, str(media / "speech.mpg"), start=15, length=30, track=2)]
    desk = Desk(resolve, server)
    desk.connected()
    desk.panel.link.outbox.put(("page",))
    desk.until(lambda: desk.panel.page, 20, "no address came")
    with stepping(desk), sync_playwright() as playwright:
        chromium = launched(playwright)
        try:
            page = chromium.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.goto(desk.panel.page)
            page.get_by_text("Compound Clip 1").first.wait_for(timeout=60_000)
            assert f"#/host/{HOST}" in page.evaluate("location.href")
            assert "code=" not in page.evaluate("location.href")
            page.get_by_role("button", name="export").first.click()
            until(lambda: any(job["done"] for job in resolve.manager.project.finished), 20, "Resolve exported nothing")
            assert problems == []
        finally:
            chromium.close()
    desk.close()


@contextmanager
def stepping(desk: Desk) -> Iterator[None]:
    """The editor's thread, while the test's own waits for the browser."""
    ended = threading.Event()

    def step() -> None:
        while not ended.is_set():
            desk.panel.step(0.05)

    thread = threading.Thread(target=step, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(10)
