"""The spectrogram that Wav2Lip hears: 80 mel bands, 80 columns a second, levels between −4 (silence) and 4."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE = 80.0  # columns a second; column k stands for second k / 80
BANDS = 80
SILENCE = -4.0
MEL_VERSION = 1

_HOP, _WINDOW = 200, 800  # samples at 16 kHz
_EMPHASIS = 0.97
_LOW_HZ, _HIGH_HZ, _SAMPLE_RATE = 55.0, 7600.0, 16_000
_FLOOR, _REFERENCE_DB, _RANGE_DB = 1e-5, 20.0, 100.0
_TOGETHER = 4096  # columns computed at a time, bounds memory


def mel_columns(samples: Floats) -> Floats:
    """(1 + n // 200, 80) of mono speech (n,) at 16 kHz, full scale ±1."""
    emphasised = samples.astype(np.float64)
    emphasised[1:] -= _EMPHASIS * emphasised[:-1].copy()
    half = _WINDOW // 2
    padded = np.pad(emphasised, half, mode="reflect" if len(samples) > half else "constant")
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    columns = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP][: 1 + len(samples) // _HOP]
    mel = np.empty((len(columns), BANDS), np.float32)
    for first in range(0, len(columns), _TOGETHER):
        part = slice(first, first + _TOGETHER)
        mel[part] = _levels(np.abs(np.fft.rfft(columns[part] * hann, axis=1)) @ _filters().T)
    return mel


def _levels(magnitude: NDArray[np.float64]) -> NDArray[np.float64]:
    decibels = 20 * np.log10(np.maximum(_FLOOR, magnitude)) - _REFERENCE_DB
    return np.asarray(np.clip(8 * (decibels + _RANGE_DB) / _RANGE_DB - 4, -4, 4))


@cache
def _filters() -> NDArray[np.float64]:
    """(80, 401) triangles on Slaney's mel scale, each of the same area (Slaney, "Auditory Toolbox", 1998)."""
    edges = _hertz(np.linspace(_mel(_LOW_HZ), _mel(_HIGH_HZ), BANDS + 2))
    bins = np.arange(_WINDOW // 2 + 1) * _SAMPLE_RATE / _WINDOW
    rising = (bins[None] - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - bins[None]) / np.diff(edges)[1:, None]
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None) * (2 / (edges[2:] - edges[:-2]))[:, None])


_LINEAR_HZ, _BREAK_HZ, _BREAK_MEL, _STEP = 200 / 3, 1000.0, 15.0, np.log(6.4) / 27


def _mel(hertz: float) -> float:
    return hertz / _LINEAR_HZ if hertz < _BREAK_HZ else _BREAK_MEL + float(np.log(hertz / _BREAK_HZ)) / _STEP


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ, _BREAK_HZ * np.exp(_STEP * (mel - _BREAK_MEL)))
