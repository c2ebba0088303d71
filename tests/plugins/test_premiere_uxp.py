"""What only the UXP panel does: one step of undo per placement, Premiere's own OpenTimelineIO, dialogs.

What both panels promise is in test_premiere_placing.py and test_premiere_exporting.py.
"""

from __future__ import annotations

import json
from typing import Any

import opentimelineio as otio
import pytest

from tests.plugins.node import REPOSITORY
from tests.plugins.premiere_scenes import UxpScene


@pytest.fixture
def scene(films):
    scenes: list[UxpScene] = []

    def make(*arguments: Any, **options: Any) -> UxpScene:
        scenes.append(UxpScene(films, *arguments, **options))
        return scenes[-1]

    yield make
    for one in scenes:
        one.fake.close()


def test_undo_takes_a_placement_back_in_one_step(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25 v2.mov"))  # the bin is there by now, as after any first take
    before = here.fake("state", sequence=here.sequence)
    steps = len(here.fake("steps"))
    wanted = here.params("take 25.mov", speech=str(here.files / "speech.wav"), mute="clip", disable_original=True)
    here.ask("host.place", **wanted)
    assert len(here.takes("take 25.mov")) == 1
    assert here.fake("steps")[steps:] == ["Choose the part of the take", "Place HeyGem take"], "the first touches the bin alone"
    here.fake("undo")
    assert here.fake("state", sequence=here.sequence) == before


def test_position_and_opacity_are_copied_in_a_second_step_only_where_they_differ(scene):
    here = scene()
    here.tune("Motion", "Position", value=[0.4, 0.6])
    here.tune("Opacity", "Opacity", value=80)
    here.effect("AE.ADBE Lumetri", "Lumetri Color")
    result = here.ask("host.place", **here.params("take 25.mov"))
    look = here.fake("state", sequence=here.sequence)["video"][2][0]["look"]
    assert look[0]["params"][0]["value"] == 80
    assert look[1]["params"][0]["value"] == {"x": 0.4, "y": 0.6}
    assert result["not_copied"] == ["Lumetri Color"]
    assert "undo twice" in result["notices"][0]


def test_sound_that_a_take_should_not_have_never_touches_a1(scene):
    here = scene()
    before = here.fake("state", sequence=here.sequence)["audio"]
    here.ask("host.place", **here.params("loud.mov"))
    assert here.fake("state", sequence=here.sequence)["audio"][:2] == before


def test_where_an_insert_makes_no_track_the_editor_is_asked_for_one(scene):
    """Whether Premiere really grows tracks is second-hand: without it nothing is lost and a track by our name helps."""
    here = scene(without=["tracks.grow-on-insert"])
    before = here.fake("state", sequence=here.sequence)
    assert "named “HeyGem takes”" in here.refusal("host.place", **here.params("take 25.mov"))["message"]
    assert here.fake("state", sequence=here.sequence) == before
    here.fake("addTrack", sequence=here.sequence, kind="video", name="HeyGem takes")
    assert here.ask("host.place", **here.params("take 25.mov"))["track"] == 3


@pytest.mark.parametrize("without", [[], ["otio.native"]], ids=["premiere's own document", "our document"])
def test_the_document_carries_every_clips_id(scene, without, tmp_path):
    here = scene(without=without, temporary=str(tmp_path))
    here.fake("change", sequence=here.sequence, clip=here.clip, speed=2)
    result = here.ask("host.selection")
    parsed = otio.adapters.read_from_string(json.dumps(result["document"]), "otio_json")
    found = {clip.metadata["heygem"]["id"]: clip for clip in parsed.find_clips()}
    assert len(found) == 4
    assert set(item["id"] for item in result["items"]) <= set(found)
    assert bool(parsed.metadata.get("PremierePro_OTIO") is not None) == (not without)
    assert list(tmp_path.iterdir()) == [], "a file is left behind by every look at the selection"


def test_markers_are_one_step_and_set_once(scene):
    here = scene()
    wanted = {"placement": here.params("x")["placement"], "markers": [{"record_start": 103, "record_duration": 5, "name": "weak"}]}
    assert here.ask("host.markers", **wanted)["added"] == 1
    assert here.ask("host.markers", **wanted)["already"] == 1
    assert here.fake("steps") == ["Mark weak ranges"]


@pytest.mark.parametrize("without", [[], ["actions.hold-their-state"]], ids=["from 26.3", "before"])
def test_undo_takes_the_take_and_its_speech_away_at_once_whatever_an_action_sees(scene, without):
    """From 26.3 an action holds the state of its creation: a part that was chosen in the same step came as the whole file."""
    here = scene(without=without)
    before = here.state()
    wanted = here.params("take 25.mov", speech=here.file("speech.wav"), disable_original=True)
    assert here.ask("host.place", **wanted)["notices"] == []
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
    assert here.takes("speech.wav", "audio")[1] == (3, 100, 24, 0)
    here.fake("undo")
    assert here.state() == before


def test_an_empty_audio_track_that_comes_with_a_silent_take_is_told_and_used_by_the_next(scene):
    here = scene(also=["insert.silent-file-adds-audio-track"])
    assert here.ask("host.place", **here.params("take 25.mov"))["notices"] == [
        "Premiere added the empty track A3 with the take; it can be deleted."
    ]
    assert here.ask("host.place", **here.params("take 25 v2.mov"))["notices"] == []
    assert len(here.state()["audio"]) == 3


def test_a_locked_track_of_takes_is_passed_over(scene):
    """UXP does not say which tracks are locked: what did not arrive goes to a track of its own."""
    here = scene()
    here.add_track("video", "HeyGem takes")
    here.lock("video", 2)
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(4, 100, 24, 5)]


def test_the_page_may_ask_for_files_and_folders(scene):
    here = scene(picked=[{"nativePath": "/films/a 'b'.mov"}, {"nativePath": "/films/c.mov"}])
    assert here.fake("pick", kind="video") == ["/films/a 'b'.mov", "/films/c.mov"]
    assert here.fake("pick", kind="speech") == ["/films/a 'b'.mov"]
    assert here.fake("pick", kind="folder") == ["/films/a 'b'.mov"]
    closed = scene(picked=[None])
    assert closed.fake("pick", kind="folder") == []
    assert closed.fake("pick", kind="speech") == []


def test_the_manifest_can_be_installed_and_reaches_a_server_at_any_port():
    """A packed panel takes one host, not a list; domains without a port are refused, and the server may listen on any."""
    manifest = json.loads((REPOSITORY / "plugins" / "premiere_uxp" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["manifestVersion"] == 5
    assert manifest["host"] == {"app": "premierepro", "minVersion": "25.6.0"}
    assert manifest["requiredPermissions"]["network"]["domains"] == "all"
    assert manifest["requiredPermissions"]["webview"]["domains"] == "all"
