"""Mel-frequency cepstral coefficients as SyncNet's makers computed them: 13 a hundred times a second.

Davis & Mermelstein 1980, "Comparison of parametric representations for monosyllabic word recognition", with the conventions of
the HTK book: pre-emphasis 0.97, windows of 25 ms without a taper, 512-point power spectrum, 26 triangles from 0 to 8000 Hz,
orthonormal DCT, liftering by 22, the first coefficient replaced by the logarithm of the window's energy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct

RATE = 16_000  # Hz
STEP, WINDOW, FFT = 160, 400, 512  # samples
COEFFICIENTS, TRIANGLES, LIFTER = 13, 26, 22
_PREEMPHASIS = 0.97

Floats = NDArray[np.floating[Any]]


def mfcc(samples: Floats) -> NDArray[np.float32]:
    """(13, n) of mono samples (N,) at 16 kHz, full scale ±1; n = how many steps of 10 ms begin before the last window ends."""
    wave = np.asarray(samples, np.float64) * 32768  # they read 16-bit integers
    wave = np.append(wave[:1], wave[1:] - _PREEMPHASIS * wave[:-1])
    count = 1 + max(0, -(-(len(wave) - WINDOW) // STEP))
    wave = np.pad(wave, (0, max(0, (count - 1) * STEP + WINDOW - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(wave, WINDOW)[::STEP][:count]
    power = np.abs(np.fft.rfft(frames, FFT)) ** 2 / FFT
    smallest = np.finfo(float).eps
    energy = np.maximum(power.sum(1), smallest)
    cepstrum = dct(np.log(np.maximum(power @ _triangles().T, smallest)), type=2, axis=1, norm="ortho")[:, :COEFFICIENTS]
    cepstrum *= 1 + LIFTER / 2 * np.sin(np.pi * np.arange(COEFFICIENTS) / LIFTER)
    cepstrum[:, 0] = np.log(energy)
    return np.asarray(cepstrum.T, np.float32)


def _triangles() -> Floats:
    """(26, 257) weights of the spectrum's bins, corners at whole bins equally spaced in mel."""
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    corners = np.floor((FFT + 1) * 700 * (10 ** (np.linspace(0, highest, TRIANGLES + 2) / 2595) - 1) / RATE)
    bins = np.arange(FFT // 2 + 1)
    left, middle, right = (corners[k : k + TRIANGLES, None] for k in range(3))
    rising = np.where((bins >= left) & (bins < middle), (bins - left) / np.maximum(middle - left, 1), 0)
    falling = np.where((bins >= middle) & (bins < right), (right - bins) / np.maximum(right - middle, 1), 0)
    return np.asarray(rising + falling)
