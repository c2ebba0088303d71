"""Carries colours between a clip's planes and a network, which knows R'G'B' of standard dynamic range alone.

Y'CbCr becomes R'G'B' by the clip's own matrix. PQ and HLG are tone-mapped for the network by a curve that can be undone for each channel:
up to about the level of skin in good light it follows the scene, above that it bends. What comes back is a difference, which is laid over
the clip's own values on the network's side of the curve: where it is nil, the values stay exactly what they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from ...media.colour import BT709, assumed_matrix, rgb_from_ycbcr, ycbcr_from_rgb

if TYPE_CHECKING:
    from ...media.info import MediaInfo

_GAMMA = 2.2  # of the displays that networks have learnt for
_KNEE = 0.6  # share of reference white from which brighter light is bent; the curve reaches 1 at no light
_WHITE_PQ = 203 / 10_000  # reference white of ITU-R BT.2408 over the brightest light of PQ
_WHITE_HLG = 0.265  # scene light of the HLG signal 75 %, reference white
# SMPTE ST 2084 and ITU-R BT.2100.
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkColour:
    """How the pictures of one clip are shown to a network."""

    matrix: int  # of ITU-T H.273
    transfer: Literal["sdr", "pq", "hlg"]

    @staticmethod
    def of(info: MediaInfo) -> NetworkColour:
        """Of a clip. Planes of R, G and B come as Y'CbCr of BT.709, see `media.planes`."""
        rgb = info.pixels.family == "rgb"
        transfer: Literal["sdr", "pq", "hlg"] = "pq" if info.colour.transfer == 16 else "hlg" if info.colour.transfer == 18 else "sdr"
        return NetworkColour(matrix=BT709 if rgb else assumed_matrix(info.colour, *info.coded_size), transfer=transfer)

    @property
    def linear(self) -> bool:
        """Whether a network can be shown the clip's values as they are."""
        return self.transfer == "sdr"

    def shown(self, picture: Tensor) -> Tensor:
        """Y'CbCr (…, 3, h, w) as `media.planes` gives it → Y'CbCr of standard range; super-whites lie beyond 1."""
        return picture if self.linear else self.ycbcr(_tone(self._light(self.rgb(picture))))

    def rgb(self, ycbcr: Tensor) -> Tensor:
        """R'G'B' (…, 3, h, w) by the clip's matrix."""
        return _mixed(ycbcr, rgb_from_ycbcr(self.matrix))

    def ycbcr(self, rgb: Tensor) -> Tensor:
        """The inverse of `rgb`."""
        return _mixed(rgb, ycbcr_from_rgb(self.matrix))

    def add(self, picture: Tensor, change: Tensor) -> Tensor:
        """The clip's Y'CbCr (…, 3, h, w) with a difference of what is `shown` laid over it; where that is 0, exactly as it was."""
        if self.linear:
            return picture + change
        shown = _tone(self._light(self.rgb(picture)))
        new, old = (self.ycbcr(self._signal(_light_of(rgb))) for rgb in (shown + self.rgb(change), shown))
        return picture + (new - old) * (change != 0).any(-3, keepdim=True)

    def _light(self, signal: Tensor) -> Tensor:
        """The signal as light, reference white = 1."""
        if self.transfer == "pq":
            power = signal.clamp(0, 1) ** (1 / _M2)
            return ((power - _C1).clamp(min=0) / (_C2 - _C3 * power)) ** (1 / _M1) / _WHITE_PQ
        signal = signal.clamp(min=0)
        return torch.where(signal <= 0.5, signal**2 / 3, (((signal - _HLG_C) / _HLG_A).exp() + _HLG_B) / 12) / _WHITE_HLG

    def _signal(self, light: Tensor) -> Tensor:
        """The inverse of `_light`."""
        if self.transfer == "pq":
            power = (light * _WHITE_PQ).clamp(0, 1) ** _M1
            return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
        light = light.clamp(min=0) * _WHITE_HLG
        return torch.where(light <= 1 / 12, (3 * light).sqrt(), _HLG_A * (12 * light - _HLG_B).clamp(min=1e-6).log() + _HLG_C)


def _tone(light: Tensor) -> Tensor:
    """Light, reference white = 1, as a picture of standard range, 0 … 1."""
    over = (light - _KNEE).clamp(min=0)
    bent = _KNEE + (1 - _KNEE) * over / (over + (1 - _KNEE))
    return torch.where(light <= _KNEE, light, bent).clamp(min=0) ** (1 / _GAMMA)


def _light_of(shown: Tensor) -> Tensor:
    """The inverse of `_tone`."""
    linear = shown.clamp(0, 0.9999) ** _GAMMA
    over = (linear - _KNEE).clamp(min=0) / (1 - _KNEE)
    return torch.where(linear <= _KNEE, linear, _KNEE + (1 - _KNEE) * over / (1 - over).clamp(min=1e-4))


def _mixed(picture: Tensor, matrix: object) -> Tensor:
    """The three channels of (…, 3, h, w), mixed by a matrix (3, 3)."""
    weights = torch.as_tensor(matrix, dtype=torch.float32).to(picture.device)
    return torch.einsum("ij,...jhw->...ihw", weights, picture)
