"""Sound of any file as float32: mono at 16 kHz to listen to, and the take's own at 48 kHz with its channels kept.

Time 0 is the first frame of the picture where the file has one, so sound and picture stay together to the sample; of a
sound file it is the first sample after the codec's own priming. Samples are placed by their presentation times: what the
stream leaves out is silence, what lies before time 0 is cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av.error
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from ..errors import NoSound, UnreadableMedia, UnsupportedMedia
from .files import open_media
from .probe import first_picture_time, sound_stream
from .scan import has_picture

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

Samples = npt.NDArray[np.float32]

SPEECH_RATE = 16_000  # Hz
TAKE_RATE = 48_000  # Hz
MAX_BAD_PACKETS = 50
_DRIFT_S = Fraction(1, 50)  # timestamps this far from the running count mean a gap or an overlap, nearer ones are rounding
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
    with _opened(Path(path)) as source:
        context = source.stream.codec_context
        weights = _side_weights([channel.name for channel in context.layout.channels])
        chunks = [weights @ chunk for chunk in _resampled(source, SPEECH_RATE, context.layout.name)]
        source_rate, channels = context.sample_rate, context.channels
    sides = np.concatenate(chunks, axis=1) if chunks else np.zeros((3, 0), np.float32)
    if not sides.shape[1]:
        raise NoSound(f"The sound of “{Path(path).name}” is empty: choose a file with speech in it.")
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
) -> Iterator[Samples]:
    """The take's own sound as chunks (channels, n) of float32 at 48 kHz: round(duration · 48000) samples altogether.

    Silence where there is none: before the file's sound (a negative start), in gaps, after its end or after second `end_s` of the
    file. "keep" keeps mono, stereo and 5.1 and folds other layouts to stereo; ask `take_layout` which it is.
    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    first, left = round(start_s * TAKE_RATE), round(duration_s * TAKE_RATE)
    stop = first + left if end_s is None else min(first + left, round(end_s * TAKE_RATE))
    with _opened(Path(path)) as source:
        name = _kept_layout(source) if layout == "keep" else layout
        channels = next(count for count, known in _KEPT_LAYOUTS.items() if known == name)
        if first < 0:
            yield from _nothing(channels, min(left, -first))
            left, first = left - min(left, -first), 0
        position = 0
        for chunk in _resampled(source, TAKE_RATE, name) if first < stop else ():
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
    with _opened(Path(path)) as source:
        return _kept_layout(source)


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """An open sound stream and the time (s, on the container's clock) that counts as 0."""

    name: str
    container: InputContainer
    stream: AudioStream
    origin: Fraction


@contextmanager
def _opened(path: Path) -> Iterator[_Source]:
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            raise NoSound(f"“{path.name}” has no sound: choose a file with speech in it.")
        if not (stream.codec_context.channels and stream.codec_context.sample_rate):
            raise UnreadableMedia(f"The sound of “{path.name}” does not say how many channels it has: export it again.")
        yield _Source(path.name, container, stream, _origin(path, container, stream))


def _origin(path: Path, container: InputContainer, stream: AudioStream) -> Fraction:
    """The first picture's time, or where there is none the first sample's.

    The first packet of a stream may start before its `start_time` (priming), so times are not read from packets here.
    """
    if any(has_picture(video) for video in container.streams.video):
        first = first_picture_time(path)
        if first is not None:
            return first
    if stream.start_time is None or stream.time_base is None:
        return Fraction(0)
    return max(Fraction(0), stream.start_time * stream.time_base)


def _kept_layout(source: _Source) -> Literal["mono", "stereo", "5.1"]:
    return _KEPT_LAYOUTS.get(source.stream.codec_context.channels, "stereo")


def _resampled(source: _Source, rate: int, layout: str) -> Iterator[Samples]:
    """Chunks (channels, n) at `rate` from time 0 to the end of the stream, without gaps."""
    resampler = AudioResampler(format="flt", layout=layout, rate=rate)
    for frame in _without_gaps(_steady(_decoded(source), source), source.origin):
        yield from map(_samples_of, resampler.resample(frame))
    yield from map(_samples_of, resampler.resample(None))


def _decoded(source: _Source) -> Iterator[AudioFrame]:
    bad = 0
    for packet in source.container.demux(source.stream):
        try:
            yield from source.stream.decode(packet)
        except av.error.FFmpegError as error:
            bad += 1  # its time is left out, so it becomes silence
            if bad > MAX_BAD_PACKETS:
                raise UnreadableMedia(f"The sound of “{source.name}” is too damaged to read: copy or export it again.") from error


def _steady(frames: Iterator[AudioFrame], source: _Source) -> Iterator[AudioFrame]:
    """The frames as they are; raises UnsupportedMedia where the sound changes its rate or channels on the way."""
    first: tuple[int, str] | None = None
    for frame in frames:
        form = (frame.sample_rate, frame.layout.name)
        first = first or form
        if form != first:
            raise UnsupportedMedia(
                f"The sound of “{source.name}” changes from {first[0]} Hz {first[1]} to {form[0]} Hz {form[1]} within the file: "
                "export it with one rate and layout."
            )
        yield frame


def _without_gaps(frames: Iterator[AudioFrame], origin: Fraction) -> Iterator[AudioFrame]:
    """The same samples as float frames that follow each other from time 0, silence in gaps, overlaps cut."""
    to_float: AudioResampler | None = None
    expected = 0  # samples since time 0 that were given
    for frame in frames:
        to_float = to_float or AudioResampler(format="flt")
        for piece in to_float.resample(frame):
            samples = _samples_of(piece)
            ahead = _samples_ahead(frame, origin, expected)
            if ahead > 0:
                yield from _silence(frame, ahead)
                expected += ahead
            elif ahead < 0:
                samples = samples[:, -ahead:]
            if samples.shape[1]:
                expected += samples.shape[1]
                yield _float_frame(samples, frame)


def _samples_ahead(frame: AudioFrame, origin: Fraction, expected: int) -> int:
    """How many samples later than `expected` a frame begins; small differences are the container's rounding."""
    if frame.pts is None or frame.time_base is None:
        return 0
    begins = round((frame.pts * frame.time_base - origin) * frame.sample_rate)
    ahead = begins - expected
    return 0 if expected and abs(ahead) < _DRIFT_S * frame.sample_rate else ahead


def _silence(like: AudioFrame, count: int) -> Iterator[AudioFrame]:
    channels = len(like.layout.channels)
    while count > 0:
        samples = np.zeros((channels, min(count, like.sample_rate)), np.float32)
        count -= samples.shape[1]
        yield _float_frame(samples, like)


def _float_frame(samples: Samples, like: AudioFrame) -> AudioFrame:
    return sound_frame(samples, like.layout.name, like.sample_rate)


def sound_frame(samples: Samples, layout: str, rate: int) -> AudioFrame:
    """An interleaved float frame of (channels, n) samples. PyAV 18.1 miscounts the planes of eight planar channels."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T, np.float32).reshape(1, -1), format="flt", layout=layout)
    frame.sample_rate = rate
    return frame


def _samples_of(frame: AudioFrame) -> Samples:
    """(channels, n) of an interleaved float frame."""
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1, len(frame.layout.channels)).T


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
