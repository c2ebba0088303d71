"""The mouth says this speech: real people, their own sound, and sounds that are no speech."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.face.mesh import LOWER_FACE, lower_lip_gap
from heygem_core.motion.footage import Footage
from heygem_core.motion.measures import best_lag, compare_motion
from heygem_core.motion.motion import Motion
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.motion.predict import motion_version, predict, target_lip_gap
from heygem_core.motion.speech_features import windows
from heygem_core.motion.training.augment import music
from heygem_core.speech.features import level_db

TIMES = np.arange(0, 5, 1 / 25)


def gap_of(motion: Motion, times: np.ndarray = TIMES) -> np.ndarray:
    return lower_lip_gap(motion.at(times))


def test_a_stranger_s_mouth_is_followed_far_better_than_by_loudness_or_other_words(real_talking: Footage, real_long_talk: Footage) -> None:
    found = compare_motion(predict(real_talking.samples), real_talking)
    other = compare_motion(predict(np.resize(real_long_talk.samples, len(real_talking.samples))), real_talking)
    assert found.r > 0.5
    assert found.r > other.r + 0.25
    assert abs(found.lag_s) <= 0.04
    assert found.width_r > 0.35
    assert 0.7 < found.amplitude < 1.4


@pytest.mark.parametrize("what", ["nothing", "hiss", "hum", "no samples", "one sample", "not numbers"])
def test_without_speech_the_lips_are_closed_and_do_not_tremble(what: str) -> None:
    rng, seconds = np.random.default_rng(0), np.arange(80_000) / 16_000
    sound = {
        "nothing": np.zeros(80_000),
        "hiss": 0.02 * rng.standard_normal(80_000),
        "hum": 0.2 * np.sin(2 * np.pi * 50 * seconds),
        "no samples": np.zeros(0),
        "one sample": np.ones(1),
        "not numbers": np.full(80_000, np.nan),
    }[what]
    assert not predict(sound.astype(np.float32)).at(TIMES).any()


def test_most_music_is_not_taken_for_speech() -> None:
    pieces = [music(80_000, np.random.default_rng(900 + k)) for k in range(6)]
    moved = [float(gap_of(predict(piece)).max()) for piece in pieces]
    assert sum(m < 0.02 for m in moved) >= 4


def test_lips_close_before_speech_and_after_it(talking: Footage) -> None:
    silence = np.zeros(32_000, np.float32)
    motion = predict(np.concatenate([silence, talking.samples[:48_000], silence]))
    assert not motion.at(np.arange(0, 1.4, 0.04)).any()
    assert not motion.at(np.arange(5.6, 7, 0.04)).any()
    assert gap_of(motion, np.arange(2, 5, 0.04)).max() > 0.05
    assert np.abs(np.diff(gap_of(motion, np.arange(0, 7, 0.01)))).max() < 0.03  # no snapping anywhere


def test_the_level_of_a_recording_does_not_change_the_mouth(talking: Footage) -> None:
    loud, quiet = predict(talking.samples), predict(talking.samples * np.float32(0.01))
    assert np.abs(loud.at(TIMES) - quiet.at(TIMES)).max() < 0.01


@pytest.mark.parametrize("harm", ["clipped", "noisy", "telephone", "half a second"])
def test_poor_speech_still_gives_a_sensible_mouth(talking: Footage, harm: str) -> None:
    samples = talking.samples
    if harm == "clipped":
        samples = np.clip(samples * 20, -0.5, 0.5)
    elif harm == "noisy":
        samples = samples + np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32) * samples.std() * 0.3
    elif harm == "telephone":
        samples = np.repeat(samples[::4], 4)[: len(samples)]
    else:
        samples = samples[16_000:24_000]
    motion = predict(samples)
    deltas = motion.at(TIMES)
    assert np.isfinite(deltas).all()
    assert np.abs(deltas).max() < 0.5
    if harm != "half a second":
        use = talking.in_utterances()
        assert best_lag(lambda t: gap_of(motion, t), talking.times[use], talking.gap[use])[0] > 0.3


def test_the_lips_never_pass_through_each_other(long_talk: Footage) -> None:
    assert gap_of(predict(long_talk.samples), np.arange(0, 10, 0.01)).min() > -0.004


def test_a_sure_closure_closes_fully_and_an_unlikely_one_changes_nothing() -> None:
    gap = np.full(3, 0.03, np.float32)
    assert np.allclose(target_lip_gap(gap, np.array([0.0, 0.2, 0.99], np.float32)), [0.03, 0.03, 0.0])


def test_the_same_speech_gives_the_same_motion_and_the_version_is_stable(talking: Footage) -> None:
    first, second = predict(talking.samples), predict(talking.samples)
    assert np.array_equal(first.coefficients, second.coefficients)
    assert motion_version(load_motion_model()) == motion_version(load_motion_model())
    assert first.vertices == LOWER_FACE


def test_what_is_far_away_in_a_long_speech_changes_nothing_here(long_talk: Footage) -> None:
    once, twice = predict(long_talk.samples), predict(np.concatenate([long_talk.samples] * 2))
    times = np.arange(0, 5, 0.04)
    assert np.abs(once.at(times) - twice.at(times)).max() < 0.02


@pytest.mark.parametrize("n100", [1, 2, 999, 1000, 1001, 1400, 1401, 6000])
@pytest.mark.parametrize("encoder", ["mel", "whisper"])
def test_windows_keep_every_frame_once(n100: int, encoder: str) -> None:
    kept = [k for first, last, _, _ in windows(n100, encoder) for k in range(first, last)]
    assert kept == list(range(n100))
    assert all(start <= first and last <= end <= n100 for first, last, start, end in windows(n100, encoder))


def test_the_fixture_is_speech(talking: Footage) -> None:
    assert level_db(talking.samples) > -45
