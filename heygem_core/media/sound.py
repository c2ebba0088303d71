"""Reads the sound of any file as float32: mono at 16 kHz to listen to, and the take's own at 48 kHz with its channels kept.

Time 0 is the first frame of the picture where the file has one, so sound and picture stay together to the sample: see `sound_source`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import NoSound
from .sound_source import Samples, SoundSource, open_sound, resampled, sample_before

SPEECH_RATE = 16_000  # Hz
TAKE_RATE = 48_000  # Hz
_SILENT_SIDE = 0.03  # amplitude of a channel relative to the louder one that counts as nothing recorded
_CANCELLED = 0.1  # power of the sum relative to the parts below which channels are out of phase
_KEPT_LAYOUTS: dict[int, Literal["mono", "stereo", "5.1"]] = {1: "mono", 2: "stereo", 6: "5.1"}

# ITU-R BS.775 downmix weights by channel: (into the left sum, into the centre, into the right sum).
_HALF_POWER = 0.5**0.5
_SIDES: dict[str, tuple[float, float, float]] = {
    "FL": (1, 0, 0),
    "FR": (0, 0, 1),
    "FC": (0, 1, 0),
    "LFE": (0, 0, 0),
    "BL": (_HALF_POWER, 0, 0),
    "BR": (0, 0, _HALF_POWER),
    "SL": (_HALF_POWER, 0, 0),
    "SR": (0, 0, _HALF_POWER),
    "BC": (0.5, 0, 0.5),
    "FLC": (0.5, 0.5, 0),
    "FRC": (0, 0.5, 0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """Mono sound to listen to."""

    samples: Samples  # (n,) float32, full scale ±1
    rate: int  # Hz
    source_rate: int  # Hz of the file
    source_channels: int
    downmix: str  # how mono was made: "mono", "sum", "left", "right"

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), self.rate)


def read_speech(path: str | Path, start_s: float | Fraction | None = None, end_s: float | Fraction | None = None) -> Sound:
    """The sound between two times (None = from the beginning, to the end), mono at 16 kHz.

    Stereo whose channels cancel each other, or of which one is silent, gives the louder channel instead of the sum.
    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    with open_sound(Path(path)) as source:
        context = source.stream.codec_context
        weights = _side_weights([channel.name for channel in context.layout.channels])
        chunks = [weights @ chunk for chunk in resampled(source, SPEECH_RATE, context.layout.name)]
        source_rate, channels = context.sample_rate, context.channels
    sides = np.concatenate(chunks, axis=1) if chunks else np.zeros((3, 0), np.float32)
    if not sides.shape[1]:
        raise NoSound("media.sound-empty", file=Path(path).name)
    mono, downmix = _mono(sides)
    first, last = (None if value is None else max(0, round(Fraction(value) * SPEECH_RATE)) for value in (start_s, end_s))
    return Sound(samples=mono[first:last], rate=SPEECH_RATE, source_rate=source_rate, source_channels=channels, downmix=downmix)


def take_sound(
    path: str | Path,
    start_s: Fraction,
    duration_s: Fraction,
    *,
    end_s: Fraction | None = None,
    layout: Literal["keep", "mono", "stereo"] = "keep",
    rate: int = TAKE_RATE,
) -> Iterator[Samples]:
    """The take's own sound as chunks (channels, n) of float32 at `rate` Hz: round(duration · rate) samples altogether.

    Silence where there is none: before the file's sound (a negative start), in gaps, after its end or after second `end_s` of the
    file. "keep" keeps mono, stereo and 5.1 and folds other layouts to stereo; ask `take_layout` which it is.
    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    first, left = round(start_s * rate), round(duration_s * rate)
    begin = sample_before(Path(path), start_s, rate)
    stop = first + left if end_s is None else min(first + left, round(end_s * rate))
    with open_sound(Path(path)) as source:
        name = _kept_layout(source) if layout == "keep" else layout
        channels = next(count for count, known in _KEPT_LAYOUTS.items() if known == name)
        if first < 0:
            yield from _nothing(channels, min(left, -first))
            left, first = left - min(left, -first), 0
        position = begin * rate // source.stream.codec_context.sample_rate
        for chunk in resampled(source, rate, name, begin) if first < stop else ():
            piece = chunk[:, max(0, first - position) : max(0, stop - position)]
            position += chunk.shape[1]
            if piece.shape[1]:
                left -= piece.shape[1]
                yield piece
            if position >= stop:
                break
    yield from _nothing(channels, left)


def _nothing(channels: int, count: int) -> Iterator[Samples]:
    for begin in range(0, count, TAKE_RATE):
        yield np.zeros((channels, min(TAKE_RATE, count - begin)), np.float32)


def take_layout(path: str | Path) -> Literal["mono", "stereo", "5.1"]:
    """The layout that `take_sound` gives with "keep".

    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    with open_sound(Path(path)) as source:
        return _kept_layout(source)


def _kept_layout(source: SoundSource) -> Literal["mono", "stereo", "5.1"]:
    return _KEPT_LAYOUTS.get(source.stream.codec_context.channels, "stereo")


def _side_weights(names: list[str]) -> Samples:
    """(3, channels): left sum, centre, right sum. Mono is all centre; unnamed channels alternate left and right."""
    if len(names) == 1:
        return np.array([[0], [1], [0]], np.float32)
    unnamed = ((1, 0, 0), (0, 0, 1))
    return np.array([_SIDES.get(name, unnamed[place % 2]) for place, name in enumerate(names)], np.float32).T


def _mono(sides: Samples) -> tuple[Samples, str]:
    """(n,) from (left, centre, right) sums, and how."""
    left, centre, right = sides
    powers: dict[str, Any] = {"left": float(np.mean(left**2)), "right": float(np.mean(right**2))}
    both = powers["left"] + powers["right"]
    if not both:
        return centre, "mono"
    louder = max(powers, key=powers.__getitem__)
    one_sided = min(powers.values()) < _SILENT_SIDE**2 * max(powers.values())
    cancelled = float(np.mean((left + right) ** 2)) < _CANCELLED * both
    if one_sided or cancelled:
        return centre + (left if louder == "left" else right), louder
    return np.clip(centre + 0.5 * (left + right), -4, 4), "sum"
