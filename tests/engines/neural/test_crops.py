"""Where a network looks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.neural.crops import box_matrices, compose_affine, inverse_affine, resample, smooth_matrices


def moving(count: int, rate: float) -> np.ndarray:
    """Boxes that go to the right by 100 pixels a second."""
    left = 100 * np.arange(count) / rate
    return box_matrices(np.stack([left, left * 0, left + 200, left * 0 + 200], 1), 96)


@pytest.mark.parametrize("rate", [12.0, 25.0, 120.0])
def test_smoothing_has_no_delay_at_any_rate(rate: float) -> None:
    count = int(4 * rate)
    smoothed = smooth_matrices(moving(count, rate), rate, np.zeros(count, np.int32))
    inner = slice(count // 4, -count // 4)
    np.testing.assert_allclose(smoothed[inner], moving(count, rate)[inner], atol=1e-6)


def test_trembling_is_smoothed_but_nothing_across_a_cut_or_a_gap() -> None:
    boxes = np.tile(np.array([100.0, 100, 300, 300]), (60, 1))
    boxes[30:] += 500
    boxes[:, 0] += np.random.default_rng(1).normal(0, 2, 60)
    boxes[50] = np.nan
    scenes = np.repeat([0, 1], 30).astype(np.int32)
    smoothed = smooth_matrices(box_matrices(boxes, 96), 25, scenes)
    assert np.isnan(smoothed[50]).all()
    assert np.isfinite(np.delete(smoothed, 50, 0)).all()
    assert np.diff(smoothed[:30, 0, 2]).std() < 0.3 * np.diff(boxes[:30, 0]).std()
    assert np.abs(smoothed[:30, 1, 2] - 100).max() < 1e-6
    assert np.abs(smoothed[30:50, 1, 2] - 600).max() < 1e-6


def test_a_crop_shows_the_mean_of_the_pixels_that_it_covers_and_goes_back_to_its_place() -> None:
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    matrix = torch.from_numpy(box_matrices(np.array([[16.0, 8, 48, 40]]), 8)).float()
    small = resample(picture, matrix, 8, 8)
    np.testing.assert_allclose(small.numpy(), torch.nn.functional.avg_pool2d(picture[:, :, 8:40, 16:48], 4).numpy(), atol=1e-6)
    at = resample(small, inverse_affine(matrix), 64, 64)[0, :, 8:40, 16:48]
    again = torch.nn.functional.avg_pool2d(at[None], 4)
    assert float((again - small).abs().mean()) < 0.06


def test_matrices_are_applied_from_the_inside_out() -> None:
    inner, outer = np.array([[2.0, 0, 1], [0, 2, 1]]), np.array([[0.0, -1, 10], [1, 0, 0]])
    point = np.array([3.0, 4.0])
    one = inner[:, :2] @ point + inner[:, 2]
    both = compose_affine(outer, inner)
    np.testing.assert_allclose(both[:, :2] @ point + both[:, 2], outer[:, :2] @ one + outer[:, 2])
    back = inverse_affine(torch.from_numpy(both))
    np.testing.assert_allclose(compose_affine(back.numpy(), both), [[1, 0, 0], [0, 1, 0]], atol=1e-6)
