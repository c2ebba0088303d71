"""Training examples of a motion model: sound with the mouth that said it, in face space, from the prepared GRID data.

GRID (Cooke et al. 2006, CC-BY 4.0): speaker s1, 989 sentences, 25 fps, landmarks of 302 of the mesh's vertices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from ...errors import MediaNotFound, MissingPackage
from ...face import mesh
from ...speech.features import FRAME_RATE, frame_count
from ...speech.voice_activity import speaking
from ...storage.arrays import load_arrays

Floats = npt.NDArray[np.float32]

LANDMARKS, SPEECH = "grid_s1_landmarks.npz", "grid_s1.flac"
RESTING_SHARE = 25  # percent of a sentence's frames that its resting mouth is taken from: those with the smallest gap
RESTING_GAP = 0.03  # face space: a mouth open wider than this is not resting
SURE_FRAMES = 8  # so many resting frames in a sentence outweigh the speaker's own mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Example:
    """One stretch of speech and the mouth that said it."""

    name: str
    samples: Floats  # (n,) mono 16 kHz
    deltas: Floats  # (n100, V, 3) LOWER_FACE, displacement from this person's resting mouth; row k = second k / 100
    neutral: Floats  # (V, 3) that resting mouth, face space
    active: npt.NDArray[np.bool_]  # (n100,) somebody speaks at second k / 100


def grid_examples(folder: Path) -> list[Example]:
    """Every sentence of the prepared GRID data. Raises: MediaNotFound, MissingPackage."""
    rows = {int(vertex): k for k, vertex in enumerate(_archive(folder)["vertex_ids"])}
    names, points, times, sounds = zip(*_sentences(folder), strict=True)
    shapes = _pose_free(np.concatenate(points), rows)[:, [rows[v] for v in mesh.LOWER_FACE]]
    ends = np.cumsum([len(t) for t in times])
    spans = list(zip(np.r_[0, ends[:-1]], ends, strict=True))
    gaps = mesh.lower_lip_gap(shapes)
    speaker_mean = shapes[gaps <= np.percentile(gaps, 20)].mean(0)
    return [
        _example(name, shapes[a:b], gaps[a:b], time, sound, speaker_mean)
        for name, (a, b), time, sound in zip(names, spans, times, sounds, strict=True)
    ]


def _example(name: str, shapes: Floats, gaps: Floats, times: Floats, sound: Floats, speaker_mean: Floats) -> Example:
    resting = gaps <= min(float(np.percentile(gaps, RESTING_SHARE)), RESTING_GAP)
    trust = min(resting.sum() / SURE_FRAMES, 1)
    neutral = (1 - trust) * speaker_mean + (trust * shapes[resting].mean(0) if trust else 0)
    at = np.clip(np.arange(frame_count(len(sound))) / FRAME_RATE, times[0], times[-1])
    curve = CubicSpline(times.astype(np.float64), shapes - neutral)(at)
    return Example(name=name, samples=sound, deltas=curve.astype(np.float32), neutral=neutral.astype(np.float32), active=speaking(sound))


def _archive(folder: Path) -> dict[str, npt.NDArray[Any]]:
    try:
        return load_arrays(folder / LANDMARKS)
    except FileNotFoundError as error:
        raise MediaNotFound("train.no-grid", folder=folder, file=LANDMARKS) from error


def _sentences(folder: Path) -> Iterator[tuple[str, Floats, Floats, Floats]]:
    """(name, points (T, 302, 3) pixels, times (T,) s, samples): points are stored as differences between frames, 1/32 pixel."""
    try:
        import soundfile
    except ImportError as error:
        raise MissingPackage("train.needs-soundfile") from error
    archive = _archive(folder)
    sound, _ = soundfile.read(folder / SPEECH, dtype="float32")
    steps = ((archive["high"].astype(np.uint16) << 8) | archive["low"]).view(np.int16).transpose(2, 1, 0)
    offsets, first = archive["audio_offsets"], 0
    for k, (name, count) in enumerate(zip(archive["names"], archive["frame_counts"], strict=True)):
        rows = slice(first, first + count)
        points = steps[rows].cumsum(0, dtype=np.int32).astype(np.float32) / 32
        yield str(name), points, archive["frame_times"][rows], sound[offsets[k] : offsets[k + 1]]
        first += count


def _pose_free(points: Floats, rows: dict[int, int]) -> Floats:
    """(T, 302, 3) pixels → (T, 302, 3) face space, with those rigid vertices that the data holds."""
    rigid = [rows[v] for v in mesh.RIGID if v in rows]
    mean = _oriented(points[0], rows)
    for _ in range(3):
        shapes = mesh.remove_pose(points, mesh.similarity(mean[rigid], points[:, rigid]))
        mean = _oriented(shapes.mean(0), rows)
    return shapes


def _oriented(shape: Floats, rows: dict[int, int]) -> Floats:
    """Axes, origin and unit of face space for a face that holds only some of the mesh."""
    left, right = (shape[rows[v]].astype(np.float64) for v in mesh.EYE_OUTER)
    unit = np.linalg.norm(right - left)
    x = (right - left) / unit
    y = shape[rows[mesh.CHIN_TIP]] - shape[rows[mesh.FOREHEAD_TOP]]
    y = y - x * (x @ y)
    y /= np.linalg.norm(y)
    return np.asarray((shape - (left + right) / 2) @ np.stack([x, y, np.cross(x, y)], 1) / unit, np.float32)
