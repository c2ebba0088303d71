"""The 478-point mesh fitted to the 68 points (iBUG order) that other trackers give, so that one engine serves all.

The average face is posed by its 68 corresponding vertices, then bent until they lie on the points: thin-plate
interpolation in face space, upper and lower lip apart, since they touch where they must not stick together. Depth is the
average face's. Measured with MediaPipe's own 68 vertices as input: see `tests/face/test_mesh_from_68.py`; what is lost is
the person's own shape between the points (the cheeks above all), not the outline of the lips.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.interpolate import RBFInterpolator

from ..storage.arrays import load_array
from .mesh import VERTICES, Floats

# The vertex at each of the 68 points, in their order; "right" and "left" are the person's here, as iBUG has them.
VERTEX_AT = (
    *(127, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 356),  # 0–16 jaw, right ear to left ear
    *(70, 63, 105, 66, 107),  # 17–21 right brow
    *(336, 296, 334, 293, 300),  # 22–26 left brow
    *(168, 197, 5, 4),  # 27–30 bridge of the nose
    *(98, 97, 2, 326, 327),  # 31–35 nostrils
    *(33, 160, 158, 133, 153, 144),  # 36–41 right eye
    *(362, 385, 387, 263, 373, 380),  # 42–47 left eye
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # 48–59 outer lips from the right corner over the upper lip
    *(78, 81, 13, 311, 308, 402, 14, 178),  # 60–67 inner lips
)
UPPER_LIP = (49, 50, 51, 52, 53, 61, 62, 63)
LOWER_LIP = (55, 56, 57, 58, 59, 65, 66, 67)
POSE_POINTS = (*range(27, 36), 36, 39, 42, 45)  # points that show the pose: nose and eye corners


def mesh_from_68(points: Floats) -> npt.NDArray[np.float32]:
    """68 points (68, 2) of one face in display space → the mesh (478, 3)."""
    average, at = _average(), list(VERTEX_AT)
    scale, rotation, shift = _camera_fit(average[at], np.asarray(points, np.float64))
    placed = scale * average @ rotation.T
    placed[:, :2] += shift
    bend = np.zeros((len(at), 3))
    bend[:, :2] = (points - placed[at, :2]) / scale
    placed += scale * (_vertex_weights() @ (bend @ rotation)) @ rotation.T
    return placed.astype(np.float32)


def _camera_fit(average: Floats, points: Floats) -> tuple[float, Floats, Floats]:
    """Scale, rotation and shift of the scaled orthographic view that shows `average` (68, 3) at `points` (68, 2).

    Stiff points first, then all: an affine camera by least squares, and the nearest scaled rotation to it.
    """
    weights = np.full(len(average), 0.2)
    weights[list(POSE_POINTS)] = 1.0
    known = np.concatenate([average, np.ones((len(average), 1))], axis=1) * weights[:, None]
    camera = np.linalg.lstsq(known, points * weights[:, None], rcond=None)[0].T  # (2, 4)
    u, spread, vt = np.linalg.svd(camera[:, :3], full_matrices=False)
    rows = u @ vt
    rotation = np.stack([rows[0], rows[1], np.cross(rows[0], rows[1])])
    scale = float(spread.mean())
    shift = np.average(points - scale * average @ rows.T, axis=0, weights=weights)
    return scale, rotation, shift


@cache
def _average() -> npt.NDArray[np.float64]:
    """The mean face (478, 3) in face space: ten speakers of the GRID corpus (Cooke et al. 2006, CC-BY 4.0), made symmetric."""
    return np.asarray(load_array(Path(__file__).with_name("mean_mesh.npy")), np.float64)


@cache
def _vertex_weights() -> npt.NDArray[np.float64]:
    """(478, 68): how far each vertex follows each point's bend."""
    average = _average()
    centres, unit = average[list(VERTEX_AT)], np.eye(len(VERTEX_AT))

    def interpolation(used: list[int]) -> npt.NDArray[np.float64]:
        return np.asarray(RBFInterpolator(centres[used], unit[used], kernel="linear", degree=1)(average))

    everything = set(range(len(VERTEX_AT)))
    upper, lower = interpolation(sorted(everything - set(LOWER_LIP))), interpolation(sorted(everything - set(UPPER_LIP)))
    between = centres[[48, 54, 60, 64], 1].mean()  # the height of the mouth's corners parts upper from lower
    below = _is_lower(average, between)
    return np.where(below[:, None], lower, upper)


def _is_lower(average: Floats, corner_height: float) -> npt.NDArray[np.bool_]:
    """(478,) whether a vertex belongs to the lower lip, the chin or the jaw."""
    from .mesh import INNER_LIPS, LIPS, LOWER_HALF, OUTER_LIPS

    below = average[:, 1] > corner_height
    rings = {INNER_LIPS[k] for k in LOWER_HALF[1:-1]} | {OUTER_LIPS[k] for k in LOWER_HALF[1:-1]}
    uppers = {INNER_LIPS[k] for k in range(1, 10)} | {OUTER_LIPS[k] for k in range(1, 10)}
    middle = (average[13, 1] + average[14, 1]) / 2
    for vertex in LIPS:
        below[vertex] = vertex in rings or (vertex not in uppers and average[vertex, 1] > middle)
    return np.asarray(below & (np.arange(VERTICES) < 468))
