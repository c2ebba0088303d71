"""Motion: the shape of a talking mouth over time, with no pose, no person and no frame rate in it.

It is stored at 100 Hz as a few coefficients on a basis of lower-face displacements, and read at any times: `at` is what
turns it into one shape per frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ..face.mesh import INNER_LIP_PAIRS, chunks
from ..speech.features import FRAME_RATE
from ..storage.arrays import load_arrays
from ..storage.scratch import scratch_array

Floats = NDArray[np.float32]

SHUTTER = 0.5  # of a frame's duration: a frame shows the mean shape over this span, as a camera's 180° shutter does
EASE_S = 0.15  # in which the mouth comes to rest where speech is cut off, and leaves its rest where speech begins with a cut
TOUCHING = 0.012  # face space: lips nearer than this are closed
BRIEF_S = 0.2  # a closure of a plosive lasts no longer; a mouth at rest does


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """Displacements of the lower face from the closed, relaxed mouth, in face space (unit = inter-ocular distance)."""

    vertices: tuple[int, ...]  # V mesh vertices that move, = face.mesh.LOWER_FACE
    coefficients: Floats  # (n100, K); row k stands for second k / 100; all 0 where nobody speaks
    basis: Floats  # (K, V, 3) face space
    speaking: NDArray[np.bool_]  # (n100,) somebody speaks at second k / 100
    model: str  # name of the motion model that predicted it

    def save(self, path: Path) -> None:
        """As one .npz file without pickled objects."""
        arrays = {"coefficients": self.coefficients, "basis": self.basis, "speaking": self.speaking}
        np.savez(path, vertices=np.array(self.vertices, np.int32), model=np.array(self.model), **arrays)

    @staticmethod
    def load(path: Path) -> Motion:
        """What `save` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
        kept = load_arrays(path)
        arrays = {key: kept[key] for key in ("coefficients", "basis", "speaking")}
        return Motion(vertices=tuple(int(v) for v in kept["vertices"]), model=str(kept["model"]), **arrays)

    @property
    def duration_s(self) -> float:
        """Seconds of speech it was predicted from, to the hundredth."""
        return len(self.coefficients) / FRAME_RATE

    def at(
        self,
        times_s: NDArray[np.floating[Any]],
        *,
        frame_s: float | None = None,
        intensity: float = 1.0,
        speech_range: tuple[float, float] | None = None,
    ) -> Floats:
        """(T, V, 3) displacements at those times; 0 well before the speech begins and after it ends.

        times_s: (T,) seconds into the speech, of each frame's middle. frame_s: how long a frame lasts, None = the median step of
        times_s. intensity scales every displacement. heard: the seconds of the speech from and up to which it is heard, None =
        all of it; beyond them the mouth comes to rest within 0.15 s. Slow frame rates read the mean over half a frame, so that
        nothing flickers for being sampled too rarely; above 50 fps the curve is simply read. The lips closing for a moment is seen
        in the frame nearest to it at any rate.
        """
        times = np.asarray(times_s, np.float64)
        if frame_s is None:
            frame_s = float(np.median(np.abs(np.diff(times)))) if len(times) > 1 else 1 / 25
        span = SHUTTER * abs(frame_s)
        taps = max(1, round(span * FRAME_RATE))
        shifts = ((np.arange(taps) + 0.5) / taps - 0.5) * span
        read = scratch_array((len(times), len(self.basis)), np.float64)
        for part in chunks(len(times)):
            read[part] = np.mean([self._interpolate(times[part] + shift, speech_range) for shift in shifts], axis=0)
        frames, moments = self._missed_closures(times, read, abs(frame_s), speech_range)
        read[frames] = self._interpolate(moments, speech_range)
        shapes = scratch_array((len(times), *self.basis.shape[1:]))
        for part in chunks(len(times)):
            shapes[part] = np.tensordot(read[part] * intensity, self.basis, 1)
        return shapes

    def _interpolate(self, times: NDArray[np.float64], speech_range: tuple[float, float] | None) -> NDArray[np.float64]:
        """(T, K) coefficients: what is heard, and beyond its ends the end fading away."""
        last = (len(self.coefficients) - 1) / FRAME_RATE
        begin, end = (0.0, last) if speech_range is None else (min(max(speech_range[0], 0.0), last), min(max(speech_range[1], 0.0), last))
        inside = np.clip(times, begin, max(begin, end))
        away = np.minimum(np.abs(times - inside) / EASE_S, 1)
        return np.asarray(_cubic(self.coefficients, inside * FRAME_RATE) * (0.5 + 0.5 * np.cos(np.pi * away))[:, None])

    def _missed_closures(
        self, times: NDArray[np.float64], read: NDArray[np.float64], frame_s: float, speech_range: tuple[float, float] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Frames that should show closed lips and do not, for the lips closed between two frames; and when they did (s)."""
        opening = lip_gap_per_component(self.basis, self.vertices)
        gap, shown = self.coefficients @ opening, read @ opening
        frames, moments = [], []
        order = np.argsort(times, kind="stable")
        for (run,) in scipy.ndimage.find_objects(scipy.ndimage.label(gap < TOUCHING)[0]):
            brief = run.stop - run.start <= BRIEF_S * FRAME_RATE and run.start > 0 and run.stop < len(gap)
            moment = (run.start + int(np.argmin(gap[run]))) / FRAME_RATE
            if not brief or not len(times) or (speech_range is not None and not speech_range[0] <= moment < speech_range[1]):
                continue
            apply_pose = int(np.searchsorted(times[order], moment))
            nearest = min(order[max(0, apply_pose - 1) : apply_pose + 1], key=lambda k: abs(times[k] - moment))
            if abs(times[nearest] - moment) <= frame_s / 2 and shown[nearest] >= TOUCHING:
                frames.append(nearest)
                moments.append(moment)
        return np.array(frames, np.int64), np.array(moments, np.float64)


def lip_gap_per_component(basis: Floats, vertices: tuple[int, ...]) -> Floats:
    """(K,) how far each of the displacements (K, V, 3) parts the inner lips; 0 where none of their vertices move."""
    pairs = [(vertices.index(a), vertices.index(b)) for a, b in INNER_LIP_PAIRS if a in vertices and b in vertices]
    if not pairs:
        return np.zeros(len(basis), np.float32)
    upper, lower = np.array(pairs).T
    return np.asarray((basis[:, lower, 1] - basis[:, upper, 1]).mean(1), np.float32)


def _cubic(curve: Floats, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Catmull-Rom reading of rows of curve (n, K) at fractional rows (T,) between 0 and n - 1.

    Keys 1981, "Cubic convolution interpolation for digital image processing".
    """
    first = np.floor(at).astype(np.int64)
    u = at - first
    weights = np.stack([-u + 2 * u**2 - u**3, 2 - 5 * u**2 + 3 * u**3, u + 4 * u**2 - 3 * u**3, u**3 - u**2], 1) / 2
    values = curve[np.clip(first[:, None] + np.arange(-1, 3), 0, len(curve) - 1)]
    return np.asarray((weights[..., None] * values).sum(1), np.float64)
