"""The real CEP panel in Chromium, the real server, a real person, and a Premiere that obeys the ledger: from a selection to takes."""

from __future__ import annotations

import json
import re
import shutil
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_server.wire import HostCall
from tests.plugins.chromium import installed, panel_in_chromium
from tests.plugins.media import in_ticks
from tests.plugins.node import HERE, NodeProcess, needs_node, run_node
from tests.plugins.real_server import RealServer, talking, until

RATE = Fraction(24000, 1001)
TIMEBASE = 10594584000
HOST = "premiere-test"
WEBSOCKET = ("--experimental-websocket", "--no-warnings")


@pytest.fixture(scope="module")
def server(tmp_path_factory, clips):
    needs_node()
    folder = tmp_path_factory.mktemp("studio")
    media = folder / "media"
    media.mkdir()
    people = sorted((clips / "grid").glob("*.mpg"))
    talking(people[0], media / "clip \u201cone\u201d.mov", rate=RATE, frames=60, timecode="01:00:00:00")
    shutil.copy(people[1], media / "speech.mpg")
    server = RealServer(folder, media)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def premiere():
    fake = NodeProcess(HERE / "fakes" / "premiere_process.js", {})
    yield fake
    fake.close()


def takes_on(premiere: NodeProcess, sequence: str, takes: Path) -> list[tuple[str, int, int, int]]:
    found = []
    for track in premiere("picture", sequence=sequence)["video"]:
        for item in track["items"]:
            if item["media"] and str(takes) in item["media"]:
                start, end, first = (Fraction(int(item[name]), TIMEBASE) for name in ("start", "end", "inPoint"))
                found.append((track["name"], start, end - start, first))
    return sorted(found)


def test_three_clips_with_one_speech_come_back_through_a_crash_a_closed_panel_and_another_project(server, premiere):
    """Rendering takes the time, so one run sees everything; what must not change is compared to the last bit."""
    clip = str(server.folder / "media" / "clip \u201cone\u201d.mov")
    sequence = premiere("sequence", timebase=str(TIMEBASE), zeroPoint=str(86400 * TIMEBASE), displayFormat=110)
    for start, offset in ((30, 4), (42, 20), (60, 40)):
        premiere("clip", sequence=sequence, file=clip, start=start, length=12, offset=offset, selected=True)
    speech = str(server.folder / "media" / "speech.mpg")
    premiere("clip", sequence=sequence, file=speech, start=30, length=45, track=1, kind="Audio", selected=True)
    premiere("clip", sequence=sequence, file=speech, start=0, length=200, track=0, kind="Audio", name='Terror error "x"\n\u2028</script>')
    film = premiere("about")["project"]
    start = premiere("picture", sequence=sequence)
    panel = installed(server.folder, server.data)
    wanted = [("HeyGem takes", 30, 12, 0), ("HeyGem takes", 42, 12, 0), ("HeyGem takes", 60, 12, 0)]

    with panel_in_chromium(premiere, panel, HOST) as page:
        tick = lambda: page.wait_for_timeout(50)  # noqa: E731 — while it waits, Playwright answers the panel's calls
        until(lambda: page.locator("#state").get_attribute("data-connected") == "true", 30, "the panel never connected", tick)
        shown(page, tick)

        selection = asked(server, tick)
        assert [item["kind"] for item in selection["items"]] == ["picture"] * 3 + ["sound"]
        frame = next(one for one in page.frames if one.url.startswith("http"))
        frame.get_by_role("button", name=re.compile("3 shots")).click()
        job = until(lambda: newest_job(server), 30, "the page submitted nothing", tick)
        until(lambda: server.ask("GET", f"/api/v1/jobs/{job}")["job"]["state"] == "active", 60, "the job did not start", tick)
        server.kill()
        until(lambda: page.locator("#state").get_attribute("data-connected") == "false", 20, "the panel did not notice", tick)

    # the panel is closed, the editor opens another project, the server comes back and finishes
    premiere("project", name="Another film")
    other = premiere("sequence", timebase=str(TIMEBASE))
    server.start()

    def ended() -> Any:
        detail = server.ask("GET", f"/api/v1/jobs/{job}")
        assert detail["job"]["state"] != "failed", [shot["why"] for shot in detail["shots"]]
        return detail["job"]["state"] == "completed"

    until(ended, 200, "the job was not finished after the crash")
    with panel_in_chromium(premiere, panel, HOST) as page:
        tick = lambda: page.wait_for_timeout(50)  # noqa: E731
        until(lambda: page.locator("#state").get_attribute("data-connected") == "true", 30, "the panel never came back", tick)
        page.wait_for_timeout(1000)
        assert premiere("picture", sequence=other)["video"] == [], "takes of one project came into another"
        assert takes_on(premiere, sequence, server.takes) == []

        premiere("reopen", project=film)
        until(lambda: len(takes_on(premiere, sequence, server.takes)) == 3, 40, "the takes did not arrive", tick)
        until(lambda: all(take["placed"] for take in takes_of(server, job)), 20, "the server was not told", tick)
    assert takes_on(premiere, sequence, server.takes) == wanted

    with panel_in_chromium(premiere, panel, HOST) as page:
        tick = lambda: page.wait_for_timeout(50)  # noqa: E731
        until(lambda: page.locator("#state").get_attribute("data-connected") == "true", 30, "the panel never came back", tick)
        page.wait_for_timeout(1000)
    assert takes_on(premiere, sequence, server.takes) == wanted
    after = premiere("picture", sequence=sequence, without=[take["path"] for take in takes_of(server, job)])
    assert json.dumps(after) == json.dumps(start), "A1 or another clip, the selection, in and out or the playhead changed"


def shown(page: Any, tick: Any) -> None:
    """The server's page stands in the frame, signed in by the channel alone, and reaches nothing of the panel."""
    until(lambda: page.locator("#page").is_visible(), 20, "the page was not shown", tick)
    frame = until(lambda: next((one for one in page.frames if one.url.startswith("http")), None), 20, "the frame stayed empty", tick)
    assert "token" not in frame.url
    assert frame.evaluate("typeof window.require + typeof window.__adobe_cep__") == "undefinedundefined"
    reached = "(() => { try { return window.parent.document.title } catch (problem) { return problem.name } })()"
    assert frame.evaluate(reached) == "SecurityError"
    until(
        lambda: frame.evaluate('(document.body ? document.body.innerText : "").length') > 40,
        30,
        "the page in the frame shows nothing",
        tick,
    )


def asked(server: RealServer, tick: Any) -> dict[str, Any]:
    """host.selection by way of the server, as the page asks for it."""
    answer: dict[str, Any] = {}

    def ask() -> None:
        with server.client() as client:
            answer.update(client.call(HOST, HostCall(method="host.selection")))

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: not asking.is_alive(), 20, "the selection did not come", tick)
    return answer


def newest_job(server: RealServer) -> str | None:
    jobs = server.ask("GET", "/api/v1/jobs?limit=1")["jobs"]
    return jobs[0]["id"] if jobs else None


def takes_of(server: RealServer, job: str) -> list[dict[str, Any]]:
    return [take for shot in server.ask("GET", f"/api/v1/jobs/{job}")["shots"] for take in shot["takes"]]


def test_the_uxp_panels_link_places_a_real_take_and_undo_takes_it_back(server):
    """The real adapter, core and server; only UXP itself is played."""
    if run_node(*WEBSOCKET, "-e", "new WebSocket('ws://127.0.0.1:1').onerror = () => {}").returncode:
        pytest.skip("Node 20 or later is needed for its WebSocket")
    take = a_take(server)
    uxp = NodeProcess(HERE / "fakes" / "uxp_process.js", {}, *WEBSOCKET)
    try:
        clip = str(next((server.folder / "media").glob("clip*.mov")))
        for file in (clip, take["path"]):
            uxp("known", file=file, facts=in_ticks(file))
        sequence = uxp("sequence", timebase=str(TIMEBASE), zeroPoint=str(86400 * TIMEBASE))
        uxp("clip", sequence=sequence, file=clip, start=30, length=12, offset=4, selected=True)
        uxp("clip", sequence=sequence, file=clip, start=30, length=12, offset=4, kind="audio")
        before = uxp("state", sequence=sequence)
        uxp("live", serverFile=str(server.data / "server.json"))
        with server.client() as client:
            until(lambda: "uxp-test" in [host.id for host in client.hosts()], 20, "the panel did not connect")
            [item] = client.call("uxp-test", HostCall(method="host.selection"))["items"]
            params = {"take": take["id"], "file": "", "name": take["name"], "placement": item["placement"], "frames": 12}
            placed = client.call("uxp-test", HostCall(method="host.place", params=params))
        assert (placed["track"], placed["record_start"], placed["record_duration"]) == (2, 30, 12)
        uxp("undo")
        assert uxp("state", sequence=sequence) == before
    finally:
        uxp.close()


def a_take(server: RealServer) -> dict[str, Any]:
    """One that the test above left, or a new one."""
    job = newest_job(server)
    if job is None:
        media = server.folder / "media"
        shot = {
            "video": {"path": str(next(media.glob("clip*.mov")))},
            "speech": {"path": str(media / "speech.mpg")},
            "start": 4,
            "end_exclusive": 16,
        }
        settings = {"fit": "hold", "format": "prores", "sound": "none"}
        job = server.ask("POST", "/api/v1/jobs", {"shots": [shot], "settings": settings})["job"]["id"]
    until(lambda: server.ask("GET", f"/api/v1/jobs/{job}")["job"]["state"] == "completed", 120, "nothing was rendered")
    return takes_of(server, job)[0]
