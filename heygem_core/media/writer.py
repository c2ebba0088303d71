"""Writes a take: frames and sound into a temporary neighbour of the output, checked, then renamed.

The finished file is read back and compared with what the take must be (`take_verification`) before it gets its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

import av
import av.error
import numpy as np
import numpy.typing as npt

from ..errors import OutputError
from .colour import assumed_matrix, sws_colorspace, write_tags
from .convert import Converter, grey_frame, grey_tags, repacked
from .deliverables import Deliverable
from .formats import codec_options, grey_pixels, take_pixels, take_tags
from .output import check_output, output_errors, part_path, publish
from .pixels import is_full_range
from .sound_tracks import SoundTrack, SoundTracks
from .take_verification import ExpectedTake

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from .colour import ColourTags
    from .pixels import PixelFormat
    from .probe import MediaInfo
    from .take_timing import TakeTiming


class Seal(Protocol):
    """What is said about a take in its own file (`heygem_core.rendering.provenance`)."""

    def mark(self, container: OutputContainer, row: Deliverable) -> None: ...
    def finish(self, part: Path, row: Deliverable) -> None: ...


_VC3_COLOUR_BYTE = 0x2C
_X265_LEAD = 2  # frames that it decodes ahead of the one that is shown


class TakeWriter:
    """A take being written. Use it in a `with` block: leaving the block finishes the file, an exception removes it.

    with TakeWriter(path, row, info, timing, sounds=[SoundTrack(samples=take_sound(...), layout="stereo")]) as take:
        for frame in frames:
            take.write(frame.picture)
    """

    def __init__(
        self,
        path: str | Path,
        row: Deliverable,
        info: MediaInfo,
        timing: TakeTiming,
        *,
        sounds: Sequence[SoundTrack] = (),
        grey: bool = False,
        seal: Seal | None = None,
    ) -> None:
        """`sounds`: the streams of sound, each as long as the take. `seal`: what the file says about itself.

        `grey` = a video of grey levels with the source's size and times, fed by `write_grey`; it has no sound.
        Raises: OutputError — see `check_output`.
        """
        self.path = check_output(path, [info.path])
        self._row, self._info, self._timing, self._grey = row, info, timing, grey
        self._pixels: PixelFormat = grey_pixels(row) if grey else take_pixels(row, info)
        self._tags: ColourTags = grey_tags(self._pixels) if grey else take_tags(row, info, self._pixels)
        self._converter = _converter(info, self._pixels, self._tags)
        self._seal = seal
        self._sounds = () if grey else tuple(sounds)
        self._part = part_path(self.path)
        self._frames_written = self._packets = 0
        self._container: OutputContainer

    def __enter__(self) -> TakeWriter:
        with output_errors(self.path):
            self._container = av.open(str(self._part), "w", format=self._row.muxer, options=muxer_options(self._row, self._timing))
            try:
                self._video = self._add_video()
                self._tracks = SoundTracks(self._container, self._row.audio_codec, self._row.audio_bit_rate, self._sounds)
                if self._seal is not None:
                    self._seal.mark(self._container, self._row)
                self._container.start_encoding()  # what the encoder or the disk refuses, it refuses now
            except BaseException:
                self._discard()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self._discard()
            return
        try:
            self._finish()
        except BaseException:
            self._discard()
            raise

    def write(self, picture: VideoFrame) -> None:
        """The next frame, in the source's size and pixel format. Its samples are only read; its times and tags are set.

        Raises: OutputError — the disk is full, or more frames than the take has.
        """
        converted = self._converter.convert(picture)
        # A decoded frame must not get our times: whoever holds it would see them change.
        self._encode(repacked(picture, self._pixels) if converted is picture else converted)

    def write_grey(self, levels: npt.NDArray[np.float32]) -> None:
        """The next frame of a grey video: (h, w) levels 0 … 1 in the stored picture's orientation."""
        self._encode(grey_frame(levels, self._pixels))

    def _encode(self, frame: VideoFrame) -> None:
        number, timing = self._frames_written, self._timing
        if number >= timing.frame_count:
            raise OutputError("take.more-frames", file=self.path.name, frames=timing.frame_count)
        write_tags(frame, self._tags)
        frame.pts, frame.time_base = int(timing.pts[number]), timing.time_base
        frame.pict_type = 0  # the decoder's I, P or B would force the encoder's
        self._frames_written += 1
        with output_errors(self.path):
            self._mux_video(self._video.encode(frame))
            self._tracks.write_beside(timing.time_of(number + 1))

    def _mux_video(self, packets: list[Packet[VideoStream]]) -> None:
        pts = self._timing.pts
        for packet in packets:
            if self._row.video_codec == "libx265" and self._timing.frame_count < _X265_LEAD + 1:
                packet.dts = (self._packets - _X265_LEAD) * int(pts[1])  # it gives none that make sense to so few frames
            self._packets += 1
            if packet.pts is not None:
                number = int(np.searchsorted(pts, packet.pts))
                packet.duration = int(pts[number + 1] - pts[number])
            if self._row.video_codec == "dnxhd":
                _mark_colour_volume(packet, self._tags)
            self._container.mux(packet)

    def _finish(self) -> None:
        with output_errors(self.path):
            self._mux_video(self._video.encode(None))
            self._tracks.finish()
            self._container.close()
            if self._seal is not None:
                self._seal.finish(self._part, self._row)
        ExpectedTake(row=self._row, info=self._info, timing=self._timing, pixels=self._pixels, tags=self._tags).check(self._part)
        publish(self._part, self.path)

    def _discard(self) -> None:
        with suppress(av.error.FFmpegError, OSError):
            self._container.close()
        with suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _add_video(self) -> VideoStream:
        info, timing = self._info, self._timing
        stream: VideoStream = self._container.add_stream(  # type: ignore[assignment]
            self._row.video_codec, rate=timing.rate, options=codec_options(self._row, self._pixels, None if self._grey else self._info)
        )
        context = stream.codec_context
        context.width, context.height = info.coded_size
        context.pix_fmt = self._pixels.name
        context.time_base = timing.time_base
        stream.time_base = timing.time_base
        context.framerate = timing.rate
        context.thread_type = "AUTO"
        context.sample_aspect_ratio = info.sample_aspect
        write_tags(context, self._tags)
        mark_take(self._container, stream, self._row, info, timing)
        return stream


def muxer_options(row: Deliverable, timing: TakeTiming) -> dict[str, str]:
    """What the container must be told before its header."""
    if row.muxer not in ("mov", "mp4"):
        return {}
    # Edit lists count in the movie's time scale; FFmpeg's usual milliseconds would cut into a frame.
    scale = timing.time_base.denominator
    return {"movflags": "+faststart+write_colr", "movie_timescale": str(scale * -(-1000 // scale))}


def mark_take(container: OutputContainer, stream: VideoStream, row: Deliverable, info: MediaInfo, timing: TakeTiming) -> None:
    """What editors conform by and no encoder carries: the codec's tag, rotation, start timecode and reel name."""
    if row.tag is not None:
        stream.codec_context.codec_tag = row.tag
    if info.display_matrix is not None and (info.rotation or info.mirrored):
        stream.set_display_matrix(info.display_matrix)
    if timing.start_timecode is not None:
        container.metadata["timecode"] = timing.start_timecode
    if info.reel is not None:
        stream.metadata["reel_name"] = info.reel


def _mark_colour_volume(packet: Packet[VideoStream], tags: ColourTags) -> None:
    """Sets the colour volume bits of a VC-3 frame header (SMPTE ST 2019-1), which FFmpeg leaves at BT.709."""
    volume = {1: 0, 9: 1, 10: 2}.get(tags.matrix or 0, 3)  # 3 = see the container
    header = memoryview(packet)
    header[_VC3_COLOUR_BYTE] = header[_VC3_COLOUR_BYTE] & ~0b110 | volume << 1


def _converter(info: MediaInfo, pixels: PixelFormat, tags: ColourTags) -> Converter:
    matrix = tags.matrix if info.pixels.family == "rgb" and tags.matrix else assumed_matrix(info.colour, *info.coded_size)
    return Converter(
        source=info.pixels,
        target=pixels,
        colorspace=sws_colorspace(matrix),
        siting=info.siting,
        source_full=info.full_range,
        target_full=is_full_range(pixels, tags),
    )
