"""The networks of MuseTalk 1.5 and LatentSync 1.5/1.6, built by diffusers and transformers, with the names of their published files.

    autoencoder   pixels (B, 3, 8h, 8w) -1 … 1  ⇄  latents (B, 4, h, w)      Stable Diffusion's, fine-tuned (sd-vae-ft-mse); both engines
    MuseTalk      latents (B, 8, h, w) + speech  →  latents (B, 4, h, w)     in one pass
    LatentSync    latents (16 B, 13, h, w) + speech  →  noise                see `motion`
    Whisper tiny  log-mel (B, 80, 3000)  →  states at 50 Hz                  the multilingual one; see `speech_states`

All sizes are those of the published weights; tests build the same classes narrower.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from ...errors import MissingPackage
from .sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

_Network = TypeVar("_Network", bound=nn.Module)

LATENT_SCALE = 0.18215  # latents are multiplied by it where a U-Net reads them
CELL = 8  # pixels along a side that one latent stands for
INSTALL = 'pip install "heygem-bridge[diffusion]"'


def autoencoder(sizes: Sizes = PUBLISHED) -> AutoencoderKL:
    """Stable Diffusion's autoencoder."""
    blocks = len(sizes.vae_widths)
    vae: AutoencoderKL = _diffusers().AutoencoderKL(
        block_out_channels=sizes.vae_widths,
        down_block_types=("DownEncoderBlock2D",) * blocks,
        up_block_types=("UpDecoderBlock2D",) * blocks,
        layers_per_block=2,
        latent_channels=4,
        scaling_factor=LATENT_SCALE,
        sample_size=256,
    )
    return _for_inference(vae)


def musetalk_unet(sizes: Sizes = PUBLISHED) -> UNet2DConditionModel:
    """MuseTalk's U-Net: masked and reference latents in, new latents out."""
    return _for_inference(unet_2d(8, sizes))


def unet_2d(channels: int, sizes: Sizes) -> UNet2DConditionModel:
    """Stable Diffusion 1's U-Net with that many input channels, listening to states of Whisper."""
    unet: UNet2DConditionModel = _diffusers().UNet2DConditionModel(
        sample_size=64,
        in_channels=channels,
        out_channels=4,
        block_out_channels=sizes.widths,
        down_block_types=("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",),
        up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3,
        layers_per_block=2,
        attention_head_dim=sizes.heads,  # how many heads: the library keeps the name from when it meant the other thing
        cross_attention_dim=sizes.speech,
        flip_sin_to_cos=True,
        freq_shift=0,
        downsample_padding=1,
        norm_eps=1e-5,
        norm_num_groups=32,
        act_fn="silu",
    )
    return unet


def whisper_encoder(sizes: Sizes = PUBLISHED) -> WhisperEncoder:
    """The encoder of Whisper tiny."""
    try:
        from transformers import WhisperConfig
        from transformers.models.whisper.modeling_whisper import WhisperEncoder
    except ImportError as error:
        raise MissingPackage("engine.needs-package", engine="musetalk, latentsync", package="transformers", install=INSTALL) from error
    config = WhisperConfig(
        d_model=sizes.speech,
        encoder_layers=sizes.whisper_layers,
        encoder_attention_heads=sizes.whisper_heads,
        encoder_ffn_dim=4 * sizes.speech,
    )
    return _for_inference(WhisperEncoder(config))


def built_empty(build: Callable[[], _Network]) -> _Network:
    """A network without numbers in it, for loading: gigabytes are not drawn at random only to be thrown away."""
    with torch.device("meta"):
        return build()


def on_device(network: _Network, device: torch.device) -> _Network:
    """Moved there; on graphics cards in half precision, as float16: both models' own programs use it, and bfloat16's steps can be seen.

    The library's own `to` warns of layers that should not be moved, of which there are none.
    """
    nn.Module.to(network, device, torch.float32 if device.type == "cpu" else torch.float16)
    return network


def encode(vae: AutoencoderKL, pixels: Tensor, *, at_once: int | None = None, noise: torch.Generator | None = None) -> Tensor:
    """Pixels (B, 3, 8h, 8w), -1 … 1 → scaled latents (B, 4, h, w).

    The middle of what the encoder thinks possible, as in training; noise: draws from it instead, as both models' own programs do.
    at_once: how many pictures go through it together, which decides the memory.
    """
    made = []
    for part in torch.split(pixels.to(vae.dtype), at_once or max(1, len(pixels))):
        possible = vae.encode(part).latent_dist
        made.append(possible.mode() if noise is None else possible.sample(generator=noise))
    return torch.cat(made) * LATENT_SCALE


def decode(vae: AutoencoderKL, latents: Tensor, *, at_once: int | None = None) -> Tensor:
    """Scaled latents (B, 4, h, w) → pixels (B, 3, 8h, 8w) float32, about -1 … 1."""
    scaled = (latents / LATENT_SCALE).to(vae.dtype)
    return torch.cat([vae.decode(part).sample.float() for part in torch.split(scaled, at_once or max(1, len(scaled)))])


def _for_inference(network: _Network) -> _Network:
    return network.eval().requires_grad_(False)


def _diffusers() -> Any:
    try:
        import diffusers
    except ImportError as error:
        raise MissingPackage("engine.needs-package", engine="musetalk, latentsync", package="diffusers", install=INSTALL) from error
    return diffusers
