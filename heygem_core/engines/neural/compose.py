"""Lays what a network changed over the clip's own pixels, which are kept wherever the network shows the same as they do.

A network's picture is small, soft and a little off in colour. So what counts is its difference to the crop as the network would give it
back unchanged: it is matched in colour where the face keeps still, rid of what is only the network's noise, and added to the native pixels.
Where the network shows something else than the frame (lips, teeth, the edge of a jaw that moved) the frame's own detail goes with what it
belonged to, and grain takes its place; everywhere else pores, stubble and noise stay as they were shot.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ...smoothstep import smoothstep
from ..colour_match import smooth_difference
from ..grain import grain_of, noise_level
from .colour import NetworkColour
from .crops import resample
from .mouth_model import Mouths

_EDGE = (0.01, 0.09)  # parts of the crop's side over which changes fade in from its edges
_NOISE = (1.2 / 255, 5 / 255)  # differences of the network that are its own noise, and those that are meant
_OTHER = (6 / 255, 20 / 255)  # of luma: differences from which the frame's own detail belongs to what is gone, begins to and wholly does
_REACH = 0.035  # of the crop's side: so far around such a difference, too
_MATCH_REACH = 0.12  # over which part of the crop colours are matched
_SOFTENED = 1 / 96  # of the crop's side: networks are about that soft
_SOFT = 1 / 96  # of the crop's side: over it the decisions above are smoothed


class Changes(NamedTuple):
    """What a network changed of B frames, in the pixels of its crops; pictures are Y'CbCr as `NetworkColour.shown` gives it."""

    difference: Tensor  # (B, 3, S, S) to be added
    renewed: Tensor  # (B, 1, S, S) 0 … 1: how far the frame's own detail is taken away
    before: Tensor  # (B, 3, S, S) the crops as they were, as soft as the network shows them


def find_changes(
    colour: NetworkColour, shown: Tensor, mouths: Mouths, lips: Tensor, share: Tensor, *, part_of: int | None = None
) -> Changes:
    """What is to be changed of B frames.

    shown (B, 3, S, S): the crops, Y'CbCr; lips (B, N, 2): the tracked outer lips in crop pixels; share (B,) 0 … 1: how much of it.
    part_of: of which side the whole crop is, where only a part of it is given, (B, 3, h, w); then nothing fades at the edges.
    """
    size = part_of or shown.shape[-1]
    new = colour.ycbcr(mouths.picture)
    inner = torch.ones((1, 1, 1, 1), device=shown.device) if part_of else _inner(size, shown.device)
    still = inner * _still(lips, shown.shape[-1], shown.shape[-2])
    if mouths.reconstruction is None:
        before = _as_soft(colour.ycbcr(colour.rgb(shown).clamp(0, 1)), new, still, _SOFTENED * size)
    else:
        before = colour.ycbcr(mouths.reconstruction)
    raw = new - before
    matched = raw + smooth_difference(before, new, still[:, 0], _MATCH_REACH * size)
    strength = _blurred(matched.abs().amax(1, keepdim=True), _SOFT * size)
    difference = matched * smoothstep(strength, *_NOISE)
    renewed = _renewed(difference, size)
    weight = inner * share[:, None, None, None]
    return Changes(difference * weight, renewed * weight, before)


def lay_over(colour: NetworkColour, picture: Tensor, changes: Changes, to_crop: Tensor, matte: Tensor, frame: int) -> Tensor:
    """One frame's own pixels (3, h, w) with its changes; to_crop (1, 2, 3): from their edges to those of the crop's pixels.

    matte (h, w): where the face is, for measuring grain; frame: its number in the take, which seeds it.
    """
    height, width = picture.shape[1:]
    maps = torch.cat([changes.difference, changes.renewed, changes.before], 1)
    large = resample(maps, to_crop, width, height, mode="bicubic")[0]
    difference, renewed, soft = large[:3], large[3:4].clamp(0, 1), large[4:]
    own = colour.shown(picture)
    change = difference - renewed * (own - soft)
    grain = noise_level(own[0].cpu(), (matte > 0.9).cpu())
    if grain > 0:
        change[0] = change[0] + renewed[0] * grain_of((height, width), grain, frame=frame).to(change.device)
    return colour.add(picture, change)


def _renewed(difference: Tensor, size: int) -> Tensor:
    """(B, 1, S, S) where the frame's own detail goes. Whole patches: where an old edge crosses the new picture the two happen to agree
    in places, and what stayed of the edge there would look like beads on a string."""
    other = difference[:, :1].abs() + 0.5 * difference[:, 1:].abs().sum(1, keepdim=True)
    reach = max(1, round(_REACH * size))
    for kernel in ((2 * reach + 1, 1), (1, 2 * reach + 1)):
        other = functional.max_pool2d(other, kernel, 1, (kernel[0] // 2, kernel[1] // 2))
    return smoothstep(_blurred(other, 0.6 * reach), *_OTHER)


def _as_soft(crop: Tensor, new: Tensor, still: Tensor, sigma: float) -> Tensor:
    """Crops (B, 3, S, S) as soft as a network shows them, which is measured where the face keeps still: still (B, 1, S, S)."""
    detail = crop - _blurred(crop, sigma)
    there = detail[:, :1] * still
    lost = ((crop - new)[:, :1] * there).sum((1, 2, 3)) / (detail[:, :1] * there).sum((1, 2, 3)).clamp(min=1e-6)
    return crop - detail * lost.clamp(0, 1.2)[:, None, None, None]


def _inner(size: int, device: torch.device) -> Tensor:
    """(1, 1, S, S) 0 at the edges of a crop, 1 inside."""
    at = (torch.arange(size, device=device, dtype=torch.float32) + 0.5) / size
    ramp = smoothstep(torch.minimum(at, 1 - at), *_EDGE)
    return (ramp[:, None] * ramp[None])[None, None]


def _still(lips: Tensor, width: int, height: int) -> Tensor:
    """(B, 1, height, width) 0 at the mouth and around it, 1 where a face hardly moves."""
    low, high = lips.amin(1), lips.amax(1)
    centre, half = (low + high) / 2, ((high - low) / 2).clamp(min=1)
    half = torch.maximum(half, half.amax(1, keepdim=True) * 0.6)
    xs, ys = (torch.arange(n, device=lips.device, dtype=torch.float32) + 0.5 for n in (width, height))
    across = (xs[None, None, :] - centre[:, 0, None, None]) / half[:, 0, None, None]
    down = (ys[None, :, None] - centre[:, 1, None, None]) / half[:, 1, None, None]
    return smoothstep(torch.hypot(across, down), 1.2, 1.8)[:, None]


def _blurred(picture: Tensor, sigma: float) -> Tensor:
    """(B, C, S, S) through a Gaussian."""
    reach, channels = max(1, round(2.5 * sigma)), picture.shape[1]
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=picture.device, dtype=torch.float32) / sigma) ** 2)
    kernel = kernel / kernel.sum()
    padded = functional.pad(picture, (reach, reach, reach, reach), mode="replicate")
    across = functional.conv2d(padded, kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1), groups=channels)
    return functional.conv2d(across, kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1), groups=channels)
