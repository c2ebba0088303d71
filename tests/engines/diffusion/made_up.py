"""Weights, speech and pictures that anybody can make again, number for number.

What the published programs gave for them is kept in `upstream.npz`, thinned out. They were run beside ours in float32, with their warps in
float32 too.

Weights come from numpy's generator, seeded by each parameter's own name, so they depend on no order and no version of torch. All are
random, those too that training begins with at zero (the first and last convolution, the way out of a motion module): with zeros there,
every comparison would pass.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import torch
from diffusers.models.embeddings import SinusoidalPositionalEmbedding
from torch import nn

from heygem_core.engines.diffusion.sizes import Sizes

UPSTREAM = Path(__file__).with_name("upstream.npz")
NARROW = Sizes(widths=(32, 32, 64, 64), speech=64, vae_widths=(32, 32, 32, 32), whisper_heads=2, whisper_layers=4)


def made_up_state(shapes: dict[str, tuple[int, ...]], seed: int = 0) -> dict[str, np.ndarray]:
    """Parameters by name: norms near one, biases small, all else so that signals keep their size."""
    return {name: _made_up(name, shape, seed) for name, shape in shapes.items()}


def _made_up(name: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    drawn = np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(shape, np.float32)
    if name.endswith("bias"):
        return 0.1 * drawn
    if len(shape) == 1:
        return 1 + 0.1 * drawn
    return drawn / np.sqrt(np.prod(shape[1:]), dtype=np.float32)


def fill(module: nn.Module, seed: int = 0) -> nn.Module:
    """Gives a network made-up weights; codes of positions stay what they are."""
    state = module.state_dict()
    drawn = {name: value for name, value in state.items() if not name.endswith((".pe", "embed_positions.weight"))}
    made = made_up_state({name: tuple(value.shape) for name, value in drawn.items()}, seed)
    codes = {name: _code(value.shape) if value.is_meta else value for name, value in state.items() if name not in drawn}
    module.load_state_dict(codes | {name: torch.from_numpy(np.asarray(value, np.float32)) for name, value in made.items()}, assign=True)
    return module.eval().requires_grad_(False)


def _code(shape: torch.Size) -> torch.Tensor:
    """A motion module's code of positions, which is a part of the published file."""
    return SinusoidalPositionalEmbedding(shape[2], max_seq_length=shape[1]).pe


def made_up(shape: tuple[int, ...], seed: int) -> torch.Tensor:
    """Normally distributed numbers."""
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape, np.float32))


def made_up_speech(seconds: float, seed: int = 7) -> np.ndarray:
    """Something like speech (n,) at 16 kHz: a buzz whose pitch and loudness wander, and some noise."""
    n = round(seconds * 16_000)
    t = np.arange(n) / 16_000
    pitch = 120 + 30 * np.sin(2 * np.pi * 0.7 * t)
    phase = 2 * np.pi * np.cumsum(pitch) / 16_000
    buzz = sum(np.sin(k * phase) / k for k in range(1, 12))
    loud = np.clip(np.sin(2 * np.pi * 3.1 * t) + 0.3 * np.sin(2 * np.pi * 0.23 * t), 0, None)
    return (0.1 * buzz * loud + 0.003 * np.random.default_rng(seed).standard_normal(n)).astype(np.float32)


def made_up_picture(height: int, width: int, seed: int) -> np.ndarray:
    """A smooth coloured pattern (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float64)
    channels = []
    for _ in range(3):
        waves = [np.sin(x * a + y * b + c) for a, b, c in zip(*rng.uniform(-0.06, 0.06, (2, 5)), rng.uniform(0, 6, 5), strict=True)]
        channels.append(127 + 24 * sum(waves))
    return np.clip(np.stack(channels, -1), 0, 255).astype(np.uint8)


def close_to_upstream(made: torch.Tensor | np.ndarray, name: str, tolerance: float = 1e-4) -> None:
    """Within 1e-4 of the largest number that the published program gave."""
    with np.load(UPSTREAM) as kept:
        wanted = kept[name]
    made = np.asarray(made)
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).max() <= tolerance * np.abs(wanted).max()


def made_up_faces(count: int, side: int) -> np.ndarray:
    """Pictures (count, side, side, 3) uint8 that change a little from one to the next."""
    broad = made_up_picture(side, side + count, 31)
    return np.stack([broad[:, k : k + side] for k in range(count)])
