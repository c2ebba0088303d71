"""Reads one person of one clip: pose-free shapes with their times, and the sound that belongs to them.

Read once by training, adaptation and benchmarks. Times count from the first frame, as everywhere; the sound is already aligned to it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy

from ..face.mesh import LIP_CORNERS, LOWER_FACE, lip_gap, pose_free
from ..face.smoothing import smooth
from ..speech.features import FRAME_RATE
from ..speech.voice_activity import speaking
from ..storage.arrays import load_arrays
from .neutral import neutral_shape

Floats = npt.NDArray[np.float32]

UTTERANCE_PAUSE_S = 0.5  # shorter pauses belong to the utterance


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Footage:
    """T frames of one person, and what they say."""

    name: str
    times: npt.NDArray[np.float64]  # (T,) s from the first frame
    shapes: Floats  # (T, 478, 3) face space, NaN where the face is not usable
    usable: npt.NDArray[np.bool_]  # (T,)
    samples: Floats  # (n,) mono 16 kHz; sample 0 is at second 0; empty where the clip has no sound

    @property
    def frame_s(self) -> float:
        """Median duration of a frame in seconds."""
        return float(np.median(np.diff(self.times))) if len(self.times) > 1 else 1 / 25

    @property
    def gap(self) -> Floats:
        """(T,) `face.mesh.lip_gap` of each frame."""
        return lip_gap(self.shapes)

    @property
    def width(self) -> Floats:
        """(T,) distance between the lip corners, face space."""
        left, right = LIP_CORNERS
        return np.asarray(np.linalg.norm(self.shapes[:, right] - self.shapes[:, left], axis=-1), np.float32)

    def neutral(self) -> Floats:
        """(V, 3) the closed, relaxed lower face. Raises: ValueError — no usable frame."""
        return neutral_shape(self.shapes, self.usable)[list(LOWER_FACE)]

    def in_utterances(self) -> npt.NDArray[np.bool_]:
        """(T,) the frame is usable and lies in an utterance: speech with its short pauses."""
        active = speaking(self.samples)
        pause = round(UTTERANCE_PAUSE_S * FRAME_RATE)
        inside = scipy.ndimage.binary_closing(np.pad(active, 2 * pause), np.ones(pause + 1))[2 * pause : -2 * pause]
        rows = np.round(self.times * FRAME_RATE).astype(int)
        return np.asarray(self.usable & (rows < len(inside)) & inside[np.clip(rows, 0, len(inside) - 1)])

    def part(self, start: int, end_exclusive: int) -> Footage:
        """Some of its frames with all of its sound: times stay those of the whole."""
        rows = slice(start, end_exclusive)
        return Footage(name=self.name, times=self.times[rows], shapes=self.shapes[rows], usable=self.usable[rows], samples=self.samples)

    def save(self, path: Path) -> None:
        """As one .npz file without pickled objects."""
        np.savez(path, name=self.name, times=self.times, shapes=self.shapes, usable=self.usable, samples=self.samples)

    @staticmethod
    def load(path: Path) -> Footage:
        """What `save` wrote. Raises: ValueError, KeyError, OSError — not such a file."""
        kept = load_arrays(path)
        return Footage(name=str(kept["name"]), **{key: kept[key] for key in ("times", "shapes", "usable", "samples")})


def read_footage(path: Path, *, face: int | None = None, longest_s: float | None = None) -> Footage:
    """Tracks the most prominent person of a clip (or the numbered one) and read its sound; of a longer clip only the first `longest_s`.

    Raises: MediaNotFound, UnreadableMedia, NoPicture, NoUsableFace. A clip without sound has empty samples.
    """
    from ..errors import NoSound
    from ..face.tracker_registry import open_tracker
    from ..face.tracks import build_tracks, choose_face, detect_faces
    from ..media.probe import probe
    from ..media.sound import read_speech
    from ..media.upright import upright_views

    info = probe(path, deinterlace=True)  # it is only looked at
    count = info.frame_count if longest_s is None else min(info.frame_count, info.frame_at(Fraction(longest_s)) + 1)
    with closing(open_tracker("mediapipe")) as tracker:
        tracks = build_tracks(detect_faces(upright_views(info, 0, count), tracker), tracker.version)
    track = choose_face(tracks, face)
    times = np.array([float(info.time_of(k)) for k in range(count)])[: len(track.points)]
    rate = info.rate or len(times) / max(float(times[-1] - times[0]), 1e-3)
    try:
        samples = read_speech(path, end_s=None if longest_s is None else longest_s).samples
    except NoSound:
        samples = np.zeros(0, np.float32)
    points = smooth(track.points, rate, tracks.scenes)
    shapes = pose_free(points, track.usable, out=points).shapes
    return Footage(name=path.stem, times=times - times[0], shapes=shapes, usable=track.usable, samples=samples)
