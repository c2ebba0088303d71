"""What the two networks hear: as upstream where it is to be compared, and otherwise by time and without seams."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch

from heygem_core.engines.diffusion.networks import whisper_encoder
from heygem_core.engines.diffusion.speech_states import (
    BEFORE,
    RATE,
    WINDOW,
    log_mel,
    pieces,
    position_code,
    published_window_starts,
    speech_states,
    window_starts,
    windows,
)

from .made_up import NARROW, close_to_upstream, fill, made_up_speech

RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(50),
    Fraction(60000, 1001),
    Fraction(12),
    Fraction(120),
]


@pytest.fixture(scope="module")
def encoder():
    return fill(whisper_encoder(NARROW))


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return made_up_speech(37.31)


def test_latentsync_hears_as_upstream(encoder, sound):
    states = speech_states(encoder, sound, "latentsync", as_published=True)
    close_to_upstream(states[::97, :, ::9], "latentsync_states")
    count = 934  # its program makes two frames more than there is sound
    fed = windows(states, published_window_starts(count, 25, "latentsync"), "latentsync")
    close_to_upstream(fed[[0, 1, 2, 400, 900, 931, count - 1], ::7, ::9], "latentsync_windows")


def test_musetalk_hears_as_upstream(encoder, sound):
    states = speech_states(encoder, sound, "musetalk", as_published=True)
    for name, fps, count in (("25", 25, 932), ("24", 24, 895), ("30", 30, 1119), ("23x", 23.976, 858)):
        fed = windows(states, published_window_starts(count, fps, "musetalk"), "musetalk")
        close_to_upstream(fed[[0, 1, 400, 700, count - 1], ::7, ::9], f"musetalk_windows_{name}")


def test_musetalk_numbers_what_it_hears_as_upstream():
    close_to_upstream(position_code(50, 384)[::7, ::31], "musetalk_position")


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_window_lies_around_the_frame_for_ten_minutes(rate: Fraction):
    times = np.arange(int(600 * rate)) / float(rate)
    centre = (window_starts(times) + (WINDOW - 1) / 2) / RATE
    assert np.abs(centre - times).max() <= 0.0100001


def test_at_25_fps_the_windows_are_the_published_ones():
    times = np.arange(15_000) / 25
    assert (window_starts(times) == published_window_starts(15_000, 25, "latentsync")).all()
    assert (window_starts(times) == published_window_starts(15_000, 25, "musetalk")).all()


def test_the_published_windows_drift_where_a_rate_is_no_whole_number():
    """The fault that is mended: after a minute at 23.976 fps MuseTalk's own program hears 2.5 s too late."""
    rate = 24000 / 1001
    count = int(60 * rate)
    wrong = published_window_starts(count, rate, "musetalk")[-1] - window_starts(np.array([(count - 1) / rate]))[0]
    assert wrong / RATE > 2


def test_one_state_off_does_not_come_of_rounding():
    """0.58 s times 50 is 28.999999999999996 in floating point."""
    assert window_starts(np.array([0.58]))[0] == 29 - BEFORE
    assert (window_starts(np.arange(30_000) / 50.0) == np.arange(30_000) - BEFORE).all()


@pytest.mark.parametrize("count", [1, 1499, 1500, 1501, 2249, 2250, 2251, 5000, 30_000])
def test_pieces_cover_everything_once_and_know_both_sides(count: int):
    parts = pieces(count, middles=True)
    assert [keep_from for _, keep_from, _ in parts] == [0, *[keep_to for _, _, keep_to in parts[:-1]]]
    assert parts[-1][2] == count
    for first, keep_from, keep_to in parts:
        assert first <= keep_from < keep_to <= first + 1500
        assert keep_from - first >= 250 or keep_from == 0
        assert first + 1500 - keep_to >= 250 or keep_to == count


def test_there_is_no_seam_in_long_speech(encoder):
    """Side by side, pieces make the state behind a seam another than the same sound gives elsewhere."""
    sound = made_up_speech(70)
    later = sound[20 * 16_000 :]  # its piece of 30 s has no edge where the whole one's seam is
    seam = slice(1500 - 10, 1500 + 10)
    for model in ("musetalk", "latentsync"):
        alone = speech_states(encoder, later, model)[seam.start - 1000 : seam.stop - 1000]
        side_by_side, overlapping = (speech_states(encoder, sound, model, as_published=flag)[seam] for flag in (True, False))
        assert np.abs(overlapping - alone).mean() < np.abs(side_by_side - alone).mean() / 2


@pytest.mark.parametrize("model", ["musetalk", "latentsync"])
@pytest.mark.parametrize("samples", [0, 1, 100, 319, 320, 700])
def test_hardly_any_speech_is_heard_too(encoder, model, samples: int):
    states = speech_states(encoder, np.full(samples, 0.01, np.float32), model)
    assert states.shape == (samples // 320, 5, NARROW.speech)
    fed = windows(states, np.array([-20, 0, 5_000]), model)
    assert fed.shape == (3, 50, NARROW.speech)
    assert np.isfinite(fed).all()


def test_silence_has_a_spectrogram():
    assert torch.isfinite(log_mel(torch.zeros(16_000))).all()


def test_beyond_the_speech_musetalk_hears_nothing_and_latentsync_its_last_state(encoder, sound):
    states = speech_states(encoder, sound[: 16_000 * 2], "musetalk")
    assert (windows(states, np.array([-30, 200]), "musetalk") == 0).all()
    first, last = windows(states, np.array([-30, 200]), "latentsync").reshape(2, WINDOW, 5, -1)
    assert (first == states[0]).all()
    assert (last == states[-1]).all()
