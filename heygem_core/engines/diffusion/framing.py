"""Where MuseTalk and LatentSync look at a face: matrices from the pixels of their crops to display space, whole numbers = edges of pixels.

MuseTalk takes an upright box, as far above the middle of the nose as the chin lies below it. LatentSync turns and scales the face so that
brows and nose come to lie at three fixed places, which speech does not move.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...face.mesh_from_68 import VERTEX_AT

Floats = NDArray[np.float64]

_NOSE_MIDDLE = 29  # of the 68 points
_CHIN_ROOM = 0.04  # of the box's height that is added below the chin: of 10 pixels in faces of some 250, as in training
_BROWS, _NOSE = ((17, 22), (22, 27)), (27, 36)  # ranges of the 68 points
TEMPLATE = np.array([(95.2, 112.0), (324.8, 112.0), (210.0, 224.0)])  # of both brows and the nose, pixel centres at whole numbers
TEMPLATE_SIZE = (420, 560)  # of the picture that they lie in, which is then made square


def musetalk_boxes(points: NDArray[np.floating[Any]]) -> Floats:
    """Tracked points (F, 478, 2+) → boxes (F, 4) left, top, right, bottom."""
    known = np.asarray(points[:, list(VERTEX_AT), :2], np.float64)
    left, right, bottom = known[..., 0].min(1), known[..., 0].max(1), known[..., 1].max(1)
    top = 2 * known[:, _NOSE_MIDDLE, 1] - bottom
    return np.stack([left, top, right, bottom + _CHIN_ROOM * (bottom - top)], 1)


def latentsync_matrices(points: NDArray[np.floating[Any]], size: int) -> Floats:
    """Tracked points (F, 478, 2+) → (F, 2, 3) from a crop of size × size pixels."""
    known = np.asarray(points[:, list(VERTEX_AT), :2], np.float64) - 0.5
    seen = np.stack([known[:, first:last].mean(1) for first, last in (*_BROWS, _NOSE)], 1)
    matrices = np.full((len(seen), 2, 3), np.nan)
    for frame in np.flatnonzero(np.isfinite(seen).all((1, 2))).tolist():
        matrices[frame] = _from_crop(similarity(seen[frame]), size)
    return matrices


def similarity(seen: Floats) -> Floats:
    """The turn, scale and shift (2, 3) that bring three points (3, 2) nearest to the template's; pixel centres at whole numbers."""
    middle, wanted = seen.mean(0), TEMPLATE.mean(0)
    left, _, right = np.linalg.svd((seen - middle).T @ (TEMPLATE - wanted))
    turn = (left @ np.diag([1, np.linalg.det(left @ right)]) @ right).T
    turn *= np.linalg.norm(TEMPLATE - wanted) / np.linalg.norm(seen - middle)
    return np.concatenate([turn, (wanted - turn @ middle)[:, None]], 1)


def _from_crop(to_template: Floats, size: int) -> Floats:
    stretch = np.array([side / size for side in TEMPLATE_SIZE])
    turn = np.linalg.inv(to_template[:, :2])
    shift = turn @ (-0.5 - to_template[:, 2]) + 0.5
    return np.concatenate([turn * stretch, shift[:, None]], 1)
