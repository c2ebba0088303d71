"""Clipped recordings are found on the samples of the file, however loud, at any rate and in any codec; sound that merely is loud is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heygem_core.media.flat_tops import FlatTops
from heygem_core.media.sound import read_speech

from .make import sound

RATE = 44_100


@pytest.fixture(scope="module")
def voice(clips: Path) -> np.ndarray:
    """Four seconds of a man at the rate of the file, at full scale."""
    samples = read_speech(clips / "talking" / "talk05.mp4").samples[:64_000]
    at = np.arange(round(len(samples) * RATE / 16_000)) * 16_000 / RATE
    louder = np.interp(at, np.arange(len(samples)), samples)
    return (louder / np.abs(louder).max()).astype(np.float32)


def chord(seconds: float = 2) -> np.ndarray:
    times = np.arange(round(seconds * RATE)) / RATE
    tones = sum(np.sin(2 * np.pi * hertz * times + phase) for hertz, phase in ((220, 0), (277.18, 1), (329.63, 2)))
    return (tones / np.abs(tones).max()).astype(np.float32)


def clipped(samples: np.ndarray, path: Path, codec: str = "pcm_s16le", rate: int = RATE) -> bool:
    return read_speech(sound(path, samples[None].astype(np.float32), rate=rate, codec=codec)).clipped


@pytest.mark.parametrize("louder_db", [20, 30, 40])
@pytest.mark.parametrize(
    ("suffix", "codec"), [(".wav", "pcm_s16le"), (".flac", "flac"), (".wav", "pcm_u8"), (".m4a", "aac"), (".mp3", "libmp3lame")]
)
def test_speech_recorded_too_loud_is_found(louder_db: int, suffix: str, codec: str, voice: np.ndarray, tmp_path: Path) -> None:
    """At +30 and +40 dB the flat tops are so long that resampling to 16 kHz hid them."""
    assert clipped(np.clip(voice * 10 ** (louder_db / 20), -1, 1), tmp_path / f"loud{suffix}", codec)


def test_clipped_speech_that_was_made_quieter_afterwards_is_found(voice: np.ndarray, tmp_path: Path) -> None:
    assert clipped(np.clip(voice * 30, -1, 1) * 0.05, tmp_path / "quiet.wav")


@pytest.mark.parametrize("level", [1.0, 0.3, 0.02])
@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_f32le"])
def test_a_clean_chord_and_clean_speech_are_not(level: float, codec: str, voice: np.ndarray, tmp_path: Path) -> None:
    assert not clipped(chord() * level, tmp_path / "chord.wav", codec)
    assert not clipped(voice * level, tmp_path / "voice.wav", codec)


@pytest.mark.parametrize("hertz", [60, 440, 1000])
def test_a_steady_tone_of_any_depth_is_not(hertz: int, tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE)
    assert not clipped(tone, tmp_path / "tone.wav")
    assert not clipped(tone, tmp_path / "coarse.wav", "pcm_u8")


def test_levels_beyond_full_scale_are_fine_in_a_file_that_holds_them(voice: np.ndarray, tmp_path: Path) -> None:
    """32-bit float recorders do not clip."""
    assert not clipped(voice * 3, tmp_path / "float.wav", "pcm_f32le")


def test_one_clipped_channel_is_enough_and_a_click_is_not(voice: np.ndarray, tmp_path: Path) -> None:
    loud = np.stack([voice * 0.5, np.clip(voice * 30, -1, 1)])
    assert read_speech(sound(tmp_path / "two.wav", loud, rate=RATE, layout="stereo")).clipped
    clicked = voice * 0.2
    clicked[20_000:20_040] = 1
    assert not clipped(clicked, tmp_path / "click.wav")


def test_it_does_not_matter_in_which_pieces_samples_come() -> None:
    loud = np.clip(chord() * 10, -1, 1)[None]
    whole, pieces = FlatTops(may_exceed=False), FlatTops(may_exceed=False)
    whole.add(loud)
    for begin in range(0, loud.shape[1], 777):
        pieces.add(loud[:, begin : begin + 777])
    assert whole.clipped
    assert pieces.clipped
    assert not FlatTops(may_exceed=False).clipped
