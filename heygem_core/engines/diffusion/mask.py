"""The part of LatentSync's aligned face that is drawn anew: the lower face and, above it, both cheeks beside the nose, which is kept.

The network was trained with exactly this mask of 256 × 256, so it is given exactly: from row 128 down one run of columns a row, narrowing
to the chin; in the rows above, a block on each side of the nose.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .networks import CELL

_SIDE = 256
_CHEEKS_TOP, _FACE_TOP = 95, 128  # first row of the blocks beside the nose, and of the runs across the face
_CHEEKS = ((9, 77), (178, 246))  # first and last column of those blocks
# First and last column of the run in each row from _FACE_TOP on.
_LEFT = (
    *(9, 9, 9, 9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11),
    *(11, 11, 11, 12, 12, 12, 12, 12, 12, 12, 13, 13, 14, 14, 15, 15, 16, 16, 17, 18, 18, 19, 19, 20, 21, 21, 22, 22, 23, 24, 25),
    *(26, 26, 27, 28, 29, 30, 31, 32, 33, 34, 34, 35, 36, 37, 38, 39, 40, 42, 43, 44, 45, 47, 48, 49, 51, 52, 54, 56, 57, 59, 60),
    *(62, 64, 66, 68, 70, 72, 74, 76, 78, 80, 82, 85, 87, 90, 93, 95, 99, 104, 108, 131),
)
_RIGHT = (
    *(247, 247, 247, 247, 247, 247, 247, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 246, 245, 245, 245, 245),
    *(245, 245, 245, 245, 245, 245, 245, 245, 245, 245, 244, 244, 244, 244, 244, 244, 244, 243, 243, 242, 242, 241, 241, 240, 240),
    *(239, 238, 238, 237, 236, 236, 235, 234, 234, 233, 232, 232, 231, 230, 230, 229, 228, 228, 227, 226, 225, 224, 223, 223, 222),
    *(221, 220, 219, 218, 217, 216, 215, 214, 213, 212, 211, 210, 208, 207, 206, 204, 203, 202, 200, 199, 197, 196, 194, 192, 191),
    *(189, 187, 185, 183, 180, 178, 175, 173, 171, 168, 166, 164, 160, 156, 152),
)


@cache
def kept_pixels(side: int) -> Tensor:
    """(1, side, side) float32: 1 where the picture is kept, 0 where it is drawn; along the edge of an enlarged one between the two."""
    stored = np.full((_SIDE, _SIDE), 255, np.uint8)
    for first, last in _CHEEKS:
        stored[_CHEEKS_TOP:_FACE_TOP, first : last + 1] = 0
    for row, (first, last) in enumerate(zip(_LEFT, _RIGHT, strict=True), _FACE_TOP):
        stored[row, first : last + 1] = 0
    return torch.from_numpy(cv2.resize(stored, (side, side), interpolation=cv2.INTER_LANCZOS4).astype(np.float32) / 255)[None]


@cache
def kept_latents(side: int) -> Tensor:
    """(1, side / 8, side / 8) the same for latents of a picture of that side."""
    return functional.interpolate(kept_pixels(side)[None], size=(side // CELL, side // CELL))[0]
