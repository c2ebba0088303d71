"""Takes the pictures of the documentation from the running product: `make pictures`.

Starts a server with folders of its own, drives its page in Chromium and a Blender on a virtual screen, and writes into docs/pictures.
The people are those of `make demo`, two public-domain portraits before a moving camera; nobody else's face goes into the repository.
Takes about five minutes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import opentimelineio as otio
from PIL import Image, ImageSequence

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

import blender_picture  # noqa: E402

from demo import PORTRAITS, RATE, SPEECH, film, packaged, write_comparison  # noqa: E402
from heygem_core.rendering.report import read_report  # noqa: E402
from tests.browser import CHROMIUM, MISSING, launched  # noqa: E402
from tests.web.editor import ScriptedEditor  # noqa: E402
from tests.web.running import RunningServer, open_page, unfold  # noqa: E402

OUTPUT = REPOSITORY / "docs" / "pictures"
PHRASE = slice(int(0.3 * 16_000), int(4.3 * 16_000))  # samples of the recording
WAIT_MS = 240_000
COLOURS = 256  # of a picture's palette: a third of the size, and no difference to see


def main() -> None:
    OUTPUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="heygem-") as folder:
        media = Path(folder) / "media"
        media.mkdir()
        make_clips(media)
        server = RunningServer(Path(folder), media, workers=1)
        server.start()
        try:
            take = rendered(server, "interview.mp4", "collins", "Interview, German")
            other = rendered(server, "answer.mp4", "hopper", "Answer, German")
            pairs = [(media / "interview.mp4", Path(take["path"])), (media / "answer.mp4", Path(other["path"]))]
            save(Image.fromarray(np.hstack([strip(*pair) for pair in pairs])), OUTPUT / "before-after.png")
            write_comparison(*pairs[1], OUTPUT / "before-after.webp", first=4, frames=64, side=200)
            compress(OUTPUT / "before-after.webp")
            take_pictures(server, take)
            shown = blender_picture.take(server.home / "data", media / "interview.mp4", media / "line.wav", Path(folder))
            write_small(shown.read_bytes(), OUTPUT / "blender.png")
        finally:
            server.stop()
    for picture in sorted(OUTPUT.iterdir()):
        print(f"{picture.relative_to(REPOSITORY)}  {picture.stat().st_size // 1024} KB")


# --- material


def make_clips(folder: Path) -> None:
    """interview.mp4 and answer.mp4 of two portraits, close-up.mp4 of the first, and line.wav."""
    collins, hopper = PORTRAITS["collins"], PORTRAITS["hopper"]
    film(collins, folder / "interview.mp4")
    film(hopper, folder / "answer.mp4")
    film(collins._replace(left=collins.left + 30, top=collins.top + 35, side=165), folder / "close-up.mp4")
    with av.open(str(packaged(*SPEECH))) as recording:
        sound = np.concatenate([frame.to_ndarray().reshape(-1) for frame in recording.decode(audio=0)])[PHRASE]
        write_sound(folder / "line.wav", sound)


def write_sound(path: Path, samples: np.ndarray) -> None:
    """int16, 16 kHz, mono."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("pcm_s16le", rate=16_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = 16_000
        file.mux(stream.encode(frame))
        file.mux(stream.encode())


def job(server: RunningServer, *videos: str, name: str, **settings: object) -> Any:
    """A job of these videos, as the page would submit it."""
    shots = [
        {"video": {"path": str(server.media / video)}, "speech": {"path": str(server.media / "line.wav")}, "name": Path(video).stem}
        for video in videos
    ]
    chosen = {"format": "h264", "fit": "hold", **settings}
    return server.ask("POST", "/jobs", {"shots": shots, "settings": chosen, "name": name})["job"]


def rendered(server: RunningServer, video: str, portrait: str, name: str) -> Any:
    """A finished take."""
    detail = server.finished(job(server, video, name=name, intensity=PORTRAITS[portrait].intensity)["id"], within_s=900)
    assert detail["job"]["state"] == "completed", detail
    return detail["shots"][0]["takes"][0]


# --- the page


def take_pictures(server: RunningServer, take: Any) -> None:
    """A picture of each view, in the light theme."""
    with chromium() as browser:
        for name, show in VIEWS.items():
            page, _ = open_page(browser, server, width=1280, height=800)
            page.set_default_timeout(WAIT_MS)
            page.evaluate("() => { document.documentElement.dataset.theme = 'light'; }")
            with show(page, server, take):
                page.wait_for_timeout(500)
                write_small(page.screenshot(), OUTPUT / f"{name}.png")
            page.context.close()


@contextmanager
def chromium() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        sys.exit(f"{MISSING}.")
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@contextmanager
def show_new(page: Any, server: RunningServer, _: Any) -> Iterator[None]:
    """Files in, the face chosen, a range, a stretch that stays as it is."""
    for region, file in (("New speech", "line.wav"), ("Video", "interview.mp4")):
        page.get_by_role("region", name=region, exact=True).locator("input[type=file]").set_input_files([server.media / file])
    page.get_by_role("radio", name="Face 1").wait_for()
    page.locator(".stage video").wait_for()
    strip = page.get_by_role("slider", name="Position in the video")
    strip.focus()
    for key in ("ArrowRight", "i", *["Shift+ArrowRight"] * 4, "n", "Shift+ArrowRight", "n"):
        page.keyboard.press(key)
    page.get_by_label("Length", exact=True).select_option("hold")
    page.get_by_label("Estimate").wait_for()
    yield


@contextmanager
def show_queue(page: Any, server: RunningServer, _: Any) -> Iterator[None]:
    """One job at work with the frame just drawn, one that waits, one that is done."""
    page.goto(f"{server.url}/#/queue")
    first = job(server, "answer.mp4", "close-up.mp4", name="Scene 12, corrected line", intensity=1.4)
    job(server, "interview.mp4", name="Interview, French", intensity=1.3)
    unfold(page.locator(f"[data-job='{first['id']}']"))
    page.get_by_alt_text("Newest frame of").first.wait_for()
    yield


@contextmanager
def show_take(page: Any, server: RunningServer, take: Any) -> Iterator[None]:
    """Before and after with a wipe between them, and the figures in words."""
    page.goto(f"{server.url}/#/take/{take['id']}")
    page.get_by_role("button", name="Measure now").click()
    page.get_by_role("button", name="Measure now").wait_for(state="hidden")
    wait_for_picture(page.locator("video.after"))
    page.get_by_role("tab", name="Wipe").click()
    page.get_by_role("slider", name="Position in the take").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowRight")
    for name in ("before", "after"):
        wait_for_picture(page.locator(f"video.{name}"))
    yield


def wait_for_picture(video: Any) -> None:
    """Until it shows its own frame; a busy machine takes a while for that."""
    ready = "video.readyState >= 2 && !video.seeking"
    video.evaluate(f"async video => {{ while (!({ready})) await new Promise(done => setTimeout(done, 10)); }}")


class Editor(ScriptedEditor):
    """A stand-in for an editor: a timeline with one clip selected, and the speech under it."""

    def __init__(self, server: RunningServer) -> None:
        capabilities = ["place.track", "place.take", "place.speech", "place.mute", "export.picture", "export.sound"]
        host = {"id": "resolve", "app": "resolve", "version": "21.0.4", "project_name": "Documentary", "capabilities": capabilities}
        super().__init__(server, video="interview.mp4", frames=90, **host)

    def on_selection(self, _: dict[str, Any]) -> dict[str, Any]:
        media = self.server.media
        items = [
            self._item("clip-1", "interview.mp4", "picture", 250, path=str(media / "interview.mp4"), cannot_copy=[]),
            self._item("clip-2", "line.wav", "sound", 250, path=str(media / "line.wav")),
        ]
        sequence = {"id": "seq-1", "name": "Cut 3", "rate": "25/1", "start_frame": 90_000, "drop_frame": False}
        return {"sequence": sequence, "items": items, "document": json.loads(self._timeline().to_json_string())}

    def _timeline(self) -> otio.schema.Timeline:
        made = otio.schema.Timeline("Cut 3", global_start_time=otio.opentime.RationalTime(90_000, RATE))
        for kind, file, clip in (("Video", "interview.mp4", "clip-1"), ("Audio", "line.wav", "clip-2")):
            reference = otio.schema.ExternalReference((self.server.media / file).as_uri(), available_range=_range(0, 100))
            placed = otio.schema.Clip(file, media_reference=reference, source_range=_range(5, self.frames))
            placed.metadata["heygem"] = {"id": clip}
            made.tracks.append(otio.schema.Track(kind, kind=kind, children=[otio.schema.Gap(source_range=_range(0, 250)), placed]))
        return made


def _range(start: int, frames: int) -> otio.opentime.TimeRange:
    return otio.opentime.TimeRange(otio.opentime.RationalTime(start, RATE), otio.opentime.RationalTime(frames, RATE))


@contextmanager
def show_editor(page: Any, server: RunningServer, _: Any) -> Iterator[None]:
    """The page beside an editor, with what is selected in it."""
    with Editor(server):
        page.get_by_role("link", name="Resolve › Documentary").click()
        page.get_by_label("Estimate").wait_for()
        yield


VIEWS = {"page-new": show_new, "page-take": show_take, "page-editor": show_editor, "page-queue": show_queue}


# --- files


def strip(source: Path, take: Path, *, columns: int = 3, tile: int = 200) -> np.ndarray:
    """Frames of the clip above the same frames of the take, (2 tile, columns × tile, 3): lips from closed to widest."""
    report = read_report(take)
    assert report is not None
    gaps = np.array(report.wanted_gap, float)
    picks = sorted(int(np.abs(gaps - level).argmin()) for level in np.linspace(np.nanmin(gaps), np.nanmax(gaps), columns))
    rows = []
    for file in (source, take):
        with av.open(str(file)) as opened:
            frames = {k: frame.to_ndarray(format="rgb24") for k, frame in enumerate(opened.decode(video=0)) if k in picks}
        rows.append(np.hstack([cv2.resize(frames[k][130:530, 120:520], (tile, tile), interpolation=cv2.INTER_AREA) for k in picks]))
    return np.vstack(rows)


def write_small(png: bytes, path: Path) -> None:
    import io

    save(Image.open(io.BytesIO(png)).convert("RGB"), path)


def compress(path: Path) -> None:
    """The moving picture, every other frame of the take, with fewer bytes."""
    with Image.open(path) as moving:
        first, *others = [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]
    first.save(path, save_all=True, append_images=others, duration=2000 // RATE, loop=0, quality=40, method=6)


def save(picture: Image.Image, path: Path) -> None:
    picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


if __name__ == "__main__":
    main()
