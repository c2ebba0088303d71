"""Carries the colours of one picture smoothly over to another one of the same pixels, measured where both show the same thing."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

_ODD_LUMA, _ODD_CHROMA = 0.06, 0.02  # a difference that far from the usual one is a shadow or a lip, not the light


def smooth_difference(skin: Tensor, donor: Tensor, weight: Tensor, reach_px: float) -> Tensor:
    """The difference skin − donor (B, 3, h, w): measured where weight (B, h, w) is high, spread smoothly everywhere.

    A normalised convolution. skin, donor: (B, 3, h, w) Y'CbCr. reach_px: over how many pixels it is smoothed.
    """
    shrink = max(1, round(reach_px / 3))
    total = torch.cat([(skin - donor) * weight[:, None], weight[:, None]], 1)
    total = _robust_weights(functional.avg_pool2d(total, shrink, ceil_mode=True))
    kernel = torch.exp(-0.5 * (torch.arange(-7, 8, device=skin.device) / 3.0) ** 2)
    kernel = kernel / kernel.sum()
    channels = total.shape[1]
    total = functional.pad(total, (7, 7, 7, 7))
    total = functional.conv2d(total, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    total = functional.conv2d(total, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
    difference = total[:, :3] / total[:, 3:].clamp(min=1e-4)
    return functional.interpolate(difference, skin.shape[2:], mode="bilinear", align_corners=False)


def _robust_weights(total: Tensor) -> Tensor:
    """Reduces the weight of outliers among weighted differences and their weights (B, 4, h, w)."""
    weight = total[:, 3:].clamp(min=1e-6)
    difference = total[:, :3] / weight
    mean = total[:, :3].sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)
    unit = torch.tensor([_ODD_LUMA, _ODD_CHROMA, _ODD_CHROMA], device=total.device).view(1, 3, 1, 1)
    odd = ((difference - mean) / unit).square().sum(1, keepdim=True)
    return total / (1 + odd).square()
