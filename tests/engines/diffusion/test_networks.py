"""The networks have exactly the published parameters, and give what the published programs gave for the same ones (see `made_up`)."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from heygem_core.engines.diffusion.mask import kept_latents, kept_pixels
from heygem_core.engines.diffusion.motion import CHANNELS, FRAMES, latentsync_unet
from heygem_core.engines.diffusion.networks import autoencoder, decode, encode, musetalk_unet, whisper_encoder
from heygem_core.engines.diffusion.sampling import ddim, draw_window, starting_noise
from heygem_core.engines.diffusion.sizes import Sampling

from .made_up import NARROW, close_to_upstream, fill, made_up


@pytest.mark.parametrize(
    ("build", "tensors", "numbers"),
    [
        (latentsync_unet, 1246, 1_267_944_644),
        (musetalk_unet, 686, 849_947_844),
        (autoencoder, 248, 83_653_863),
        (whisper_encoder, 67, 8_208_384),
    ],
)
def test_a_network_has_as_many_parameters_as_its_published_file(build, tensors: int, numbers: int):
    with torch.device("meta"):
        state = build().state_dict()
    assert len(state) == tensors
    assert sum(value.numel() for value in state.values()) == numbers


def test_motion_modules_have_their_published_names():
    names = latentsync_unet(NARROW).state_dict().keys()
    module = "up_blocks.0.motion_modules.2.temporal_transformer"
    block = f"{module}.transformer_blocks.0"
    wanted = {
        f"{module}.norm.weight",
        f"{module}.proj_in.weight",
        f"{module}.proj_out.bias",
        f"{block}.norms.1.weight",
        f"{block}.ff_norm.bias",
    }
    wanted |= {f"{block}.attention_blocks.1.{part}" for part in ("to_q.weight", "to_out.0.bias", "pos_encoder.pe")}
    wanted |= {f"{block}.ff.net.0.proj.weight", f"{block}.ff.net.2.bias"}
    assert wanted <= names
    assert sum(name.endswith("proj_in.bias") and "motion" in name for name in names) == 20
    assert not any("mid_block.motion" in name for name in names)


def test_latentsync_draws_as_upstream():
    unet = fill(latentsync_unet(NARROW))
    made = unet(
        made_up((2 * FRAMES, CHANNELS, 16, 16), 1), torch.tensor(951), encoder_hidden_states=made_up((2 * FRAMES, 50, 64), 2)
    ).sample
    close_to_upstream(made[::5, :, ::3, ::3], "latentsync_unet")


def test_frames_of_a_window_see_one_another_and_those_of_another_window_not():
    """A network that drew each frame for itself would pass every test of one frame."""
    unet = fill(latentsync_unet(NARROW))
    given, speech = made_up((2 * FRAMES, CHANNELS, 8, 8), 1), made_up((2 * FRAMES, 50, 64), 2)
    before = unet(given, 500, encoder_hidden_states=speech).sample
    given[3] += 1
    after = unet(given, 500, encoder_hidden_states=speech).sample
    changed = (before - after).abs().amax((1, 2, 3))
    assert (changed[:FRAMES] > 1e-3).all()
    assert (changed[FRAMES:] == 0).all()


def test_pictures_are_encoded_alike_every_time_unless_drawn():
    vae, picture = fill(autoencoder(NARROW)), made_up((2, 3, 32, 32), 3).clamp(-1, 1)
    assert torch.equal(encode(vae, picture), encode(vae, picture))
    drawn = [encode(vae, picture, noise=torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert decode(vae, encode(vae, picture)).shape == picture.shape


def test_steps_are_those_of_the_published_schedule():
    scheduler = ddim(20)
    assert scheduler.timesteps.tolist() == list(range(951, 0, -50))
    assert scheduler.init_noise_sigma == 1


def test_ddim_is_its_formula():
    """x₀ = (x - √(1-ᾱ) ε) / √ᾱ;  x' = √ᾱ' x₀ + √(1-ᾱ') ε, with the last ᾱ' being the first of the schedule and not 1."""
    scheduler = ddim(2)
    betas = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
    kept = np.cumprod(1 - betas)
    x, guess = made_up((1, 4, 8, 8), 5), made_up((1, 4, 8, 8), 6)
    for time, before in ((501, kept[1]), (1, kept[0])):
        start = (x - (1 - kept[time]) ** 0.5 * guess) / kept[time] ** 0.5
        wanted = before**0.5 * start + (1 - before) ** 0.5 * guess
        assert torch.allclose(scheduler.step(guess, time, x).prev_sample, wanted.float(), atol=1e-4)


def test_guidance_goes_from_silence_through_the_speech_and_beyond():
    unet = fill(latentsync_unet(NARROW))
    given, speech, noise = made_up((FRAMES, 9, 8, 8), 1), made_up((FRAMES, 50, 64), 2), starting_noise(64, 1247)
    heard, silent, more = (
        draw_window(unet, given, words, noise, Sampling(steps=1, guidance=guidance))
        for words, guidance in ((speech, 1), (torch.zeros_like(speech), 1), (speech, 1.5))
    )
    assert torch.allclose(more, silent + 1.5 * (heard - silent), atol=1e-3)


def test_noise_is_the_same_on_every_machine():
    noise = starting_noise(512, 1247)
    assert noise.shape == (1, 4, 64, 64)
    assert torch.equal(noise, starting_noise(512, 1247))
    assert noise.flatten()[:3].tolist() == pytest.approx(NOISE_1247, abs=1e-6)


NOISE_1247 = [2.5234921, -0.2484321, -0.2983865]


def test_the_mask_is_the_one_that_the_network_was_trained_with():
    kept = kept_pixels(256)[0]
    assert set(kept.unique().tolist()) == {0.0, 1.0}
    assert int((kept == 0).sum()) == MASKED
    assert kept[120, 127] == 1  # the nose
    assert kept[120, 40] == kept[120, 200] == kept[150, 127] == kept[242, 140] == 0
    assert kept[243].min() == kept[94].min() == 1
    assert kept_latents(512).shape == (1, 64, 64)
    assert int((kept_latents(512) < 0.5).sum()) == MASKED_CELLS


MASKED, MASKED_CELLS = 26_673, 1_678
