"""Made-up Mandarin words joined from recordings of single syllables: a human voice whose every closing is known from the files' names.

Mandarin ends many syllables with n and ng, which sound much like an m; before t, k or zh it is as silent as before p. Recordings of single
syllables named in pinyin ("zhong1.mp3") say which is which. They are spoken slowly and are shortened on the spectrogram.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...errors import MediaNotFound
from ...media.sound import read_speech
from ...speech.features import SAMPLE_RATE
from .encoder_data import SOUND_SUFFIXES

Floats = NDArray[np.float32]

_QUIET = 0.05  # of the loudest: quieter is the silence around a syllable
_SMOOTHED = 160  # samples over which loudness is taken
_STOPS = ("b", "p", "d", "t", "g", "k", "j", "q", "zh", "ch", "z", "c")  # begin with a silence …
_SILENCE_S = (0.08, 0.2)  # … so long, as slowly as the syllables are spoken
_MURMUR_S = 0.06  # of an m, at the least
_AROUND_S = 0.12  # on both sides of a closing, where nothing is asked
_PAUSE_S = (0.3, 0.9)  # between words
_WORDS, _SYLLABLES = 5, (2, 2, 2, 3, 4)  # of a recording, of a word
_STATE_RATE = 50  # Hz


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SyllableExample:
    """Some words."""

    samples: Floats  # (n,) mono at 16 kHz
    closed: Floats  # (n50,) 1 = the lips are closed for p, b or m, 0 = they are not, NaN = a pause, or not known


def read_syllables(folders: Sequence[Path]) -> list[tuple[str, Floats]]:
    """Pinyin and samples at 16 kHz without the silence around them. Raises: MediaNotFound, UnreadableMedia."""
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.suffix.lower() in SOUND_SUFFIXES]
    if not files:
        raise MediaNotFound("train.no-recordings", folders=folders)
    return [(file.stem, _sounding(read_speech(file).samples)) for file in files]


def syllable_examples(syllables: Sequence[tuple[str, Floats]], rounds: int, seed: int) -> Iterator[SyllableExample]:
    """Every syllable is heard so many times, in another word each time."""
    rng = np.random.default_rng([seed, 80])
    for _ in range(rounds):
        order = list(rng.permutation(len(syllables)))
        while order:
            words = []
            for _ in range(_WORDS):
                count = int(rng.choice(_SYLLABLES))
                words.append([syllables[k] for k in order[:count]])
                order = order[count:]
            yield _joined([word for word in words if word], rng)


def _sounding(samples: Floats) -> Floats:
    loudness = np.sqrt(np.convolve(samples**2, np.full(_SMOOTHED, 1 / _SMOOTHED), "same"))
    loud = np.flatnonzero(loudness > _QUIET * loudness.max())
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def _joined(words: Sequence[Sequence[tuple[str, Floats]]], rng: np.random.Generator) -> SyllableExample:
    pieces: list[tuple[Floats, float]] = []  # samples, and what the lips do in them
    for word in words:
        pieces.append((np.zeros(round(rng.uniform(*_PAUSE_S) * SAMPLE_RATE), np.float32), np.nan))
        for number, (name, samples) in enumerate(word):
            loud = samples / (samples.std() + 1e-9) * np.float32(0.07 * np.exp(0.2 * rng.standard_normal()))
            labial = name.startswith(("b", "p", "m"))
            if number and name.startswith(_STOPS):
                pieces.append((np.zeros(round(rng.uniform(*_SILENCE_S) * SAMPLE_RATE), np.float32), float(labial)))
            murmur = round(_MURMUR_S * SAMPLE_RATE) if name.startswith("m") else 0
            pieces += [(loud[:murmur], 1.0), (loud[murmur:], 0.0)]
    samples = np.concatenate([part for part, _ in pieces])
    samples = samples + np.float32(1e-4) * rng.standard_normal(len(samples)).astype(np.float32)
    at = np.concatenate([np.full(len(part), value, np.float32) for part, value in pieces])
    return SyllableExample(samples=samples, closed=_asked(at[:: SAMPLE_RATE // _STATE_RATE]))


def _asked(closed: Floats) -> Floats:
    """Without what lies around a closing, where lips move."""
    asked, reach = closed.copy(), round(_AROUND_S * _STATE_RATE)
    for row in np.flatnonzero(closed == 1):
        asked[max(0, row - reach) : row + reach + 1] = np.nan
    asked[closed == 1] = 1
    return asked
