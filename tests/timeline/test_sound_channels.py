"""Speech and source sound are what the clip on the timeline plays: the track and the channels of its file that its editor chose."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest

from heygem_core.errors import SpecError
from heygem_core.shot import Shot
from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import MediaFacts, Selection, TimelineShot
from heygem_server.timeline.facts import read_facts
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.shot_rows import with_mix

from ..media.make import video as make_video
from ..media.test_channels import recorder, streams, tone
from .making import Files, clip, data, external, sound, timeline, times, track, video

STEREO, FOUR_MONO, ONE = (2,), (1, 1, 1, 1), (1,)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """An interview: the picture with two channels of its own, and speech recorded in different ways."""
    made = Files(tmp_path)
    made.add("camera.mov", msgspec.structs.replace(video(Fraction(25), 250), sound_tracks=STEREO))
    for name, tracks in (("stereo", STEREO), ("four", FOUR_MONO), ("one", ONE)):
        made.add(f"{name}.mov", MediaFacts(kind="sound", duration_s=Fraction(10), sound=True, sound_tracks=tracks))
    made.add("unknown.mov", sound(10))
    return made


def row_of(document: bytes, files: Files, **selection: Any) -> TimelineShot:
    (row,) = conform(read_timeline(document).timeline, Selection(**selection), facts=files.facts).shots
    assert row.error is None, row.error
    return row


def shot_of(document: bytes, files: Files, **selection: Any) -> Shot:
    shot = row_of(document, files, **selection).shot
    assert shot is not None
    return shot


def fcp7(files: Files, *sounds: str, own: str = "") -> bytes:
    """A picture on V1 and these clip items on A1, A2 …"""
    picture = _item(files, "camera", "", own)
    tracks = "".join(f"<track>{each}</track>" for each in sounds)
    return f"""<?xml version="1.0"?><!DOCTYPE xmeml>
<xmeml version="4"><sequence id="s"><name>Cut</name><rate><timebase>25</timebase></rate><media>
<video><track>{picture}</track></video><audio>{tracks}</audio></media></sequence></xmeml>""".encode()


def _item(files: Files, name: str, source: str = "", link: str = "", kind: str = "") -> str:
    url = (files.folder / f"{name}.mov").as_uri()
    return f"""<clipitem id="{name}{len(source)}" {kind}><name>{name}</name><start>0</start><end>50</end><in>0</in><out>50</out>
<file id="f-{name}"><pathurl>{url}</pathurl><rate><timebase>25</timebase></rate><duration>250</duration></file>{source}{link}</clipitem>"""


def _source(number: int) -> str:
    return f"<sourcetrack><mediatype>audio</mediatype><trackindex>{number}</trackindex></sourcetrack>"


@pytest.mark.parametrize(
    ("name", "number", "wanted"),
    [("stereo", 2, (2,)), ("stereo", 1, (1,)), ("four", 3, (3,)), ("one", 1, ()), ("one", 2, ()), ("unknown", 2, ()), ("stereo", 0, ())],
)
def test_fcp7_says_the_track_of_the_file(name: str, number: int, wanted: tuple[int, ...], files: Files) -> None:
    """The other microphone was listened to."""
    document = fcp7(files, _item(files, name, _source(number)))
    assert shot_of(document, files, speech_tracks=("A1",)).speech_channels == wanted


def test_premieres_two_tracks_of_one_stereo_clip_are_heard_once_and_whole(files: Files) -> None:
    kind = 'premiereChannelType="stereo"'
    document = fcp7(files, *(_item(files, "stereo", _source(number), kind=kind) for number in (1, 2)))
    row = row_of(document, files, speech_tracks=("A1", "A2"))
    assert row.mix == ()
    assert row.shot is not None
    assert row.shot.speech_channels == ()


@pytest.mark.parametrize(
    ("name", "numbers", "wanted"),
    [
        ("stereo", (1, 2), ()),
        ("stereo", (2, 1), ()),
        ("stereo", (2, 2), (2,)),
        ("stereo", (2, 0), ()),
        ("four", (4, 2), (2, 4)),
        ("four", (1, 2, 3, 4), (1, 2, 3, 4)),
        ("one", (1, 1), ()),
        ("unknown", (1, 2), ()),
    ],
)
def test_channels_of_one_file_on_several_tracks_are_heard_as_one_file(
    name: str, numbers: tuple[int, ...], wanted: tuple[int, ...], files: Files
) -> None:
    """Left and right were added up as two sounds, twice as loud as recorded and clipped."""
    document = fcp7(files, *(_item(files, name, _source(number)) for number in numbers))
    row = row_of(document, files, speech_tracks=tuple(f"A{track}" for track in range(1, len(numbers) + 1)))
    assert row.mix == ()
    assert row.shot is not None
    assert row.shot.speech_channels == wanted


def test_resolves_stereo_file_with_a_channel_on_each_track_is_heard_whole(files: Files) -> None:
    url = (files.folder / "stereo.mov").as_uri()
    picture = clip("camera", times(0, 50, 25), external((files.folder / "camera.mov").as_uri(), times(0, 250, 25)))
    voices = [
        clip(
            "stereo",
            times(0, 50, 25),
            external(url, times(0, 250, 25)),
            metadata={"Resolve_OTIO": {"Channels": [{"Source Track ID": 0, "Source Channel ID": channel}], "Link Group ID": 7}},
        )
        for channel in (0, 1)
    ]
    tracks = [track("Audio", f"A{number}", voice) for number, voice in enumerate(voices, 1)]
    row = row_of(data(timeline(track("Video", "V1", picture), *tracks)), files, speech_tracks=("A1", "A2"))
    assert row.mix == ()
    assert row.shot is not None
    assert row.shot.speech_channels == ()


def test_a_track_that_nobody_named_is_not_lost_beside_one_that_was_chosen(files: Files) -> None:
    document = fcp7(files, _item(files, "four", _source(3)), _item(files, "four"))
    row = row_of(document, files, speech_tracks=("A1", "A2"))
    assert sorted(piece.channels for piece in row.mix) == [(), (3,)]


def test_channels_of_two_files_are_mixed_and_the_mix_is_heard_whole(files: Files) -> None:
    document = fcp7(files, _item(files, "four", _source(2)), _item(files, "stereo", _source(1)))
    row = row_of(document, files, speech_tracks=("A1", "A2"))
    assert sorted(piece.channels for piece in row.mix) == [(1,), (2,)]
    mixed = with_mix(row, "mixed.wav").shot
    assert mixed is not None
    assert mixed.speech_channels == ()


def test_the_pictures_own_sound_is_that_of_its_linked_clip(files: Files) -> None:
    document = fcp7(files, _item(files, "camera", _source(2)), _item(files, "one", _source(1)))
    shot = shot_of(document, files, speech_tracks=("A2",))
    assert (shot.speech_channels, shot.source_channels) == ((), (2,))


def fcpxml(
    files: Files, inside: str, tag: str = "asset-clip", asset: str = 'audioSources="1" audioChannels="2"', name: str = "stereo"
) -> bytes:
    """A picture in the storyline and a clip with this inside connected below it."""
    ref = 'ref="r3"' if tag == "asset-clip" else ""
    picture, voice = ((files.folder / f"{each}.mov").as_uri() for each in ("camera", name))
    return f"""<?xml version="1.0"?><!DOCTYPE fcpxml>
<fcpxml version="1.10"><resources><format id="r1" frameDuration="1/25s"/>
<asset id="r2" start="0s" duration="10s" hasVideo="1" hasAudio="1" format="r1"><media-rep src="{picture}"/></asset>
<asset id="r3" start="0s" duration="10s" hasAudio="1" {asset}><media-rep src="{voice}"/></asset></resources>
<library><event><project name="P"><sequence format="r1" duration="2s"><spine><asset-clip ref="r2" name="main" offset="0s" duration="2s">
<{tag} {ref} lane="-1" name="voice" offset="0s" duration="2s" audioRole="dialogue.dub">{inside}</{tag}>
</asset-clip></spine></sequence></project></event></library></fcpxml>""".encode()


@pytest.mark.parametrize(
    ("inside", "wanted"),
    [
        ("", ()),
        ('<audio-channel-source srcCh="1, 2" role="dialogue.dub"/>', ()),
        ('<audio-channel-source srcCh="2" role="dialogue.dub"/>', (2,)),
        ('<audio-channel-source srcCh="1" enabled="0"/><audio-channel-source srcCh="2"/>', (2,)),
        ('<audio-channel-source srcCh="1" active="0"/><audio-channel-source srcCh="2" active="1"/>', (2,)),
        ('<audio-channel-source srcCh="7"/>', ()),
        ('<audio-channel-source role="dialogue.dub"/>', ()),
        ('<audio-channel-source srcCh=""/>', ()),
        ('<audio-channel-source srcCh="0"/>', ()),
        ('<audio-channel-source srcCh="2"/><audio-channel-source/>', ()),
        ('<audio-channel-source srcCh="2"/><audio-channel-source enabled="0"/>', (2,)),
    ],
)
def test_fcpxml_says_the_channels(inside: str, wanted: tuple[int, ...], files: Files) -> None:
    """A source that does not say its channels, as it may, counted as one that is switched off, and the clip was not heard."""
    assert shot_of(fcpxml(files, inside), files, speech_tracks=("dialogue.dub",)).speech_channels == wanted


def test_fcpxml_counts_channels_in_a_source(files: Files) -> None:
    inside = '<audio ref="r3" offset="0s" duration="10s" srcID="3" srcCh="1" role="dialogue.dub"/>'
    document = fcpxml(files, inside, "clip", 'audioSources="4" audioChannels="1"', "four")
    assert shot_of(document, files, speech_tracks=("dialogue.dub",)).speech_channels == (3,)


def test_a_clip_whose_channels_are_all_switched_off_is_not_heard(files: Files) -> None:
    document = fcpxml(files, '<audio-channel-source srcCh="1, 2" enabled="0"/>')
    found = conform(read_timeline(document).timeline, Selection(speech_tracks=("dialogue.dub",)), facts=files.facts)
    assert not found.shots, "nothing is heard, so nothing is said"
    heard = conform(
        read_timeline(fcpxml(files, '<audio-channel-source srcCh="1, 2"/>')).timeline,
        Selection(speech_tracks=("dialogue.dub",)),
        facts=files.facts,
    )
    assert len(heard.shots) == 1


def resolve(files: Files, name: str, *channels: Any) -> bytes:
    picture = clip("camera", times(0, 50, 25), external((files.folder / "camera.mov").as_uri(), times(0, 250, 25)))
    listed = [{"Source Track ID": each[0], "Source Channel ID": each[1]} if isinstance(each, tuple) else each for each in channels]
    voice = clip(
        name,
        times(0, 50, 25),
        external((files.folder / f"{name}.mov").as_uri(), times(0, 250, 25)),
        metadata={"Resolve_OTIO": {"Channels": listed, "Link Group ID": 7}},
    )
    return data(timeline(track("Video", "V1", picture), track("Audio", "A1", voice)))


@pytest.mark.parametrize(
    ("name", "channels", "wanted"),
    [
        ("stereo", [(0, 1)], (2,)),
        ("stereo", [(0, 0), (0, 1)], ()),
        ("four", [(2, 0)], (3,)),
        ("four", [(1, 0), (3, 0)], (2, 4)),
        ("stereo", [(0, 5)], ()),
        ("stereo", [], ()),
        ("stereo", ["what"], ()),
        ("stereo", [("x", None)], ()),
    ],
)
def test_resolve_says_track_and_channel(name: str, channels: list[Any], wanted: tuple[int, ...], files: Files) -> None:
    assert shot_of(resolve(files, name, *channels), files, speech_tracks=("A1",)).speech_channels == wanted


@pytest.mark.parametrize("begins", ["timeline", "clip"])
@pytest.mark.parametrize(("chosen", "wanted"), [((3,), (3,)), ((4, 2, 2), (2, 4)), ((), ())])
def test_channels_of_a_speech_file_are_chosen_for_all_clips(
    files: Files, begins: Any, chosen: tuple[int, ...], wanted: tuple[int, ...]
) -> None:
    speech = str(files.folder / "four.mov")
    document = fcp7(files, _item(files, "one"))
    assert shot_of(document, files, speech=speech, speech_from=begins, speech_channels=chosen).speech_channels == wanted


def test_a_channel_that_a_speech_file_has_not_is_refused(files: Files) -> None:
    speech, document = str(files.folder / "four.mov"), fcp7(files, _item(files, "one"))
    with pytest.raises(SpecError, match=r"“four.mov” has 4 channels of sound in all its tracks, got 5"):
        row_of(document, files, speech=speech, speech_channels=(5,))
    with pytest.raises(SpecError, match="numbered from 1"):
        Selection(speech=speech, speech_channels=(0,))


def test_the_facts_of_a_file_say_its_tracks(tmp_path: Path) -> None:
    voice = tone()
    assert read_facts(recorder(tmp_path / "poly.wav", 8, {3: voice})).sound_tracks == (8,)
    assert read_facts(streams(tmp_path / "two.mka", [voice[None], voice[None]])).sound_tracks == (1, 1)
    assert read_facts(make_video(tmp_path / "mute.mp4", frames=3)).sound_tracks == ()
