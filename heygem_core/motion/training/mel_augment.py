"""Other speeds, throats, rooms, lines and noises for a log-mel spectrogram, drawn anew each time it is heard.

They are made on the spectrogram (`speech.features.log_mel`), which is a hundred times cheaper than on the sound, so that no two passes
over the recordings hear the same. Powers of sounds that have nothing to do with each other add.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...speech.features import BANDS, FLOOR, FRAME_RATE

Floats = NDArray[np.float32]

LOWEST = (FLOOR + 4) / 4  # of a log-mel
_ALONG = np.linspace(0, 1, BANDS)
_POINTS = np.linspace(0, 1, 6)  # of a curve over the bands


def disturbed_mel(mel: Floats, wanted: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(2n, 80) log-mel and what belongs to its states (n, C) → both as another might have said it elsewhere.

    Said faster, both end sooner: silence follows, for which nothing is wanted (NaN).
    """
    if rng.random() < 0.6:
        mel, wanted = _at_speed(mel, wanted, float(np.exp(rng.uniform(-0.25, 0.25))))
    if rng.random() < 0.7:
        mel = _other_throat(mel, rng)
    power = 10 ** (4 * mel - 4)
    if rng.random() < 0.4:
        power = _in_room(power, rng)
    if rng.random() < 0.3:
        power = power * 10 ** -np.maximum(0, (_ALONG - rng.uniform(0.55, 0.95)) * rng.uniform(20, 80))  # a line that lets no highs through
    if rng.random() < 0.5:
        power = power * 10 ** (0.1 * np.interp(_ALONG, _POINTS, 3 * rng.standard_normal(len(_POINTS))))
    if rng.random() < 0.6:
        power = power + _noise(power, rng)
    mel = np.maximum(np.log10(power + 1e-12), FLOOR) / 4 + 1 + 0.03 * rng.standard_normal()
    if rng.random() < 0.3:
        first = int(rng.integers(0, BANDS - 10))
        mel[:, first : first + int(rng.integers(1, 10))] = mel.mean()
    return np.maximum(mel, LOWEST).astype(np.float32), wanted


def _at_speed(mel: Floats, wanted: Floats, factor: float) -> tuple[Floats, Floats]:
    """So many times as fast, as long as before: what comes too late is left out."""
    faster, later = np.full_like(mel, LOWEST), np.full_like(wanted, np.nan)
    count = min(len(wanted), int(len(wanted) / factor))
    faster[: 2 * count] = _between(mel, np.arange(2 * count) * factor)
    later[:count] = wanted[np.minimum(np.round(np.arange(count) * factor).astype(int), len(wanted) - 1)]
    return faster, later


def _between(rows: Floats, at: NDArray[np.float64]) -> Floats:
    """(T,) fractional rows of (n, C), none of them beyond the last."""
    low = np.clip(at.astype(int), 0, len(rows) - 2)
    share = np.clip(at - low, 0, 1)[:, None]
    return np.asarray(rows[low] * (1 - share) + rows[low + 1] * share, np.float32)


def _other_throat(mel: Floats, rng: np.random.Generator) -> Floats:
    """Longer or shorter: the bands lie closer together or wider apart."""
    at = np.clip(np.arange(BANDS) * (1 + rng.uniform(-0.12, 0.12)) + rng.uniform(-1.5, 1.5), 0, BANDS - 1)
    return _between(mel.T, at).T


def _in_room(power: Floats, rng: np.random.Generator) -> Floats:
    """With a tail that decays by 60 dB in 0.15 to 0.7 s and is 2 to 14 dB under the direct sound."""
    tail = np.exp(-13.8 * np.arange(1, 40) / FRAME_RATE / rng.uniform(0.15, 0.7))
    tail *= 10 ** (-rng.uniform(2, 14) / 10) / tail.sum() * rng.uniform(0.5, 1.5, len(tail))
    heard = power.copy()
    for later, share in enumerate(tail, 1):
        heard[later:] += np.float32(share) * power[:-later]
    return heard


def _noise(power: Floats, rng: np.random.Generator) -> Floats:
    """Powers of a coloured noise, 5 to 35 dB under the loud part."""
    colour = np.cumsum(4 * rng.standard_normal(len(_POINTS))) - rng.uniform(0, 15) * _POINTS
    shape = 10 ** (0.1 * np.interp(_ALONG, _POINTS, colour))
    loudness = np.percentile(power.sum(1), 85) * 10 ** (-rng.uniform(5, 35) / 10)
    return np.asarray(loudness * shape / shape.sum() * rng.gamma(3, 1 / 3, power.shape), np.float32)
