"""Finds a person's neutral shape: the closed, relaxed mouth that predicted displacements are added to.

`neutral_shape` finds it in any clip, also a silent one or a single frame. A target shape is then neutral + displacement.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..face.mesh import LOWER_FACE, frames_with_face, lip_gap

Floats = NDArray[np.float32]

QUIET_SHARE = 0.08  # of the usable frames: those with the most closed mouth make the neutral
PRESSED_SHARE = 0.01  # of the usable frames: pressed lips and slips of the tracker, left out at the bottom
CLOSED_GAP = 0.012  # face space: a smaller lip gap is closed (lips that touch are tracked at 0.000–0.008)
TOUCHING_GAP = 0.003  # face space: what lips that are brought together are left with


def neutral_shape(shapes: Floats, usable: NDArray[np.bool_] | None = None) -> Floats:
    """(478, 3) float32: this person's face with the mouth closed and relaxed, in face space.

    shapes: (T, 478, 3) pose-free shapes, NaN where unknown. usable: (T,) frames to trust, None = every finite one.
    The lower face is the median of the most closed frames, the rest the median of all. A mouth that never closes
    in the clip (a still of a smile, a short laugh) has its lips brought together: the lower lip, the chin
    and the jaw are moved up by the remaining gap, in the way a jaw closes.
    Raises: ValueError — no usable frame.
    """
    shapes = np.asarray(shapes)
    good = frames_with_face(shapes) if usable is None else frames_with_face(shapes) & usable
    if not good.any():
        raise ValueError("neutral_of needs at least one usable frame")
    seen = np.flatnonzero(good)
    order = seen[np.argsort(lip_gap(shapes)[seen], kind="stable")]
    lowest = int(len(seen) * PRESSED_SHARE)
    calm = shapes[order[lowest : lowest + max(1, round(len(seen) * QUIET_SHARE))]]
    # Vertex by vertex: a long clip's shapes are not copied.
    neutral = np.stack([np.median(shapes[:, vertex][seen], axis=0) for vertex in range(shapes.shape[1])])
    rows = list(LOWER_FACE)
    neutral[rows] = np.median(calm[:, rows], axis=0)
    return close_lips(neutral.astype(np.float32))


def close_lips(shape: Floats) -> Floats:
    """The same face (478, 3) with the lips touching, if they were apart; a closed mouth comes back unchanged."""
    gap = float(lip_gap(shape))
    if gap <= CLOSED_GAP:
        return shape
    vertices, opening = jaw_opening()
    closed = shape.copy()
    closed[list(vertices)] -= opening * np.float32(gap - TOUCHING_GAP)
    return closed


def jaw_opening() -> tuple[tuple[int, ...], Floats]:
    """Which vertices (V) move, and how far each goes (V, 3) while the lip gap grows by 1: as the training speaker's do."""
    from .motion_model import load_motion_model

    model = load_motion_model("mel")
    return model.vertices, model.opening
