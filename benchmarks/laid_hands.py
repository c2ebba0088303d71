"""Hands to be laid before faces: a drawn one, and ones that are cut out of a clip in which somebody gestures."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from heygem_core.face.hands import HandFinder, draw_hand, palm_length
from heygem_core.media.probe import probe
from heygem_core.media.upright import upright_frames

LOOKS, EVERY = 40, 8
ROUND = 3.0  # palm lengths from a hand's middle to the edge of what is cut
LARGEST = 90.0  # pixels of the palm: smaller hands are blurred
# The drawn hand, in palm lengths from the wrist: where its landmarks lie, and the chains of them that are fingers, with their widths.
DRAWN = (
    ((0.0, 0.0), (-0.28, -0.18), (-0.5, -0.42), (-0.66, -0.62), (-0.8, -0.8)),
    ((-0.3, -0.95), (-0.38, -1.35), (-0.42, -1.6), (-0.45, -1.82)),
    ((-0.02, -1.0), (-0.03, -1.45), (-0.03, -1.74), (-0.03, -1.98)),
    ((0.24, -0.94), (0.3, -1.35), (0.33, -1.6), (0.36, -1.82)),
    ((0.46, -0.8), (0.58, -1.1), (0.66, -1.3), (0.72, -1.48)),
)
CHAINS = ((range(5), 0.24), (range(17, 21), 0.2), (range(13, 17), 0.23), (range(9, 13), 0.25), (range(5, 9), 0.24))
DRAWN_PALM, DRAWN_SKIN = 120, (205, 150, 125)  # pixels; RGB


class CutHand(NamedTuple):
    rgb: NDArray[np.uint8]  # (h, w, 3)
    alpha: NDArray[np.float32]  # (h, w) 0 … 1
    landmarks: NDArray[np.float32]  # (21, 2)


def cut_hands(clip: Path) -> tuple[CutHand, CutHand] | None:
    """The most closed and the widest open hand of a clip's beginning; None = none is large enough."""
    info = probe(clip)
    found: list[tuple[float, NDArray[np.uint8], NDArray[np.float32]]] = []
    with closing(HandFinder()) as finder:
        for number, picture in upright_frames(info, 0, min(info.frame_count, LOOKS * EVERY)):
            if number % EVERY:
                continue
            hands = finder.find(picture)
            for hand in hands:
                others = [each.mean(0) for each in hands if each is not hand]
                apart = min((float(np.linalg.norm(other - hand.mean(0))) for other in others), default=np.inf)
                if palm_length(hand) * 3 < apart and palm_length(hand) > LARGEST:
                    tips = hand[[4, 8, 12, 16, 20]]
                    spread = float(np.linalg.norm(tips - tips.mean(0), axis=1).mean()) / palm_length(hand)
                    found.append((spread, picture, hand))
    if len(found) < 2:
        return None
    found.sort(key=lambda each: each[0])
    return _cut(*found[0][1:]), _cut(*found[-1][1:])


def drawn_hand() -> CutHand:
    """An open hand with its arm: fingers like lit rods, in which the hand model sees a hand."""
    points = np.array([at for chain in DRAWN for at in chain], np.float32) * DRAWN_PALM + [1.5 * DRAWN_PALM, 2.5 * DRAWN_PALM]
    at = [tuple(point) for point in points.round().astype(int).tolist()]
    alpha, rgb = (
        np.zeros((5 * DRAWN_PALM, 3 * DRAWN_PALM), np.float32),
        np.full((5 * DRAWN_PALM, 3 * DRAWN_PALM, 3), DRAWN_SKIN, np.float32),
    )
    arm, palm, *fingers = (np.zeros(alpha.shape, np.uint8) for _ in range(2 + len(CHAINS)))
    cv2.line(arm, at[0], (at[0][0], alpha.shape[0]), [1], round(0.6 * DRAWN_PALM))
    outline = cv2.convexHull(np.array([at[k] for k in (0, 1, 5, 9, 13, 17)], np.int32))
    cv2.fillConvexPoly(palm, outline, [1])
    cv2.polylines(palm, [outline], True, [1], round(0.3 * DRAWN_PALM))
    for finger, (chain, width) in zip(fingers, CHAINS, strict=True):
        cv2.polylines(finger, [np.array([at[k] for k in chain], np.int32)], False, [1], round(width * DRAWN_PALM))
    for part in (arm, palm, *fingers):
        lit = 0.55 + 0.5 * np.clip(cv2.distanceTransform(part, cv2.DIST_L2, 3) / (0.11 * DRAWN_PALM), 0, 1) ** 0.6
        level = cv2.GaussianBlur(part.astype(np.float32), (0, 0), 1.0)
        rgb = rgb * (1 - level[..., None]) + np.array(DRAWN_SKIN) * lit[..., None] * level[..., None]
        alpha = np.maximum(alpha, level)
    return CutHand(np.clip(rgb, 0, 255).astype(np.uint8), alpha, points.astype(np.float32))


def _cut(picture: NDArray[np.uint8], hand: NDArray[np.float32]) -> CutHand:
    """With its arm as far as that is seen; what belongs to it is found by GrabCut from the landmarks."""
    palm = palm_length(hand)
    low = np.clip(hand.mean(0) - ROUND * palm, 0, None).astype(int)
    high = (hand.mean(0) + ROUND * palm).astype(int)
    rgb, at = np.ascontiguousarray(picture[low[1] : high[1], low[0] : high[0]]), hand - low
    drawn = np.zeros(rgb.shape[:2], np.uint8)
    draw_hand(drawn, at)
    within = cv2.erode(drawn, np.ones((3, 3), np.uint8), iterations=max(1, round(0.1 * palm)))
    near = cv2.dilate(drawn, np.ones((3, 3), np.uint8), iterations=round(0.15 * palm))
    marks = np.where(within > 0, cv2.GC_FGD, np.where(near > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD)).astype(np.uint8)
    redness = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., 1].astype(np.float32) - 128
    marks[redness < 0.55 * np.median(redness[within > 0])] = cv2.GC_BGD  # shadows, sleeves
    cv2.grabCut(rgb[..., ::-1].copy(), marks, None, np.zeros((1, 65)), np.zeros((1, 65)), 6, cv2.GC_INIT_WITH_MASK)
    hand_is = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8)
    _, parts = cv2.connectedComponents(hand_is)
    kept = (parts == np.bincount(parts[within > 0]).argmax()).astype(np.float32)
    alpha = cv2.GaussianBlur(cv2.erode(kept, np.ones((3, 3), np.uint8)), (0, 0), 1.0)
    return CutHand(rgb, alpha, at)
