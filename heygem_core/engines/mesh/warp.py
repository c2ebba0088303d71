"""Moves lower faces to wanted shapes with the person's own pixels, for a batch of frames.

*Skin*: the frame's own lower face follows a smooth field, split along the line between the lips so that upper and lower
lip move apart. *Mouth*: lips and the inside together come from a donor frame whose mouth nearly has the wanted shape, so
that teeth and lips that belong together stay together. Both read their picture through a backward map.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ...face.mesh import LIP_MIDDLES
from . import field
from .interior import Skull
from .mouth import Mouth, smoothstep
from .vertices import LIPS, LOWER_SIDE, NEAR_LIPS, SKIN, UPPER_SIDE, rows

_LIP_SLACK, _SKIN_SLACK = 2e-3, 1e-1  # lips are followed closely, the skin around them loosely (see field.solve)
_REACH = 0.8  # of a control point, inter-ocular distances
_TEETH = 0.09  # height of the upper teeth that can show, inter-ocular distances
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


class Donor(NamedTuple):
    """Mouths of other frames of the clip."""

    picture: Tensor  # (B, 3, hd, wd)
    points: Tensor  # (B, K, 2) donor pixels
    skull: Skull  # in donor pixels


def warp_donor(donor: Donor, target: Tensor, skull: Skull, mouth: Mouth, inter_ocular: Tensor, box: Box) -> Tensor:
    """The donors' mouths at the wanted shape, for the pixels of `box`: (B, 3, y1 - y0, x1 - x0).

    target (B, K, 2) crop pixels; skull: the frame's own, crop pixels. Lips follow lips. Between them the upper teeth keep their
    place on the skull, whatever the lip above them does; what differs between the two openings is taken up below the teeth.
    """
    x0, y0, x1, y1 = box
    maps = _affine(donor.points[:, rows(LIPS + NEAR_LIPS)], target[:, rows(LIPS + NEAR_LIPS)])
    off = donor.points - _apply(maps, target)
    upper, lower = (_field(target, off, side + NEAR_LIPS, inter_ocular, box, _MOUTH_CELLS) for side in (UPPER_SIDE, LOWER_SIDE))
    xs = torch.arange(x0, x1, device=off.device, dtype=torch.float32)
    ys = torch.arange(y0, y1, device=off.device, dtype=torch.float32)
    pixels = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1).reshape(1, -1, 2)
    straight = _apply(maps, pixels).transpose(1, 2).view(len(maps), 2, len(ys), len(xs))
    upper, lower = straight + upper, straight + lower
    lips = torch.lerp(upper, lower, mouth.below[:, None, y0:y1, x0:x1])
    carried = _carry(pixels, skull, donor.skull).transpose(1, 2).view_as(straight)
    down = functional.normalize(donor.skull.down, dim=1)[:, :, None, None]
    under_lip = carried + down * ((upper - carried) * down).sum(1, keepdim=True).clamp(min=0)
    under, over = (t[:, None, y0:y1, x0:x1] for t in (mouth.under_upper, mouth.over_lower))
    eye = inter_ocular[:, None, None, None]
    gap = (under + over).clamp(min=1)
    teeth_end = torch.minimum(_TEETH * eye, 0.5 * gap)
    give = ((under - teeth_end) / (gap - teeth_end).clamp(min=1)).clamp(0, 1)
    inside = torch.lerp(under_lip, lower, give * give * (3 - 2 * give))
    rigid = smoothstep(torch.minimum(_gap(donor.points), _gap(target)) / inter_ocular, 0.02, 0.06)[:, None, None, None]
    between = smoothstep(mouth.across[:, None, y0:y1, x0:x1].abs(), 0.9, 0.6)  # the dark corners belong to the lips
    inside = torch.lerp(lips, inside, rigid * between)
    seen = mouth.inside[:, None, y0:y1, x0:x1]
    return torch.lerp(field.sample(donor.picture, *lips.unbind(1)), field.sample(donor.picture, *inside.unbind(1)), seen)


def _gap(points: Tensor) -> Tensor:
    """Distance between the middles of the inner lips (B,), pixels."""
    upper, lower = points[:, rows(LIP_MIDDLES)].unbind(1)
    return (upper - lower).norm(dim=-1)


def _carry(pixels: Tensor, here: Skull, there: Skull) -> Tensor:
    """Where pixels (1, N, 2) of one picture lie in another, as parts of the skull: (B, N, 2)."""
    basis = torch.stack([here.across, here.down], 1)
    offsets = torch.linalg.solve(basis.double().cpu().transpose(1, 2), (pixels.cpu() - here.origin[:, None].cpu()).double().transpose(1, 2))
    return there.origin[:, None] + offsets.float().to(pixels.device).transpose(1, 2) @ torch.stack([there.across, there.down], 1)


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
