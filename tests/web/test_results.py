"""Results: a history that lasts, a player that shows exactly the frame it names, a report in words, takes handed out and deleted."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import zipfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from playwright.sync_api import expect

from .running import A_RENDER_MS, RunningServer, until

HOSTILE = "<img src=x onerror=window.hacked=1>.mp4"


@pytest.fixture
def take(server: RunningServer) -> Any:
    return server.a_take()


def open_take(page: Any, take: dict[str, Any]) -> None:
    page.goto(page.url.split("#")[0] + f"#/take/{take['id']}")
    page.locator("video.after").wait_for()
    page.locator("video.after").evaluate(_READY)
    page.locator("video.before").evaluate(_READY)


_READY = "async video => { while (video.readyState < 2 || video.seeking) await new Promise(done => setTimeout(done, 10)); }"

_PICTURE = """async video => {
  while (video.seeking || video.readyState < 2) await new Promise((done) => setTimeout(done, 5));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [64, 64];
  const context = canvas.getContext("2d");
  context.drawImage(video, 0, 0, 64, 64);
  return [...context.getImageData(0, 0, 64, 64).data];
}"""


def picture(page: Any, which: str) -> np.ndarray:
    return np.array(page.locator(f"video.{which}").evaluate(_PICTURE), float).reshape(64, 64, 4)[..., :3]


def test_the_history_has_pictures_and_is_searched(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    page.goto(f"{server.url}/#/results")
    card = page.locator(f"[data-take='{take['id']}']")
    expect(card).to_contain_text(take["name"])
    image = card.locator("img")
    image.wait_for()
    assert image.evaluate("async image => { await image.decode(); return image.naturalWidth; }") > 0
    page.get_by_role("searchbox").fill("no such name")
    expect(page.get_by_text("No take fits")).to_be_visible()
    for found in ("LOOKED", "speech.wav", "speaker.mp4"):  # its name, and what it was made of
        page.get_by_role("searchbox").fill(found)
        expect(card).to_be_visible()
        page.get_by_role("searchbox").fill("no such name")
        expect(card).to_have_count(0)


def test_a_picture_that_is_still_awaited_holds_no_connection_once_its_view_is_left(
    page: Any, server: RunningServer, take: dict[str, Any]
) -> None:
    """A server that made many pictures kept all connections of the browser busy, and the take that was opened waited for them."""
    held: list[Any] = []
    let_go: list[str] = []
    page.route("**/poster.jpg?*", lambda route: held.append(route))
    page.on("requestfailed", lambda request: let_go.append(request.url))
    page.goto(f"{server.url}/#/results")
    until(page, lambda: held)
    page.get_by_role("link", name="New render").click()
    until(page, lambda: set(let_go) == {route.request.url for route in held})
    page.unroute_all(behavior="ignoreErrors")


@pytest.mark.full
def test_the_history_survives_a_restart(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    server.stop()
    server.start()
    page.goto(f"{server.url}/#/results")
    expect(page.locator(f"[data-take='{take['id']}']")).to_contain_text(take["name"])


@pytest.mark.full
def test_stepping_shows_the_frame_that_is_named_in_both_pictures(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    """Each picture of the player is compared with all frames of the file: the one that is named must be the nearest."""
    open_take(page, take)
    with av.open(take["path"]) as file:
        frames = [frame.reformat(64, 64, "rgb24").to_ndarray().astype(float) for frame in file.decode(video=0)]
    page.get_by_role("slider", name="Position in the take").focus()
    for at in (1, 2, 3):
        page.keyboard.press("ArrowRight")
        expect(page.get_by_text(f"frame {at} of 0–29")).to_be_visible()
        shown = picture(page, "after")
        assert int(np.argmin([np.abs(shown - frame).mean() for frame in frames])) == at
        assert np.abs(picture(page, "before")[:20] - shown[:20]).mean() < 4, "above the mouth both show the same frame"
    page.keyboard.press("End")
    expect(page.get_by_text("frame 29 of 0–29")).to_be_visible()


def test_before_and_after_by_key_side_by_side_and_with_a_wipe(page: Any, take: dict[str, Any]) -> None:
    open_take(page, take)
    stage = page.locator("#player-stage")
    page.get_by_role("slider", name="Position in the take").focus()
    page.keyboard.press("b")
    expect(stage).to_have_class(re.compile("before"))
    expect(page.locator("video.after")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("video.after")).to_be_visible()
    page.get_by_role("tab", name="Side by side").click()
    boxes = [page.locator(f"video.{which}").bounding_box() for which in ("before", "after")]
    assert abs(boxes[0]["x"] + boxes[0]["width"] - boxes[1]["x"]) < 2
    page.get_by_role("tab", name="Wipe").click()
    page.get_by_role("slider", name="Position of the wipe").fill("0.25")
    assert "25%" in page.locator(".pane.after").evaluate("pane => pane.style.clipPath")


def test_a_take_that_the_browser_plays_begins_with_its_own_file(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    """It used to be a black square until a copy was made: with a keyframe a second, however long the take."""
    made: list[str] = []
    page.on("request", lambda request: made.append(request.url.split("?")[0].rsplit("/", 1)[-1]))
    page.goto(page.url.split("#")[0] + f"#/take/{take['id']}")
    page.locator("video.after").evaluate(_READY)
    assert "file" in made
    assert "proxy.mp4" not in made
    assert page.locator("video.after").get_attribute("poster")
    expect(page.get_by_text("The picture is being prepared")).to_have_count(0)


def test_keys_are_heard_on_the_whole_page(page: Any, take: dict[str, Any]) -> None:
    open_take(page, take)
    page.locator("h1").click()  # the focus is nowhere
    stage, frame = page.locator("#player-stage"), lambda n: page.get_by_text(f"frame {n} of 0–29")
    for key, shown in (("s", "side"), ("w", "wipe"), ("d", "difference"), ("a", "after")):
        page.keyboard.press(key)
        expect(stage).to_have_class(re.compile(shown))
    expect(page.get_by_text("source 00:00:00:00")).to_be_visible()
    for key, at in ((".", 1), (".", 2), (",", 1), ("End", 29), ("Home", 0)):
        page.keyboard.press(key)
        expect(frame(at)).to_be_visible()
    page.keyboard.press("Shift+ArrowRight")
    expect(frame(10)).to_be_visible()
    page.keyboard.press("i")
    for _ in range(4):
        page.keyboard.press(".")
    page.keyboard.press("o")
    loop = page.get_by_role("button", name=re.compile("Loop 00:00:00:10 – 00:00:00:14"))
    expect(loop).to_be_visible()
    page.keyboard.press("l")
    page.wait_for_timeout(1200)  # four times the loop
    page.keyboard.press("k")
    inside = page.locator("video.after").evaluate("video => video.currentTime * 25")
    assert 9.5 <= inside <= 16, "it went round, and stopped inside"
    page.keyboard.press("x")
    expect(loop).to_have_count(0)
    page.keyboard.press("End")
    page.keyboard.press("j")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    expect(frame(0)).to_be_visible()  # backwards to the first frame, where it stops
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="Sound on")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys of the player")).to_be_visible()
    page.keyboard.press("w")
    page.keyboard.press("Escape")
    expect(stage).not_to_have_class(re.compile("wipe"))


def test_the_mouth_fills_the_view(page: Any, take: dict[str, Any], pictures: Path) -> None:
    open_take(page, take)
    page.screenshot(path=pictures / "player-whole.png")
    zoom = page.get_by_role("button", name="Show the mouth large (Z)")
    expect(zoom).to_be_enabled()
    page.keyboard.press("z")
    expect(zoom).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("s")
    stage, video = (page.locator(which).bounding_box() for which in ("#player-stage", "video.after"))
    assert video["width"] > stage["width"] / 2 * 1.5, "the video is larger than its half of the stage"
    page.screenshot(path=pictures / "player-mouth.png")


def test_playing_keeps_both_pictures_together(page: Any, take: dict[str, Any]) -> None:
    open_take(page, take)
    page.get_by_role("tab", name="Side by side").click()
    time_of = lambda which: page.locator(f"video.{which}").evaluate("video => video.currentTime")  # noqa: E731
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, lambda: time_of("after") > 0.3)
    page.get_by_role("button", name="Pause", exact=True).click()
    until(page, lambda: abs(time_of("after") - time_of("before")) < 1 / 25)
    expect(page.get_by_text("frame 0 of 0–29")).to_have_count(0)


def test_the_report_is_told_in_words_and_its_ranges_lead_to_their_frames(page: Any, take: dict[str, Any]) -> None:
    open_take(page, take)
    quality = page.get_by_role("region", name="Quality")
    expect(quality).to_contain_text("Left as it was: 16 % of the frames")
    quality.get_by_role("button", name=re.compile("00:00:00:04 – 00:00:00:08")).click()
    expect(page.get_by_text("frame 4 of 0–29")).to_be_visible()
    for weak in take["weak"]:
        expect(quality).to_contain_text(weak["reason"])


@pytest.mark.full
def test_a_take_says_what_it_was_made_of_and_leads_to_others_of_its_video(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    other = server.finished(server.submit(speech="long.wav", name="another speech")["job"]["id"])["shots"][0]["takes"][0]
    open_take(page, other)
    facts = page.get_by_role("region", name="File")
    for said in ("speaker.mp4", "long.wav", "Mesh"):
        expect(facts).to_contain_text(said)
    versions = page.get_by_role("region", name="Versions")
    expect(versions.get_by_role("heading", name="Other takes of this video")).to_be_visible()
    versions.get_by_role("link").last.click()
    expect(facts).to_contain_text("speaker.mp4")
    expect(facts).not_to_contain_text("long.wav")
    expect(versions.get_by_role("link", name=other["name"])).to_be_visible()


@pytest.mark.full
def test_a_take_is_measured_and_its_figures_are_told_in_words(page: Any, server: RunningServer) -> None:
    made = server.finished(server.submit(name="measured")["job"]["id"])["shots"][0]["takes"][0]
    open_take(page, made)
    quality = page.get_by_role("region", name="Quality")
    quality.get_by_role("button", name="Measure now").click()
    expect(quality.locator(".verdicts li").first).to_be_visible(timeout=A_RENDER_MS)
    expect(quality).to_contain_text("The lips")
    expect(quality.get_by_role("button", name="Measure now")).to_have_count(0)


@pytest.mark.full
def test_a_take_whose_picture_runs_forth_and_back_is_shown_beside_its_original(page: Any, server: RunningServer) -> None:
    made = server.submit("second.mp4", "long.wav", settings={"format": "h264", "fit": "loop"}, name="looped")
    take = server.finished(made["job"]["id"])["shots"][0]["takes"][0]
    page.goto(f"{server.url}/#/take/{take['id']}")
    page.locator("video.after").evaluate(_READY)
    page.get_by_role("tab", name="Wipe").click()
    page.locator("video.before").evaluate(_READY)
    expect(page.get_by_text("These frames cannot be shown beside the original")).to_have_count(0)


@pytest.mark.full
def test_weak_frames_are_marks_to_press(page: Any, server: RunningServer) -> None:
    """No measure names weak frames of a clip this short, so they are written into the take's record while the server is away."""
    made = server.finished(server.submit(name="weak")["job"]["id"])["shots"][0]["takes"][0]
    server.stop()
    with sqlite3.connect(server.home / "data" / "heygem.sqlite3") as database:
        view = json.dumps({**made, "weak": [{"start": 7, "end_exclusive": 9, "reason": "the teeth move"}]})
        database.execute("UPDATE takes SET view = ? WHERE id = ?", (view, made["id"]))
    database.close()
    server.start()
    open_take(page, made)
    page.get_by_role("button", name="00:00:00:07: the teeth move").click()
    expect(page.get_by_text("frame 7 of 0–29")).to_be_visible()
    page.keyboard.press("End")
    page.get_by_role("region", name="Quality").get_by_role("button", name=re.compile("the teeth move")).click()
    expect(page.get_by_text("frame 7 of 0–29")).to_be_visible()


def test_a_take_is_downloaded_pinned_and_shown_in_its_folder(page: Any, server: RunningServer, take: dict[str, Any]) -> None:
    open_take(page, take)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert Path(download.value.path()).read_bytes() == Path(take["path"]).read_bytes()
    page.get_by_role("button", name="Pin", exact=True).click()
    expect(page.get_by_role("button", name="Unpin")).to_be_visible()
    assert server.ask("GET", f"/takes/{take['id']}")["pinned"]
    if sys.platform == "linux":
        page.get_by_role("button", name="Show in folder").click()
        opened = server.home / "opened"
        until(page, lambda: opened.exists() and opened.read_text())
        assert opened.read_text().splitlines()[-1] == str(Path(take["path"]).parent)
    page.get_by_role("button", name="Unpin").click()
    expect(page.get_by_role("button", name="Pin", exact=True)).to_be_visible()


@pytest.mark.full
def test_a_take_is_rendered_again_with_other_settings_and_nothing_is_overwritten(
    page: Any, server: RunningServer, take: dict[str, Any]
) -> None:
    open_take(page, take)
    before = Path(take["path"]).read_bytes()
    page.get_by_role("button", name="Render again …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mouth movement").fill("1.5")
    dialog.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    detail = server.finished(take["job"])
    assert detail["job"]["state"] == "completed", detail
    first, again = detail["shots"][0]["takes"][:2]
    assert (first["id"], again["version"], again["settings"]["intensity"]) == (take["id"], 2, 1.5)
    assert again["path"] != take["path"]
    assert Path(take["path"]).read_bytes() == before
    page.goto(f"{server.url}/#/take/{take['id']}")
    versions = page.get_by_role("region", name="Versions")
    versions.get_by_role("link", name="Version 2").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(again["name"])


@pytest.mark.full
def test_deleting_shows_what_goes_and_then_it_is_gone(page: Any, server: RunningServer) -> None:
    job = server.submit(name="short-lived")["job"]
    made = server.finished(job["id"])["shots"][0]["takes"][0]
    open_take(page, made)
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Whole job …").click()
    dialog = page.get_by_role("dialog", name="Delete the job with all its takes?")
    expect(dialog).to_contain_text(made["path"])
    dialog.get_by_role("button", name="Delete the job").click()
    page.wait_for_url("**/#/results")
    expect(page.locator(f"[data-take='{made['id']}']")).to_have_count(0)
    assert not Path(made["path"]).exists()


@pytest.mark.full
def test_many_takes_are_chosen_downloaded_deleted_and_put_back(page: Any, server: RunningServer) -> None:
    made = [server.finished(server.submit(name=f"chosen {k}")["job"]["id"])["shots"][0]["takes"][0] for k in range(2)]
    page.goto(page.url.split("#")[0] + "#/results")
    for take in made:
        page.get_by_label(f"Choose {take['name']}").check(force=True)
    bar = page.get_by_role("toolbar", name="2 chosen")
    with page.expect_download() as download:
        bar.get_by_role("button", name="Download as zip").click()
    with zipfile.ZipFile(download.value.path()) as packed:
        assert sorted(packed.read(name) for name in packed.namelist()) == sorted(Path(take["path"]).read_bytes() for take in made)
    for take in made:  # a picture that is still on its way would be refused once its take is gone
        page.locator(f"[data-take='{take['id']}'] img").evaluate("picture => picture.decode()")
    bar.get_by_role("button", name="Delete").click()
    for take in made:
        expect(page.locator(f"[data-take='{take['id']}']")).to_have_count(0)
        assert not Path(take["path"]).exists()
    page.get_by_text("2 takes are in the trash.").wait_for()
    page.get_by_role("button", name="Undo").click()
    for take in made:
        expect(page.locator(f"[data-take='{take['id']}']")).to_be_visible()
        assert Path(take["path"]).exists()


@pytest.mark.full
def test_a_take_that_goes_while_it_is_shown_is_told_and_not_asked_for_again(page: Any, server: RunningServer) -> None:
    """The page used to ask for it once more when the event came before the answer to its own deletion: an error for nobody to see."""
    made = server.finished(server.submit(name="goes meanwhile")["job"]["id"])["shots"][0]["takes"][0]
    open_take(page, made)
    server.ask("DELETE", f"/takes/{made['id']}?force=1")
    expect(page.get_by_text("This take was deleted.")).to_be_visible()


@pytest.mark.full
def test_a_hostile_file_name_is_text_wherever_it_is_shown(page: Any, server: RunningServer, media: Path) -> None:
    upload = {"name": HOSTILE, "mimeType": "video/mp4", "buffer": (media / "speaker.mp4").read_bytes()}
    page.get_by_role("region", name="New speech", exact=True).locator("input[type=file]").set_input_files(str(media / "speech.wav"))
    page.get_by_role("region", name="Video", exact=True).locator("input[type=file]").set_input_files([upload])
    expect(page.locator(".item .name").first).to_have_text(HOSTILE)
    page.get_by_label("Preset", exact=True).select_option("review")
    page.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    newest = server.ask("GET", "/jobs?limit=1")["jobs"][0]
    made = server.finished(newest["id"])["shots"][0]["takes"][0]
    expect(page.get_by_text("<img src=x onerror=window.hacked=1>").first).to_be_visible()
    page.goto(f"{server.url}/#/results")
    expect(page.locator(f"[data-take='{made['id']}']")).to_contain_text("img src=x")
    open_take(page, made)
    expect(page.get_by_role("heading", level=1)).to_contain_text("img src=x")
    assert page.evaluate("() => window.hacked") is None


@pytest.mark.full
def test_two_takes_are_judged_blind_and_only_then_told_apart(page: Any, server: RunningServer, pictures: Path) -> None:
    made = [server.finished(server.submit(name=f"judged {k}")["job"]["id"])["shots"][0]["takes"][0] for k in range(2)]
    page.goto(page.url.split("#")[0] + "#/results")
    for take in made:
        page.get_by_label(f"Choose {take['name']}").check(force=True)
    page.get_by_role("button", name="Blind vote").click()
    page.locator(".vote-side video").first.evaluate(_READY)
    vote = page.get_by_role("region", name="Blind vote")
    for take in made:
        expect(vote).not_to_contain_text(take["name"])
    page.get_by_label("Your name").fill("Anna")
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(vote).to_contain_text("A 1, B 0, no difference 0")
    page.screenshot(path=pictures / "vote-dark-1360.png")
    for take in made:
        expect(vote).to_contain_text(take["name"])
    with page.expect_download() as download:
        page.get_by_role("button", name="All votes (CSV)").click()
    assert "Anna" in Path(download.value.path()).read_text(encoding="utf-8-sig")


@pytest.mark.full
def test_several_takes_are_rendered_again_with_other_settings(page: Any, server: RunningServer) -> None:
    made = server.finished(server.submit(name="again for all")["job"]["id"])
    take = made["shots"][0]["takes"][0]
    page.goto(page.url.split("#")[0] + "#/results")
    page.get_by_label(f"Choose {take['name']}").check(force=True)
    page.get_by_role("toolbar").get_by_role("button", name="Render again …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Mouth movement").fill("0.8")
    dialog.get_by_role("button", name="Render", exact=True).click()
    page.wait_for_url("**/#/queue")
    again = server.finished(made["job"]["id"])["shots"][0]["takes"]
    first = take["version"]  # other jobs may have made takes of the same name
    assert sorted(each["version"] for each in again) == [first, first + 1]
