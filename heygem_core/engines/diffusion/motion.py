"""LatentSync's U-Net: Stable Diffusion's, which draws single pictures, made to draw 16 frames that follow one another.

Two things are added to `networks.unet_2d`. The statistics of its group normalisations span all frames of a window (in the residual
blocks and before the output; the attentions' norms stay a frame's own). And behind every residual block, or its attention where it has
one, a motion module lets each place of the picture attend to itself in the other frames.

Frames are folded into the batch: (16 B, C, h, w), the frames of a window one after another. A window always has 16: with fewer, the
statistics are others and so is the picture. Parameters have the names of the published file, so that it is loaded strictly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .networks import unet_2d
from .sizes import PUBLISHED, Sizes

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

FRAMES = 16  # of a window
CHANNELS = 13  # noise 4, mask 1, masked picture 4, reference 4
_POSITIONS = 24  # that the motion modules' code of frames has room for
_HEADS = 8  # of the motion modules


def latentsync_unet(sizes: Sizes = PUBLISHED) -> UNet2DConditionModel:
    """LatentSync's U-Net, 1.5 and 1.6 alike: (16 B, 13, h, w), a time and speech (16 B, 50, 384) → noise (16 B, 4, h, w)."""
    unet = unet_2d(CHANNELS, sizes)
    for block in (*unet.down_blocks, *unet.up_blocks):
        followed = list(getattr(block, "attentions", block.resnets))
        modules = [Motion(resnet.out_channels) for resnet in block.resnets]
        block.motion_modules = nn.ModuleList(modules)
        for each, module in zip(followed, modules, strict=True):
            each.register_forward_hook(_then(module))
    residual = (module for module in unet.modules() if type(module).__name__ == "ResnetBlock2D")
    for parent, name in [*((each, norm) for each in residual for norm in ("norm1", "norm2")), (unet, "conv_norm_out")]:
        setattr(parent, name, WindowNorm.like(getattr(parent, name)))
    unet.eval().requires_grad_(False)
    return unet


class WindowNorm(nn.GroupNorm):
    """Group normalisation whose statistics span the frames of a window."""

    @classmethod
    def like(cls, norm: nn.GroupNorm) -> WindowNorm:
        """Takes the place of an ordinary one."""
        return cls(norm.num_groups, norm.num_channels, eps=norm.eps)

    def forward(self, input: Tensor) -> Tensor:
        windows = input.reshape(-1, FRAMES, *input.shape[1:]).transpose(1, 2)  # (B, C, 16, h, w)
        return functional.group_norm(windows, self.num_groups, self.weight, self.bias, self.eps).transpose(1, 2).flatten(0, 1)


class Motion(nn.Module):
    """A motion module. (16 B, C, h, w) in and out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.temporal_transformer = _TemporalTransformer(channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.temporal_transformer(x)
        return out


class _TemporalTransformer(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(32, channels, eps=1e-6)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([_TemporalBlock(channels)])
        self.proj_out = nn.Linear(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        frames = len(x)
        seen = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))  # (16 B, h w, C)
        along = seen.reshape(-1, FRAMES, *seen.shape[1:]).transpose(1, 2).flatten(0, 1)  # (B h w, 16, C)
        for block in self.transformer_blocks:
            along = block(along)
        back = along.reshape(frames // FRAMES, -1, *along.shape[1:]).transpose(1, 2).flatten(0, 1)
        out: Tensor = x + self.proj_out(back).transpose(1, 2).reshape(x.shape)
        return out


class _TemporalBlock(nn.Module):
    """Two self-attentions over the frames, each with its code of positions, and a feed-forward. (N, 16, C) in and out."""

    def __init__(self, channels: int) -> None:
        from diffusers.models.attention import FeedForward

        super().__init__()
        self.attention_blocks = nn.ModuleList(_attention(channels) for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.ff, self.ff_norm = FeedForward(channels, activation_fn="geglu"), nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        for attend, norm in zip(self.attention_blocks, self.norms, strict=True):
            x = x + attend(cast(nn.Module, attend.pos_encoder)(norm(x)))
        out: Tensor = x + self.ff(self.ff_norm(x))
        return out


def _attention(channels: int) -> nn.Module:
    from diffusers.models.attention_processor import Attention
    from diffusers.models.embeddings import SinusoidalPositionalEmbedding

    attend: nn.Module = Attention(query_dim=channels, heads=_HEADS, dim_head=channels // _HEADS)
    attend.pos_encoder = SinusoidalPositionalEmbedding(channels, max_seq_length=_POSITIONS)
    return attend


def _then(module: Motion) -> Any:
    """A hook that sends what a layer gives through a motion module. Wrapping the layer instead would change its parameters' names."""

    def after(_layer: nn.Module, _given: Any, result: Any) -> Any:
        return module(result) if torch.is_tensor(result) else (module(result[0]), *result[1:])

    return after
