"""Measures how loud a file is over time. Memory grows by a hundred numbers for each second of sound."""

from __future__ import annotations

from array import array
from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from ..errors import NoPicture, SpecError
from ..media.probe import probe, probe_sound
from ..media.sound import SPEECH_RATE, TAKE_RATE, read_speech, take_sound
from ..media.sound_source import Samples
from ..shot import Event, Progress
from ..tasks.specs import Waveform, WaveformTask

_FINE = TAKE_RATE // 100  # samples of one fine peak


def measure_waveform(task: WaveformTask) -> Generator[Event, None, Waveform]:
    """The peaks of a file's sound. Raises: InputError, NoSound, BadRange; SpecError — points out of range."""
    if not 1 <= task.points <= 100_000:
        raise SpecError("waveform.points", points=task.points)
    yield Progress(stage="probe", done=0)
    length = _length(task.path)
    fine = array("d")
    total = 0
    for block in _blocks(_chunks(task.path, length, task.channels)):
        total += block.shape[1]
        fine.append(float(np.abs(block).max(initial=0)))
        if len(fine) % 6000 == 0:
            yield Progress(stage="probe", done=len(fine))
    edges = np.linspace(0, len(fine), min(task.points, len(fine)) + 1).astype(int)
    peaks = [max(fine[a:b]) for a, b in pairwise(edges)]
    return Waveform(duration_s=total / TAKE_RATE, peaks=tuple(round(min(peak, 1.0), 4) for peak in peaks))


def _length(path: str) -> Fraction | None:
    """Seconds of sound that the file's header states; None = it states none."""
    sound = probe_sound(path)
    try:
        info = probe(path)
    except NoPicture:
        return sound.duration
    return max(sound.duration or Fraction(0), info.duration) or None


def _chunks(path: str, length: Fraction | None, channels: Sequence[int]) -> Iterator[Samples]:
    if length is not None:
        return take_sound(path, Fraction(0), length, channels=channels)
    # Rare (raw streams): read whole, and brought to the same number of samples by repeating them.
    samples = read_speech(path, channels=channels).samples
    return iter([np.repeat(samples[None], TAKE_RATE // SPEECH_RATE, axis=1)])


def _blocks(chunks: Iterator[Samples]) -> Iterator[Samples]:
    """Cuts samples into pieces of `_FINE` samples; the last one is shorter."""
    rest: Samples | None = None
    for chunk in chunks:
        rest = chunk if rest is None else np.concatenate([rest, chunk], axis=1)
        while rest.shape[1] >= _FINE:
            yield rest[:, :_FINE]
            rest = rest[:, _FINE:]
    if rest is not None and rest.shape[1]:
        yield rest
