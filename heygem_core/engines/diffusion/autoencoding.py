"""Stable Diffusion's autoencoder as both engines use it: pictures in, latents out, and back."""

from __future__ import annotations

from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .networks import CELL, autoencoder, built_empty, decode, encode, on_device
from .sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

WEIGHTS = "sd-vae-ft-mse"  # its id in the catalogue
_KEPT_BYTES = 256 << 20  # of latents: of five minutes at 25 fps for MuseTalk, which gains most by it


def load_autoencoder(device: torch.device, sizes: Sizes = PUBLISHED) -> AutoencoderKL:
    """On a device. Raises: MissingWeights."""
    from ...weights.installed import path_of
    from ...weights.loading import load_strictly

    vae: AutoencoderKL = load_strictly(built_empty(lambda: autoencoder(sizes)), path_of(WEIGHTS))
    return on_device(vae, device)


class Autoencoder:
    """The autoencoder on a device. It remembers what it has encoded: the pictures of a clip are the same in all of its takes.

    pixels_at_once: how many pixels go through it together, which decides the memory; at least one picture does.
    noise: latents are drawn with it instead of being the middle of what is possible, other ones at every call.
    """

    def __init__(self, vae: AutoencoderKL, *, pixels_at_once: int | None = None, noise: torch.Generator | None = None) -> None:
        self._vae, self._pixels, self._noise = vae, pixels_at_once, noise
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    def encode(self, pixels: Tensor) -> Tensor:
        """Pixels (B, 3, 8h, 8w), -1 … 1 → latents (B, 4, h, w) float32."""
        if self._noise is not None:
            return self._encoded(pixels)
        names = [blake2b(each.cpu().numpy().tobytes(), digest_size=16).digest() for each in pixels]
        new = {name: k for k, name in enumerate(names) if name not in self._kept}
        if new:
            self._kept.update(zip(new, self._encoded(pixels[list(new.values())]), strict=True))
        for name in names:
            self._kept.move_to_end(name)
        found = torch.stack([self._kept[name] for name in names])
        while len(self._kept) * found[0].nbytes > _KEPT_BYTES:
            self._kept.popitem(last=False)
        return found

    def _encoded(self, pixels: Tensor) -> Tensor:
        return encode(self._vae, pixels, at_once=self._at_once(pixels.shape[-1]), noise=self._noise).float()

    def picture(self, latents: Tensor) -> Tensor:
        """Latents (B, 4, h, w) → R'G'B' (B, 3, 8h, 8w), 0 … 1."""
        return (self.pixels(latents) / 2 + 0.5).clamp(0, 1)

    def pixels(self, latents: Tensor) -> Tensor:
        """The same, about -1 … 1, and beyond where the decoder goes beyond."""
        return decode(self._vae, latents, at_once=self._at_once(latents.shape[-1] * CELL))

    def _at_once(self, side: int) -> int | None:
        return None if self._pixels is None else max(1, self._pixels // side**2)
