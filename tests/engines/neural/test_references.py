"""Which other frames show the person to a network, and how a hybrid steadies what it tracked."""

from __future__ import annotations

import numpy as np

from heygem_core.engines.neural.hybrid_plan import between_lips, mouth_part, steady
from heygem_core.engines.neural.references import choose_references
from heygem_core.face.mesh import LOWER_FACE, VERTICES, Pose
from heygem_core.face.reasons import Reason
from heygem_core.planning.person import Person

RATE = 25.0


def person(yaw: np.ndarray, opening: np.ndarray, *, unusable: tuple[int, ...] = (), cut: int | None = None) -> Person:
    """Somebody whose head turns (degrees) and whose lips part (eye distances)."""
    count = len(yaw)
    shapes = np.tile(np.random.default_rng(1).uniform(-0.5, 0.5, (VERTICES, 3)).astype(np.float32), (count, 1, 1))
    shapes[:, 33], shapes[:, 263] = (-0.5, 0, 0), (0.5, 0, 0)
    for upper, lower in ((82, 87), (13, 14), (312, 317)):
        shapes[:, lower] = shapes[:, upper]
        shapes[:, lower, 1] += opening
    turn = np.radians(yaw)
    rotation = np.zeros((count, 3, 3))
    rotation[:, 0, 0], rotation[:, 0, 2] = np.cos(turn), -np.sin(turn)
    rotation[:, 1, 1] = 1
    rotation[:, 2, 0], rotation[:, 2, 2] = np.sin(turn), np.cos(turn)
    reasons = np.full(count, Reason.USABLE, np.uint8)
    reasons[list(unusable)] = Reason.NONE
    scenes = np.zeros(count, np.int32)
    scenes[cut:] += cut is not None
    pose = Pose(np.full(count, 100.0), rotation, np.zeros((count, 3)))
    return Person(number=1, first_frame=0, shapes=shapes, pose=pose, reasons=reasons, scenes=scenes, neutral=shapes[0])


def test_references_are_like_in_pose_and_serve_for_long_stretches() -> None:
    yaw = np.repeat([-30.0, 0, 30], 50)
    opening = 0.1 * np.abs(np.sin(np.arange(150)))
    frames, serving = choose_references(person(yaw, opening), RATE)
    assert np.abs(yaw[frames[serving]] - yaw).max() < 5
    changes = int((np.diff(serving) != 0).sum())
    assert changes <= 4, "each change of it can be seen"
    assert len(frames) <= 6


def test_of_frames_alike_in_pose_one_with_another_mouth_serves() -> None:
    opening = np.repeat([0.0, 0.15, 0.0], 50).astype(np.float32)
    frames, serving = choose_references(person(np.zeros(150), opening), RATE)
    shown = opening[frames[serving]]
    assert np.abs(shown - opening).min() > 0.1
    assert int((np.diff(serving) != 0).sum()) == 2


def test_frames_that_are_not_usable_neither_serve_nor_are_served_and_one_frame_alone_serves_itself() -> None:
    found, serving = choose_references(person(np.linspace(-30, 30, 60), np.zeros(60), unusable=(10, 11, 59), cut=30), RATE)
    assert not {10, 11, 59} & set(found.tolist())
    assert serving[[10, 11, 59]].tolist() == [-1, -1, -1]
    assert (np.delete(serving, [10, 11, 59]) >= 0).all()
    alone, serving = choose_references(person(np.zeros(1), np.zeros(1)), RATE)
    assert (alone.tolist(), serving.tolist()) == ([0], [0])


def test_gaps_of_tracking_are_filled_in_within_a_scene_and_nothing_crosses_a_cut() -> None:
    moved = np.full((12, len(LOWER_FACE), 3), np.nan, np.float32)
    moved[:3], moved[5:6] = 0.0, 0.3
    moved[8:] = 1.0
    usable = np.ones(12, bool)
    usable[7] = False
    scene = np.repeat([0, 1], 6).astype(np.int32)
    found = steady(moved, usable, scene, 1.0)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[:6, 0, 0], [0, 0, 0, 0.1, 0.2, 0.3], atol=1e-6)
    assert (found[6:8] == 0).all(), "a run in which nothing was tracked, and a frame that is not drawn, stay as they are"
    assert (found[8:] == 1).all()


def test_the_part_that_a_hybrid_keeps_holds_every_mouth_and_the_skin_beside_it() -> None:
    crop = np.tile(np.array([[2.0, 0, 100], [0, 2, 50]], np.float32), (3, 1, 1))
    lips = np.array([[40.0, 60], [60, 60], [50, 56], [50, 66]], np.float32)[None] + np.arange(3)[:, None, None]
    stored = (lips * 2 + [100, 50] - 0.5).astype(np.float32)
    part = mouth_part(crop, stored, np.ones(3, bool), 96)
    assert part.tolist() == [26, 42, 76, 82]


def test_the_inside_of_a_mouth_is_seen_between_parted_lips_and_not_at_all_between_closed_ones() -> None:
    along = np.linspace(-1, 1, 11)
    upper = np.stack([60 + 30 * along, 40 - 8 * (1 - along**2)], 1)
    lower = np.stack([60 + 30 * along, 40 + 10 * (1 - along**2)], 1)
    lips = np.concatenate([upper, lower[-2:0:-1]]).astype(np.float32)
    inside = between_lips(lips, 120, 80)
    assert inside[41, 60] > 0.99
    assert inside[25, 60] == inside[60, 60] == inside[40, 20] == 0
    assert abs(float(inside.sum()) - 2 / 3 * 60 * 18) < 60
    closed = lips.copy()
    closed[:, 1] = 40
    assert not between_lips(closed, 120, 80).any()
    crossed = np.concatenate([lower, upper[-2:0:-1]]).astype(np.float32)
    assert not between_lips(crossed, 120, 80).any()
