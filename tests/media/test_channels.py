"""Any number of channels, named or not, in any number of streams, is heard and carried by one rule."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from heygem_core.errors import BadRange
from heygem_core.media.channels import fold, kept_layout, side_weights
from heygem_core.media.probe import probe_sound
from heygem_core.media.sound import heard_of, read_speech, take_layout, take_sound, tracks_of_sound

from .make import sound, video

RATE = 48_000


def tone(level: float = 0.4, hertz: float = 300, seconds: float = 0.25) -> np.ndarray:
    return (level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)).astype(np.float32)


def recorder(path: Path, channels: int, spoken: dict[int, np.ndarray]) -> Path:
    """A WAV as field recorders write it: its channels have no names. spoken: what is recorded, by channel from 0."""
    samples = np.zeros((len(next(iter(spoken.values()))), channels), "<i2")
    for channel, heard in spoken.items():
        samples[:, channel] = np.round(heard * 32767)
    with wave.open(str(path), "wb") as file:
        file.setparams((channels, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return path


def streams(path: Path, each: list[np.ndarray], codec: str = "pcm_s16le") -> Path:
    """A file with a stream for each of these (channels, n)."""
    with av.open(str(path), "w") as container:
        made: list[Any] = [container.add_stream(codec, rate=RATE) for _ in each]
        for stream, samples in zip(made, each, strict=True):
            stream.codec_context.layout = {1: "mono", 2: "stereo"}[len(samples)]
        container.start_encoding()
        for stream, samples in zip(made, each, strict=True):
            frame = av.AudioFrame.from_ndarray(samples.T.reshape(1, -1).copy(), format="flt", layout=stream.codec_context.layout.name)
            frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    return path


def taken(path: Path, channels: tuple[int, ...] = (), **more: Any) -> np.ndarray:
    return np.concatenate(list(take_sound(path, Fraction(0), Fraction(1, 4), channels=channels, **more)), axis=1)


@pytest.mark.parametrize("channels", range(1, 65))
def test_a_voice_on_the_last_of_any_number_of_channels_is_heard_and_carried(channels: int, tmp_path: Path) -> None:
    """Eight channels gave a silent take, nine were no media file."""
    path = recorder(tmp_path / "poly.wav", channels, {channels - 1: tone(seconds=0.03)})
    assert probe_sound(path).channels == channels
    assert abs(np.abs(read_speech(path).samples).max() - 0.4) < 0.02
    carried = taken(path)
    assert len(carried) == (2 if channels == 2 else 1)
    assert abs(np.abs(carried).max() - 0.4) < 0.001


@pytest.mark.parametrize(("channels", "spoken"), [(8, 3), (3, 2), (6, 3), (4, 0), (12, 11)])
def test_what_is_carried_of_a_recorders_file_is_what_is_heard(channels: int, spoken: int, tmp_path: Path) -> None:
    path = recorder(tmp_path / "poly.wav", channels, {spoken: tone()})
    heard = read_speech(path).samples
    assert np.abs(taken(path, rate=16_000)[0] - heard).max() < 1e-4
    assert heard_of(path).folded


def test_microphones_that_hear_the_same_voice_are_not_clipped_when_they_are_added(tmp_path: Path) -> None:
    path = recorder(tmp_path / "poly.wav", 8, dict.fromkeys(range(8), tone(0.5)))
    carried = taken(path)
    assert 0.98 < np.abs(carried).max() <= 1
    assert np.abs(carried[0] / np.abs(carried).max() - tone(1)).max() < 0.01


NAMED = {
    "mono": "mono",
    "stereo": "stereo",
    "5.1": "5.1",
    "5.1(side)": "5.1",
    "quad": "stereo",
    "hexagonal": "stereo",
    "7.1": "stereo",
    "7.1.4": "stereo",
    "hexadecagonal": "stereo",
    "22.2": "stereo",
    "ambisonic 1": "mono",
}


@pytest.mark.parametrize("layout", NAMED)
def test_every_loudspeaker_but_the_rumble_is_carried_and_heard(layout: str) -> None:
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    kept = kept_layout(names)
    assert kept == NAMED[layout]
    silent = [name for name, carried in zip(names, np.abs(fold(names, kept)).sum(0) > 0, strict=True) if not carried]
    unheard = [name for name, heard in zip(names, side_weights(names).sum(0) > 0, strict=True) if not heard]
    assert set(unheard) <= {"LFE", "LFE2", "AMBI1", "AMBI2", "AMBI3"}
    assert silent == ([] if kept == "5.1" else unheard)


def test_channels_can_be_chosen_through_all_streams(tmp_path: Path) -> None:
    """Editors count the tracks of a file's sound through all its streams."""
    voices = [tone(level, hertz) for level, hertz in ((0.1, 200), (0.2, 300), (0.3, 400), (0.4, 500))]
    path = streams(tmp_path / "clip.mov", [voices[0][None], np.stack(voices[1:3]), voices[3][None]])
    assert tracks_of_sound(path) == ((1,), (2, 3), (4,))
    for number, voice in enumerate(voices, 1):
        assert take_layout(path, (number,)) == "mono"
        assert np.abs(taken(path, (number,))[0] - voice).max() < 1e-3
        assert abs(np.abs(read_speech(path, channels=(number,)).samples).max() - voice.max()) < 0.01
    assert np.abs(taken(path, (4, 1)) - np.stack([voices[3], voices[0]])).max() < 1e-3, "two are left and right, in their order"
    assert np.abs(taken(path, (1, 3, 4))[0] - (voices[0] + voices[2] + voices[3])).max() < 1e-3, "more are microphones"
    assert np.abs(taken(path, (2, 3)) - np.stack(voices[1:3])).max() < 1e-3
    assert np.abs(taken(path) - voices[0]).max() < 1e-3, "without a choice it is the default stream"


def test_a_whole_stream_that_was_chosen_keeps_its_layout(tmp_path: Path) -> None:
    path = sound(tmp_path / "film.wav", np.stack([tone(0.1 * place) for place in range(1, 7)]), layout="5.1")
    assert take_layout(path, (1, 2, 3, 4, 5, 6)) == "5.1"
    assert take_layout(path, (3,)) == "mono"


def test_a_channel_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = recorder(tmp_path / "poly.wav", 4, {0: tone()})
    with pytest.raises(BadRange, match=r"4 channels.*got 5"):
        read_speech(path, channels=(5,))
    with pytest.raises(BadRange, match="4 channels"):
        taken(path, (1, 9))


def test_sound_of_a_stream_that_ends_earlier_is_added_to_the_other(tmp_path: Path) -> None:
    path = streams(tmp_path / "clip.mkv", [tone(seconds=0.1)[None], tone(0.2, 500)[None]])
    carried = taken(path, (1, 2))
    assert not carried[0, round(0.15 * RATE) :].any()
    assert np.abs(carried[1] - tone(0.2, 500)).max() < 1e-3


def test_the_sound_of_a_picture_counts_from_it_in_every_stream(tmp_path: Path) -> None:
    source = video(tmp_path / "clip.mov", frames=6, samples=np.stack([tone(), tone(0.1, 500)]), sound_codec="pcm_s16le", sound_rate=RATE)
    assert np.abs(taken(source, (2,))[0] - tone(0.1, 500)).max() < 1e-3
