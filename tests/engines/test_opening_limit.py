"""No mouth is asked to open much further than the clip shows it."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.engines.mesh.prepare import soft_limit_opening
from heygem_core.face.mesh import INNER_LIP_PAIRS, lip_opening


def shapes(openings: np.ndarray) -> np.ndarray:
    """Faces of which only the eyes' corners and the inner lips count, the lips so far apart."""
    faces = np.zeros((len(openings), 478, 3), np.float32)
    faces[:, 33, 0], faces[:, 263, 0] = -0.5, 0.5
    for _, lower in INNER_LIP_PAIRS:
        faces[:, lower, 1] = openings
    return faces


def test_openings_that_the_clip_shows_stay_as_they_are():
    wanted = shapes(np.linspace(0.01, 0.2, 9))
    assert np.array_equal(soft_limit_opening(wanted, shapes(np.array([0.0]))[0], 0.25), wanted)


def test_openings_beyond_are_drawn_near_smoothly_and_in_order():
    """Teeth were stretched, or a hole was torn, where a clip of someone who mumbles was asked to shout."""
    wanted = shapes(np.linspace(0.05, 0.6, 40))
    shown = lip_opening(soft_limit_opening(wanted, shapes(np.array([0.0]))[0], 0.15))
    assert (np.diff(shown) > -1e-6).all()
    assert shown.max() < 0.15 * 1.41
    assert shown[0] == pytest.approx(lip_opening(wanted)[0])
    assert np.diff(shown).max() < 1.05 * np.diff(lip_opening(wanted)).max()
