from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from heygem_core.face import mesh
from heygem_core.face.mesh import Pose, apply_pose, head_angles, lip_opening, lip_width, pose_free, remove_pose, similarity
from heygem_core.face.mesh_from_68 import _average

AVERAGE = _average()
angles = st.floats(-3, 3)


@given(st.floats(0.1, 900), angles, angles, angles, st.floats(-4000, 4000), st.floats(-4000, 4000))
@settings(max_examples=50, deadline=None)
def test_what_is_placed_and_taken_back_is_the_same(scale: float, a: float, b: float, c: float, x: float, y: float) -> None:
    pose = Pose(np.array([scale]), Rotation.from_rotvec([[a, b, c]]).as_matrix(), np.array([[x, y, a]]))
    there = apply_pose(AVERAGE[None], pose)
    tolerance = 4e-7 * (scale + abs(x) + abs(y)) / scale  # float32 pixels
    assert np.allclose(remove_pose(there, pose)[0], AVERAGE, atol=tolerance + 1e-6)


@given(st.floats(0.01, 100), angles, angles, angles, st.floats(-100, 100))
@settings(max_examples=50, deadline=None)
def test_a_similarity_is_found_again(scale: float, a: float, b: float, c: float, shift: float) -> None:
    rotation = Rotation.from_rotvec([a, b, c]).as_matrix()
    found = similarity(AVERAGE, scale * AVERAGE @ rotation.T + shift)
    assert np.allclose(found.rotation, rotation, atol=1e-6)
    assert found.scale == pytest.approx(scale)
    assert np.allclose(found.shift, shift, atol=1e-6 * (scale + abs(shift) + 1))


def test_a_mirror_image_is_never_taken_for_a_turn() -> None:
    assert np.linalg.det(similarity(AVERAGE, AVERAGE * [-1, 1, 1]).rotation) == pytest.approx(1)


def test_frames_that_are_not_usable_become_nan_and_leave_the_others_alone() -> None:
    points = np.stack([AVERAGE * 100 + k for k in range(6)])
    broken = points.copy()
    broken[2] = np.nan
    broken[4] = np.random.default_rng(0).normal(size=(478, 3))
    usable = np.array([True, True, True, True, False, True])
    face = pose_free(broken, usable)
    assert np.isnan(face.shapes[[2, 4]]).all()
    assert np.isnan(face.pose.scale[[2, 4]]).all()
    assert np.allclose(face.shapes[[0, 1, 3, 5]], pose_free(points).shapes[[0, 1, 3, 5]], atol=1e-5)


def test_no_usable_frame_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        pose_free(np.full((3, 478, 3), np.nan))


def test_the_axes_of_face_space_are_those_of_the_architecture() -> None:
    face = pose_free(AVERAGE[None] * 250 + [900, 400, 0])
    mean = face.mean
    assert np.allclose(mean[33], [-0.5, 0, 0], atol=1e-5)
    assert np.allclose(mean[263], [0.5, 0, 0], atol=1e-5)
    assert mean[mesh.CHIN_TIP, 1] > 1  # down
    assert mean[mesh.NOSE_TIP, 2] < -0.3  # towards the camera
    assert face.pose.scale[0] == pytest.approx(250, rel=1e-5)


def test_the_two_lip_rings_correspond_and_run_clockwise_from_the_left_corner() -> None:
    centre = AVERAGE[list(mesh.LIP_MIDDLES), :2].mean(axis=0)
    inner, outer = (AVERAGE[list(ring), :2] - centre for ring in (mesh.INNER_LIPS, mesh.OUTER_LIPS))
    for ring in (inner, outer):
        turned = np.unwrap(np.arctan2(ring[:, 1], ring[:, 0]))
        assert (np.diff(turned) > 0).all()
        assert ring[0, 0] < 0
    assert np.abs(inner[:, 0] - outer[:, 0]).max() < 0.05
    assert (outer[1:10, 1] < inner[1:10, 1]).all()
    assert (outer[11:, 1] > inner[11:, 1]).all()


def test_vertex_groups_hold_together() -> None:
    assert len(set(mesh.FACE_OVAL)) == 36
    assert set(mesh.JAW) <= set(mesh.FACE_OVAL) & set(mesh.LOWER_FACE)
    assert set(mesh.INNER_LIPS) | set(mesh.OUTER_LIPS) <= set(mesh.LIPS) <= set(mesh.LOWER_FACE)
    assert not set(mesh.RIGID) & set(mesh.LOWER_FACE)
    oval = AVERAGE[list(mesh.FACE_OVAL), :2]
    assert (np.cross(oval, np.roll(oval, -1, axis=0)) > 0).mean() > 0.9  # clockwise on screen


def test_opening_and_width_are_in_eye_distances_and_do_not_see_the_pose() -> None:
    turned = AVERAGE @ Rotation.from_euler("yxz", [30, 10, -20], degrees=True).as_matrix().T * 77
    assert lip_opening(turned) == pytest.approx(lip_opening(AVERAGE))
    assert lip_width(turned) == pytest.approx(lip_width(AVERAGE))
    shut = AVERAGE.copy()
    for upper, lower in mesh.INNER_LIP_PAIRS:
        shut[lower] = shut[upper]
    assert lip_opening(shut) == 0


@pytest.mark.parametrize(
    ("axis", "degrees", "expected"),
    [("y", -40, (40, 0, 0)), ("x", 25, (0, 25, 0)), ("z", 15, (0, 0, 15))],
    ids=["looks to the picture's right", "looks down", "turned clockwise"],
)
def test_head_angles_have_the_documented_signs(axis: str, degrees: float, expected: tuple[float, float, float]) -> None:
    assert np.allclose(head_angles(Rotation.from_euler(axis, degrees, degrees=True).as_matrix()), expected, atol=1e-6)


def test_rigid_vertices_keep_still_while_a_person_speaks(points_of: Callable[[str], npt.NDArray[np.float32]]) -> None:
    shapes = pose_free(points_of("talking/talk02.mp4")).shapes
    spread = np.linalg.norm(shapes.std(axis=0), axis=-1)
    assert spread[list(mesh.RIGID)].mean() < 0.012
    assert spread[list(mesh.INNER_LIPS)].mean() > 3 * spread[list(mesh.RIGID)].mean()
