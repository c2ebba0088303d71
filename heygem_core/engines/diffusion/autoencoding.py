"""Stable Diffusion's autoencoder as both engines use it: pictures in, latents out, and back.

Latents of a clip's crops are the same in all of its takes, whatever is said in them, so they are kept on the disk too.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ...errors import OutputError
from ...storage.arrays import load_array
from ...storage.cache import Cache, key_of
from .networks import CELL, autoencoder, built_empty, decode, encode, on_device
from .sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

    from ..base import PlanArrays

WEIGHTS = "sd-vae-ft-mse"  # its id in the catalogue
_KEPT_BYTES = 256 << 20  # of latents in memory: of five minutes at 25 fps for MuseTalk, which gains most by it
_LATENTS_VERSION = 1  # raise it whenever the same pictures would give other latents


def load_autoencoder(device: torch.device, sizes: Sizes = PUBLISHED) -> AutoencoderKL:
    """On a device. Raises: MissingWeights."""
    from ...weights.installed import path_of
    from ...weights.loading import load_strictly

    vae: AutoencoderKL = load_strictly(built_empty(lambda: autoencoder(sizes)), path_of(WEIGHTS))
    return on_device(vae, device)


@dataclass(frozen=True, slots=True)
class KeptLatents:
    """Latents on the disk, of pictures that are encoded together."""

    cache: Cache
    weights: tuple[str, ...]  # digests of what made them

    @staticmethod
    def beside(plan: PlanArrays) -> KeptLatents | None:
        """Those of the cache in which a plan lies; None = it lies elsewhere."""
        cache = Cache.around(plan.folder)
        return None if cache is None else KeptLatents(cache, tuple(plan.array("weights").tolist()))

    def read(self, names: list[bytes], kind: str) -> Tensor | None:
        """(B, 4, h, w) of the pictures with these digests; kind: of the numbers and the device."""
        return self.cache.read("latents", self._key(names, kind), lambda folder: torch.from_numpy(load_array(folder / "latents.npy")))

    def write(self, names: list[bytes], kind: str, latents: Tensor) -> None:
        """Where the disk has no room they are only made again."""
        with suppress(OutputError), self.cache.making("latents", self._key(names, kind)) as made:
            np.save(Path(made) / "latents.npy", latents.cpu().numpy())

    def _key(self, names: list[bytes], kind: str) -> str:
        return key_of(_LATENTS_VERSION, self.weights, kind, b"".join(names).hex())


class Autoencoder:
    """The autoencoder on a device. It remembers what it has encoded: the pictures of a clip are the same in all of its takes.

    pixels_at_once: how many pixels go through it together, which decides the memory; at least one picture does. On a processor it always is
    one: more at once are no quicker, and a picture's latents would depend on its company in their last digits.
    noise: latents are drawn with it instead of being the middle of what is possible, other ones at every call.
    """

    def __init__(self, vae: AutoencoderKL, *, pixels_at_once: int | None = None, noise: torch.Generator | None = None) -> None:
        self._vae, self._pixels, self._noise = vae, pixels_at_once, noise
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    def encode(self, pixels: Tensor, kept: KeptLatents | None = None) -> Tensor:
        """Pixels (B, 3, 8h, 8w), -1 … 1 → latents (B, 4, h, w) float32. kept: where they may lie already, and are to lie."""
        if self._noise is not None:
            return self._encoded(pixels)
        names = [blake2b(each.cpu().numpy().tobytes(), digest_size=16).digest() for each in pixels]
        new = {name: k for k, name in enumerate(names) if name not in self._kept}
        if new:
            self._kept.update(zip(new, self._found(list(new), pixels[list(new.values())], kept), strict=True))
        for name in names:
            self._kept.move_to_end(name)
        found = torch.stack([self._kept[name] for name in names])
        while len(self._kept) * found[0].nbytes > _KEPT_BYTES:
            self._kept.popitem(last=False)
        return found

    def _found(self, names: list[bytes], pixels: Tensor, kept: KeptLatents | None) -> Tensor:
        if kept is None:
            return self._encoded(pixels)
        kind = f"{self._vae.dtype} {pixels.device.type}"
        found = kept.read(names, kind)
        if found is None:
            found = self._encoded(pixels)
            kept.write(names, kind, found)
        return found.to(pixels.device)

    def _encoded(self, pixels: Tensor) -> Tensor:
        return encode(self._vae, pixels, at_once=self._at_once(pixels.shape[-1]), noise=self._noise).float()

    def picture(self, latents: Tensor) -> Tensor:
        """Latents (B, 4, h, w) → R'G'B' (B, 3, 8h, 8w), 0 … 1."""
        return (self.pixels(latents) / 2 + 0.5).clamp(0, 1)

    def pixels(self, latents: Tensor) -> Tensor:
        """The same, about -1 … 1, and beyond where the decoder goes beyond."""
        return decode(self._vae, latents, at_once=self._at_once(latents.shape[-1] * CELL))

    def _at_once(self, side: int) -> int | None:
        if self._vae.device.type == "cpu":
            return 1
        return None if self._pixels is None else max(1, self._pixels // side**2)
