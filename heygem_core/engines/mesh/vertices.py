"""Lists the mesh vertices that the engine works with, and their places in its arrays.

The engine keeps K of the 478 vertices (`KEPT`, in this order); `rows` turns vertex numbers into positions among them.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...face.mesh import CHIN, FACE_OVAL, INNER_LIP_CORNERS, INNER_LIPS, JAW, LIP_CORNERS, LOWER_HALF, OUTER_LIPS, UPPER_HALF

UPPER_INNER = tuple(INNER_LIPS[k] for k in UPPER_HALF)  # left corner … right corner
LOWER_INNER = tuple(INNER_LIPS[k] for k in reversed(LOWER_HALF))
UPPER_OUTER = tuple(OUTER_LIPS[k] for k in UPPER_HALF)
LOWER_OUTER = tuple(OUTER_LIPS[k] for k in reversed(LOWER_HALF))
CORNERS = INNER_LIP_CORNERS + LIP_CORNERS
LIPS = INNER_LIPS + OUTER_LIPS

_AROUND_LIPS = (164, 167, 165, 92, 186, 57, 43, 106, 182, 83, 18, 313, 406, 335, 273, 287, 410, 322, 391, 393)
_BELOW_LIPS = (200, 199, 201, 421, 208, 428, 32, 262, 194, 418, 204, 424, 202, 422, 212, 432, 211, 431, 210, 430, 214, 434)
_CHEEKS = (216, 436, 207, 427, 192, 416, 206, 426, 205, 425, 203, 423, 50, 280, 187, 411, 147, 376, 213, 433, 177, 401)
_STILL = (2, 98, 327, 4, 5, 129, 358, 6, 168, 33, 263, 133, 362, 111, 340, 118, 347, 100, 329, 101, 330, 234, 454)

SKIN = tuple(dict.fromkeys(v for v in _AROUND_LIPS + _BELOW_LIPS + _CHEEKS + CHIN + JAW + _STILL if v not in LIPS))
NEAR_LIPS = _AROUND_LIPS + (200, 199, 201, 421, 208, 428, 32, 262)
UPPER_SIDE = CORNERS + UPPER_INNER[1:-1] + UPPER_OUTER[1:-1]
LOWER_SIDE = CORNERS + LOWER_INNER[1:-1] + LOWER_OUTER[1:-1]

KEPT = tuple(dict.fromkeys(LIPS + SKIN + FACE_OVAL))
_ROW = {vertex: row for row, vertex in enumerate(KEPT)}


def rows(vertices: Iterable[int]) -> list[int]:
    """Positions in `KEPT` of mesh vertices."""
    return [_ROW[vertex] for vertex in vertices]
