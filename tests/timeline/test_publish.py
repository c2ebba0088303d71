"""Takes go back to exactly their place, as versions or above, and a second round trip finds them."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import msgspec
import opentimelineio as otio
import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, Selection, TimelineShot
from heygem_server.timeline.exact_time import exact_seconds
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.publish import publish
from heygem_server.timeline.sequence import sequence_of

from .making import Files, clip, data, external, gap, sound, stack, time, timeline, times, track, transition, video, warp

SPEECH = Selection(speech_tracks=("A1",), tracks=("V1",))


def document(files: Files, *pictures: dict[str, Any], rate: float = 25) -> dict[str, Any]:
    voice = files.add("voice.wav", sound(3000))
    long = clip("voice", times(0, 2000 * rate, rate), external(voice, times(0, 3000 * rate, rate)))
    above = track("Video", "Titles", gap(20, rate), clip("title", times(0, 10, rate)))
    return timeline(track("Video", "V1", *pictures), above, track("Audio", "A1", long), start=time(round(rate) * 3600, rate))


def finished(row: TimelineShot, name: str, version: int = 1) -> FinishedTake:
    assert row.shot
    assert row.take_rate
    assert row.take_seconds
    return FinishedTake(
        shot=row,
        path=f"/takes/{name}.mov",
        take=name,
        job="j1",
        version=version,
        frames=int(row.take_seconds * row.take_rate),
        rate=row.take_rate,
        settings={"intensity": 1.0},
    )


def test_a_take_becomes_the_active_version_in_the_clips_own_time(files: Files) -> None:
    """The clip shows source frames 110–160; with 4 frames of handles the take begins at 106."""
    media = files.add("a.mov", video(Fraction(25), 500, "01:00:00:00"))
    source = clip("a", times(90_110, 50, 25), external(media, times(90_000, 500, 25)))
    read = read_timeline(data(document(files, gap(10, 25), source)))
    (row,) = conform(read.timeline, Selection(speech_tracks=("A1",), tracks=("V1",), handles=4), facts=files.facts).shots
    timeline, notices = publish(read.timeline, [finished(row, "t1")])
    assert not notices
    published = timeline.tracks[0][1]
    assert published.active_media_reference_key == "heygem-t1"
    assert published.source_range == read.timeline.tracks[0][1].source_range
    reference = published.media_reference
    assert reference.target_url == "/takes/t1.mov"
    assert (reference.available_range.start_time.value, reference.available_range.duration.value) == (90_106, 58)
    assert dict(reference.metadata["heygem"]["settings"]) == {"intensity": 1.0}
    assert published.media_references()["DEFAULT_MEDIA"].target_url == media
    # Resolve imports only these schemas.
    schemas = {part.split('"')[0] for part in as_text(timeline, "otio")[0].split('"OTIO_SCHEMA": "')[1:]}
    assert schemas <= {
        "Timeline.1", "Stack.1", "Track.1", "Clip.2", "Gap.1", "ExternalReference.1", "MissingReference.1", "RationalTime.1", "TimeRange.1",
    }  # fmt: skip


def test_a_second_round_trip_finds_takes_and_renders_from_the_original(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(data(document(files, clip("a", times(100, 50, 25), external(media)))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    once, _ = publish(read.timeline, [finished(row, "t1")], "both")
    again = read_timeline(as_text(once, "otio")[0].encode()).timeline
    (second,) = conform(again, SPEECH, facts=files.facts).shots
    assert second.versions == ("t1",)
    assert second.key == row.key
    assert second.shot == row.shot
    twice, _ = publish(again, [finished(second, "t2", 2)], "references")
    (third,) = conform(twice, SPEECH, facts=files.facts).shots
    assert third.versions == ("t1", "t2")
    assert third.shot == row.shot
    assert twice.tracks[0][0].active_media_reference_key == "heygem-t2"


def test_publishing_twice_changes_nothing(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(data(document(files, clip("a", times(100, 50, 25), external(media)))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    once, _ = publish(read.timeline, [finished(row, "t1")], "both")
    twice, _ = publish(once, [finished(row, "t1")], "both")
    assert as_text(once, "otio") == as_text(twice, "otio")


def test_a_take_above_lies_on_the_record_range_on_a_new_top_track(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    blur = {"OTIO_SCHEMA": "Effect.1", "name": "", "effect_name": "Transform", "metadata": {"x": 1}}
    source = clip(
        "a", times(100, 50, 25), external(media), effects=(blur, warp(1.0)), metadata={"Resolve_OTIO": {"Link Group ID": 4, "Grade": "g"}}
    )
    read = read_timeline(data(document(files, gap(30, 25), source)))
    (row,) = conform(read.timeline, Selection(speech_tracks=("A1",), tracks=("V1",), handles=5), facts=files.facts).shots
    published, _ = publish(read.timeline, [finished(row, "t1")], "track")
    assert [(track.name, track.kind) for track in published.tracks] == [
        ("V1", "Video"),
        ("Titles", "Video"),
        ("HeyGem", "Video"),
        ("A1", "Audio"),
    ]
    (take,) = [each for each in flatten(published, Fraction(25)) if each.track == 3]
    assert (take.start * 25, take.end * 25, take.source_low * 25) == (30, 80, 5)
    assert take.item.media_reference.available_range.duration.value == 60
    assert [effect.effect_name for effect in take.item.effects] == ["Transform"]
    assert dict(take.item.metadata["Resolve_OTIO"]) == {"Grade": "g"}  # grade and transform, but not the link to the sound
    original = published.tracks[0][1]
    assert original.active_media_reference_key == "DEFAULT_MEDIA"
    assert len(original.media_references()) == 1


def test_versions_above_lie_over_one_another(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(
        data(document(files, clip("a", times(100, 50, 25), external(media)), clip("b", times(200, 50, 25), external(media))))
    )
    a, b = conform(read.timeline, SPEECH, facts=files.facts).shots
    published, _ = publish(read.timeline, [finished(a, "a1"), finished(b, "b1")], "track")
    published, _ = publish(published, [finished(a, "a2", 2)], "track")
    takes = [
        (each.track, each.item.metadata["heygem"]["take"], each.start * 25) for each in flatten(published, Fraction(25)) if each.track > 2
    ]
    assert takes == [(3, "a1", 0), (3, "b1", 50), (4, "a2", 0)]


def test_retimed_clips_go_above_and_clips_beside_a_dissolve_stay(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(
        data(
            document(
                files,
                clip("fast", times(0, 20, 25), external(media), effects=(warp(2.0),)),
                clip("a", times(100, 50, 25), external(media)),
                transition(5, 5, 25),
                clip("b", times(200, 50, 25), external(media)),
            )
        )
    )
    rows = conform(read.timeline, SPEECH, facts=files.facts).shots
    takes = [finished(row, row.clip) for row in rows]
    by_reference, notices = publish(read.timeline, takes)
    assert notices == [
        "“fast” at 01:00:00:00: its take lies on the track above, since the clip is retimed, which a reference would be too."
    ]
    assert [each.item.name for each in flatten(by_reference, Fraction(25)) if each.track == 3] == ["fast"]
    above, notices = publish(read.timeline, takes, "track")
    assert len(notices) == 2
    assert [each.item.name for each in flatten(above, Fraction(25)) if each.track == 3] == ["fast"]
    assert above.tracks[0][3].active_media_reference_key == "heygem-b"


def test_a_patch_always_goes_above(files: Files) -> None:
    """It is transparent wherever nothing changed: in the clip's place it would show black."""
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(data(document(files, clip("a", times(100, 50, 25), external(media)))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    patch = msgspec.structs.replace(finished(row, "t1"), settings={"kind": "patch"})
    for mode in ("references", "track", "both"):
        published, _ = publish(read.timeline, [patch], mode)
        assert [each.start for each in flatten(published, Fraction(25)) if each.track == 3] == [0]
        assert len(published.tracks[0][0].media_references()) == 1


def test_a_clip_within_a_nest_gets_its_version_there(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    nest = stack("nest", track("Video", "", clip("in", times(100, 50, 25), external(media))), source=times(0, 50, 25))
    read = read_timeline(data(document(files, nest)))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    published, _ = publish(read.timeline, [finished(row, "t1")])
    assert published.tracks[0][0][0][0].media_reference.target_url == "/takes/t1.mov"


def test_media_faster_than_the_timeline_keep_their_own_rate(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(30), 900))
    read = read_timeline(data(document(files, gap(50, 25), clip("a", times(90, 60, 30), external(media, times(0, 900, 30))))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    published, _ = publish(read.timeline, [finished(row, "t1")], "both")
    available = published.tracks[0][1].media_references()["heygem-t1"].available_range
    assert (available.start_time.value, available.duration.value, available.duration.rate) == (90, 60, 30)
    (take,) = [each for each in flatten(published, Fraction(25)) if each.track == 3]
    assert (take.start * 25, take.end * 25) == (50, 100)


@pytest.mark.parametrize("format", ["fcpxml", "fcp7", "edl"])
@pytest.mark.parametrize("mode", ["references", "track"])
def test_takes_stand_at_their_place_in_every_format(files: Files, format: Any, mode: Any) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    pictures = (
        clip("a", times(100, 30, 25), external(media, times(0, 500, 25))),
        gap(5, 25),
        clip("b", times(200, 50, 25), external(media, times(0, 500, 25))),
    )
    read = read_timeline(data(document(files, *pictures)))
    rows = conform(read.timeline, SPEECH, facts=files.facts).shots
    published, _ = publish(read.timeline, [finished(rows[1], "t1")], mode)
    text, notices = as_text(published, format)
    back = read_timeline(text.encode(), rate=Fraction(25)).timeline
    shown = [
        each
        for each in flatten(back, sequence_of(back).rate)
        if each.kind == "picture" and "t1.mov" in (getattr(each.item.media_reference, "target_url", "") or "")
    ]
    ((start, end),) = [(each.start * 25, each.end * 25) for each in shown]
    assert (start, end) == (35, 85)
    assert shown[0].source_low == 0, "the take begins with it"
    if mode == "references":
        said = {"fcpxml": False, "fcp7": True, "edl": True}[format]
        assert any("no versions" in notice for notice in notices) == said
    if format == "fcpxml" and mode == "references":
        references = shown[0].item.media_references()
        assert {reference.target_url.rsplit("/")[-1] for reference in references.values()} == {"t1.mov", "a.mov"}
        assert shown[0].item.media_reference.metadata["heygem"]["take"] == "t1"


def test_what_was_not_rendered_is_written_as_it_came(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    strange = {"OTIO_SCHEMA": "Hologram.3", "name": "future", "source_range": times(0, 10, 25), "more": [1, 2]}
    other = clip("other", times(5, 20, 25), external("C:\\x #%20.mov", times(0, 100, 25)), metadata={"Vendor": {"deep": [{"a": None}]}})
    made = document(files, clip("a", times(100, 50, 25), external(media)), strange, other)
    read = read_timeline(data(made))
    (row,) = [each for each in conform(read.timeline, SPEECH, facts=files.facts).shots if each.shot]
    published, _ = publish(read.timeline, [finished(row, "t1")])
    before = json.loads(as_text(read.timeline, "otio")[0])["tracks"]["children"]
    after = json.loads(as_text(published, "otio")[0])["tracks"]["children"]
    assert after[1:] == before[1:]
    assert after[0]["children"][1:] == before[0]["children"][1:]
    assert after[0]["children"][1] == strange


def test_a_clip_that_is_gone_is_told(files: Files) -> None:
    media = files.add("a.mov", video(Fraction(25), 500))
    read = read_timeline(data(document(files, clip("a", times(100, 50, 25), external(media)))))
    (row,) = conform(read.timeline, SPEECH, facts=files.facts).shots
    empty = otio.schema.Timeline(global_start_time=otio.opentime.RationalTime(0, 25))
    published, notices = publish(empty, [finished(row, "t1")])
    assert len(published.tracks) == 0
    assert "no longer at 01:00:00:00" in notices[0]
    assert exact_seconds(published.global_start_time) == 0
