"""What the network of labials learns from: synthetic speech of many languages, of which every closing of the lips is known.

A mouth closes in p, b and m and in pauses, and nowhere else; a regression learnt from one person's mouth also closes it in the short
silence before t or k. Mandarin is half of what is heard, as made-up words and sentences of its syllables: it has the most of such silence.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample

from ...speech.encoder import STATE_HOP
from ...speech.features import SAMPLE_RATE
from .augment import altered
from .encoder_data import VOICE_VARIANTS
from .spoken_phonemes import Phoneme, Spoken, speaker
from .synthetic_sentences import PHRASES

Floats = NDArray[np.float32]

MANDARIN = "cmn-latn-pinyin"
INITIALS = ("b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "zh", "ch", "sh", "r", "z", "c", "s")
FINALS = (
    "a", "ai", "ao", "an", "ang", "e", "en", "eng", "i", "ia", "ie", "iao", "iu", "ian", "in", "ing", "ong", "ou", "ei",
    "u", "ua", "uo", "ui", "un", "uan", "uang",
)  # fmt: skip
WORDS = 5  # of a made-up Mandarin recording, with a pause after each
SYLLABLES = (2, 2, 2, 3, 4, 6)  # of a word

_STOP_S = 0.09  # the longest closing of a b; that of an m lasts as long as its sound
_QUIET = 0.15  # of the loudness that nine tenths of the sound stay under: the silence before a p is quieter
_LONGEST_SILENCE_S, _SHORTEST_CLOSING_S = 0.1, 0.03  # before a p
_SMOOTHED_S = 0.005  # span over which loudness is taken
_AROUND_S = 0.05  # on both sides of a closing, where lips move and nothing is asked
_STATE_RATE = SAMPLE_RATE / STATE_HOP  # Hz


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabialExample:
    """A recording and what its lips do."""

    samples: Floats  # (n,) mono at 16 kHz
    closed: Floats  # (n50,) 1 = the lips are closed for p, b or m, 0 = they are not, NaN = a pause, or about to change


def labial_examples(count: int, seed: int) -> Iterator[LabialExample]:
    """`count` recordings of 4 to 9 s, three quarters of them in rooms, noise or under music.

    They are the same in every process that asks for nothing else before: the library's own noise goes on from text to text.
    Raises: MissingPackage.
    """
    chance, rng, languages = random.Random(seed), np.random.default_rng(seed), list(PHRASES)
    for k in range(count):
        if k % 2:
            language, text = MANDARIN, ", ".join(_word(chance) for _ in range(WORDS))
        else:
            language = languages[k // 2 % len(languages)]
            text = " ".join(chance.sample(PHRASES[language], 2))
        manner = {"words_per_minute": chance.randint(120, 200), "pitch": chance.randint(20, 80)}
        spoken = speaker().say(language, text, variant=chance.choice(VOICE_VARIANTS), **manner)
        spoken = _faster(spoken, float(np.exp(rng.uniform(-0.2, 0.25))))
        samples = altered(spoken.samples, rng) if chance.random() < 0.75 else spoken.samples
        yield LabialExample(samples=samples, closed=closings(spoken))


def _word(chance: random.Random) -> str:
    return " ".join(_syllable(chance) for _ in range(chance.choice(SYLLABLES)))


def _syllable(chance: random.Random) -> str:
    """Of Mandarin, in pinyin with its tone."""
    while True:
        initial, final = chance.choice(INITIALS), chance.choice(FINALS)
        palatal, narrow = initial in ("j", "q", "x"), final.startswith("i")
        if palatal and not final.startswith(("i", "u")):
            continue
        if initial in ("b", "p", "m", "f") and final.startswith("u") and final != "u":
            continue
        if narrow and (initial in ("g", "k", "h", "f") or (final != "i" and initial in ("zh", "ch", "sh", "r", "z", "c", "s"))):
            continue
        return initial + final + chance.choice("1234")


def _faster(spoken: Spoken, factor: float) -> Spoken:
    """At 16 kHz, and by another throat: played so many times as fast."""
    samples = resample(spoken.samples, round(len(spoken.samples) * SAMPLE_RATE / spoken.rate / factor)).astype(np.float32)
    phonemes = tuple(Phoneme(name=each.name, start_s=each.start_s / factor) for each in spoken.phonemes)
    return Spoken(samples=samples, rate=SAMPLE_RATE, phonemes=phonemes)


def closings(spoken: Spoken) -> Floats:
    """(n50,) of `LabialExample.closed`, for speech at 16 kHz."""
    closed = np.zeros(-(-len(spoken.samples) // STATE_HOP), np.float32)
    spans: list[tuple[float, float]] = []
    ends = [*(each.start_s for each in spoken.phonemes[1:]), len(spoken.samples) / spoken.rate]
    span = round(_SMOOTHED_S * SAMPLE_RATE)
    loudness = np.sqrt(np.convolve(spoken.samples**2, np.full(span, 1 / span), "same"))
    quiet = _QUIET * np.percentile(loudness, 90) if len(loudness) else 0
    for phoneme, end_s in zip(spoken.phonemes, ends, strict=False):
        sound = phoneme.name.lstrip("_|'")
        if phoneme.name.startswith("_:") or phoneme.name == "_" or sound.startswith("B"):  # the last lets air through its lips
            closed[_rows(phoneme.start_s, end_s)] = np.nan
        elif sound.startswith("p"):
            spans.append((min(_silence_before(loudness < quiet, phoneme.start_s), phoneme.start_s - _SHORTEST_CLOSING_S), phoneme.start_s))
        elif sound.startswith(("b", "m")):
            spans.append((phoneme.start_s, min(end_s, phoneme.start_s + _STOP_S) if sound[0] == "b" else end_s))
    for start_s, end_s in spans:
        closed[_rows(start_s - _AROUND_S, end_s + _AROUND_S)] = np.nan
    for start_s, end_s in spans:
        closed[_rows(start_s, end_s)] = 1
    return closed


def _rows(start_s: float, end_s: float) -> slice:
    """At least one."""
    first = max(0, round(start_s * _STATE_RATE))
    return slice(first, max(first + 1, round(end_s * _STATE_RATE)))


def _silence_before(quiet: NDArray[np.bool_], burst_s: float) -> float:
    """Where the silence that a burst ends began, in seconds."""
    burst = min(round((burst_s - _SMOOTHED_S) * SAMPLE_RATE), len(quiet))
    if burst <= 0:
        return burst_s
    first = max(0, burst - round(_LONGEST_SILENCE_S * SAMPLE_RATE))
    loud = np.flatnonzero(~quiet[first:burst])
    return float(first + (loud[-1] + 1 if len(loud) else 0)) / SAMPLE_RATE
