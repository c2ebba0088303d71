"""What the Resolve panel answers besides placing: selection, the timeline document, exports, markers, and refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import opentimelineio as otio
import pytest

from heygem_core.shot import from_json
from heygem_plugins.protocol import generate
from heygem_resolve import calls
from heygem_resolve.editor import Editor
from heygem_resolve.panel.resolve_side import about
from heygem_server import wire
from heygem_server.hosts.methods import METHODS
from tests.plugins.fakes.resolve import Fusion, Resolve
from tests.plugins.fakes.resolve_timeline import Track
from tests.plugins.media import make_clip, make_speech
from tests.plugins.protocol import check_codes

SCHEMA = json.loads(generate.SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    make_clip(folder / "a.mov", rate=generate.Fraction(25), frames=60, timecode="10:00:00:00", sound=True)
    make_clip(folder / "b.mov", rate=generate.Fraction(25), frames=60)
    make_speech(folder / "speech.wav", 3)
    return folder


@pytest.fixture
def scene(files):
    """Three clips in a row with their sound on A1, speech across all of them on A2, a title on V2."""
    resolve = Resolve()
    resolve.new_project()
    timeline = resolve.new_timeline(start_frame=90000, start_timecode="01:00:00:00")
    clips = [
        resolve.add_clip(timeline, str(files / f"{name}.mov"), start=start, length=20, offset=4, sound=1 if name == "a" else None)
        for name, start in (("a", 10), ("b", 30), ("a", 60))
    ]
    speech = resolve.add_sound(timeline, str(files / "speech.wav"), start=5, length=75, track=2)
    title = resolve.add_clip(timeline, None, start=40, length=10, track=2)
    return resolve, timeline, clips, speech, title


def ask(resolve: Resolve, method: str, **params: Any) -> Any:
    """Through the real table; what comes back must be what the protocol says, seen from both sides."""
    reply = calls.DISPATCHER.answer(Editor(resolve), {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    assert reply is not None
    assert "error" not in reply, reply
    rule = {**SCHEMA["methods"][method]["result"], "$defs": SCHEMA["$defs"]}
    jsonschema.validate(json.loads(json.dumps(reply["result"])), rule)
    kind = METHODS[method].result
    if kind is not None:
        from_json(json.dumps(reply["result"]), kind)
        check_codes(reply["result"])
    return reply["result"]


def refusal(resolve: Resolve, method: str, **params: Any) -> dict[str, Any]:
    reply = calls.DISPATCHER.answer(Editor(resolve), {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    assert reply is not None
    return reply["error"]


def spot(resolve, timeline, **more):
    return {"project": resolve.manager.project.id, "sequence": timeline.id, "clip": None, "track": 1, "record_start": 10,
            "record_duration": 20, "rate": "25/1", **more}  # fmt: skip


def test_the_schema_is_what_the_server_says():
    """A change of wire.py or of the table of methods without `python -m heygem_plugins.protocol.generate` would leave the panels behind."""
    assert json.loads(json.dumps(generate.schema())) == SCHEMA


def test_selected_clips_come_with_the_speech_that_lies_under_them(scene):
    resolve, timeline, clips, speech, _ = scene
    timeline.selected = [clips[2], clips[0]]
    result = ask(resolve, "host.selection")
    assert result["found_by"] == "selection"
    assert [item["id"] for item in result["items"]] == [clips[0].id, clips[2].id, speech.id]
    first = result["items"][0]
    assert first["placement"] == spot(resolve, timeline, clip=clips[0].id)
    assert first["needs_host_export"] is None
    assert result["sequence"] == {"id": timeline.id, "name": "Scene", "rate": "25/1", "start_frame": 90000, "drop_frame": False}


def test_the_speech_that_was_selected_is_the_only_speech(scene, files):
    resolve, timeline, clips, speech, _ = scene
    resolve.add_sound(timeline, str(files / "speech.wav"), start=5, length=75, track=3)
    timeline.selected = [clips[0], speech]
    assert [item["id"] for item in ask(resolve, "host.selection")["items"]] == [clips[0].id, speech.id]


def test_a_take_that_was_caught_by_the_selection_is_not_rendered_again_unless_it_stands_alone(scene):
    resolve, timeline, clips, speech, title = scene
    timeline.tracks["video"][1].name = "HeyGem takes"
    timeline.selected = [clips[1], title, speech]
    assert [item["id"] for item in ask(resolve, "host.selection")["items"]] == [clips[1].id, speech.id]
    timeline.selected = [title, speech]
    assert [item["id"] for item in ask(resolve, "host.selection")["items"]] == [title.id, speech.id]


def test_before_21_0_4_marks_say_what_is_meant(scene):
    resolve, timeline, clips, *_ = scene
    resolve.app.version = (20, 2)
    timeline.selected = [clips[0]]
    timeline.SetMarkInOut(30, 65)
    result = ask(resolve, "host.selection")
    assert result["found_by"] == "marks"
    pictures = [item["id"] for item in result["items"] if item["kind"] == "picture"]
    assert pictures[:2] == [clips[1].id, clips[2].id]
    assert result["marks"] == [30, 66], "the frame at the out mark belongs to the range"
    assert "Timeline.GetSelectedClips" not in resolve.app.calls


def test_a_file_that_is_offline_and_a_proxy_are_named_before_rendering(scene, tmp_path):
    resolve, timeline, clips, *_ = scene
    timeline.selected = [clips[0]]
    codes = lambda: [one["code"] for one in ask(resolve, "host.selection")["items"][0]["notice_messages"]]  # noqa: E731
    assert codes() == []
    clips[0].media.proxy = clips[1].media.path
    assert codes() == ["panel.media-proxy"]
    clips[0].media.path = str(tmp_path / "gone.mov")
    assert codes() == ["panel.media-only-proxy"]
    clips[0].media.proxy = ""
    assert codes() == ["panel.media-offline"]


def test_the_subtitles_over_the_speech_are_shown_beside_it(scene):
    resolve, timeline, clips, *_ = scene
    title = resolve.add_clip(timeline, None, start=35, length=20)
    timeline.tracks["video"][0].items.remove(title)
    title.name = "Good morning"
    timeline.tracks["subtitle"] = [Track("Subtitle 1")]
    timeline.tracks["subtitle"][0].items.append(title)
    speech = resolve.add_sound(timeline, clips[0].media.path, start=30, length=45, track=2)
    timeline.selected = [clips[0], speech]
    assert ask(resolve, "host.selection")["captions"] == [{"record_start": 35, "record_duration": 20, "text": "Good morning"}]
    timeline.tracks["subtitle"][0].enabled = False
    assert ask(resolve, "host.selection")["captions"] == []


def test_without_marks_the_playhead_says_what_is_meant_and_then_a_colour(scene):
    resolve, timeline, clips, *_ = scene
    resolve.app.version = (18, 0)
    clips[2].colour = "Lime"
    timeline.current = clips[1]
    assert ask(resolve, "host.selection")["found_by"] == "playhead"
    timeline.current = None
    result = ask(resolve, "host.selection")
    assert result["found_by"] == "colour"
    assert result["items"][0]["id"] == clips[2].id
    assert result["document"] is None, "18.0 cannot export OpenTimelineIO"


def test_the_document_is_resolves_own_with_every_clips_id(scene):
    resolve, timeline, clips, speech, title = scene
    document = ask(resolve, "host.selection")["document"]
    parsed = otio.adapters.read_from_string(json.dumps(document), "otio_json")
    found = {clip.metadata["heygem"]["id"]: clip for clip in parsed.find_clips()}
    everything = [*clips, *(linked for clip in clips for linked in clip.linked), speech, title]
    assert set(found) == {item.id for item in everything}
    for item in everything:
        start = found[item.id].trimmed_range_in_parent().start_time
        assert round(start.value_rescaled_to(25)) == item.start - timeline.start_frame
        assert found[item.id].name == item.name


def test_what_only_resolve_can_draw_is_said(scene):
    resolve, timeline, _, _, title = scene
    timeline.selected = [title]
    title.comps = 1
    item = ask(resolve, "host.selection")["items"][0]
    assert "only Resolve" in item["needs_host_export"]
    assert item["path"] is None
    assert item["cannot_copy"] == ["its Fusion composition"]


def effect(
    number: int, name: str, *, moves: bool = False, value: float = 1.0, default: float = 1.0, enabled: bool = True
) -> dict[str, Any]:
    keys = {"0": {"Value": 1.0, "Variant Type": "Double"}, "20": {"Value": 1.5, "Variant Type": "Double"}} if moves else {}
    parameter = {"Parameter ID": "p", "Parameter Value": value, "Default Parameter Value": default, "Key Frames": keys}
    about = {"Effect Name": name, "Enabled": enabled, "Name": name, "Parameters": [parameter], "Type": number}
    return {"OTIO_SCHEMA": "Effect.1", "name": "", "effect_name": "Resolve Effect", "metadata": {"Resolve_OTIO": about}}


@pytest.mark.parametrize(
    ("given", "lost"),
    [
        (effect(2, "Transform", value=1.2), []),
        (effect(2, "Transform", moves=True), ["the keyframes of position and zoom"]),
        (effect(3, "Zuschneiden", moves=True), ["the keyframes of crop"]),
        (effect(1, "Composite", moves=True, enabled=False), []),
        (effect(36, "Video Faders", value=12.0, default=0.0), ["its fades"]),
        (effect(36, "Video Faders", value=0.0, default=0.0), []),
        (effect(77, "Film Grain", value=0.5, default=0.0), ["the effect “Film Grain”"]),
        (effect(77, "Dynamic Zoom"), []),
    ],
)
def test_what_only_the_timeline_document_tells_is_told_before_a_take_is_placed(scene, given, lost):
    """The API gives the values of zoom and position and never says that they move."""
    resolve, timeline, clips, speech, _ = scene
    clips[0].effects = [given]
    timeline.selected = [clips[0], clips[1], speech]
    items = ask(resolve, "host.selection")["items"]
    assert [item["cannot_copy"] for item in items] == [lost, [], []]


@pytest.mark.parametrize(("scalar", "only_resolve"), [(1.0, False), (0.5, True), (None, True)])
def test_a_retimed_sound_is_resolves_to_export(scene, scalar, only_resolve):
    resolve, timeline, clips, speech, _ = scene
    warp = {"OTIO_SCHEMA": "LinearTimeWarp.1", "time_scalar": scalar} if scalar else {"OTIO_SCHEMA": "TimeEffect.1"}
    speech.effects = [{**warp, "name": "", "effect_name": "", "metadata": {}}]
    timeline.selected = [clips[0], speech]
    picture, sound = ask(resolve, "host.selection")["items"]
    assert (picture["needs_host_export"], sound["needs_host_export"] is not None) == (None, only_resolve)


def test_a_dissolve_at_a_clips_end_is_told_and_is_no_clip(scene):
    """Since 21.1 tracks list their transitions among the clips: taken for one, it would be in the way of every take."""
    resolve, timeline, clips, *_ = scene
    resolve.app.version = (21, 1)
    dissolve = resolve.add_clip(timeline, None, start=25, length=10)
    dissolve.kind = "transition"
    timeline.selected = [clips[0], clips[1], dissolve]
    items = ask(resolve, "host.selection")["items"]
    pictures = [item for item in items if item["kind"] == "picture"]
    assert [item["id"] for item in pictures] == [clips[0].id, clips[1].id]
    assert [item["cannot_copy"] for item in pictures] == [["the transition at its end"], ["the transition at its start"]]


def test_fades_and_switched_off_sections_are_copied_where_the_version_can_and_dynamic_zoom_is_told(scene):
    from heygem_resolve.timeline import clip_attributes

    resolve, _, clips, *_ = scene
    resolve.app.version = (21, 1)
    source, target = clips[0], clips[1]
    source.fades, source.sections["TransformEnabled"] = {"FadeIn": 12.0, "FadeOut": 0.0}, False
    source.sections["DynamicZoomEnabled"] = True
    assert [lost["message"] for lost in clip_attributes.copy(source, target)] == ["its dynamic zoom"]
    assert (target.fades["FadeIn"], target.sections["TransformEnabled"]) == (12, False)
    resolve.app.version = (20, 0)
    assert clip_attributes.copy(source, clips[2]) == ()
    assert clips[2].fades["FadeIn"] == 0.0


def test_markers_are_set_once_and_never_replace_the_editors_own(scene):
    resolve, timeline, *_ = scene
    timeline.markers[12] = {"name": "mine", "customData": ""}
    markers = [{"record_start": 12, "record_duration": 5, "name": "weak", "comment": "the mouth is hidden"}]
    where = spot(resolve, timeline)
    assert ask(resolve, "host.markers", placement=where, markers=markers) == {
        "added": 1,
        "already": 0,
        "notices": [],
        "notice_messages": [],
    }
    assert ask(resolve, "host.markers", placement=where, markers=markers) == {
        "added": 0,
        "already": 1,
        "notices": [],
        "notice_messages": [],
    }
    assert timeline.markers[12]["name"] == "mine"
    assert timeline.markers[13] == {"color": "Yellow", "name": "weak", "note": "the mouth is hidden", "duration": 4,
                                    "customData": "heygem:12:5:weak"}  # fmt: skip


def test_a_place_is_brought_into_view(scene):
    resolve, timeline, *_ = scene
    resolve.OpenPage("deliver")
    ask(resolve, "host.reveal", placement=spot(resolve, timeline, record_start=26))
    assert timeline.playhead == "01:00:01:01"
    assert resolve.app.page == "edit"


def test_parameters_are_checked_before_anything_reaches_resolve(scene):
    resolve, timeline, *_ = scene
    resolve.app.calls.clear()
    fault = refusal(resolve, "host.place", take="t", file=3, name="x", placement=spot(resolve, timeline, rate="fast"), frames=1, evil=True)
    assert fault["code"] == -32602
    for word in ("file must be of type string", "placement.rate", "evil is unknown"):
        assert word in fault["message"]
    assert resolve.app.calls == []


def test_only_the_calls_of_the_table_can_be_called(scene):
    assert refusal(scene[0], "Quit")["code"] == -32601


def test_a_closed_project_is_a_sentence_not_a_crash(scene):
    resolve = scene[0]
    resolve.manager.project = None
    assert refusal(resolve, "host.selection")["data"] == {"error": "NoProject", "code": "panel.no-project", "params": {"editor": "Resolve"}}


def test_an_editor_whose_objects_died_is_a_sentence_too(scene):
    resolve = scene[0]
    resolve.app.broken = True
    fault = refusal(resolve, "host.selection")
    assert (fault["data"]["error"], fault["data"]["code"]) == ("EditorFailed", "panel.editor-failed")
    assert fault["data"]["params"]["editor"] == "Resolve"
    assert fault["code"] == -32603


def test_what_the_panel_says_about_itself_is_a_hello(scene):
    hello = about(Editor(scene[0]), "resolve-1")
    assert hello is not None
    said = from_json(json.dumps(hello), wire.HostHello)
    assert said.version == "21.0.4"
    assert {"place.take", "selection.clips", "host.place"} <= set(said.capabilities)
    jsonschema.validate(hello, {**SCHEMA["hello"], "$defs": SCHEMA["$defs"]})


@pytest.mark.parametrize(("version", "studio", "allowed"), [((21, 0, 4), True, True), ((20, 0), False, False), ((18, 6), False, True)])
def test_the_free_edition_is_never_asked_for_a_window(version, studio, allowed):
    """Asking opens a dialog, and every call after it fails."""
    from heygem_resolve.editor import may_open_windows

    resolve = Resolve(version=version, studio=studio)
    assert may_open_windows(Editor(resolve, Fusion(resolve.app), object())) is allowed
    assert not resolve.app.broken
