"""What a person chooses beside an editor before rendering: laying, handles, faces, exports, the takes' folder, speech that is a file."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from .editor import ScriptedEditor
from .running import A_RENDER_MS, RunningServer, open_page
from .test_intake import recorded
from .test_looks import AXE, complaints_of_axe
from .test_new import give

pytestmark = pytest.mark.full


def jobs_of(server: RunningServer) -> list[str]:
    """Ids of the jobs that came from editors, oldest first."""
    found = [job for job in server.ask("GET", "/jobs?limit=100")["jobs"] if job["origin"]["kind"] == "host"]
    return [job["id"] for job in sorted(found, key=lambda job: job["created"])]


def start(page: Any, server: RunningServer) -> Any:
    """Presses Render and waits until the server has the job; gives it with its shots."""
    before = jobs_of(server)
    page.get_by_role("button", name=re.compile("^Render")).click()
    deadline = time.monotonic() + 60
    while jobs_of(server) == before:
        assert time.monotonic() < deadline, "no job came"
        time.sleep(0.05)
    return server.ask("GET", f"/jobs/{jobs_of(server)[-1]}")


def test_how_a_take_lies_is_chosen_before_it_is_rendered(panel: Any, editor: ScriptedEditor, server: RunningServer) -> None:
    _, page = panel
    laying = page.get_by_role("region", name="On the timeline")
    laying.get_by_label("Old dialogue").select_option(label="Mute its whole track")
    laying.get_by_label("Disable the original clip").check()
    laying.get_by_label("Handles").fill("3")
    laying.get_by_label("Handles").press("Tab")
    expect(laying.get_by_text("Into the clip")).to_have_count(0)  # takes of a clip are Resolve's
    placement = start(page, server)["shots"][0]["request"]["placement"]
    assert placement["laying"] == {"mode": "track", "mute": "track", "disable_original": True}
    assert placement["handles"] == 2, "the clip begins at its file's frame 2"
    laying.get_by_label("Handles").fill("-4")
    laying.get_by_label("Handles").press("Tab")
    expect(laying.get_by_label("Handles")).to_have_value("0")


def test_a_patch_needs_the_original_seen_below_it(panel: Any, editor: ScriptedEditor) -> None:
    _, page = panel
    laying = page.get_by_role("region", name="On the timeline")
    laying.get_by_label("Disable the original clip").check()
    page.get_by_text("More settings").click()
    page.get_by_label("Kind of take").select_option("patch")
    expect(laying.get_by_label("Disable the original clip")).to_be_disabled()
    expect(laying.get_by_label("Disable the original clip")).not_to_be_checked()
    expect(laying).to_contain_text("A patch needs the original seen below it.")
    render = page.get_by_role("button", name="Render", exact=True)
    expect(render).to_be_enabled()
    editor.lost = ["Warp Stabilizer"]
    page.get_by_role("button", name="Ask for the selection again").click()
    expect(page.get_by_text("A patch is not possible over clips whose look cannot be copied (speaker <i>)")).to_be_visible()
    expect(render).to_be_disabled()


def test_who_speaks_is_chosen_for_each_clip_and_looked_for_only_when_asked(
    panel: Any, editor: ScriptedEditor, server: RunningServer, pictures: Path
) -> None:
    window, page = panel
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    faces = page.get_by_role("region", name="Faces")
    expect(faces).to_contain_text("the most prominent one")
    assert not any("/media/faces" in url for url in asked)
    faces.get_by_text("Faces", exact=True).click()
    choice = faces.get_by_role("radiogroup", name="Who is lip-synced in speaker.mp4?")
    expect(choice.get_by_role("radio", name="The most prominent face")).to_be_checked()
    choice.get_by_role("radio", name="Face 1").click()
    expect(faces).to_contain_text("chosen in 1 of 1 clips")
    window.screenshot(path=pictures / "host-faces-dark-320.png")
    assert start(page, server)["shots"][0]["request"]["face"] == 1
    choice.get_by_role("radio", name="Face 1").press("ArrowLeft")
    expect(choice.get_by_role("radio", name="The most prominent face")).to_be_focused()
    expect(choice.get_by_role("radio", name="The most prominent face")).to_be_checked()
    assert start(page, server)["shots"][0]["request"]["face"] is None


def test_the_editor_exports_what_it_alone_can_decode_and_the_files_are_rendered(
    panel: Any, editor: ScriptedEditor, server: RunningServer, pictures: Path
) -> None:
    window, page = panel
    editor.nested, editor.export_s, editor.refuses = True, 1.5, {"clip-3"}
    page.get_by_role("button", name="Ask for the selection again").click()
    notice = page.locator(".notice", has_text="Only Premiere Pro can decode these clips")
    expect(notice).to_contain_text("Scene 4 <b> It is a nested sequence")
    expect(notice).to_contain_text("Premiere Pro cannot be used meanwhile, and an export cannot be stopped from here.")
    window.screenshot(path=pictures / "host-exports-dark-320.png", full_page=True)
    export = notice.get_by_role("button", name="Let Premiere Pro export them (about 0:01)")
    export.click()
    expect(notice.get_by_role("progressbar", name="Premiere Pro is exporting")).to_be_visible()
    expect(notice.get_by_text("of about 0:01")).to_be_visible()
    if AXE.is_file():
        assert complaints_of_axe(window.frames[1]) == []
    window.screenshot(path=pictures / "host-exporting-dark-320.png")
    expect(notice.get_by_role("alert")).to_contain_text("The sequence of this clip is empty.")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()  # the other clip needs nobody
    editor.refuses = set()
    export.click()
    expect(page.get_by_text("Exported in 1.5 s:")).to_be_visible()
    expect(notice).to_have_count(0)
    page.get_by_text("More settings").click()
    page.get_by_label("Kind of take").select_option("patch")
    expect(page.get_by_text("Exported clips become whole frames, not patches")).to_be_visible()
    page.get_by_label("Kind of take").select_option("full")
    expect(page.get_by_role("button", name="Render 2 shots")).to_be_enabled()
    shots = start(page, server)["shots"]
    assert [shot["request"]["placement"]["baked"] for shot in shots] == [False, True]
    assert editor.all("host.export")[-1]["items"] == ["clip-3"]
    page.get_by_role("button", name="Place all (2)").click(timeout=A_RENDER_MS)
    expect(page.get_by_text("Placed: 2 takes.")).to_be_visible()
    assert [params["placement"]["clip"] for params in editor.all("host.place")] == ["clip-1", "clip-3"]
    editor.frames = 16  # trimmed since: the file is another clip's
    page.get_by_role("button", name="Ask for the selection again").click()
    expect(notice).to_be_visible()


def test_sounds_that_only_the_editor_plays_are_exported_apart_and_spoken(panel: Any, editor: ScriptedEditor, server: RunningServer) -> None:
    _, page = panel
    editor.deaf = True
    page.get_by_role("button", name="Ask for the selection again").click()
    notice = page.locator(".notice", has_text="Only Premiere Pro can play these sounds")
    expect(notice).to_contain_text("It is a mix of sounds.")
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_disabled()
    notice.get_by_role("button", name="Let Premiere Pro export them").click()
    expect(notice).to_have_count(0)
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()
    shot = start(page, server)["shots"][0]["request"]
    assert [(call["kind"], call["items"]) for call in editor.all("host.export")] == [("sound", ["clip-2"])]
    assert Path(shot["speech"]["path"]).suffix == ".wav"
    assert not shot["placement"]["baked"]


def test_a_panel_without_a_dialog_shows_where_takes_go(panel: Any, editor: ScriptedEditor, server: RunningServer) -> None:
    _, page = panel
    page.get_by_text("Name and folder").click()
    folder = page.get_by_label("Folder for the takes")
    expect(folder).to_have_value(str(server.takes))
    assert folder.get_attribute("readonly") is not None
    expect(page.get_by_text("takes_folder")).to_be_visible()


@pytest.mark.parametrize("panel", [("pick",)], indirect=True)
def test_a_panel_with_a_dialog_chooses_the_folder_and_the_speech_with_it(
    panel: Any, editor: ScriptedEditor, server: RunningServer, media: Path
) -> None:
    window, page = panel
    folder = media / "deliver"
    folder.mkdir(exist_ok=True)
    window.evaluate("path => { window.picks = [path]; }", str(folder))
    page.get_by_text("Name and folder").click()
    page.get_by_role("button", name="Choose a folder").click()
    expect(page.get_by_label("Folder for the takes")).to_have_value(str(folder))
    window.evaluate("path => { window.picks = [path]; }", str(media / "speech.wav"))
    page.get_by_role("button", name="Choose files").click()
    expect(page.get_by_text("Premiere Pro gets this file too")).to_be_visible()
    job = start(page, server)
    assert job["job"]["folder"] == str(folder)
    assert job["shots"][0]["request"]["placement"]["brings_speech"]
    assert [message["kind"] for message in window.evaluate("window.told") if message["type"] == "heygem.pick"] == ["folder", "speech"]


def test_speech_that_came_as_a_file_is_announced_and_comes_along_when_the_take_is_placed(
    panel: Any, editor: ScriptedEditor, server: RunningServer, media: Path
) -> None:
    _, page = panel
    editor.speech = False
    page.get_by_role("button", name="Ask for the selection again").click()
    expect(page.get_by_text("The new speech is missing")).to_be_visible()
    give(page, "New speech", media / "speech.wav")
    expect(page.get_by_text("it is laid on an audio track of its own")).to_be_visible()
    job = start(page, server)
    place = page.locator(f"[data-job={job['job']['id']}]").get_by_role("button", name="Place", exact=True)
    place.click(timeout=A_RENDER_MS)
    expect(page.get_by_text("Placed on track V2.")).to_be_visible()
    params = editor.all("host.place")[-1]
    assert Path(params["speech"]).parent == server.takes, "an editor's project never points into the server's own folders"
    assert Path(params["speech"]).is_file()
    assert params["placement"]["brings_speech"]


def test_the_channel_of_a_recorders_file_that_speaks_is_chosen_beside_an_editor(
    panel: Any, editor: ScriptedEditor, server: RunningServer, media: Path, tmp_path: Path
) -> None:
    window, page = panel
    give(page, "New speech", recorded(media, tmp_path))
    choice = page.get_by_role("group", name="Which channels are the speech")
    expect(choice.get_by_role("checkbox")).to_have_count(4)
    with (
        window.expect_request("**/media/waveform?channels=3"),
        window.expect_request(lambda request: request.url.endswith("/timelines") and "speech_channels" in request.post_data) as asked,
    ):
        choice.get_by_role("checkbox", name="Channel 3").check()
    assert asked.value.post_data_json["selection"]["speech_channels"] == [3]
    expect(page.get_by_role("button", name="Render", exact=True)).to_be_enabled()
    assert start(page, server)["shots"][0]["request"]["speech_channels"] == [3]


def test_what_a_take_loses_is_said_before_it_is_placed(panel: Any, editor: ScriptedEditor, server: RunningServer) -> None:
    _, page = panel
    editor.lost = ["Lumetri Color"]
    page.get_by_role("button", name="Ask for the selection again").click()
    expect(page.get_by_role("region", name="Selection")).to_contain_text("Cannot be copied onto the take: Lumetri Color.")
    start(page, server)
    shot = page.locator(".host-jobs .shot").first
    expect(shot.get_by_role("button", name="Place", exact=True)).to_be_visible(timeout=A_RENDER_MS)
    expect(shot).to_contain_text("Cannot be copied onto the take: Lumetri Color.")
    shot.get_by_role("button", name="Place", exact=True).click()
    expect(shot.get_by_text("On a timeline")).to_be_visible()
    expect(shot.get_by_role("status")).to_contain_text("Lumetri Color")  # what the editor said stays to be read


def test_the_newest_frame_is_seen_in_the_panel_while_it_is_rendered_and_the_job_can_be_paused_and_canceled(
    panel: Any, server: RunningServer, pictures: Path
) -> None:
    window, page = panel
    with ScriptedEditor(server, video="slow.mp4", frames=100):
        expect(page.get_by_role("region", name="Selection")).to_contain_text("Cut 3")
        page.get_by_label("Mouth movement").press("ArrowRight")  # so that nothing rendered before is reused
        job = start(page, server)["job"]["id"]
        card = page.locator(f"[data-job={job}]")
        expect(card.get_by_alt_text(re.compile("^Newest frame of"))).to_be_visible(timeout=A_RENDER_MS)
        with server.at_a_crawl():
            card.scroll_into_view_if_needed()
            window.screenshot(path=pictures / "host-live-dark-320.png")
            card.get_by_role("button", name="Pause").click()
            card.get_by_role("button", name="Resume").click()
            card.get_by_role("button", name="Cancel", exact=True).click()
            expect(card.get_by_text("Canceled").first).to_be_visible()
            card.get_by_role("button", name="Retry what failed").click()
            expect(card.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
            card.get_by_role("button", name="Cancel", exact=True).click()
        server.finished(job)


def test_an_editor_that_cannot_export_is_no_dead_end(browser: Any, server: RunningServer) -> None:
    """UXP has no export: the page then says what to do instead of offering it."""
    with ScriptedEditor(server, id="other-editor", capabilities=["place.track"]) as editor:
        editor.nested = True
        page, _ = open_page(browser, server, view="host/other-editor")
        expect(page.get_by_text("Premiere Pro cannot export from here")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("Let Premiere Pro"))).to_have_count(0)
        page.context.close()
