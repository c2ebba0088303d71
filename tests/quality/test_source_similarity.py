"""Pixels of a take against its source: each figure moves when, and only when, that fault is put in."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from heygem_core.media.colour import BT709, rgb_from_ycbcr
from heygem_core.media.planes import Box
from heygem_core.quality.source_similarity import delta_e, differing_outside, edge_gradients, psnr, ssim


@pytest.fixture
def skin() -> np.ndarray:
    """(120, 160) a soft light with fine grain, 0 … 1."""
    rng = np.random.default_rng(0)
    light = cv2.GaussianBlur(rng.standard_normal((120, 160)), (0, 0), 20)
    return np.clip(0.5 + 2 * light + 0.01 * rng.standard_normal((120, 160)), 0, 1)


def round_matte(softness: float = 12.0) -> np.ndarray:
    y, x = np.mgrid[:120, :160]
    return np.clip((50 - np.hypot(x - 80, y - 60)) / softness + 0.5, 0, 1)


def test_the_same_picture_is_the_same(skin):
    assert psnr(skin, skin) == 100
    assert ssim(skin, skin) == pytest.approx(1)


def test_psnr_of_a_known_error(skin):
    assert psnr(skin, skin + 0.1) == pytest.approx(20)


def test_ssim_agrees_with_its_definition_in_one_window():
    """Two flat pictures leave the luminance term alone: (2ab + c1) / (a² + b² + c1)."""
    a, b = np.full((40, 40), 0.4), np.full((40, 40), 0.6)
    assert ssim(a, b) == pytest.approx((2 * 0.24 + 1e-4) / (0.16 + 0.36 + 1e-4))


def test_blur_lowers_ssim_more_than_light_does(skin):
    assert ssim(skin, cv2.GaussianBlur(skin, (0, 0), 2)) < 0.95 < 0.99 < ssim(skin, skin + 0.02)


def test_ssim_agrees_with_scikit_image(skin):
    metrics = pytest.importorskip("skimage.metrics")
    other = skin + 0.03 * np.random.default_rng(1).standard_normal(skin.shape)
    theirs = metrics.structural_similarity(
        skin, other, data_range=1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )[1]
    assert ssim(skin, other) == pytest.approx(theirs.mean(), abs=0.003)  # they reflect at the border in another way


def seam(take: np.ndarray, source: np.ndarray, matte: np.ndarray) -> float:
    here, away = edge_gradients(take, matte, 0.5, 10)
    real, real_away = edge_gradients(source, matte, 0.5, 10)
    return (here / away) / (real / real_away)


def test_a_change_that_fades_out_makes_no_seam(skin):
    matte = round_matte(30)
    assert seam(skin + 0.03 * matte, skin, matte) == pytest.approx(1, abs=0.1)


def test_a_hard_edge_makes_a_seam(skin):
    matte = round_matte()
    assert seam(skin + 0.1 * (matte > 0.5), skin, matte) > 2


def test_an_edge_of_the_source_itself_is_no_seam(skin):
    matte = round_matte()
    with_collar = skin + 0.3 * (matte > 0.5)
    assert seam(with_collar, with_collar, matte) == pytest.approx(1)


def test_a_matte_without_an_edge_has_no_seam(skin):
    assert np.isnan(edge_gradients(skin, np.zeros_like(skin), 0.5, 10)).all()


def test_colours_differ_by_what_lab_says():
    rgb = rgb_from_ycbcr(BT709)
    grey, lighter = np.array([0.5, 0, 0]), np.array([0.6, 0, 0])
    assert delta_e(grey, grey, rgb) == 0
    assert delta_e(grey, lighter, rgb) == pytest.approx(9.7, abs=0.3)  # L* 53.4 and 63.2 of sRGB 127.5 and 153
    assert delta_e(grey, np.array([0.5, 0.1, 0]), rgb) > 10


def frame(value: int = 100) -> av.VideoFrame:
    picture = av.VideoFrame(32, 16, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([value]) * plane.buffer_size)
    return picture


def poked(plane: int, x: int, y: int) -> av.VideoFrame:
    picture = frame()
    stored = picture.planes[plane]
    codes = bytearray(bytes(stored))
    codes[y * stored.line_size + x] += 1
    stored.update(bytes(codes))
    return picture


def test_one_code_outside_the_matte_is_counted():
    box, matte = Box(8, 4, 24, 12), np.ones((8, 16), np.float32)
    assert differing_outside(frame(), frame(), box, matte) == 0
    assert differing_outside(poked(0, 2, 2), frame(), box, matte) == 1
    assert differing_outside(poked(0, 10, 6), frame(), box, matte) == 0
    assert differing_outside(poked(1, 1, 1), frame(), box, matte) == 1
    assert differing_outside(poked(1, 5, 3), frame(), box, matte) == 0
    matte[0, 0] = 0
    assert differing_outside(poked(0, 8, 4), frame(), box, matte) == 1
    assert differing_outside(poked(1, 4, 2), frame(), box, matte) == 0  # it covers luma that may change


def test_a_frame_that_passes_through_may_not_differ_anywhere():
    assert differing_outside(poked(0, 10, 6), frame(), None, None) == 1
