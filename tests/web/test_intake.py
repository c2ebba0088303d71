"""Files that come in from anywhere find their place, and what was put together is there again after a reload."""

from __future__ import annotations

import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from .editor import timeline
from .running import RunningServer, unfold
from .test_new import give

_DRAG = """([kind, files, zone]) => {
  const data = new DataTransfer();
  for (const { name, bytes } of files) data.items.add(new File([new Uint8Array(bytes)], name));
  const target = document.querySelector(zone);
  target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
}"""


def drag(page: Any, kind: str, *files: Path, zone: str = "#main") -> None:
    given = [{"name": file.name, "bytes": list(file.read_bytes())} for file in files]
    page.evaluate(_DRAG, [kind, given, zone])


@pytest.mark.full
def test_the_window_takes_files_anywhere_and_several_are_a_batch_that_survives_a_reload(
    page: Any, server: RunningServer, media: Path, pictures: Path
) -> None:
    render = page.get_by_role("button", name=re.compile("^Render"))
    expect(render).to_be_disabled()
    expect(page.get_by_text("Choose a video and a speech.")).to_be_visible()
    page.goto(f"{server.url}/#/queue")
    drag(page, "dragenter", media / "speech.wav")
    expect(page.get_by_text("Drop them anywhere")).to_be_visible()
    drag(page, "drop", media / "speech.wav")
    expect(page.get_by_text("Drop them anywhere")).to_have_count(0)
    expect(page.get_by_role("region", name="New speech").locator(".item").get_by_text("0.9 s")).to_be_visible()
    expect(page.get_by_text("Choose a video.")).to_be_visible()
    drag(page, "drop", media / "speaker.mp4", media / "second.mp4", zone=".drop")
    expect(page.get_by_text("they are a batch now")).to_be_visible()
    expect(page.locator(".item.ready")).to_have_count(3)
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_contain_text("1.2 s · the last 0.3 s have no new speech")
    page.get_by_label("Length of second.mp4, speech.wav").select_option("trim")
    page.get_by_label("Mouth movement").fill("1.3")
    page.reload()
    expect(page.locator(".item.ready")).to_have_count(3)
    expect(page.get_by_label("Length of second.mp4, speech.wav")).to_have_value("trim")
    expect(page.get_by_text("130 %")).to_be_visible()
    expect(page.get_by_role("button", name="Render 2 shots")).to_be_enabled()
    with page.expect_request("**/api/v1/estimate") as asked:
        page.get_by_label("Mouth movement").fill("1.35")
    assert [shot.get("settings", {}).get("fit") for shot in asked.value.post_data_json["shots"]] == [None, "trim"]


@pytest.mark.full
def test_from_two_dropped_files_to_a_downloaded_take_a_stranger_needs_at_most_five_clicks(
    page: Any, server: RunningServer, media: Path
) -> None:
    """Files are dropped, rendered, judged as the take plays, and downloaded; no key is pressed."""
    page.evaluate("() => { window.clicks = 0; addEventListener('click', (event) => { if (event.isTrusted) window.clicks += 1; }, true); }")
    drag(page, "drop", media / "speaker.mp4", media / "speech.wav")
    page.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    job = server.ask("GET", "/jobs?limit=1")["jobs"][0]["id"]
    take = server.finished(job)["shots"][0]["takes"][0]
    card = page.locator(f"[data-job='{job}']")
    expect(card.get_by_text("Completed")).to_be_visible()
    unfold(card)
    card.get_by_role("link", name="Open the take").click()
    video = page.locator("video.after")
    page.get_by_role("button", name="Play", exact=True).click()
    video.evaluate("async video => { while (video.currentTime === 0) await new Promise(done => setTimeout(done, 10)); }")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).stat().st_size == take["size_bytes"]
    assert page.evaluate("() => window.clicks") <= 5


@pytest.mark.full
def test_a_timeline_opens_as_one_wherever_it_is_dropped_and_other_files_are_told(page: Any, media: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.otio").write_text(timeline(media).to_json_string())
    (tmp_path / "notes.txt").write_text("no media")
    drag(page, "drop", tmp_path / "cut.otio", tmp_path / "notes.txt", zone=".drop")
    expect(page.get_by_text("Opened as a timeline.")).to_be_visible()
    expect(page.get_by_text("Not taken: notes.txt.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_contain_text("01:00:00:10")


@pytest.mark.full
def test_a_speech_that_is_longer_is_cut_in_words_and_another_length_is_one_step_away(page: Any, media: Path) -> None:
    give(page, "Video", media / "speaker.mp4")
    give(page, "New speech", media / "long.wav")
    length = page.get_by_role("region", name="Length of the take")
    expect(length).to_contain_text("1.2 s · the last 1.8 s of the speech are not heard")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()
    length.get_by_role("combobox").select_option("none")
    expect(page.get_by_text("The speech is 1.8 s longer")).to_be_visible()
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_disabled()
    length.get_by_role("combobox").select_option("loop")
    expect(length).to_contain_text("3 s")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()


@pytest.mark.full
def test_a_batch_shows_pictures_and_faces_before_a_render_and_a_speech_is_heard_and_cut(page: Any, media: Path, pictures: Path) -> None:
    page.get_by_role("tab", name="Batch").click()
    give(page, "Videos", media / "speaker.mp4", media / "levels.mp4")
    give(page, "New speech", media / "speech.wav")
    videos = page.get_by_role("region", name="Videos")
    expect(videos.get_by_text("1 face")).to_be_visible()
    expect(videos.get_by_text("No face was found")).to_be_visible()
    expect(page.get_by_text("No face was found in levels.mp4: these shots would fail.")).to_be_visible()
    assert videos.locator(".thumbnail img").first.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0
    page.get_by_role("button", name="Listen and cut").click()
    speech = page.get_by_role("dialog", name="speech.wav")
    sound = speech.locator("audio")
    sound.evaluate("async sound => { while (sound.readyState < 2) await new Promise(done => setTimeout(done, 10)); }")
    assert abs(sound.evaluate("sound => sound.duration") - 0.9) < 0.1
    speech.get_by_role("textbox", name="Out").fill("0.6")
    page.keyboard.press("Enter")
    speech.get_by_role("slider", name="Position in the speech").focus()
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("i")
    expect(speech.get_by_text("0.4 s")).to_be_visible()
    with page.expect_request("**/api/v1/estimate") as asked:
        speech.get_by_role("button", name="Done").click()
        page.get_by_label("Mouth movement").fill("1.2")
    shots = asked.value.post_data_json["shots"]
    assert {(shot["speech_start"], shot["speech_end"]) for shot in shots} == {("200/1000", "600/1000")}
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_contain_text("the last 0.8 s have no new speech")


@pytest.mark.full
def test_a_cue_sheet_with_its_recordings_becomes_the_speech_of_a_timeline(page: Any, media: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.otio").write_text(timeline(media).to_json_string())
    (tmp_path / "lines.csv").write_text("in,out,file\n0,0.4,first.wav\n0.4,0.8,second.wav\n")
    for name in ("first.wav", "second.wav"):
        (tmp_path / name).write_bytes((media / "speech.wav").read_bytes())
    drag(page, "drop", tmp_path / "cut.otio")
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_be_visible()
    drag(page, "drop", tmp_path / "lines.csv", tmp_path / "first.wav", tmp_path / "second.wav")
    speech = page.get_by_role("region", name="New speech")
    expect(speech.get_by_text("2 lines")).to_be_visible()
    expect(speech.locator(".item.ready")).to_have_count(3)
    expect(page.locator(".shot-table tbody tr")).not_to_have_count(0)
    expect(page.get_by_role("button", name=re.compile("^Render"))).to_be_enabled()


def recorded(media: Path, folder: Path) -> Path:
    """A recorder's file of four channels; the third speaks."""
    with wave.open(str(media / "speech.wav")) as file:
        speech = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    with wave.open(str(folder / "recorder.wav"), "wb") as file:
        file.setnchannels(4)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(np.stack([speech // 9, speech * 0, speech, speech * 0], axis=1).astype("<i2").tobytes())
    return folder / "recorder.wav"


@pytest.mark.full
def test_the_channel_that_speaks_is_chosen_for_a_timeline_too(page: Any, media: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.otio").write_text(timeline(media).to_json_string())
    page.get_by_role("tab", name="Timeline").click()
    give(page, "Timeline", tmp_path / "cut.otio")
    give(page, "New speech", recorded(media, tmp_path))
    page.get_by_label("The speech begins").select_option("clip")
    with page.expect_request(lambda request: request.url.endswith("/timelines") and "speech_channels" in request.post_data) as asked:
        page.get_by_role("group", name="Which channels are the speech").get_by_role("checkbox", name="Channel 3").check()
    assert asked.value.post_data_json["selection"]["speech_channels"] == [3]
    expect(page.get_by_role("row", name=re.compile("speaker.mp4"))).to_contain_text("recorder.wav")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()


@pytest.mark.full
def test_the_channel_of_a_recorders_file_that_speaks_is_chosen_and_heard(page: Any, media: Path, tmp_path: Path) -> None:
    give(page, "Video", media / "speaker.mp4")
    give(page, "New speech", recorded(media, tmp_path))
    channels = page.get_by_role("group", name="Which channels are the speech")
    expect(channels.get_by_role("checkbox")).to_have_count(4)
    expect(channels.get_by_text("None is chosen")).to_be_visible()
    with (
        page.expect_request("**/media/waveform?channels=3"),
        page.expect_request("**/media/proxy?channels=3"),
        page.expect_request(lambda request: request.url.endswith("/estimate") and "speech_channels" in request.post_data) as asked,
    ):
        channels.get_by_role("checkbox", name="Channel 3").check()
    assert [shot["speech_channels"] for shot in asked.value.post_data_json["shots"]] == [[3]]
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()
    page.reload()
    expect(page.get_by_role("checkbox", name="Channel 3")).to_be_checked()
