"""The Resolve panel's threads against a server of the test: nothing waits for itself, nothing happens twice, nothing gets lost."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_host.connection import ServerConnection, Settings
from heygem_host.panel import Panel
from heygem_resolve.editor import Editor
from heygem_resolve.panel.resolve_side import ResolveSide
from tests.plugins.fakes.resolve import Resolve
from tests.plugins.media import make_clip, make_speech
from tests.plugins.real_server import until
from tests.plugins.small_server import SmallServer


class Desk:
    """A panel over a timeline with one compound clip, a plain one and speech under both."""

    def __init__(self, folder: Path, server: SmallServer) -> None:
        make_clip(folder / "a.mov", rate=Fraction(25), frames=40)
        make_clip(folder / "take.mov", rate=Fraction(25), frames=10)
        make_speech(folder / "speech.wav", 2)
        self.folder, self.server = folder, server
        self.resolve = Resolve()
        self.film = self.resolve.new_project()
        self.timeline = self.resolve.new_timeline()
        self.compound = self.resolve.add_compound(self.timeline, str(folder / "a.mov"), start=0, length=10)
        self.plain = self.resolve.add_clip(self.timeline, str(folder / "a.mov"), start=10, length=10)
        self.resolve.add_sound(self.timeline, str(folder / "speech.wav"), start=0, length=20, track=2)
        self.timeline.selected = [self.compound, self.plain]
        self.panel = Panel(ResolveSide(Editor(self.resolve), "resolve/ü x"), ServerConnection(Settings(str(server.file))))
        self.panel.link.start()

    def until(self, ready: Any, otherwise: str, seconds: float = 15) -> Any:
        return until(ready, seconds, otherwise, tick=lambda: self.panel.step(0.01))

    def connected(self) -> None:
        self.until(lambda: self.panel.connected, f"never connected: {self.panel.state}")

    def rest(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.panel.step(0.01)

    def close(self) -> None:
        self.panel.link.stop()
        self.panel.link.join(5)
        assert not self.panel.link.is_alive()

    def arrives(self, id: str = "t1", version: int = 1) -> None:
        """A take for the plain clip is finished."""
        spot = {"project": self.film.id, "sequence": self.timeline.id, "clip": self.plain.id, "track": 1, "record_start": 10,
                "record_duration": 10, "rate": "25/1"}  # fmt: skip
        take = {"id": id, "shot": "s", "version": version, "created": float(version), "placed": [], "missing": False}
        self.server.takes.append(take)
        self.server.placings[id] = {
            "take": id,
            "file": str(self.folder / "take.mov"),
            "name": "take",
            "placement": spot,
            "handles": 0,
            "frames": 10,
        }

    def takes(self) -> list[Any]:
        return [item for track in self.timeline.tracks["video"] for item in track.items if (item.shows or "").endswith("take.mov")]


@pytest.fixture
def server(tmp_path) -> Iterator[SmallServer]:
    made = SmallServer(tmp_path)
    made.open()
    yield made
    made.end()


@pytest.fixture
def desk(server, tmp_path) -> Iterator[Desk]:
    made = Desk(tmp_path, server)
    yield made
    made.close()


def row(item: Any, **more: Any) -> dict[str, Any]:
    return {"clip": item.name, "key": item.id, "placement": {"clip": item.id}, "shot": {}, "error": None, "needs_host_export": None, **more}


def test_an_export_asked_for_in_the_window_comes_back_through_the_same_panel(desk, server):
    """The server answers the order to export only when this very panel has answered the server: waiting in the socket's thread would
    wait for ever."""
    server.answers = [
        {
            "id": "t1",
            "conformed": {"shots": [row(desk.plain)]},
            "job": {"job": {"shots_total": 1}},
        },
        {"id": "t2", "conformed": {"shots": [row(desk.compound)]}, "job": {"job": {"shots_total": 1}}},
    ]
    made: list[dict[str, Any]] = []

    def export(asked: dict[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        made.append(reply["result"])
        return {"id": "x0", **reply["result"]}

    server.export = export
    desk.connected()
    desk.panel.render(None)
    desk.until(lambda: desk.panel.offer, "nothing was offered")
    assert desk.panel.said == "1 clip is being rendered."
    desk.panel.export()
    desk.until(lambda: len(server.submitted) == 2, "the files were not rendered from")
    assert server.asked == ["exports resolve/ü x"]
    [exported] = made[0]["exported"]
    assert (exported["item"], exported["problem"]) == (desk.compound.id, None)
    assert os.path.getsize(exported["path"]) > 0
    first, second = (body for _, body in server.submitted)
    assert second["exports"] == ["x0"]
    assert desk.compound.id not in first["selection"]["ids"], "only Resolve can play it"
    assert desk.compound.id in second["selection"]["ids"]
    assert desk.plain.id not in second["selection"]["ids"], "it is being rendered already"
    assert first["laying"] == second["laying"] == {"mode": "track", "mute": "none", "disable_original": False}
    desk.until(lambda: desk.panel.said.startswith("1 clip is"), f"the second answer was not told: {desk.panel.said}")


def test_an_export_whose_answer_got_lost_does_not_block_resolve_twice(desk, server):
    server.answers = [{"id": "t2", "conformed": {"shots": [row(desk.compound)]}, "job": {"job": {"shots_total": 1}}}]
    server.export = lambda asked, reply: {"id": "x0", **reply["result"]}
    server.drop_exports = 2
    desk.timeline.selected = [desk.compound]
    desk.connected()
    desk.panel.render(None)
    desk.panel.export()
    desk.until(lambda: server.submitted, "not submitted")
    rendered = [job for job in desk.film.finished if job["done"]]
    assert (len(rendered), len(server.asked)) == (1, 2)


def test_an_export_that_fails_is_a_sentence_and_submits_nothing(desk, server):
    desk.timeline.selected = [desk.compound]
    server.export = lambda asked, reply: {"id": "x0", **reply["result"]}
    desk.film.script = "fails"
    desk.connected()
    desk.panel.render(None)
    desk.until(lambda: desk.panel.offer, "nothing was offered")
    desk.panel.export()
    desk.until(lambda: "Der Datenträger ist voll." in desk.panel.said, f"not told: {desk.panel.said}")
    desk.rest(0.3)
    assert server.submitted == []


def test_a_submission_whose_answer_got_lost_is_asked_again_under_the_same_key(desk, server):
    """Asked again without a key, a slow disk would have rendered everything twice."""
    server.answers = [{"id": "t1", "conformed": {"shots": [row(desk.plain)]}, "job": {"job": {"shots_total": 1}}}]
    server.drop_submissions = 2
    desk.connected()
    desk.panel.render(None)
    desk.until(lambda: desk.panel.said.startswith("1 clip is"), f"never answered: {desk.panel.said}")
    keys = {key for key, _ in server.submitted}
    assert (len(server.submitted), len(keys)) == (3, 1)
    assert None not in keys
    desk.panel.render(None)
    desk.until(lambda: len(server.submitted) == 4, "not submitted")
    assert len({key for key, _ in server.submitted}) == 2


def test_the_editor_is_answered_for_while_a_submission_takes_its_time(desk, server):
    server.answers = [{"id": None, "conformed": {"shots": []}, "job": None}]
    server.answering.clear()
    desk.connected()
    desk.panel.render(None)
    desk.until(lambda: server.submitted, "not submitted")
    try:
        assert "result" in server.call_while(desk, "host.selection")  # the submission waits for its answer until the end of this test
    finally:
        server.answering.set()


@pytest.mark.full
def test_a_take_that_was_finished_while_the_server_moved_to_another_port_arrives_once(desk, server):
    desk.connected()
    server.close()
    desk.until(lambda: not desk.panel.connected, "not noticed")
    desk.arrives()
    server.open()
    desk.until(lambda: desk.takes(), f"did not arrive: {desk.panel.said} {desk.panel.state}")
    desk.until(lambda: "placed t1" in server.asked, "the server was not told")
    server.close()
    server.open()
    desk.until(lambda: len(server.hello) >= 3, "not connected again")
    desk.rest(0.3)
    assert len(desk.takes()) == 1
    assert set(server.asked) == {"placed t1"}


def test_a_take_that_the_person_removed_never_comes_back_by_itself(desk, server):
    desk.arrives()
    desk.connected()
    desk.until(lambda: "placed t1" in server.asked, "did not arrive")
    desk.timeline.DeleteClips(desk.takes())
    server.close()
    server.open()
    desk.until(lambda: len(server.hello) == 2, "not connected again")
    server.send({"type": "event", "seq": 1, "kind": "take.added", "take": server.takes[0]})
    desk.rest(0.4)
    assert desk.takes() == []


def test_takes_that_arrive_while_another_project_is_opened_wait_for_their_own(desk, server):
    """The look-up ran for the film; by the time the editor's thread comes to it, something else is open."""
    desk.connected()
    desk.rest(0.2)
    desk.arrives()
    server.send({"type": "event", "seq": 1, "kind": "take.added", "take": server.takes[0]})
    until(lambda: any(entry[0] == "arrival" for entry in list(desk.panel.link.inbox.queue)), 10, "not looked up")
    desk.resolve.new_project("Another film")
    other = desk.resolve.new_timeline()
    said = desk.panel.said
    server.placings.clear()  # the real server says nothing about the film's takes to another project
    desk.until(lambda: len(server.hello) == 2, "the other project is no new connection")
    desk.rest(0.2)
    assert (other.picture(), desk.takes(), desk.panel.said) == ({}, [], said)
    server.takes.clear()
    desk.arrives()
    desk.resolve.reopen(desk.film)
    desk.until(lambda: desk.takes(), "did not arrive in its own project")


def test_a_lost_errand_does_not_stop_the_others(desk, server):
    """A take that was deleted between list and question has no place any more; the next one still comes."""
    desk.arrives("gone")
    del server.placings["gone"]
    desk.server.takes[0]["shot"] = "another"
    desk.arrives("t1")
    desk.connected()
    desk.until(lambda: desk.takes(), "did not arrive")


def test_a_message_that_nobody_expected_does_not_end_the_panel(desk, server):
    desk.connected()
    desk.panel.jobs = {"j": {"id": "j", "name": "scene", "state": "active", "created": 1.0}}
    server.send({"type": "progress", "job": "j"})
    desk.until(lambda: "did not understand" in desk.panel.said, "not told")
    assert server.call_while(desk, "host.selection")["result"]["sequence"] is not None


def test_the_page_opens_at_this_editor_and_jobs_can_be_cancelled(desk, server):
    desk.connected()
    desk.panel.link.outbox.put(("page",))
    desk.until(lambda: desk.panel.page, "no address")
    assert desk.panel.page.endswith("/#code=once&host=resolve%2F%C3%BC%20x")
    desk.panel.jobs = {"j1": {"id": "j1", "name": "scene", "state": "active", "created": 1.0}}
    desk.panel.cancel()
    desk.until(lambda: "cancel j1" in server.asked, "not cancelled")
