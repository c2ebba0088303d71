"""How wide the networks are, and how LatentSync draws: numbers that can be asked for without torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The defaults are those of the published weights."""

    widths: tuple[int, ...] = (320, 640, 1280, 1280)  # channels of the U-Net's four levels
    speech: int = 384  # numbers in a state of Whisper
    heads: int = 8
    vae_widths: tuple[int, ...] = (128, 256, 512, 512)
    whisper_heads: int = 6
    whisper_layers: int = 4


PUBLISHED = Sizes()
SEED = 1247


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What decides LatentSync's pictures beside the frames and the speech."""

    steps: int = 20
    guidance: float = 1.5  # 1 = the speech is followed as it would be; more costs a second pass of the network
    seed: int = SEED
