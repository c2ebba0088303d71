"""Teaches a motion model to hear p, b and m: the network of labials is trained on synthetic speech and added to the model.

The model's own encoder and network stay as they are. Any motion model will do, those that ship and your own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...speech.features import level
from ..motion_model import MotionModel
from ..speech_features import encode_speech
from .labial_data import LabialExample, labial_examples
from .train_model import Epoch

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float32]


class LabialRecipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides what comes out, besides the model."""

    recordings: int = 900  # about 100 minutes
    epochs: int = 3  # more follow the synthetic voices better and people worse
    batch: int = 16
    window: int = 100  # states of 20 ms
    held_out: int = 20  # every n-th recording only checks
    noise: float = 0.5  # added to what is heard, in standard deviations of each feature: synthetic voices are all too clear
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    seed: int = 0


def train_labials(model: MotionModel, recipe: LabialRecipe) -> Generator[Epoch | MotionModel, None, None]:
    """Yields an Epoch after each pass over the recordings, then the model with its network of labials.

    The same model, recipe and espeak-ng give the same network on the same machine. Raises: MissingPackage.
    """
    import torch
    import torch.nn.functional as functional

    from ..network import LabialNet

    examples = list(labial_examples(recipe.recordings, recipe.seed))
    windows = [_windows(model, each, recipe.window) for each in examples]
    learn, learn_closed = _joined([each for k, each in enumerate(windows) if k % recipe.held_out])
    check, check_closed = _joined(windows[:: recipe.held_out])
    torch.manual_seed(recipe.seed)
    net = LabialNet(learn.shape[-1])
    steps = max(1, len(learn) // recipe.batch)
    adam = torch.optim.AdamW(net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    pace = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.learning_rate, total_steps=recipe.epochs * steps)

    def error(rows: Tensor, closed: Tensor) -> Tensor:
        known = ~torch.isnan(closed)
        return functional.binary_cross_entropy_with_logits(net(rows.float())[known], closed[known])

    for epoch in range(recipe.epochs):
        torch.manual_seed(recipe.seed * 1000 + epoch)
        order = torch.randperm(len(learn))
        net.train()
        total = 0.0
        for some in order[: steps * recipe.batch].chunk(steps):
            rows = learn[some].float()
            loss = error(rows + recipe.noise * rows.std((0, 1)) * torch.randn_like(rows), learn_closed[some])
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
            pace.step()
            total += float(loss.detach()) / steps
        net.eval()
        with torch.inference_mode():
            checked = float(error(check, check_closed))
        yield Epoch(of="labials", done=epoch + 1, total=recipe.epochs, loss=total, check=checked)
    facts = {"labials_recipe": msgspec.to_builtins(recipe), "labials_check": checked}
    yield replace(model, labials=net.requires_grad_(False), facts=model.facts | facts, digest="")


def _windows(model: MotionModel, example: LabialExample, length: int) -> tuple[Tensor, Tensor]:
    """(N, length, F) float16 of what is heard, and (N, length) of `LabialExample.closed`, which ends in NaN where the sound ends."""
    import torch

    rows = torch.from_numpy(np.array(encode_speech(model, level(example.samples), features=True).features))
    count = min(len(rows), len(example.closed))
    short = -count % length
    closed = np.pad(example.closed[:count], (0, short), constant_values=np.nan)
    rows = torch.cat([rows[:count], torch.zeros(short, rows.shape[1], dtype=rows.dtype)])
    return rows.reshape(-1, length, rows.shape[1]), torch.from_numpy(closed).reshape(-1, length)


def _joined(windows: Sequence[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    import torch

    rows, closed = zip(*windows, strict=True)
    return torch.cat(rows), torch.cat(closed)
