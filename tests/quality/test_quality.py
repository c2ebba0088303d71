"""The measures themselves: curves with a known lag and size, and a clip against itself."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.media.probe import probe
from heygem_core.quality.compare import TargetCurves, compare_observations
from heygem_core.quality.curves import match_curves
from heygem_core.quality.measure import run_to_end
from heygem_core.quality.observe import Observation, observe

FPS = 25.0


def curve(shift_s: float = 0.0, size: float = 1.0) -> np.ndarray:
    t = np.arange(250) / FPS - shift_s
    return size * (np.sin(2 * np.pi * 1.3 * t) + 0.5 * np.sin(2 * np.pi * 3.1 * t + 1)) + 2


@pytest.mark.parametrize("lag_ms", [-80, -30, 0, 10, 60])
def test_a_late_take_has_a_positive_lag(lag_ms):
    match = match_curves(curve(), curve(lag_ms / 1000), FPS)
    assert match.lag_ms == pytest.approx(lag_ms, abs=8)  # a fifth of a frame
    assert match.r_best == pytest.approx(1, abs=0.04)  # read at whole frames


def test_the_amplitude_is_the_take_s_over_the_wanted_one():
    assert match_curves(curve(), curve(size=0.8), FPS).amplitude == pytest.approx(0.8)


def test_frames_that_pass_through_do_not_count():
    wanted, got = curve(), curve()
    wanted[40:60] = np.nan
    got[100:130] = np.nan
    assert match_curves(wanted, got, FPS).r == pytest.approx(1)


def test_a_mouth_that_keeps_still_follows_nothing():
    match = match_curves(curve(), np.full(250, 0.3), FPS)
    assert match.r is None
    assert match.lag_ms is None


def observed(folder):
    return run_to_end(observe(probe(folder / "german_512x512_25fps.mp4"), 0, 50))


@pytest.fixture(scope="module")
def seen(clips):
    return observed(clips)


@pytest.fixture(scope="module")
def real_seen(real_clips):
    """Of a real mouth: a portrait's smile is sharp when it shuts, too."""
    return observed(real_clips)


def test_footage_against_itself_is_as_good_as_itself(seen):
    quality = compare_observations(seen, seen, FPS, TargetCurves(opening=seen.opening, width=seen.width))
    assert quality.measured_frames == 50
    assert quality.opening.r == pytest.approx(1)
    for name in ("flicker", "teeth"):
        assert getattr(quality, name) == pytest.approx(1)
    for name in ("sharpness", "rim"):  # these compare with other frames of like shape too
        assert getattr(quality, name) == pytest.approx(1, abs=0.15)


def test_every_frame_is_measured_in_the_steady_view(seen):
    assert seen.usable.all()
    assert np.isfinite(seen.sharpness).all()
    assert np.isfinite(seen.flicker[2:]).all()


def test_a_mouth_that_keeps_shut_is_as_sharp_as_the_source_where_it_is_shut(real_seen):
    """A closed mouth has no teeth to be sharp: held against the mean of the talking source it seemed blurred by half."""
    shut = np.flatnonzero(real_seen.opening < np.quantile(real_seen.opening, 0.2))
    parts = {name: getattr(real_seen, name)[shut] for name in real_seen.__dataclass_fields__}
    quality = compare_observations(Observation(**parts), real_seen, FPS)
    assert parts["sharpness"].mean() < 0.9 * real_seen.sharpness.mean()
    assert quality.sharpness == pytest.approx(1, abs=0.1)


def test_a_blurred_mouth_is_less_sharp_than_the_source(seen):
    blurred = {name: getattr(seen, name) for name in seen.__dataclass_fields__} | {"sharpness": 0.5 * seen.sharpness}
    assert compare_observations(Observation(**blurred), seen, FPS).sharpness == pytest.approx(0.5, abs=0.1)
