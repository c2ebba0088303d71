"""Blends a donor's mouth into the skin around it, matching its colours, and measures the light for a mouth that is drawn."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...face.mesh import LIP_MIDDLES
from ...smoothstep import smoothstep
from ..colour_match import smooth_difference
from .drawn_interior import Light
from .mouth import Mouth
from .vertices import rows

MARGIN = 0.16  # skin around the lips that comes with a donor's mouth, inter-ocular distances
_WIDER = 1.0  # share by which it widens where the frame's own mouth is open far differently: its skin is folded or stretched there


class Seam(NamedTuple):
    """How wide the transition between the frame's skin and the donor's is."""

    margin: Tensor  # (B,) pixels
    mismatch: Tensor  # (B,) 0..1, how little the frame's own mouth is open like the wanted one


def seam_at(source: Tensor, target: Tensor, inter_ocular: Tensor) -> Seam:
    """From tracked and wanted points (B, K, 2) and inter_ocular (B,), all pixels."""
    apart = [(p[:, rows(LIP_MIDDLES)[0]] - p[:, rows(LIP_MIDDLES)[1]]).norm(dim=-1) for p in (source, target)]
    mismatch = smoothstep((apart[0] - apart[1]).abs() / inter_ocular, 0.05, 0.2)
    return Seam(MARGIN * inter_ocular * (1 + _WIDER * mismatch), mismatch)


def blend_mouth(skin: Tensor, donor: Tensor, outside_lips: Tensor, seam: Seam) -> tuple[Tensor, Tensor]:
    """Puts the donor's mouth into `skin` without a visible edge: (B, 3, h, w), and the donor's share of it, (B, 1, h, w).

    skin, donor (B, 3, h, w) of the same pixels; outside_lips (B, h, w) pixels away from the lips.
    """
    away = outside_lips / seam.margin[:, None, None]
    ring = smoothstep(away - 0.25 * seam.mismatch[:, None, None], 0.1, 0.4) * smoothstep(away, 1.0, 0.7)
    matched = donor + smooth_difference(skin, donor, ring, float(seam.margin.mean()))
    share = smoothstep(away, 0.95, 0.15)[:, None]
    return torch.lerp(skin, matched, share), share


def measure_light(skin: Tensor, mouth: Mouth, matte: Tensor, inter_ocular: Tensor) -> Light:
    """Measures on the frame's own face (B, 3, h, w) the colours that light a mouth's inside."""
    ring = (mouth.outside_lips > 0.02 * inter_ocular[:, None, None]) & (mouth.outside_lips < 0.15 * inter_ocular[:, None, None])
    face = matte > 0.9
    colour, lip = _mean(skin, ring), _mean(skin, (mouth.outside_lips <= 0) & (mouth.inside <= 0))
    luma = skin[:, 0]
    mean = _mean(skin, face)[:, 0]
    spread = _mean((luma - mean[:, None, None]).square()[:, None], face)[:, 0].sqrt()
    left, right = (_mean(luma[:, None], ring & side)[:, 0] for side in (mouth.across < -0.3, mouth.across > 0.3))
    side = torch.stack([left, right], 1) / colour[:, :1].clamp(min=1e-3)
    return Light(skin=colour, bright=mean + 1.2 * spread, lip=lip, side=side.clamp(0.6, 1.4))


def _mean(picture: Tensor, where: Tensor) -> Tensor:
    """Mean of (B, C, h, w) over the pixels of a mask (B, h, w): (B, C)."""
    weight = where.float()[:, None]
    return (picture * weight).sum((2, 3)) / weight.sum((2, 3)).clamp(min=1)
