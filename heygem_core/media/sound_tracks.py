"""Writes the streams of sound of a take beside its picture: uncompressed or encoded once from the first sample to the last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from .sound import TAKE_RATE
from .sound_source import sound_frame

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from .sound_source import Samples

_AHEAD_S = Fraction(1, 2)  # how far the sound is written ahead of the picture, so that the muxer can interleave


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SoundTrack:
    """One stream of sound to be written."""

    samples: Iterator[Samples]  # (channels, n) float32 at 48 kHz
    layout: str  # "mono", "stereo" or "5.1"
    title: str | None = None  # for people, where a take has several


class SoundTracks:
    """The streams of one file being written. Make it before the file's header is written; write a little ahead of the picture."""

    def __init__(self, container: OutputContainer, codec: str, bit_rate: int | None, tracks: Sequence[SoundTrack]) -> None:
        """bit_rate: per second and stream; None = the codec's own."""
        self._open = [_Track(container, codec, bit_rate, track) for track in tracks]

    def write_beside(self, picture_s: Fraction) -> None:
        """Sound up to a little after a time of the take."""
        for track in self._open:
            track.write(picture_s + _AHEAD_S)

    def finish(self) -> None:
        """All that is left."""
        for track in self._open:
            track.write(None)
            track.flush()


class _Track:
    def __init__(self, container: OutputContainer, codec: str, bit_rate: int | None, track: SoundTrack) -> None:
        stream: AudioStream = container.add_stream(codec, rate=TAKE_RATE)  # type: ignore[assignment]
        stream.codec_context.layout = track.layout
        if bit_rate is not None:
            stream.codec_context.bit_rate = bit_rate
        if track.title is not None:
            stream.metadata["title"] = stream.metadata["handler_name"] = track.title
        self._container, self._stream, self._layout = container, stream, track.layout
        self._samples: Iterator[Samples] | None = iter(track.samples)
        self._written = 0

    def write(self, until_s: Fraction | None) -> None:
        while self._samples is not None and (until_s is None or self._written < until_s * TAKE_RATE):
            chunk = next(self._samples, None)
            if chunk is None:
                self._samples = None
                return
            frame = sound_frame(chunk, self._layout, TAKE_RATE)
            frame.time_base, frame.pts = Fraction(1, TAKE_RATE), self._written
            self._written += chunk.shape[1]
            self._container.mux(self._stream.encode(frame))

    def flush(self) -> None:
        self._container.mux(self._stream.encode(None))
