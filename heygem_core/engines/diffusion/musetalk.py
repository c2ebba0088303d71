"""MuseTalk 1.5 as a model of mouths (Zhang et al. 2024, "MuseTalk: Real-time high-fidelity video dubbing via spatio-temporal sampling").

A crop without its lower half, another picture of the person and the speech go in as latents; the new picture comes out in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base import Needs, Package, PlanArrays, PlanContext
from ..neural.mouth_model import MouthNetwork, Mouths, Task
from .sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from torch import Tensor

WEIGHTS, AUTOENCODER, WHISPER = "musetalk-1.5", "sd-vae-ft-mse", "whisper-tiny"  # ids of the catalogue
SIZE = 256  # side of its crops, pixels
INSTALL = 'pip install "heygem-bridge[diffusion]"'
PACKAGES = tuple(Package(module=module, install=INSTALL) for module in ("diffusers", "transformers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class MuseTalkOptions:
    """Where this engine departs from the published program, with the better way as the default."""

    by_time: bool = True  # what is heard goes by a frame's time; the program cuts the frame rate to a whole number
    middles: bool = True  # long speech is heard in pieces that overlap; the program puts pieces of 30 s side by side
    drawn_latents: bool = False  # the program draws latents from what the encoder thinks possible, other ones at every run
    references: bool = True  # another frame shows the person to the network, as in training; the program shows the frame's own mouth


AS_PUBLISHED = MuseTalkOptions(by_time=False, middles=False, drawn_latents=True, references=False)


class MuseTalkModel:
    """The published network."""

    name = "musetalk"
    version = 1
    size = SIZE
    block = 8
    reach = 0
    splits = True
    bytes_per_frame = 700 << 20  # of the autoencoder's widest layers above all
    needs = Needs(models=(WEIGHTS, AUTOENCODER, WHISPER), packages=PACKAGES)

    def __init__(self, options: MuseTalkOptions | None = None, sizes: Sizes | None = None) -> None:
        self.options, self.sizes = options or MuseTalkOptions(), sizes or PUBLISHED

    @property
    def uses_references(self) -> bool:
        return self.options.references

    def crops(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """An upright box from the brows to below the chin."""
        from ..neural.crops import box_matrices
        from .framing import musetalk_boxes

        return box_matrices(musetalk_boxes(points), self.size)

    def write(self, context: PlanContext) -> None:
        """See `heard`."""
        from .heard import write_heard

        write_heard(context, "musetalk", self.sizes, by_time=self.options.by_time, middles=self.options.middles)

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        from .heard import heard_digest

        return heard_digest(plan, start, end_exclusive) + repr(self.options).encode()

    def load(self, device: torch.device) -> MouthNetwork:
        from ...weights.installed import path_of
        from ...weights.loading import load_strictly
        from .autoencoding import load_autoencoder
        from .networks import built_empty, musetalk_unet

        unet = load_strictly(built_empty(lambda: musetalk_unet(self.sizes)), path_of(WEIGHTS))
        return MuseTalkNetwork(unet, load_autoencoder(device, self.sizes), device, self.options)


class MuseTalkNetwork:
    """The networks on a device."""

    def __init__(self, unet: UNet2DConditionModel, vae: AutoencoderKL, device: torch.device, options: MuseTalkOptions) -> None:
        import torch

        from .autoencoding import Autoencoder
        from .networks import on_device

        self._device = device
        self._unet = on_device(unet, device)
        self._autoencoder = Autoencoder(vae, noise=torch.Generator().manual_seed(0) if options.drawn_latents else None)
        self._references = options.references

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        """All rows of the task at once."""
        import torch

        from .autoencoding import KeptLatents
        from .heard import heard_at
        from .speech_states import position_code

        kept = KeptLatents.beside(plan)
        heard = torch.from_numpy(heard_at(plan, task.rows, "musetalk"))
        heard = (heard + position_code(*heard.shape[1:])).to(self._device)
        pixels = task.crops * 2 - 1
        own = self._autoencoder.encode(pixels, kept)
        seen = self._autoencoder.encode(task.references * 2 - 1, kept) if self._references else own
        made = draw_mouths(self._unet, self._autoencoder.encode(without_mouth(pixels), kept), seen, heard)
        return Mouths(self._autoencoder.picture(made), self._autoencoder.picture(own))


def without_mouth(pixels: Tensor) -> Tensor:
    """Pixels (B, 3, S, S), -1 … 1, with the lower half black."""
    masked = pixels.clone()
    masked[:, :, masked.shape[2] // 2 :] = -1
    return masked


def draw_mouths(unet: UNet2DConditionModel, masked: Tensor, seen: Tensor, heard: Tensor) -> Tensor:
    """Latents (B, 4, h, w) of the new pictures. masked, seen (B, 4, h, w); heard (B, 50, 384) with its code of positions."""
    import torch

    given = torch.cat([masked, seen], 1).to(unet.dtype)
    made: Tensor = unet(given, 0, encoder_hidden_states=heard.to(unet.dtype)).sample
    return made.float()
