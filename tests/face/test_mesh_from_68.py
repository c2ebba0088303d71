from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from heygem_core.face.mesh import LIPS, LOWER_FACE, eye_distance, lip_opening, lip_width
from heygem_core.face.mesh_from_68 import VERTEX_AT, mesh_from_68

PointsOf = Callable[[str], npt.NDArray[np.float32]]


@pytest.mark.parametrize("name", ["man_1080x1920_30fps.mp4", "talking/talk02.mp4", "beard_1080x1920_25fps.mp4"])
@pytest.mark.full
def test_the_mesh_lies_on_its_68_points_and_near_the_persons_own_elsewhere(points_of: PointsOf, name: str) -> None:
    true = points_of(name)[::10]
    fitted = np.stack([mesh_from_68(points[list(VERTEX_AT), :2]) for points in true])
    apart = np.linalg.norm((fitted - true)[..., :2], axis=-1) / eye_distance(true)[:, None]
    assert apart[:, list(VERTEX_AT)].max() < 1e-3
    assert apart[:, list(LIPS)].mean() < 0.005
    assert apart[:, list(LOWER_FACE)].mean() < 0.012
    assert apart[:, :468].mean() < 0.012


def test_lips_open_and_widen_as_the_points_do(real_points_of: PointsOf) -> None:
    true = real_points_of("man_1080x1920_30fps.mp4")[::3]
    fitted = np.stack([mesh_from_68(points[list(VERTEX_AT), :2]) for points in true])
    assert np.corrcoef(lip_opening(true), lip_opening(fitted))[0, 1] > 0.99
    assert lip_opening(fitted).std() / lip_opening(true).std() == pytest.approx(1, abs=0.12)
    assert np.corrcoef(lip_width(true), lip_width(fitted))[0, 1] > 0.99
