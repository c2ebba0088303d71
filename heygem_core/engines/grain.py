"""Adds film grain and sensor noise back: as much as drawing has smoothed away, the same for the same frame."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_LAPLACIAN = torch.tensor([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])  # sees noise, blind to gradients; Immerkær 1996
_GAIN = 6.0  # root of the sum of its squares
_VISIBLE = 1.0 / 255  # what is missing must reach this: less is texture of skin and beard, not noise


def noise_level(luma: Tensor, where: Tensor) -> float:
    """Standard deviation of the noise of a picture (h, w) inside a mask (h, w), robust against detail.

    J. Immerkær, "Fast noise variance estimation", CVIU 64, 1996, with the median in place of the mean. A quarter of the pixels suffices.
    """
    filtered = functional.conv2d(luma[None, None], _LAPLACIAN[None, None], padding=1, stride=2)[0, 0].abs()[where[::2, ::2]]
    return float(filtered.median()) / 0.6745 / _GAIN if len(filtered) else 0.0


def add_grain(picture: Tensor, source: Tensor, matte: Tensor, *, frame: int) -> Tensor:
    """Gives the luma of `picture` (3, h, w) as much grain as `source` (3, h, w) has where matte (h, w) is high.

    Seeded by the frame's number in the take, so any piece of a take gets the same grain.
    """
    face = matte > 0.9
    missing = max(noise_level(source[0], face) ** 2 - noise_level(picture[0], face) ** 2, 0.0) ** 0.5
    if missing < _VISIBLE:
        return picture
    grain = grain_of((picture.shape[1], picture.shape[2]), missing, frame=frame)
    return torch.cat([(picture[0] + grain)[None], picture[1:]])


def grain_of(size: tuple[int, int], level: float, *, frame: int) -> Tensor:
    """Grain (h, w) of that standard deviation, the same for the same frame of a take."""
    return torch.randn(size, generator=torch.Generator().manual_seed(frame)) * level
