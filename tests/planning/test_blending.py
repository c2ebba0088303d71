"""How a mouth goes over from the old one to the new one beside frames that pass through."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from heygem_core.face.mesh import Pose
from heygem_core.face.mesh_from_68 import _average
from heygem_core.face.reasons import Reason
from heygem_core.planning.person import Person, blend_shapes, fade_near_gaps

RATE = 25
FACE = _average().astype(np.float32)


def person(reasons: NDArray[np.uint8], scenes: NDArray[np.int32] | None = None) -> Person:
    count = len(reasons)
    pose = Pose(np.ones(count), np.repeat(np.eye(3)[None], count, 0), np.zeros((count, 3)))
    return Person(
        number=1,
        first_frame=0,
        shapes=np.repeat(FACE[None], count, 0),
        pose=pose,
        reasons=reasons,
        scenes=np.zeros(count, np.int32) if scenes is None else scenes,
        neutral=FACE,
    )


def shares(reason: Reason, *, kept: bool = False, cut_at: int | None = None) -> NDArray[np.float32]:
    """Twenty frames; 8–11 pass through."""
    reasons = np.zeros(20, np.uint8)
    reasons[8:12] = reason
    usable = reasons == Reason.USABLE
    if kept:
        usable[8:12] = False
    scenes = (np.arange(20) >= (99 if cut_at is None else cut_at)).astype(np.int32)
    return fade_near_gaps(person(reasons, scenes), np.arange(20), np.arange(20) / RATE, usable)


@pytest.mark.parametrize(("reason", "kept"), [(Reason.USABLE, True), (Reason.PROFILE, False), (Reason.UNSURE, False)])
def test_the_mouth_goes_over_gently_beside_frames_that_show_the_old_one(reason: Reason, kept: bool) -> None:
    share = shares(reason, kept=kept)
    assert share[:6] == pytest.approx(1)
    assert share[14:] == pytest.approx(1)
    assert share[[7, 12]] == pytest.approx(0.352)
    assert share[[6, 13]] == pytest.approx(0.896)


def test_nothing_is_eased_where_no_old_mouth_is_seen_beside_it() -> None:
    assert (shares(Reason.NONE) == 1).all()
    assert (shares(Reason.LOST) == 1).all()
    assert (shares(Reason.USABLE) == 1).all()


def test_nothing_is_eased_across_a_cut() -> None:
    """Behind a cut the picture is another one anyway: two frames of the old mouth would be seen there for nothing."""
    share = shares(Reason.PROFILE, cut_at=12)
    assert (share[12:] == 1).all()
    assert share[7] < 0.5


def test_a_shape_goes_its_share_of_the_way_on_the_lips_and_nowhere_on_the_brow() -> None:
    wanted = np.repeat((FACE + 0.1)[None], 3, 0)
    shapes = blend_shapes(FACE, np.repeat(FACE[None], 3, 0), wanted, np.array([0, 0.5, 1], np.float32))
    assert (shapes - FACE)[:, 14, 1] == pytest.approx([0, 0.05, 0.1], abs=1e-6)
    assert (shapes - FACE)[:, 10, 1] == pytest.approx(0, abs=1e-6)
