"""The moments of the page that are worth a look: each brings a signed-in page to where there is something to see."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.web.editor import timeline
from tests.web.running import RunningServer, unfold

LANGUAGES = ("en", "zh-CN")
THEMES = ("dark", "light")
WIDTHS = (400, 1440, 2560)  # pixels

Moment = Callable[[Any, RunningServer, Path], None]


def _inputs(page: Any) -> Any:
    return page.locator("#new-panel section input[type=file]")


def empty(page: Any, server: RunningServer, media: Path) -> None:
    page.locator("#new-panel").wait_for()


def one_shot(page: Any, server: RunningServer, media: Path) -> None:
    _inputs(page).nth(1).set_input_files([str(media / "long.wav")])
    _inputs(page).first.set_input_files([str(media / "speaker.mp4")])
    page.get_by_role("radio").first.wait_for()
    page.locator(".stage video").wait_for()
    page.locator(".estimate dd").first.wait_for()


def recorder(page: Any, server: RunningServer, media: Path) -> None:
    """A speech of four channels, one of them chosen."""
    with wave.open(str(media / "long.wav")) as mono:
        samples = np.frombuffer(mono.readframes(mono.getnframes()), "<i2")
    with wave.open(str(media / "recorder.wav"), "wb") as file:
        file.setnchannels(4)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.stack([samples // 3, samples // 9, samples, samples * 0], axis=1).astype("<i2").tobytes())
    _inputs(page).nth(1).set_input_files([str(media / "recorder.wav")])
    page.locator(".channels input").nth(2).check()
    page.locator(".speech-editor audio[src]").wait_for(state="attached")


def batch(page: Any, server: RunningServer, media: Path) -> None:
    page.locator("[role=tab]").nth(1).click()
    _inputs(page).first.set_input_files([str(media / name) for name in ("speaker.mp4", "second.mp4", "levels.mp4")])
    _inputs(page).nth(1).set_input_files([str(media / name) for name in ("speech.wav", "long.wav")])
    page.locator(".badge.warn").first.wait_for()


def of_timeline(page: Any, server: RunningServer, media: Path) -> None:
    (media / "cut.otio").write_text(timeline(media).to_json_string())
    page.locator("[role=tab]").nth(2).click()
    _inputs(page).first.set_input_files([str(media / "cut.otio")])
    page.locator(".shot-table tbody tr").first.wait_for()


def dropping(page: Any, server: RunningServer, media: Path) -> None:
    empty(page, server, media)
    page.evaluate(
        """() => { const data = new DataTransfer(); data.items.add(new File(["x"], "a.wav"));
        document.querySelector("#main").dispatchEvent(new DragEvent("dragenter", { bubbles: true, dataTransfer: data })); }"""
    )
    page.locator(".drop-anywhere").wait_for()


def queue(page: Any, server: RunningServer, media: Path) -> None:
    unfold(page.locator(".job").first)
    page.locator(".shot").first.wait_for()


def results(page: Any, server: RunningServer, media: Path) -> None:
    page.locator(".card img").first.wait_for()


def chosen(page: Any, server: RunningServer, media: Path) -> None:
    results(page, server, media)
    for k in range(2):
        page.locator(".card-check").nth(k).check(force=True)


def take(page: Any, server: RunningServer, media: Path) -> None:
    page.goto(f"{server.url}/#/take/{server.a_take()['id']}")
    page.locator("video.after").evaluate("async video => { while (video.readyState < 2) await new Promise(done => setTimeout(done, 10)); }")


def wipe(page: Any, server: RunningServer, media: Path) -> None:
    take(page, server, media)
    page.keyboard.press("w")
    page.locator("#player-stage.wipe").wait_for()


def keys(page: Any, server: RunningServer, media: Path) -> None:
    take(page, server, media)
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def vote(page: Any, server: RunningServer, media: Path) -> None:
    ids = [each["id"] for each in server.ask("GET", "/takes?limit=2")["takes"]]
    page.goto(f"{server.url}/#/vote/{','.join(ids)}")
    sides = page.locator(".vote-side video")
    sides.nth(1).wait_for()
    for side in sides.all():
        side.evaluate("async video => { while (video.readyState < 2) await new Promise(done => setTimeout(done, 10)); }")


def working(page: Any, server: RunningServer, media: Path) -> None:
    """One job at work and one that waits; those of an earlier look are called off."""
    for job in server.ask("GET", "/jobs?state=queued,active")["jobs"]:
        server.ask("POST", f"/jobs/{job['id']}/cancel")
    for name in ("at work", "next"):
        server.submit("slow.mp4", "long.wav", name=name)
    page.locator(".shot").first.wait_for()
    page.locator(".job-picture").first.wait_for()


def gone(page: Any, server: RunningServer, media: Path) -> None:
    """The server died; who takes the pictures starts it again."""
    results(page, server, media)
    server.kill()
    page.locator(".dead").wait_for()


def listed(selector: str) -> Moment:
    def wait(page: Any, server: RunningServer, media: Path) -> None:
        page.locator(selector).first.wait_for()

    return wait


MOMENTS: dict[str, tuple[str, Moment]] = {
    "new": ("new", empty),
    "new-dropping": ("new", dropping),
    "new-single": ("new", one_shot),
    "new-recorder": ("new", recorder),
    "new-batch": ("new", batch),
    "new-timeline": ("new", of_timeline),
    "queue": ("queue", queue),
    "results": ("results", results),
    "results-chosen": ("results", chosen),
    "take": ("results", take),
    "take-wipe": ("results", wipe),
    "take-keys": ("results", keys),
    "vote": ("results", vote),
    "models": ("models", listed(".model")),
    "editors": ("editors", listed(".editor")),
    "settings": ("server", listed(".rooms")),
    "api": ("docs", listed(".api-route")),
    "queue-working": ("queue", working),
    "gone": ("results", gone),
}
"""Name → the view that it begins in, and how it is reached from there."""
