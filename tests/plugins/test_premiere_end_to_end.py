"""The real Premiere panels, the real server, a real person, and Premieres that obey the ledger: from a selection to takes in the sequence.

One rate each, since rendering takes the time; `python -m benchmarks.panels` runs them all (HEYGEM_RATE, HEYGEM_START, HEYGEM_PANELS).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from tests.plugins.chromium import panel_beside
from tests.plugins.node import needs_node
from tests.plugins.premiere_desks import DESKS, CepDesk, Desk, Setting, UxpDesk, setting
from tests.plugins.premiere_scenes import NASTY
from tests.plugins.real_server import RealServer, talking, until

HANDLES = int(os.environ.get("HEYGEM_HANDLES", "0"))  # 0 = rendered by the page's own button, as it stands; else as it submits
PANELS = os.environ.get("HEYGEM_PANELS", "uxp").split(",")  # the nested clip: one panel in the tests, both in the benchmark
CLIPS = ((30, 4), (35, 12), (44, 22))  # start in the sequence, first frame of the file
LENGTH = 5  # frames of each: what is shown here is where they lie, and rendering takes the time


@pytest.fixture(scope="module")
def server(tmp_path_factory, people):
    needs_node()
    folder = tmp_path_factory.mktemp("studio")
    media = folder / "media"
    media.mkdir()
    shutil.copy(sorted((people / "grid").glob("*.mpg"))[1], media / "speech.mpg")
    server = RealServer(folder, media)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def desks(server) -> Iterator[list[Desk]]:
    opened: list[Desk] = []
    yield opened
    for desk in opened:
        desk.close()


def footage(server: RealServer, people: Path, here: Setting) -> str:
    """A real person at the sequence's rate, with timecode, under a name that has to be quoted everywhere."""
    path = server.folder / "media" / f"cl\u2028ip \u201cone\u201d \"two\" 'at' <script> ${{x}} #%20 {here.name}.mov"
    if not path.exists():
        talking(sorted((people / "grid").glob("*.mpg"))[0], path, rate=here.rate, frames=30, timecode=here.media_timecode)
    return str(path)


def three_clips(desk: Desk, clip: str) -> None:
    """With one speech across them, old dialogue under a nasty name, and a stranger on the video track above."""
    speech = str(desk.server.folder / "media" / "speech.mpg")
    for start, offset in CLIPS:
        desk.lay(file=clip, start=start, length=LENGTH, offset=offset, selected=True)
    desk.lay(file=clip, start=200, length=9, track=1)
    desk.lay(file=speech, start=30, length=20, track=1, kind=desk.sound, selected=True)
    desk.lay(file=speech, start=0, length=20, track=0, kind=desk.sound, name=NASTY)
    desk.fake("nameTrack", sequence=desk.sequence, kind="video", index=0, name=NASTY)


def newest_job(server: RealServer) -> str | None:
    jobs = server.ask("GET", "/api/v1/jobs?limit=1")["jobs"]
    return jobs[0]["id"] if jobs else None


def ended(server: RealServer, job: str) -> Any:
    detail = server.ask("GET", f"/api/v1/jobs/{job}")
    assert detail["job"]["state"] != "failed", [shot["why"] for shot in detail["shots"]]
    return detail["job"]["state"] == "completed"


def takes_of(server: RealServer, job: str) -> list[dict[str, Any]]:
    return [take for shot in server.ask("GET", f"/api/v1/jobs/{job}")["shots"] for take in shot["takes"]]


@pytest.mark.full
def test_cep_three_clips_with_one_speech_come_back_through_a_crash_a_closed_panel_and_another_project(server, desks, people):
    """One run sees everything: what must not change is compared to the last bit."""
    desk = CepDesk(server, setting("23.976"))
    desks.append(desk)
    three_clips(desk, footage(server, people, desk.setting))
    start = desk.untouched()
    wanted = [(3, start, LENGTH, HANDLES) for start, _ in CLIPS]

    desk.open_panel()
    shown(desk)
    selection = desk.call("host.selection")
    assert [item["kind"] for item in selection["items"]] == ["picture"] * 3 + ["sound"]
    assert selection["sequence"]["name"] == NASTY
    former = newest_job(server)
    if HANDLES:
        desk.meanwhile(lambda: server.render(selection, desk.host, handles=HANDLES, format="prores"))
    else:
        frame = next(one for one in desk.page.frames if one.url.startswith("http"))
        frame.get_by_role("button", name=re.compile("3 shots")).click()
    job = desk.wait(lambda: newest_job(server) not in (former, None) and newest_job(server), 30, "the page submitted nothing")
    desk.wait(lambda: server.ask("GET", f"/api/v1/jobs/{job}")["job"]["state"] == "active", 60, "the job did not start")
    port = server.port
    server.kill()
    desk.wait(lambda: desk.is_connected(False), 20, "the panel did not notice")
    desk.close_panel()

    # the panel is closed, the editor opens another project, the server comes back at another port and finishes
    desk.fake("project", name=NASTY)
    other = desk.fake("sequence", timebase=str(desk.setting.timebase))
    server.start()
    assert server.port != port
    until(lambda: ended(server, job), 200, "the job was not finished after the crash")
    desk.open_panel()
    desk.page.wait_for_timeout(1000)
    assert desk.fake("picture", sequence=other)["video"] == [], "takes of one project came into another"
    assert desk.takes() == []

    desk.fake("reopen", project=desk.project)
    desk.wait(lambda: len(desk.takes()) == 3, 40, "the takes did not arrive")
    desk.wait(lambda: all(take["placed"] for take in takes_of(server, job)), 20, "the server was not told")
    assert desk.takes() == wanted

    # the server moves once more while the panel stays open; then a second panel of the same editor: nothing comes twice
    server.stop()
    desk.wait(lambda: desk.is_connected(False), 20, "the panel did not notice")
    server.start()
    desk.wait(lambda: desk.is_connected(True), 30, "the panel did not find the server at its new port")
    desk.wait(lambda: any(f":{server.port}/" in one.url for one in desk.page.frames), 20, "the page stayed at the old port")
    with panel_beside(desk.page, desk.panel):
        desk.page.wait_for_timeout(1000)
        assert desk.call("host.selection", opening=True)["sequence"]["name"] == NASTY
    assert desk.takes() == wanted
    assert desk.untouched() == start, "A1 or another clip, the selection, in and out or the playhead changed"


def shown(desk: CepDesk) -> None:
    """The server's page stands in the frame, signed in by the channel alone, and reaches nothing of the panel."""
    page = desk.page
    desk.wait(lambda: page.locator("#page").is_visible(), 20, "the page was not shown")
    frame = desk.wait(lambda: next((one for one in page.frames if one.url.startswith("http")), None), 20, "the frame stayed empty")
    assert "token" not in frame.url
    assert frame.evaluate("typeof window.require + typeof window.__adobe_cep__") == "undefinedundefined"
    reached = "(() => { try { return window.parent.document.title } catch (problem) { return problem.name } })()"
    assert frame.evaluate(reached) == "SecurityError"
    filled = '(document.body ? document.body.innerText : "").length'
    desk.wait(lambda: frame.evaluate(filled) > 40, 30, "the page in the frame shows nothing")


@pytest.mark.full
def test_uxp_three_clips_arrive_by_themselves_and_each_goes_back_in_one_step(server, desks, people):
    desk = UxpDesk(server, setting("29.97"))
    desks.append(desk)
    three_clips(desk, footage(server, people, desk.setting))
    start = desk.untouched()
    desk.open_panel()
    with server.client() as client:
        [view] = [view for view in client.hosts() if view.id == desk.host]
    assert {"host.export", "export.picture", "export.sound", "place.undo"} <= set(view.capabilities)
    page_of_the_uxp_panel(desk)
    job = server.render(desk.call("host.selection"), desk.host, handles=2, format="prores", laying={"disable_original": True})
    desk.wait(lambda: ended(server, job), 200, "the job was not finished")
    desk.wait(lambda: all(take["placed"] for take in takes_of(server, job)), 30, "the takes did not arrive")
    assert desk.takes() == [(3, start, LENGTH, 2) for start, _ in CLIPS]
    disabled = {int(clip["start"]) // desk.setting.timebase for _, clip in desk.clips("video") if clip["disabled"]}
    assert disabled == {start for start, _ in CLIPS}, "takes that arrive by themselves are laid as it was chosen"
    assert desk.fake("steps")[-6:] == ["Choose the part of the take", "Place HeyGem take"] * 3, "the first of each touches the bin alone"
    for number in range(len(CLIPS)):
        desk.fake("undo")
        assert len(desk.takes()) == len(CLIPS) - 1 - number
        desk.fake("undo")
    assert desk.untouched() == start

    server.stop()
    server.start()
    desk.wait(lambda: f":{server.port}/" in desk.fake("page")["src"], 30, "the page stayed at the old port")
    assert desk.call("host.selection")["sequence"]["name"] == NASTY
    assert desk.untouched() == start, "what was taken back came again"


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.full
def test_a_nested_clip_with_nested_speech_is_rendered_from_what_premiere_exports_and_comes_back_baked(server, desks, people, panel):
    """Only Premiere can draw it; the fake Premiere's encoder writes real frames of a real person, the server renders from those."""
    desk = DESKS[panel](server, setting("25"), width=360, height=288)
    desks.append(desk)
    speech = str(server.folder / "media" / "speech.mpg")
    nested = footage(server, people, desk.setting)
    desk.lay(nest=nested, start=50, length=12, offset=8, selected=True)
    desk.lay(nest=speech, start=50, length=12, track=1, kind=desk.sound, selected=True)
    desk.open_panel()
    selection = desk.call("host.selection", opening=True)
    picture, sound = selection["items"]
    assert "nested sequence" in picture["needs_host_export"]
    assert "only Premiere can play it" in sound["needs_host_export"]
    start = desk.untouched()

    first, second = exported(desk, picture, handles=2), exported(desk, sound, handles=0)
    with av.open(first["exported"][0]["path"]) as file:
        assert (file.streams.video[0].codec_context.name, file.streams.video[0].frames) == ("prores", 16)
    with av.open(second["exported"][0]["path"]) as file:
        assert file.streams.audio[0].duration == round(12 / desk.setting.rate * 48000)
    assert desk.untouched() == start, "the export left something as it was not"

    job = server.render(selection, desk.host, handles=2, format="prores", exports=[first["id"], second["id"]])
    desk.wait(lambda: ended(server, job), 200, "the job was not finished")
    desk.wait(lambda: all(take["placed"] for take in takes_of(server, job)), 30, "the take did not arrive")
    [shot] = server.ask("GET", f"/api/v1/jobs/{job}")["shots"]
    assert shot["request"]["placement"]["baked"]
    [(track, at, length, first)] = desk.takes()
    assert (track, at, length, first) == (2, 50, 12, 2)

    placing_by_hand(desk, shot["takes"][0])


def exported(desk: Desk, item: dict[str, Any], handles: int) -> dict[str, Any]:
    body = {"items": [item["id"]], "kind": item["kind"], "handles": handles}
    made = desk.timed("host.export", lambda: desk.server.ask("POST", f"/api/v1/hosts/{desk.host}/exports", body))
    assert [one["problem"] for one in made["exported"]] == [None]
    return dict(made)


def placing_by_hand(desk: Desk, take: dict[str, Any]) -> None:
    """As the page does it, with another file of the same take: each call is answered, and doing it twice is doing it once."""
    params = desk.server.ask("GET", f"/api/v1/takes/{take['id']}/placing")
    assert params["placement"]["baked"]
    copies = [str(shutil.copy(take["path"], Path(take["path"]).with_stem(f"copy {number} \u2028'\""))) for number in range(2)]
    assert desk.call("host.place", **{**params, "file": copies[0]})["track"] == 3
    assert desk.call("host.place", **{**params, "file": copies[0]})["already"]
    assert desk.call("host.switchTake", **{**params, "file": copies[1]})["track"] == 3
    assert len(desk.takes()) == 2
    markers = [{"record_start": 52, "record_duration": 3, "name": NASTY}]
    assert desk.call("host.markers", placement=params["placement"], markers=markers)["added"] == 1
    desk.call("host.reveal", placement=params["placement"])


def page_of_the_uxp_panel(desk: UxpDesk) -> None:
    """The real main.js: the page gets its token and what it asks for; nobody else gets anything."""
    page = desk.wait(lambda: (seen := desk.fake("page"))["src"] and seen, 20, "the panel shows no page")
    origin = f"http://127.0.0.1:{desk.server.port}"
    assert page["src"] == f"{origin}/?host=uxp-test"

    def says(data: Any, address: str = page["src"]) -> list[Any]:
        desk.fake("pageSays", data=data, origin=address)  # the whole address of the content, as UXP gives it
        return [message for message, to in desk.fake("page")["sent"] if to == origin]

    [session] = says({"type": "heygem.ready"})
    assert (session["type"], session["app"], session["can"]) == ("heygem.session", "premiere", ["open", "pick"])
    assert session["project_name"] == NASTY
    for stranger in ("http://127.0.0.1:1", "http://127.0.0.1:1/?host=uxp-test", f"http://evil.example/?{origin}", "null", ""):
        assert says({"type": "heygem.ready"}, stranger) == []
    assert says({"type": "heygem.pick", "id": 7, "kind": "speech"}) + says(None) == [
        {"type": "heygem.picked", "id": 7, "paths": ["/films/a.wav"]}
    ]
    for odd in (
        None,
        7,
        "heygem.ready",
        [],
        {"type": "evalScript"},
        {"type": {"__proto__": 1}},
        {"type": "heygem.open", "url": "file:///etc"},
    ):
        assert says(odd) == []
    desk.fake("pageSays", data={"type": "heygem.open", "url": "https://example.com"}, origin=page["src"])
    assert desk.fake("page")["opened"] == ["https://example.com"]
