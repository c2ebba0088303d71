"""New render: files in, faces and marks, settings, an estimate, and a job that says exactly what was chosen."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import opentimelineio as otio
import pytest
from playwright.sync_api import expect

from .clips import write_wav
from .editor import timeline
from .running import A_RENDER_MS, RunningServer, unfold

RENDER = re.compile(r"^Render")


def give(page: Any, name: str, *files: Path | dict[str, Any]) -> None:
    """Hands files to a drop zone, named by its panel."""
    page.get_by_role("region", name=name, exact=True).locator("input[type=file]").set_input_files(list(files))


def test_one_shot_from_files_to_the_take_with_face_marks_and_a_range_left_alone(page: Any, server: RunningServer, media: Path) -> None:
    give(page, "New speech", media / "speech.wav")
    give(page, "Video", media / "speaker.mp4")
    expect(page.get_by_role("button", name="Choose face 1")).to_be_visible()
    expect(page.get_by_role("radio", name=re.compile("Face 1"))).to_be_checked()
    page.locator(".stage video").wait_for()
    strip = page.get_by_role("slider", name="Position in the video")
    strip.focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("i")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("n")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("n")
    page.get_by_role("region", name="Video", exact=True).get_by_role("textbox", name="Out").fill("00:00:01:02")
    page.keyboard.press("Enter")
    expect(page.get_by_text("26 frames")).to_be_visible()
    expect(page.get_by_role("list", name="Ranges without lip-sync")).to_contain_text("00:00:00:12 – 00:00:00:14")
    page.get_by_label("Preset", exact=True).select_option("review")
    expect(page.get_by_label("Estimate")).to_contain_text("free")
    page.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    newest = server.ask("GET", "/jobs?limit=1")["jobs"][0]
    detail = server.finished(newest["id"])
    request = detail["shots"][0]["request"]
    assert (request["start"], request["end_exclusive"], request["keep"]) == (2, 28, [[12, 15]])
    assert detail["job"]["settings"]["format"] == "h264"
    assert detail["job"]["state"] == "completed", detail
    card = page.locator(f"[data-job='{newest['id']}']")
    expect(card.get_by_text("Completed")).to_be_visible()
    unfold(card)
    card.get_by_role("link", name="Open the take").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("speaker")
    assert detail["shots"][0]["takes"][0]["frames"] == 26


@pytest.mark.full
def test_the_picture_under_the_playhead_is_the_frame_that_is_named(page: Any, media: Path) -> None:
    """Each frame of this clip has a grey of its own; 23.976 frames a second punish every rounding."""
    give(page, "Video", media / "levels.mp4")
    page.locator(".stage video").wait_for()
    strip = page.get_by_role("slider", name="Position in the video")
    strip.focus()
    seen = []
    for _ in range(24):
        seen.append(page.evaluate(_GREY))
        page.keyboard.press("ArrowRight")
    assert np.abs(np.array(seen) - (10 + 9 * np.arange(24))).max() <= 4
    assert strip.get_attribute("aria-valuetext") == "00:00:00:23"


_GREY = """async () => {
  const video = document.querySelector(".stage video");
  while (video.seeking || video.readyState < 2) await new Promise((done) => setTimeout(done, 5));
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 8;
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 8, 8);
  return context.getImageData(4, 4, 1, 1).data[0];
}"""


def test_what_cannot_be_used_says_why_at_once(page: Any, media: Path) -> None:
    give(page, "Video", {"name": "notes.mp4", "mimeType": "video/mp4", "buffer": b"this is no video"})
    give(page, "New speech", media / "levels.mp4")
    expect(page.get_by_text("This file has no sound")).to_be_visible()
    expect(page.locator(".item.refused")).to_have_count(2)
    expect(page.get_by_role("button", name=RENDER)).to_be_disabled()
    page.get_by_role("button", name="Remove notes.mp4").click()
    give(page, "Video", media / "speech.wav")
    expect(page.get_by_text("This file has no picture")).to_be_visible()
    page.get_by_role("button", name="Remove speech.wav").click()
    give(page, "Video", {"name": "empty.mp4", "mimeType": "video/mp4", "buffer": b""})
    expect(page.get_by_text("The file is empty.")).to_be_visible()


def test_twenty_files_are_sent_with_progress_and_one_can_be_stopped(page: Any, server: RunningServer, tmp_path: Path) -> None:
    files = []
    for k in range(20):
        write_wav(tmp_path / f"speech {k:02}.wav", np.sin(np.arange(3200) * (0.05 + k / 200)) * 8000)
        files.append(tmp_path / f"speech {k:02}.wav")
    page.get_by_role("tab", name="Batch").click()
    give(page, "New speech", *files)
    page.get_by_role("button", name=re.compile("(Stop sending|Remove) speech 19.wav")).click()
    expect(page.locator(".item.ready")).to_have_count(19, timeout=A_RENDER_MS)
    assert page.locator(".item.ready").all_inner_texts()[3].startswith("speech 03.wav")
    sent = {upload["name"] for upload in server.ask("GET", "/uploads")}
    assert {f"speech {k:02}.wav" for k in range(19)} <= sent


@pytest.mark.full
def test_a_batch_renders_each_video_and_a_bad_one_holds_up_nobody(page: Any, server: RunningServer, media: Path) -> None:
    page.get_by_role("tab", name="Batch").click()
    give(page, "Videos", media / "speaker.mp4", media / "second.mp4")
    give(page, "Videos", {"name": "broken.mov", "mimeType": "video/quicktime", "buffer": b"x" * 500})
    give(page, "New speech", media / "speech.wav")
    expect(page.locator(".item.ready")).to_have_count(3)
    expect(page.locator(".item.refused")).to_contain_text("broken.mov")
    page.get_by_label("Preset", exact=True).select_option("review")
    page.get_by_role("button", name="Face and range").first.click()
    dialog = page.get_by_role("dialog", name="speaker.mp4")
    expect(dialog.get_by_role("button", name="Choose face 1")).to_be_visible()
    dialog.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Render 2 shots").click()
    page.wait_for_url("**/#/queue")
    detail = server.finished(server.ask("GET", "/jobs?limit=1")["jobs"][0]["id"])
    assert [shot["state"] for shot in detail["shots"]] == ["done", "done"]
    with page.expect_download() as download:
        page.goto(f"{server.url}/#/take/{detail['shots'][0]['takes'][0]['id']}")
        page.get_by_role("button", name="All of the job (zip)").click()
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"


def test_files_of_the_servers_folders_are_picked_and_a_folder_outside_is_asked_for(
    page: Any, server: RunningServer, tmp_path: Path, media: Path
) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "other.wav").write_bytes((media / "speech.wav").read_bytes())
    speech = page.get_by_role("region", name="New speech", exact=True)
    speech.get_by_role("button", name="Server’s folders").click()
    dialog = page.get_by_role("dialog", name="Files on the server’s machine")
    dialog.get_by_role("button", name=re.compile(media.name)).click()
    expect(dialog.get_by_role("button", name=re.compile("speech.wav"))).to_be_visible()
    dialog.get_by_role("textbox").fill(str(outside))
    page.keyboard.press("Enter")
    consent = page.get_by_role("dialog", name="Allow this folder?")
    expect(consent).to_contain_text(str(outside))
    consent.get_by_role("button", name="Allow").click()
    expect(consent).to_have_count(0)
    dialog.get_by_role("button", name="Try again").click()
    dialog.get_by_role("button", name=re.compile("other.wav")).click()
    dialog.get_by_role("button", name="Add 1").click()
    expect(speech.locator(".item").get_by_text("0.9 s")).to_be_visible()
    server.ask("DELETE", "/roots", {"folder": str(outside)})


def test_files_can_be_dropped(page: Any, media: Path) -> None:
    data = page.evaluate_handle(
        """(bytes) => { const data = new DataTransfer(); data.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
        return data; }""",
        list((media / "speech.wav").read_bytes()),
    )
    page.get_by_role("region", name="New speech", exact=True).locator(".drop").dispatch_event("drop", {"dataTransfer": data})
    expect(page.locator(".item.ready")).to_contain_text("dropped.wav")


@pytest.mark.full
def test_a_preset_is_saved_for_everybody_and_one_of_this_browser_alone_is_handed_over(page: Any, server: RunningServer) -> None:
    page.evaluate("localStorage.setItem('heygem.presets', JSON.stringify({ Calmer: { intensity: 0.7 } }))")
    page.get_by_label("Mouth movement").fill("1.25")
    page.get_by_role("button", name="Save as preset").click()
    page.get_by_role("textbox", name="Name of the preset").fill("Louder")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_label("Preset", exact=True)).to_have_value("Louder")
    page.reload()
    page.get_by_label("Preset", exact=True).select_option("Calmer")
    expect(page.get_by_text("70 %")).to_be_visible()
    assert {each["name"]: each["settings"]["intensity"] for each in server.ask("GET", "/presets")} == {"Louder": 1.25, "Calmer": 0.7}
    page.get_by_role("button", name="Forget the preset Calmer").click()
    expect(page.get_by_label("Preset", exact=True).locator("option", has_text="Calmer")).to_have_count(0)
    server.ask("DELETE", "/presets", {"name": "Louder"})


def test_a_timeline_file_becomes_shots_and_goes_back_out_with_its_takes(
    page: Any, server: RunningServer, media: Path, tmp_path: Path
) -> None:
    (tmp_path / "cut 3.otio").write_text(timeline(media).to_json_string())
    page.get_by_role("tab", name="Timeline").click()
    give(page, "Timeline", tmp_path / "cut 3.otio")
    row = page.get_by_role("row", name=re.compile("speaker.mp4"))
    expect(row).to_contain_text("01:00:00:10")
    expect(page.get_by_label("Preset", exact=True)).to_have_value("timeline")
    row.get_by_role("checkbox").uncheck()
    expect(page.get_by_role("button", name=RENDER)).to_be_disabled()
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    job = server.ask("GET", "/jobs?limit=1")["jobs"][0]
    take = server.finished(job["id"])["shots"][0]["takes"][0]
    assert (take["frames"], take["settings"]["sound"]) == (20, "none")
    with page.expect_download() as download:
        page.locator(f"[data-job='{job['id']}']").get_by_role("button", name="Timeline with takes").click()
    published = otio.adapters.read_from_string(Path(download.value.path()).read_text(), "otio_json")
    assert take["name"] in published.to_json_string()
    page.goto(f"{server.url}/#/take/{take['id']}")
    expect(page.get_by_role("button", name="Timeline with takes")).to_be_visible()


@pytest.mark.full
def test_a_timeline_can_say_a_speech_that_was_sent(page: Any, media: Path, tmp_path: Path) -> None:
    (tmp_path / "cut 3.otio").write_text(timeline(media).to_json_string())
    page.get_by_role("tab", name="Timeline").click()
    give(page, "Timeline", tmp_path / "cut 3.otio")
    give(page, "New speech", media / "long.wav")
    page.get_by_label("The speech begins").select_option("clip")
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_contain_text("long.wav")
    expect(page.get_by_role("button", name=RENDER)).to_be_enabled()


@pytest.mark.full
def test_a_timeline_that_cannot_be_read_says_why(page: Any) -> None:
    page.get_by_role("tab", name="Timeline").click()
    give(page, "Timeline", {"name": "broken.otio", "mimeType": "application/json", "buffer": b"{not a timeline"})
    expect(page.locator(".notice.error")).to_be_visible()
    expect(page.get_by_role("button", name=RENDER)).to_be_disabled()


@pytest.mark.full
def test_faces_are_looked_for_in_the_range_that_is_marked(page: Any, media: Path) -> None:
    """Numbers of faces are those of a range: they were those of the whole file, so a marked shot could have got another person."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    give(page, "Video", media / "speaker.mp4")
    page.get_by_role("radio", name=re.compile("Face 1")).click()
    page.get_by_label("In", exact=True).first.focus()
    page.get_by_role("region", name="Video", exact=True).get_by_role("textbox", name="In").fill("5")
    with page.expect_request(lambda request: "/media/faces?start=5" in request.url):
        page.get_by_role("region", name="Video", exact=True).get_by_role("textbox", name="In").press("Enter")
    expect(page.get_by_role("radio", name=re.compile("Face 1"))).to_be_checked()
    assert sum("/media/faces" in url for url in asked) == 2
