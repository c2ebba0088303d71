"""Decodes one stream of sound of a file on the time of its picture: without gaps, at any rate and layout, from anywhere in it.

Time 0 is the first frame of the picture where the file has one; of a sound file it is the first sample after the codec's own priming.
Samples are placed by their presentation times: what the stream leaves out is silence, what lies before time 0 is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import av.error
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from ..errors import NoSound, UnreadableMedia, UnsupportedMedia
from .files import open_media
from .packet_scan import has_picture
from .probe import first_picture_time, sound_stream, sound_streams

if TYPE_CHECKING:
    from av import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer

Samples = npt.NDArray[np.float32]

MAX_BAD_PACKETS = 50
SEEK_FROM_S = 30  # sound that begins later in a file is sought; up to there decoding takes a moment
_LEAD_S = 1  # of the sound before what is wanted is decoded too, so that codec and resampler have settled
_EXACT_FORMATS = frozenset({"mov", "wav", "w64", "aiff", "flac"})  # whose packets say to the sample where they stand
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 6: "5.1"}  # names for so many rows; nothing is mixed from one to the same
_DRIFT_S = Fraction(1, 50)  # timestamps this far from the running count mean a gap or an overlap, nearer ones are rounding


@dataclass(frozen=True, slots=True, eq=False)
class SoundSource:
    """An open stream of sound and the time that counts as 0."""

    name: str
    container: InputContainer
    stream: AudioStream
    origin: Fraction  # seconds on the container's clock


@contextmanager
def open_sound(path: Path, number: int | None = None) -> Iterator[SoundSource]:
    """A stream of sound of a file, counted from 0 among `probe.sound_streams`; None = the one that is heard where nothing is chosen.

    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    with open_media(path) as container:
        stream = sound_stream(container) if number is None else sound_streams(container)[number]
        if stream is None:
            raise NoSound("media.no-speech", file=path.name)
        if not (stream.codec_context.channels and stream.codec_context.sample_rate):
            raise UnreadableMedia("media.channels-unknown", file=path.name)
        yield SoundSource(path.name, container, stream, _origin(path, container, stream))


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


def sample_before(path: Path, start_s: Fraction, rate: int, number: int | None = None) -> int:
    """The sample of the stream, counted from time 0, where decoding may begin for sound at `rate` from `start_s` on; 0 = the beginning.

    It lies where the phases of the resampler begin anew, so that the same samples come out as when all is decoded. Containers that
    only tell about where their packets stand are decoded from the beginning: two neighbouring takes must join to the sample.
    """
    if start_s < SEEK_FROM_S:
        return 0
    with open_sound(path, number) as source:
        stream, own = source.stream, source.stream.codec_context.sample_rate
        exact = not _EXACT_FORMATS.isdisjoint(source.container.format.name.split(",")) and stream.time_base == Fraction(1, own)
        period = own // gcd(own, rate)
        begin = int((start_s - _LEAD_S) * own) // period * period
        if not exact or not _seek(source, begin):
            return 0
        packet = next(source.container.demux(stream), None)
        lands = packet is not None and packet.pts is not None and (Fraction(packet.pts, own) - source.origin) * own <= begin
        return begin if lands else 0


def _seek(source: SoundSource, begin: int) -> bool:
    """To a packet before that sample; whether the container can."""
    seconds = Fraction(begin, source.stream.codec_context.sample_rate) - _LEAD_S + source.origin
    try:
        source.container.seek(int(seconds / source.stream.time_base), stream=source.stream)  # type: ignore[operator]
    except av.error.FFmpegError:
        return False
    return True


def resampled(
    source: SoundSource, rate: int, weights: Samples, begin: int = 0, watch: Callable[[Samples], None] | None = None
) -> Iterator[Samples]:
    """Chunks (rows, n) at `rate` from sample `begin` of the stream, see `sample_before`, to its end, without gaps.

    weights: (rows, channels), rows 1, 2, 3 or 6: the channels are folded before all else, so any number of them can be. watch: is shown
    all samples (channels, n) as the file has them.
    """
    if begin:
        _seek(source, begin)
    layout, own = _LAYOUTS[len(weights)], source.stream.codec_context.sample_rate
    resampler = AudioResampler(format="flt", layout=layout, rate=rate)
    for samples in _without_gaps(_steady(_decoded(source), source), source.origin, begin):
        if watch is not None:
            watch(samples)
        yield from map(_samples_of, resampler.resample(sound_frame(weights @ samples, layout, own)))
    yield from map(_samples_of, resampler.resample(None))


def _decoded(source: SoundSource) -> Iterator[AudioFrame]:
    bad = 0
    for packet in source.container.demux(source.stream):
        try:
            yield from source.stream.decode(packet)
        except av.error.FFmpegError as error:
            bad += 1  # its time is left out, so it becomes silence
            if bad > MAX_BAD_PACKETS:
                raise UnreadableMedia("media.sound-damaged", file=source.name) from error


def _steady(frames: Iterator[AudioFrame], source: SoundSource) -> Iterator[AudioFrame]:
    """The frames as they are; raises UnsupportedMedia where the sound changes its rate or channels on the way."""
    first: tuple[int, str] | None = None
    for frame in frames:
        form = (frame.sample_rate, frame.layout.name)
        first = first or form
        if form != first:
            raise UnsupportedMedia(
                "media.sound-changes", file=source.name, rate=first[0], layout=first[1], new_rate=form[0], new_layout=form[1]
            )
        yield frame


def _without_gaps(frames: Iterator[AudioFrame], origin: Fraction, begin: int) -> Iterator[Samples]:
    """The same samples as float (channels, n) that follow each other from sample `begin` after time 0, silence in gaps, overlaps cut."""
    to_float: AudioResampler | None = None
    expected = begin  # the sample after time 0 that comes next
    for frame in frames:
        to_float = to_float or AudioResampler(format="flt")
        for piece in to_float.resample(frame):
            samples = _samples_of(piece)
            ahead = _samples_ahead(frame, origin, expected)
            if expected > begin and abs(ahead) < _DRIFT_S * frame.sample_rate:
                ahead = 0  # the container's rounding
            if ahead > 0:
                yield from _silence(frame, ahead)
                expected += ahead
            elif ahead < 0:
                samples = samples[:, -ahead:]
            if samples.shape[1]:
                expected += samples.shape[1]
                yield samples


def _samples_ahead(frame: AudioFrame, origin: Fraction, expected: int) -> int:
    """How many samples later than `expected` a frame begins."""
    if frame.pts is None or frame.time_base is None:
        return 0
    return round((frame.pts * frame.time_base - origin) * frame.sample_rate) - expected


def _silence(like: AudioFrame, count: int) -> Iterator[Samples]:
    channels = len(like.layout.channels)
    for begin in range(0, count, like.sample_rate):
        yield np.zeros((channels, min(like.sample_rate, count - begin)), np.float32)


def sound_frame(samples: Samples, layout: str, rate: int) -> AudioFrame:
    """An interleaved float frame of (channels, n) samples. PyAV 18.1 miscounts the planes of eight planar channels."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T, np.float32).reshape(1, -1), format="flt", layout=layout)
    frame.sample_rate = rate
    return frame


def _samples_of(frame: AudioFrame) -> Samples:
    """(channels, n) of an interleaved float frame."""
    return np.asarray(frame.to_ndarray(), np.float32).reshape(-1, len(frame.layout.channels)).T
