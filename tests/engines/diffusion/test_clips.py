"""Whole clips against the published programs, with narrow networks: from a face's crops and what is heard to the new picture."""

from __future__ import annotations

import pytest
import torch

from heygem_core.engines.diffusion.autoencoding import Autoencoder
from heygem_core.engines.diffusion.latentsync import given_of
from heygem_core.engines.diffusion.mask import kept_pixels
from heygem_core.engines.diffusion.motion import FRAMES, latentsync_unet
from heygem_core.engines.diffusion.musetalk import draw_mouths, without_mouth
from heygem_core.engines.diffusion.networks import autoencoder, musetalk_unet
from heygem_core.engines.diffusion.sampling import draw_window, starting_noise
from heygem_core.engines.diffusion.sizes import SEED, Sampling
from heygem_core.engines.diffusion.speech_states import position_code

from .made_up import NARROW, close_to_upstream, fill, made_up, made_up_faces


def _pixels(count: int, side: int) -> torch.Tensor:
    return torch.from_numpy(made_up_faces(count, side)).permute(0, 3, 1, 2) / 127.5 - 1


def test_musetalk_draws_a_clip_of_40_frames_as_upstream():
    """Its program draws latents at random, first the masked picture's, then the whole one's, frame by frame."""
    encoder = Autoencoder(fill(autoencoder(NARROW)), noise=torch.Generator().manual_seed(11))
    unet, heard = fill(musetalk_unet(NARROW)), made_up((40, 50, NARROW.speech), 21) + position_code(50, NARROW.speech)
    pairs = [(encoder.encode(without_mouth(each[None])), encoder.encode(each[None])) for each in _pixels(40, 64)]
    masked, seen = (torch.cat(latents) for latents in zip(*pairs, strict=True))
    made = draw_mouths(unet, masked, seen, heard)
    close_to_upstream(made[::9, :, ::3, ::3], "musetalk_clip_latents")
    pictures = (encoder.picture(made[::9]) * 255).round().permute(0, 2, 3, 1)[:, ::11, ::11]
    close_to_upstream(pictures, "musetalk_clip", tolerance=1.01 / 255)  # rounded there: half a step may fall either way


@pytest.mark.full
def test_latentsync_draws_a_clip_of_three_windows_as_upstream():
    """Its program draws noise and latents with one generator, and each window for itself."""
    noise = torch.Generator().manual_seed(SEED)
    start = torch.randn((1, 4, 16, 16), generator=noise)
    assert torch.equal(start, starting_noise(128, SEED))
    encoder, unet = Autoencoder(fill(autoencoder(NARROW)), noise=noise), fill(latentsync_unet(NARROW))
    kept, heard, made = kept_pixels(128), made_up((48, 50, NARROW.speech), 22), []
    for pixels, words in zip(_pixels(48, 128).split(FRAMES), heard.split(FRAMES), strict=True):
        given = given_of(encoder, pixels, pixels)
        latents = draw_window(unet, given, words, start, Sampling(steps=2))
        made.append(torch.lerp(encoder.pixels(latents), pixels, kept))
    close_to_upstream(torch.cat(made)[::9, :, ::13, ::13], "latentsync_clip")
