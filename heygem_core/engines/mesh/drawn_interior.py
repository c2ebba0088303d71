"""Draws the inside of a mouth for footage that never shows one: cavity, upper teeth, tongue, lit like the face.

Teeth belong to the skull: they are laid out in face space (see ARCHITECTURE.md; unit = distance between the outer eye
corners, about 90 mm on an adult) and follow the head's pose, never the lips. Cavity and tongue belong to the opening.
Sizes: mean crown widths of the upper teeth after R. C. Wheeler's "Dental Anatomy" (8.5, 6.5, 7.5, 7 mm), seen from the front.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...smoothstep import smoothstep
from .mouth import Mouth

_TOOTH_EDGES = (0.094, 0.166, 0.249, 0.327)  # along the arch from the midline: incisors, canine, premolar; eye distances
_ARCH_RADIUS = 0.30  # of the dental arch, eye distances
_EDGE_BELOW_LIP = 0.030  # incisal edge below the resting upper lip's inner line
_EDGE_RISE = 0.30  # how fast the edge line rises towards the sides (smile arc)


class Skull(NamedTuple):
    """Pose of the upper jaw in the crop: pixel = origin + u · across + v · down for face-space offsets u, v."""

    origin: Tensor  # (B, 2) middle of the resting upper lip's inner line, pixels
    across: Tensor  # (B, 2) pixels per eye distance, to the picture's right
    down: Tensor  # (B, 2)


class Light(NamedTuple):
    """Colours of the face around the mouth, Y'CbCr: luma 0 = black, 1 = white, chroma around 0."""

    skin: Tensor  # (B, 3) mean of the skin around the lips
    bright: Tensor  # (B,) luma of the face's brighter skin
    lip: Tensor  # (B, 3)
    side: Tensor  # (B, 2) relative luma of the left and right half of the skin around the mouth


def skull_offsets(skull: Skull, width: int, height: int) -> tuple[Tensor, Tensor]:
    """u, v of every pixel centre, (B, height, width)."""
    device = skull.origin.device
    ys = torch.arange(height, device=device, dtype=torch.float32)[None, :, None]
    xs = torch.arange(width, device=device, dtype=torch.float32)[None, None]
    dx, dy = xs - skull.origin[:, 0, None, None], ys - skull.origin[:, 1, None, None]
    (ax, ay), (bx, by) = skull.across.unbind(-1), skull.down.unbind(-1)
    det = (ax * by - ay * bx)[:, None, None]
    ax, ay, bx, by = (t[:, None, None] for t in (ax, ay, bx, by))
    return (dx * by - dy * bx) / det, (dy * ax - dx * ay) / det


def _teeth(u: Tensor, v: Tensor, pixel: Tensor) -> tuple[Tensor, Tensor]:
    """Coverage and shade (0..1) of the upper teeth at face-space offsets; pixel = one pixel in eye distances (B, 1, 1)."""
    soft = 1.2 * pixel
    along = _ARCH_RADIUS * torch.asin((u.abs() / _ARCH_RADIUS).clamp(max=0.999))
    edges = torch.tensor((0.0, *_TOOTH_EDGES), device=u.device)
    which = torch.bucketize(along, edges[1:-1].contiguous())
    left, right = edges[which], edges[which + 1]
    within = ((along - left) / (right - left) * 2 - 1).clamp(-1, 1)
    shorter = torch.tensor((0.0, 0.007, 0.002, 0.010), device=u.device)[which]
    rounding = 0.010 * within.abs() ** 5
    edge = _EDGE_BELOW_LIP - _EDGE_RISE * u**2 - shorter - rounding
    cover = ((edge - v) / soft + 0.5).clamp(0, 1) * smoothstep(along, _TOOTH_EDGES[-1], _TOOTH_EDGES[-1] - 0.03)
    to_gap = torch.minimum(along - left, right - along).clamp(min=0)
    gap = torch.exp(-((to_gap / (0.0035 + 0.5 * pixel)) ** 2))
    lower_down = smoothstep(edge - v, 0.09, 0.0)
    shade = (1 - 0.16 * gap * (0.4 + 0.6 * lower_down)) * (1 - 0.10 * within**2)
    shade = shade * (1 - 0.07 * smoothstep(edge - v, 0.02, 0.0))
    shade = shade * (1 - 0.75 * smoothstep(u.abs(), 0.06, 0.30))
    return cover, shade


def draw(light: Light, skull: Skull, mouth: Mouth, inter_ocular: Tensor, box: tuple[int, int, int, int]) -> Tensor:
    """The inside of the mouth for every pixel of `box` of the crop, (B, 3, h, w); only the part between the lips is meant to be seen.

    mouth: in the pixels of `box`; inter_ocular (B,) pixels. The picture is black at luma 0 and white at 1.
    """
    x0, y0, x1, y1 = box
    depth_top, depth_low, across = mouth.under_upper, mouth.over_lower, mouth.across
    moved = skull._replace(origin=skull.origin - torch.tensor([x0, y0], device=skull.origin.device))
    u, v = skull_offsets(moved, x1 - x0, y1 - y0)
    eye = inter_ocular[:, None, None]
    under, over = depth_top.clamp(min=0) / eye, depth_low.clamp(min=0) / eye
    rise = depth_low / (depth_top + depth_low).clamp(min=1)  # 1 at the upper lip, 0 at the lower
    back = _cavity(light, over)
    tongue, tongue_cover = _tongue(light, rise, across)
    back = torch.lerp(back, tongue, tongue_cover[:, None])
    cover, shade = _teeth(u, v, 1 / eye)
    side = torch.lerp(light.side[:, 0, None, None], light.side[:, 1, None, None], (across / 2 + 0.5).clamp(0, 1))
    lit = shade * side * (1 - 0.40 * torch.exp(-under / 0.018)) * (0.80 + 0.20 * smoothstep(under + over, 0.02, 0.12))
    result = torch.lerp(back, _enamel(light, lit), cover[:, None])
    rim = 1 - 0.30 * torch.exp(-torch.minimum(under, over) / 0.006)  # lips shade what lies right behind them
    return torch.cat([result[:, :1] * rim[:, None], result[:, 1:]], 1)


def _cavity(light: Light, over: Tensor) -> Tensor:
    """Dark, a little lighter right behind the lower lip; over: eye distances above it (B, h, w)."""
    luma = light.skin[:, 0, None, None] * (0.12 + 0.10 * torch.exp(-over / 0.03))
    return torch.cat([luma[:, None], _spread(light.lip[:, 1:] * 0.4, luma)], 1)


def _tongue(light: Light, rise: Tensor, across: Tensor) -> tuple[Tensor, Tensor]:
    """A mound in the lower half, lips' colour, darker towards the back and the corners: colour (B, 3, h, w) and coverage (B, h, w)."""
    top = 0.50 * (1 - 0.55 * across.square())
    cover = smoothstep(top - rise, -0.25, 0.25) * smoothstep(across.abs(), 0.95, 0.5)
    shade = (0.30 + 0.22 * smoothstep(rise, 0.6, 0.1)) * (1 - 0.6 * smoothstep(across.abs(), 0.45, 1.0))
    luma = light.skin[:, 0, None, None] * shade
    return torch.cat([luma[:, None], _spread(light.lip[:, 1:], luma)], 1), cover


def _enamel(light: Light, lit: Tensor) -> Tensor:
    """Teeth under `lit` (B, h, w) of the face's light: nearly as light as its brightest skin, a hint of its warmth."""
    luma = 0.90 * light.bright[:, None, None] * lit
    return torch.cat([luma[:, None], _spread(light.skin[:, 1:], luma) * (0.55 * lit)[:, None]], 1)


def _spread(chroma: Tensor, like: Tensor) -> Tensor:
    """(B, 2) at every pixel of (B, h, w)."""
    return chroma[:, :, None, None].expand(-1, -1, *like.shape[1:])
