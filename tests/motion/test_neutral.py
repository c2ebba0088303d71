"""Where a person's closed, relaxed mouth is."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.face.mesh import INNER_LIP_PAIRS, LOWER_FACE, lip_gap
from heygem_core.motion.motion_model import load_motion_model
from heygem_core.motion.neutral import CLOSED_GAP, close_lips, neutral_shape


def face(gap: float, seed: int = 0) -> np.ndarray:
    """A face of nowhere in particular whose lips stand apart by `gap`."""
    shape = np.random.default_rng(seed).normal(0, 0.3, (478, 3)).astype(np.float32)
    for upper, lower in INNER_LIP_PAIRS:
        shape[lower] = shape[upper] + [0, gap, 0.02]
    return shape


def opened(shape: np.ndarray, gap: float) -> np.ndarray:
    model, moved = load_motion_model(), shape.copy()
    moved[list(model.vertices)] += model.opening * gap
    return moved


def test_opening_the_jaw_by_one_opens_the_lips_by_one() -> None:
    assert lip_gap(opened(face(0.0), 0.1)) == pytest.approx(0.1, abs=1e-4)


def test_a_talking_mouth_rests_where_it_closes() -> None:
    closed = face(0.004)
    gaps = 0.06 * (1 + np.sin(np.arange(200) / 5))
    shapes = np.stack([opened(closed, g) for g in gaps])
    assert lip_gap(neutral_shape(shapes)) < CLOSED_GAP
    assert np.abs(neutral_shape(shapes) - closed).max() < 0.02


def test_one_frame_with_closed_lips_is_its_own_neutral() -> None:
    closed = face(0.005)
    assert np.array_equal(neutral_shape(closed[None]), closed)


def test_a_mouth_that_never_closes_is_closed_by_the_jaw() -> None:
    laughing = opened(face(0.005), 0.2)
    neutral = neutral_shape(laughing[None])
    assert 0 <= lip_gap(neutral) < CLOSED_GAP
    rest = np.setdiff1d(np.arange(478), LOWER_FACE)
    assert np.array_equal(neutral[rest], laughing[rest])


def test_closed_lips_are_left_alone() -> None:
    shape = face(0.01)
    assert close_lips(shape) is shape


def test_frames_that_are_not_usable_do_not_count() -> None:
    shapes = np.stack([face(0.004), opened(face(0.004), 0.1), face(0.0, seed=9)])
    shapes[1, 0] = np.nan
    assert np.array_equal(neutral_shape(shapes, np.array([True, True, False])), shapes[0])


def test_no_usable_frame_is_said_to_be_the_fault() -> None:
    with pytest.raises(ValueError, match="usable"):
        neutral_shape(np.full((3, 478, 3), np.nan, np.float32))
