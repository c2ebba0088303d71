"""OpenTimelineIO's own samples conform as their contents say (read from the files by eye)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import Selection
from heygem_server.timeline.flatten import flatten
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.locate import Locator
from heygem_server.timeline.sequence import sequence_of

from .making import Files, sound, video

pytestmark = pytest.mark.full  # needs timelines of others, which may not be part of the project


def test_multiple_tracks_with_a_track_that_is_trimmed(samples: Path, files: Files) -> None:
    """Track-003 has the source_range −7…9: its clip stands at record 7, as the one of Track-002 behind its gap."""
    for name, count in (("titles.mov", 8), ("wind-up.mov", 9), ("credits.mov", 106), ("punchline.mov", 109)):
        files.add(name, video(Fraction(24), count))
    read = read_timeline(samples / "multiple_track.otio")
    voice = files.add("voice.wav", sound(60))
    found = conform(read.timeline, Selection(speech=voice), facts=files.facts, locator=Locator(searched=(files.folder,)))
    rows = [(row.clip, row.placement.track, row.placement.record_start, row.placement.record_duration) for row in found.shots]
    assert rows == [("Clip-001", 1, 0, 3), ("Clip-002", 1, 3, 6), ("Clip-004", 1, 13, 6), ("Clip-003", 2, 7, 9), ("Clip-005", 3, 7, 9)]
    starts = {row.clip: row.shot.start for row in found.shots if row.shot}
    # available_range of the credits begins at 100: their source_range 100–106 is the file's beginning
    assert starts == {"Clip-001": 3, "Clip-002": 2, "Clip-004": 0, "Clip-003": 0, "Clip-005": 0}


def test_nested_example(samples: Path) -> None:
    read = read_timeline(samples / "nested_example.otio")
    rate = sequence_of(read.timeline).rate
    rows = [(each.item.name, float(each.start * rate), float(each.end * rate), each.host_only) for each in flatten(read.timeline, rate)]
    assert rows == [
        ("Normal Clip 1", 0, 238, None),
        ("Clip Inside A Stack 1", 238, 269, None),
        ("Normal Clip 2", 269, 302, None),
        ("Nested Stack 2 (with effects)", 302, 331, "it is a nested sequence with its own speed"),
        ("Normal Clip 3", 331, 394, None),
        ("Nested Track", 394, 398, "it is a nested sequence with its own speed"),
        ("Normal Clip 4", 398, 636, None),
    ]


def test_transition(samples: Path) -> None:
    read = read_timeline(samples / "transition.otio")
    placed = flatten(read.timeline, Fraction(24))
    assert next((each.item.name, each.start * 24, each.end * 24) for each in placed) == ("Clip-001", 0, 3)
    assert any(each.lead or each.tail for each in placed)


def test_premiere_example_of_a_newer_opentimelineio(samples: Path) -> None:
    """Written with Marker.3, which the installed version refuses; made from FCP 7 XML, so its times follow OTIO's own rules."""
    read = read_timeline(samples / "premiere_example.otio")
    assert "Marker.3" in read.notices[0]
    assert sequence_of(read.timeline).rate == 30
    placed = flatten(read.timeline, Fraction(30))
    pictures = [(each.item.name, each.track, each.start * 30, each.end * 30) for each in placed if each.kind == "picture"]
    assert pictures == [
        ("sc01_sh010_anim.mov", 1, 536, 636),  # 50 frames of 15
        ("sc01_sh010_anim.mov", 2, 13, 113),
        ("sc01_sh020_anim.mov", 2, 165, 322),
        ("sc01_sh030_anim.mov", 2, 322, 557),
        ("test_title", 3, 15, 956),
        ("sc01_master_layerA_sh030_temp.mov", 4, 956, 1164),
        ("sc01_sh010_anim.mov", 4, 1164, 1246),
    ]
    assert not [each.problem for each in placed if each.problem]


@pytest.mark.parametrize("name", ["multiple_track.otio", "nested_example.otio", "transition.otio", "premiere_example.otio"])
def test_without_media_every_clip_says_so_and_nothing_crashes(samples: Path, files: Files, name: str) -> None:
    voice = files.add("voice.wav", sound(4000))
    found = conform(read_timeline(samples / name).timeline, Selection(speech=voice), facts=files.facts)
    assert found.shots
    assert all(row.error or row.needs_host_export for row in found.shots)
