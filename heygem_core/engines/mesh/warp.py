"""Moves lower faces to wanted shapes with the person's own pixels, for a batch of frames.

*Skin*: the frame's own lower face follows a smooth field, split along the line between the lips so that upper and lower
lip move apart. *Mouth*: lips and the inside together come from a donor frame whose mouth nearly has the wanted shape, so
that teeth and lips that belong together stay together. Both read their picture through a backward map.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...face.mesh import INNER_LIPS
from . import detail, displacement_field, mouth_mapping
from .drawn_interior import Skull
from .mouth import Box, Mouth, pixel_places
from .vertices import CORNERS, LIPS, LOWER_SIDE, NEAR_LIPS, SKIN, UPPER_SIDE, rows

# How loosely control points are followed (see displacement_field.solve). The tracker places the line between closed lips no better than a
# few pixels: a field through every one of its points crumples the lips.
_CORNER_SLACK, _LIP_SLACK, _SKIN_SLACK = 2e-3, 8e-3, 1e-1
_REACH = 0.8  # of a control point, inter-ocular distances
_SKIN_CELLS, _MOUTH_CELLS = 40, 28  # lattice cells along the longer side of the crop


def warp_skin(picture: Tensor, source: Tensor, target: Tensor, below: Tensor, matte: Tensor, inter_ocular: Tensor) -> tuple[Tensor, Tensor]:
    """Moves the frame's own pixels to the wanted shape: (B, 3, h, w), and how much detail they had (`detail`), (B, 1, h, w).

    picture (B, 3, h, w); source, target (B, K, 2) crop pixels; below: of the wanted mouth, matte: both (B, h, w); inter_ocular (B,)
    pixels.
    """
    height, width = picture.shape[2:]
    upper, lower = _fields(target, source - target, SKIN, inter_ocular, (0, 0, width, height), _SKIN_CELLS)
    # Scaled by the matte, the displacement is nil where the matte ends: nothing is ever seen double there.
    dx, dy = (torch.lerp(upper, lower, below[:, None]) * matte[:, None]).unbind(1)
    xs = torch.arange(width, device=dx.device, dtype=torch.float32)
    ys = torch.arange(height, device=dx.device, dtype=torch.float32)[:, None]
    x, y = xs + dx, ys + dy
    return displacement_field.sample(picture, x, y), detail.read_detail(detail.detail_of(picture), x, y)


class Donor(NamedTuple):
    """Mouths of other frames of the clip."""

    picture: Tensor  # (B, 3, hd, wd)
    points: Tensor  # (B, K, 2) donor pixels
    skull: Skull  # in donor pixels


def warp_donor(donor: Donor, target: Tensor, skull: Skull, mouth: Mouth, inter_ocular: Tensor, box: Box) -> tuple[Tensor, Tensor]:
    """Draws the donors' mouths at the wanted shape in the pixels of `box`: (B, 3, h, w), and the detail they had, (B, 1, h, w).

    target (B, K, 2) crop pixels; skull: the frame's own, crop pixels; mouth: in the pixels of `box`. Lips follow lips; what lies
    between them keeps its size and place, see `mouth_mapping`.
    """
    x0, y0, x1, y1 = box
    maps = _affine(donor.points[:, rows(LIPS + NEAR_LIPS)], target[:, rows(LIPS + NEAR_LIPS)])
    off = donor.points - _apply(maps, target)
    upper, lower = _fields(target, off, NEAR_LIPS, inter_ocular, box, _MOUTH_CELLS)
    pixels = pixel_places(box, off.device)
    straight = _apply(maps, pixels).transpose(1, 2).view(len(maps), 2, y1 - y0, x1 - x0)
    lips = straight + torch.lerp(upper, lower, mouth.below[:, None])
    drawn = displacement_field.sample(donor.picture, *lips.unbind(1))
    left, top, right, bottom = part = around_inside(target, box)
    here = slice(top - y0, bottom - y0), slice(left - x0, right - x0)
    inner = mouth.within((left - x0, top - y0, right - x0, bottom - y0))
    kept = _inside(donor, target, skull, inner, part, lips[(..., *here)])
    drawn[(..., *here)] = torch.lerp(drawn[(..., *here)], kept, inner.inside[:, None])
    return drawn, detail.read_detail(detail.detail_of(donor.picture), *lips.unbind(1))


def _inside(donor: Donor, target: Tensor, skull: Skull, mouth: Mouth, box: Box, lips: Tensor) -> Tensor:
    """Draws the insides of the donors' mouths in the pixels of `box`, as `mouth` is: (B, 3, h, w).

    lips (B, 2, h, w): where each pixel lies in the donor if it is taken for a part of the lips.
    """
    to_donor = mouth_mapping.skull_transform(skull, donor.skull)
    table, down, dark = mouth_mapping.map_inside(donor.picture, donor.points, donor.skull.across.norm(dim=1), target, to_donor)
    across, under, over = mouth.across, mouth.under_upper, mouth.over_lower
    shift, stretched, known = mouth_mapping.read_table(table, across, under / (under + over).clamp(min=1))
    kept = to_donor(pixel_places(box, lips.device)).transpose(1, 2).view_as(lips) + down[:, :, None, None] * shift
    picture = displacement_field.sample(donor.picture, *torch.lerp(lips, kept, known).unbind(1))
    return torch.lerp(picture, dark[:, :, None, None], stretched * known)


def around_inside(target: Tensor, box: Box) -> Box:
    """The part of `box` that holds what lies between the lips of every frame with their soft edges, at least a pixel."""
    lips = target[:, rows(INNER_LIPS)]
    low, high = lips.amin((0, 1)), lips.amax((0, 1))
    margin = 3 + 0.02 * (high - low).max()
    x0, y0 = (low - margin).floor().int().tolist()
    x1, y1 = (high + margin + 1).ceil().int().tolist()
    left, top = min(max(x0, box[0]), box[2] - 1), min(max(y0, box[1]), box[3] - 1)
    return left, top, max(min(x1, box[2]), left + 1), max(min(y1, box[3]), top + 1)


def _fields(centres: Tensor, values: Tensor, both: tuple[int, ...], inter_ocular: Tensor, box: Box, cells: int) -> tuple[Tensor, Tensor]:
    """The fields of the upper and of the lower lip's side, for every pixel of `box`: each (B, 2, height, width).

    centres, values (B, K, 2): control points; each field goes through those of its own side and those of `both`.
    """
    x0, y0, x1, y1 = box
    radius = _REACH * inter_ocular
    centres = centres - torch.tensor([x0, y0], device=centres.device, dtype=torch.float32)
    lattice = displacement_field.lattice(x1 - x0, y1 - y0, cells, centres.device).expand(len(centres), -1, -1)
    shared = displacement_field.wendland(lattice, centres[:, rows(both)], radius)
    fields = []
    for side in (UPPER_SIDE, LOWER_SIDE):
        index = rows(side + both)
        slack = torch.tensor([_CORNER_SLACK if v in CORNERS else _LIP_SLACK if v in LIPS else _SKIN_SLACK for v in side + both])
        coefficients = displacement_field.solve(centres[:, index], values[:, index], radius, slack).to(centres.device)
        own, rest = coefficients[:, : len(side)], coefficients[:, len(side) :]
        there = displacement_field.wendland(lattice, centres[:, rows(side)], radius) @ own + shared @ rest
        fields.append(displacement_field.spread(there, x1 - x0, y1 - y0, cells))
    return fields[0], fields[1]


def _affine(to: Tensor, of: Tensor) -> Tensor:
    """Least-squares affine maps (B, 3, 2): [x, y, 1] @ map ≈ `to` for points `of`, both (B, N, 2)."""
    ones = torch.ones_like(of[..., :1])
    system = torch.cat([of, ones], -1).double().cpu()
    solution: Tensor = torch.linalg.lstsq(system, to.double().cpu()).solution
    return solution.float().to(of.device)


def _apply(maps: Tensor, points: Tensor) -> Tensor:
    return points @ maps[:, :2] + maps[:, 2:]
