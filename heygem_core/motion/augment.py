"""More voices and rooms from one speaker: the same mouth said faster or by a smaller throat, in noise, through a telephone.

Every variant keeps sound and mouth together. Sentences are also joined to stretches of ten seconds and more, since speech to be
dubbed is connected and GRID's sentences are three seconds between silences.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, lfilter, resample

from ..speech.activity import speaking
from ..speech.features import FRAME_RATE, HOP, SAMPLE_RATE, frame_count
from .examples import Example

Floats = npt.NDArray[np.float32]

JOINED = 4  # sentences to a stretch: 6 to 12 s
KEPT_SILENCE_S = (0.12, 0.6)  # around each sentence that is joined, drawn anew


def joined(examples: Sequence[Example], rng: np.random.Generator) -> list[Example]:
    """All sentences in a random order, joined by fours, most of the silence between them left out."""
    order = rng.permutation(len(examples))
    return [join([trimmed(examples[k], rng) for k in some]) for some in np.array_split(order, max(1, len(order) // JOINED))]


def trimmed(example: Example, rng: np.random.Generator) -> Example:
    """The sentence without most of the silence at its ends."""
    active = np.flatnonzero(speaking(example.samples))
    if not len(active):
        return example
    before, after = (round(s * FRAME_RATE) for s in rng.uniform(*KEPT_SILENCE_S, 2))
    first, last = max(0, active[0] - before), min(len(example.deltas), active[-1] + after)
    samples = example.samples[first * HOP : last * HOP]
    return Example(name=example.name, samples=samples, deltas=example.deltas[first:last], neutral=example.neutral)


def join(examples: Sequence[Example]) -> Example:
    """One after the other; every sentence's sound is cut or padded to whole hundredths first."""
    sounds = [np.pad(e.samples, (0, HOP))[: len(e.deltas) * HOP] for e in examples]
    sounds = [np.pad(s, (0, len(e.deltas) * HOP - len(s))) for s, e in zip(sounds, examples, strict=True)]
    return Example(
        name="+".join(e.name for e in examples),
        samples=np.concatenate(sounds),
        deltas=np.concatenate([e.deltas for e in examples]),
        neutral=np.mean([e.neutral for e in examples], axis=0),
    )


def disturbed(example: Example, rng: np.random.Generator) -> Example:
    """Another voice (always), and with some probability another room, a narrower band, noise."""
    example = faster(example, float(np.exp(rng.uniform(-0.2, 0.25))))
    samples = example.samples
    if rng.random() < 0.4:
        samples = in_room(samples, rng)
    if rng.random() < 0.3:
        samples = band_limited(samples, rng)
    if rng.random() < 0.5:
        samples = in_noise(samples, float(rng.uniform(5, 30)), rng)
    return Example(name=example.name, samples=samples, deltas=example.deltas, neutral=example.neutral)


def faster(example: Example, factor: float) -> Example:
    """Played so many times as fast: higher pitch, smaller throat, and the mouth keeps up."""
    samples = resample(example.samples, round(len(example.samples) / factor)).astype(np.float32)
    at = np.minimum(np.arange(frame_count(len(samples))) * factor, len(example.deltas) - 1)
    low = np.minimum(at.astype(int), len(example.deltas) - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    deltas = example.deltas[low] * (1 - share) + example.deltas[low + 1] * share
    return Example(name=example.name, samples=samples, deltas=deltas, neutral=example.neutral)


def in_room(samples: Floats, rng: np.random.Generator) -> Floats:
    """Direct sound plus an exponentially decaying tail, reverberation time 0.15 to 0.7 s, direct part 0 to 12 dB over the tail."""
    time = np.arange(round(0.5 * SAMPLE_RATE)) / SAMPLE_RATE
    tail = rng.standard_normal(len(time)) * np.exp(-6.9 * time / rng.uniform(0.15, 0.7))
    tail *= 10 ** (-rng.uniform(0, 12) / 20) / np.sqrt((tail**2).sum())
    tail[0] += 1
    return np.asarray(fftconvolve(samples, tail)[: len(samples)], np.float32)


def band_limited(samples: Floats, rng: np.random.Generator) -> Floats:
    """Without the lows under 80 to 300 Hz and the highs over 3 to 7 kHz."""
    b, a = butter(2, [rng.uniform(80, 300), rng.uniform(3000, 7000)], btype="band", fs=SAMPLE_RATE)
    return np.asarray(lfilter(b, a, samples), np.float32)


def in_noise(samples: Floats, ratio_db: float, rng: np.random.Generator) -> Floats:
    """With coloured noise (falling 0 to 6 dB an octave) and half the time a mains hum, at this signal-to-noise ratio."""
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 20) ** rng.uniform(0, 1)
    noise = np.fft.irfft(spectrum, len(samples))
    noise /= noise.std() + 1e-12
    if rng.random() < 0.5:
        phase = 2 * np.pi * rng.choice([50, 60]) * np.arange(len(samples)) / SAMPLE_RATE
        noise += rng.uniform(0.3, 2) * (np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase))
    return np.asarray(samples + noise / noise.std() * samples.std() * 10 ** (-ratio_db / 20), np.float32)
