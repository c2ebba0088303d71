"""Teaches our own small listener to hear what a large speech encoder hears, so that a head runs with no download.

    python -m heygem_core.motion.distil TEACHER.safetensors -o mel.safetensors --grid FOLDER --voices FOLDER

TEACHER is a head trained by `motion.training` on a Whisper encoder. The student (`speech.mel_front`) starts from nothing and sees only
sound: GRID's sentences, any recordings of speech in FOLDER, the sentences of `motion.phrases` spoken by espeak-ng, and made-up
music, most of it in other voices, rooms and noise (`motion.augment`). What the teacher hears in a sound, and the mouth that
follows from it, is what the student must hear. The network that turns what is heard into a mouth is the teacher's; in the last
epochs it learns to live with what the student hears less well. Both were trained by our own recipe.
"""

from __future__ import annotations

import argparse
import copy
import random
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from ..errors import MissingPackage, SpecError
from ..media.sound import read_speech
from ..speech.encoder import of_front
from ..speech.features import level, log_mel
from ..speech.mel_front import MelFront
from .augment import altered, joined, music, respoken
from .examples import grid_examples
from .head import Head, load_head, save_head
from .model import MotionNet
from .phrases import PHRASES
from .train import Epoch, mouth_error, resume, save

Floats = NDArray[np.float32]

WINDOW = 400  # log-mel frames of one lesson: 4 s
LONGEST_S = 28  # that the teacher hears at a time
MANNERS = ("", "+f1", "+f2", "+f3", "+f4", "+f5", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7")
SOUNDS = (".wav", ".flac")


class Lessons(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the student hears, and how long and how hard it learns."""

    epochs: int = 24
    together: int = 8  # of the last epochs, in which the network behind the student learns too
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


def distil(teacher: Head, sounds: Sequence[Floats], lessons: Lessons, *, checkpoint: Path | None = None) -> Iterator[Epoch | Head]:
    """Yields an Epoch after each pass over `sounds` ((n,) mono 16 kHz each), then the student's head.

    checkpoint: a file to resume from if it is there, rewritten after each epoch and left at the end. Deterministic with the
    seed on the same machine, resumed or not. Raises: SpecError — too little sound.
    """
    torch.manual_seed(lessons.seed)
    learn = _lessons(teacher, [s for k, s in enumerate(sounds) if k % lessons.held_out])
    check = _lessons(teacher, sounds[:: lessons.held_out])
    steps = len(learn[0]) // lessons.batch
    if not steps or not len(check[0]):
        raise SpecError(f"{len(learn[0])} lessons of {WINDOW / 100:g} s are too little to learn from: give more recordings.")
    student, net = MelFront(width=lessons.width, states=teacher.encoder.width), copy.deepcopy(teacher.net)
    adam = torch.optim.AdamW([*student.parameters(), *net.parameters()], lessons.learning_rate, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, lessons.learning_rate, total_steps=lessons.epochs * steps, pct_start=0.15)
    parts = {"student": student, "net": net, "adam": adam, "pace": pace}
    loss_of = _loss(teacher, lessons)
    for epoch in range(resume(parts, checkpoint), lessons.epochs):
        rng = np.random.default_rng([lessons.seed, epoch])
        net.requires_grad_(epoch >= lessons.epochs - lessons.together)
        total = 0.0
        for some in np.array_split(rng.permutation(len(learn[0]))[: steps * lessons.batch], steps):
            throat = int(rng.integers(-2, 3)) if rng.random() < 0.5 else 0  # a little longer or shorter
            loss = loss_of(student, net, *(lesson[some] for lesson in learn), throat=throat)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            adam.step()
            pace.step()
            total += float(loss.detach()) / steps
        with torch.inference_mode():
            parts_of_check = np.array_split(np.arange(len(check[0])), max(1, len(check[0]) // 32))
            checked = float(np.mean([float(loss_of(student, net, *(lesson[some] for lesson in check))) for some in parts_of_check]))
        save(parts, checkpoint, epoch + 1)
        yield Epoch(done=epoch + 1, total=lessons.epochs, loss=total, check=checked)
    for part in (student, net):
        part.eval().requires_grad_(False)
    facts = teacher.facts | {"distilled": msgspec.to_builtins(lessons), "minutes_heard": round(sum(map(len, sounds)) / 960_000, 1)}
    yield replace(teacher, name="mel", net=net, encoder=of_front(student, "built in"), carries_encoder=True, facts=facts)


def _lessons(teacher: Head, sounds: Sequence[Floats]) -> tuple[NDArray[np.float16], NDArray[np.float16]]:
    """Windows of log-mel (N, 400, 80) and what the teacher hears in them (N, 200, states)."""
    mels, states = [np.zeros((0, WINDOW, 80), np.float16)], [np.zeros((0, WINDOW // 2, teacher.encoder.width), np.float16)]
    for sound in sounds:
        levelled = level(sound)[: LONGEST_S * 16_000]
        mel, count = log_mel(levelled, levelled=False).astype(np.float16), len(levelled) // 160 // WINDOW
        if not count:
            continue
        heard = teacher.encoder.states(levelled).half().numpy()
        mels.append(mel[: count * WINDOW].reshape(count, WINDOW, -1))
        states.append(heard[: count * WINDOW // 2].reshape(count, WINDOW // 2, -1))
    return np.concatenate(mels), np.concatenate(states)


def _loss(teacher: Head, lessons: Lessons) -> Callable[..., Any]:
    """The function (student, net, log-mel, states, throat=bands by which a voice is shifted) → error of a batch."""
    error_of = mouth_error(teacher.basis)

    def loss(student: MelFront, net: MotionNet, mel: NDArray[Any], states: NDArray[Any], throat: int = 0) -> torch.Tensor:
        wanted = torch.from_numpy(states.astype(np.float32))
        with torch.no_grad():
            heard = teacher.net.hear(wanted)
            mouth, judged = teacher.net.speak(heard)
        got = student(torch.roll(torch.from_numpy(mel.astype(np.float32)), throat, 2))
        again = net.hear(got)
        spoken, judgement = net.speak(again)
        judging = functional.binary_cross_entropy_with_logits(judgement, torch.sigmoid(judged))
        hearing = functional.mse_loss(again, heard) / heard.var()
        result = functional.mse_loss(got, wanted) + lessons.mouth_weight * error_of(spoken - mouth).mean()
        return result + lessons.heard_weight * hearing + lessons.judged_weight * judging

    return loss


def training_sounds(grid: Path | None, voices: Path | None, lessons: Lessons) -> list[Floats]:
    """Everything the student hears, in an order of its own. Raises: MediaNotFound, UnreadableMedia, MissingPackage."""
    rng = np.random.default_rng(lessons.seed)
    sounds: list[Floats] = []
    if grid is not None:
        learn = [example for k, example in enumerate(grid_examples(grid)) if k % 10]
        for _ in range(lessons.grid_copies):
            sounds += [e.samples for e in joined(learn, rng)]
    apart = len(sounds) // max(lessons.grid_copies, 1)
    sounds[apart:] = [altered(respoken(s, rng), rng) for s in sounds[apart:]]
    recordings = [read_speech(f).samples for f in sorted(voices.rglob("*")) if f.suffix in SOUNDS] if voices is not None else []
    for number in range(lessons.voice_copies):
        sounds += [altered(respoken(s, rng), rng) if number else s for s in recordings]
    sounds += [altered(s, rng) for s in synthetic(lessons.spoken, lessons.seed)]
    sounds += [music(160_000, rng) for _ in range(6 * lessons.unspoken_minutes)]
    return [sounds[k] for k in rng.permutation(len(sounds))]


def synthetic(count: int, seed: int = 0) -> Iterator[Floats]:
    """`count` recordings of our phrases by voices of many languages, pitches and speeds, about 12 s each. Raises: MissingPackage."""
    program = shutil.which("espeak-ng")
    if program is None and count:
        raise MissingPackage("Synthetic voices need the program espeak-ng: install it with your system's package manager.")
    rng, languages = random.Random(seed), list(PHRASES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "voice.wav"
        for k in range(count):
            language = languages[k % len(languages)]
            phrases = PHRASES[language]
            said = " ".join(rng.sample(phrases, min(3, len(phrases))))
            manner = ["-s", str(rng.randint(130, 190)), "-p", str(rng.randint(20, 80))]
            subprocess.run([str(program), "-v", language + rng.choice(MANNERS), *manner, "-w", str(file), said], check=True)
            yield read_speech(file).samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("teacher", help="path of a head trained on a Whisper encoder")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--grid", type=Path)
    parser.add_argument("--voices", type=Path, help="folder of recordings of speech, .wav and .flac")
    parser.add_argument("--lessons", default="{}", help="JSON of the fields of Lessons that differ")
    options = parser.parse_args()
    lessons = msgspec.json.decode(options.lessons, type=Lessons)
    checkpoint = options.output.with_suffix(".checkpoint")
    for step in distil(load_head(options.teacher), training_sounds(options.grid, options.voices, lessons), lessons, checkpoint=checkpoint):
        if isinstance(step, Head):
            save_head(step, options.output)
        else:
            print(f"epoch {step.done}/{step.total}  error {step.loss:.4f}, on held-out sound {step.check:.4f}", flush=True)


if __name__ == "__main__":
    main()
