"""Where somebody speaks, and where it is only a fan, a hum or nothing."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from heygem_core.media.sound import read_speech
from heygem_core.speech.voice_activity import speaking, speaking_probability, utterances

SECONDS = np.arange(80_000) / 16_000


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(80_000),
        0.05 * np.random.default_rng(0).standard_normal(80_000),
        0.3 * np.sin(2 * np.pi * 50 * SECONDS) + 0.1 * np.sin(2 * np.pi * 100 * SECONDS),
        1e-5 * np.random.default_rng(1).standard_normal(80_000),
        0.01 * np.cumsum(np.random.default_rng(2).standard_normal(80_000)),
    ],
    ids=["digital silence", "hiss", "mains hum", "the last bit of a recorder", "rumble"],
)
def test_nobody_speaks_in(sound: np.ndarray) -> None:
    assert speaking(sound.astype(np.float32)).mean() < 0.02


def test_a_face_that_keeps_silent_in_a_room_is_not_heard_speaking(clips: Path) -> None:
    assert speaking(read_speech(clips / "silent_1280x720.mp4").samples).mean() < 0.05


@pytest.mark.parametrize("name", ["talking/talk02.mp4", "german_512x512_25fps.mp4"])
def test_connected_speech_is_heard_also_in_noise_and_at_any_level(clips: Path, name: str) -> None:
    samples = read_speech(clips / name).samples
    clean = speaking(samples)
    assert clean.mean() > 0.6
    assert (speaking(samples * np.float32(0.01)) == clean).mean() > 0.98
    noise = np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32) * samples.std() * 0.1
    assert (speaking(samples + noise) == clean).mean() > 0.75


def test_a_pause_between_two_words_is_found(clips: Path) -> None:
    samples = read_speech(clips / "talking/talk02.mp4").samples[:48_000]
    gap = np.concatenate([samples, np.zeros(32_000, np.float32), samples])
    active = speaking(gap)
    assert not active[320:480].any()
    assert active[:300].mean() > 0.5


def test_odd_lengths_are_answered_with_as_many_flags_as_frames() -> None:
    for count in (0, 1, 159, 160, 161, 7999):
        assert (
            len(speaking(np.ones(count, np.float32))) == len(speaking_probability(np.ones(count, np.float32))) == max(1, -(-count // 160))
        )


def test_utterances_grow_by_the_margin_on_both_sides() -> None:
    active = np.zeros(100, bool)
    active[50:55] = True
    grown = np.flatnonzero(utterances(active, margin_s=0.1))
    assert (grown[0], grown[-1]) == (40, 64)


def test_a_longer_recording_takes_no_more_memory_than_its_samples_once_more() -> None:
    """All of it in double precision, with its spectrogram, was ten times the samples: a gigabyte and a half for an hour."""
    speaking(np.zeros(16_000, np.float32))  # what is imported or made once

    def peak(minutes: int) -> int:
        samples = np.random.default_rng(0).standard_normal(minutes * 960_000).astype(np.float32)
        tracemalloc.start()
        speaking(samples)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    assert (peak(4) - peak(2)) / (2 * 960_000 * 4) < 1.3
