"""Hands are found in small pictures, and what they cover is known from their landmarks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.laid_hands import drawn_hand
from benchmarks.occlusion import read, track
from heygem_core.face.hands import HandFinder, draw_hand, hands_near, near_mouth


@pytest.fixture(scope="module")
def finder() -> Iterator[HandFinder]:
    with closing(HandFinder()) as opened:
        yield opened


@pytest.mark.parametrize("scale", [0.4, 1.0])
def test_a_hand_is_found_and_its_landmarks_say_what_it_covers(finder: HandFinder, scale: float) -> None:
    hand = drawn_hand()
    grey = (hand.rgb * hand.alpha[..., None] + 120 * (1 - hand.alpha[..., None])).astype(np.uint8)
    (found,) = finder.find(np.asarray(cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8))
    assert np.abs(found / scale - hand.landmarks).mean() < 12
    mask = np.zeros(hand.alpha.shape, np.uint8)
    draw_hand(mask, found / scale)
    above = round(float(hand.landmarks[0, 1]))  # without the arm
    thing, covered = hand.alpha[:above] > 0.5, mask[:above] > 0
    assert covered[thing].mean() > 0.8
    assert thing[covered].mean() > 0.7


def test_a_face_alone_is_no_hand(finder: HandFinder, clips: Path) -> None:
    pictures = read(clips / "grid" / "bbaf2n.mpg", 20, 5)
    points = track(pictures)
    assert points is not None
    assert not any(hands_near(finder, picture, at) for picture, at in zip(pictures, points, strict=True))


def test_hands_are_looked_for_within_the_picture() -> None:
    points = np.zeros((478, 3), np.float32)
    points[33], points[263] = (-30, 0, 0), (30, 0, 0)
    points += (5, 100, 0)
    assert near_mouth(points, (320, 240)) == (0, 0, 137, 232)
