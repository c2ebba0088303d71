"""The log-mel spectrogram of speech, and the level it is brought to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heygem_core.speech.features import BANDS, FRAME_RATE, LEVEL_STEP_DB, frame_count, level, level_db, log_mel


def tone(pitch_hz: float, seconds: float = 1.0, amplitude: float = 0.3) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * pitch_hz * np.arange(round(16_000 * seconds)) / 16_000)).astype(np.float32)


@given(st.integers(0, 5000))
@settings(max_examples=40, deadline=None)
def test_any_number_of_samples_gives_a_frame_for_every_started_hundredth(count: int) -> None:
    mel = log_mel(np.full(count, 0.1, np.float32))
    assert mel.shape == (max(1, -(-count // 160)), BANDS)
    assert mel.dtype == np.float32
    assert np.isfinite(mel).all()


def test_frame_k_is_centred_on_second_k_hundredths() -> None:
    click = np.zeros(16_000, np.float32)
    click[8000] = 1
    energy = log_mel(click, levelled=False).sum(1)
    assert int(energy.argmax()) == 8000 * FRAME_RATE // 16_000
    assert energy[49] == pytest.approx(energy[51], abs=1e-3)


def test_a_quiet_and_a_loud_recording_look_the_same_to_within_a_step_of_level() -> None:
    rng = np.random.default_rng(1)
    speech = (tone(220) + 0.05 * rng.standard_normal(16_000)).astype(np.float32)
    assert np.abs(log_mel(speech) - log_mel(speech * np.float32(0.003))).max() < LEVEL_STEP_DB / 40


def test_a_higher_tone_lies_in_a_higher_band() -> None:
    bands = [int(log_mel(tone(pitch))[50].argmax()) for pitch in (200, 500, 1000, 3000, 7000)]
    assert bands == sorted(set(bands))


def test_silence_stays_silence_instead_of_being_raised_to_the_level_of_speech() -> None:
    hiss = 1e-6 * np.random.default_rng(0).standard_normal(16_000).astype(np.float32)
    assert np.array_equal(level(hiss), hiss)
    assert level_db(np.zeros(16_000, np.float32)) == -np.inf


def test_samples_that_are_not_finite_are_taken_as_silence() -> None:
    broken = tone(300)
    broken[100], broken[200], broken[300] = np.nan, np.inf, -np.inf
    assert np.isfinite(log_mel(broken)).all()


def test_pauses_do_not_change_the_level_that_speech_is_brought_to() -> None:
    speech = tone(300, 2.0)
    padded = np.concatenate([np.zeros(64_000, np.float32), speech])
    assert level_db(padded) == pytest.approx(level_db(speech), abs=1.5)


def test_the_filters_are_those_that_whisper_listens_through() -> None:
    transformers = pytest.importorskip("transformers")
    theirs = np.asarray(transformers.WhisperFeatureExtractor().mel_filters, np.float32)
    from heygem_core.speech.features import _filters

    assert np.abs(_filters() - theirs).max() < 1e-5


def test_frame_count_of_nothing_is_one() -> None:
    assert frame_count(0) == 1
