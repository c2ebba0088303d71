"""Examples from raw talking clips: tracked, aligned to their own sound, and left out where the sound is not the face's.

Footage from anywhere carries its own offset between sound and picture. It is measured with a model that exists already: the lag at
which the mouth follows its prediction best. A mouth that follows at no lag does not belong to the sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from ...errors import HeygemError, MediaNotFound
from ...face.mesh import LOWER_FACE, lower_lip_gap
from ...messages import Message, plain, tell
from ...speech.features import FRAME_RATE, HOP, frame_count
from ...speech.voice_activity import speaking
from ..footage import Footage, read_footage
from ..measures import best_lag
from ..motion_model import MotionModel
from ..neutral import neutral_shape
from ..predict import predict_with
from .examples import Example

MIN_CORRELATION = 0.35  # sound and mouth belong together from here on
VIDEO_SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".mts", ".m4v", ".mxf"})
SHORTEST_S = 1.0  # of speech with a usable face: less says nothing about whether sound and face belong together
LONGEST_S = 28.0  # of one example: what an encoder reads in one pass


class ClipResult(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="clip"):
    """What became of one clip."""

    path: str
    used: bool
    reason: str  # one sentence
    reason_message: Message | None = None
    offset_s: float | None = None  # by which its picture came late, now removed; None = not measured
    seconds: float = 0.0  # of examples made from it


def clip_examples(folders: Sequence[Path], model: MotionModel, *, delay_s: float = 0.0) -> Iterator[ClipResult | Example]:
    """For each video below the folders what became of it, then its examples. Raises: MediaNotFound — no video at all.

    delay_s: by which the examples' pictures shall lag their sound, to go with other data whose pictures do.
    """
    paths = sorted(p for folder in folders for p in folder.rglob("*") if p.suffix.lower() in VIDEO_SUFFIXES)
    if not paths:
        raise MediaNotFound("train.no-clips", folders=folders)
    for path in paths:
        try:
            used, examples = examples_from_footage(read_footage(path), model, delay_s=delay_s)
        except (HeygemError, ValueError) as error:
            said = error.said if isinstance(error, HeygemError) else plain(str(error))
            used, examples = _left_out(str(path), said), []
        yield msgspec.structs.replace(used, path=str(path))
        yield from examples


def examples_from_footage(footage: Footage, model: MotionModel, *, delay_s: float = 0.0) -> tuple[ClipResult, list[Example]]:
    """What became of footage, and the stretches of it in which the face is usable throughout."""
    use = footage.in_utterances() if len(footage.samples) else np.zeros(len(footage.times), bool)
    if use.sum() * footage.frame_s < SHORTEST_S:
        return _left_out(footage.name, tell("train.clip-too-short", seconds=SHORTEST_S)), []
    motion = predict_with(model, footage.samples)
    r, late, _ = best_lag(lambda t: lower_lip_gap(motion.at(t, frame_s=footage.frame_s)), footage.times[use], footage.gap[use])
    if r < MIN_CORRELATION:
        return _left_out(footage.name, tell("train.clip-not-this-face", r=f"{r:.2f}")), []
    # A prediction that comes `late` means a picture that is early: its frames show what is heard that much later.
    examples = list(_stretches(footage, footage.times + late + delay_s))
    seconds = sum(len(e.deltas) for e in examples) / FRAME_RATE
    said = tell("train.clip-follows", r=f"{r:.2f}")
    used = ClipResult(path=footage.name, used=bool(examples), reason=said.message, reason_message=said, offset_s=-late, seconds=seconds)
    return used, examples


def _left_out(path: str, said: Message) -> ClipResult:
    return ClipResult(path=path, used=False, reason=said.message, reason_message=said)


def _stretches(footage: Footage, times: npt.NDArray[Any]) -> Iterator[Example]:
    """Runs of usable frames of at least a second, cut to what an encoder reads in one pass. times: (T,) of the sound."""
    neutral = neutral_shape(footage.shapes, footage.usable)[list(LOWER_FACE)]
    deltas, active = footage.shapes[:, list(LOWER_FACE)] - neutral, speaking(footage.samples)
    ends = np.flatnonzero(np.diff(np.r_[0, footage.usable.astype(int), 0]))
    longest = round(LONGEST_S / footage.frame_s)
    for first, last in zip(ends[::2], ends[1::2], strict=True):
        for start in range(first, last, longest):
            rows = slice(start, min(start + longest, last))
            if (rows.stop - rows.start) * footage.frame_s < 1:
                continue
            k0, k1 = max(0, round(times[rows.start] * FRAME_RATE)), min(round(times[rows.stop - 1] * FRAME_RATE), len(active))
            samples = footage.samples[k0 * HOP : k1 * HOP]
            if k1 - k0 < FRAME_RATE:
                continue
            curve = CubicSpline(times[rows], deltas[rows])(np.arange(k0, k1) / FRAME_RATE).astype(np.float32)
            name = f"{footage.name}:{start}"
            yield Example(name=name, samples=samples, deltas=curve[: frame_count(len(samples))], neutral=neutral, active=active[k0:k1])
