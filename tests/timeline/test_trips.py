"""The timeline with everything goes through each format at each rate and comes back: frames, pixels, and all that was there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ..rendering.making import pictures, speech, write_clip, write_sound
from .everything import CUTS, FORMATS, FRAMES, RATES, Rate
from .trips import Material, copied, differs_at_the_mouth_alone, luma, material, number_in, numbered, rendered, trip


def plain(rate: Rate, folder: Path) -> Material:
    """Pictures of nothing but their numbers."""
    gray = np.full((48, 96, 3), 90, np.uint8)
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("voice", "music"):
        write_sound(folder / f"{name}.wav", np.zeros(16_000 * 12, np.float32))
    return material(rate, folder, (numbered(gray, number) for number in range(FRAMES)), write_clip, folder / "voice.wav")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("rate", [pytest.param(rate, id=rate.name, marks=() if rate.fps == 25 else pytest.mark.full) for rate in RATES])
def test_everything_comes_back(tmp_path: Path, format: str, rate: Rate) -> None:
    made = plain(rate, tmp_path)
    found = trip(format, made, lambda row, folder: copied(row, folder, rate), lambda a, b: bool((a == b).all()))
    assert (found.wrong, found.pixels, found.lost) == ([], [], [])
    assert found.good, found


def talking(people: Path, rate: Rate, folder: Path) -> Material:
    """A person who talks, there and back as often as it takes."""
    faces = pictures(people / "grid" / "bbaf2n.mpg", 60)
    there_and_back = [*faces, *faces[-2:0:-1]]
    folder.mkdir(parents=True, exist_ok=True)
    said = speech(people / "grid" / "lrwp9a.mpg")
    write_sound(folder / "voice.wav", np.tile(said, 12 * 16_000 // len(said) + 1))
    write_sound(folder / "music.wav", np.zeros(16_000 * 12, np.float32))
    shown = (numbered(there_and_back[number % len(there_and_back)], number) for number in range(FRAMES))
    return material(rate, folder, shown, write_clip, folder / "voice.wav")


@pytest.mark.full
@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.name)
def test_rendered_takes_come_back_in_every_format(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rate: Rate) -> None:
    """The new mouths are there, and every sample around them is the media's."""
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    made = talking(people, rate, tmp_path)
    for format in FORMATS:
        found = trip(format, made, rendered, differs_at_the_mouth_alone)
        assert (found.wrong, found.pixels, found.lost) == ([], [], [])
        assert found.good, found
    takes = list((tmp_path / "takes").glob("*.mkv"))
    assert len(takes) <= len(CUTS) + 1, "formats agree about what is rendered; a list alone knows no dissolve of every alignment"
    media = luma(made.media)
    assert all((take[0] != media[number_in(take[0])]).any() for take in map(luma, map(str, takes)))
