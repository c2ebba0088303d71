"""Draws two rows of teeth of one's own: crowns on the arch of a jaw, seen from where the camera stands, with gaps, roundness and gums.

A row is a table of crowns along a circular arch in face space (unit: eye distance, about 90 mm on an adult). What makes one person's teeth
unlike another's (widths, lengths, how they stand, their shade) follows from the proportions of the face: like faces, like teeth, in every
frame and every render the same. Sizes: mean crowns after R. C. Wheeler's "Dental Anatomy", seen from the front.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...smoothstep import smoothstep

TRAITS = 26  # numbers, −1 … 1, that tell one person's teeth from another's: first a crown's own, then these
SIZE, MIDLINE, UNEVEN, SHORTER, ROUNDER, LIGHTNESS, WARMTH, SHOWS_UPPER, SHOWS_LOWER, SMILE_ARC = range(16, TRAITS)
# Pairs of vertices whose distance is a proportion of the face, with its mean and spread over a few adults, eye distances.
_PROPORTIONS = (
    ((61, 291), 0.56, 0.08),
    ((129, 358), 0.47, 0.033),
    ((10, 152), 1.87, 0.08),
    ((234, 454), 1.565, 0.035),
    ((17, 152), 0.41, 0.038),
    ((168, 2), 0.56, 0.036),
    ((2, 0), 0.18, 0.031),
    ((172, 397), 1.24, 0.058),
)
_GAP = 0.004  # half width of the shade between two crowns, eye distances
_GAP_DEPTH = 0.26  # how dark it is
_SOFT = 0.004  # an edge is never sharper: lenses and codecs leave no sharper ones on real teeth


class Row(NamedTuple):
    """One jaw's teeth, from the picture's left to its right; tables are for its N crowns."""

    radius: float  # of the arch
    edges: Tensor  # (B, N + 1) borders along the arch, 0 = midline
    shorter: Tensor  # (B, N) by which a crown ends before the longest
    tilt: Tensor  # (B, N) by which its right corner hangs lower than its middle
    rounding: Tensor  # (B, N) by which its corners end before its middle
    pointed: Tensor  # (B, N) 0 = straight edge with round corners, 1 = one cusp
    length: Tensor  # (B, N) from edge to gum
    shade: Tensor  # (B, N) 1 = the lightest


class Seen(NamedTuple):
    """What of a row lies at each pixel: each (B, h, w)."""

    cover: Tensor  # 0 … 1
    gum: Tensor  # 0 … 1 of what is covered
    shade: Tensor  # 0 … 1 from the crowns' own shape
    below: Tensor  # eye distances past the crowns' edge, negative on them
    facing: Tensor  # −1 … 1: which side the surface is turned to, 1 = the picture's right


def traits_of(neutral: NDArray[np.float32]) -> NDArray[np.float32]:
    """(TRAITS,) of a person's neutral shape (478, 3): sines of mixed proportions, so that near faces have near traits."""
    off = [(float(np.linalg.norm(neutral[a] - neutral[b])) - mean) / spread for (a, b), mean, spread in _PROPORTIONS]
    mixing = np.cos(np.outer(np.arange(1, TRAITS + 1) * 2.399, np.arange(1, len(off) + 1) * 1.618))
    traits = np.sin(1.4 * mixing @ np.clip(off, -3, 3)).round(3)  # the last bits depend on the machine
    return np.asarray(traits, np.float32)


def upper_row(traits: Tensor) -> Row:
    """The upper incisors, canines and first premolars of some people, traits (B, TRAITS)."""
    return _row(
        traits,
        radius=0.30,
        widths=(0.094, 0.071, 0.080, 0.076),
        shorter=(0.0, 0.007, 0.003, 0.011),
        rounding=(0.007, 0.010, 0.013, 0.012),
        pointed=(0.0, 0.1, 0.9, 0.6),
        length=(0.118, 0.100, 0.112, 0.090),
        shade=(1.0, 0.96, 0.88, 0.86),
    )


def lower_row(traits: Tensor) -> Row:
    """The lower ones: narrower, more alike, more crowded."""
    return _row(
        torch.cat([traits[:, :SIZE].flip(1), traits[:, SIZE:]], 1),
        radius=0.26,
        widths=(0.058, 0.063, 0.072, 0.074),
        shorter=(0.0, 0.001, -0.002, 0.008),
        rounding=(0.004, 0.005, 0.010, 0.010),
        pointed=(0.0, 0.0, 0.7, 0.5),
        length=(0.095, 0.098, 0.110, 0.090),
        shade=(0.97, 0.95, 0.88, 0.86),
    )


def _row(
    traits: Tensor,
    radius: float,
    widths: tuple[float, ...],
    shorter: tuple[float, ...],
    rounding: tuple[float, ...],
    pointed: tuple[float, ...],
    length: tuple[float, ...],
    shade: tuple[float, ...],
) -> Row:
    """Tables of one half, mirrored, then varied crown by crown: both sides of a mouth are alike, never the same."""

    def both(half: tuple[float, ...]) -> Tensor:
        return torch.tensor((*reversed(half), *half), device=traits.device)

    size, own, stand = 1 + 0.05 * traits[:, SIZE, None], traits[:, :8], traits[:, 8:16]
    wide = both(widths) * size * (1 + 0.045 * own)
    count = len(widths)
    right, left = wide[:, count:].cumsum(1), wide[:, :count].flip(1).cumsum(1).flip(1)
    edges = torch.cat([-left, torch.zeros_like(size), right], 1) + 0.004 * traits[:, MIDLINE, None]  # no midline lies in the middle
    uneven = 0.75 + 0.25 * traits[:, UNEVEN, None]  # how irregularly this person's teeth stand
    return Row(
        radius=radius,
        edges=edges.contiguous(),
        shorter=both(shorter) * (1 + 0.3 * traits[:, SHORTER, None]) + 0.0025 * uneven * stand,
        tilt=0.0022 * uneven * own.flip(1),
        rounding=both(rounding) * (1 + 0.25 * traits[:, ROUNDER, None]),
        pointed=both(pointed).expand_as(wide),
        length=both(length) * size,
        shade=both(shade) * (1 - 0.03 * (1 + stand.flip(1)) / 2),
    )


def look_at(row: Row, u: Tensor, v: Tensor, turn: Tensor, behind: float, edge: Tensor, rise: Tensor, pixel: Tensor) -> Seen:
    """What is seen of a row whose longest crowns end at `edge` (B, 1, 1), going up from there; v is measured upwards for lower teeth.

    u, v (B, h, w): face-space offsets of the pixels in the plane of the lips; turn (B, 2): by how much a thing one eye distance deeper in
    the head is seen further along u and v; behind: depth of the row's front; rise (B, 1, 1): by how much the edge line rises from the
    middle to one radius beside it; pixel (B, 1, 1): one pixel in eye distances.
    """
    ku, kv = turn[:, 0, None, None], turn[:, 1, None, None]
    bend = (1 + ku.square()).sqrt()
    angle = torch.atan(ku) + torch.asin((((u - behind * ku) / row.radius - ku) / bend).clamp(-0.999, 0.999))
    y = v - kv * (behind + row.radius * (1 - angle.cos()))
    along = row.radius * angle
    which = (torch.searchsorted(row.edges, along.flatten(1).contiguous()) - 1).clamp(0, row.shade.shape[1] - 1)

    def of(table: Tensor) -> Tensor:
        return table.gather(1, which).view_as(along)

    left, right = of(row.edges[:, :-1]), of(row.edges[:, 1:])
    within = ((along - left) / (right - left) * 2 - 1).clamp(-1, 1)
    square, pointed = within.square(), of(row.pointed)
    corner = torch.lerp(square.square(), square.clamp(min=1e-6).pow(0.7), pointed)
    end = edge - rise * angle.sin().square() - of(row.shorter) + of(row.tilt) * within - of(row.rounding) * corner
    height = end - y  # above the crown's edge
    soft = torch.hypot(1.1 * pixel, pixel.new_tensor(_SOFT))
    cover = (height / soft + 0.5).clamp(0, 1) * smoothstep(along.abs() / row.edges[:, -1, None, None], 1.0, 0.88)
    sigma = torch.hypot(0.6 * pixel, pixel.new_tensor(_GAP))  # a gap that is thinner than a pixel is lighter, not thinner
    gap = torch.exp(-((torch.minimum(along - left, right - along).clamp(min=0) / sigma) ** 2)) * (_GAP / sigma)
    gum_line = of(row.length) * (1 - 0.22 * square)
    shade = of(row.shade) * (1 - _GAP_DEPTH * gap * smoothstep(height, 0.085, 0.0).clamp(min=0.15)) * (1 - 0.16 * square)
    shade = shade * (1 - 0.06 * smoothstep(height, 0.016, 0.0)) * (1 - 0.20 * smoothstep(height, 0.03, 0.11))
    shade = shade * (1 - 0.80 * smoothstep(angle.abs(), 0.34, 1.05))
    facing = (angle.sin() + 0.35 * within * angle.cos()).clamp(-1, 1)
    return Seen(cover, smoothstep(height - gum_line, -0.006, 0.006), shade, -height, facing)
