"""Donor paths: near in shape, running on where they can, and never changed from afar."""

from __future__ import annotations

import numpy as np

from heygem_core.engines.mesh.donors import DonorLibrary, choose_donors, crossfade_frames
from heygem_core.engines.mesh.vertices import LIPS
from heygem_core.face.mesh import INNER_LIP_PAIRS


def library(count: int = 300, seed: int = 0) -> DonorLibrary:
    """A clip whose mouth opens and closes steadily."""
    phase = np.sin(np.arange(count) / 7)[:, None, None]
    lips = np.broadcast_to(np.linspace(-0.2, 0.2, 40)[:, None], (40, 3))[None] * (1 + 0.3 * phase)
    return DonorLibrary(np.arange(count), lips.astype(np.float32), np.zeros((count, 3), np.float32), np.zeros(count, np.float32))


def test_a_clip_asked_for_its_own_shapes_gives_its_own_frames():
    have = library()
    path = choose_donors(have, have.lips, have.pose, np.ones(300, bool), 25)
    cost = np.abs(have.lips[path] - have.lips).max()
    assert cost < 0.02
    assert (np.diff(path) == 1).mean() > 0.8


def test_frames_without_a_face_have_no_donor():
    have = library()
    usable = np.ones(300, bool)
    usable[100:120] = False
    path = choose_donors(have, have.lips, have.pose, usable, 25)
    assert (path[100:120] == -1).all()
    assert (path[usable] >= 0).all()


def test_an_empty_library_lends_nothing():
    have = library()
    empty = DonorLibrary(have.frames[:0], have.lips[:0], have.pose[:0], have.penalty[:0])
    assert (choose_donors(empty, have.lips, have.pose, np.ones(300, bool), 25) == -1).all()


def test_a_change_reaches_no_further_than_one_block():
    have = library()
    wanted = have.lips[::-1].copy()
    before = choose_donors(have, wanted, have.pose, np.ones(300, bool), 25)
    wanted[150:175] *= 1.4
    after = choose_donors(have, wanted, have.pose, np.ones(300, bool), 25)
    changed = np.flatnonzero(before != after)
    assert len(changed)
    assert changed.min() >= 125
    assert changed.max() < 200


def test_a_turned_head_is_not_lent_to_a_straight_one():
    have = library()
    pose = have.pose.copy()
    pose[::2, 0] = 40
    turned = have._replace(pose=pose)
    path = choose_donors(turned, have.lips, have.pose, np.ones(300, bool), 25)
    assert (path % 2 == 1).all()


def test_a_mouth_is_lent_to_one_that_is_open_alike():
    """Running on through the clip cost less than a donor that was half as open, and its teeth were stretched to twice their height."""
    have = library(40)
    gap = np.array([LIPS.index(lower) for _, lower in INNER_LIP_PAIRS])
    lips = np.zeros_like(have.lips)
    lips[:, gap, 1] = np.where(np.arange(40) < 20, 0.06, 0.12)[:, None]  # two scenes, one with the mouth half as open
    wanted = np.zeros((40, *lips.shape[1:]), np.float32)
    wanted[:, gap, 1] = 0.06
    wanted[20:24, gap, 1] = 0.12
    path = choose_donors(
        have._replace(lips=lips, frames=have.frames + np.where(have.frames < 20, 0, 100)), wanted, have.pose, np.ones(40, bool), 40
    )
    assert (path[20:24] >= 20).all()
    assert (np.delete(path, range(20, 24)) < 20).all()


def test_a_leap_through_the_clip_is_shared_by_one_frame_that_is_no_anchor():
    have = library(100)
    path = np.array([-1, 3, 4, 5, 50, 51, 52, 9, 9, 10, 11, 70, 71, -1, 2, 3], np.int32)
    shared = crossfade_frames(have, path, 7)
    expected = np.full(16, -1)
    expected[4] = 5  # the frame after the leap goes on from the donor before it
    expected[6] = 9  # frame 7 is an anchor: the frame before it begins with its donor
    expected[11] = 11
    assert shared.tolist() == expected.tolist()
