"""The sounds that the small encoder is distilled on (`distillation`): recordings, synthetic voices, music; most of it disturbed.

Sound alone: no mouth is needed, so any recording of speech will do whose licence allows it.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...errors import MediaNotFound, MissingPackage
from ...media.sound import read_speech
from .augment import altered, joined, music, respoken
from .examples import grid_examples
from .synthetic_sentences import PHRASES

Floats = NDArray[np.float32]

VOICE_VARIANTS = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7")
SOUND_SUFFIXES = frozenset({".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"})


class DistillationRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the student hears, and how long and how hard it learns."""

    epochs: int = 15
    paced_for: int = 24  # epochs of the one-cycle schedule of the learning rate, which is left for …
    settle: int = 3  # … a straight fall to nothing in the last epochs; in them the network behind the student learns too
    half: bool = True  # the student reckons in bfloat16: about 1.7 times as fast where the processor knows it
    batch: int = 16
    width: int = 256  # of the student
    grid_copies: int = 4  # the first as recorded, the others in other voices, rooms and noise; of the recordings likewise
    voice_copies: int = 4
    spoken: int = 250  # synthetic recordings
    unspoken_minutes: int = 15
    held_out: int = 20  # every n-th sound only checks
    learning_rate: float = 2.5e-3
    mouth_weight: float = 1.0  # of the error of the mouth that follows from what is heard
    heard_weight: float = 0.5  # of the error of what the network hears
    judged_weight: float = 0.5  # of the error (cross-entropy) of closed lips and of speech
    seed: int = 0


def training_sounds(grid: Path | None, voices: Sequence[Path], recipe: DistillationRecipe) -> list[Floats]:
    """Everything the student hears, in an order of its own. Raises: MediaNotFound, UnreadableMedia, MissingPackage."""
    rng = np.random.default_rng(recipe.seed)
    sounds: list[Floats] = []
    if grid is not None:
        learn = [example for k, example in enumerate(grid_examples(grid)) if k % 10]
        for _ in range(recipe.grid_copies):
            sounds += [e.samples for e in joined(learn, rng)]
    apart = len(sounds) // max(recipe.grid_copies, 1)
    sounds[apart:] = [altered(respoken(s, rng), rng) for s in sounds[apart:]]
    recordings = [read_speech(f).samples for folder in voices for f in sorted(folder.rglob("*")) if f.suffix.lower() in SOUND_SUFFIXES]
    if voices and not recordings:
        raise MediaNotFound("train.no-recordings", folders=voices)
    for number in range(recipe.voice_copies):
        sounds += [altered(respoken(s, rng), rng) if number else s for s in recordings]
    sounds += [altered(s, rng) for s in synthetic(recipe.spoken, recipe.seed)]
    sounds += [music(160_000, rng) for _ in range(6 * recipe.unspoken_minutes)]
    return [sounds[k] for k in rng.permutation(len(sounds))]


def synthetic(count: int, seed: int = 0) -> Iterator[Floats]:
    """`count` recordings of our phrases by voices of many languages, pitches and speeds, about 12 s each. Raises: MissingPackage."""
    program = shutil.which("espeak-ng")
    if program is None and count:
        raise MissingPackage("train.needs-espeak")
    rng, languages = random.Random(seed), list(PHRASES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "voice.wav"
        for k in range(count):
            language = languages[k % len(languages)]
            phrases = PHRASES[language]
            said = " ".join(rng.sample(phrases, min(3, len(phrases))))
            manner = ["-s", str(rng.randint(130, 190)), "-p", str(rng.randint(20, 80))]
            subprocess.run([str(program), "-v", language + rng.choice(VOICE_VARIANTS), *manner, "-w", str(file), said], check=True)
            yield read_speech(file).samples
