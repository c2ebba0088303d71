"""The script inside Premiere: the real files in an engine of ECMAScript 3, bridge and core in Node, a Premiere that obeys the ledger.

What both panels promise is in test_premiere_placing.py and test_premiere_exporting.py.
"""

from __future__ import annotations

import json
from typing import Any

import opentimelineio as otio
import pytest

from tests.plugins.fakes import ledger
from tests.plugins.node import REPOSITORY, run_node
from tests.plugins.premiere_scenes import NASTY_FILE, CepScene


@pytest.fixture
def scene(films):
    scenes: list[CepScene] = []

    def make(*arguments: Any, **options: Any) -> CepScene:
        scenes.append(CepScene(films, *arguments, **options))
        return scenes[-1]

    yield make
    for one in scenes:
        one.fake.close()


def test_in_and_out_and_playhead_stay_as_they_were_set_or_unset(scene):
    here = scene()
    here.fake("sequenceState", sequence=here.sequence, inPoint=2.5, playhead="50803200000")
    here.ask("host.place", **here.params("take 25.mov"))
    seen = here.picture()
    assert (seen["inPoint"], seen["outPoint"], seen["playhead"]) == (2.5, -400000, "50803200000")


def test_a_take_with_sound_is_refused_before_it_destroys_a1(scene):
    here = scene()
    before = here.picture()
    data = {"error": "HasSound", "code": "panel.premiere-has-sound", "params": {}}
    assert here.refusal("host.place", **here.params("loud.mov"))["data"] == data
    assert here.picture() == before


def test_the_fake_bites_whoever_places_a_file_with_sound(scene):
    here = scene()
    before = here.picture()["audio"]
    here.fake("naive", sequence=here.sequence, file=str(here.files / "loud.mov"), track=1, start=str(100 * here.frame))
    assert here.picture()["audio"] != before


def test_a_second_version_gets_a_track_of_its_own_and_another_clip_shares_the_first(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.ask("host.place", **here.params("take 25 v2.mov"))["track"] == 4
    beside = here.params(NASTY_FILE)
    beside["placement"].update(clip=None, record_start=124)
    assert here.ask("host.place", **beside)["track"] == 3


def test_a_new_audio_track_lies_below_all_others_however_many_there_are(scene):
    """With QE's arguments in another order, the track landed second of four: music was renamed and overwritten."""
    here = scene()
    here.add(file=here.file("speech.wav"), start=90, length=60, track=2, kind="Audio", name="music")
    names = here.fake("tracks", sequence=here.sequence, kind="audio")
    before = here.picture()["audio"]
    here.ask("host.place", **here.params("take 25.mov", speech=here.file("take speech.wav")))
    assert here.fake("tracks", sequence=here.sequence, kind="audio") == [*names, "HeyGem speech"]
    assert here.picture(here.file("take speech.wav"))["audio"] == before
    assert here.takes("take speech.wav", "audio") == [(4, 100, 24, 0)]


def clips_by_track(here: CepScene) -> list[tuple[str, Any]]:
    seen = here.picture()
    return [(track["name"], track["items"]) for kind in ("video", "audio") for track in seen[kind]]


@pytest.mark.parametrize("without", [[], ["track.ids"]], ids=["with ids", "without"])
@pytest.mark.parametrize("odd", ["at the bottom", "two at once", "none", "with a clip moved"])
def test_a_track_that_came_otherwise_than_asked_is_not_written_to(scene, odd, without):
    here = scene(without=without)
    here.fake("oddQE", how=odd)
    before = clips_by_track(here)
    fault = here.refusal("host.place", **here.params("take 25.mov"))
    assert fault["data"]["code"] == "panel.premiere-no-video-track"
    if odd != "with a clip moved":
        assert clips_by_track(here) == before
    assert here.takes("take 25.mov") == []
    assert "HeyGem takes" not in here.fake("tracks", sequence=here.sequence, kind="video")


def test_an_empty_track_of_the_editors_keeps_its_name_where_nobody_can_tell_which_is_new(scene):
    here = scene(without=["track.ids"])
    here.add_track("video", "Titles")
    here.ask("host.place", **here.params("take 25.mov"))
    assert "Titles" in here.fake("tracks", sequence=here.sequence, kind="video")
    assert here.takes("take 25.mov") == [(4, 100, 24, 5)]


def test_a_clip_that_stays_switched_on_because_its_track_is_locked_is_named(scene):
    here = scene()
    here.lock("video", 0)
    here.lock("audio", 0)
    notices = here.ask("host.place", **here.params("take 25.mov", disable_original=True, mute="clip"))["notices"]
    assert [("clip 25.mov" in one, "locked" in one) for one in notices] == [(True, True)] * 2


def test_the_panel_asks_to_stay_loaded_while_it_is_hidden(scene):
    """A hidden tab is unloaded otherwise, and takes do not arrive until it is shown again."""
    here = scene()
    here.fake("call", name="stayLoaded", argument="com.heygem.bridge.panel")
    assert here.fake("persistent") == [["com.heygem.bridge.panel", 1]]


def test_without_qe_the_editor_is_asked_to_add_a_track(scene):
    here = scene()
    here.fake("breakQE")
    fault = here.refusal("host.place", **here.params("take 25.mov"))
    assert "add one on top" in fault["message"]
    assert here.takes("take 25.mov") == []


def test_a_take_that_was_caught_by_the_selection_is_not_rendered_again(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    take = here.picture()["video"][2]["items"][0]["id"]
    here.fake("change", item=take, selected=True)
    assert [item["id"] for item in here.ask("host.selection")["items"]] == [here.clip]


def test_the_document_is_opentimelineio_with_the_clips_ids_links_and_retimes(scene):
    here = scene()
    here.fake("change", item=here.clip, speed=2, reversed=1)
    document = here.ask("host.selection")["document"]
    parsed = otio.adapters.read_from_string(json.dumps(document), "otio_json")
    [clip, sound] = [one for one in parsed.find_clips() if one.metadata["heygem"].get("link")]
    assert clip.metadata["heygem"]["id"] == here.clip
    assert clip.metadata["heygem"]["link"] == sound.metadata["heygem"]["link"]
    assert clip.media_reference.target_url == str(here.files / "clip 25.mov")
    assert (clip.source_range.start_time.value, clip.source_range.duration.value) == (7, 24)
    assert clip.trimmed_range_in_parent().start_time.value == 100
    assert clip.effects[0].time_scalar == -2


def test_titles_and_nests_are_said_to_be_premieres_own(scene):
    here = scene()
    title = here.fake("clip", sequence=here.sequence, start=10, length=20, track=2, name="Terror error", selected=True)["id"]
    found = {item["id"]: item for item in here.ask("host.selection")["items"]}
    assert found[title]["path"] is None
    assert "only Premiere" in found[title]["needs_host_export"]
    assert found[title]["name"] == "Terror error"


@pytest.mark.parametrize("without", [[], ["multicam.as-in-the-guide"]], ids=["as in the guide", "as in the types"])
def test_a_multicam_clip_is_known_however_the_call_is_written(scene, without):
    """A call by the other name throws, and a multicam clip then passed for its first angle."""
    here = scene(without=without)
    here.change(here.clip, multicam=True)
    [clip] = [item for item in here.ask("host.selection")["items"] if item["id"] == here.clip]
    assert clip["needs_host_export_message"]["code"] == "panel.only-host-multicam"


def test_the_script_answers_nothing_but_its_table(scene):
    here = scene()
    here.ask("host.selection")
    assert json.loads(here.fake("eval", text='$.heygem.call("constructor", null)'))["error"] == "UnknownCall"
    assert here.fake("eval", text="throw 1") == "EvalScript error."


def test_the_engine_of_the_fake_has_neither_json_nor_anything_newer_than_es3(scene):
    here = scene()
    assert here.fake("eval", text="typeof JSON") == "undefined"
    assert here.fake("eval", text="[1].indexOf(1)") == "EvalScript error."
    assert here.fake("eval", text="let x = 1") == "EvalScript error."
    assert here.fake("eval", text="var x = {default: 1}") == "EvalScript error."


@pytest.mark.parametrize("name", ["engine.no-json", "selection.is-a-collection", "import.returns-nothing", "export.result-varies"])
def test_the_panel_works_as_well_where_an_entry_of_the_ledger_does_not_hold(scene, name):
    assert name in ledger.PREMIERE
    here = scene(without=[name])
    assert here.ask("host.selection")["items"][0]["id"] == here.clip
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]


def test_the_shared_cores_hmac_is_nodes():
    code = """
const { hmac } = require('./plugins/shared/sha256.js');
const crypto = require('crypto');
for (const [key, text] of [['', ''], ['k', 'ü€😀'], ['x'.repeat(200), 'y'.repeat(1000)], ['a.b-c_d', 'heygem-server:' + 'f'.repeat(64)]]) {
  const wanted = crypto.createHmac('sha256', key).update(text).digest('hex');
  if (hmac(key, text) !== wanted) throw new Error(key);
}"""
    ran = run_node("-e", code)
    assert ran.returncode == 0, ran.stderr


def test_the_host_files_are_ascii_and_loaded_in_an_order_that_names_them_all():
    jsx = REPOSITORY / "plugins" / "premiere_cep" / "jsx"
    order = json.loads((jsx / "order.json").read_text(encoding="utf-8"))
    assert {path.stem for path in jsx.glob("*.jsx")} == set(order)
    for name in order:
        assert (jsx / f"{name}.jsx").read_text(encoding="utf-8").isascii(), (
            f"{name}.jsx: the engine reads files in the system's own encoding"
        )


def test_a_project_is_told_with_its_production(scene):
    here = scene()
    assert here.fake("call", name="about")["projectName"] == "Film"
    here.fake("production", name="Season 2")
    assert here.fake("call", name="about")["projectName"] == "Season 2 / Film"
