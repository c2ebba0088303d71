"""What is heard in a take: every stream of the source's own sound, the channels that were chosen, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import BadRange, UnreadableMedia
from heygem_core.media import sound as reading
from heygem_core.media.probe import probe
from heygem_core.media.take_timing import timing_of
from heygem_core.rendering.sound import check_sound, sound_remarks, take_sounds
from heygem_core.shot import RenderSettings, Shot

from ..media.make import sound, video
from .making import write_sound

RATE, FRAMES = 48_000, 6
VOICES = [(0.1 * number * np.sin(np.arange(RATE // 2) / (5 + number))).astype(np.float32) for number in range(1, 5)]


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with four mono streams, as cameras and Premiere write them."""
    folder = tmp_path_factory.mktemp("camera")
    picture, path = video(folder / "picture.mov", frames=FRAMES), folder / "four.mov"
    with av.open(str(picture)) as pictured, av.open(str(path), "w") as container:
        shown = container.add_stream_from_template(pictured.streams.video[0])
        streams: list[Any] = [container.add_stream("pcm_s16le", rate=RATE, layout="mono") for _ in VOICES]
        container.start_encoding()
        for packet in pictured.demux():
            if packet.dts is not None:
                packet.stream = shown
                container.mux(packet)
        for stream, voice in zip(streams, VOICES, strict=True):
            frame = av.AudioFrame.from_ndarray(voice[None], format="flt", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sound(tmp_path_factory.mktemp("speech") / "speech.wav", VOICES[0], rate=RATE)


def heard(video: Path, speech: Path, kind: str, **of_shot: Any) -> list[tuple[str | None, str, np.ndarray]]:
    """(title, layout, samples) of each stream of a take of the whole clip."""
    info = probe(video)
    shot, frames = Shot(video=str(video), speech=str(speech), **of_shot), np.arange(FRAMES)
    tracks = take_sounds(shot, RenderSettings(sound=kind), info, frames, timing_of(info, frames.tolist()))
    return [(track.title, track.layout, np.concatenate(list(track.samples), axis=1)) for track in tracks]


def told(video: Path, speech: Path, kind: str, **of_shot: Any) -> list[str]:
    shot = Shot(video=str(video), speech=str(speech), **of_shot)
    return [said.message for said in sound_remarks(shot, RenderSettings(sound=kind), probe(video))]


def test_all_streams_of_the_source_are_carried(camera: Path, speech: Path) -> None:
    """One of four was kept, and nothing said so."""
    carried = heard(camera, speech, "source")
    assert [(title, layout) for title, layout, _ in carried] == [(f"Source sound {number}", "mono") for number in (1, 2, 3, 4)]
    for (_, _, samples), voice in zip(carried, VOICES, strict=True):
        assert np.abs(samples[0] - voice[: samples.shape[1]]).max() < 1e-3
    assert told(camera, speech, "source") == []
    assert [title for title, _, _ in heard(camera, speech, "both")] == ["New speech", *(f"Source sound {n}" for n in (1, 2, 3, 4))]


def test_channels_of_the_source_can_be_chosen(camera: Path, speech: Path) -> None:
    ((title, layout, samples),) = heard(camera, speech, "source", source_channels=(3,))
    assert (title, layout) == ("Source sound", "mono")
    assert np.abs(samples[0] - VOICES[2][: samples.shape[1]]).max() < 1e-3


def test_channels_of_the_speech_can_be_chosen(camera: Path) -> None:
    ((_, layout, samples),) = heard(camera, camera, "speech", speech_channels=(4, 2))
    assert layout == "stereo"
    assert np.abs(samples - np.stack([VOICES[3], VOICES[1]])[:, : samples.shape[1]]).max() < 1e-3


def test_a_recorders_file_is_audible_in_the_take_and_its_folding_is_said(camera: Path, tmp_path: Path) -> None:
    every = np.zeros((8, len(VOICES[3])), np.float32)
    every[3] = VOICES[3]
    recorder = sound(tmp_path / "poly.wav", every, layout="7.1")
    data = recorder.read_bytes()
    at = data.index(b"fmt ") + 8 + 20  # the mask of the loudspeakers in the extensible header: none of them
    recorder.write_bytes(data[:at] + bytes(4) + data[at + 4 :])
    ((_, layout, samples),) = heard(camera, recorder, "speech")
    assert (layout, np.abs(samples).max() > 0.3) == ("mono", True)
    (said,) = told(camera, recorder, "speech")
    assert "8 channels" in said
    assert "--speech-channel" in said
    assert told(camera, recorder, "none") == told(camera, recorder, "speech", speech_channels=(4,)) == []


def test_a_channel_that_the_source_has_not_is_said_before_any_work(camera: Path, speech: Path) -> None:
    shot = Shot(video=str(camera), speech=str(speech), source_channels=(5,))
    with pytest.raises(BadRange, match="4 channels"):
        check_sound(shot, RenderSettings(sound="source"), probe(camera), np.arange(FRAMES))


def unreadable(monkeypatch: pytest.MonkeyPatch, *numbers: int, default: int = 0) -> None:
    """As if these streams did not say how many channels they have."""
    read = reading._streams

    def streams(path: Path) -> Any:
        found = read(path)[0]
        return tuple(replace(each, names=()) if number in numbers else each for number, each in enumerate(found)), default

    monkeypatch.setattr(reading, "_streams", streams)


@pytest.mark.parametrize("default", [0, 1])
def test_a_stream_that_does_not_say_its_channels_does_not_cost_the_others(
    default: int, camera: Path, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One such stream beside good ones ended every render with the source's sound."""
    unreadable(monkeypatch, 1, default=default)
    check_sound(Shot(video=str(camera), speech=str(speech)), RenderSettings(sound="source"), probe(camera), np.arange(FRAMES))
    carried = heard(camera, speech, "source")
    assert [title for title, _, _ in carried] == ["Source sound 1", "Source sound 2", "Source sound 3"]
    for (_, _, samples), voice in zip(carried, (VOICES[0], VOICES[2], VOICES[3]), strict=True):
        assert np.abs(samples[0] - voice[: samples.shape[1]]).max() < 1e-3
    (said,) = told(camera, speech, "source")
    assert "not in the take (1)" in said
    ((_, _, chosen),) = heard(camera, speech, "source", source_channels=(1,))
    assert np.abs(chosen[0] - VOICES[0][: chosen.shape[1]]).max() < 1e-3
    assert told(camera, speech, "source", source_channels=(1,)) == []


@pytest.mark.parametrize(("numbers", "chosen"), [((0, 1, 2, 3), ()), ((0, 1, 2, 3), (1,)), ((3,), (4,))])
def test_a_stream_that_is_needed_and_does_not_say_its_channels_is_refused(
    numbers: tuple[int, ...], chosen: tuple[int, ...], camera: Path, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unreadable(monkeypatch, *numbers)
    shot = Shot(video=str(camera), speech=str(speech), source_channels=chosen)
    with pytest.raises(UnreadableMedia, match="how many channels"):
        check_sound(shot, RenderSettings(sound="source"), probe(camera), np.arange(FRAMES))
