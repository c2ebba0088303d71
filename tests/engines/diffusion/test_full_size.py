"""LatentSync's network at its real size: 1.27 milliard parameters, which take some gigabytes and minutes."""

from __future__ import annotations

import pytest
import torch

from heygem_core.engines.diffusion.motion import CHANNELS, FRAMES, latentsync_unet
from heygem_core.engines.diffusion.networks import built_empty

from .made_up import close_to_upstream, fill, made_up


@pytest.mark.full
@pytest.mark.timeout(1500)
def test_latentsync_at_full_size_draws_as_upstream():
    """On latents of 256 × 256 pixels, as 1.5 has them; the network is the same."""
    unet = fill(built_empty(latentsync_unet))
    given, heard = made_up((FRAMES, CHANNELS, 32, 32), 1), made_up((FRAMES, 50, 384), 2)
    with torch.inference_mode():
        made = unet(given, torch.tensor(951), encoder_hidden_states=heard).sample
    close_to_upstream(made[::5, :, ::7, ::7], "latentsync_unet_full")
