"""The small speech encoder that ships: log-mel in, speech states out, by dilated convolutions.

It is distilled from a large speech encoder (`motion.training.distillation`) on sound alone and then runs without it. It looks 0.9 s
to either side and no further, so a change in the speech cannot reach a mouth far away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.nn.functional as functional
from torch import Tensor, nn

DILATIONS = (1, 2, 4, 8, 16, 1, 2, 4, 8)  # sees ±46 states of 20 ms


class MelEncoder(nn.Module):
    """(B, n100, 80) log-mel → (B, ceil(n100 / 2), states) at 50 Hz, each state normalised."""

    def __init__(self, *, width: int = 192, states: int = 384, bands: int = 80, dilations: Sequence[int] = DILATIONS) -> None:
        super().__init__()
        self.sizes: dict[str, Any] = {"width": width, "states": states, "bands": bands, "dilations": list(dilations)}
        self.taps = ()
        self.enter = nn.Conv1d(bands, width, 5, padding=2)
        self.halve = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, padding=d, dilation=d), nn.GELU(), nn.Conv1d(width, width, 1)) for d in dilations
        )
        self.leave = nn.Conv1d(width, states, 1)

    def forward(self, mel: Tensor) -> Tensor:
        x = functional.gelu(self.halve(functional.gelu(self.enter(mel.transpose(1, 2)))))
        for block in self.blocks:
            x = x + block(x)
        x = self.leave(x).transpose(1, 2)
        return functional.layer_norm(x, x.shape[-1:])


def is_mel_encoder(sizes: Mapping[str, Any]) -> bool:
    """Whether the sizes in a model's file are those of a MelFront."""
    return "dilations" in sizes


def mel_encoder_from_state(state: dict[str, Tensor], sizes: Mapping[str, Any]) -> MelEncoder:
    """Restores the encoder that a motion model carries."""
    network = MelEncoder(**sizes)
    network.load_state_dict(state)
    network.eval().requires_grad_(False)
    return network
