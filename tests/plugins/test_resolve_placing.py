"""Placing takes in Resolve: exact, read back, and nothing else on the timeline changes."""

from __future__ import annotations

import json
import shutil
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from heygem_host.errors import HostError
from heygem_resolve.editor import Editor
from heygem_resolve.takes import placement, resolve_takes, take_switch
from heygem_resolve.timeline import state_guard
from tests.plugins.fakes.resolve import Project, Resolve
from tests.plugins.fakes.resolve_timeline import Timeline, TimelineItem, Track
from tests.plugins.media import make_clip, make_speech

RATES = {"23.976": Fraction(24000, 1001), "25": Fraction(25), "29.97": Fraction(30000, 1001), "59.94": Fraction(60000, 1001)}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    for name, rate in RATES.items():
        make_clip(folder / f"clip {name}.mov", rate=rate, frames=60, timecode="01:00:00:00", sound=True)
        make_clip(folder / f"take {name}.mov", rate=rate, frames=34)
        make_clip(folder / f"take {name} v2.mov", rate=rate, frames=34)
    make_speech(folder / "speech.wav", 3)
    return folder


def scene(files: Path, rate: str = "25", *, start: str = "00:00:00:00", **how: Any) -> tuple[Resolve, Timeline, TimelineItem]:
    """A clip of 24 frames at frame 100 with its sound on A1, and a stranger on V2."""
    resolve = Resolve(**how)
    resolve.new_project()
    first = 0 if start.startswith("00") else {"25": 90000, "23.976": 86400, "29.97": 107892, "59.94": 215784}[rate]
    timeline = resolve.new_timeline(rate=rate, start_frame=first, start_timecode=start)
    clip = resolve.add_clip(timeline, str(files / f"clip {rate}.mov"), start=100, length=24, offset=7, sound=1)
    resolve.add_clip(timeline, str(files / f"clip {rate}.mov"), start=300, length=20, track=2)
    clip.properties.update(Pan=12.5, ZoomX=1.2, Opacity=80.0)
    clip.grade = "teal"
    return resolve, timeline, clip


def params(resolve: Resolve, timeline: Timeline, clip: TimelineItem, file: Path, **more: Any) -> dict[str, Any]:
    spot = {"project": resolve.manager.project.id, "sequence": timeline.id, "clip": clip.id, "track": 1, "record_start": 100,
            "record_duration": 24, "rate": f"{timeline.exact_rate.numerator}/{timeline.exact_rate.denominator}"}  # fmt: skip
    spot["baked"] = more.pop("baked", False)
    spot["laying"] = {key: more.pop(key) for key in ("mode", "mute", "disable_original") if key in more}
    return {"take": "take-1", "file": str(file), "name": file.name, "placement": spot, "handles": 5, "frames": 24, **more}


def taken(timeline: Timeline, file: Path) -> list[tuple[int, TimelineItem]]:
    tracks = enumerate(timeline.tracks["video"], 1)
    return [(number, item) for number, track in tracks for item in track.items if item.media and item.media.path == str(file)]


@pytest.mark.parametrize("start", ["00:00:00:00", "01:00:00:00"])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("without", [frozenset(), frozenset({"append.end-is-exclusive"})], ids=["end-exclusive", "end-inclusive"])
def test_a_take_lies_above_its_clip_at_the_exact_frame(files, rate, start, without):
    start = start.replace(":00:00:00", ":00:00;00") if rate in ("29.97", "59.94") and start.startswith("01") else start
    resolve, timeline, clip = scene(files, rate, start=start, without=without)
    before, file = timeline.picture(), files / f"take {rate}.mov"

    result = placement.place(Editor(resolve), params(resolve, timeline, clip, file))

    [(track, item)] = taken(timeline, file)
    assert (track, item.start - timeline.start_frame, item.length, item.offset) == (3, 100, 24, 5)
    assert result == {
        "take": "take-1",
        "already": False,
        "track": 3,
        "record_start": 100,
        "record_duration": 24,
        "not_copied": [],
        "not_copied_messages": [],
        "notices": [],
        "notice_messages": [],
    }
    assert timeline.picture(frozenset({str(file)})) == before


def test_a_take_looks_like_the_clip_it_covers(files):
    resolve, timeline, clip = scene(files)
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    [(_, item)] = taken(timeline, files / "take 25.mov")
    assert item.properties == clip.properties
    assert item.grade == "teal"


def test_what_cannot_be_copied_is_said(files):
    resolve, timeline, clip = scene(files, version=(17, 4))
    clip.comps = 1
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert any("grade" in line for line in result["not_copied"])
    assert any("Fusion" in line for line in result["not_copied"])


def test_a_grade_that_is_copied_in_part_or_not_at_all_is_said(files):
    """CopyGrades says True to both."""
    resolve, timeline, clip = scene(files, also=frozenset({"grade.copy-does-nothing"}))
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert result["not_copied"] == ["the grade (Resolve copied other nodes than the clip has)"]
    resolve, timeline, clip = scene(files)
    resolve.manager.project.layers, clip.layers = 2, ["vignette"]
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert [line for line in result["not_copied"] if "several node layers" in line] == result["not_copied"] != []
    clip.layers = [""]
    again = resolve.add_clip(timeline, str(files / "clip 25.mov"), start=200, length=24)
    from heygem_resolve.timeline import clip_attributes

    assert clip_attributes.copy(clip, again, 2) == ()


def test_a_property_that_resolve_pretends_to_set_is_said(files, monkeypatch):
    resolve, timeline, clip = scene(files)
    original = TimelineItem.__init__

    def born_stubborn(self, *rest):
        original(self, *rest)
        self.ignored = {"ZoomX"}

    monkeypatch.setattr(TimelineItem, "__init__", born_stubborn)
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert result["not_copied"] == ["zoom"]


def test_a_take_made_from_an_export_is_not_moved_and_graded_twice(files):
    resolve, timeline, clip = scene(files)
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", baked=True))
    [(_, item)] = taken(timeline, files / "take 25.mov")
    assert item.grade == ""
    assert item.properties["Pan"] == 0.0


def test_placing_the_same_take_twice_changes_nothing(files):
    resolve, timeline, clip = scene(files)
    first = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    before = timeline.picture()
    second = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert second == {**first, "already": True}
    assert timeline.picture() == before


def test_a_take_that_the_editor_moved_is_not_placed_again(files):
    resolve, timeline, clip = scene(files)
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    [(_, item)] = taken(timeline, files / "take 25.mov")
    item.start += 200
    assert placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))["already"]
    assert len(taken(timeline, files / "take 25.mov")) == 1


def test_takes_of_several_clips_share_one_track_and_a_second_version_gets_another(files):
    resolve, timeline, clip = scene(files)
    other = resolve.add_clip(timeline, str(files / "clip 25.mov"), start=124, length=24)
    aside = params(resolve, timeline, other, files / "take 25.mov")
    aside["placement"]["record_start"] = 124
    first = placement.place(Editor(resolve), aside)["track"]
    beside = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25 v2.mov"))["track"]
    shutil.copy(files / "take 25.mov", files / "take 25 v3.mov")
    second_version = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25 v3.mov"))["track"]
    assert (first, beside, second_version) == (3, 3, 4)
    assert [track.name for track in timeline.tracks["video"]][2:] == ["HeyGem takes", "HeyGem takes"]


def test_the_editor_is_left_as_it_was(files):
    resolve, timeline, clip = scene(files)
    own = resolve.manager.project.pool.AddSubFolder(resolve.manager.project.pool.root, "Rushes")
    resolve.OpenPage("color")
    timeline.playhead = "00:00:09:03"
    timeline.SetMarkInOut(3, 90, "video")
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert resolve.app.page == "color"
    assert resolve.manager.project.pool.current is own
    assert timeline.playhead == "00:00:09:03"
    assert timeline.marks == {"video": {"in": 3, "out": 90}}


@pytest.mark.parametrize(
    ("marks", "kept"),
    [
        ({}, {}),
        ({"video": {"in": 3}}, {"video": {"in": 3, "out": 99}}),
        ({"audio": {"out": 40}}, {"audio": {"in": 0, "out": 40}}),
        ({"video": {"in": 3, "out": 9}, "audio": {"in": 5}}, {"video": {"in": 3, "out": 9}, "audio": {"in": 5, "out": 99}}),
    ],
    ids=["cleared", "a lone in", "a lone out", "both and one"],
)
@pytest.mark.parametrize("meddled", [False, True], ids=["untouched", "changed meanwhile"])
def test_marks_that_are_missing_or_lone_are_kept(files, meddled, marks, kept):
    """GetMarkInOut leaves out what is not set: a lone In raised KeyError and was lost. What nobody changed stays to the letter."""
    resolve, timeline, _ = scene(files)
    timeline.marks = json.loads(json.dumps(marks))
    timeline.GetEndFrame = lambda: timeline.start_frame + 100  # type: ignore[method-assign]
    with state_guard.as_it_was(Editor(resolve), resolve.manager.project):
        if meddled:
            timeline.marks = {"video": {"in": 1, "out": 2}, "audio": {"in": 1, "out": 2}}
    assert timeline.marks == (kept if meddled else marks)


def test_the_editor_is_left_as_it_was_when_placing_fails(files, monkeypatch):
    resolve, timeline, clip = scene(files)
    before, tracks = timeline.picture(), len(timeline.tracks["video"])
    monkeypatch.setattr("tests.plugins.fakes.resolve_media.MediaPool.AppendToTimeline", lambda self, infos: [])
    with pytest.raises(HostError, match="shows nothing"):
        placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert timeline.picture() == before
    assert len(timeline.tracks["video"]) == tracks, "the empty track that was made for the take stays behind"
    assert resolve.app.page == "edit"


def test_a_take_goes_to_its_own_timeline_though_another_one_is_open(files):
    resolve, timeline, clip = scene(files)
    other = resolve.new_timeline(name="Trailer")
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert len(taken(timeline, files / "take 25.mov")) == 1
    assert other.picture() == {}
    assert resolve.manager.project.timeline is other


def test_no_take_is_placed_into_another_project(files):
    resolve, timeline, clip = scene(files)
    wanted = params(resolve, timeline, clip, files / "take 25.mov")
    resolve.new_project("Other film")
    strange = resolve.new_timeline()
    with pytest.raises(HostError, match="Other film") as caught:
        placement.place(Editor(resolve), wanted)
    assert caught.value.kind == "OtherProject"
    assert strange.picture() == {}


def test_a_take_follows_a_clip_that_was_moved_meanwhile(files):
    resolve, timeline, clip = scene(files)
    clip.start += 50
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert result["record_start"] == 150
    assert "moved" in result["notices"][0]


def test_a_take_whose_clip_was_deleted_lies_where_the_clip_was(files):
    resolve, timeline, clip = scene(files)
    timeline.DeleteClips([clip])
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert result["record_start"] == 100
    assert "no longer" in result["notices"][0]


def test_a_title_that_the_take_covers_is_said(files):
    resolve, timeline, clip = scene(files)
    title = resolve.add_clip(timeline, None, start=110, length=30, track=2)
    title.name = "Lower third"
    assert "Lower third" in placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))["notices"][0]


def test_a_file_that_is_gone_is_told_before_anything_is_touched(files):
    resolve, timeline, clip = scene(files)
    with pytest.raises(HostError, match="not on this machine"):
        placement.place(Editor(resolve), params(resolve, timeline, clip, files / "gone.mov"))
    assert len(timeline.tracks["video"]) == 2


def test_a_take_of_another_rate_that_cannot_have_the_exact_length_is_refused(files):
    resolve, timeline, clip = scene(files)
    wanted = params(resolve, timeline, clip, files / "take 59.94.mov")
    with pytest.raises(HostError, match="frames long") as caught:
        placement.place(Editor(resolve), wanted)
    assert caught.value.kind == "WrongLength"
    assert taken(timeline, files / "take 59.94.mov") == []


def test_speech_goes_to_an_audio_track_of_its_own_and_the_old_dialogue_falls_silent(files):
    resolve, timeline, clip = scene(files)
    before = timeline.picture()["audio 1"]["items"][0]
    wanted = params(resolve, timeline, clip, files / "take 25.mov", speech=str(files / "speech.wav"), speech_start="2/5", mute="clip")
    result = placement.place(Editor(resolve), wanted)
    assert result["notices"] == []
    speech = timeline.tracks["audio"][1].items[0]
    assert (timeline.tracks["audio"][1].name, speech.start, speech.length, speech.offset) == ("HeyGem speech", 100, 24, 10)
    assert timeline.picture()["audio 1"]["items"][0] == {**before, "enabled": False}


def test_speech_that_begins_later_is_placed_later(files):
    resolve, timeline, clip = scene(files)
    wanted = params(resolve, timeline, clip, files / "take 25.mov", speech=str(files / "speech.wav"), speech_start="-1/5")
    placement.place(Editor(resolve), wanted)
    speech = timeline.tracks["audio"][1].items[0]
    assert (speech.start, speech.length, speech.offset) == (105, 19, 0)


def test_muting_a_track_is_said(files):
    resolve, timeline, clip = scene(files)
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mute="track"))
    assert not timeline.tracks["audio"][0].enabled
    assert result["notices"] == ["Muted the whole track Audio 1."]


@pytest.mark.parametrize("without", [frozenset(), frozenset({"take.end-is-exclusive"})], ids=["end-exclusive", "end-inclusive"])
def test_a_take_becomes_a_take_of_the_clip(files, without):
    resolve, timeline, clip = scene(files, without=without)
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mode="take"))
    assert (clip.shown, clip.length, clip.offset, clip.start) == (2, 24, 5, 100)
    assert clip.media.path == str(files / "take 25.mov")
    assert [take[0].path for take in clip.takes] == [str(files / "clip 25.mov"), str(files / "take 25.mov")]
    assert result["track"] == 1
    again = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mode="take"))
    assert again["already"]
    assert len(clip.takes) == 2


def test_a_take_from_an_export_never_becomes_a_take_of_its_clip(files):
    """It has the clip's zoom and grade in its pixels, and would get both once more."""
    resolve, timeline, clip = scene(files)
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mode="take", baked=True))
    [(track, item)] = taken(timeline, files / "take 25.mov")
    assert (track, item.grade, clip.takes) == (3, "", [])
    assert "lies on a track above" in result["notices"][0]


def test_the_original_is_disabled_if_the_person_chose_so_and_a_locked_one_is_told(files):
    resolve, timeline, clip = scene(files)
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", disable_original=True))
    assert not clip.enabled
    resolve, timeline, clip = scene(files)
    clip.stubborn = True
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", disable_original=True))
    assert result["notices"] == ["Resolve did not disable the original clip: is its track locked?"]


def test_a_mute_that_resolve_does_not_confirm_is_told(files):
    resolve, timeline, clip = scene(files, also=frozenset({"track.enable-is-ignored"}))
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mute="track"))
    assert "does not confirm" in result["notices"][0]


def test_two_timelines_of_one_name_are_two_timelines(files):
    resolve, timeline, clip = scene(files)
    twin = resolve.new_timeline(name=timeline.name)
    resolve.add_clip(twin, str(files / "clip 25.mov"), start=100, length=24)
    before = twin.picture()
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert twin.picture() == before
    assert len(taken(timeline, files / "take 25.mov")) == 1


def test_a_deleted_timeline_is_a_sentence_and_nothing_is_placed_elsewhere(files):
    resolve, timeline, clip = scene(files)
    wanted = params(resolve, timeline, clip, files / "take 25.mov")
    resolve.manager.project.timelines.remove(timeline)
    other = resolve.new_timeline()
    with pytest.raises(HostError, match="no longer in the project") as caught:
        placement.place(Editor(resolve), wanted)
    assert caught.value.kind == "TimelineGone"
    assert other.picture() == {}


def test_names_full_of_quotes_newlines_and_separators_travel_unharmed(files):
    resolve, timeline, clip = scene(files)
    evil = 'He said "no"\n</script>\u2028\u2029\\ ; DROP \x00'
    timeline.tracks["video"][0].name = clip.name = timeline.name = evil
    resolve.add_clip(timeline, None, start=110, length=30, track=2).name = evil
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    assert evil in result["notices"][0]
    from heygem_resolve.timeline import otio_document, selection

    found = selection.read_selection(Editor(resolve))
    assert found["sequence"]["name"] == evil
    timeline.selected = [clip]
    item = selection.read_selection(Editor(resolve))["items"][0]
    assert item["name"] == evil
    written = otio_document.exported(Editor(resolve), timeline)
    assert written is not None
    assert evil in [child["name"] for track in written["tracks"]["children"] for child in track["children"]]


def test_another_version_is_shown_at_the_same_place_and_the_old_one_stays(files):
    resolve, timeline, clip = scene(files)
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    before = timeline.picture(frozenset({str(files / "take 25.mov"), str(files / "take 25 v2.mov")}))
    wanted = params(resolve, timeline, clip, files / "take 25 v2.mov")
    assert not take_switch.switch(Editor(resolve), wanted)["already"]
    [(track, item)] = taken(timeline, files / "take 25 v2.mov")
    assert (track, item.start, item.length, item.offset) == (3, 100, 24, 5)
    assert resolve_takes.index_of(item, str(files / "take 25.mov")) == 1
    assert take_switch.switch(Editor(resolve), wanted)["already"]
    take_switch.switch(Editor(resolve), {**wanted, "file": str(files / "take 25.mov")})
    assert item.media.path == str(files / "take 25.mov")
    assert timeline.picture(frozenset({str(files / "take 25.mov"), str(files / "take 25 v2.mov")})) == before


@pytest.mark.parametrize("how", ["replaced", "refused", "another length"])
def test_a_later_version_takes_the_place_of_the_file_so_that_trims_and_effects_on_the_take_stay(files, how):
    resolve, timeline, clip = scene(files, also=frozenset({"relink.is-refused"} if how == "refused" else ()))
    other = files / ("clip 25.mov" if how == "another length" else "take 25 v2.mov")
    placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov", mode="relink"))
    [(_, item)] = taken(timeline, files / "take 25.mov")
    item.grade = "the editor's own"
    result = take_switch.switch(Editor(resolve), params(resolve, timeline, clip, other, mode="relink"))
    assert item.media.path == str(other)
    assert (item.start, item.length, item.offset, item.grade) == (100, 24, 5, "the editor's own")
    relinked = [one["code"] for one in result["notice_messages"]] == ["panel.relinked"]
    assert relinked == (how == "replaced")
    assert item.takes == [] if relinked else resolve_takes.index_of(item, str(files / "take 25.mov")) == 1, (
        "else both are takes of the clip"
    )


def test_takes_lie_in_a_bin_for_each_timeline_and_day_and_carry_a_colour(files):
    resolve, timeline, clip = scene(files)
    for name in ("take 25.mov", "take 25 v2.mov"):
        placement.place(Editor(resolve), params(resolve, timeline, clip, files / name))
    [ours] = resolve.manager.project.pool.root.folders
    [today] = ours.folders
    assert (ours.name, today.name) == ("HeyGem takes", f"Scene {date.today().isoformat()}")
    assert [(media.name, media.colour) for media in today.clips] == [("take 25.mov", "Teal"), ("take 25 v2.mov", "Teal")]
    assert [item.colour for name in ("take 25.mov", "take 25 v2.mov") for _, item in taken(timeline, files / name)] == ["Teal", "Teal"]


@pytest.mark.parametrize(
    ("also", "codes", "lost"),
    [
        ((), ["panel.keyframes-came"], []),
        (("attributes.without-keyframes",), [], ["panel.lost-keyframes"]),
        (("attributes.other-arguments",), [], ["panel.lost-keyframes"]),
        (("attributes.copy-retimes",), [], ["panel.lost-keyframes"]),
    ],
    ids=["all of it", "without keyframes", "other arguments", "with the speed"],
)
def test_what_resolve_copies_at_once_since_21_1_is_read_back(files, also, codes, lost):
    """No public source tells what CopyAttributes does: the take must lie as it lay, and keyframes count once the document shows them."""
    resolve, timeline, clip = scene(files, version=(21, 1), also=frozenset(also))
    moves = {"Parameter ID": "transformationZoomX", "Parameter Value": 1.0, "Key Frames": {"0": {"Value": 1.0}, "24": {"Value": 1.4}}}
    clip.effects = [{"OTIO_SCHEMA": "Effect.1", "metadata": {"Resolve_OTIO": {"Type": 2, "Enabled": True, "Parameters": [moves]}}}]
    result = placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))
    [(track, item)] = taken(timeline, files / "take 25.mov")
    assert (track, item.start, item.length, item.offset) == (3, 100, 24, 5)
    assert (item.properties["ZoomX"], item.grade) == (1.2, "teal")
    assert [one["code"] for one in result["notice_messages"] if one["code"] != "panel.hides-tracks"] == codes
    assert [one["code"] for one in result["not_copied_messages"]] == lost


def test_a_locked_track_of_ours_is_left_alone(files):
    resolve, timeline, clip = scene(files)
    timeline.tracks["video"].append(Track("HeyGem takes"))
    timeline.tracks["video"][2].locked = True
    assert placement.place(Editor(resolve), params(resolve, timeline, clip, files / "take 25.mov"))["track"] == 4


@pytest.mark.parametrize("entry", ["append.overlap-is-dropped", "append.record-frame-is-absolute"])
def test_the_fake_bites_whoever_trusts_the_call(files, entry):
    """Shows that the fake would find a panel that ignores these habits: done naively, the take is not where it should be."""
    resolve, timeline, _ = scene(files, start="01:00:00:00")
    pool = resolve.manager.project.pool
    pool.ImportMedia([str(files / "take 25.mov")])
    naive = {"mediaPoolItem": pool.root.clips[0], "startFrame": 0, "endFrame": 24, "mediaType": 1}
    where = {
        "append.overlap-is-dropped": {"trackIndex": 1, "recordFrame": 90100},
        "append.record-frame-is-absolute": {"trackIndex": 2, "recordFrame": 100},
    }
    returned = pool.AppendToTimeline([{**naive, **where[entry]}])
    assert len(returned) == 1
    assert taken(timeline, files / "take 25.mov") == []


def test_a_project_is_found_by_its_id_not_its_name(files):
    resolve, timeline, clip = scene(files)
    wanted = params(resolve, timeline, clip, files / "take 25.mov")
    first: Project = resolve.manager.project
    resolve.new_project(first.name)
    resolve.new_timeline()
    with pytest.raises(HostError):
        placement.place(Editor(resolve), wanted)
    resolve.reopen(first)
    assert not placement.place(Editor(resolve), wanted)["already"]
