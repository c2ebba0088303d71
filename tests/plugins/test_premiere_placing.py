"""What both Premiere panels promise about placing, on both fakes: the exact frame, nothing else changed, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import opentimelineio as otio
import pytest

from tests.plugins.premiere_scenes import NASTY, NASTY_FILE, ONE_OCLOCK, RATES, TIMEBASES, Scene


@pytest.mark.parametrize("late", [False, True], ids=["from zero", "from one o'clock"])
@pytest.mark.parametrize("rate", RATES)
def test_a_take_lies_above_its_clip_at_the_exact_frame_and_nothing_else_changes(scene, rate, late):
    here = scene(rate, zero=late * ONE_OCLOCK[rate] * TIMEBASES[rate])
    before = here.picture()
    result = here.ask("host.place", **here.params(f"take {rate}.mov"))
    assert here.takes(f"take {rate}.mov") == [(3, 100, 24, 5)]
    assert {name: result[name] for name in ("already", "track", "record_start", "record_duration", "not_copied", "notices")} == {
        "already": False, "track": 3, "record_start": 100, "record_duration": 24, "not_copied": [], "notices": []}  # fmt: skip
    assert here.picture(here.file(f"take {rate}.mov")) == before, "a clip, the selection, in and out or the playhead changed"


def the_take(here: Scene, file: str = "take 25.mov") -> dict[str, Any]:
    [(_, take)] = [one for one in here.clips_on("video") if one[1]["media"] == here.file(file)]
    return take


def test_a_take_looks_like_the_clip_it_covers_and_what_cannot_be_copied_is_said(scene):
    here = scene()
    here.tune("Motion", "Position", value=[0.4, 0.6])
    here.tune("Opacity", "Opacity", value=80)
    here.effect("AE.ADBE Lumetri", "Lumetri Color")
    described = here.ask("host.selection")["items"][0]
    assert described["cannot_copy"] == ["Lumetri Color"]
    result = here.ask("host.place", **here.params("take 25.mov"))
    assert result["not_copied"] == ["Lumetri Color"]
    take = the_take(here)
    assert "80" in json.dumps(take.get("looks") or take["look"])
    assert "0.4" in json.dumps(take.get("looks") or take["look"])


def seen_at(here: Scene, clip: str, component: str, name: str, frame: int) -> Any:
    """What a clip shows of a property at a frame of its source."""
    given = {"item": clip} if here.panel == "cep" else {"sequence": here.sequence, "clip": clip}
    return here.fake("valueAt", component=component, name=name, ticks=str(frame * here.frame), **given)


@pytest.mark.parametrize("part", [(100, 24), (106, 10)], ids=["the whole clip", "a part of it"])
def test_keyframes_come_along_and_show_at_each_frame_what_the_clip_shows(scene, part):
    """The clip begins at frame 7 of its file, the take at frame 5 of its own; one keyframe lies before what shows, one behind."""
    here, (start, length) = scene(), part
    here.tune("Motion", "Scale", moving=True, keys=[[str(n * here.frame), value] for n, value in ((3, 100), (15, 148), (60, 13))])
    points = [(0, [0.5, 0.5]), (20, [0.1, 0.9])]
    here.tune("Motion", "Position", moving=True, keys=[[str(n * here.frame), here.point(value)] for n, value in points])
    assert here.ask("host.selection")["items"][0]["cannot_copy"] == []
    wanted = here.params("take 25.mov", frames=length)
    wanted["placement"] |= {"record_start": start, "record_duration": length}
    assert here.ask("host.place", **wanted)["not_copied"] == []
    take = the_take(here)
    for name in ("Scale", "Position"):
        for frame in range(length):
            shown = seen_at(here, here.clip, "Motion", name, 7 + start - 100 + frame)
            assert seen_at(here, take.get("id") or take["key"], "Motion", name, 5 + frame) == pytest.approx(shown), (name, frame)


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ({"bent": True}, ["the curves between the keyframes of Scale"]),
        ({"speed": 2}, ["keyframes of Scale"]),
    ],
    ids=["curves", "retimed"],
)
def test_keyframes_that_do_not_come_as_they_were_are_named(scene, change, lost):
    here = scene()
    here.tune("Motion", "Scale", moving=True, keys=[[str(n * here.frame), value] for n, value in ((3, 100), (60, 200))])
    if "bent" in change:
        here.tune("Motion", "Scale", **change)
    else:
        here.change(here.clip, **change)
    assert here.ask("host.place", **here.params("take 25.mov"))["not_copied"] == lost


def test_a_take_made_from_an_export_is_not_moved_twice(scene):
    here = scene()
    here.tune("Motion", "Position", value=[0.4, 0.6])
    assert here.ask("host.place", **here.params("take 25.mov", baked=True))["not_copied"] == []
    [(_, take)] = [one for one in here.clips_on("video") if one[1]["media"] == here.file("take 25.mov")]
    assert "0.4" not in json.dumps(take.get("looks") or take["look"])


def test_placing_the_same_take_twice_changes_nothing_even_if_it_was_moved(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    before = here.picture()
    assert here.ask("host.place", **here.params("take 25.mov"))["already"]
    assert here.ask("host.switchTake", **here.params("take 25.mov"))["already"]
    assert here.picture() == before
    [(_, take)] = [one for one in here.clips_on("video") if one[1]["media"] == here.file("take 25.mov")]
    here.move(take.get("id") or take["key"], 500, 24)
    assert here.ask("host.place", **here.params("take 25.mov"))["record_start"] == 500
    assert len(here.takes("take 25.mov")) == 1


def test_another_version_replaces_the_shown_one_exactly_and_its_neighbour_shares_the_track(scene):
    here = scene()
    before = here.picture()
    beside = here.params(NASTY_FILE)
    beside["placement"].update(clip=None, record_start=124)
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.ask("host.place", **beside)["track"] == 3
    result = here.ask("host.switchTake", **here.params("take 25 v2.mov"))
    assert (result["already"], result["track"]) == (False, 3)
    assert here.takes("take 25.mov") == []
    assert here.takes("take 25 v2.mov") == [(3, 100, 24, 5)]
    assert here.takes(NASTY_FILE) == [(3, 124, 24, 5)], "the neighbour was cut"
    here.ask("host.switchTake", **here.params("take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)], "the old version was gone from the bin"
    assert here.picture(here.file("take 25.mov"), here.file(NASTY_FILE)) == before


def test_no_take_is_placed_into_another_project(scene):
    here = scene()
    wanted = here.params("take 25.mov")
    here.fake("project", name=NASTY)
    for method in ("host.place", "host.switchTake"):
        fault = here.refusal(method, **wanted)
        assert fault["data"] == {"error": "OtherProject", "code": "panel.premiere-other-project", "params": {"project": NASTY}}
        assert NASTY in fault["message"]
        assert "open that one first" in fault["message"]
    here.fake("reopen", project=here.project)
    assert not here.ask("host.place", **wanted)["already"]


def test_a_take_goes_to_its_own_sequence_though_another_one_is_open(scene):
    here = scene()
    here.new_sequence()
    here.ask("host.place", **here.params("take 25.mov"))
    assert here.fake("about")["sequence"] != here.sequence
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]


def moved(here: Scene) -> None:
    here.move(here.clip, 150, 24)


def trimmed(here: Scene) -> None:
    here.change(here.clip, end=str(118 * here.frame))


def deleted(here: Scene) -> None:
    here.remove(here.clip)


@pytest.mark.parametrize(("meanwhile", "start", "word"), [(moved, 150, "moved"), (trimmed, 100, "trimmed"), (deleted, 100, "no longer")])
def test_what_happened_to_the_clip_while_it_was_rendered_is_followed_or_told(
    scene, meanwhile: Callable[[Scene], None], start: int, word: str
):
    here = scene()
    wanted = here.params("take 25.mov")
    meanwhile(here)
    result = here.ask("host.place", **wanted)
    assert here.takes("take 25.mov") == [(3, start, 24, 5)]
    assert [word in notice for notice in result["notices"]] == [True]


def test_a_take_of_a_part_of_its_clip_lies_on_that_part(scene):
    """A part is neither a moved nor a trimmed clip: one panel laid it over the whole clip, the other said that somebody had trimmed it."""
    here = scene()
    wanted = here.params("take 25.mov", frames=10)
    wanted["placement"] |= {"record_start": 104, "record_duration": 10}
    assert here.ask("host.place", **wanted)["notices"] == []
    assert here.takes("take 25.mov") == [(3, 104, 10, 5)]


def test_speech_goes_to_an_audio_track_of_its_own_and_the_old_dialogue_falls_silent(scene):
    here = scene()
    before = [clip for _, clip in here.clips_on("audio")]
    wanted = here.params("take 25.mov", speech=here.file("speech.wav"), speech_start="2/5", mute="clip", disable_original=True)
    assert here.ask("host.place", **wanted)["notices"] == []
    after = [clip for _, clip in here.clips_on("audio")]
    assert [clip["disabled"] for clip in after] == [True, False, False]
    before[0]["disabled"] = True
    assert after[:2] == before
    assert here.takes("speech.wav", "audio")[1] == (3, 100, 24, 10)
    assert here.clips_on("video")[0][1]["disabled"]


def test_speech_that_begins_later_is_laid_later(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov", speech=here.file("speech.wav"), speech_start="-1/5"))
    assert here.takes("speech.wav", "audio")[1] == (3, 105, 19, 0)


def test_in_points_count_from_the_files_beginning_though_its_timecode_is_low(scene):
    """Media whose timecode begins at frame 4, in point at frame 7: frame 3 was rendered, without a word."""
    here = scene(without=["otio.native"] if scene.panel == "uxp" else [])
    here.add(file=here.file("low timecode.mov"), start=400, length=20, offset=7, selected=True)
    result = here.ask("host.selection")
    parsed = otio.adapters.read_from_string(json.dumps(result["document"]), "otio_json")
    [clip] = [one for one in parsed.find_clips() if one.name == "low timecode.mov" and one.source_range.start_time.rate == 25]
    assert clip.source_range.start_time.value == 7


def test_a_take_with_timecode_of_its_own_is_read_back_from_its_beginning(scene):
    here = scene()
    here.ask("host.place", **here.params("low timecode silent.mov"))
    assert here.takes("low timecode silent.mov") == [(3, 100, 24, 5)]


@pytest.mark.parametrize("switched", [False, True], ids=["placed", "switched"])
def test_where_in_and_out_of_a_file_are_ignored_no_neighbour_is_cut(scene, switched):
    """The whole file would lie over what follows on the takes' track: it goes where the whole file has room."""
    here = scene(also=["marks.are-ignored"])
    here.add_track("video", "HeyGem takes")
    here.add(file=here.file(NASTY_FILE), start=124, length=20, track=2)
    if switched:
        here.add(file=here.file("take 25 v2.mov"), start=100, length=24, track=2)
    before = here.picture()
    reply = here.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": "host.switchTake" if switched else "host.place",
                                      "params": here.params("take 25.mov")})  # fmt: skip
    if "result" in reply:
        assert here.takes("take 25.mov") == [(4, 100, 24, 5)]
    else:
        assert reply["error"]["data"]["code"] == "panel.premiere-wrong-place"
        assert here.takes("take 25.mov") == []
    assert here.picture(here.file("take 25.mov")) == before


def test_a_neighbour_is_not_cut_before_in_and_out_were_seen_to_count(scene):
    """The whole file would reach 34 frames far: with a neighbour there, nothing is tried that could cut it; then tracks are shared."""
    here = scene()
    here.add_track("video", "HeyGem takes")
    here.add(file=here.file(NASTY_FILE), start=124, length=20, track=2)
    assert here.ask("host.place", **here.params("take 25.mov"))["track"] == 4
    assert here.takes(NASTY_FILE) == [(3, 124, 20, 0)]
    beside = here.params("take 25 v2.mov")
    beside["placement"].update(clip=None, record_start=144)
    assert here.ask("host.place", **beside)["track"] == 3


def test_the_blend_mode_is_told_and_never_written(scene):
    """Two public bridges refuse to write it: it is reported to damage projects."""
    here = scene()
    here.tune("Opacity", "Blend Mode", value=5)
    here.tune("Opacity", "Opacity", value=80)
    assert here.ask("host.place", **here.params("take 25.mov"))["not_copied"] == ["Blend Mode"]
    assert here.fake("damaged") is False


def test_an_original_that_spans_the_take_is_never_split(scene):
    """A long shot with takes over parts of it stays one clip, at its place and length."""
    here = scene()
    here.move(here.clip, 90, 48)
    before = here.picture()
    for start, file in ((100, "take 25.mov"), (112, "take 25 v2.mov")):
        wanted = here.params(file, frames=10)
        wanted["placement"] |= {"clip": None, "record_start": start, "record_duration": 10}
        here.ask("host.place", **wanted)
    assert here.picture(here.file("take 25.mov"), here.file("take 25 v2.mov")) == before


def test_what_lies_between_a_clip_and_its_take_is_named_and_an_adjustment_layer_as_what_it_is(scene):
    here = scene()
    layer = here.add(file=here.file("take 25 v2.mov"), start=90, length=60, track=1, name="Grade")
    here.add(file=here.file(NASTY_FILE), start=104, length=4, track=2, name="Lower third")
    here.change(layer, adjustment=True)
    here.add_track("video", "HeyGem takes")
    notices = here.ask("host.place", **here.params("take 25.mov"))["notices"]
    assert here.takes("take 25.mov") == [(4, 100, 24, 5)]
    assert [("adjustment layer “Grade”" in one, "Lower third" in one) for one in notices] == [(True, False), (False, True)]


def test_muting_a_track_is_said(scene):
    here = scene()
    [notice] = here.ask("host.place", **here.params("take 25.mov", mute="track"))["notices"]
    assert "Muted the whole track A1" in notice


def test_premieres_clips_hold_no_takes_and_it_says_so(scene):
    fault = scene().refusal("host.place", **scene().params("take 25.mov", mode="take"))
    assert fault["data"] == {"error": "NoTakes", "code": "panel.premiere-no-takes", "params": {}}
    assert "on a track above" in fault["message"]


def test_the_selection_is_the_clip_and_the_speech_under_it(scene):
    here = scene("29.97", zero=ONE_OCLOCK["29.97"] * TIMEBASES["29.97"])
    here.add(file=here.file("speech.wav"), start=90, length=60, track=2, kind=here.sound)
    here.mute("audio", 1)
    result = here.ask("host.selection")
    assert [(item["id"] == here.id, item["kind"], item["placement"]["track"]) for item in result["items"]] == [
        (True, "picture", 1), (False, "sound", 3)]  # fmt: skip
    wanted = here.params("x")["placement"]
    assert {name: result["items"][0]["placement"][name] for name in ("record_start", "record_duration", "rate", "project")} == {
        name: wanted[name] for name in ("record_start", "record_duration", "rate", "project")}  # fmt: skip
    assert result["sequence"] == {"id": here.sequence, "name": "Scene", "rate": "30000/1001", "start_frame": 107892, "drop_frame": True}


def test_the_document_is_opentimelineio_with_the_clips_ids_and_retimes(scene):
    here = scene()
    here.change(here.clip, speed=2, reversed=1)
    result = here.ask("host.selection")
    parsed = otio.adapters.read_from_string(json.dumps(result["document"]), "otio_json")
    found = {clip.metadata["heygem"]["id"]: clip for clip in parsed.find_clips()}
    assert len(found) == 4
    clip = found[here.id]
    assert clip.metadata["heygem"]["link"] == next(one for key, one in found.items() if key != here.id and "link" in one.metadata["heygem"]
                                                   ).metadata["heygem"]["link"]  # fmt: skip
    assert clip.effects[0].time_scalar == -2


def test_names_full_of_quotes_newlines_and_script_travel_unharmed_both_ways(scene):
    here = scene()
    here.change(here.clip, name=NASTY)
    assert here.ask("host.selection")["items"][0]["name"] == NASTY
    markers = [{"record_start": 100, "record_duration": 5, "name": NASTY, "comment": NASTY}]
    wanted = {"placement": here.params("x")["placement"], "markers": markers}
    assert here.ask("host.markers", **wanted)["added"] == 1
    assert here.ask("host.markers", **wanted)["already"] == 1
    here.ask("host.place", **here.params(NASTY_FILE))
    assert here.takes(NASTY_FILE) == [(3, 100, 24, 5)]
    assert here.ask("host.place", **here.params(NASTY_FILE))["already"]


def test_a_place_is_brought_into_view(scene):
    here = scene()
    here.ask("host.reveal", placement=here.params("x")["placement"])
    assert here.picture()["playhead"] == str(100 * here.frame)


ODD: list[Any] = [
    None,
    "x",
    7,
    [],
    [1],
    {"__proto__": {"take": "x"}},
    {"constructor": 1},
    {"placement": []},
    {"placement": {"__proto__": {}}},
]


def test_parameters_of_any_shape_are_refused_before_anything_reaches_premiere(scene):
    here = scene()
    for params in ODD:
        for method in ("host.place", "host.switchTake", "host.markers", "host.reveal", "host.export"):
            reply = here.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
            assert reply["error"]["code"] == -32602, (method, params, reply)


def test_methods_that_are_no_methods_are_refused(scene):
    here = scene()
    for method in ("__proto__", "constructor", "toString", "hasOwnProperty", "host.", "", None, 7, {}, ["host.place"]):
        reply = here.fake("ask", request={"jsonrpc": "2.0", "id": 1, "method": method, "params": {}})
        assert reply["error"]["data"] == {"error": "UnknownMethod", "code": "panel.premiere-unknown-method", "params": {}}, method
        assert "install premiere" in reply["error"]["message"]
    for request in (None, 7, "host.place", [], {"id": 1}):
        assert "result" not in (here.fake("ask", request=request) or {})


def test_places_that_no_sequence_has_are_a_sentence(scene):
    """A rate of zero divided by zero, and a length of zero too: "Division by zero" is nothing an editor can act on."""
    here = scene()
    starts = [{"record_start": -1}, {"record_start": 10**12}]
    for odd in ({"rate": "0/1"}, {"rate": "-25/1"}, {"record_duration": 0}, {"record_duration": -3}, *starts):
        wanted = here.params("take 25.mov")
        wanted["placement"] |= odd
        fault = here.refusal("host.place", **wanted)
        assert fault["data"] == {"error": "BadPlacement", "code": "panel.bad-place", "params": {}}, odd
        assert "read the selection again" in fault["message"]
    assert here.takes("take 25.mov") == []


def test_unknown_parameters_are_named(scene):
    here = scene()
    wanted = here.params("take 25.mov", evil=1)
    wanted["placement"]["rate"] = "fast"
    fault = here.refusal("host.place", **wanted)
    assert fault["code"] == -32602
    assert "evil is unknown" in fault["message"]


def test_takes_lie_in_a_bin_for_each_sequence_and_day_and_carry_a_label(scene):
    here = scene()
    here.ask("host.place", **here.params("take 25.mov", speech=here.file("take speech.wav"), speech_start="0/1"))
    here.ask("host.switchTake", **here.params("take 25 v2.mov"))
    bins = [one for one in here.fake("bins") if one["bin"]]
    assert {Path(one["media"]).name for one in bins} == {"take 25.mov", "take 25 v2.mov", "take speech.wav"}
    assert {tuple(one["bin"]) for one in bins} == {("HeyGem takes", f"Scene {date.today().isoformat()}")}
    assert {one["label"] for one in bins} == {9}, "teal"


def test_a_selection_drawn_around_a_clip_does_not_render_the_take_above_it_again(scene):
    """The UXP panel cannot name a track in the same step as the take, so there the take's bin tells."""
    here = scene()
    here.ask("host.place", **here.params("take 25.mov"))
    take = the_take(here)
    here.change(take.get("id") or take["key"], selected=True)
    pictures = [item for item in here.ask("host.selection")["items"] if item["kind"] == "picture"]
    assert [item["placement"]["track"] for item in pictures] == [1]


def relinking(here: Scene, file: str) -> dict[str, Any]:
    return here.params(file, mode="relink")


def test_a_later_version_takes_the_place_of_the_file_so_that_trims_and_effects_on_the_take_stay(scene):
    here = scene()
    assert here.ask("host.place", **relinking(here, "take 25.mov"))["already"] is False
    take = the_take(here)
    name = take.get("id") or take["key"]
    here.move(name, 102, 20)  # trimmed by the editor
    here.change(name, inPoint=str(7 * here.frame))
    before = here.picture(here.file("take 25.mov"))
    answer = here.ask("host.switchTake", **relinking(here, "take 25 v2.mov"))
    assert (answer["record_start"], answer["record_duration"]) == (102, 20)
    assert [one["code"] for one in answer["notice_messages"]] == ["panel.relinked"]
    assert here.takes("take 25.mov") == []
    assert here.takes("take 25 v2.mov") == [(3, 102, 20, 7)]
    assert here.picture(here.file("take 25 v2.mov")) == before, "something else changed"
    assert here.ask("host.switchTake", **relinking(here, "take 25 v2.mov"))["already"]
    here.ask("host.switchTake", **relinking(here, "take 25.mov"))
    assert here.takes("take 25.mov") == [(3, 102, 20, 7)]


@pytest.mark.parametrize("how", ["refused", "another length"])
def test_a_version_that_cannot_take_the_place_of_the_file_is_laid_over_it(scene, how):
    """A file of another length would show other frames at the same place."""
    here = scene(also=["relink.is-refused"] if how == "refused" else [])
    here.ask("host.place", **relinking(here, "take 25.mov"))
    other = "take 25 v2.mov" if how == "refused" else "nest.mov"
    here.ask("host.switchTake", **relinking(here, other))
    assert here.takes(other) == [(3, 100, 24, 5)]
    assert [one["media"] for one in here.fake("bins") if one["bin"] and one["media"].endswith("take 25.mov")], "its file was put back"


def test_a_take_of_a_project_that_is_open_behind_another_one_waits_and_the_person_is_told_where_it_is(scene):
    here = scene()
    wanted = here.params("take 25.mov")
    other = here.fake("project", name="Reel 2")
    refused = here.refusal("host.place", **wanted)
    assert (refused["data"]["error"], refused["data"]["code"]) == ("OtherProject", "panel.premiere-other-project")
    here.fake("openBehind", projects=[here.project])
    refused = here.refusal("host.place", **wanted)
    assert (refused["data"]["code"], refused["data"]["params"]) == (
        "panel.premiere-project-behind",
        {"project": "Reel 2", "wanted": "Film"},
    )
    here.fake("reopen", project=here.project)
    here.fake("openBehind", projects=[other])
    assert here.ask("host.place", **wanted)["track"] == 3


def test_a_crop_effect_comes_along_with_its_keyframes(scene):
    """It is on no fresh clip, so it has to be added to the take first; two of them stay two."""
    here = scene()
    here.effect("AE.ADBE AECrop", "Crop")
    here.tune("Crop", "Left", value=12.5)
    here.tune("Crop", "Top", moving=True, keys=[[str(n * here.frame), value] for n, value in ((7, 0), (31, 48))])
    assert here.ask("host.selection")["items"][0]["cannot_copy"] == []
    before = here.picture()
    assert here.ask("host.place", **here.params("take 25.mov"))["not_copied"] == []
    take = the_take(here)
    name = take.get("id") or take["key"]
    assert seen_at(here, name, "Crop", "Left", 5) == 12.5
    for frame in (0, 10, 23):
        assert seen_at(here, name, "Crop", "Top", 5 + frame) == pytest.approx(seen_at(here, here.clip, "Crop", "Top", 7 + frame)), frame
    assert here.picture(here.file("take 25.mov")) == before


def test_a_crop_effect_that_could_not_be_added_is_named(scene):
    here = scene()
    here.effect("AE.ADBE AECrop", "Crop")
    here.fake("noEffects")
    assert here.ask("host.place", **here.params("take 25.mov"))["not_copied"] == ["Crop"]
    assert here.takes("take 25.mov") == [(3, 100, 24, 5)]
