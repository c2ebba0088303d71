"""The network of a motion head: dilated convolutions over speech states, 50 Hz in, mouth coefficients out.

Beside the coefficients it says how sure it is that the lips are closed (a regression alone rounds off the closures of p, b and
m) and that somebody speaks (music and noise are no reason to open the mouth).
"""

from __future__ import annotations

import torch.nn.functional as functional
from torch import Tensor, nn

DILATIONS = (1, 2, 4, 8, 1, 2)  # receptive field: ±18 states of 20 ms, and the encoder before it looks further


class MotionNet(nn.Module):
    """(B, T, states) speech states → (B, T, components) standard deviations, (B, T, 2) logits of closed lips and of speech."""

    def __init__(self, states: int, components: int, *, width: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.sizes = {"states": states, "components": components, "width": width}
        self.norm = nn.LayerNorm(states)
        self.enter = nn.Conv1d(states, width, 1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, padding=d, dilation=d), nn.GELU(), nn.Dropout(dropout), nn.Conv1d(width, width, 1))
            for d in DILATIONS
        )
        self.leave = nn.Conv1d(width, components, 1)
        self.judge = nn.Sequential(nn.Conv1d(width, width, 5, padding=2), nn.GELU(), nn.Conv1d(width, 2, 1))
        self.dropout = nn.Dropout(dropout)

    def hear(self, states: Tensor) -> Tensor:
        """(B, T, states) → (B, T, width): what is said, as far as a mouth cares."""
        x = functional.gelu(self.enter(self.dropout(self.norm(states)).transpose(1, 2)))
        for block in self.blocks:
            x = x + block(x)
        return x.transpose(1, 2)

    def speak(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, width) → coefficients and logits, see the class."""
        x = heard.transpose(1, 2)
        judged = self.judge(x.detach())  # learning to judge must not change what is heard: the mouth follows worse then
        return self.leave(x).transpose(1, 2), judged.transpose(1, 2)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        return self.speak(self.hear(states))
