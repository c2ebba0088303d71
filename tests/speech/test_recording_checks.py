"""What is told about a poor recording, and that a good one is told nothing of."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import resample_poly

from heygem_core.media.flat_tops import FlatTops
from heygem_core.media.sound import read_speech
from heygem_core.motion.predict import predict
from heygem_core.motion.training.augment import music
from heygem_core.speech.recording_checks import remarks


@pytest.fixture(scope="module")
def talk(clips: Path) -> np.ndarray:
    """Ten seconds of a man."""
    return read_speech(clips / "talking" / "talk05.mp4").samples


def told(samples: np.ndarray) -> str:
    samples, tops = samples.astype(np.float32), FlatTops(may_exceed=False)
    tops.add(samples[None])
    return " ".join(said.message for said in remarks(samples, predict(samples).speaking, clipped=tops.clipped))


def test_speech_as_recorded_is_told_nothing_of(talk: np.ndarray) -> None:
    assert told(talk) == ""
    assert told(talk[:16_000]) == ""


@pytest.mark.parametrize("what", ["silent", "No voice", "clipped", "quiet", "noise", "hardly"])
def test_what_is_wrong_is_told_in_one_sentence(what: str, talk: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    harmed = {
        "silent": np.zeros(48_000),
        "No voice": 0.02 * rng.standard_normal(80_000),
        "clipped": np.clip(talk * 30, -1, 1),
        "quiet": talk * 1e-3 / talk.std(),
        "noise": talk + rng.standard_normal(len(talk)) * talk.std() * 0.5,
        "hardly": np.concatenate([talk[16_000:32_000], 1e-5 * rng.standard_normal(320_000)]),
    }[what]
    said = told(harmed)
    assert what in said
    assert said.count(". ") == 0


def test_music_under_or_instead_of_speech_is_told(talk: np.ndarray) -> None:
    pieces = [music(80_000, np.random.default_rng(900 + k)) for k in range(6)]
    under = [told(talk[:80_000] + piece / piece.std() * talk.std() * 0.7) for piece in pieces]
    assert sum("music" in said for said in under) >= 4
    assert sum("No voice" in told(piece) for piece in pieces) >= 4


@pytest.mark.parametrize(
    ("rate", "channels"),
    [(8_000, 1), (11_025, 1), (22_050, 2), (44_100, 2), (48_000, 6), (48_000, 8), (96_000, 1), (192_000, 2)],
)
def test_the_same_speech_at_any_rate_and_in_any_layout_moves_the_mouth_alike(
    rate: int, channels: int, talk: np.ndarray, tmp_path: Path
) -> None:
    piece, ratio = talk[:64_000], Fraction(rate, 16_000)
    one = np.round(resample_poly(piece, ratio.numerator, ratio.denominator) * 20_000).astype("<i2")
    spoken = {1: [0], 2: [0, 1], 6: [2], 8: [0, 1]}[channels]  # the voice is in the centre of 5.1, and at the sides of 7.1
    every = np.zeros((len(one), channels), "<i2")
    every[:, spoken] = one[:, None]
    with wave.open(str(tmp_path / "speech.wav"), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes(every.tobytes())
    sound = read_speech(tmp_path / "speech.wav")
    assert sound.source_channels == channels
    assert abs(len(sound.samples) - len(piece)) <= 32
    times = np.arange(0, 3.9, 0.04)
    wanted, got = (predict(samples).at(times)[:, :, 1] for samples in (piece, sound.samples))
    assert np.corrcoef(wanted.ravel(), got.ravel())[0, 1] > (0.7 if rate < 16_000 else 0.98)
