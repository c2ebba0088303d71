"""The network of a motion model: dilated convolutions over speech states, 50 Hz in, mouth coefficients out.

Beside the coefficients it says how sure it is that the lips are closed (a regression alone rounds off the closures of p, b and
m) and that somebody speaks (music and noise are no reason to open the mouth).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

LABIAL_DILATIONS = (1, 2, 4)  # sees ±8 states: a closing, and the vowels on both sides of it
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

    def encode(self, states: Tensor) -> Tensor:
        """(B, T, states) → (B, T, width): hidden features of what is said."""
        x = functional.gelu(self.enter(self.dropout(self.norm(states)).transpose(1, 2)))
        for block in self.blocks:
            x = x + block(x)
        return x.transpose(1, 2)

    def decode(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, width) → coefficients and logits, see the class."""
        x = features.transpose(1, 2)
        judged = self.judge(x.detach())  # detached: the closure and speech losses made the features worse for the mouth
        return self.leave(x).transpose(1, 2), judged.transpose(1, 2)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        return self.decode(self.encode(states))


class MotionNetEnsemble(nn.Module):
    """Several networks that learn the same from different beginnings and return their mean, which is more accurate than any one of them."""

    def __init__(self, states: int, components: int, *, members: int, width: int = 128, dropout: float = 0.2) -> None:
        super().__init__()
        self.sizes = {"states": states, "components": components, "width": width, "members": members}
        self.members = nn.ModuleList(MotionNet(states, components, width=width, dropout=dropout) for _ in range(members))

    def each(self) -> list[MotionNet]:
        return [member for member in self.members if isinstance(member, MotionNet)]

    def encode(self, states: Tensor) -> Tensor:
        """(B, T, states) → (B, T, members × width)."""
        return torch.cat([member.encode(states) for member in self.each()], -1)

    def decode(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """As `MotionNet.decode`: the members' mean."""
        outputs = [member.decode(part) for member, part in zip(self.each(), features.chunk(len(self.members), -1), strict=True)]
        shapes, logits = zip(*outputs, strict=True)
        return torch.stack(shapes).mean(0), torch.stack(logits).mean(0)

    def forward(self, states: Tensor) -> tuple[Tensor, Tensor]:
        return self.decode(self.encode(states))


class LabialNet(nn.Module):
    """(B, T, F) speech states beside the features of a `MotionNet` → (B, T) logits of lips closed for p, b or m.

    It learns from known sounds of many voices and languages (`training.labial_data`), where `MotionNet` learns from mouths it saw.
    """

    def __init__(self, inputs: int, *, width: int = 96) -> None:
        super().__init__()
        self.sizes = {"inputs": inputs, "width": width}
        self.norm = nn.LayerNorm(inputs)
        self.enter = nn.Linear(inputs, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv1d(width, width, 3, padding=d, dilation=d), nn.GELU(), nn.Dropout(0.2), nn.Conv1d(width, width, 1))
            for d in LABIAL_DILATIONS
        )
        self.leave = nn.Conv1d(width, 1, 3, padding=1)
        self.dropout = nn.Dropout(0.5)  # much: what it learns from is synthetic

    def forward(self, heard: Tensor) -> Tensor:
        x = functional.gelu(self.enter(self.dropout(self.norm(heard)))).transpose(1, 2)
        for block in self.blocks:
            x = x + block(x)
        logits: Tensor = self.leave(x)[:, 0]
        return logits


def build_network(sizes: dict[str, Any], *, dropout: float = 0.2) -> MotionNet | MotionNetEnsemble:
    """A network with random weights, of the sizes that `MotionNet.sizes` or `MotionNetEnsemble.sizes` says."""
    if sizes.get("members", 1) > 1:
        return MotionNetEnsemble(**sizes, dropout=dropout)
    return MotionNet(**{key: size for key, size in sizes.items() if key != "members"}, dropout=dropout)
