"""LatentSync 1.5 (256 pixels) and 1.6 (512) as one model of mouths (Li et al. 2024, "LatentSync: Taming audio-conditioned latent diffusion
models for lip sync with SyncNet supervision").

Windows of 16 frames are drawn out of noise, given the face without its lower half, another picture of the person, and the speech.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base import Needs, PlanArrays, PlanContext
from ..neural.mouth_model import MouthNetwork, Mouths, Task
from .musetalk import AUTOENCODER, PACKAGES, WHISPER
from .sizes import PUBLISHED, Sampling, Sizes

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from torch import Tensor

    from .autoencoding import Autoencoder, KeptLatents
    from .frame_windows import FrameWindow

WEIGHTS = ("latentsync-1.6", "latentsync-1.5")  # ids of the catalogue: either will do
_SIDES = {"latentsync-1.6": 512, "latentsync-1.5": 256}
_REACH = 30  # two sequences of windows that begin or end up to 15 of their frames away; of more sequences windows are cut short
_KEPT = 6  # windows of which the next block needs some too


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentSyncOptions:
    """How much is computed, and where this engine departs from the published program, with the better way as the default."""

    sampling: Sampling = field(default_factory=Sampling)
    middles: bool = True  # long speech is heard in pieces that overlap; the program puts pieces of 30 s side by side
    references: bool = True  # another frame shows the person to the network, as in training; the program shows the frame's own mouth


class LatentSyncModel:
    """Whichever of the published networks is installed, 1.6 before 1.5."""

    name = "latentsync"
    version = 1
    block = 16
    reach = _REACH
    splits = False
    bytes_per_frame = 1 << 30
    needs = Needs(models=(WEIGHTS, AUTOENCODER, WHISPER), packages=PACKAGES)

    def __init__(self, options: LatentSyncOptions | None = None, sizes: Sizes | None = None) -> None:
        self.options, self.sizes = options or LatentSyncOptions(), sizes or PUBLISHED

    @property
    def size(self) -> int:
        from ...weights.catalogue import model
        from ...weights.installed import first_installed

        found = first_installed(WEIGHTS) or WEIGHTS[0]
        return _SIDES[model(found).like or found]

    @property
    def uses_references(self) -> bool:
        return self.options.references

    def crops(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """The face upright and of one size, by brows and nose."""
        from .framing import latentsync_matrices

        return latentsync_matrices(points, self.size)

    def write(self, context: PlanContext) -> None:
        """What is heard (see `heard`) and

        run.npy     (n,) int32   the first of the frames that a window may hold with this one; −1 = not usable
        phases.npy  (1,) int64   in how many sequences the frames are drawn
        """
        from ...face.reasons import Reason
        from .frame_windows import phases_at, runs_of
        from .heard import write_heard

        write_heard(context, "latentsync", self.sizes, by_time=True, middles=self.options.middles)
        scenes = context.person.scenes[context.frames - context.person.first_frame]
        np.save(context.folder / "run.npy", runs_of(context.frames, scenes, context.reasons == Reason.USABLE))
        np.save(context.folder / "phases.npy", np.array([phases_at(context.fps)]))

    def digest(self, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
        from .frame_windows import STEP
        from .heard import heard_digest

        (phases,) = plan.array("phases").tolist()
        runs = plan.array("run")[start:end_exclusive]
        said = (self.options, phases, start % (STEP * phases), np.where(runs < 0, runs, runs - start).tolist())
        return heard_digest(plan, start, end_exclusive) + blake2b(repr(said).encode(), digest_size=16).digest()

    def load(self, device: torch.device) -> MouthNetwork:
        from ...weights.digests import files_of
        from ...weights.loading import load_strictly
        from .autoencoding import load_autoencoder
        from .motion import latentsync_unet
        from .networks import built_empty

        (path,) = files_of((WEIGHTS,))
        unet = load_strictly(built_empty(lambda: latentsync_unet(self.sizes)), path)
        return LatentSyncNetwork(unet, load_autoencoder(device, self.sizes), device, self.options)


class LatentSyncNetwork:
    """The networks on a device."""

    def __init__(self, unet: UNet2DConditionModel, vae: AutoencoderKL, device: torch.device, options: LatentSyncOptions) -> None:
        from .autoencoding import Autoencoder
        from .networks import on_device

        self._device, self._options = device, options
        self._unet = on_device(unet, device)
        self._autoencoder = Autoencoder(vae, pixels_at_once=512 * 512)  # it costs next to nothing beside the steps: memory counts
        self._kept: OrderedDict[bytes, Tensor] = OrderedDict()

    def generate(self, plan: PlanArrays, task: Task) -> Mouths:
        """Of the block's own frames; its neighbours come back as they were."""
        import torch

        from .autoencoding import KeptLatents
        from .mask import kept_pixels

        stored = KeptLatents.beside(plan)
        own = np.flatnonzero((task.rows >= task.start) & (task.rows < task.start + LatentSyncModel.block))
        pixels = task.crops * 2 - 1
        latents = self._blended(plan, task, pixels, task.rows[own])
        kept = kept_pixels(pixels.shape[-1]).to(self._device)
        picture, reconstruction = task.crops.clone(), task.crops.clone()
        for result, made in ((picture, latents), (reconstruction, self._autoencoder.encode(pixels[own], stored))):
            result[own] = torch.lerp(self._autoencoder.picture(made), task.crops[own], kept)
        return Mouths(picture, reconstruction)

    def _blended(self, plan: PlanArrays, task: Task, pixels: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Latents of some frames: those of their windows, mixed."""
        import torch

        from .frame_windows import rows_of, shares_of

        (phases,) = plan.array("phases").tolist()
        runs = plan.array("run")
        drawn: dict[tuple[FrameWindow, int], tuple[NDArray[np.int64], Tensor]] = {}
        blended = []
        for row in rows.tolist():
            run = _run_within(runs, int(runs[row]), task.rows)
            parts = []
            for window, share in shares_of(row, run, phases):
                if (window, run[0]) not in drawn:
                    held = rows_of(window, run, phases)
                    drawn[window, run[0]] = held, self._window(plan, task, pixels, held)
                held, latents = drawn[window, run[0]]
                parts.append(share * latents[int(np.flatnonzero(held == row)[0])])
            blended.append(torch.stack(parts).sum(0))
        return torch.stack(blended)

    def _window(self, plan: PlanArrays, task: Task, pixels: Tensor, held: NDArray[np.int64]) -> Tensor:
        """The latents (16, 4, h, w) of one window; those of the last few are kept, since blocks share windows."""
        import torch

        from .autoencoding import KeptLatents
        from .heard import heard_at

        at = torch.from_numpy(np.searchsorted(task.rows, held)).to(pixels.device)
        heard = heard_at(plan, held, "latentsync")
        seen = pixels[at], task.references[at] * 2 - 1
        name = blake2b(heard.tobytes() + b"".join(each.cpu().numpy().tobytes() for each in seen), digest_size=16).digest()
        if name not in self._kept:
            self._kept[name] = self._draw(*seen, torch.from_numpy(heard).to(self._device), KeptLatents.beside(plan))
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[name]

    def _draw(self, pixels: Tensor, references: Tensor, heard: Tensor, kept: KeptLatents | None) -> Tensor:
        from .sampling import draw_window, starting_noise

        given, sampling = given_of(self._autoencoder, pixels, references, kept), self._options.sampling
        return draw_window(self._unet, given, heard, starting_noise(pixels.shape[-1], sampling.seed), sampling)


def given_of(encoder: Autoencoder, pixels: Tensor, references: Tensor, kept: KeptLatents | None = None) -> Tensor:
    """What a window is drawn from beside noise and speech (B, 9, h, w): the mask, the latents of what it leaves, and those of a reference.

    pixels, references (B, 3, S, S), -1 … 1; what is masked is grey.
    """
    import torch

    from .mask import kept_latents, kept_pixels

    side = pixels.shape[-1]
    left = encoder.encode(pixels * kept_pixels(side).to(pixels.device), kept)
    mask = kept_latents(side).to(pixels.device).expand(len(pixels), -1, -1, -1)
    return torch.cat([mask, left, encoder.encode(references, kept)], 1)


def _run_within(runs: NDArray[np.int32], first: int, rows: NDArray[np.int64]) -> tuple[int, int]:
    """First frame and end of a run, as far as a task reaches."""
    held = rows[runs[rows] == first]
    return int(held[0]), int(held[-1]) + 1
