from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from scipy.spatial.transform import Rotation

from heygem_core.face.mesh import Pose, apply_pose
from heygem_core.face.mesh_from_68 import _average
from heygem_core.face.reasons import Reason, frame_reasons

SIZE = (1920, 1080)
COUNT = 9


def points_at(
    yaw: float = 0, pitch: float = 0, eyes: float = 120, x: float = 900, y: float = 400, shape: npt.NDArray[np.floating] | None = None
) -> npt.NDArray[np.float32]:
    """The average face, posed, for nine frames."""
    rotation = Rotation.from_euler("yx", [-yaw, pitch], degrees=True).as_matrix()
    pose = Pose(np.full(COUNT, eyes), np.repeat(rotation[None], COUNT, axis=0), np.tile([x, y, 0.0], (COUNT, 1)))
    return apply_pose(np.repeat(_average()[None] if shape is None else shape[None], COUNT, axis=0), pose)


def verdict(points: npt.NDArray[np.float32], score: float = 0.9) -> set[Reason]:
    return {Reason(r) for r in frame_reasons(points, np.full(COUNT, score, np.float32), np.zeros(COUNT, bool), SIZE)}


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        (points_at(), Reason.USABLE),
        (points_at(yaw=40), Reason.USABLE),
        (points_at(yaw=-40, pitch=20), Reason.USABLE),
        (points_at(yaw=60), Reason.PROFILE),
        (points_at(yaw=-60), Reason.PROFILE),
        (points_at(pitch=60), Reason.PROFILE),
        (points_at(eyes=22), Reason.USABLE),
        (points_at(eyes=18), Reason.TOO_SMALL),
        (points_at(y=50), Reason.USABLE),  # a close-up without forehead
        (points_at(y=1000), Reason.EDGE),
        (points_at(x=30), Reason.EDGE),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else "",
)
def test_poses_sizes_and_edges_are_told_apart(points: npt.NDArray[np.float32], reason: Reason) -> None:
    assert verdict(points) == {reason}


def test_a_face_that_the_tracker_doubts_is_unsure_but_one_doubtful_frame_is_not() -> None:
    assert verdict(points_at(), score=0.4) == {Reason.UNSURE}
    scores = np.full(COUNT, 0.9, np.float32)
    scores[4] = 0.1
    assert set(frame_reasons(points_at(), scores, np.zeros(COUNT, bool), SIZE)) == {Reason.USABLE}


def test_nobody_and_somebody_else_are_different_reasons() -> None:
    points = points_at()
    points[3:6] = np.nan
    no_face = np.zeros(COUNT, bool)
    no_face[3] = True
    reasons = frame_reasons(points, np.full(COUNT, 0.9, np.float32), no_face, SIZE)
    assert reasons[3:6].tolist() == [Reason.NONE, Reason.LOST, Reason.LOST]
    assert set(reasons[[0, 1, 2, 6, 7, 8]]) == {Reason.USABLE}


def test_every_reason_has_words() -> None:
    assert all(reason.words for reason in Reason)
