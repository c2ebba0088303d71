"""Draws the inside of a mouth for footage that never shows one: cavity, tongue and two rows of teeth, lit like the face.

The upper teeth belong to the skull: they are laid out in face space (see ARCHITECTURE.md; unit = distance between the outer eye
corners, about 90 mm on an adult) and follow the head's pose, never the lips. The lower teeth ride on the jaw, which drops with the lower
lip. Cavity and tongue belong to the opening. Nothing is random and nothing remembers other frames: what is drawn follows from the pose
and the shape of the mouth, so it moves as steadily as they do.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...smoothstep import smoothstep
from .drawn_teeth import LIGHTNESS, SHOWS_LOWER, SHOWS_UPPER, SMILE_ARC, WARMTH, Seen, look_at, lower_row, upper_row
from .mouth import Box, Mouth, pixel_places

_EDGE_BELOW_LIP = 0.030  # edge of the upper incisors below the resting upper lip's inner line, eye distances
_EDGE_RISE = 0.027  # by which the edge line is higher one arch radius beside the middle (smile arc)
_BEHIND_LIP = 0.04  # depth of the front teeth behind the lips' inner line
_SHOWS_BELOW = 0.008  # of the lower teeth above the lower lip, and how much more per eye distance that the jaw drops
_SHOWS_MORE = 0.10


class Skull(NamedTuple):
    """Pose of the upper jaw in the crop: pixel = origin + u · across + v · down + w · back for face-space offsets u, v, w."""

    origin: Tensor  # (B, 2) middle of the resting upper lip's inner line, pixels
    across: Tensor  # (B, 2) pixels per eye distance, to the picture's right
    down: Tensor  # (B, 2)
    back: Tensor  # (B, 2) into the head: nothing where it faces the camera


class Light(NamedTuple):
    """Colours of the face around the mouth, Y'CbCr: luma 0 = black, 1 = white, chroma around 0."""

    skin: Tensor  # (B, 3) mean of the skin around the lips
    bright: Tensor  # (B,) luma of the face's brighter skin
    lip: Tensor  # (B, 3)
    side: Tensor  # (B, 2) relative luma of the left and right half of the skin around the mouth


def skull_offsets(skull: Skull, points: Tensor) -> Tensor:
    """u, v of pixel positions (B or 1, N, 2) in the plane of the lips: (B, N, 2)."""
    off = points - skull.origin[:, None]
    (ax, ay), (bx, by) = skull.across[:, None].unbind(-1), skull.down[:, None].unbind(-1)
    dx, dy = off.unbind(-1)
    det = ax * by - ay * bx
    return torch.stack([(dx * by - dy * bx) / det, (dy * ax - dx * ay) / det], -1)


def draw(light: Light, skull: Skull, traits: Tensor, lips: Tensor, mouth: Mouth, inter_ocular: Tensor, box: Box) -> Tensor:
    """The inside of the mouth for every pixel of `box` of the crop, (B, 3, h, w); only the part between the lips is meant to be seen.

    traits (B, TRAITS): of the people; lips (B, 2, 2): middles of the upper and lower inner lip lines, crop pixels; mouth: in the pixels
    of `box`; inter_ocular (B,) pixels. The picture is black at luma 0 and white at 1.
    """
    eye = inter_ocular[:, None, None]
    under, over = mouth.under_upper.clamp(min=0) / eye, mouth.over_lower.clamp(min=0) / eye
    upper_lip, lower_lip = skull_offsets(skull, lips)[..., 1, None, None].unbind(1)
    gap = (lower_lip - upper_lip).clamp(min=0)
    u, v = (t.view_as(under) for t in skull_offsets(skull, pixel_places(box, eye.device)).unbind(-1))
    turn = skull_offsets(skull, (skull.origin + skull.back)[:, None])[:, 0]
    deep = smoothstep(mouth.across.abs(), 0.92, 0.55)  # little light comes to what lies behind the corners

    pixel, rise = 1 / eye, _EDGE_RISE * (1 + 0.5 * traits[:, SMILE_ARC, None, None])
    edge = _EDGE_BELOW_LIP + 0.008 * traits[:, SHOWS_UPPER, None, None]
    upper = look_at(upper_row(traits), u, v, turn, _BEHIND_LIP, edge, rise, pixel)
    shadow = 1 - 0.55 * torch.exp(-upper.below.clamp(min=0) / 0.014)  # of the upper teeth on what lies behind them

    result = _cavity(light, over)
    tongue, tongue_cover = _tongue(light, mouth.across, over, gap)
    result = torch.lerp(result, tongue * shadow[:, None], tongue_cover)
    shows = _SHOWS_BELOW * (1 + 1.6 * traits[:, SHOWS_LOWER, None, None]) + _SHOWS_MORE * lower_lip.clamp(min=0)
    down = turn * torch.tensor([1.0, -1.0], device=turn.device)
    lower = look_at(lower_row(traits), u, -v, down, _BEHIND_LIP + 0.02, shows - lower_lip, 0.4 * rise, pixel)
    shadow = shadow * (0.50 + 0.42 * smoothstep(under, 0.01, 0.10)) * (0.75 + 0.25 * smoothstep(over, -0.01, 0.02))
    result = _put(result, light, lower, traits, shadow * deep)
    shadow = (1 - 0.50 * torch.exp(-under / 0.026)) * (0.80 + 0.20 * smoothstep(gap, 0.02, 0.14))
    result = _put(result, light, upper, traits, shadow * deep)
    rim = 1 - 0.25 * torch.exp(-torch.minimum(under, over) / 0.005)  # lips shade what lies right behind them
    return torch.cat([result[:, :1] * rim[:, None], result[:, 1:]], 1)


def _put(picture: Tensor, light: Light, seen: Seen, traits: Tensor, lit: Tensor) -> Tensor:
    """The picture (B, 3, h, w) with a row of teeth before it; lit (B, h, w): how much of the face's light comes to it, 0 … 1."""
    left, right = light.side[:, 0, None, None], light.side[:, 1, None, None]
    lit = lit * seen.shade * torch.lerp(left, right, (0.5 + 0.8 * seen.facing).clamp(0, 1))
    # Against the skin enamel is lighter, above all against dark skin, and yellow where skin is red.
    white = (0.93 + 0.05 * traits[:, LIGHTNESS, None, None]) * light.bright[:, None, None].clamp(min=0) ** 0.75
    warm = torch.stack([0.50 + 0.10 * traits[:, WARMTH], 0.55 + 0.05 * traits[:, WARMTH]], 1)
    chroma = _spread(warm * light.skin[:, 1:], lit) * (1 + 0.3 * (1 - seen.shade))[:, None]
    lips = _spread(0.7 * light.lip[:, 1:], lit)  # what is dim is lit by them
    chroma = torch.lerp(chroma, lips, 0.12 + 0.42 * (1 - lit).clamp(0, 1)[:, None])
    enamel = torch.cat([(white * lit)[:, None], chroma * lit.clamp(min=1e-6)[:, None] ** 0.35], 1)
    gum = torch.cat([(0.62 * white * lit)[:, None], _spread(0.9 * light.lip[:, 1:], lit) * lit.sqrt()[:, None]], 1)
    return torch.lerp(picture, torch.lerp(enamel, gum, seen.gum[:, None]), seen.cover[:, None])


def _cavity(light: Light, over: Tensor) -> Tensor:
    """Dark, a little lighter right behind the lower lip; over: eye distances above it (B, h, w)."""
    luma = light.skin[:, 0, None, None] * (0.09 + 0.08 * torch.exp(-over / 0.03))
    return torch.cat([luma[:, None], _spread(light.lip[:, 1:] * 0.35, luma)], 1)


def _tongue(light: Light, across: Tensor, over: Tensor, gap: Tensor) -> tuple[Tensor, Tensor]:
    """A mound behind the lower teeth, colour (B, 3, h, w) and coverage (B, 1, h, w).

    How high it stands is read from the mouth's shape: lips a little apart speak sounds for which the tongue is up behind the teeth
    (l, th, n, s), wide open ones those for which it lies low.
    """
    bulge = (1 - across.square()).clamp(min=0)
    top = gap * (0.70 - 0.34 * smoothstep(gap, 0.05, 0.22)) * bulge.sqrt()
    below = (top - over) / gap.clamp(min=0.02)  # 0 at the tongue's highest line, growing towards the lip
    cover = smoothstep(below, -0.10, 0.14) * smoothstep(across.abs(), 0.9, 0.5)
    groove = 1 - 0.16 * torch.exp(-((across / 0.07) ** 2)) * smoothstep(below, 0.5, 0.1)
    shade = (0.20 + 0.30 * smoothstep(below, -0.1, 0.32)) * groove * (0.45 + 0.55 * bulge) * (1 - 0.3 * smoothstep(below, 0.3, 0.6))
    luma = light.skin[:, 0, None, None] * shade * 1.15
    return torch.cat([luma[:, None], _spread(light.lip[:, 1:] * 0.85, luma)], 1), cover[:, None]


def _spread(chroma: Tensor, like: Tensor) -> Tensor:
    """(B, 2) at every pixel of (B, h, w)."""
    return chroma[:, :, None, None].expand(-1, -1, *like.shape[1:])
