"""Teaches our own small listener to hear what a large speech encoder hears, so that a head runs with no download.

    python -m heygem_core.motion.distil TEACHER.safetensors -o mel.safetensors --grid FOLDER --voices FOLDER

TEACHER is a head trained by `motion.training` on a Whisper encoder. The student (`speech.mel_front`) starts from nothing and
sees only sound: GRID's sentences, joined and disturbed (`motion.augment`), and any recordings or synthetic voices in FOLDER
(wav). `synthesise` makes such voices with espeak-ng, in eleven languages. What the teacher hears in a sound, and the mouth
that follows from it, is what the student must hear. The teacher's network that turns states into mouths is taken over; it
was trained by our own recipe.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from ..errors import MissingPackage
from ..media.sound import read_speech
from ..speech.encoder import of_front
from ..speech.features import level, log_mel
from ..speech.mel_front import MelFront
from .augment import band_limited, disturbed, in_noise, in_room, joined
from .examples import grid_examples
from .head import Head, load_head, save_head
from .train import Epoch

Floats = NDArray[np.float32]

WINDOW = 400  # log-mel frames of one lesson: 4 s
LONGEST_S = 28  # that the teacher hears at a time
VOICES = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7")
LANGUAGES = ("en-us", "en-gb", "en-gb-scotland", "de", "fr", "es", "it", "pt", "nl", "pl", "cmn")


class Lessons(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long and how hard the student learns."""

    epochs: int = 20
    batch: int = 16
    copies: int = 6  # of the GRID data; the first half undisturbed, the others in other voices, rooms and noise
    learning_rate: float = 2.5e-3
    mouth_weight: float = 1.5  # of the error of the mouth that follows from what is heard
    heard_weight: float = 0.5  # of the error of what the network hears
    seed: int = 0


def distil(teacher: Head, sounds: Sequence[Floats], lessons: Lessons) -> Iterator[Epoch | Head]:
    """Yields an Epoch after each pass over `sounds` ((n,) mono 16 kHz each), then the student's head. Deterministic with the seed."""
    torch.manual_seed(lessons.seed)
    mels, states = _lessons(teacher, sounds)
    student = MelFront(states=teacher.encoder.width)
    steps = len(mels) // lessons.batch
    adam = torch.optim.AdamW(student.parameters(), lessons.learning_rate, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, lessons.learning_rate, total_steps=lessons.epochs * steps, pct_start=0.15)
    for epoch in range(lessons.epochs):
        rng = np.random.default_rng([lessons.seed, epoch])
        order = rng.permutation(len(mels))[: steps * lessons.batch]
        total = 0.0
        for some in np.array_split(order, steps):
            mel = torch.from_numpy(mels[some].astype(np.float32))
            if rng.random() < 0.5:  # a throat a little longer or shorter
                mel = torch.roll(mel, int(rng.integers(-2, 3)), 2)
            loss = _loss(teacher, student(mel), torch.from_numpy(states[some].astype(np.float32)), lessons)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            adam.step()
            pace.step()
            total += float(loss.detach()) / steps
        yield Epoch(done=epoch + 1, total=lessons.epochs, loss=total, check=total)
    student.eval().requires_grad_(False)
    facts = teacher.facts | {"distilled": msgspec.to_builtins(lessons), "minutes_heard": round(sum(map(len, sounds)) / 960_000, 1)}
    yield replace(teacher, name="mel", encoder=of_front(student, "built in"), carries_encoder=True, facts=facts)


def _lessons(teacher: Head, sounds: Sequence[Floats]) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Windows of log-mel (N, 400, 80) and what the teacher hears in them (N, 200, states)."""
    mels, states = [], []
    for sound in sounds:
        levelled = level(sound)[: LONGEST_S * 16_000]
        mel, heard = log_mel(levelled, levelled=False), teacher.encoder.states(levelled).half().numpy()
        for first in range(0, len(mel) - WINDOW + 1, WINDOW):
            mels.append(mel[first : first + WINDOW].astype(np.float16))
            states.append(heard[first // 2 : (first + WINDOW) // 2])
    return np.stack(mels), np.stack(states)


def _loss(teacher: Head, got: torch.Tensor, wanted: torch.Tensor, lessons: Lessons) -> torch.Tensor:
    with torch.no_grad():
        heard = teacher.net.hear(wanted)
        mouth, _ = teacher.net.speak(heard)
    again = teacher.net.hear(got)
    spoken, _ = teacher.net.speak(again)
    hearing = functional.mse_loss(again, heard) / heard.var()
    return functional.mse_loss(got, wanted) + lessons.mouth_weight * functional.mse_loss(spoken, mouth) + lessons.heard_weight * hearing


def training_sounds(grid: Path | None, voices: Path | None, lessons: Lessons) -> list[Floats]:
    """Everything the student hears. Raises: MediaNotFound, UnreadableMedia."""
    rng = np.random.default_rng(lessons.seed)
    sounds: list[Floats] = []
    if grid is not None:
        learn = [example for k, example in enumerate(grid_examples(grid)) if k % 10]
        for copy in range(lessons.copies):
            sounds += [(disturbed(e, rng) if copy or rng.random() < 0.5 else e).samples for e in joined(learn, rng)]
    for file in sorted(voices.glob("*.wav")) if voices is not None else []:
        sound = read_speech(file).samples
        sound = in_room(sound, rng) if rng.random() < 0.4 else sound
        sound = in_noise(sound, float(rng.uniform(8, 30)), rng) if rng.random() < 0.4 else sound
        sounds.append(band_limited(sound, rng) if rng.random() < 0.3 else sound)
    return sounds


def synthesise(text: str, folder: Path, count: int, seed: int = 0) -> None:
    """`count` recordings of stretches of a text by voices of many languages, pitches and speeds. Raises: MissingPackage."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise MissingPackage("Synthetic voices need the program espeak-ng: install it with your system's package manager.")
    folder.mkdir(parents=True, exist_ok=True)
    rng, words = random.Random(seed), text.split()
    for k in range(count):
        start = rng.randrange(max(1, len(words) - 40))
        voice = LANGUAGES[k % len(LANGUAGES)] + rng.choice(VOICES)
        manner = ["-s", str(rng.randint(130, 190)), "-p", str(rng.randint(20, 80))]
        command = [program, "-v", voice, *manner, "-w", str(folder / f"{k:04}.wav")]
        subprocess.run([*command, " ".join(words[start : start + rng.randint(25, 40)])], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("teacher", help="path of a head trained on a Whisper encoder")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--voices", type=Path)
    parser.add_argument("--speak", type=Path, metavar="TEXT", help="first fill --voices with 150 synthetic recordings of this text")
    parser.add_argument("--epochs", type=int, default=Lessons().epochs)
    options = parser.parse_args()
    lessons = Lessons(epochs=options.epochs)
    if options.speak and options.voices:
        synthesise(options.speak.read_text(encoding="utf-8"), options.voices, 150)
    for step in distil(load_head(options.teacher), training_sounds(options.grid, options.voices, lessons), lessons):
        if isinstance(step, Head):
            save_head(step, options.output)
        else:
            print(f"epoch {step.done}/{step.total}  error {step.loss:.4f}", flush=True)


if __name__ == "__main__":
    main()
