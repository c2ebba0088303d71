from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest

from heygem_core.face.mesh import LIPS, eye_distance, lip_opening
from heygem_core.face.smoothing import runs, smooth

PointsOf = Callable[[str], npt.NDArray[np.float32]]


def jitter(points: npt.NDArray[np.float32], vertices: list[int] | None = None) -> float:
    """Mean second difference in % of the inter-ocular distance, scaled so that white noise gives its standard deviation."""
    part = points[..., :2] if vertices is None else points[:, vertices, :2]
    return float(np.linalg.norm(np.diff(part, 2, axis=0), axis=-1).mean() / np.nanmean(eye_distance(points)) * 100 / np.sqrt(6))


def test_a_face_that_keeps_still_trembles_half_as_much(points_of: PointsOf) -> None:
    points = points_of("silent_1280x720.mp4")
    smoothed = smooth(points, 30)
    assert jitter(smoothed) < 0.6 * jitter(points)
    assert jitter(smoothed, list(LIPS)) < 0.6 * jitter(points, list(LIPS))
    assert jitter(smoothed) < 0.15


@pytest.mark.parametrize("name", ["beard_1080x1920_25fps.mp4", "man_1080x1920_30fps.mp4", "talking/talk02.mp4"])
@pytest.mark.full
def test_plosives_stay_closed_and_speech_keeps_its_size(points_of: PointsOf, name: str) -> None:
    points = points_of(name)
    before, after = lip_opening(points), lip_opening(smooth(points, 25))
    closed = [
        k
        for k in range(3, len(before) - 3)
        if before[k] == before[k - 2 : k + 3].min() < 0.03 and min(before[k - 3 : k].max(), before[k + 1 : k + 4].max()) > before[k] + 0.03
    ]
    assert closed
    assert (after[closed] - before[closed]).mean() < 0.003
    assert after.std() / before.std() == pytest.approx(1, abs=0.015)
    assert np.corrcoef(before, after)[0, 1] > 0.999


def test_a_nod_keeps_its_place_in_time_and_in_the_picture(points_of: PointsOf) -> None:
    points = points_of("man_1080x1920_30fps.mp4")
    smoothed = smooth(points, 30)
    apart = np.linalg.norm((smoothed - points)[..., :2], axis=-1).mean(axis=1) / eye_distance(points)
    assert np.percentile(apart, 95) < 0.012
    speed = np.diff(points[:, 1, 1]), np.diff(smoothed[:, 1, 1])
    lags = [np.corrcoef(speed[0][3:-3], np.roll(speed[1], lag)[3:-3])[0, 1] for lag in (-1, 0, 1)]
    assert int(np.argmax(lags)) == 1


def test_nothing_mixes_across_cuts_and_gaps(points_of: PointsOf) -> None:
    a, b = points_of("silent_1280x720.mp4")[:40], points_of("talking/talk02.mp4")[:40]
    together, scenes = np.concatenate([a, b]), np.repeat([0, 1], 40)
    assert np.array_equal(smooth(together, 30, scenes), np.concatenate([smooth(a, 30), smooth(b, 30)]))
    gap = a.copy()
    gap[20:22] = np.nan
    smoothed = smooth(gap, 30)
    assert np.array_equal(smoothed[:20], smooth(a[:20], 30))
    assert np.isnan(smoothed[20:22]).all()
    assert list(runs(gap)) == [(0, 20), (22, 40)]


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), 50, Fraction(60000, 1001)])
def test_any_rate_smooths_the_same_time(points_of: PointsOf, rate: Fraction) -> None:
    """A tremble of one size falls below a third or so of it at any rate; faster rates hold more frames to average."""
    still: npt.NDArray[np.float32] = np.repeat(points_of("silent_1280x720.mp4")[:1], 120, axis=0)
    unit = float(eye_distance(still[0]))
    noisy = (still + np.random.default_rng(1).normal(0, 0.001 * unit, still.shape)).astype(np.float32)
    assert jitter(smooth(noisy, rate)) < 0.35 * jitter(noisy)


def test_one_or_two_frames_are_left_as_they_are(points_of: PointsOf) -> None:
    points = points_of("silent_1280x720.mp4")[:2]
    assert np.array_equal(smooth(points, 25), points)
