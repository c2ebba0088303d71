"""Motion: the shape of a talking mouth over time, with no pose, no person and no frame rate in it.

It is stored at 100 Hz as a few coefficients on a basis of lower-face displacements, and read at any times: `at` is what
turns it into one shape per frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..speech.features import FRAME_RATE

Floats = NDArray[np.float32]

SHUTTER = 0.5  # of a frame's duration: a frame shows the mean shape over this span, as a camera's 180° shutter does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """Displacements of the lower face from the closed, relaxed mouth, in face space (unit = inter-ocular distance)."""

    vertices: tuple[int, ...]  # V mesh vertices that move, = face.mesh.LOWER_FACE
    coefficients: Floats  # (n100, K); row k stands for second k / 100; all 0 where nobody speaks
    basis: Floats  # (K, V, 3) face space
    speaking: NDArray[np.bool_]  # (n100,) somebody speaks at second k / 100
    head: str  # which head predicted it

    def save(self, path: Path) -> None:
        """As one .npz file without pickled objects."""
        arrays = {"coefficients": self.coefficients, "basis": self.basis, "speaking": self.speaking}
        np.savez(path, vertices=np.array(self.vertices, np.int32), head=np.array(self.head), **arrays)

    @staticmethod
    def load(path: Path) -> Motion:
        """What `save` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
        with np.load(path, allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in ("coefficients", "basis", "speaking")}
            return Motion(vertices=tuple(int(v) for v in kept["vertices"]), head=str(kept["head"]), **arrays)

    @property
    def duration_s(self) -> float:
        """Seconds of speech it was predicted from, to the hundredth."""
        return len(self.coefficients) / FRAME_RATE

    def at(self, times_s: NDArray[np.floating[Any]], *, frame_s: float | None = None, intensity: float = 1.0) -> Floats:
        """(T, V, 3) displacements at those times; 0 before the speech begins and after it ends.

        times_s: (T,) seconds into the speech, of each frame's middle. frame_s: how long a frame lasts, None = the median step of
        times_s. intensity scales every displacement. Slow frame rates read the mean over half a frame, so that
        nothing flickers for being sampled too rarely; above 50 fps the curve is simply read.
        """
        times = np.asarray(times_s, np.float64)
        if frame_s is None:
            frame_s = float(np.median(np.diff(times))) if len(times) > 1 else 1 / 25
        span = SHUTTER * abs(frame_s)
        taps = max(1, round(span * FRAME_RATE))
        shifts = ((np.arange(taps) + 0.5) / taps - 0.5) * span
        read = np.mean([_cubic(self.coefficients, (times + shift) * FRAME_RATE) for shift in shifts], axis=0)
        return np.asarray(np.tensordot(read * intensity, self.basis, 1), np.float32)


def _cubic(curve: Floats, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Catmull-Rom reading of rows of curve (n, K) at fractional rows (T,); rows beyond either end are 0.

    Keys 1981, "Cubic convolution interpolation for digital image processing".
    """
    first = np.floor(at).astype(np.int64)
    u = at - first
    weights = np.stack([-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2], 1) / 2
    rows = first[:, None] + np.arange(-1, 3)
    inside = (rows >= 0) & (rows < len(curve))
    values = curve[np.clip(rows, 0, max(len(curve) - 1, 0))] * inside[..., None]
    return np.asarray((weights[..., None] * values).sum(1), np.float64)
