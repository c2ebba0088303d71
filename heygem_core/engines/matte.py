"""Makes the soft matte over a lower face inside which pixels may change: it ends within 1.3 × the face's outline, below the eyes."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..face.mesh import FACE_OVAL, NOSE_BASE, NOSE_BRIDGE_TOP
from ..smoothstep import smoothstep

INNER, OUTER = 1.05, 1.22  # of the face's outline: all of the matte inside the one, nothing outside the other
MATTE_VERTICES = (*FACE_OVAL, NOSE_BRIDGE_TOP, NOSE_BASE)  # mesh vertices that the matte is made from, in this order
_FROM, _TO = 0.35, 0.8  # way from the top of the nose (0) to its base (1) over which the matte comes in
_STEPS = 128  # directions in which the outline's reach is tabulated


def face_matte(points: Tensor, wanted: Tensor, width: int, height: int) -> Tensor:
    """The matte (B, height, width), 0 … 1. points, wanted: tracked and wanted `MATTE_VERTICES` (B, N, 2) in crop pixels.

    The outline lies half-way between the two; the nose is the tracked one.
    """
    device = points.device
    outline = (points[:, :-2] + wanted[:, :-2]) / 2
    centre = outline.mean(1)
    table = _reach(outline - centre[:, None])
    xs = torch.arange(width, device=device, dtype=torch.float32)
    ys = torch.arange(height, device=device, dtype=torch.float32)
    dx, dy = xs[None, None] - centre[:, 0, None, None], ys[None, :, None] - centre[:, 1, None, None]
    at = (torch.atan2(dy, dx) / torch.pi + 1) / 2 * (_STEPS - 1.001)
    k = at.long()
    reach = torch.lerp(table.gather(1, k.flatten(1)).view_as(at), table.gather(1, k.flatten(1) + 1).view_as(at), at - k)
    top, base = points[:, -2], points[:, -1]
    down = (base - top) / (base - top).square().sum(-1, keepdim=True).clamp(min=1e-6)
    start = ((centre - top) * down).sum(-1)
    along = start[:, None, None] + dx * down[:, 0, None, None] + dy * down[:, 1, None, None]
    return smoothstep(torch.hypot(dx, dy) / reach, OUTER, INNER) * smoothstep(along, _FROM, _TO)


def _reach(offset: Tensor) -> Tensor:
    """Distance from the centre to a closed outline (B, N, 2) in `_STEPS` directions from −π to π: (B, _STEPS)."""
    angle, order = torch.atan2(offset[..., 1], offset[..., 0]).sort(1)
    radius = offset.norm(dim=-1).gather(1, order)
    turn = 2 * torch.pi
    angle = torch.cat([angle[:, -1:] - turn, angle, angle[:, :1] + turn], 1).contiguous()
    radius = torch.cat([radius[:, -1:], radius, radius[:, :1]], 1)
    where = torch.linspace(-torch.pi, torch.pi, _STEPS, device=offset.device).expand(len(angle), -1).contiguous()
    k = torch.searchsorted(angle, where).clamp(1, angle.shape[1] - 1)
    before, after = angle.gather(1, k - 1), angle.gather(1, k)
    weight = ((where - before) / (after - before).clamp(min=1e-6)).clamp(0, 1)
    return torch.lerp(radius.gather(1, k - 1), radius.gather(1, k), weight)


def matte_bounds(points: NDArray[np.float32], wanted: NDArray[np.float32]) -> NDArray[np.float32]:
    """Boxes (n, 4) x0, y0, x1, y1 in the points' pixels that hold the matte of `MATTE_VERTICES`, tracked and wanted (n, N, 2)."""
    outline = (points[:, :-2] + wanted[:, :-2]) / 2
    centre = outline.mean(1, keepdims=True)
    outline = centre + (outline - centre) * (OUTER + 0.02)
    dense = np.concatenate([outline, (outline + np.roll(outline, 1, 1)) / 2], 1)
    top, base = points[:, -2], points[:, -1]
    down = base - top
    unit = down / np.maximum((down**2).sum(-1, keepdims=True), 1e-6)
    along = ((dense - top[:, None]) * unit[:, None]).sum(-1)
    dense = dense + np.maximum(_FROM - along, 0)[..., None] * down[:, None]
    return np.concatenate([dense.min(1), dense.max(1)], 1)
