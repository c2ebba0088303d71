"""More voices and rooms from one speaker: the same mouth said faster or by a smaller throat, in noise, through a telephone.

Every variant keeps sound and mouth together. Sentences are also joined to stretches of ten seconds and more, since speech to be
dubbed is connected and GRID's sentences are three seconds between silences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, fftconvolve, lfilter, resample

from ...speech.features import FRAME_RATE, HOP, SAMPLE_RATE, frame_count
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
    active = np.flatnonzero(example.active)
    if not len(active):
        return example
    before, after = (round(s * FRAME_RATE) for s in rng.uniform(*KEPT_SILENCE_S, 2))
    first, last = max(0, active[0] - before), min(len(example.deltas), active[-1] + after)
    return replace(
        example,
        samples=example.samples[first * HOP : last * HOP],
        deltas=example.deltas[first:last],
        active=example.active[first:last],
    )


def join(examples: Sequence[Example]) -> Example:
    """One after the other; every sentence's sound is cut or padded to whole hundredths first."""
    sounds = [np.pad(e.samples, (0, HOP))[: len(e.deltas) * HOP] for e in examples]
    sounds = [np.pad(s, (0, len(e.deltas) * HOP - len(s))) for s, e in zip(sounds, examples, strict=True)]
    return Example(
        name="+".join(e.name for e in examples),
        samples=np.concatenate(sounds),
        deltas=np.concatenate([e.deltas for e in examples]),
        neutral=np.mean([e.neutral for e in examples], axis=0),
        active=np.concatenate([e.active for e in examples]),
    )


def disturbed(example: Example, rng: np.random.Generator) -> Example:
    """Another voice (always), and with some probability another room, a narrower band, noise."""
    example = faster(example, float(np.exp(rng.uniform(-0.2, 0.25))))
    return replace(example, samples=altered(example.samples, rng))


def altered(samples: Floats, rng: np.random.Generator) -> Floats:
    """With some probability in another room, in a narrower band, in noise, under music."""
    if rng.random() < 0.4:
        samples = in_room(samples, rng)
    if rng.random() < 0.3:
        samples = band_limited(samples, rng)
    if rng.random() < 0.5:
        samples = in_noise(samples, float(rng.uniform(5, 30)), rng)
    if rng.random() < 0.25:
        samples = over(samples, music(len(samples), rng), float(rng.uniform(0, 15)))
    return samples


def respoken(samples: Floats, rng: np.random.Generator) -> Floats:
    """By a larger or smaller throat, faster or slower: sound alone, for which no mouth need keep up."""
    return np.asarray(resample(samples, round(len(samples) / float(np.exp(rng.uniform(-0.2, 0.25))))), np.float32)


def faster(example: Example, factor: float) -> Example:
    """Played so many times as fast: higher pitch, smaller throat, and the mouth keeps up."""
    samples = resample(example.samples, round(len(example.samples) / factor)).astype(np.float32)
    at = np.minimum(np.arange(frame_count(len(samples))) * factor, len(example.deltas) - 1)
    low = np.minimum(at.astype(int), len(example.deltas) - 2)
    share = (at - low).astype(np.float32)[:, None, None]
    deltas = example.deltas[low] * (1 - share) + example.deltas[low + 1] * share
    return replace(example, samples=samples, deltas=deltas, active=example.active[np.round(at).astype(int)])


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
    return over(samples, noise, ratio_db)


def over(samples: Floats, other: npt.NDArray[np.floating[Any]], ratio_db: float) -> Floats:
    """Both sounds at once, the second so many dB under the first."""
    return np.asarray(samples + other / (other.std() + 1e-12) * samples.std() * 10 ** (-ratio_db / 20), np.float32)


def unspoken(like: Example, seconds: float, rng: np.random.Generator) -> Example:
    """A mouth at rest under music or noise."""
    count = round(seconds * SAMPLE_RATE)
    quiet = np.full(count, 1e-6, np.float32)
    samples = music(count, rng) if rng.random() < 0.7 else in_noise(quiet, -60, rng)
    n100 = frame_count(count)
    deltas = np.zeros((n100, *like.neutral.shape), np.float32)
    return Example(name="unspoken", samples=samples, deltas=deltas, neutral=like.neutral, active=np.zeros(n100, bool))


def music(count: int, rng: np.random.Generator) -> Floats:
    """(count,) of a simple piece: chords and a melody of plucked, blown or bowed tones over drums, some of them left out."""
    beat = 60 / rng.uniform(70, 150)
    out = np.zeros(count + 2 * SAMPLE_RATE)
    root = 55 * 2 ** rng.uniform(0, 1)
    scale = np.array([0, 2, 4, 5, 7, 9, 11] if rng.random() < 0.5 else [0, 2, 3, 5, 7, 8, 10])
    chords, melody, drums = rng.random(3) < (0.8, 0.7, 0.6)
    softness, attack, decay = rng.uniform(0.5, 2.5), rng.uniform(0.003, 0.15), rng.uniform(0.15, 2.0)
    for step, start in enumerate(np.arange(0, count / SAMPLE_RATE, beat / 2)):
        at = round(start * SAMPLE_RATE)
        if chords and step % 4 == 0:
            degree = rng.integers(0, 7)
            for third in (0, 2, 4):
                note = scale[(degree + third) % 7] + 12 * ((degree + third) // 7)
                _add(out, at, _tone(root * 2 ** (1 + note / 12), 4 * beat, attack, 2 * decay, softness, rng))
        if melody and rng.random() < 0.7:
            note = scale[rng.integers(0, 7)] + 12 * rng.integers(2, 4)
            _add(out, at, 1.5 * _tone(root * 2 ** (note / 12), beat, attack, decay, softness, rng))
        if drums and (step % 2 == 0 or rng.random() < 0.4):
            hit = np.exp(-np.arange(4000) / rng.uniform(200, 1500))
            tonal = np.sin(2 * np.pi * 80 * np.arange(4000) / SAMPLE_RATE)
            _add(out, at, 2 * hit * (tonal if step % 4 == 0 else rng.standard_normal(4000)))
    return np.asarray(out[:count] / (out[:count].std() + 1e-9) * 0.05 + 1e-6 * rng.standard_normal(count), np.float32)


def _tone(
    pitch: float, length_s: float, attack_s: float, decay_s: float, softness: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    vibrato = 0.003 * np.sin(2 * np.pi * rng.uniform(4, 7) * time) * rng.integers(0, 2)
    phase = 2 * np.pi * pitch * np.cumsum(1 + vibrato) / SAMPLE_RATE
    partials = [np.sin(k * phase) / k**softness for k in range(1, 1 + int(min(12, 7000 / pitch)))]
    shape = np.minimum(time / attack_s, 1) * np.exp(-time / decay_s) * np.minimum((length_s - time) / 0.02, 1)
    return np.asarray(sum(partials) * shape)


def _add(out: npt.NDArray[np.float64], at: int, sound: npt.NDArray[np.float64]) -> None:
    end = min(len(out), at + len(sound))
    out[at:end] += sound[: end - at]
