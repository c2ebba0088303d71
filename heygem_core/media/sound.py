"""Reads the sound of any file as float32: mono at 16 kHz to listen to, and the take's own at 48 kHz with its channels kept.

Time 0 is the first frame of the picture where the file has one, so sound and picture stay together to the sample: see `sound_source`.
Which channels are heard, and how they are folded, is decided in `channels`, for both alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..errors import NoSound
from ..storage.scratch import gathered, scratch_array
from .channels import HeardChannels, KeptLayout, StreamFacts, heard_channels
from .files import open_media
from .flat_tops import FlatTops
from .probe import sound_stream, sound_streams
from .sound_source import BEGINNING, Samples, SoundSource, Start, open_sound, resampled, start_before

SPEECH_RATE = 16_000  # Hz
TAKE_RATE = 48_000  # Hz
_SILENT_SIDE = 0.03  # amplitude of a channel relative to the louder one that counts as nothing recorded
_TOGETHER = 1 << 20  # samples that are added up at a time: an hour of three rows is 700 MB
_CANCELLED = 0.1  # power of the sum relative to the parts below which channels are out of phase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sound:
    """Mono sound to listen to."""

    samples: Samples  # (n,) float32, full scale ±1
    rate: int  # Hz
    source_rate: int  # Hz of the file
    source_channels: int
    downmix: str  # how mono was made: "mono", "sum", "left", "right"
    start_s: Fraction = Fraction(0)  # second of the file at the first sample
    clipped: bool = False  # its loudest waves are cut off in the file

    @property
    def duration(self) -> Fraction:
        """Seconds."""
        return Fraction(len(self.samples), self.rate)


def read_speech(
    path: str | Path, start_s: float | Fraction | None = None, end_s: float | Fraction | None = None, *, channels: Sequence[int] = ()
) -> Sound:
    """The sound between two times (None = from the beginning, to the end), mono at 16 kHz. channels: see `heard_channels`.

    Stereo whose channels cancel each other, or of which one is silent, gives the louder channel instead of the sum.
    Raises: MediaNotFound, UnreadableMedia, NoSound, BadRange.
    """
    path, first = Path(path), 0 if start_s is None else max(0, round(Fraction(start_s) * SPEECH_RATE))
    stop = None if end_s is None else max(first, round(Fraction(end_s) * SPEECH_RATE))
    heard = heard_of(path, channels)
    tops = {number: FlatTops(may_exceed=heard.codec.startswith("pcm_f")) for number in heard.streams}
    weights = heard.into_sides()
    nothing = np.zeros((len(weights[0]), 0), np.float32)
    sides = gathered(chain([nothing], _between(path, heard, weights, SPEECH_RATE, first, stop, tops)))
    if not first and stop != first and not sides.shape[1]:
        raise NoSound("media.sound-empty", file=path.name)
    mono, downmix = (sides[0], "mono") if len(sides) == 1 else _mono(sides)
    return Sound(
        samples=mono,
        rate=SPEECH_RATE,
        source_rate=heard.rate,
        source_channels=sum(heard.sizes),
        downmix=downmix,
        start_s=Fraction(first, SPEECH_RATE),
        clipped=any(each.clipped for each in tops.values()),
    )


def take_sound(
    path: str | Path,
    start_s: Fraction,
    duration_s: Fraction,
    *,
    end_s: Fraction | None = None,
    layout: Literal["keep"] | KeptLayout = "keep",
    rate: int = TAKE_RATE,
    channels: Sequence[int] = (),
) -> Iterator[Samples]:
    """The take's own sound as chunks (channels, n) of float32 at `rate` Hz: round(duration · rate) samples altogether.

    Silence where there is none: before the file's sound (a negative start), in gaps, after its end or after second `end_s` of the
    file. "keep" keeps mono, stereo and 5.1 and folds other layouts as listening does; ask `take_layout` which it is. Where channels are
    added up and their sum goes beyond full scale, the whole is lowered to it. channels: see `heard_channels`.
    Raises: MediaNotFound, UnreadableMedia, NoSound, BadRange.
    """
    path, first, left = Path(path), round(start_s * rate), round(duration_s * rate)
    stop = first + left if end_s is None else min(first + left, round(end_s * rate))
    heard = heard_of(path, channels)
    weights = heard.into(heard.layout if layout == "keep" else layout)
    if first < 0:
        yield from _nothing(len(weights[0]), min(left, -first))
        left, first = left - min(left, -first), 0
    gain = _gain(lambda: _between(path, heard, weights, rate, first, stop), weights)
    for chunk in _between(path, heard, weights, rate, first, stop):
        left -= chunk.shape[1]
        yield chunk if gain == 1 else chunk * gain
    yield from _nothing(len(weights[0]), left)


def _nothing(channels: int, count: int) -> Iterator[Samples]:
    for begin in range(0, count, TAKE_RATE):
        yield np.zeros((channels, min(TAKE_RATE, count - begin)), np.float32)


def heard_of(path: str | Path, channels: Sequence[int] = ()) -> HeardChannels:
    """What is heard of a file: see `heard_channels`. Raises: MediaNotFound, UnreadableMedia, NoSound, BadRange."""
    return heard_channels(*_streams(Path(path)), channels, Path(path).name)


def tracks_of_sound(path: str | Path) -> tuple[tuple[int, ...], ...]:
    """The numbers of the channels of each stream of sound of a file, see `heard_channels`; none of a stream that does not say how many.

    Raises: MediaNotFound, UnreadableMedia.
    """
    sizes = [stream.channels for stream in _streams(Path(path))[0]]
    return tuple(tuple(range(sum(sizes[:place]) + 1, sum(sizes[: place + 1]) + 1)) for place in range(len(sizes)))


def _streams(path: Path) -> tuple[tuple[StreamFacts, ...], int | None]:
    """The streams of sound of a file, and which of them is heard where nothing is chosen. The same file is opened once for it: the table
    of an MP4 of ten hours takes a third of a second to read."""
    try:
        there = path.stat()
    except OSError:
        return _read_streams(path)
    return _known_streams(path, there.st_size, there.st_mtime_ns, there.st_ino)


@lru_cache(maxsize=64)
def _known_streams(path: Path, *state: int) -> tuple[tuple[StreamFacts, ...], int | None]:
    return _read_streams(path)


def _read_streams(path: Path) -> tuple[tuple[StreamFacts, ...], int | None]:
    with open_media(path) as container:
        streams, default = sound_streams(container), sound_stream(container)
        facts = [
            StreamFacts(
                names=tuple(channel.name for channel in stream.codec_context.layout.channels) if stream.codec_context.channels else (),
                rate=stream.codec_context.sample_rate,
                codec=stream.codec_context.name,
            )
            for stream in streams
        ]
        return tuple(facts), None if default is None else streams.index(default)


def take_layout(path: str | Path, channels: Sequence[int] = ()) -> KeptLayout:
    """The layout that `take_sound` gives with "keep".

    Raises: MediaNotFound, UnreadableMedia, NoSound, BadRange.
    """
    return heard_of(path, channels).layout


def _gain(read: Callable[[], Iterator[Samples]], weights: Sequence[Samples]) -> np.float32:
    """What a sum of channels is lowered by so that it does not go beyond full scale; it is read once for that."""
    if np.abs(np.concatenate(weights, axis=1)).sum(1).max() <= 1:
        return np.float32(1)
    return np.float32(1 / max(1.0, max((float(np.abs(chunk).max(initial=0)) for chunk in read()), default=0.0)))


def _between(
    path: Path,
    heard: HeardChannels,
    weights: Sequence[Samples],
    rate: int,
    first: int,
    stop: int | None,
    tops: dict[int, FlatTops] | None = None,
) -> Iterator[Samples]:
    """Chunks (rows, n) from sample `first` at `rate` up to `stop` (None = the end), as far as the file goes. tops: see the samples."""
    if stop is not None and stop <= first:
        return iter(())
    parts = [
        _of_stream(path, number, each, rate, first, stop, None if tops is None else tops[number])
        for number, each in zip(heard.streams, weights, strict=True)
    ]
    return parts[0] if len(parts) == 1 else _added(parts)


def _of_stream(
    path: Path, number: int, weights: Samples, rate: int, first: int, stop: int | None, tops: FlatTops | None
) -> Iterator[Samples]:
    with open_sound(path, number) as source:
        start = start_before(source, Fraction(first, rate), rate)
        if not start.reopen:
            yield from _pieces(source, start, weights, rate, first, stop, tops)
            return
    with open_sound(path, number) as source:
        yield from _pieces(source, BEGINNING, weights, rate, first, stop, tops)


def _pieces(
    source: SoundSource, start: Start, weights: Samples, rate: int, first: int, stop: int | None, tops: FlatTops | None
) -> Iterator[Samples]:
    used = weights.any(axis=0)
    position = start.sample * rate // source.stream.codec_context.sample_rate
    for chunk in resampled(source, rate, weights, start, watch=None if tops is None else lambda samples: tops.add(samples[used])):
        piece = chunk[:, max(0, first - position) : None if stop is None else max(0, stop - position)]
        position += chunk.shape[1]
        if piece.shape[1]:
            yield piece
        if stop is not None and position >= stop:
            break


def _added(parts: Sequence[Iterator[Samples]]) -> Iterator[Samples]:
    """The sum of several streams (rows, n), as long as the longest."""
    ready: dict[int, Samples] = {}
    while True:
        for number, part in enumerate(parts):
            if number not in ready and (chunk := next(part, None)) is not None:
                ready[number] = chunk
        if not ready:
            return
        count = min(chunk.shape[1] for chunk in ready.values())
        yield np.sum([chunk[:, :count] for chunk in ready.values()], axis=0, dtype=np.float32)
        ready = {number: chunk[:, count:] for number, chunk in ready.items() if chunk.shape[1] > count}


def _mono(sides: Samples) -> tuple[Samples, str]:
    """(n,) from (left, centre, right) sums, and how."""
    parts = [slice(begin, begin + _TOGETHER) for begin in range(0, sides.shape[1], _TOGETHER)]

    def power(of: Callable[[Samples], Samples]) -> float:
        return sum(float((of(sides[:, part]).astype(np.float64) ** 2).sum()) for part in parts)

    powers: dict[str, Any] = {"left": power(lambda side: side[0]), "right": power(lambda side: side[2])}
    both = powers["left"] + powers["right"]
    louder = max(powers, key=powers.__getitem__)
    one_sided = min(powers.values()) < _SILENT_SIDE**2 * max(powers.values())
    if not both:
        how = "mono"
    elif one_sided or power(lambda side: side[0] + side[2]) < _CANCELLED * both:
        how = louder
    else:
        how = "sum"
    mono = scratch_array((sides.shape[1],))
    for part in parts:
        left, centre, right = sides[:, part]
        if how == "sum":
            mono[part] = np.clip(centre + 0.5 * (left + right), -4, 4)
        else:
            mono[part] = centre if how == "mono" else centre + (left if how == "left" else right)
    return mono, how
