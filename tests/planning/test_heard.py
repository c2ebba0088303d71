"""New speech that is mostly the old one is listened to only where it is new."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.media.sound import Sound
from heygem_core.motion import speech_features
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.motion.speech_features import SpeechFeatures, encode_speech
from heygem_core.planning.basis import features_of
from heygem_core.shot import Progress
from heygem_core.speech.features import level
from heygem_core.storage.cache import Cache

Floats = np.ndarray[Any, np.dtype[np.float32]]
ARRAYS = ("coefficients", "closed_probability", "speech_probability", "labial_probability", "features")


def hear(samples: Floats, cache: Path) -> tuple[SpeechFeatures, list[Progress]]:
    """The features, and what was told meanwhile."""
    sound = Sound(samples=samples, rate=16_000, source_rate=16_000, source_channels=1, downmix="mono", start_s=Fraction(0))
    told: list[Progress] = []
    work = features_of(sound, load_motion_model(), Cache(cache), 100)
    while True:
        try:
            event = next(work)
            assert isinstance(event, Progress)
            told.append(event)
        except StopIteration as end:
            return end.value, told


def sound_of(seconds: int, seed: int) -> Floats:
    """Noise that comes and goes as syllables do."""
    times = np.arange(16_000 * seconds) / 16_000
    noise = np.random.default_rng(seed).normal(size=len(times))
    return (0.05 * noise * np.sin(2 * np.pi * 2 * times) ** 2).astype(np.float32)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The second at which each pass of the model begins to be kept, from now on."""
    seconds: list[int] = []
    really = speech_features._hear

    def noted(model: Any, samples: Floats, window: Any, **more: Any) -> Any:
        seconds.append(window.first // 100)
        return really(model, samples, window, **more)

    monkeypatch.setattr(speech_features, "_hear", noted)
    return seconds


def test_only_a_changed_stretch_is_listened_to_again(tmp_path: Path, heard: list[int]) -> None:
    said = sound_of(55, seed=1)
    before, told = hear(said, tmp_path)
    assert heard == [0, 10, 20, 30, 40, 50]
    assert told[0].done == 0
    assert told[-1].done == 100
    heard.clear()
    again, told = hear(said.copy(), tmp_path)
    assert heard == []
    assert told == []
    changed = said.copy()
    changed[16_000 * 24 : 16_000 * 25] = sound_of(1, seed=2)
    after, _ = hear(changed, tmp_path)
    assert heard == [20]
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(again, name), getattr(before, name))
        np.testing.assert_array_equal(
            getattr(after, name), getattr(encode_speech(load_motion_model(), level(changed), features=True), name)
        )
    assert not np.array_equal(after.coefficients, before.coefficients)


def test_the_same_sound_elsewhere_in_a_recording_is_heard_as_there(tmp_path: Path, heard: list[int]) -> None:
    """Only what is heard of a stretch counts, not where it lies; but at the beginning there is nothing before it."""
    ten = sound_of(10, seed=3)
    whole, _ = hear(np.tile(ten, 4), tmp_path)
    assert heard == [0, 10, 30], "20 is 10 once more; after 30 there is silence"
    np.testing.assert_array_equal(
        whole.coefficients, encode_speech(load_motion_model(), level(np.tile(ten, 4)), features=True).coefficients
    )
