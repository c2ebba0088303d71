"""Finds hard cuts between shots while frames stream by: one small picture of the frame before is all it keeps."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

SIDE = 64
THRESHOLD = 0.30


class CutDetector:
    """Call it with each frame in order; True where a frame starts a new shot."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.float32] | None = None

    def __call__(self, rgb: npt.NDArray[np.uint8]) -> bool:
        """rgb: (height, width, 3) uint8. The first frame is no cut."""
        small = cv2.resize(rgb[:: max(1, rgb.shape[0] // 256), :: max(1, rgb.shape[1] // 256)], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        now = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).astype(np.float32)
        before, self._before = self._before, now
        return before is not None and bool(_difference(before, now) > THRESHOLD)


def _difference(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.abs(a - b).mean() / 64)
