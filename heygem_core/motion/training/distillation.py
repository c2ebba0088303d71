"""Distils a large speech encoder into the small one that ships, so that a motion model runs with no download.

The student (`speech.mel_encoder`) starts from random weights and is trained on sound alone (`encoder_data`). Its targets are the
teacher's encoder states, the features of the teacher's network and the mouth that it predicts from them. The network behind the
student is a copy of the teacher's; it is frozen until the last `settle` epochs, in which it adapts to the student's states.
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
from ...speech.encoder import encoder_from_network
from ...speech.features import level, log_mel
from ...speech.mel_encoder import MelEncoder
from ..motion_model import MotionModel
from ..network import MotionNet, MotionNetEnsemble
from .checkpoint import resume, save
from .encoder_data import DistillationRecipe
from .train_model import Epoch, mouth_error

Floats = NDArray[np.float32]

WINDOW = 400  # log-mel frames of one training window: 4 s
LONGEST_S = 28  # of sound that the teacher encodes at a time

TeacherWindows = tuple[NDArray[np.float16], NDArray[np.float16]]
"""Windows of log-mel (N, 400, 80) and the teacher's states for them (N, 200, states)."""


def distill(
    teacher: MotionModel, sounds: Sequence[Floats], recipe: DistillationRecipe, *, checkpoint: Path | None = None
) -> Iterator[Epoch | MotionModel]:
    """Yields an Epoch after each pass over `sounds` ((n,) mono 16 kHz each), then the student's motion model.

    checkpoint: a file to resume from if it is there, rewritten after each epoch and left at the end. Deterministic with the
    seed on the same machine, resumed or not. Raises: SpecError — too little sound.
    """
    train = _teacher_windows(teacher, [s for k, s in enumerate(sounds) if k % recipe.held_out])
    check = _teacher_windows(teacher, sounds[:: recipe.held_out])
    minutes = round(sum(map(len, sounds)) / 960_000, 1)
    for step in train_student(teacher, train, check, recipe, checkpoint=checkpoint):
        yield replace(step, facts=step.facts | {"minutes_heard": minutes}) if isinstance(step, MotionModel) else step


def train_student(
    teacher: MotionModel, train: TeacherWindows, check: TeacherWindows, recipe: DistillationRecipe, *, checkpoint: Path | None = None
) -> Iterator[Epoch | MotionModel]:
    """`distill` with the teacher's states already computed."""
    torch.manual_seed(recipe.seed)
    steps = len(train[0]) // recipe.batch
    if not steps or not len(check[0]):
        raise SpecError("train.too-few-lessons", lessons=len(train[0]), seconds=WINDOW / 100)
    student, net = MelEncoder(width=recipe.width, states=teacher.encoder.width), copy.deepcopy(teacher.net)
    adam = torch.optim.AdamW([*student.parameters(), *net.parameters()], recipe.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.learning_rate, total_steps=recipe.paced_for * steps + 1, pct_start=0.15)
    parts = {"student": student, "net": net, "adam": adam, "pace": schedule}
    loss_of, about = _loss(teacher, recipe), f"{teacher.digest} {recipe}"
    for epoch in range(resume(parts, checkpoint, about), recipe.epochs):
        rng = np.random.default_rng([recipe.seed, epoch])
        net.requires_grad_(epoch >= recipe.epochs - recipe.settle)
        total = 0.0
        for done, rows in enumerate(np.array_split(rng.permutation(len(train[0]))[: steps * recipe.batch], steps), epoch * steps):
            for group in adam.param_groups:
                group["lr"] *= min(1.0, (recipe.epochs * steps - done) / (recipe.settle * steps + 1))
            band_shift = int(rng.integers(-2, 3)) if rng.random() < 0.5 else 0  # as of a longer or shorter vocal tract
            loss = loss_of(student, net, *(part[rows] for part in train), band_shift=band_shift)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            adam.step()
            schedule.step()
            total += float(loss.detach()) / steps
        with torch.inference_mode():
            parts_of_check = np.array_split(np.arange(len(check[0])), max(1, len(check[0]) // 32))
            checked = float(np.mean([float(loss_of(student, net, *(part[rows] for part in check))) for rows in parts_of_check]))
        save(parts, checkpoint, about, epoch + 1)
        yield Epoch(of="listener", done=epoch + 1, total=recipe.epochs, loss=total, check=checked)
    for part in (student, net):
        part.eval().requires_grad_(False)
    facts = teacher.facts | {"distilled": msgspec.to_builtins(recipe)}
    yield replace(teacher, name="mel", net=net, encoder=encoder_from_network(student, "built in"), carries_encoder=True, facts=facts)


def _teacher_windows(teacher: MotionModel, sounds: Sequence[Floats]) -> TeacherWindows:
    """Windows of log-mel (N, 400, 80) and the teacher's states for them (N, 200, states)."""
    mels, states = [np.zeros((0, WINDOW, 80), np.float16)], [np.zeros((0, WINDOW // 2, teacher.encoder.width), np.float16)]
    for sound in sounds:
        levelled = level(sound)[: LONGEST_S * 16_000]
        mel, count = log_mel(levelled, levelled=False).astype(np.float16), len(levelled) // 160 // WINDOW
        if not count:
            continue
        target_features = teacher.encoder.states(levelled).half().numpy()
        mels.append(mel[: count * WINDOW].reshape(count, WINDOW, -1))
        states.append(target_features[: count * WINDOW // 2].reshape(count, WINDOW // 2, -1))
    return np.concatenate(mels), np.concatenate(states)


def _loss(teacher: MotionModel, recipe: DistillationRecipe) -> Callable[..., Any]:
    """The function (student, net, log-mel, states, band_shift=bands by which a voice is shifted) → error of a batch."""
    error_of = mouth_error(teacher.basis)

    def loss(
        student: MelEncoder, net: MotionNet | MotionNetEnsemble, mel: NDArray[Any], states: NDArray[Any], band_shift: int = 0
    ) -> torch.Tensor:
        target_states = torch.from_numpy(states.astype(np.float32))
        with torch.no_grad():
            target_features = teacher.net.encode(target_states)
            target_mouth, target_logits = teacher.net.decode(target_features)
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
            student_states = student(torch.roll(torch.from_numpy(mel.astype(np.float32)), band_shift, 2))
        student_states = student_states.float()
        features = net.encode(student_states)
        mouth, logits = net.decode(features)
        logit_error = functional.binary_cross_entropy_with_logits(logits, torch.sigmoid(target_logits))
        feature_error = functional.mse_loss(features, target_features) / target_features.var()
        result = functional.mse_loss(student_states, target_states) + recipe.mouth_weight * error_of(mouth - target_mouth).mean()
        return result + recipe.heard_weight * feature_error + recipe.judged_weight * logit_error

    return loss
