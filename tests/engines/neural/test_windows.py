"""What a network hears at each frame, by time."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from heygem_core.engines.neural.windows import first_rows, windows_of
from heygem_core.engines.wav2lip.mel import RATE

TEN_MINUTES_S = 600
HEARD = 16  # columns of mel at a frame of Wav2Lip
TRAINED_S = 0.0475  # middle of what Wav2Lip heard in training, from the beginning of the frame: (f − 1) · 3.2 columns rounded down, 16 long
RATES = [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]


def off_middle(first: np.ndarray, times: np.ndarray) -> float:
    """The most by which the middle of a window lies off where training had it, seconds."""
    middle = (first + (HEARD - 1) / 2) / RATE
    return float(np.abs(middle - times - TRAINED_S).max())


@pytest.mark.parametrize("rate", RATES, ids=str)
def test_the_middle_of_what_is_heard_stays_with_the_frame_for_ten_minutes(rate: Fraction) -> None:
    times = np.arange(int(TEN_MINUTES_S * rate)) / float(rate)
    assert off_middle(first_rows(times, RATE, 0.04), times) < 0.010
    published = (np.arange(len(times)) * 80.0 / int(rate)).astype(np.int64)  # the program rounds the rate down
    assert off_middle(published, times) > 0.03, "40 ms late at a whole rate, and seconds at others: what this is about"


def test_at_25_frames_a_second_the_windows_are_those_of_training() -> None:
    frame = np.arange(1, 2000)
    assert first_rows(frame / 25, RATE, 0.04).tolist() == [int(80.0 * ((f - 1) / 25)) for f in frame.tolist()]


def test_beyond_the_speech_there_is_silence_and_no_frame_loses_its_place() -> None:
    features = np.arange(10, dtype=np.float32)[:, None] + np.zeros((1, 3), np.float32)
    found = windows_of(features, np.array([-2, 0, 8, 30]), 4, beyond=-4)
    assert found[..., 0].tolist() == [[-4, -4, 0, 1], [0, 1, 2, 3], [8, 9, -4, -4], [-4] * 4]
    assert (windows_of(np.zeros((0, 3), np.float32), np.array([0]), 4, beyond=-4) == -4).all()
