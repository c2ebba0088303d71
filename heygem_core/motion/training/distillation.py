"""Teaches our own small listener to hear what a large speech encoder hears, so that a head runs with no download.

The student (`speech.mel_front`) starts from nothing and sees only sound (`motion.lessons`). What the teacher, a head trained on a large
encoder, hears in a sound, and the mouth that follows from it, is what the student must hear. The network that turns what is
heard into a mouth is the teacher's; in the last epochs it learns to live with what the student hears less well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray

from ...errors import SpecError
from ...speech.encoder import of_front
from ...speech.features import level, log_mel
from ...speech.mel_encoder import MelFront
from ..motion_model import Head
from ..network import MotionNet, MotionNets
from .checkpoint import resume, save
from .encoder_data import Lessons
from .train_model import Epoch, mouth_error

Floats = NDArray[np.float32]

WINDOW = 400  # log-mel frames of one lesson: 4 s
LONGEST_S = 28  # that the teacher hears at a time

Lesson = tuple[NDArray[np.float16], NDArray[np.float16]]
"""Windows of log-mel (N, 400, 80) and what the teacher hears in them (N, 200, states)."""


def distil(teacher: Head, sounds: Sequence[Floats], lessons: Lessons, *, checkpoint: Path | None = None) -> Iterator[Epoch | Head]:
    """Yields an Epoch after each pass over `sounds` ((n,) mono 16 kHz each), then the student's head.

    checkpoint: a file to resume from if it is there, rewritten after each epoch and left at the end. Deterministic with the
    seed on the same machine, resumed or not. Raises: SpecError — too little sound.
    """
    learn = _lessons(teacher, [s for k, s in enumerate(sounds) if k % lessons.held_out])
    check = _lessons(teacher, sounds[:: lessons.held_out])
    minutes = round(sum(map(len, sounds)) / 960_000, 1)
    for step in taught(teacher, learn, check, lessons, checkpoint=checkpoint):
        yield replace(step, facts=step.facts | {"minutes_heard": minutes}) if isinstance(step, Head) else step


def taught(teacher: Head, learn: Lesson, check: Lesson, lessons: Lessons, *, checkpoint: Path | None = None) -> Iterator[Epoch | Head]:
    """`distil` from what the teacher heard already."""
    torch.manual_seed(lessons.seed)
    steps = len(learn[0]) // lessons.batch
    if not steps or not len(check[0]):
        raise SpecError(f"{len(learn[0])} lessons of {WINDOW / 100:g} s are too little to learn from: give more recordings.")
    student, net = MelFront(width=lessons.width, states=teacher.encoder.width), copy.deepcopy(teacher.net)
    adam = torch.optim.AdamW([*student.parameters(), *net.parameters()], lessons.learning_rate, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, lessons.learning_rate, total_steps=lessons.paced_for * steps + 1, pct_start=0.15)
    parts = {"student": student, "net": net, "adam": adam, "pace": pace}
    loss_of, about = _loss(teacher, lessons), f"{teacher.digest} {lessons}"
    for epoch in range(resume(parts, checkpoint, about), lessons.epochs):
        rng = np.random.default_rng([lessons.seed, epoch])
        net.requires_grad_(epoch >= lessons.epochs - lessons.settle)
        total = 0.0
        for done, some in enumerate(np.array_split(rng.permutation(len(learn[0]))[: steps * lessons.batch], steps), epoch * steps):
            for group in adam.param_groups:
                group["lr"] *= min(1.0, (lessons.epochs * steps - done) / (lessons.settle * steps + 1))
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
        save(parts, checkpoint, about, epoch + 1)
        yield Epoch(of="listener", done=epoch + 1, total=lessons.epochs, loss=total, check=checked)
    for part in (student, net):
        part.eval().requires_grad_(False)
    facts = teacher.facts | {"distilled": msgspec.to_builtins(lessons)}
    yield replace(teacher, name="mel", net=net, encoder=of_front(student, "built in"), carries_encoder=True, facts=facts)


def _lessons(teacher: Head, sounds: Sequence[Floats]) -> Lesson:
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

    def loss(student: MelFront, net: MotionNet | MotionNets, mel: NDArray[Any], states: NDArray[Any], throat: int = 0) -> torch.Tensor:
        wanted = torch.from_numpy(states.astype(np.float32))
        with torch.no_grad():
            heard = teacher.net.hear(wanted)
            mouth, judged = teacher.net.speak(heard)
        with torch.autocast("cpu", torch.bfloat16, enabled=lessons.half):
            got = student(torch.roll(torch.from_numpy(mel.astype(np.float32)), throat, 2))
        got = got.float()
        again = net.hear(got)
        spoken, judgement = net.speak(again)
        judging = functional.binary_cross_entropy_with_logits(judgement, torch.sigmoid(judged))
        hearing = functional.mse_loss(again, heard) / heard.var()
        result = functional.mse_loss(got, wanted) + lessons.mouth_weight * error_of(spoken - mouth).mean()
        return result + lessons.heard_weight * hearing + lessons.judged_weight * judging

    return loss
