"""Decodes one stream of sound of a file on the time of its picture: without gaps, at any rate and layout, from anywhere in it.

Time 0 is the first frame of the picture where the file has one; of a sound file it is the first sample after the codec's own priming.
Samples are placed by their presentation times: what the stream leaves out is silence, what lies before time 0 is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.error
import numpy as np
import numpy.typing as npt
from av.audio.resampler import AudioResampler

from ..errors import NoSound, UnreadableMedia, UnsupportedMedia
from .files import open_media
from .packet_scan import has_picture
from .packets import Restart, sound_packets
from .probe import clock_restarts, first_picture_time, sound_stream, sound_streams

if TYPE_CHECKING:
    from av import AudioFrame, Packet
    from av.audio.stream import AudioStream
    from av.container import InputContainer

Samples = npt.NDArray[np.float32]

MAX_BAD_PACKETS = 50
SEEK_FROM_S = 30  # sound that begins later in a file is sought; up to there decoding takes a moment
_LEAD_S = 1  # of the sound before what is wanted is decoded too, so that codec and resampler have settled
_EXACT_FORMATS = frozenset({"mov", "wav", "w64", "aiff", "au", "caf", "flac", "ogg"})  # whose packets say to the sample where they stand
_NOISE_CODECS = frozenset({"ac3", "eac3"})  # whose decoders fill up with noise
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 6: "5.1"}  # names for so many rows; nothing is mixed from one to the same
_FRAMES_COMPARED = 4  # at the beginning of a stream, to see whether all are equally long
_DRIFT_S = Fraction(1, 50)  # timestamps this far from the running count mean a gap or an overlap, nearer ones are rounding


@dataclass(frozen=True, slots=True, eq=False)
class SoundSource:
    """An open stream of sound and the time that counts as 0."""

    name: str
    container: InputContainer
    stream: AudioStream
    origin: Fraction  # seconds on the container's clock
    restarts: tuple[Restart, ...] = ()  # of that clock


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
        yield SoundSource(path.name, container, stream, _origin(path, container, stream), clock_restarts(path))


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """Where decoding begins, in samples of the stream from time 0."""

    sample: int = 0
    grid: tuple[int, int] | None = None  # where one frame begins, and how long every frame is: to this the first time is rounded
    frames: Iterator[AudioFrame] | None = None  # from there on, where the stream was sought; None = of a stream that was just opened
    reopen: bool = False  # the stream was moved in looking for it: to be decoded from its beginning, it has to be opened again


BEGINNING = Start()


def start_before(source: SoundSource, start_s: Fraction, rate: int) -> Start:
    """Where decoding may begin for sound at `rate` from `start_s` on, so that the same samples come out as when all is decoded.

    It lies where the phases of the resampler begin anew. Many containers say only nearly where a packet stands: there all frames are
    equally long, and its place is found by counting in frames. A file where neither holds is decoded from its beginning: two neighbouring
    takes must join to the sample.
    """
    if start_s < SEEK_FROM_S or source.restarts:  # times that come twice cannot be sought
        return BEGINNING
    stream, own = source.stream, source.stream.codec_context.sample_rate
    formats = source.container.format.name.split(",")
    exact = not _EXACT_FORMATS.isdisjoint(formats) and stream.time_base == Fraction(1, own)
    period = own // gcd(own, rate)
    begin = int((start_s - _LEAD_S) * own) // period * period
    if stream.duration and begin > (stream.duration * (stream.time_base or 0) + _LEAD_S) * own and not _goes_on(source, begin):
        return Start(sample=begin, frames=iter(()))
    grid = None if exact else _grid(source)
    if not (exact or grid) or not _seek(source, begin):
        return Start(reopen=True)
    frames = _decoded(source)
    landed = next(frames, None)
    if landed is None or landed.pts is None:
        return Start(reopen=True)
    place = _samples_ahead(landed, source.origin, 0)
    if place > begin or (grid is not None and abs(_on_grid(place, grid) - place) > _tick(source) + 1):
        return Start(reopen=True)
    return Start(sample=begin, grid=grid, frames=chain([landed], frames))


def _goes_on(source: SoundSource, begin: int) -> bool:
    """Whether anything can be decoded from there on, which lies beyond the end that the file claims."""
    return _seek(source, begin) and next(_decoded(source), None) is not None


def _grid(source: SoundSource) -> tuple[int, int] | None:
    """Where the second frame begins, and the length of all frames; None where they differ, or times are too coarse to tell them apart."""
    heads = list(islice(_decoded(source), _FRAMES_COMPARED))
    lengths = {frame.samples for frame in heads[1:]}  # the first is shorter where the codec's priming is cut from it
    if len(heads) < _FRAMES_COMPARED or heads[0].pts is None or len(lengths) > 1 or 2 * _tick(source) > lengths.copy().pop() + 1:
        return None
    return _samples_ahead(heads[0], source.origin, 0) + heads[0].samples, lengths.pop()


def _tick(source: SoundSource) -> int:
    """Samples that a container's rounding of times may be wrong by."""
    base = source.stream.time_base or Fraction(1)
    return int(base * source.stream.codec_context.sample_rate / 2)


def _on_grid(place: int, grid: tuple[int, int]) -> int:
    first, length = grid
    return first + round((place - first) / length) * length


def _seek(source: SoundSource, begin: int) -> bool:
    """To a packet before that sample; whether the container can."""
    seconds = Fraction(begin, source.stream.codec_context.sample_rate) - _LEAD_S + source.origin
    try:
        source.container.seek(int(seconds / source.stream.time_base), stream=source.stream)  # type: ignore[operator]
    except av.error.FFmpegError:
        return False
    return True


def resampled(
    source: SoundSource, rate: int, weights: Samples, start: Start = BEGINNING, watch: Callable[[Samples], None] | None = None
) -> Iterator[Samples]:
    """Chunks (rows, n) at `rate` from a place in the stream, see `start_before`, to its end, without gaps.

    weights: (rows, channels), rows 1, 2, 3 or 6: the channels are folded before all else, so any number of them can be. watch: is shown
    all samples (channels, n) as the file has them.
    """
    layout, own = _LAYOUTS[len(weights)], source.stream.codec_context.sample_rate
    resampler = AudioResampler(format="flt", layout=layout, rate=rate)
    for samples in _without_gaps(_steady(_decoded(source) if start.frames is None else start.frames, source), source.origin, start):
        if watch is not None:
            watch(samples)
        yield from map(_samples_of, resampler.resample(sound_frame(weights @ samples, layout, own)))
    yield from map(_samples_of, resampler.resample(None))


def _decoded(source: SoundSource) -> Iterator[AudioFrame]:
    bad, decode = 0, _decoder(source.stream)
    for packet in sound_packets(source.container, source.stream, source.restarts):
        try:
            yield from decode(packet)
        except av.error.FFmpegError as error:
            bad += 1  # its time is left out, so it becomes silence
            if bad > MAX_BAD_PACKETS:
                raise UnreadableMedia("media.sound-damaged", file=source.name) from error


def _decoder(stream: AudioStream) -> Callable[[Packet[AudioStream]], list[AudioFrame]]:
    """Decodes the stream's packets; noise is made from what a packet holds, else it depends on where decoding began. The decoder forgets
    that when it is flushed, so each reading has its own."""
    if stream.codec_context.name not in _NOISE_CODECS:
        return stream.decode
    context: Any = av.CodecContext.create(stream.codec_context.name, "r")
    context.options = {"cons_noisegen": "1", "pkt_timebase": str(stream.time_base)}
    return context.decode  # type: ignore[no-any-return]


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


def _without_gaps(frames: Iterator[AudioFrame], origin: Fraction, start: Start) -> Iterator[Samples]:
    """The same samples as float (channels, n) that follow each other from where decoding begins, silence in gaps, overlaps cut."""
    to_float: AudioResampler | None = None
    expected = begin = start.sample  # the sample after time 0 that comes next
    counted: int | None = None  # the sample that comes next by the lengths of frames, until `begin` is reached
    for frame in frames:
        to_float = to_float or AudioResampler(format="flt")
        for piece in to_float.resample(frame):
            samples = _samples_of(piece)
            ahead = _samples_ahead(frame, origin, expected)
            if start.grid is not None and counted is None and samples.shape[1] != start.grid[1]:
                continue  # a freshly opened decoder cuts its priming from what it decodes first, wherever that lies
            if start.grid is not None and expected == begin:  # frames before `begin` are counted too: each time is only nearly right
                counted = _on_grid(ahead + expected, start.grid) if counted is None else counted
                ahead = counted - expected
                counted += samples.shape[1]
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
