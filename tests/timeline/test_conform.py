"""Record ranges, source frames and speech of timelines that are worked out by hand, Resolve's and Premiere's dialects among them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Conformed, MediaFacts, Selection, TimelineShot
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.formats.reading import read_timeline

from .making import Files, clip, data, effect, external, gap, sound, stack, time, timeline, times, track, transition, video, warp

FILM = Fraction(24000, 1001)
SPEECH = Selection(speech_tracks=("A1",))


def shots_of(files: Files, document: Any, selection: Selection = SPEECH, **more: Any) -> Conformed:
    return conform(read_timeline(data(document)).timeline, selection, facts=files.facts, **more)


def one(files: Files, document: Any, selection: Selection = SPEECH, **more: Any) -> TimelineShot:
    (row,) = shots_of(files, document, selection, **more).shots
    return row


def frames(row: TimelineShot) -> tuple[int, int | None]:
    assert row.shot is not None, row.error or row.needs_host_export
    return row.shot.start, row.shot.end_exclusive


def record(row: TimelineShot) -> tuple[int, int]:
    return row.placement.record_start, row.placement.record_start + row.placement.record_duration


def spoken(files: Files, *pictures: dict[str, Any], rate: float = 25, **more: Any) -> dict[str, Any]:
    """A timeline of one picture track with speech under all of it."""
    voice = files.add("voice.wav", sound(3000))
    long = clip("voice", times(0, 2000 * rate, rate), external(voice, times(0, 3000 * rate, rate)))
    return timeline(track("Video", "V1", *pictures), track("Audio", "A1", long), start=time(0, rate), **more)


# --- the dialects ---


def resolve_document() -> dict[str, Any]:
    """Resolve: bare Windows paths, source times on the embedded timecode, durations on the timeline also where retimed."""
    source = external("C:\\Media\\A b\\inter#1 100%20.mov", times(90_000, 1000, 25))
    voice = external("D:\\vo\\line 1.wav", times(0, 500, 25))
    return timeline(
        track(
            "Video",
            "Video 1",
            clip("inter#1", times(90_032, 50, 25), source, metadata={"Resolve_OTIO": {"Link Group ID": 3}}),
            gap(25, 25),
            clip("fast", times(90_100, 40, 25), source, effects=(warp(2.0),)),
            clip("backwards", times(90_200, 30, 25), source, effects=(warp(-1.0),)),
            clip("Text+", times(0, 10, 25)),
        ),
        track("Audio", "Audio 1", clip("inter#1", times(90_032, 50, 25), source, metadata={"Resolve_OTIO": {"Link Group ID": 3}})),
        track("Audio", "Dub", gap(10, 25), clip("line 1", times(5, 200, 25), voice)),
        start=time(90_000, 25),
        name="Scene 4",
        Resolve_OTIO={"Resolve OTIO Meta Version": "1.0"},
    )


def resolve_rows(files: Files) -> list[TimelineShot]:
    files.add("A b/inter#1 100%20.mov", video(Fraction(25), 1000, "01:00:00:00"))
    files.add("vo/line 1.wav", sound(20))
    maps = (("C:\\Media", str(files.folder)), ("D:", str(files.folder)))
    return list(shots_of(files, resolve_document(), Selection(speech_tracks=("dub",)), path_maps=maps).shots)


def test_a_clip_without_a_range_of_its_own_shows_all_of_its_media(files: Files) -> None:
    """It is as long as its media say; where they say nothing it takes up no known room, and a sentence says so."""
    film = files.add("film.mov", video(Fraction(25), 100))
    row = one(files, spoken(files, clip("film", None, external(film, times(0, 100, 25)))))
    assert (frames(row), record(row)) == ((0, 100), (0, 100))
    without = shots_of(files, spoken(files, clip("film", None, external(film, None))))
    (row,) = without.shots
    assert row.error is not None
    assert "its length is unknown" in row.error


def test_resolve_record_and_source_ranges(files: Files) -> None:
    a, fast, backwards, title = resolve_rows(files)
    assert [record(row) for row in (a, fast, backwards, title)] == [(0, 50), (75, 115), (115, 145), (145, 155)]
    assert frames(a) == (32, 82)
    assert frames(fast) == (100, 180)
    assert fast.shot
    assert fast.shot.speed == 2
    assert frames(backwards) == (200, 230)
    assert backwards.shot
    assert backwards.shot.speed == -1
    assert (a.timecode_in, a.timecode_out) == ("01:00:00:00", "01:00:02:00")
    assert title.shot is None
    assert title.needs_host_export


def test_resolve_speech_lies_where_the_dub_track_says(files: Files) -> None:
    a, fast, backwards, _ = resolve_rows(files)
    # The dub begins at record frame 10, 5 frames into its file; the first clip is heard from record 0, so with silence first.
    (piece,) = a.mix
    assert (piece.at_s, piece.start_s, piece.duration_s) == (Fraction(10, 25), Fraction(5, 25), Fraction(40, 25))
    assert a.take_seconds == 2
    for row, start, end in ((fast, 70, 110), (backwards, 110, 140)):
        assert row.shot
        assert not row.mix
        assert (row.shot.speech_start, row.shot.speech_end) == (Fraction(start, 25), Fraction(end, 25))


def test_premiere_counts_source_frames_and_warps_every_clip(files: Files) -> None:
    """A clip at double speed shows half of its source_range, and what follows it stands where that half ends."""
    url = "file:///C:/Media/A%20b/x%23.mov"
    files.add("A b/x#.mov", video(Fraction(24), 5000, "01:00:00:00"))
    voice = files.add("voice.wav", sound(100))
    source = external(url, times(86_400, 5000, 24))
    title = {"OTIO_SCHEMA": "GeneratorReference.1", "generator_kind": "Essential Graphics", "name": "", "metadata": {}, "parameters": {}}
    document = timeline(
        track(
            "Video",
            "V1",
            clip("plain", times(86_500, 48, 24), source, effects=(warp(1.0),)),
            clip("double", times(86_600, 96, 24), source, effects=(warp(2.0),)),
            clip("half", times(86_700, 12, 24), source, effects=(warp(0.5),)),
            clip("third", times(86_900, 10, 24), source, effects=(warp(1 / 3),)),
            clip("graphic", times(0, 24, 24), title, effects=(warp(1.0),)),
            clip("last", times(87_000, 24, 24), source, effects=(warp(1.0),)),
        ),
        track("Audio", "A1", clip("voice", times(0, 2000, 24), external(voice, times(0, 2400, 24)), effects=(warp(1.0),))),
        PremierePro_OTIO={"version": 1},
    )
    rows = shots_of(files, document, path_maps=(("C:/Media", str(files.folder)),)).shots
    # 48 + 96/2 + 12/0.5 + 10·3 = 48, 96, 120, 150, then the graphic's 24 frames
    assert [record(row) for row in rows] == [(0, 48), (48, 96), (96, 120), (120, 150), (150, 174), (174, 198)]
    plain, double, half, third, graphic, last = rows
    assert [frames(row) for row in (plain, double, half, third, last)] == [(100, 148), (200, 296), (300, 312), (500, 510), (600, 624)]
    assert [row.shot.speed for row in (double, half, third) if row.shot] == [2, Fraction(1, 2), Fraction(1, 3)]
    assert graphic.needs_host_export == "it is generated by the editor (Essential Graphics)"


# --- rates ---


@pytest.mark.parametrize("spelling", [24000 / 1001, 23.976, 23.98, 23.976024627685547, 23.97602397602398])
def test_every_spelling_of_23_976_is_the_same_rate(files: Files, spelling: float) -> None:
    media = files.add("a.mov", video(FILM, 200_000, "10:00:00:00"))
    start = 864_000  # 10:00:00:00
    picture = clip("a", times(start + 777, 1001, spelling), external(media, times(start, 200_000, 23.976)))
    row = one(files, spoken(files, gap(40_007, spelling), picture, rate=24000 / 1001))
    assert row.placement.rate == FILM
    assert record(row) == (40_007, 41_008)
    assert frames(row) == (777, 1778)


def test_30_fps_media_in_a_25_fps_timeline(files: Files) -> None:
    """Two seconds are 50 record frames and 60 source frames."""
    media = files.add("a.mov", video(Fraction(30), 900))
    row = one(files, spoken(files, gap(50, 25), clip("a", times(90, 60, 30), external(media, times(0, 900, 30)))))
    assert record(row) == (50, 100)
    assert frames(row) == (90, 150)
    assert row.take_rate == 30
    assert row.take_seconds == 2


def test_an_in_point_between_two_source_frames_shows_the_earlier_one(files: Files) -> None:
    """Record frame 1 of 25 fps is 0.04 s, 1.2 frames of 30 fps media: frame 1 shows, and the take begins 0.2 frames before."""
    media = files.add("a.mov", video(Fraction(30), 900))
    row = one(files, spoken(files, clip("a", times(1, 25, 25), external(media, times(0, 900, 30)))))
    assert frames(row) == (1, 32)  # 1.2 … 31.2
    assert row.offset_s == Fraction(1, 25) - Fraction(1, 30)
    assert row.shot
    assert row.shot.speech_start == -(Fraction(1, 25) - Fraction(1, 30))


def test_timecode_of_24_counted_against_media_of_23_976(files: Files) -> None:
    """A source_range written at the timeline's 24, an available_range at the media's 23.976: the same frame number, not the same second."""
    media = files.add("a.mov", video(FILM, 500, "01:00:00:00"))
    row = one(files, spoken(files, clip("a", times(86_424, 24, 24), external(media, times(86_400, 500, 23.976))), rate=24))
    assert frames(row) == (23, 48)  # 1 s to 2 s of 23.976: frames 23.976 to 47.952


def test_drop_frame_timecode_names_the_record_range(files: Files) -> None:
    rate = 30000 / 1001
    media = files.add("a.mov", video(Fraction(30000, 1001), 9000, "00:01:00;02"))
    # 1800 frames after 00:00:00;00 comes 00:01:00;02.
    pictures = (gap(1800, rate), clip("a", times(1800, 30, rate), external(media, times(1800, 9000, rate))))
    row = one(files, spoken(files, *pictures, rate=rate, heygem={"drop_frame": True}))
    assert (row.timecode_in, row.timecode_out) == ("00:01:00;02", "00:01:01;02")
    assert frames(row) == (0, 30)
    plain = one(files, spoken(files, *pictures, rate=rate))
    assert (plain.timecode_in, plain.timecode_out) == ("00:01:00:00", "00:01:01:00")  # nothing says that numbers are left out


@pytest.mark.parametrize("said", [23.976, "24000/1001", "23.976"])
def test_the_sequences_rate_is_what_its_editor_says(files: Files, said: Any) -> None:
    """Clips counted in their media's rate must not decide it, nor a start that is counted in another."""
    media = files.add("a.mov", video(Fraction(25), 500))
    made = spoken(files, *(clip("a", times(0, 25, 25), external(media, times(0, 500, 25))) for _ in range(3)))
    made["global_start_time"] = time(25, 25)
    made["tracks"]["metadata"] = {"PremierePro_OTIO": {"VideoFrameRate": said}}
    found = shots_of(files, made)
    assert (found.sequence.rate, found.sequence.start_frame) == (FILM, 24)
    assert [record(row) for row in found.shots] == [(0, 24), (24, 48), (48, 72)]


def test_source_times_on_embedded_timecode_without_an_available_range(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500, "01:00:00:00"))
    row = one(files, spoken(files, clip("a", times(90_100, 20, 25), external(media))))
    assert frames(row) == (100, 120)


def test_an_available_range_on_timecode_with_source_times_from_0(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500, "01:00:00:00"))
    row = one(files, spoken(files, clip("a", times(100, 20, 25), external(media, times(90_000, 500, 25)))))
    assert frames(row) == (100, 120)


def test_variable_frame_rate_goes_by_the_times_of_the_frames(files: Files) -> None:
    at = (Fraction(0), Fraction(1, 10), Fraction(3, 10), Fraction(4, 10), Fraction(8, 10))
    media = files.add(
        "phone.mp4", MediaFacts(kind="video", rate=Fraction(30), frames=5, duration_s=Fraction(1), frame_times=at, sound=True)
    )
    row = one(files, spoken(files, clip("phone", times(5, 10, 25), external(media))))  # 0.2 s to 0.6 s
    assert frames(row) == (1, 4)  # the frame of 0.1 s still shows at 0.2 s; that of 0.4 s until 0.8 s
    assert row.offset_s == Fraction(1, 10)
    assert row.take_seconds == Fraction(7, 10)


# --- retimes ---


@pytest.mark.parametrize(
    ("effects", "why"),
    [
        ((effect("TimeEffect.1"),), "its speed changes within the clip"),
        ((warp(500.0),), "its speed is 50000%"),
    ],
)
def test_what_only_an_editor_can_play_says_why(files: Files, effects: tuple[dict[str, Any], ...], why: str) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    after = clip("after", times(0, 10, 25), external(media))
    frozen, rest = shots_of(files, spoken(files, clip("a", times(0, 20, 25), external(media), effects=effects), after)).shots
    assert frozen.needs_host_export == why
    assert record(rest) == (20, 30)
    assert rest.shot


@pytest.mark.parametrize("suffix", ["braw", "R3D", "ari"])
def test_raw_media_are_for_the_editor(files: Files, suffix: str) -> None:
    row = one(files, spoken(files, clip("a", times(0, 20, 25), external(f"/nas/a.{suffix}"))))
    assert row.needs_host_export == f".{suffix} is a format that only the editor decodes"


def test_slow_motion_takes_as_many_frames_as_the_record_range(files: Files) -> None:
    """At half speed take frame k shows source frame ⌊k/2⌋: 21 record frames show the source frames 100 to 110."""
    media = files.add("a.mov", video(Fraction(25), 500))
    row = one(files, spoken(files, clip("slow", times(100, 21, 25), external(media, times(0, 500, 25)), effects=(warp(0.5),))))
    assert frames(row) == (100, 111)
    assert row.not_a_reference


def test_reverse_at_double_speed_ends_at_the_low_end(files: Files) -> None:
    """20 record frames backwards at double speed show 40 source frames, the last of them first."""
    media = files.add("a.mov", video(Fraction(25), 500))
    row = one(files, spoken(files, clip("r", times(100, 20, 25), external(media, times(0, 500, 25)), effects=(warp(-2.0),))))
    assert frames(row) == (100, 140)
    assert row.shot
    assert row.shot.speed == -2


# --- nests, tracks, transitions ---


def test_a_nest_is_opened_and_cut_to_what_shows(files: Files) -> None:
    """The nest shows its frames 10–40; in it a clip lies at 0–20 (10 left) and another at 25–60 (15 left)."""
    media = files.add("a.mov", video(Fraction(25), 500))
    inner = track(
        "Video", "", clip("one", times(100, 20, 25), external(media)), gap(5, 25), clip("two", times(200, 35, 25), external(media))
    )
    nest = stack("compound", stack("deeper", inner), source=times(10, 30, 25))
    a, b = shots_of(files, spoken(files, gap(50, 25), nest)).shots
    assert (record(a), frames(a)) == ((50, 60), (110, 120))
    assert (record(b), frames(b)) == ((65, 80), (200, 215))
    assert a.not_a_reference == "only a part of the clip is rendered"


def test_a_nest_with_effects_stays_closed_and_the_rest_goes_on(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    inner = track("Video", "", clip("one", times(100, 20, 25), external(media)))
    blurred = stack("blurred", inner, effects=(effect("Effect.1", effect_name="Blur"),))
    retimed = stack("retimed", inner, effects=(warp(0.5),))
    rows = shots_of(files, spoken(files, blurred, retimed, clip("after", times(0, 10, 25), external(media)))).shots
    assert [row.needs_host_export for row in rows] == [
        "it is a nested sequence with effects",
        "it is a nested sequence with its own speed",
        None,
    ]
    assert [record(row) for row in rows] == [(0, 20), (20, 40), (40, 50)]


def test_a_dissolve_gives_handles_and_no_other_place(files: Files) -> None:
    """10 frames of dissolve before the cut and 6 after it: the first clip needs 6 frames more at its end, the second 10 before."""
    media = files.add("a.mov", video(Fraction(25), 500))
    a, b = shots_of(
        files,
        spoken(
            files,
            clip("a", times(100, 50, 25), external(media)),
            transition(10, 6, 25),
            clip("b", times(300, 50, 25), external(media)),
        ),
    ).shots
    assert (record(a), frames(a), a.handles_before, a.handles_after) == ((0, 50), (100, 156), 0, 6)
    assert (record(b), frames(b), b.handles_before, b.handles_after) == ((50, 100), (290, 350), 10, 0)
    assert b.offset_s == Fraction(10, 25)
    assert b.shot
    assert b.shot.speech_start == Fraction(40, 25)  # the take begins at record frame 40


def test_a_dissolve_without_enough_media_is_told(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 152))
    a, _ = shots_of(
        files,
        spoken(files, clip("a", times(100, 50, 25), external(media)), transition(5, 6, 25), clip("b", times(9, 50, 25), external(media))),
    ).shots
    assert a.handles_after == 2
    assert a.notices == ("The media are too short for the dissolve or the handles around it.",)


def test_handles_go_as_far_as_the_media(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 155))
    row = one(files, spoken(files, clip("a", times(4, 150, 25), external(media))), Selection(speech_tracks=("1",), handles=12))
    assert frames(row) == (0, 155)
    assert (row.handles_before, row.handles_after) == (4, 1)
    assert record(row) == (0, 150)


def test_disabled_clips_and_tracks_are_left_alone_and_hold_their_place(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    document = spoken(files, clip("off", times(0, 20, 25), external(media), enabled=False), clip("on", times(0, 20, 25), external(media)))
    document["tracks"]["children"].insert(1, track("Video", "off", clip("x", times(0, 20, 25), external(media)), enabled=False))
    found = shots_of(files, document)
    assert [(row.clip, record(row)) for row in found.shots] == [("on", (20, 40))]
    assert [(each.clip, each.timecode, each.why) for each in found.skipped] == [
        ("off", "00:00:00:00", "it is disabled"),
        ("x", "00:00:00:00", "it is disabled"),
    ]


def test_tracks_are_numbered_from_the_bottom_and_found_by_name_or_number(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    document = spoken(files, clip("low", times(0, 20, 25), external(media)))
    document["tracks"]["children"].insert(1, track("Video", "Closeups", gap(5, 25), clip("high", times(0, 10, 25), external(media))))
    for name in ("closeups", "V2", "2"):
        row = one(files, document, Selection(speech_tracks=("A1",), tracks=(name,)))
        assert (row.clip, row.placement.track, record(row)) == ("high", 2, (5, 15))
    with pytest.raises(UnreadableTimeline, match="no video track “V7”: it has V1"):
        shots_of(files, document, Selection(speech_tracks=("A1",), tracks=("V7",)))


def test_a_tracks_range_that_lies_outside_of_it_is_not_meant(files: Files) -> None:
    """Edit lists converted by others put the hour of their timecode there: by the letter nothing of the track would show."""
    media = files.add("a.mov", video(Fraction(25), 500))
    document = spoken(files, clip("a", times(0, 20, 25), external(media)))
    document["tracks"]["children"][0]["source_range"] = times(-90_000, 20, 25)
    assert record(one(files, document)) == (0, 20)


# --- speech ---


def test_one_speech_over_two_pictures_and_two_speeches_under_one(files: Files) -> None:
    media, one_wav, two_wav = files.add("a.mov", video(Fraction(25), 500)), files.add("1.wav", sound(10)), files.add("2.wav", sound(10))
    document = timeline(
        track("Video", "V1", clip("a", times(0, 50, 25), external(media)), clip("b", times(100, 50, 25), external(media))),
        track(
            "Audio",
            "A1",
            gap(20, 25),
            clip("1", times(10, 50, 25), external(one_wav)),
            gap(5, 25),
            clip("2", times(0, 10, 25), external(two_wav)),
        ),
        start=time(0, 25),
    )
    a, b = shots_of(files, document).shots
    # a: silence of 20 frames, then the first file from its frame 10 on.
    assert [(piece.at_s, piece.start_s, piece.duration_s) for piece in a.mix] == [(Fraction(20, 25), Fraction(10, 25), Fraction(30, 25))]
    # b: record 50–100; the first file from frame 40 for 20 frames, then from record 75 the second for 10.
    assert [(piece.path, piece.at_s, piece.start_s, piece.duration_s) for piece in b.mix] == [
        (one_wav, 0, Fraction(40, 25), Fraction(20, 25)),
        (two_wav, 1, 0, Fraction(10, 25)),
    ]


def test_speech_that_was_cut_through_is_one_piece(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("1.wav", sound(10))
    document = timeline(
        track("Video", "V1", clip("a", times(0, 50, 25), external(media))),
        track("Audio", "A1", clip("x", times(0, 30, 25), external(wav)), clip("y", times(30, 30, 25), external(wav))),
        start=time(0, 25),
    )
    row = one(files, document)
    assert not row.mix
    assert row.shot
    assert (row.shot.speech_start, row.shot.speech_end) == (0, 2)


def test_speech_that_begins_later_with_its_file_needs_no_mix(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("1.wav", sound(10))
    document = timeline(
        track("Video", "V1", clip("a", times(0, 50, 25), external(media))),
        track("Audio", "A1", gap(10, 25), clip("x", times(0, 30, 25), external(wav))),
        start=time(0, 25),
    )
    row = one(files, document)
    assert not row.mix
    assert row.shot
    assert (row.shot.speech_start, row.shot.speech_end) == (Fraction(-10, 25), Fraction(30, 25))


def test_a_speech_file_runs_along_the_timeline_or_begins_at_each_clip(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("dub.wav", sound(60))
    document = timeline(track("Video", "V1", gap(25, 25), clip("a", times(0, 50, 25), external(media))), start=time(0, 25))
    along = one(files, document, Selection(speech=wav))
    anew = one(files, document, Selection(speech=wav, speech_from="clip"))
    assert along.shot
    assert anew.shot
    assert (along.shot.speech_start, along.shot.speech_end) == (1, 3)
    assert (anew.shot.speech_start, anew.shot.speech_end) == (0, 2)


def test_ids_choose_and_the_clips_own_linked_sound_is_not_the_new_speech(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("new.wav", sound(60))

    def identified(name: str, source: dict[str, Any], url: str, link: int | None = None) -> dict[str, Any]:
        return clip(name, source, external(url), metadata={"heygem": {"id": name}, "Resolve_OTIO": {"Link Group ID": link} if link else {}})

    document = timeline(
        track("Video", "V1", identified("v1", times(0, 50, 25), media, 1), identified("v2", times(60, 50, 25), media, 2)),
        track("Audio", "A1", identified("a1", times(0, 50, 25), media, 1), identified("a2", times(60, 50, 25), media, 2)),
        track("Audio", "A2", identified("new", times(0, 100, 25), wav)),
        start=time(0, 25),
    )
    row = one(files, document, Selection(ids=("v2", "a2", "new"), project="p", sequence="s"))
    assert (row.placement.clip, record(row)) == ("v2", (50, 100))
    assert row.shot
    assert (row.shot.speech, row.shot.speech_start) == (wav, 2)
    only_own = one(files, document, Selection(ids=("v2", "a2")))
    assert only_own.error == "“v2” at 00:00:02:00: only its own sound is chosen: choose the new speech too."
    by_speech_alone = shots_of(files, document, Selection(ids=("new",))).shots
    assert [each.clip for each in by_speech_alone] == ["v1", "v2"]


def test_retimed_speech_is_for_the_editor(files: Files) -> None:
    media, wav = files.add("a.mov", video(Fraction(25), 500)), files.add("1.wav", sound(10))
    document = timeline(
        track("Video", "V1", clip("a", times(0, 50, 25), external(media)), clip("b", times(0, 50, 25), external(media))),
        track("Audio", "A1", clip("x", times(0, 50, 25), external(wav), effects=(warp(1.1),)), clip("y", times(0, 50, 25), external(wav))),
        start=time(0, 25),
    )
    a, b = shots_of(files, document).shots
    assert a.error
    assert "“x” cannot be used: it is retimed to 110%" in a.error
    assert b.shot


def test_marked_ranges_cut_clips_and_markers_keep_frames_out(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    marker = {
        "OTIO_SCHEMA": "Marker.2",
        "name": "no lip-sync",
        "marked_range": times(30, 5, 25),
        "color": "RED",
        "metadata": {},
        "comment": "",
    }
    document = spoken(files, clip("a", times(100, 50, 25), external(media)), clip("b", times(200, 50, 25), external(media)))
    document["tracks"]["children"][0]["markers"] = [marker]
    a, b = shots_of(files, document, Selection(speech_tracks=("A1",), ranges=((20, 70),))).shots
    assert (record(a), frames(a)) == ((20, 50), (120, 150))
    assert (record(b), frames(b)) == ((50, 70), (200, 220))
    assert a.shot
    assert a.shot.keep == ((130, 135),)
    assert a.not_a_reference == "only a part of the clip is rendered"


# --- media ---


def test_media_are_found_by_name_in_the_roots(files: Files) -> None:
    files.add("day 1/cam A/clip.mov", video(Fraction(25), 500))
    files.add("day 2/cam A/clip.mov", video(Fraction(25), 500))
    files.add("day 1/other.mov", video(Fraction(25), 500))
    gone = clip("x", times(0, 10, 25), external("/Volumes/Raid/day 2/cam A/clip.mov"))
    missing = clip("other.mov", times(0, 10, 25))
    either = clip("y", times(0, 10, 25), external("E:\\elsewhere\\clip.mov"))
    rows = shots_of(files, spoken(files, gone, missing, either), roots=(files.folder,)).shots
    assert rows[0].shot
    assert rows[1].shot
    assert rows[0].shot.video == str(files.folder / "day 2/cam A/clip.mov")
    assert rows[1].shot.video == str(files.folder / "day 1/other.mov")
    assert rows[2].error == "“y” at 00:00:00:20: 2 files are called “clip.mov”: map the folder that is meant."


def test_media_outside_the_roots_are_refused(files: Files) -> None:
    outside = files.add("outside/a.mov", video(Fraction(25), 500))
    files.add("inside/b.mov", video(Fraction(25), 500))
    document = timeline(track("Video", "V1", clip("a", times(0, 10, 25), external(outside))), start=time(0, 25))
    wav = files.add("inside/v.wav", sound(10))
    row = one(files, document, Selection(speech=wav), roots=(files.folder / "inside",))
    assert row.error
    assert "lies outside the allowed folders" in row.error
