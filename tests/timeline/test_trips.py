"""The timeline with everything goes through each format at each rate and comes back: frames, pixels, and all that was there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..rendering.making import write_clip, write_sound
from .everything import FORMATS, FRAMES, RATES, Rate
from .trips import Material, copied, material, numbered, trip


def small(rate: Rate, folder: Path) -> Material:
    """Pictures of nothing but their numbers."""
    gray = np.full((48, 96, 3), 90, np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("voice", "music"):
        write_sound(folder / f"{name}.wav", np.zeros(16_000 * 12, np.float32))
    return material(rate, folder, (numbered(gray, number) for number in range(FRAMES)), write_clip, folder / "voice.wav")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("rate", [pytest.param(rate, id=rate.name, marks=() if rate.fps == 25 else pytest.mark.full) for rate in RATES])
def test_everything_comes_back(tmp_path: Path, format: str, rate: Rate) -> None:
    made = small(rate, tmp_path)
    found = trip(format, made, lambda row, folder: copied(row, folder, rate), lambda a, b: bool((a == b).all()))
    assert (found.wrong, found.pixels, found.lost) == ([], [], [])
    assert found.good, found
