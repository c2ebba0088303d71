"""Maps points between the picture as stored and as shown: rotation, mirroring and pixel aspect are one affine map.

Coordinates are continuous with the origin at the picture's top-left *corner*: the centre of the first pixel lies at
(0.5, 0.5), in both spaces. So a scale is a plain factor, and `x = normalised × width` needs no correction. Libraries that
put pixel centres at whole numbers (OpenCV's warps) want `centred(matrix)`.
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

Affine = npt.NDArray[np.float64]  # (2, 3)
Points = npt.NDArray[np.float64]  # (n, 2), x then y

# Clockwise, y down.
_TURNS = {0: ((1, 0), (0, 1)), 90: ((0, -1), (1, 0)), 180: ((-1, 0), (0, -1)), 270: ((0, 1), (-1, 0))}

# (clockwise degrees, mirrored left-right before) of EXIF's orientations (EXIF 2.3, tag 0x0112).
EXIF_TURNS = {1: (0, False), 2: (0, True), 3: (180, False), 4: (180, True), 5: (270, True), 6: (90, False), 7: (90, True), 8: (270, False)}


def read_display_matrix(data: bytes) -> tuple[int, ...]:
    """FFmpeg's nine 16.16 numbers from a frame's DISPLAYMATRIX side data."""
    return struct.unpack("=9i", data[:36])


def turn_of(matrix: tuple[int, ...]) -> tuple[int, bool] | None:
    """(clockwise degrees 0, 90, 180 or 270; mirrored left-right before turning) of a display matrix; None = no right angle."""
    linear = np.array([[matrix[0], matrix[3]], [matrix[1], matrix[4]]], float)
    norms = np.linalg.norm(linear, axis=0)
    if not norms.all():
        return 0, False  # an all-zero matrix says nothing
    linear /= norms
    mirrored = bool(np.linalg.det(linear) < 0)
    if mirrored:
        linear[:, 0] *= -1
    degrees = math.degrees(math.atan2(linear[1, 0], linear[0, 0]))  # y down: positive turns clockwise
    turns = round(degrees / 90)
    return (turns % 4 * 90, mirrored) if abs(degrees - turns * 90) < 1 else None


def turn_matrix(rotation: int, *, mirrored: bool) -> tuple[int, ...]:
    """The display matrix of a turn, the inverse of `turn_of`."""
    linear = np.array(_TURNS[rotation]) @ np.diag([-1 if mirrored else 1, 1])
    (a, c), (b, d) = (linear * 65536).tolist()
    return a, b, 0, c, d, 0, 0, 0, 1 << 30


def display_size(coded: tuple[int, int], sample_aspect: Fraction, rotation: int) -> tuple[int, int]:
    """Width and height as shown: square pixels (the width takes the aspect), upright."""
    width, height = max(1, round(coded[0] * sample_aspect)), coded[1]
    return (height, width) if rotation in (90, 270) else (width, height)


def coded_to_display(coded: tuple[int, int], sample_aspect: Fraction, rotation: int, mirrored: bool) -> Affine:
    """(2, 3) from the stored picture's coordinates to the shown picture's."""
    shown = display_size(coded, sample_aspect, rotation)
    width, height = (shown[1], shown[0]) if rotation in (90, 270) else shown
    affine = np.array([[width / coded[0], 0, 0], [0, height / coded[1], 0], [0, 0, 1]])
    if mirrored:
        affine = np.array([[-1, 0, width], [0, 1, 0], [0, 0, 1]], float) @ affine
    moved = {0: (0, 0), 90: (height, 0), 180: (width, height), 270: (0, width)}[rotation]
    return np.asarray(np.column_stack([_TURNS[rotation], moved]).astype(float) @ affine)


def inverse(affine: Affine) -> Affine:
    """The map back, (2, 3)."""
    return np.asarray(np.linalg.inv(np.vstack([affine, [0, 0, 1]]))[:2])


@cache
def display_to_coded(coded: tuple[int, int], sample_aspect: Fraction, rotation: int, mirrored: bool) -> Affine:
    """The map back of `coded_to_display`, read-only: it is asked for several times a frame."""
    back = inverse(coded_to_display(coded, sample_aspect, rotation, mirrored))
    back.setflags(write=False)
    return back


def chained(second: Affine, first: Affine) -> Affine:
    """The map that does `first` and then `second`, (2, 3)."""
    return np.asarray(second @ np.vstack([first, [0, 0, 1]]))


def map_points(affine: Affine, points: npt.ArrayLike) -> Points:
    """(…, 2) points through a (2, 3) map."""
    return np.asarray(np.asarray(points, float) @ affine[:, :2].T + affine[:, 2])


def centred(affine: Affine) -> Affine:
    """The same map for coordinates in which pixel centres are whole numbers."""
    half = np.array([0.5, 0.5])
    return np.column_stack([affine[:, :2], affine[:, 2] + affine[:, :2] @ half - half])
