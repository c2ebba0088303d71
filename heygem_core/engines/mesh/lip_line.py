"""Refines the line between closed lips in the picture: the tracker places it only to a few pixels.

Lips that are warped by such points come out crumpled: the bends of the real line stay while those of the tracked one are removed.
So in a closed mouth of a donor, the inner lips are first moved onto the dark line that is really there.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ...face.mesh import INNER_LIP_CORNERS, LIP_MIDDLES
from ...smoothstep import smoothstep
from .mouth import at_x, dimmest_line, lip_lines, mouth_frame, to_mouth
from .vertices import LOWER_INNER, UPPER_INNER, rows

_COLUMNS, _CELLS = 25, 48
_REACH = 0.035  # how far off the tracked line may be, eye distances
_CLOSED, _OPEN = 0.015, 0.035  # opening up to which the line is followed wholly, and from which not at all, eye distances
_INNER = UPPER_INNER[1:-1] + LOWER_INNER[1:-1]


def refine_lip_line(picture: Tensor, points: Tensor, inter_ocular: Tensor) -> Tensor:
    """Moves the inner lips of points (B, K, 2), where they are closed, onto the dark line of picture (B, 3, h, w): (B, K, 2).

    inter_ocular (B,) pixels.
    """
    frame = mouth_frame(points[:, rows(INNER_LIP_CORNERS)])
    down = torch.stack([-frame.axis[:, 1], frame.axis[:, 0]], 1)
    x = torch.linspace(-1, 1, _COLUMNS) * frame.half[:, None]
    top, low = (at_x(line, x[:, None], frame)[:, 0] for line in lip_lines(points, UPPER_INNER, LOWER_INNER, frame))
    step = ((torch.arange(_CELLS) + 0.5) / _CELLS * 2 - 1) * _REACH
    y = (top + low)[..., None] / 2 + step * inter_ocular[:, None, None]
    place = frame.origin[:, None, None] + x[..., None, None] * frame.axis[:, None, None] + y[..., None] * down[:, None, None]
    size = torch.tensor([picture.shape[3] - 1, picture.shape[2] - 1])
    luma = functional.grid_sample(picture[:, :1], place * 2 / size - 1, mode="bilinear", padding_mode="border", align_corners=True)[:, 0]
    off = _off(luma) * inter_ocular[:, None]
    upper, lower = points[:, rows(LIP_MIDDLES)].unbind(1)
    closed = smoothstep((upper - lower).norm(dim=-1) / inter_ocular, _OPEN, _CLOSED)
    inner, across = rows(_INNER), to_mouth(points[:, rows(_INNER)], frame)[0] / frame.half[:, None]
    at = ((across + 1) / 2 * (_COLUMNS - 1)).clamp(0, _COLUMNS - 1.001)
    k = at.long()
    shift = torch.lerp(off.gather(1, k), off.gather(1, k + 1), at - k) * closed[:, None]
    settled = points.clone()
    settled[:, inner] += shift[..., None] * down[:, None]
    return settled


def _off(luma: Tensor) -> Tensor:
    """How far below the tracked line the dark one lies (B, _COLUMNS), eye distances, of luma (B, _COLUMNS, _CELLS) around it.

    Nil at the corners and on the whole: where a mouth sits on the face the tracker knows better than how its line bends.
    """
    dark, light = (luma.flatten(1).quantile(q, 1)[:, None, None] for q in (0.02, 0.8))
    dimness = ((light - luma) / (light - dark).clamp(min=0.02)).clamp(0, 1)
    line = dimmest_line(dimness, 0.5)
    at = (line * _CELLS - 0.5).round().long().clamp(0, _CELLS - 1)[..., None]
    seen = smoothstep(dimness.gather(2, at)[..., 0] - dimness.median(2).values, 0.1, 0.35)
    weight = seen * smoothstep(1 - torch.linspace(-1, 1, _COLUMNS).abs(), 0.0, 0.25)
    off = (line * 2 - 1) * _REACH
    mean = (off * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True).clamp(min=1e-3)
    return (off - mean) * weight
