"""Trains a motion model: deterministic with a seed, resumable, reporting as it goes.

    states = the encoder's view of the speech          (frozen, computed once)
    basis  = principal components of the mouth shapes
    net    = states → components, so that shape, speed, opening and width all come out right

`train_motion` is a generator of progress; its last item is the model with its metrics.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from ...face import mesh
from ...face.mesh import lower_lip_gap
from ...speech.features import level
from ...speech.voice_activity import speaking
from ..motion_model import MotionModel
from ..speech_features import STATE_RATE
from .augment import disturbed, joined, unspoken
from .checkpoint import resume, save
from .examples import Example

if TYPE_CHECKING:
    from torch import Tensor

    from ...speech.encoder import Encoder
    from ..network import MotionNet, MotionNetEnsemble

Floats = npt.NDArray[np.float32]

GRID_DELAY_S = 0.01  # GRID s1's pictures lag its sound by so much against the footage named in the model card
CLOSED_DELTA = 0.012  # face space: lips no further apart than this over their resting place are closed


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what comes out, besides the data."""

    components: int = 12  # of the mouth shape
    epochs: int = 4  # more follow the training speaker better and everybody else worse
    batch: int = 8  # stretches of joined sentences
    unspoken_minutes: float = 10  # of music and noise, with the mouth at rest; never more than of speech
    copies: int = 4  # of all the data, joined anew each time; the first is as recorded, the others in other voices, rooms and noise
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    width: int = 128  # of the net
    members: int = 1  # nets that learn from different beginnings and answer with their mean
    dropout: float = 0.2
    held_out: int = 10  # every n-th sentence only checks
    seed: int = 0
    speed_weight: float = 2.0  # of the error of the shape's change over 40 ms
    opening_weight: float = 2.0  # of the error of the gap between the lips
    width_weight: float = 1.0  # of the error of the distance between the lip corners
    closed_weight: float = 0.5  # of the error (cross-entropy) of whether the lips are closed
    spoken_weight: float = 0.3  # of that of whether somebody speaks


class Epoch(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag="epoch"):
    """One pass over the data is done."""

    of: Literal["head", "listener", "labials"] = "head"  # what learns
    done: int
    total: int
    loss: float  # on the training sentences
    check: float  # on the held-out ones


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShapeModel:
    """The mouth shapes that the data holds, as a linear model around the mean."""

    mean: Floats  # (V, 3)
    basis: Floats  # (K, V, 3), one standard deviation of each component
    opening: Floats  # (V, 3) movement for each unit of inner-lip gap
    neutral: Floats  # (V, 3) the speakers' mean resting mouth

    def components(self, deltas: Floats) -> Floats:
        """(…, V, 3) → (…, K) in standard deviations."""
        flat = (deltas - self.mean).reshape(*deltas.shape[:-2], -1)
        basis = self.basis.reshape(len(self.basis), -1)
        return np.asarray(flat @ basis.T / (basis**2).sum(1), np.float32)


def fit_shape_model(examples: Sequence[Example], count: int) -> ShapeModel:
    """Principal components of every fifth frame."""
    deltas = np.concatenate([e.deltas[::5] for e in examples])
    neutral = np.mean([e.neutral for e in examples], axis=0)
    mean = deltas.mean(0)
    flat = (deltas - mean).reshape(len(deltas), -1).astype(np.float64)
    spread, axes = np.linalg.eigh(flat.T @ flat / len(flat))
    best = np.argsort(spread)[::-1][:count]
    gap = lower_lip_gap(deltas - mean)
    basis = (axes[:, best] * np.sqrt(spread[best])).T.reshape(count, *mean.shape)
    return ShapeModel(
        mean=mean.astype(np.float32),
        basis=basis.astype(np.float32),
        opening=(gap @ flat / (gap @ gap)).reshape(mean.shape).astype(np.float32),  # of which the gap itself is exactly 1
        neutral=neutral.astype(np.float32),
    )


def train_motion(
    examples: Sequence[Example],
    encoder: Encoder,
    recipe: Recipe,
    *,
    carry: bool = False,
    delay_s: float = GRID_DELAY_S,
    checkpoint: Path | None = None,
) -> Generator[Epoch | MotionModel, None, None]:
    """Yield an Epoch after each pass over the data, then the model.

    carry: put a Whisper encoder's layers into the model's own file. delay_s: by which the examples' pictures lag their sound.
    checkpoint: a file to resume from if it is there, rewritten after each epoch and left at the end. The same data, recipe and
    seed on the same machine give the same model, resumed or not. Raises: SpecError — the checkpoint is another run's.
    """
    import torch

    from ..network import build_network

    torch.manual_seed(recipe.seed)
    check = list(examples[:: recipe.held_out])
    learn = [e for k, e in enumerate(examples) if k % recipe.held_out]
    shapes = fit_shape_model(learn, recipe.components)
    states, wanted = _rows(variants(learn, recipe), encoder, shapes)
    sizes = {"states": states[0].shape[-1], "components": recipe.components, "width": recipe.width, "members": recipe.members}
    net = build_network(sizes, dropout=recipe.dropout)
    loss_of = _loss(shapes, recipe)
    steps = math.ceil(len(states) / recipe.batch)
    check_states, check_wanted = _rows(check, encoder, shapes)
    adam = torch.optim.AdamW(net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.learning_rate, total_steps=recipe.epochs * steps)
    parts = {"net": net, "adam": adam, "pace": pace}
    about = f"{encoder.digest} {len(examples)} {recipe}"
    for epoch in range(resume(parts, checkpoint, about), recipe.epochs):
        torch.manual_seed(recipe.seed * 1000 + epoch)
        order = np.random.default_rng([recipe.seed, epoch]).permutation(len(states))
        net.train()
        total = 0.0
        for some in np.array_split(order, steps):
            batch = [states[k] for k in some], [wanted[k] for k in some]
            losses = [_batch_loss(member, loss_of, *batch) for member in getattr(net, "members", [net])]
            loss = torch.stack(losses).mean()
            adam.zero_grad()
            torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
            adam.step()
            pace.step()
            total += float(loss.detach()) / steps
        net.eval()
        with torch.inference_mode():
            checked = float(_batch_loss(net, loss_of, check_states, check_wanted))
        save(parts, checkpoint, about, epoch + 1)
        yield Epoch(done=epoch + 1, total=recipe.epochs, loss=total, check=checked)
    facts = {"mean_gap_curve": mean_gap_curve(learn), "recipe": msgspec.to_builtins(recipe), "sentences": len(learn), "check": checked}
    yield MotionModel(
        name="trained", encoder=encoder, carries_encoder=carry, net=net, basis=shapes.basis, mean=shapes.mean, opening=shapes.opening,
        vertices=mesh.LOWER_FACE, advance_s=delay_s, facts=facts,
    )  # fmt: skip


def mean_gap_curve(examples: Sequence[Example]) -> list[float]:
    """The mean lip gap at each 25th of a second from where speech begins, 2 s long: what a mouth does that knows no words."""
    starts = [int(np.argmax(speaking(e.samples))) for e in examples]
    gaps = [lower_lip_gap(e.deltas[start : start + 200 : 4]) for e, start in zip(examples, starts, strict=True)]
    return [round(float(v), 4) for v in np.mean([g for g in gaps if len(g) == 50], axis=0)]


def variants(examples: Sequence[Example], recipe: Recipe) -> Iterator[Example]:
    """What the network sees: `copies` times everything, as connected speech."""
    for copy in range(recipe.copies):
        rng = np.random.default_rng([recipe.seed, 77, copy])
        for example in joined(examples, rng):
            yield disturbed(example, rng) if copy else example
    rng = np.random.default_rng([recipe.seed, 78])
    minutes = min(recipe.unspoken_minutes, sum(len(e.deltas) for e in examples) / 6000)
    for _ in range(round(minutes * 6)):
        yield unspoken(examples[0], 10, rng)


def _rows(examples: Iterable[Example], encoder: Encoder, shapes: ShapeModel) -> tuple[list[Tensor], list[Tensor]]:
    """Speech states (n50, width) float16 and what is wanted (n50, K + 1) of each example: components, and 1 where somebody speaks."""
    import torch

    states, wanted = [], []
    for example in examples:
        states.append(encoder.states(level(example.samples)).half())
        target = np.concatenate([shapes.components(example.deltas), example.active[: len(example.deltas), None]], 1)
        wanted.append(torch.from_numpy(at_state_times(target.astype(np.float32), len(states[-1]))))
    return states, wanted


def at_state_times(curve: Floats, count: int) -> Floats:
    """(n100, K) → (count, K) at 50 Hz: every second row."""
    return np.ascontiguousarray(curve[np.minimum(np.arange(count) * 100 // STATE_RATE, len(curve) - 1)])


def mouth_error(basis: Floats, *, speed: float = 2.0, opening: float = 2.0, width: float = 1.0) -> Callable[[Tensor], Tensor]:
    """The function: how far components are off (B, T, K), standard deviations → error per frame (B, T), about 2 for a still mouth.

    Shape, its change over 40 ms, the gap between the lips and the distance between their corners, each with its weight.
    """
    import torch

    vertex = mesh.LOWER_FACE.index
    shapes = torch.from_numpy(basis)
    share = shapes.flatten(1).pow(2).sum(1)
    share = share / share.sum()  # of the variance that each component explains
    gap = torch.from_numpy(lower_lip_gap(basis))[:, None]
    corners = shapes[:, vertex(mesh.LIP_CORNERS[1])] - shapes[:, vertex(mesh.LIP_CORNERS[0])]

    def error(off: Tensor) -> Tensor:
        change = torch.zeros_like(off)
        change[:, 1:-1] = off[:, 2:] - off[:, :-2]
        result = (off**2 * share).sum(-1) + speed * (change**2 * share).sum(-1)
        for weight, direction in ((opening, gap), (width, corners)):
            result = result + weight * ((off @ direction) ** 2).sum(-1) / (direction**2).sum()
        return result

    return error


def _loss(shapes: ShapeModel, recipe: Recipe) -> Any:
    """The function (what the net gives, what is wanted (B, T, K + 1)) → error per frame (B, T), about 3 for a still mouth."""
    import torch
    import torch.nn.functional as functional

    mouth_off = mouth_error(shapes.basis, speed=recipe.speed_weight, opening=recipe.opening_weight, width=recipe.width_weight)
    mean_gap, gap = float(lower_lip_gap(shapes.mean)), torch.from_numpy(lower_lip_gap(shapes.basis))

    def error(got: tuple[Tensor, Tensor], wanted: Tensor) -> Tensor:
        spoken, wanted = wanted[..., -1], wanted[..., :-1]
        result = mouth_off(got[0] - wanted)
        closed = (wanted @ gap + mean_gap < CLOSED_DELTA).float()
        for weight, logit, truth in ((recipe.closed_weight, got[1][..., 0], closed), (recipe.spoken_weight, got[1][..., 1], spoken)):
            result = result + weight * functional.binary_cross_entropy_with_logits(logit, truth, reduction="none")
        return result

    return error


def _batch_loss(net: MotionNet | MotionNetEnsemble, loss_of: Any, states: list[Tensor], wanted: list[Tensor]) -> Tensor:
    import torch
    from torch.nn.utils.rnn import pad_sequence

    known = pad_sequence([torch.ones(len(s)) for s in states], batch_first=True)
    error = loss_of(net(pad_sequence(states, batch_first=True).float()), pad_sequence(wanted, batch_first=True))
    result: Tensor = (error * known).sum() / known.sum()
    return result
