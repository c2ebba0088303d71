"""Clips that only the editor can decode, with the editor's file in their place: frames, sound and markers, worked out by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opentimelineio as otio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Conformed, Exported, FinishedTake, MediaFacts, Selection, TimelineShot
from heygem_server.timeline.exact_time import exact_seconds
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.publish import publish

from .making import Files, clip, data, effect, external, gap, sound, stack, time, timeline, times, track, transition, video, warp

SPEECH = Selection(speech_tracks=("A1",))


def marked(thing: dict[str, Any], id: str, **more: Any) -> dict[str, Any]:
    return thing | {"metadata": {**thing["metadata"], "heygem": {"id": id}}} | more


def keep(start: float, duration: float, rate: float = 25) -> dict[str, Any]:
    return {
        "OTIO_SCHEMA": "Marker.2",
        "name": "no lip-sync",
        "marked_range": times(start, duration, rate),
        "color": "RED",
        "metadata": {},
        "comment": "",
    }


def spoken(files: Files, *pictures: dict[str, Any], rate: float = 25, start: float = 0) -> dict[str, Any]:
    voice = files.add("voice.wav", sound(3000))
    long = clip("voice", times(0, 2000 * rate, rate), external(voice, times(0, 3000 * rate, rate)))
    return timeline(track("Video", "V1", *pictures), track("Audio", "A1", long), start=time(start, rate))


def exported(files: Files, item: str, facts: MediaFacts, handles: int = 0, *, kind: Any = "picture", before: int | None = None) -> Exported:
    name = f"heygem-{item}-{kind}.{'mov' if kind == 'picture' else 'wav'}"
    return Exported(item=item, kind=kind, path=files.add(name, facts), handles=handles, before=before)


def conformed(files: Files, document: Any, *exports: Exported, selection: Selection = SPEECH) -> Conformed:
    return conform(read_timeline(data(document)).timeline, selection, facts=files.facts, exported=exports)


def one(files: Files, document: Any, *exports: Exported, selection: Selection = SPEECH) -> TimelineShot:
    (row,) = conformed(files, document, *exports, selection=selection).shots
    return row


def frames(row: TimelineShot) -> tuple[int, int | None]:
    assert row.shot is not None, row.error or row.needs_host_export
    return row.shot.start, row.shot.end_exclusive


def nest(name: str = "nest", length: int = 30, *, start: int = 0, effects: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    """Shows two clips of a file that is nowhere."""
    lost = external("/nowhere/lost.mov")
    inner = track("Video", "", clip("one", times(0, 15, 25), lost), clip("two", times(40, 200, 25), lost))
    return marked(stack(name, inner, source=times(start, length, 25), effects=effects), name)


# --- which frames ---


def test_an_export_shows_the_clip_behind_its_handles(files: Files) -> None:
    """Record 50–80 with 10 frames on both sides: 50 frames, of which 10–40 are the clip."""
    row = one(files, spoken(files, gap(50, 25), nest()), exported(files, "nest", video(Fraction(25), 50), 10))
    assert frames(row) == (10, 40)
    assert (row.placement.record_start, row.placement.record_duration) == (50, 30)
    assert row.placement.baked
    assert not row.covers_part
    assert row.needs_host_export is None
    assert row.shot
    assert (row.shot.speed, row.shot.speech_start, row.shot.speech_end) == (1, 2, Fraction(80, 25))
    assert (row.take_seconds, row.take_rate, row.offset_s) == (Fraction(30, 25), 25, 0)


@pytest.mark.parametrize(("wanted", "given", "range"), [(4, 4, (6, 44)), (10, 10, (0, 50)), (25, 10, (0, 50))])
def test_a_take_has_the_handles_that_the_export_holds(files: Files, wanted: int, given: int, range: tuple[int, int]) -> None:
    selection = Selection(speech_tracks=("A1",), handles=wanted)
    row = one(files, spoken(files, gap(50, 25), nest()), exported(files, "nest", video(Fraction(25), 50), 10), selection=selection)
    assert frames(row) == range
    assert (row.handles_before, row.handles_after, row.offset_s) == (given, given, Fraction(given, 25))
    assert row.shot
    assert row.shot.speech_start == Fraction(50 - given, 25)


def test_a_clip_near_the_sequences_start_has_fewer_frames_before_it(files: Files) -> None:
    """Nothing lies before frame 0: of 10 frames asked for there are 3, and the sequence may end 4 frames after the clip."""
    document = spoken(files, gap(3, 25), nest())
    selection = Selection(speech_tracks=("A1",), handles=10)
    row = one(files, document, exported(files, "nest", video(Fraction(25), 37), 10), selection=selection)
    assert frames(row) == (0, 37)
    assert (row.handles_before, row.handles_after) == (3, 4)
    said = one(files, spoken(files, gap(50, 25), nest()), exported(files, "nest", video(Fraction(25), 34), 10, before=4))
    assert frames(said) == (4, 34), "the editor knows best how many it wrote"


def test_ranges_cut_an_export_as_they_cut_a_clip(files: Files) -> None:
    """Record 50–80; marked are 60–65 and 78–90: frames 20–25 and 38–40 of the file. What lies beside them in the file is a handle."""
    export = exported(files, "nest", video(Fraction(25), 50), 10)
    selection = Selection(speech_tracks=("A1",), ranges=((60, 65), (78, 90)), handles=15)
    a, b = conformed(files, spoken(files, gap(50, 25), nest()), export, selection=selection).shots
    assert (a.placement.record_start, a.placement.record_duration) == (60, 5)
    assert (frames(a), a.handles_before, a.handles_after) == ((5, 40), 15, 15)
    assert (b.placement.record_start, b.placement.record_duration) == (78, 2)
    assert a.covers_part
    assert b.covers_part
    assert (frames(b), b.handles_before, b.handles_after) == ((23, 50), 15, 10)


def test_at_59_94_with_a_timecode_of_an_hour(files: Files) -> None:
    rate = Fraction(60000, 1001)
    lost = clip("a", times(0, 120, 59.94), external("/nas/a.braw"))
    document = spoken(files, gap(1001, 59.94), marked(lost, "a"), rate=60000 / 1001, start=60 * 3600)
    row = one(
        files, document, exported(files, "a", video(rate, 132, "01:00:16:35"), 6), selection=Selection(speech_tracks=("A1",), handles=2)
    )
    assert frames(row) == (4, 128)
    assert row.placement.rate == rate
    assert row.shot
    assert row.shot.speech_start == Fraction(999) / rate
    assert row.start_timecode == "01:00:16:35"


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (lambda media: clip("x", times(100, 30, 25), external(media), effects=(warp(2.0),)), "retimed"),
        (lambda media: clip("x", times(100, 30, 25), external(media), effects=(warp(-1.0),)), "reversed"),
        (lambda media: clip("x", times(0, 30, 25), external(media), effects=(effect("FreezeFrame.1", time_scalar=0.0),)), "frozen"),
        (lambda media: clip("x", times(0, 30, 25), external(media), effects=(effect("TimeEffect.1"),)), "of changing speed"),
        (lambda media: clip("x", times(0, 30, 25), external("/nas/a.braw")), "RAW"),
        (lambda media: clip("x", times(0, 30, 25), external("/nowhere/away.png")), "a still that is offline"),
        (lambda media: clip("x", times(0, 30, 25)), "a title or a multicam clip"),
        (lambda media: nest("x", effects=(effect("Effect.1", effect_name="Blur"),)), "a nest with effects"),
        (lambda media: nest("x", effects=(warp(0.5),)), "a retimed nest"),
    ],
)
def test_whatever_a_clip_was_its_export_is_an_ordinary_shot(files: Files, source: Any, why: str) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    document = spoken(files, gap(5, 25), marked(source(media), "x"))
    row = one(files, document, exported(files, "x", video(Fraction(25), 30)))
    assert row.shot, why
    assert (row.shot.speed, frames(row), row.placement.record_start, row.error, row.notices) == (1, (0, 30), 5, None, ()), why


def test_the_export_of_one_clip_changes_no_other(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    two = (marked(clip("a", times(100, 30, 25), external(media)), "a"), marked(clip("b", times(200, 30, 25), external(media)), "b"))
    a, b = conformed(files, spoken(files, *two), exported(files, "a", video(Fraction(25), 30))).shots
    assert (frames(a), a.placement.baked) == ((0, 30), True)
    assert (frames(b), b.placement.baked) == ((200, 230), False)


def test_a_dissolve_is_in_the_export_already(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    a, b = (marked(clip(name, times(100, 30, 25), external(media)), name) for name in ("a", "b"))
    row = conformed(files, spoken(files, a, transition(5, 5, 25), b), exported(files, "b", video(Fraction(25), 30))).shots[1]
    assert (frames(row), row.not_above, row.handles_before, row.notices) == ((0, 30), None, 0, ())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.integers(0, 40),
    length=st.integers(1, 60),
    asked=st.integers(0, 30),
    missing=st.integers(0, 30),
    wanted=st.integers(0, 50),
    marks=st.tuples(st.integers(0, 120), st.integers(1, 60)),
)
def test_every_record_frame_shows_the_frame_of_the_export_that_was_drawn_there(
    files: Files, start: int, length: int, asked: int, missing: int, wanted: int, marks: tuple[int, int]
) -> None:
    """Counted from the file's side: frame k of it was drawn at record frame start − before + k."""
    before, after = min(asked, start), asked - min(missing, asked)
    drawn = range(start - before, start + length + after)
    selection = Selection(speech_tracks=("A1",), handles=wanted, ranges=((marks[0], sum(marks)),))
    document = spoken(files, *([gap(start, 25)] if start else []), nest(length=length))
    for row in conformed(files, document, exported(files, "nest", video(Fraction(25), len(drawn)), asked), selection=selection).shots:
        low, high = frames(row)
        shown = drawn[low:high][row.handles_before : len(drawn[low:high]) - row.handles_after]
        assert shown == range(max(start, marks[0]), min(start + length, sum(marks)))
        assert (shown.start, len(shown)) == (row.placement.record_start, row.placement.record_duration)
        assert row.take_seconds == Fraction(len(drawn[low:high]), 25)
        assert row.shot
        assert row.shot.speech_start == Fraction(drawn[low], 25), "the speech runs along the timeline"
        assert min(row.handles_before, row.handles_after) >= 0
        assert row.handles_before == min(wanted, shown.start - drawn.start)
        assert row.handles_after == min(wanted, drawn.stop - shown.stop)


# --- nests ---


def test_a_nest_is_opened_unless_its_export_is_there(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    inner = track("Video", "", clip("one", times(100, 10, 25), external(media)), clip("two", times(200, 20, 25), external(media)))
    document = spoken(files, gap(5, 25), marked(stack("both", inner, source=times(0, 30, 25)), "both"))
    assert [row.clip for row in conformed(files, document).shots] == ["one", "two"]
    row = one(files, document, exported(files, "both", video(Fraction(25), 30)))
    assert (row.clip, row.key, row.placement.clip) == ("both", "both", "both")


def test_a_chosen_nest_stands_for_what_lies_in_it(files: Files) -> None:
    """Together with another chosen clip, what a nest holds was left out: the ids in it are not the nest's."""
    media = files.add("a.mov", video(Fraction(25), 500))
    inner = track("Video", "", clip("in it", times(100, 10, 25), external(media)))
    chosen = marked(stack("nest", stack("deeper", inner)), "nest")
    other = marked(clip("other", times(0, 10, 25), external(media)), "other")
    left = marked(clip("left", times(0, 10, 25), external(media)), "left")
    voice = marked(clip("voice", times(0, 30, 25), external(files.add("new.wav", sound(9)))), "voice")
    document = timeline(track("Video", "V1", chosen, other, left), track("Audio", "A1", voice), start=time(0, 25))
    rows = conformed(files, document, selection=Selection(ids=("nest", "other", "voice"))).shots
    assert [(row.clip, row.placement.record_start, row.error) for row in rows] == [("in it", 0, None), ("other", 10, None)]
    assert [(row.placement.clip, row.covers_part) for row in rows] == [("nest", True), ("other", False)], "the host knows the nest alone"


def test_an_export_whose_out_point_belongs_to_it_has_a_frame_more_that_is_not_shown(files: Files) -> None:
    row = one(files, spoken(files, gap(50, 25), nest()), exported(files, "nest", video(Fraction(25), 31)))
    assert frames(row) == (0, 30)


# --- what is not as it was asked for ---


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (video(Fraction(25), 39), "has 39 frames where 40 to 51 were wanted: export it again"),
        (video(Fraction(25), 52), "has 52 frames where 40 to 51 were wanted: export it again"),
        (video(Fraction(24), 50), "has 24 frames a second where the timeline has 25: export it at the timeline's rate"),
        (video(Fraction(30000, 1001), 50), "has 29.97 frames a second where the timeline has 25"),
        (MediaFacts(kind="sound", duration_s=Fraction(2), sound=True), "is no video: export it again"),
        (MediaFacts(kind="still", frames=1), "is no video"),
        (
            MediaFacts(
                kind="video", rate=Fraction(25), frames=50, duration_s=Fraction(2), frame_times=tuple(Fraction(k, 20) for k in range(50))
            ),
            "has no constant frame rate where the timeline has 25",
        ),
    ],
)
def test_an_export_that_is_not_what_was_asked_for_says_what_it_is(files: Files, facts: MediaFacts, said: str) -> None:
    after = clip("after", times(0, 10, 25), external(files.add("b.mov", video(Fraction(25), 500))))
    row, rest = conformed(files, spoken(files, gap(50, 25), nest(), after), exported(files, "nest", facts, 10)).shots
    assert row.shot is None
    assert row.error
    assert row.error.startswith("“nest” at 00:00:02:00: the editor's export of it ")
    assert said in row.error
    assert rest.shot, "the others go on"


def test_an_export_that_went_missing_is_that_clips_failure(files: Files) -> None:
    lost = Exported(item="nest", kind="picture", path="/nowhere/heygem-nest.mov")
    assert one(files, spoken(files, nest()), lost).error


# --- sound ---


def dubbed(files: Files, *sounds: dict[str, Any], lead: int = 0) -> dict[str, Any]:
    media = files.add("a.mov", video(Fraction(25), 500))
    held = [gap(lead, 25)] if lead else []
    picture = clip("a", times(100, 50, 25), external(media))
    return timeline(track("Video", "V1", gap(20, 25), picture), track("Audio", "A1", *held, *sounds), start=time(0, 25))


def test_an_exported_sound_takes_the_place_of_one_that_cannot_be_used(files: Files) -> None:
    """A retimed sound at record 30–60, exported with 10 frames before it: its own begin at second 0.4 of the file."""
    wav = files.add("slow.wav", sound(10))
    retimed = marked(clip("slow", times(0, 30, 25), external(wav), effects=(warp(0.8),)), "slow")
    document = dubbed(files, retimed, lead=30)
    assert "is retimed to 80%" in (one(files, document).error or "")
    export = exported(files, "slow", MediaFacts(kind="sound", duration_s=Fraction(50, 25), sound=True), 10, kind="sound")
    row = one(files, document, export)
    (piece,) = row.mix  # the take begins at record 20: ten frames of silence come first
    assert (piece.path, piece.at_s, piece.start_s, piece.duration_s) == (export.path, Fraction(10, 25), Fraction(10, 25), Fraction(30, 25))


def test_nested_sound_is_heard_from_its_export(files: Files) -> None:
    inner = track("Audio", "", clip("line", times(0, 40, 25), external("/nowhere/x.wav")))
    document = dubbed(files, marked(stack("mix", inner, source=times(0, 40, 25)), "mix"), lead=4)
    export = exported(files, "mix", MediaFacts(kind="sound", duration_s=Fraction(44, 25), sound=True), 10, kind="sound")
    row = one(files, document, export)
    # Only 4 of the 10 frames exist before it. The take begins at record 20, 16 frames into the mix, 20 into the file.
    assert row.shot
    assert (row.shot.speech, row.shot.speech_start, row.shot.speech_end) == (export.path, Fraction(20, 25), Fraction(44, 25))


@pytest.mark.parametrize(
    ("seconds", "heard"),
    [
        (Fraction(3, 2), None),
        (Fraction(189, 100), None),
        (Fraction(191, 100), Fraction(191, 100)),
        (Fraction(21, 10), Fraction(2)),
        (Fraction(211, 100), None),
        (Fraction(3), None),
    ],
)
def test_an_exported_sound_of_another_length_is_refused(files: Files, seconds: Fraction, heard: Fraction | None) -> None:
    """50 frames of 25 are two seconds; a tenth of a second is what codecs add or cut."""
    document = dubbed(files, marked(clip("mix", times(0, 50, 25), external("/nowhere/x.wav")), "mix"), lead=20)
    row = one(files, document, exported(files, "mix", MediaFacts(kind="sound", duration_s=seconds, sound=True), kind="sound"))
    if heard is None:
        assert row.shot is None
        assert f"lasts {float(seconds):.2f} s where 2.00 s were wanted: export it again" in (row.error or "")
    else:
        assert row.shot is not None, row.error
        assert (row.shot.speech_start, row.shot.speech_end) == (0, heard)


def test_the_exported_sound_of_a_clip_itself_is_no_new_speech(files: Files) -> None:
    """The linked sound of a nest was taken for the new speech: neither has a file by which they would be one."""
    lost = {"metadata": {"heygem": {"id": "p", "link": "1"}}}, {"metadata": {"heygem": {"id": "s", "link": "1"}}}
    document = timeline(
        track("Video", "V1", clip("nested", times(0, 30, 25)) | lost[0]),
        track("Audio", "A1", clip("nested", times(0, 30, 25)) | lost[1]),
        start=time(0, 25),
    )
    exports = (
        exported(files, "p", video(Fraction(25), 30)),
        exported(files, "s", MediaFacts(kind="sound", duration_s=Fraction(30, 25), sound=True), kind="sound"),
    )
    row = one(files, document, *exports, selection=Selection(ids=("p", "s")))
    assert row.error == "“nested” at 00:00:00:00: only its own sound is chosen: choose the new speech too."


# --- markers ---


def test_a_marker_of_the_timeline_keeps_the_frames_of_the_export_that_stand_there(files: Files) -> None:
    """Record 60–65 of a clip at 50–80 whose file begins 10 frames early: frames 20–25, also with handles in the take."""
    document = spoken(files, gap(50, 25), nest())
    document["tracks"]["children"][0]["markers"] = [keep(60, 5), keep(76, 30)]
    for handles, last in ((0, 40), (4, 44)):
        selection = Selection(speech_tracks=("A1",), handles=handles)
        row = one(files, document, exported(files, "nest", video(Fraction(25), 50), 10), selection=selection)
        assert row.shot
        assert row.shot.keep == ((20, 25), (36, last))


@pytest.mark.parametrize(("speed", "kept"), [(2.0, (15, 20)), (-2.0, (30, 35)), (1.0, (20, 30)), (0.5, (30, 40))])
def test_a_marker_of_the_clip_follows_its_speed_into_the_export(files: Files, speed: float, kept: tuple[int, int]) -> None:
    """30 record frames from source frame 100; marked are the source's 110–120. The export begins 10 frames before the clip.

    Twice as fast they stand at record frames 5–10 of the clip, backwards from 160 at 20–25, at half speed at 20–40 of which 30 are left.
    """
    media = files.add("a.mov", video(Fraction(25), 500))
    source = marked(
        clip("a", times(100, 30, 25), external(media), effects=(warp(speed),) if speed != 1 else (), markers=[keep(110, 10)]), "a"
    )
    row = one(files, spoken(files, gap(50, 25), source), exported(files, "a", video(Fraction(25), 50), 10))
    assert row.shot
    assert row.shot.keep == (kept,)


def test_a_marker_in_a_nest_counts_the_nests_own_time(files: Files) -> None:
    """The nest shows its frames 20–50; its marker at 30–34 is 10 frames into the clip."""
    row = one(
        files, spoken(files, gap(5, 25), nest(start=20) | {"markers": [keep(30, 4)]}), exported(files, "nest", video(Fraction(25), 30))
    )
    assert row.shot
    assert row.shot.keep == ((10, 14),)


def test_markers_of_a_clip_whose_speed_changes_are_left_out_and_told(files: Files) -> None:
    ramp = marked(clip("ramp", times(0, 30, 25), external("/x.mov"), effects=(effect("TimeEffect.1"),), markers=[keep(3, 4)]), "ramp")
    row = one(files, spoken(files, ramp), exported(files, "ramp", video(Fraction(25), 30)))
    assert row.shot
    assert row.shot.keep == ()
    assert row.notices == (
        "“ramp” at 00:00:00:00: its own markers without lip-sync are left out, since its speed changes: put them on the timeline.",
    )


# --- faces, and speech that is a file ---


def test_each_clip_may_name_its_face(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    pictures = [marked(clip(name, times(0, 10, 25), external(media)), name) for name in ("a", "b", "c")]
    selection = Selection(speech_tracks=("A1",), faces={"a": 2, "c": 0, "nobody": 4})
    a, b, c = conformed(files, spoken(files, *pictures), exported(files, "a", video(Fraction(25), 10)), selection=selection).shots
    assert a.shot
    assert b.shot
    assert (a.shot.face, b.shot.face) == (2, None)
    assert c.error == "“c” at 00:00:00:20: Faces are numbered from 1, got 0."


def test_speech_that_comes_as_a_file_is_brought_along(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("dub.wav", sound(60))
    document = spoken(files, clip("a", times(0, 50, 25), external(media)))
    assert one(files, document, selection=Selection(speech=wav)).placement.brings_speech
    assert not one(files, document).placement.brings_speech


# --- back out ---


def finished(row: TimelineShot, kind: str = "full") -> FinishedTake:
    assert row.take_seconds
    count = int(row.take_seconds * 25)
    return FinishedTake(
        shot=row, path="/takes/t.mov", take="t1", frames=count, rate=Fraction(25), start_timecode="01:00:00:00", settings={"kind": kind}
    )


@pytest.mark.parametrize("mode", ["references", "track", "both"])
def test_the_take_of_an_export_lies_above_without_the_clips_effects(files: Files, mode: Any) -> None:
    """Its look is in the picture: copied effects and grade would be seen twice. As a version of the clip it would be retimed again."""
    graded = {"Resolve_OTIO": {"Grade": "warm", "Link Group ID": 4}}
    blurred = (warp(2.0), effect("Effect.1", effect_name="Blur"))
    source = clip("a", times(100, 30, 25), external(files.add("a.mov", video(Fraction(25), 500))), effects=blurred)
    source = marked(source | {"metadata": graded}, "a")
    read = read_timeline(data(spoken(files, gap(50, 25), source)))
    export, selection = exported(files, "a", video(Fraction(25), 50), 10), Selection(speech_tracks=("A1",), handles=4)
    (row,) = conform(read.timeline, selection, facts=files.facts, exported=(export,)).shots
    made, notices = publish(read.timeline, [finished(row)], mode)
    assert made.tracks[0][1].active_media_reference_key == "DEFAULT_MEDIA"
    assert list(made.tracks[0][1].media_references()) == ["DEFAULT_MEDIA"]
    above = made.tracks[1]
    assert (above.name, above[0].duration().value, above[1].name) == ("HeyGem", 50, "a")
    assert (exact_seconds(above[1].source_range.start_time), exact_seconds(above[1].source_range.duration)) == (
        3600 + Fraction(4, 25),
        Fraction(30, 25),
    )
    assert (list(above[1].effects), "Resolve_OTIO" in above[1].metadata) == ([], False)
    assert bool(notices) == (mode == "references")


def test_the_take_of_an_exported_nest_lies_above_it(files: Files) -> None:
    read = read_timeline(data(spoken(files, gap(50, 25), nest(effects=(effect("Effect.1", effect_name="Blur"),)))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts, exported=(exported(files, "nest", video(Fraction(25), 30)),)).shots
    made, notices = publish(read.timeline, [finished(row)], "track")
    assert not notices
    assert isinstance(made.tracks[0][1], otio.schema.Stack)
    assert (made.tracks[1][0].duration().value, made.tracks[1][1].name, len(made.tracks[1][1].effects)) == (50, "nest", 0)
    again, notices = publish(made, [finished(row)], "track")
    assert (len(again.tracks), notices) == (3, [])
