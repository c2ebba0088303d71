"""The network of a motion head: dilated convolutions over speech states, 50 Hz in, mouth coefficients out.

Beside the coefficients it says how sure it is that the lips are closed: a regression alone rounds off the closures of p, b and m.
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor, nn

DILATIONS = (1, 2, 4, 8, 1, 2)  # receptive field: ±18 states of 20 ms, and the encoder before it looks further


class MotionNet(nn.Module):
    """(B, T, states) speech states → (B, T, components) mouth coefficients in standard deviations, and (B, T) logits of closed lips."""

    def __init__(self, states: int, components: int, *, width: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.sizes = {"states": states, "components": components, "width": width}
        self.norm = nn.LayerNorm(states)
        self.enter = nn.Conv1d(states, width, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, padding=d, dilation=d), nn.GELU(), nn.Dropout(dropout), nn.Conv1d(width, width, 1))
            for d in DILATIONS
        )
        self.leave = nn.Conv1d(width, components + 1, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        x = functional.gelu(self.enter(self.dropout(self.norm(states)).transpose(1, 2)))
        for block in self.blocks:
            x = x + block(x)
        out: Tensor = self.leave(x).transpose(1, 2)
        return out[..., :-1], out[..., -1]
