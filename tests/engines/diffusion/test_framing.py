"""Where the networks look: at the places of a face that they were trained on, whatever its size, place and turn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from heygem_core.engines.diffusion.framing import TEMPLATE, TEMPLATE_SIZE, latentsync_matrices, musetalk_boxes, similarity
from heygem_core.engines.neural.crops import box_matrices, resample
from heygem_core.face.mesh_from_68 import VERTEX_AT, _average

from .made_up import close_to_upstream, made_up_picture

THREE_POINTS = np.array([(300, 200), (420, 190), (365, 262)]) + np.random.default_rng(3).normal(0, 6, (3, 3, 2))


def _face(scale: float, degrees: float, shift: tuple[float, float]) -> np.ndarray:
    """The mean face (478, 2) in a picture, eye corners `scale` pixels apart."""
    angle = np.radians(degrees)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    return scale * _average()[:, :2] @ turn.T + shift


def _place(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points of the picture in the crop."""
    return (points - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def test_three_points_are_brought_to_the_template_as_upstream():
    close_to_upstream(np.stack([similarity(points) for points in THREE_POINTS]), "latentsync_similarity")


@pytest.mark.parametrize(
    ("scale", "degrees", "shift"), [(60.0, 0.0, (100.0, 80.0)), (240.0, 12.0, (500.0, 400.0)), (900.0, -30.0, (3100.0, 900.0))]
)
def test_latentsync_sees_every_face_upright_and_of_one_size(scale, degrees, shift):
    points = _face(scale, degrees, shift)
    placed = _place(latentsync_matrices(points[None], 512)[0], points)
    straight = _place(latentsync_matrices(_face(1, 0, (0, 0))[None], 512)[0], _face(1, 0, (0, 0)))
    assert np.allclose(placed, straight, atol=0.01)
    left, right, chin, mouth = (placed[vertex] for vertex in (33, 263, 152, 13))
    assert right[0] - left[0] == pytest.approx(285, abs=3)
    assert left[1] == pytest.approx(right[1], abs=1)
    assert mouth[1] == pytest.approx(317, abs=6)
    assert chin[1] == pytest.approx(436, abs=8)


def test_brows_and_nose_lie_where_the_template_has_them():
    points = _face(200, 5, (300, 300))
    known = points[list(VERTEX_AT)]
    seen = np.stack([known[17:22].mean(0), known[22:27].mean(0), known[27:36].mean(0)])
    placed = _place(latentsync_matrices(points[None], 512)[0], seen) * (420 / 512, 560 / 512) - 0.5
    assert np.abs(placed - TEMPLATE).max() < 40  # a similarity has four freedoms for six numbers: the mean face's nose lies a little lower
    assert np.allclose(placed.mean(0), TEMPLATE.mean(0), atol=1e-6)


def test_both_sizes_show_the_same_part_of_a_face():
    points = _face(200, 5, (300, 300))
    small, large = (latentsync_matrices(points[None], size)[0] for size in (256, 512))
    assert np.allclose(small[:, :2], 2 * large[:, :2])
    assert np.allclose(small[:, 2], large[:, 2])


def test_musetalk_sees_as_much_above_the_nose_as_below_it_and_some_room_below_the_chin():
    points = _face(200, 0, (300, 300))
    left, top, right, bottom = musetalk_boxes(points[None])[0]
    known = points[list(VERTEX_AT)]
    assert (left, right) == (known[:, 0].min(), known[:, 0].max())
    chin, middle = known[:, 1].max(), known[29, 1]
    assert top == pytest.approx(2 * middle - chin)
    assert bottom - chin == pytest.approx(0.04 * (chin - top))
    assert (right - left) / 200 == pytest.approx(1.56, abs=0.03)
    assert (points[13, 1] - top) / (bottom - top) == pytest.approx(0.73, abs=0.03)


def test_no_face_no_place():
    points = np.full((2, 478, 2), np.nan)
    points[1] = _face(100, 0, (50, 50))
    assert np.isnan(latentsync_matrices(points, 512)[0]).all()
    assert np.isfinite(latentsync_matrices(points, 512)[1]).all()
    assert np.isnan(musetalk_boxes(points)[0]).all()


def _cropped(picture: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) as our engines read it."""
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    return resample(pixels, torch.from_numpy(matrix[None].astype(np.float32)), size, size)[0].permute(1, 2, 0).numpy()


def test_latentsync_is_shown_what_its_program_would_show():
    """There the face is turned upright in whole steps of brightness, cut out at 420 × 560 and then made square; here all at once."""
    picture, points = made_up_picture(600, 800, 9), _face(190, 7, (400, 220))
    known = points[list(VERTEX_AT)]
    seen = np.stack([known[17:22].mean(0), known[22:27].mean(0), known[27:36].mean(0)]) - 0.5
    upright = cv2.warpAffine(picture, similarity(seen), TEMPLATE_SIZE, flags=cv2.INTER_LINEAR, borderValue=(127, 127, 127))
    theirs = cv2.resize(upright, (512, 512), interpolation=cv2.INTER_LANCZOS4).astype(float)
    ours = _cropped(picture, latentsync_matrices(points[None], 512)[0], 512)
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(ours - theirs)[inside].mean() < 0.6
    assert np.abs(ours - theirs)[inside].max() < 3


def test_musetalk_is_shown_what_its_program_would_show():
    picture = made_up_picture(600, 800, 9)
    left, top, right, bottom = 210, 120, 510, 545
    theirs = cv2.resize(picture[top:bottom, left:right], (256, 256), interpolation=cv2.INTER_LANCZOS4).astype(float)
    ours = _cropped(picture, box_matrices(np.array([(left, top, right, bottom)], float), 256)[0], 256)
    assert np.abs(ours - theirs)[4:-4, 4:-4].mean() < 0.6


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.7])
def test_a_face_far_to_the_right_moves_by_parts_of_a_pixel(shift: float):
    """In half precision, as LatentSync's program reckons, places beyond 2048 are whole pixels: faces there tremble."""
    x = np.arange(2700, dtype=np.float32) + 0.5
    picture = np.repeat((127 + 100 * np.sin(x / 9))[None, :, None], 300, 0).repeat(3, 2)
    matrix = latentsync_matrices(_face(110, 0, (2500 + shift, 100))[None], 256)[0]
    columns = (np.arange(256) + 0.5) * matrix[0, 0] + matrix[0, 2]
    assert np.abs(_cropped(picture, matrix, 256)[128, :, 0] - (127 + 100 * np.sin(columns / 9))).max() < 1
