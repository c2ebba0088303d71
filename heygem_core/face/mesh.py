"""The 478-point face mesh: which vertex is what, and points in the picture ⇄ pose-free shapes in face space.

Vertex numbers are MediaPipe's (0–467 the mesh, 468–477 the irises). "Left" and "right" here are the picture's, as seen by
the viewer of an unmirrored picture; MediaPipe's own names are the person's.

Face space (see ARCHITECTURE.md): origin midway between the outer eye corners, x to the picture's right along them, y down
the line from the top of the forehead to the chin made orthogonal to x, z away from the camera; unit = this person's
distance between the outer eye corners. The axes come from the person's mean shape, so that a head held askew or a nod
leave no trace in a shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..storage.scratch import scratch_array

Floats = npt.NDArray[np.floating[Any]]

VERTICES = 478
_CHUNK = 512  # frames that are worked on in double precision at a time: bounds memory

EYE_OUTER = (33, 263)  # outer eye corners, left then right in the picture: the inter-ocular distance
FOREHEAD_TOP, CHIN_TIP, NOSE_TIP, NOSE_BASE, NOSE_BRIDGE_TOP = 10, 152, 1, 2, 168

# Rings around the mouth start at the corner on the picture's left, run over the upper lip to the right corner and back
# under the lower lip. Index k of both lies at one place across the mouth: OUTER_LIPS[k] above (or below) INNER_LIPS[k].
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS = (
    *(0, 11, 12, 13, 14, 15, 16, 17, 37, 38, 39, 40, 41, 42, 61, 62, 72, 73, 74, 76, 77, 78, 80, 81, 82, 84, 85, 86, 87, 88, 89),
    *(90, 91, 95, 96, 146, 178, 179, 180, 181, 183, 184, 185, 191, 267, 268, 269, 270, 271, 272, 291, 292, 302, 303, 304, 306, 307),
    *(308, 310, 311, 312, 314, 315, 316, 317, 318, 319, 320, 321, 324, 325, 375, 402, 403, 404, 405, 407, 408, 409, 415),
)  # the red of both lips: the two rings and all between them (80)
UPPER_HALF = tuple(range(11))  # positions within a lip ring: left corner … middle of the upper lip … right corner
LOWER_HALF = (10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0)  # right corner … middle of the lower lip … left corner
LIP_CORNERS = (61, 291)  # outer, left then right
INNER_LIP_CORNERS = (78, 308)
LIP_MIDDLES = (13, 14)  # inner: upper, lower
INNER_LIP_PAIRS = ((82, 87), (13, 14), (312, 317))  # upper and lower vertex that touch when the mouth closes

# The outline, clockwise on screen from the top of the forehead.
FACE_OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
JAW = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)  # left to right
CHIN = (18, 200, 199, 175, 152, 148, 377, 171, 396, 208, 428, 201, 421, 83, 313)

RIGID = (
    *(33, 133, 362, 263),  # eye corners
    *(168, 6, 197, 195, 8, 122, 351, 196, 419, 188, 412, 174, 399),  # bridge of the nose
    *(127, 356, 162, 389, 21, 251, 139, 368),  # temples
    *(10, 151),  # forehead
)
"""Vertices that keep their place on the head while a person speaks.

In the pose-free shapes of eleven speaking people each of them moves by 0.5–1.3 % of the inter-ocular distance (standard
deviation), as much as the whole mesh trembles on a face that keeps still; brows (2 %), nostrils and cheeks do not."""

LOWER_FACE = (
    *(0, 11, 12, 13, 14, 15, 16, 17, 18, 32, 37, 38, 39, 40, 41, 42, 43, 57, 58, 61, 62, 72, 73, 74, 76, 77, 78, 80, 81, 82, 83),
    *(84, 85, 86, 87, 88, 89, 90, 91, 92, 95, 96, 106, 132, 135, 136, 138, 140, 146, 147, 148, 149, 150, 152, 164, 165, 167, 169),
    *(170, 171, 172, 175, 176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 191, 192, 194, 199, 200, 201, 202, 203, 204),
    *(205, 206, 207, 208, 210, 211, 212, 213, 214, 215, 216, 262, 267, 268, 269, 270, 271, 272, 273, 287, 288, 291, 292, 302, 303),
    *(304, 306, 307, 308, 310, 311, 312, 313, 314, 315, 316, 317, 318, 319, 320, 321, 322, 324, 325, 335, 361, 364, 365, 367, 369),
    *(375, 376, 377, 378, 379, 391, 393, 394, 395, 396, 397, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 415, 416),
    *(418, 421, 422, 423, 424, 425, 426, 427, 428, 430, 431, 432, 433, 434, 435, 436),
)
"""Every vertex that speech moves: lips, chin, jaw, the cheeks beside and below the mouth (174). The nose is not part of it."""


@dataclass(slots=True)
class Pose:
    """Where faces are: point = scale · rotation · shape + shift. T frames, or none: then arrays lack the first axis."""

    scale: Floats  # (T,) pixels per inter-ocular distance
    rotation: Floats  # (T, 3, 3) columns = the face's axes in display space
    shift: Floats  # (T, 3) pixels: where the origin of face space lies

    def at(self, rows: slice | int | npt.NDArray[np.integer[Any]]) -> Pose:
        """The poses of some of the frames, or of one."""
        return Pose(self.scale[rows], self.rotation[rows], self.shift[rows])


@dataclass(slots=True)
class PoseFreeShapes:
    """One person's faces without their pose. Frames that are not usable are NaN throughout."""

    shapes: npt.NDArray[np.float32]  # (T, 478, 3) face space
    pose: Pose  # T frames
    mean: npt.NDArray[np.float32]  # (478, 3) face space: the mean over the usable frames


def similarity(a: Floats, b: Floats) -> Pose:
    """Scale, rotation and shift that carry points `a` (…, n, 3) onto `b` (…, n, 3) with the least squared error.

    Umeyama 1991, "Least-squares estimation of transformation parameters between two point patterns". NaN in gives NaN out.
    """
    a, b = np.broadcast_arrays(np.asarray(a, np.float64), np.asarray(b, np.float64))
    whole = np.isfinite(a).all(axis=(-2, -1)) & np.isfinite(b).all(axis=(-2, -1))
    a, b = np.where(whole[..., None, None], a, 0), np.where(whole[..., None, None], b, 0)
    mean_a, mean_b = a.mean(axis=-2), b.mean(axis=-2)
    a, b = a - mean_a[..., None, :], b - mean_b[..., None, :]
    u, spread, vt = np.linalg.svd(np.swapaxes(b, -1, -2) @ a)
    sign = np.ones_like(spread)
    sign[..., 2] = np.sign(np.linalg.det(u @ vt))  # no mirror images
    rotation = (u * sign[..., None, :]) @ vt
    scale = (spread * sign).sum(axis=-1) / np.maximum((a**2).sum(axis=(-2, -1)), 1e-12)
    shift = mean_b - scale[..., None] * (rotation @ mean_a[..., None])[..., 0]
    gap = np.where(whole, 0.0, np.nan)
    return Pose(scale + gap, rotation + gap[..., None, None], shift + gap[..., None])


def apply_pose(shapes: Floats, pose: Pose) -> npt.NDArray[np.float32]:
    """Shapes (…, n, 3) in face space → points (…, n, 3) in display space."""
    turned = np.asarray(shapes, np.float64) @ np.swapaxes(pose.rotation, -1, -2)
    return np.asarray(np.asarray(pose.scale)[..., None, None] * turned + pose.shift[..., None, :], np.float32)


def remove_pose(points: Floats, pose: Pose) -> npt.NDArray[np.float32]:
    """Points (…, n, 3) in display space → shapes (…, n, 3) in face space: the inverse of `apply_pose`."""
    moved = (np.asarray(points, np.float64) - pose.shift[..., None, :]) @ pose.rotation
    return np.asarray(moved / np.asarray(pose.scale)[..., None, None], np.float32)


def pose_free(points: Floats, usable: npt.NDArray[np.bool_] | None = None, *, out: npt.NDArray[np.float32] | None = None) -> PoseFreeShapes:
    """One person's points (T, 478, 3) in display space → pose-free shapes; `usable` (T,) names the frames to trust.

    `out` (T, 478, 3): where the shapes are written, None = a new array; it may be `points` itself, where those are no longer needed.
    Raises: ValueError — no usable frame at all.
    """
    pose, mean = find_poses(points, usable)
    shapes = np.empty(np.shape(points), np.float32) if out is None else out
    for part in chunks(len(points)):
        shapes[part] = remove_pose(points[part], pose.at(part))
    return PoseFreeShapes(shapes=shapes, pose=pose, mean=mean.astype(np.float32))


def find_poses(points: Floats, usable: npt.NDArray[np.bool_] | None = None) -> tuple[Pose, npt.NDArray[np.float64]]:
    """Poses of T frames of one person, and the mean shape (478, 3) over the usable ones; arguments and errors of `pose_free`.

    The mean shape and the poses of its rigid vertices are found in turn (generalised Procrustes). Frames that are not
    usable, or hold NaN, get NaN and take no part in the mean.
    """
    good = frames_with_face(points) if usable is None else frames_with_face(points) & usable
    rows, rigid = np.flatnonzero(good), list(RIGID)
    if not len(rows):
        raise ValueError("pose_free needs at least one usable frame")
    mean = _in_face_space(points[rows[len(rows) // 2]])
    for _ in range(4):
        total = np.zeros((VERTICES, 3))
        for part in chunks(len(rows)):
            some = points[rows[part]]
            total += remove_pose(some, similarity(mean[rigid], some[:, rigid])).sum(axis=0, dtype=np.float64)
        mean = _in_face_space(total / len(rows))
    count = len(points)
    poses = Pose(*(scratch_array((count, *shape), np.float64) for shape in ((), (3, 3), (3,))))
    for part in chunks(count):
        found = similarity(mean[rigid], np.where(good[part, None, None], points[part][:, rigid], np.nan))
        poses.scale[part], poses.rotation[part], poses.shift[part] = found.scale, found.rotation, found.shift
    return poses, mean


def chunks(count: int) -> Iterator[slice]:
    """All of `count` frames, some at a time: whoever goes through them so needs no more memory for a longer clip."""
    return (slice(first, min(first + _CHUNK, count)) for first in range(0, count, _CHUNK))


def frames_with_face(points: Floats) -> npt.NDArray[np.bool_]:
    """(T,) the frames of points (T, 478, 3) that hold a face; NaN stands where none was seen."""
    return np.concatenate([np.isfinite(points[part]).all(axis=(1, 2)) for part in chunks(len(points))] or [np.zeros(0, bool)])


def _in_face_space(shape: Floats) -> Floats:
    """One shape (478, 3), moved, turned and scaled to the axes of face space."""
    shape = np.asarray(shape, np.float64)
    left, right = shape[EYE_OUTER[0]], shape[EYE_OUTER[1]]
    unit = float(np.linalg.norm(right - left))
    x = (right - left) / unit
    y = shape[CHIN_TIP] - shape[FOREHEAD_TOP]
    y = y - x * (x @ y)
    y /= np.linalg.norm(y)
    return np.asarray((shape - (left + right) / 2) @ np.stack([x, y, np.cross(x, y)], axis=1) / unit)


def eye_distance(points: Floats) -> Floats:
    """Distance between the outer eye corners (…,) in the units of points (…, 478, 3), in depth too, so yaw hardly shortens it."""
    return np.asarray(np.linalg.norm(points[..., EYE_OUTER[0], :] - points[..., EYE_OUTER[1], :], axis=-1))


def lip_opening(points: Floats) -> Floats:
    """Gap between the inner lips over the inter-ocular distance (…,), mean of the three middle pairs; points or shapes (…, 478, 3)."""
    upper, lower = np.array(INNER_LIP_PAIRS).T
    gaps = np.linalg.norm(points[..., upper, :] - points[..., lower, :], axis=-1)
    return np.asarray(gaps.mean(axis=-1) / eye_distance(points))


def lip_gap(shapes: Floats) -> Floats:
    """(…,) how far the inner lips stand apart down the face, mean of the three middle pairs; shapes (…, 478, 3) face space.

    Only y counts: one lip lying before the other (z) is no opening, and the depth of trackers says more about the head's tilt.
    """
    upper, lower = np.array(INNER_LIP_PAIRS).T
    return np.asarray((shapes[..., lower, 1] - shapes[..., upper, 1]).mean(axis=-1))


def lower_lip_gap(lower_face: Floats) -> npt.NDArray[np.float32]:
    """`lip_gap` (…,) of shapes or displacements (…, V, 3) in the order of LOWER_FACE."""
    upper, lower = ([LOWER_FACE.index(pair[k]) for pair in INNER_LIP_PAIRS] for k in (0, 1))
    return np.asarray((lower_face[..., lower, 1] - lower_face[..., upper, 1]).mean(axis=-1), np.float32)


def lip_width(points: Floats) -> Floats:
    """Distance between the outer lip corners over the inter-ocular distance (…,); points or shapes (…, 478, 3)."""
    return np.asarray(np.linalg.norm(points[..., LIP_CORNERS[0], :] - points[..., LIP_CORNERS[1], :], axis=-1) / eye_distance(points))


def head_angles(rotation: Floats) -> Floats:
    """Yaw, pitch, roll in degrees (…, 3) of rotations (…, 3, 3).

    Yaw > 0: the face looks to the picture's right. Pitch > 0: it looks down. Roll > 0: turned clockwise on screen.
    """
    forward, across = -rotation[..., :, 2], rotation[..., :, 0]
    yaw = np.arctan2(forward[..., 0], -forward[..., 2])
    pitch = np.arcsin(np.clip(forward[..., 1], -1, 1))
    roll = np.arctan2(across[..., 1], across[..., 0])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=-1)))
