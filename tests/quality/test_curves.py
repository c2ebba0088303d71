"""Statistics of curves on made-up mouths: what must be found is found, and what is not there is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from heygem_core.quality.curves import CLOSED_GAP, circular_correlations, circular_shift_p_value, closures, source_mouth_trace

FRAMES = 300


def talk(seed: int, frames: int = FRAMES) -> np.ndarray:
    """An opening that moves about as lips do at 25 fps: syllables of a fifth of a second."""
    curve = gaussian_filter1d(np.random.default_rng(seed).standard_normal(frames), 2)
    return 0.08 + 0.04 * curve / curve.std()


def seen(curve: np.ndarray, seed: int) -> np.ndarray:
    """As a tracker sees it: with a tremble."""
    return curve + 0.002 * np.random.default_rng(1000 + seed).standard_normal(len(curve))


def test_an_old_mouth_that_shows_through_is_found():
    """A take that keeps a fifth of the source's movement is no longer passed as clean."""
    for seed in range(10):
        wanted, old = talk(seed), talk(100 + seed)
        trace = source_mouth_trace(seen(wanted + 0.2 * (old - old.mean()), seed), old, wanted)
        assert trace.r > 0.8
        assert trace.chance < 0.05
        assert trace.size == pytest.approx(0.2 * old.std(), rel=0.25)


def test_a_clean_take_is_called_unclean_no_oftener_than_chance():
    chances = [source_mouth_trace(seen(talk(seed), seed), talk(100 + seed), talk(seed)).chance for seed in range(60)]
    assert np.mean(np.array(chances) < 0.05) <= 0.12  # 5 % are expected; 12 % is two deviations more
    assert np.median(chances) > 0.25


def test_a_wanted_mouth_that_is_like_the_old_one_is_no_trace():
    """The take follows what was wanted; that this resembles the old mouth must not count against it."""
    for seed in range(10):
        old = talk(100 + seed)
        wanted = 0.7 * old + 0.3 * talk(seed)
        got = seen(1.1 * wanted, seed)
        assert np.corrcoef(got, old)[0, 1] > 0.8
        assert abs(source_mouth_trace(got, old, wanted).r) < 0.25


def test_a_late_take_is_no_trace():
    for seed in range(10):
        old = talk(100 + seed)
        wanted = 0.7 * old + 0.3 * talk(seed)
        late = np.interp(np.arange(FRAMES) - 0.6, np.arange(FRAMES), wanted)
        assert abs(source_mouth_trace(seen(late, seed), old, wanted).r) < 0.35


def test_silence_is_measured_by_how_much_the_mouth_still_moves():
    old, rest = talk(1), np.full(FRAMES, 0.01)
    still, moving = (source_mouth_trace(seen(rest + share * (old - old.mean()), 2), old, rest) for share in (0.0, 0.6))
    assert still.opening_sd < 0.005
    assert still.chance > 0.05
    assert moving.opening_sd > 0.02
    assert moving.chance < 0.05


def test_too_few_frames_say_nothing():
    assert source_mouth_trace(talk(1, 20), talk(2, 20)) is None


def test_circular_correlations_are_those_of_rolled_curves():
    a, b = talk(1, 50), talk(2, 50)
    assert circular_correlations(a, b) == pytest.approx([np.corrcoef(a, np.roll(b, k))[0, 1] for k in range(50)])


def test_chance_is_never_nil_and_never_more_than_one():
    assert circular_shift_p_value(np.r_[1.0, np.zeros(99)]) == pytest.approx(1 / 78)
    assert circular_shift_p_value(np.zeros(100)) == 1


def gaps(*closed: int, frames: int = 40) -> np.ndarray:
    curve = np.full(frames, 0.1)
    curve[list(closed)] = CLOSED_GAP - 0.01
    return curve


def test_closed_lips_are_counted_as_runs_one_frame_early_or_late():
    found = closures(gaps(5, 6, 7, 20, 30), gaps(8, 21, 22, 33))
    assert (found.wanted, found.shown) == (3, 3)
    assert found.recall == pytest.approx(2 / 3)  # 30 is missed: three frames are too far
    assert found.precision == pytest.approx(2 / 3)
    assert found.threshold == CLOSED_GAP


def test_lips_that_pass_each_other_are_closed():
    crossed = gaps(10)
    crossed[10] = -0.01
    assert closures(crossed, crossed).recall == 1


def test_a_frame_that_is_not_known_is_no_closure():
    unknown = gaps(10)
    unknown[10] = np.nan
    assert closures(unknown, gaps(10)).wanted == 0
    assert closures(gaps(10), unknown).recall is None


def test_no_closures_give_no_share():
    found = closures(gaps(), gaps(3))
    assert (found.recall, found.precision) == (None, 0.0)
