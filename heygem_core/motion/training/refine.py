"""Refines a model that carries its own encoder: real recordings as a better model hears them, and synthetic speech of which all is known.

The encoder, the network of the mouth and the network of labials learn together, on sound alone. Of recordings the teacher says what the
lips do. Of synthetic speech the phonemes say where they close for p, b and m, and the model as it was says the rest, as of made-up music.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...errors import MediaNotFound, SpecError
from ...media.sound import read_speech
from ...speech.features import level, log_mel
from ..motion_model import MotionModel
from .augment import music
from .encoder_data import SOUND_SUFFIXES
from .labial_data import labial_examples
from .mel_augment import LOWEST, disturbed_mel
from .train_model import Epoch, mouth_error

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]
Lesson = tuple[NDArray[np.float16], Floats]
"""Log-mel (2n, 80) and what is wanted of its states (n, 3 + K): probability of labials, of closed lips, of speech, coefficients; NaN = not
known here."""

WINDOW = 200  # states of 20 ms
LONGEST_S = 28  # of one recording
_PIECE, _AROUND = 400, 50  # states that the teacher hears at a time, and on both sides states that are context only
_JUDGED = 3  # columns before the coefficients


class RefiningRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what comes out, besides the model, the teacher and the recordings."""

    spoken: int = 900  # synthetic recordings, about 100 minutes
    unspoken_minutes: int = 5
    epochs: int = 4
    batch: int = 16
    held_out: int = 25  # every n-th sound only checks
    learning_rate: float = 6e-4
    weight_decay: float = 0.01
    mouth_weight: float = 1.0  # of the error of the mouth
    labial_weight: float = 2.0  # of the error (cross-entropy) of p, b and m
    judged_weight: float = 0.5  # of that of closed lips and of speech
    half: bool = True  # reckons in bfloat16
    seed: int = 0


def refine(
    model: MotionModel, teacher: MotionModel, voices: Sequence[Path], recipe: RefiningRecipe
) -> Generator[Epoch | MotionModel, None, None]:
    """Yields an Epoch after each pass, then the model. voices: folders of recordings.

    Deterministic with the seed on the same machine. Raises: SpecError — the model or the teacher cannot do its part. MediaNotFound,
    UnreadableMedia, MissingPackage.
    """
    lessons = [*recorded_lessons(teacher, voices), *made_lessons(recipe, len(model.basis))]
    yield from refine_on(model, lessons, recipe)


def recorded_lessons(teacher: MotionModel, voices: Sequence[Path]) -> Iterator[Lesson]:
    """What the teacher hears in each recording below the folders. Raises: MediaNotFound, UnreadableMedia, SpecError."""
    files = [file for folder in voices for file in sorted(folder.rglob("*")) if file.suffix.lower() in SOUND_SUFFIXES]
    if not files:
        raise MediaNotFound("train.no-recordings", folders=voices)
    for file in files:
        samples = level(read_speech(file).samples[: LONGEST_S * 16_000])
        yield _lesson(log_mel(samples, levelled=False), _heard(teacher, samples))


def made_lessons(recipe: RefiningRecipe, components: int) -> Iterator[Lesson]:
    """Synthetic speech with its labials, and music. Raises: MissingPackage."""
    for example in labial_examples(recipe.spoken, recipe.seed):
        yield _lesson(log_mel(example.samples), _only_labials(example.closed, components))
    rng = np.random.default_rng([recipe.seed, 79])
    for _ in range(6 * recipe.unspoken_minutes):
        mel = log_mel(music(160_000, rng))
        yield _lesson(mel, _only_labials(np.full(len(mel) // 2, np.nan, np.float32), components))


def _only_labials(closed: Floats, components: int) -> Floats:
    return np.concatenate([closed[:, None], np.full((len(closed), _JUDGED - 1 + components), np.nan, np.float32)], 1)


def _lesson(mel: Floats, wanted: Floats) -> Lesson:
    count = min(len(mel) // 2, len(wanted))
    return mel[: 2 * count].astype(np.float16), wanted[:count].astype(np.float32)


def _heard(teacher: MotionModel, samples: Floats) -> Floats:
    """(n50, 3 + K) of levelled samples, in pieces of eight seconds."""
    import torch

    if teacher.labials is None:
        raise SpecError("train.teacher-without-labials", model=teacher.name)
    step, rows = _PIECE * 320, []
    with torch.inference_mode():
        for first in range(0, len(samples), step):
            start = max(0, first - _AROUND * 320)
            states = teacher.encoder.states(samples[start : first + step + _AROUND * 320])[None]
            features = teacher.net.encode(states)
            coefficients, logits = teacher.net.decode(features)
            labial = teacher.labials(torch.cat([states, features], -1))[..., None]
            whole = torch.cat([torch.sigmoid(labial), torch.sigmoid(logits), coefficients], -1)[0]
            rows.append(whole[(first - start) // 320 :][:_PIECE].numpy())
    return np.concatenate(rows)


def refine_on(model: MotionModel, lessons: Sequence[Lesson], recipe: RefiningRecipe) -> Generator[Epoch | MotionModel, None, None]:
    """`refine` with the lessons at hand."""
    import torch

    from ...speech.encoder import encoder_from_network
    from ...speech.mel_encoder import MelEncoder
    from ..network import LabialNet

    encoder = copy.deepcopy(model.encoder.network)
    if not isinstance(encoder, MelEncoder):
        raise SpecError("train.no-own-encoder", model=model.name)
    learn, check = (_windows(some) for some in ([e for k, e in enumerate(lessons) if k % recipe.held_out], lessons[:: recipe.held_out]))
    steps = len(learn[0]) // recipe.batch
    if not steps:
        raise SpecError("train.too-few-lessons", lessons=len(learn[0]), seconds=WINDOW / 50)
    torch.manual_seed(recipe.seed)
    net = copy.deepcopy(model.net)
    features = model.encoder.width + sum(part.sizes["width"] for part in getattr(net, "members", [net]))
    labials = copy.deepcopy(model.labials) or LabialNet(features)
    parts = [part.requires_grad_(True) for part in (encoder, net, labials)]
    adam = torch.optim.AdamW([p for part in parts for p in part.parameters()], recipe.learning_rate, weight_decay=recipe.weight_decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.learning_rate, total_steps=recipe.epochs * steps, pct_start=0.15)
    loss_of = _loss(model, encoder, net, labials, recipe)
    for epoch in range(recipe.epochs):
        rng, total = np.random.default_rng([recipe.seed, epoch]), 0.0
        torch.manual_seed(recipe.seed * 1000 + epoch)
        for part in parts:
            part.train()
        for rows in np.array_split(rng.permutation(len(learn[0]))[: steps * recipe.batch], steps):
            mels, wanted = zip(*(disturbed_mel(learn[0][k].astype(np.float32), learn[1][k], rng) for k in rows), strict=True)
            loss = loss_of(np.stack(mels), np.stack(wanted))
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            adam.step()
            pace.step()
            total += float(loss.detach()) / steps
        for part in parts:
            part.eval()
        with torch.inference_mode():
            checked = float(np.mean([float(loss_of(m[None].astype(np.float32), w[None])) for m, w in zip(*check, strict=True)]))
        yield Epoch(of="listener", done=epoch + 1, total=recipe.epochs, loss=total, check=checked)
    for part in parts:
        part.requires_grad_(False)
    facts = {"refined": msgspec.to_builtins(recipe), "refined_minutes": round(sum(len(w) for _, w in lessons) / 3000, 1)}
    own = encoder_from_network(encoder, "built in")
    yield replace(model, encoder=own, carries_encoder=True, net=net, labials=labials, facts=model.facts | facts, digest="")


def _windows(lessons: Sequence[Lesson]) -> tuple[NDArray[np.float16], Floats]:
    """(N, 400, 80) and (N, 200, 3 + K): pieces of four seconds; the last one of a sound is filled up with silence, for which nothing is
    wanted, or left out where it is shorter than a second."""
    mels, wanted = [], []
    for mel, want in lessons:
        for first in range(0, len(want) - WINDOW // 4, WINDOW):
            rows = want[first : first + WINDOW]
            short = WINDOW - len(rows)
            mels.append(np.pad(mel[2 * first : 2 * (first + len(rows))], ((0, 2 * short), (0, 0)), constant_values=LOWEST))
            wanted.append(np.pad(rows, ((0, short), (0, 0)), constant_values=np.nan))
    return np.stack(mels), np.stack(wanted)


def _loss(before: MotionModel, encoder: Any, net: Any, labials: Any, recipe: RefiningRecipe) -> Callable[[Floats, Floats], Tensor]:
    """The function (log-mels (B, 2n, 80), wanted (B, n, 3 + K)) → error of the three networks."""
    import torch
    import torch.nn.functional as functional

    error_of, old_encoder = mouth_error(before.basis), before.encoder.network
    assert old_encoder is not None

    def judged(logits: Tensor, truth: Tensor) -> Tensor:
        known = torch.isfinite(truth)
        error = functional.binary_cross_entropy_with_logits(logits, torch.nan_to_num(truth), reduction="none")
        return (error * known).sum() / known.sum().clamp(min=1)

    def loss(mels: Floats, wanted: Floats) -> Tensor:
        mel, want = torch.from_numpy(mels), torch.from_numpy(wanted)
        strangers = torch.isnan(want[..., -1]).all(1)  # the teacher heard nothing of these
        with torch.autocast("cpu", torch.bfloat16, enabled=recipe.half):
            states = encoder(mel)
            with torch.no_grad():
                if strangers.any():
                    coefficients, logits = before.net(old_encoder(mel[strangers]).float())
                    want[strangers, :, 1:] = torch.cat([torch.sigmoid(logits), coefficients], -1).float()
        states = states.float()
        features = net.encode(states)
        coefficients, logits = net.decode(features)
        labial = labials(torch.cat([states, features.detach()], -1))
        known = torch.isfinite(want[..., -1])
        off = torch.where(known[..., None], coefficients - torch.nan_to_num(want[..., _JUDGED:]), 0.0)
        mouth = (error_of(off) * known).sum() / known.sum().clamp(min=1)
        lips = recipe.labial_weight * judged(labial, want[..., 0]) + recipe.judged_weight * judged(logits, want[..., 1:_JUDGED])
        return recipe.mouth_weight * mouth + lips

    return loss
