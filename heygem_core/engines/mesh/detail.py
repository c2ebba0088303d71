"""Keeps the finest detail of moved pixels as strong as where they came from.

Pixels that are read between pixels, and pictures that are mixed, lose grain and the finest edges: a patch of skin that is smoother than
the face around it gives a drawn mouth away, most in small or noisy pictures. How much there was is measured before, how much is left
after; the rest is given back. Pixels that no camera took get grain of their own instead (`engines.grain`).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_CELL = 8  # pixels along which detail is averaged
_MOST = 1.6  # times: what is nearly lost cannot be told from noise
_FAINT = 2e-4  # of luma's range: below is no detail


def detail_of(picture: Tensor) -> Tensor:
    """How strong the finest detail of luma is around each place: pictures (B, 3, h, w) → (B, 1, ⌈h / 8⌉, ⌈w / 8⌉), 0 … 1."""
    return functional.avg_pool2d(_finest(picture[:, :1]).abs(), _CELL, ceil_mode=True)


def read_detail(detail: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """`detail_of` a picture at the places x, y (B, H, W) in it, pixels: (B, 1, H, W)."""
    places = functional.avg_pool2d(torch.stack([x, y], 1), _CELL, ceil_mode=True)
    size = torch.tensor([detail.shape[3], detail.shape[2]], device=x.device)
    where = (places.permute(0, 2, 3, 1) + 0.5) / (_CELL * size) * 2 - 1
    read = functional.grid_sample(detail, where, mode="bilinear", padding_mode="border", align_corners=False)
    return _spread(read, x.shape[1], x.shape[2])


def restore(picture: Tensor, wanted: Tensor, where: Tensor) -> Tensor:
    """Pictures (B, 3, h, w) whose detail is raised to `wanted` (B, 1, h, w), never lowered, as far as `where` (B, h, w) says, 0 … 1."""
    finest = _finest(picture[:, :1])
    height, width = picture.shape[2:]
    there = _spread(functional.avg_pool2d(finest.abs(), _CELL, ceil_mode=True), height, width)
    lost = ((wanted + _FAINT) / (there + _FAINT)).clamp(1, _MOST) - 1
    return torch.cat([picture[:, :1] + lost * where[:, None] * finest, picture[:, 1:]], 1)


def _finest(luma: Tensor) -> Tensor:
    """What a 3 × 3 binomial filter takes out of luma (B, 1, h, w)."""
    padded = functional.pad(luma, (1, 1, 1, 1), mode="replicate")
    across = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]
    return luma - (across[..., :-2, :] + 2 * across[..., 1:-1, :] + across[..., 2:, :]) / 16


def _spread(cells: Tensor, height: int, width: int) -> Tensor:
    """Cells of 8 × 8 pixels at every pixel of a picture of that size."""
    whole = functional.interpolate(cells, scale_factor=_CELL, mode="bilinear", align_corners=False)
    return whole[..., :height, :width]
