"""Moves lower faces to wanted shapes with the person's own pixels, for a batch of frames.

*Skin*: the frame's own lower face follows a smooth field, split along the line between the lips so that upper and lower
lip move apart. *Mouth*: lips and the inside together come from a donor frame whose mouth nearly has the wanted shape, so
that teeth and lips that belong together stay together. Both read their picture through a backward map.
"""

from __future__ import annotations

import torch
from torch import Tensor

from . import field
from .mouth import Mouth
from .vertices import LIPS, LOWER_SIDE, NEAR_LIPS, SKIN, UPPER_SIDE, rows

_LIP_SLACK, _SKIN_SLACK = 2e-3, 1e-1  # lips are followed closely, the skin around them loosely (see field.solve)
_REACH = 0.8  # of a control point, inter-ocular distances
_SKIN_CELLS, _MOUTH_CELLS = 40, 28  # lattice cells along the longer side of the crop

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in crop pixels, ends exclusive


def warp_skin(picture: Tensor, source: Tensor, target: Tensor, mouth: Mouth, matte: Tensor, inter_ocular: Tensor) -> Tensor:
    """The frame's own pixels at the wanted shape.

    picture (B, 3, h, w); source, target (B, K, 2) crop pixels; matte (B, h, w); inter_ocular (B,) pixels → (B, 3, h, w).
    """
    height, width = picture.shape[2:]
    sides = [
        _field(target, source - target, side + SKIN, inter_ocular, (0, 0, width, height), _SKIN_CELLS) for side in (UPPER_SIDE, LOWER_SIDE)
    ]
    # Scaled by the matte, the displacement is nil where the matte ends: nothing is ever seen double there.
    dx, dy = (torch.lerp(sides[0], sides[1], mouth.below[:, None]) * matte[:, None]).unbind(1)
    xs = torch.arange(width, device=dx.device, dtype=torch.float32)
    ys = torch.arange(height, device=dx.device, dtype=torch.float32)[:, None]
    return field.sample(picture, xs + dx, ys + dy)


def warp_donor(donor: Tensor, points: Tensor, target: Tensor, mouth: Mouth, inter_ocular: Tensor, box: Box) -> Tensor:
    """The donors' mouths at the wanted shape, for the pixels of `box`.

    donor (B, 3, hd, wd); points (B, K, 2) donor pixels; target (B, K, 2) crop pixels → (B, 3, y1 - y0, x1 - x0).
    """
    x0, y0, x1, y1 = box
    maps = _affine(points[:, rows(LIPS + NEAR_LIPS)], target[:, rows(LIPS + NEAR_LIPS)])
    off = points - _apply(maps, target)
    sides = [_field(target, off, side + NEAR_LIPS, inter_ocular, box, _MOUTH_CELLS) for side in (UPPER_SIDE, LOWER_SIDE)]
    dx, dy = torch.lerp(sides[0], sides[1], mouth.below[:, None, y0:y1, x0:x1]).unbind(1)
    xs = torch.arange(x0, x1, device=dx.device, dtype=torch.float32)
    ys = torch.arange(y0, y1, device=dx.device, dtype=torch.float32)[:, None]
    m = maps[..., None, None]
    x = xs * m[:, 0, 0] + ys * m[:, 1, 0] + m[:, 2, 0] + dx
    y = xs * m[:, 0, 1] + ys * m[:, 1, 1] + m[:, 2, 1] + dy
    return field.sample(donor, x, y)


def _field(centres: Tensor, values: Tensor, vertices: tuple[int, ...], inter_ocular: Tensor, box: Box, cells: int) -> Tensor:
    """The field through some of K control points (B, K, 2), for every pixel of `box`: (B, 2, height, width)."""
    x0, y0, x1, y1 = box
    index, radius = rows(vertices), _REACH * inter_ocular
    corner = torch.tensor([x0, y0], device=centres.device, dtype=torch.float32)
    centres = centres[:, index] - corner
    slack = torch.tensor([_LIP_SLACK if v in LIPS else _SKIN_SLACK for v in vertices])
    coefficients = field.solve(centres, values[:, index], radius, slack).to(centres.device)
    lattice = field.lattice(x1 - x0, y1 - y0, cells, centres.device)
    kernel = field.wendland(lattice.expand(len(centres), -1, -1), centres, radius)
    return field.spread(kernel @ coefficients, x1 - x0, y1 - y0, cells)


def _affine(to: Tensor, of: Tensor) -> Tensor:
    """Least-squares affine maps (B, 3, 2): [x, y, 1] @ map ≈ `to` for points `of`, both (B, N, 2)."""
    ones = torch.ones_like(of[..., :1])
    system = torch.cat([of, ones], -1).double().cpu()
    return torch.linalg.lstsq(system, to.double().cpu()).solution.float().to(of.device)


def _apply(maps: Tensor, points: Tensor) -> Tensor:
    return points @ maps[:, :2] + maps[:, 2:]
