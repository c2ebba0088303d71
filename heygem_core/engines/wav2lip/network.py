"""The network of Wav2Lip, with the names of its published weights: a face and a piece of speech in, the face with that mouth out."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

SIZE = 96  # side of its pictures, pixels
HEARD = 16  # columns of mel that belong to one picture


class Block(nn.Module):
    """A convolution, transposed where it enlarges, with batch normalisation; its input is added where it is residual."""

    def __init__(self, convolution: nn.Module, *, residual: bool = False) -> None:
        super().__init__()
        self.conv_block = nn.Sequential(convolution, nn.BatchNorm2d(convolution.out_channels))  # type: ignore[arg-type]
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.conv_block(x)
        return torch.relu_(found + x if self.residual else found)


def _conv(before: int, after: int, kernel: int = 3, stride: int | tuple[int, int] = 1, padding: int = 1) -> Block:
    return Block(nn.Conv2d(before, after, kernel, stride, padding))


def _enlarging(before: int, after: int) -> Block:
    return Block(nn.ConvTranspose2d(before, after, 3, 2, 1, output_padding=1))


def _residual(channels: int, count: int) -> list[Block]:
    return [Block(nn.Conv2d(channels, channels, 3, 1, 1), residual=True) for _ in range(count)]


class Wav2Lip(nn.Module):
    """36 million parameters; see `forward`."""

    def __init__(self) -> None:
        super().__init__()
        self.face_encoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_conv(6, 16, 7, 1, 3)),  # 96 × 96
                nn.Sequential(_conv(16, 32, stride=2), *_residual(32, 2)),
                nn.Sequential(_conv(32, 64, stride=2), *_residual(64, 3)),
                nn.Sequential(_conv(64, 128, stride=2), *_residual(128, 2)),
                nn.Sequential(_conv(128, 256, stride=2), *_residual(256, 2)),
                nn.Sequential(_conv(256, 512, stride=2), *_residual(512, 1)),  # 3 × 3
                nn.Sequential(_conv(512, 512, padding=0), _conv(512, 512, 1, padding=0)),  # 1 × 1
            ]
        )
        self.audio_encoder = nn.Sequential(
            *(_conv(1, 32), *_residual(32, 2)),
            *(_conv(32, 64, stride=(3, 1)), *_residual(64, 2)),
            *(_conv(64, 128, stride=3), *_residual(128, 2)),
            *(_conv(128, 256, stride=(3, 2)), *_residual(256, 1)),
            *(_conv(256, 512, padding=0), _conv(512, 512, 1, padding=0)),
        )
        self.face_decoder_blocks = nn.ModuleList(
            [
                nn.Sequential(_conv(512, 512, 1, padding=0)),
                nn.Sequential(Block(nn.ConvTranspose2d(1024, 512, 3, 1, 0)), *_residual(512, 1)),
                nn.Sequential(_enlarging(1024, 512), *_residual(512, 2)),
                nn.Sequential(_enlarging(768, 384), *_residual(384, 2)),
                nn.Sequential(_enlarging(512, 256), *_residual(256, 2)),
                nn.Sequential(_enlarging(320, 128), *_residual(128, 2)),
                nn.Sequential(_enlarging(160, 64), *_residual(64, 2)),
            ]
        )
        self.output_block = nn.Sequential(_conv(80, 32), nn.Conv2d(32, 3, 1), nn.Sigmoid())

    def forward(self, mel: Tensor, faces: Tensor) -> Tensor:
        """mel (B, 1, 80, 16), faces (B, 6, 96, 96): B'G'R' without its lower half, then a whole face; → (B, 3, 96, 96) B'G'R' 0 … 1."""
        seen: list[Tensor] = []
        x = faces
        for encode in self.face_encoder_blocks:
            x = encode(x)
            seen.append(x)
        x = self.audio_encoder(mel)
        for decode in self.face_decoder_blocks:
            x = torch.cat([decode(x), seen.pop()], 1)
        made: Tensor = self.output_block(x)
        return made


def for_inference(network: Wav2Lip) -> Wav2Lip:
    """The same network without its normalisations, which become part of the convolutions: a seventh less work."""
    network.eval()
    for block in [module for module in network.modules() if isinstance(module, Block)]:
        convolution, normalisation = block.conv_block
        assert isinstance(convolution, nn.Conv2d | nn.ConvTranspose2d)
        assert isinstance(normalisation, nn.BatchNorm2d)
        fused = fuse_conv_bn_eval(convolution, normalisation, transpose=isinstance(convolution, nn.ConvTranspose2d))
        block.conv_block = nn.Sequential(fused)
    return network.requires_grad_(False)
