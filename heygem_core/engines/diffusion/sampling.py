"""How LatentSync draws a window of 16 frames out of noise: 20 steps of DDIM, and how much more the speech is followed than it would be.

noise, the same for all frames ─┐
mask, masked picture, reference ┴─► U-Net, with the speech and without ─► a little less noise ─► … ─► latents
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .motion import FRAMES
from .networks import CELL
from .sizes import Sampling

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel


def starting_noise(side: int, seed: int) -> Tensor:
    """(1, 4, side / 8, side / 8) float32: the noise that every frame of every window begins with.

    It is the same for a whole take: frames that begin alike end alike, within a window and from one to the next. It is drawn on the
    processor, so it is the same on every device.
    """
    return torch.randn((1, 4, side // CELL, side // CELL), generator=torch.Generator().manual_seed(seed))


def draw_window(unet: UNet2DConditionModel, given: Tensor, speech: Tensor, noise: Tensor, sampling: Sampling) -> Tensor:
    """The latents (16, 4, h, w) float32 of 16 frames.

    given (16, 9, h, w): mask, masked latents, reference latents; speech (16, 50, 384); noise (1, 4, h, w).
    The passes with and without speech run one after the other, which halves the memory.
    """
    scheduler = ddim(sampling.steps)
    latents: Tensor = noise.to(given.device, torch.float32).expand(FRAMES, -1, -1, -1) * scheduler.init_noise_sigma
    silence, dtype = torch.zeros_like(speech), unet.dtype
    for time in scheduler.timesteps:
        seen = torch.cat([latents.to(dtype), given.to(dtype)], 1)
        guess: Tensor = unet(seen, time, encoder_hidden_states=speech.to(dtype)).sample.float()
        if sampling.guidance != 1:
            unheard = unet(seen, time, encoder_hidden_states=silence.to(dtype)).sample.float()
            guess = unheard + sampling.guidance * (guess - unheard)
        latents = scheduler.step(guess, time, latents).prev_sample
    return latents


def ddim(steps: int) -> Any:
    """The schedule that LatentSync was trained for, cut into that many steps."""
    from diffusers.schedulers import DDIMScheduler

    scheduler = DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, set_alpha_to_one=False, clip_sample=False
    )
    scheduler.set_timesteps(steps)
    return scheduler
