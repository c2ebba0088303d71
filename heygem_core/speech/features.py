"""Speech as a log-mel spectrogram: 80 bands, 100 frames a second, the same for a quiet and a loud recording.

The filter bank is Whisper's (Slaney mel scale, 25 ms Hann windows every 10 ms, 0-8 kHz), so that Whisper's encoder
and our own read the same spectrogram. Two things differ from Whisper's own preparation: the level of
the *active* speech is brought to one value first, and the floor is fixed instead of relative to the loudest frame
of a 30 s block, so that a frame's features do not depend on where a block happens to begin.

Pure numpy and deterministic; about 60 ms for a minute of sound on one core.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..storage.scratch import scratch_array

Floats = NDArray[np.float32]

SAMPLE_RATE = 16_000  # Hz
HOP = 160  # samples: frame k is centred on sample 160 k, that is second k / 100
WINDOW = 400  # samples: 25 ms
BANDS = 80
FRAME_RATE = 100  # frames a second

ACTIVE_LEVEL_DB = -23.0  # dBFS: the RMS level that the louder part of a recording is brought to
LEVEL_STEP_DB = 2.0  # … in steps of this
ACTIVE_RANGE_DB = 25.0  # blocks this far below the loudest one do not count as speech when the level is measured
SILENT_LEVEL_DB = -75.0  # dBFS: below this a recording is left as it is, since there is nothing in it but noise
# So many are worked on at a time, so that memory does not grow with the recording.
_AT_ONCE, _SPECTRA_AT_ONCE, _BLOCKS_AT_ONCE, _SAMPLES_AT_ONCE = 6000, 500, 1000, 1 << 20
FLOOR = -6.5  # log10 of mel power: about 8 decades under the loudest vowels at the normal level


def level_db(samples: Floats) -> float:
    """RMS level in dBFS of the active part of a recording; -inf for digital silence or no samples.

    samples: (n,) mono at 16 kHz. The active part is every 50 ms block within 25 dB of the loud ones (95th percentile),
    so that pauses do not lower the figure and a click does not raise it.
    """
    block = SAMPLE_RATE // 20
    whole = samples[: len(samples) // block * block]
    if not len(samples):
        return float("-inf")
    blocks = whole.reshape(-1, block) if len(whole) else samples[None]
    power = np.concatenate(
        [(blocks[k : k + _BLOCKS_AT_ONCE].astype(np.float64) ** 2).mean(1) for k in range(0, len(blocks), _BLOCKS_AT_ONCE)]
    )
    loud = float(np.percentile(power, 95))
    if loud <= 0:
        loud = float(power.max())
    if loud <= 1e-14:
        return float("-inf")
    return float(10 * np.log10(power[power >= loud * 10 ** (-ACTIVE_RANGE_DB / 10)].mean()))


def level(samples: Floats) -> Floats:
    """The same sound with its active level at -23 dBFS to within a decibel; what is not finite becomes 0.

    Raised or lowered in steps, so that a change to one second of a long speech leaves the rest exactly as it was, unless the level
    happens to lie near the next step (about one change in 25, for a second of a minute). A recording under -75 dBFS is returned
    unchanged: raising it would turn noise into speech.
    """
    given = np.asarray(samples, np.float32).reshape(-1)
    finite = scratch_array(given.shape)
    for first in range(0, len(given), _SAMPLES_AT_ONCE):
        part = slice(first, first + _SAMPLES_AT_ONCE)
        finite[part] = np.nan_to_num(given[part], nan=0.0, posinf=0.0, neginf=0.0)
    now = level_db(finite)
    if now >= SILENT_LEVEL_DB:
        finite *= np.float32(10 ** (LEVEL_STEP_DB * round((ACTIVE_LEVEL_DB - now) / LEVEL_STEP_DB) / 20))
    return finite


def frame_count(sample_count: int) -> int:
    """How many 100 Hz frames describe that many samples: as many as it takes to cover them, at least 1."""
    return max(1, -(-sample_count // HOP))


def log_mel(samples: Floats, *, levelled: bool = True) -> Floats:
    """(n100, 80) float32 log-mel, roughly in [-1.1, 1.5]; frame k is centred on second k / 100.

    samples: (n,) float32 mono at 16 kHz, any level. levelled=False skips the level normalisation (the caller did it).
    """
    return np.concatenate(list(log_mel_blocks(samples, levelled=levelled)))


def log_mel_blocks(samples: Floats, *, levelled: bool = True) -> Iterator[Floats]:
    """The rows of `log_mel`, a minute at a time: for whoever does not need hours of them at once."""
    samples = level(samples) if levelled else np.asarray(samples, np.float32)
    n = frame_count(len(samples))
    for first in range(0, n, _AT_ONCE):
        count = min(_AT_ONCE, n - first)
        begins = first * HOP - WINDOW // 2
        ends = begins + (count - 1) * HOP + WINDOW
        piece = np.pad(samples[max(0, begins) : ends], (max(0, -begins), max(0, ends - max(len(samples), begins))))
        frames = np.lib.stride_tricks.sliding_window_view(piece, WINDOW)[::HOP]
        power = np.concatenate([_power(frames[k : k + _SPECTRA_AT_ONCE]) for k in range(0, count, _SPECTRA_AT_ONCE)])
        yield (np.maximum(np.log10(np.maximum(power @ _filters(), 1e-12)), FLOOR) + 4) / 4


def _power(frames: Floats) -> Floats:
    """(n, 201) of windows of sound (n, 400)."""
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)


@cache
def _hann() -> Floats:
    return np.asarray(np.hanning(WINDOW + 1)[:-1], np.float32)


@cache
def _filters() -> Floats:
    """(201, 80) triangular filters with unit area, evenly spaced on Slaney's mel scale from 0 to 8 kHz."""
    step = np.log(6.4) / 27  # above 1 kHz the scale is logarithmic: 27 mels from 1 to 6.4 kHz
    top = 15 + np.log(SAMPLE_RATE / 2 / 1000) / step
    mels = np.linspace(0, top, BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))
    bins = np.linspace(0, SAMPLE_RATE / 2, WINDOW // 2 + 1)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)) * 2 / (edges[2:] - edges[:-2]), np.float32)
