"""Finds hard cuts between shots while frames stream by: one small picture of the frame before is all it keeps.

A cut changes the colours *and* the structure of the picture at once, and much more than the frames before it changed.
Lamps, flashes and exposure change colours but not structure; motion changes structure, but not more than a moment ago. A
frame without structure (a white flash, a dip to black) is no cut: the frame after it is compared with the one before it.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .tracker import Pixels, View, view_of

THRESHOLD = 2.0
"""Measured on 35 clips of people speaking: within a clip the strength reaches 1.34, between two clips it starts at 3.0. Not
seen: jump cuts between takes of one person in one place (0.4–1.5). A flash so bright that it bleaches most of the picture
may read as two cuts; its frames are then a scene of their own."""
NOISE_DIFFERENCE = 0.3  # mean Lab difference that a still picture has from noise alone
INITIAL_MOTION = 0.8  # the same for a speaker in motion: what is expected while a shot is new
MOTION_MEMORY_FRAMES = 6  # frames over which "a moment ago" fades
MIN_DETAIL = 1.5  # standard deviation of the lightness detail under which a picture has no structure
_SIDE = 64
_SHIFT = 3  # pixels of 64 that a picture may move between two frames without losing its structure


class CutDetector:
    """Call it with each frame in order; True where a frame starts a new shot."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.float32] | None = None
        self._motion = INITIAL_MOTION  # fading mean of the differences so far in this shot

    def __call__(self, picture: Pixels | View) -> bool:
        """picture: (height, width, 3) uint8 RGB, or a view of it. The first frame is no cut."""
        now = _small_lab(view_of(picture))
        if self._before is None:
            self._before = now
            return False
        if _detail(now).std() < MIN_DETAIL:
            return False
        difference = _difference(self._before, now)
        cut = difference / (self._motion + NOISE_DIFFERENCE) * _structure_change(self._before, now) > THRESHOLD
        self._before = now
        self._motion = INITIAL_MOTION if cut else self._motion + (difference - self._motion) / MOTION_MEMORY_FRAMES
        return cut


def _small_lab(view: View) -> npt.NDArray[np.float32]:
    """The picture as 64×64 Lab values (L 0–100, a and b ±127), whatever its shape."""
    step = max(1, min(view.size) // (2 * _SIDE))
    small = cv2.resize(view.thinned(step), (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB), np.float32)


def _detail(lab: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Lightness (64, 64) without its coarse course."""
    return np.asarray(lab[..., 0] - cv2.GaussianBlur(lab[..., 0], (0, 0), 3), np.float32)


def _difference(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Mean distance in Lab, without the part that one change of light explains."""
    change = b - a
    change[..., 0] -= change[..., 0].mean()
    return float(np.abs(change).mean())


def _structure_change(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """0 = the same structure, possibly moved a little; 1 = unrelated."""
    inner = _detail(b)[_SHIFT:-_SHIFT, _SHIFT:-_SHIFT]
    return 1 - float(cv2.matchTemplate(_detail(a), inner, cv2.TM_CCORR_NORMED).max())
