"""What is in a media file: its frames and their times, rate, size, rotation, colour tags, timecode and sound.

Times come from the packets (demuxed, not decoded), so a frame number means the same frame everywhere, whatever the
container's header claims. Only the first pictures are decoded, for what the packets do not tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av.error
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

from ..errors import InputError, NoPicture, NoSound, UnreadableMedia, UnsupportedMedia
from . import timecode
from .colour import ColourTags, read_tags
from .files import STILL_FORMATS, open_media
from .geometry import (
    EXIF_TURNS,
    Affine,
    Points,
    coded_to_display,
    display_size,
    inverse,
    map_points,
    read_display_matrix,
    turn_matrix,
    turn_of,
)
from .pixels import PixelFormat, alpha_view, is_full_range, pixel_format, plain_format
from .scan import FrameTimes, has_picture, scan_frames

if TYPE_CHECKING:
    from av import VideoFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

_PHOTO_CODECS = ("mjpeg", "png", "webp", "tiff")  # their frames may carry EXIF, see `_still_orientation`
_NO_RIGHT_ANGLE = "“{}” is shown turned by an angle that is not a right angle: export it upright first."
_HEADS_DECODED = 3  # pictures looked at for interlacing
_STILL_BRANDS = ("heic", "heix", "heim", "heis", "mif1", "msf1", "avif")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundInfo:
    """The sound stream that speech is read from: the container's default one, else the first."""

    stream_index: int  # in the container
    codec: str
    sample_rate: int  # Hz
    channels: int
    layout: str  # FFmpeg's name: "mono", "stereo", "5.1(side)" …
    duration: Fraction | None  # seconds as the container claims; None = it does not


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MediaInfo:
    """Facts of a file with a picture. Frame numbers count from 0, seconds from the first frame."""

    path: Path
    kind: Literal["video", "still"]
    container: str  # FFmpeg's name of the format
    codec: str
    stream_index: int
    coded_size: tuple[int, int]  # width, height of the stored picture
    sample_aspect: Fraction  # width of a stored pixel / its height
    rotation: int  # degrees clockwise that the stored picture is turned for showing: 0, 90, 180 or 270
    mirrored: bool  # flipped left-right before turning
    display_matrix: tuple[int, ...] | None  # as stored, to be written again; None = none
    pixels: PixelFormat  # of the frames that the reader gives
    has_alpha: bool
    colour: ColourTags
    rate: Fraction | None  # nominal frames per second; None for a still, or where a single frame does not tell
    variable: bool  # frame times do not follow the rate
    time_base: Fraction
    frame_pts: npt.NDArray[np.int64]  # (frames,) ascending, in units of time_base
    last_duration: Fraction  # seconds that the last frame is shown
    keyframes: npt.NDArray[np.int64]  # (keys,) frame numbers that decoding can start from
    keyframe_dts: npt.NDArray[np.int64]  # (keys,) decoding time of the same
    seekable: bool  # whether frame times stay exact after a seek
    missing_frames: int  # frames that the container's header promises and the file no longer holds
    start_timecode: str | None  # of the first frame, `;` for drop-frame
    reel: str | None
    sound: SoundInfo | None

    @property
    def pix_fmt(self) -> str:
        return self.pixels.name

    @property
    def bit_depth(self) -> int:
        return self.pixels.bits

    @property
    def full_range(self) -> bool:
        """Whether black and white are the ends of the code range."""
        return is_full_range(self.pixels, self.colour)

    @property
    def frame_count(self) -> int:
        return len(self.frame_pts)

    @property
    def duration(self) -> Fraction:
        """Seconds from the first frame to the end of the last; 0 for a still."""
        return self.time_of(self.frame_count)

    @property
    def display_size(self) -> tuple[int, int]:
        """Width and height as shown: upright, square pixels."""
        return display_size(self.coded_size, self.sample_aspect, self.rotation)

    @property
    def coded_to_display(self) -> Affine:
        """(2, 3), see `geometry` for the convention of pixel centres."""
        return coded_to_display(self.coded_size, self.sample_aspect, self.rotation, self.mirrored)

    @property
    def display_to_coded(self) -> Affine:
        """(2, 3), see `geometry` for the convention of pixel centres."""
        return inverse(self.coded_to_display)

    def to_coded(self, points: npt.ArrayLike) -> Points:
        """(…, 2) display-space points in the stored picture."""
        return map_points(self.display_to_coded, points)

    def to_display(self, points: npt.ArrayLike) -> Points:
        """(…, 2) points of the stored picture in display space."""
        return map_points(self.coded_to_display, points)

    def time_of(self, frame: int) -> Fraction:
        """Seconds from the first frame to that one; of `frame_count`: the end of the last."""
        if self.rate is not None and not self.variable:
            return frame / self.rate
        if frame >= self.frame_count:
            return self.time_of(self.frame_count - 1) + self.last_duration
        return int(self.frame_pts[frame] - self.frame_pts[0]) * self.time_base

    def frame_at(self, seconds: Fraction) -> int:
        """The frame shown at that time (the first one before, the last one after the end)."""
        if self.rate is not None and not self.variable:
            return min(max(int(seconds * self.rate // 1), 0), self.frame_count - 1)
        ticks = int(seconds / self.time_base // 1) + int(self.frame_pts[0])
        return max(int(np.searchsorted(self.frame_pts, ticks, side="right")) - 1, 0)

    def timecode_of(self, frame: int) -> str | None:
        """The timecode of a frame; None where the clip has none."""
        if self.start_timecode is None or self.rate is None:
            return None
        return timecode.advanced(self.start_timecode, frame, self.rate)


def probe(path: str | Path) -> MediaInfo:
    """Facts of a video or a still.

    Raises: MediaNotFound, UnreadableMedia, NoPicture (no video frames), UnsupportedMedia (interlaced, unknown pixels).
    """
    path = Path(path)
    with open_media(path) as container:
        stream = picture_stream(container, path)
        _refuse_tiled_still(container, path)
        is_still = container.format.name in STILL_FORMATS
        times = scan_frames(container, stream)
        if not len(times.pts):
            raise NoPicture(f"“{path.name}” has a video track without a single frame: export it again.")
    with open_media(path) as container:
        stream = picture_stream(container, path)
        heads = _decode_heads(container, stream, path, _HEADS_DECODED)
        _refuse_interlaced(stream, heads, path)
        return _assemble(path, container, stream, heads[0], times.starting_at(heads[0].pts), is_still=is_still)


def probe_sound(path: str | Path) -> SoundInfo:
    """The sound of a file, with or without a picture.

    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    path = Path(path)
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            raise NoSound(f"“{path.name}” has no sound: choose a file with speech in it.")
        return _sound_info(stream)


def first_picture_time(path: Path) -> Fraction | None:
    """Seconds on the container's clock of the first frame that decodes; None = the container does not tell."""
    with open_media(path) as container:
        stream = picture_stream(container, path)
        head = _decode_heads(container, stream, path, 1)[0]
        return None if head.pts is None or stream.time_base is None else head.pts * stream.time_base


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream that is the picture: the default or first video stream that is not cover art.

    Raises: NoPicture, UnsupportedMedia — no decoder for it.
    """
    streams = [stream for stream in container.streams.video if has_picture(stream)]
    if not streams:
        raise NoPicture(f"“{path.name}” has no picture, only sound or data: choose a video or a still image.")
    stream = next((s for s in streams if int(s.disposition) & 1), streams[0])
    if stream.codec_context is None:
        raise UnsupportedMedia(f"“{path.name}” uses a video codec that this program cannot decode: export it as ProRes or H.264 first.")
    return stream


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The sound stream that is used: the default one, else the first that can be decoded."""
    streams = [stream for stream in container.streams.audio if stream.codec_context is not None and stream.codec_context.sample_rate]
    return next((s for s in streams if int(s.disposition) & 1), streams[0] if streams else None)


def _sound_info(stream: AudioStream) -> SoundInfo:
    context = stream.codec_context
    return SoundInfo(
        stream_index=stream.index,
        codec=context.name,
        sample_rate=context.sample_rate,
        channels=context.channels,
        layout=context.layout.name,
        duration=stream.duration * stream.time_base if stream.duration and stream.time_base else None,
    )


def _decode_heads(container: InputContainer, stream: VideoStream, path: Path, count: int) -> list[VideoFrame]:
    heads: list[VideoFrame] = []
    reason: Exception | None = None
    for packet in container.demux(stream):
        try:
            heads += stream.decode(packet)
        except av.error.FFmpegError as error:
            reason = error
        if len(heads) >= count:
            break
    if not heads:
        raise UnreadableMedia(f"No frame of “{path.name}” can be decoded: the file is damaged, export it again.") from reason
    return heads


def _refuse_interlaced(stream: VideoStream, heads: list[VideoFrame], path: Path) -> None:
    if stream.codec_context.field_order > 1 or any(frame.interlaced_frame for frame in heads):
        raise UnsupportedMedia(f"“{path.name}” is interlaced, and rendering would tear its lines: deinterlace it first, then try again.")


def _refuse_tiled_still(container: InputContainer, path: Path) -> None:
    if container.metadata.get("major_brand", "").strip() in _STILL_BRANDS:
        raise UnsupportedMedia(f"“{path.name}” is a HEIF or AVIF picture, which is stored in tiles: save it as PNG or JPEG first.")


def _assemble(
    path: Path, container: InputContainer, stream: VideoStream, head: VideoFrame, times: FrameTimes, *, is_still: bool
) -> MediaInfo:
    pixels = pixel_format(plain_format(head.format.name) or head.format.name)
    if pixels is None:
        raise UnsupportedMedia(f"“{path.name}” stores pixels as {head.format.name}, which cannot be rendered: export it as ProRes or PNG.")
    if is_still:
        rotation, mirrored = _still_orientation(path)
        matrix = turn_matrix(rotation, mirrored=mirrored) if rotation or mirrored else None
    else:
        matrix, rotation, mirrored = _orientation(head, stream.codec_context.name, path)
    rate = None if is_still else times.rate
    tags = _tags(stream, head)
    return MediaInfo(
        path=path,
        kind="still" if is_still else "video",
        container=container.format.name,
        codec=stream.codec_context.name,
        stream_index=stream.index,
        coded_size=(head.width, head.height),
        sample_aspect=_sample_aspect(stream),
        rotation=rotation,
        mirrored=mirrored,
        display_matrix=matrix,
        pixels=pixels,
        has_alpha=_has_alpha(head, pixels, is_still=is_still),
        colour=tags,
        rate=rate,
        variable=times.variable and not is_still,
        time_base=times.time_base,
        frame_pts=times.pts[:1] if is_still else times.pts,
        last_duration=Fraction(0) if is_still else times.last_duration,
        keyframes=times.keyframes,
        keyframe_dts=times.keyframe_dts,
        seekable=times.seekable and not is_still,
        missing_frames=0 if is_still else times.missing,
        start_timecode=None if rate is None else _start_timecode(container, stream, rate),
        reel=_metadata(container, stream, "reel_name"),
        sound=_sound_info(sound) if (sound := sound_stream(container)) else None,
    )


def _tags(stream: VideoStream, head: VideoFrame) -> ColourTags:
    """The picture's own tags; where it has none, the container's."""
    own, outer = read_tags(head), read_tags(stream.codec_context)
    if stream.codec_context.name == "dnxhd":
        own, outer = outer, own  # its pictures can only name BT.709 and BT.2020, and say BT.709 for all else
    return ColourTags(
        primaries=outer.primaries if own.primaries is None else own.primaries,
        transfer=outer.transfer if own.transfer is None else own.transfer,
        matrix=outer.matrix if own.matrix is None else own.matrix,
        range=outer.range if own.range is None else own.range,
    )


def _still_orientation(path: Path) -> tuple[int, bool]:
    """(clockwise degrees, mirrored first) of a photo, from its EXIF.

    FFmpeg reads it too, but PyAV 18.1 cannot hand it over: looking at a photo's side data raises, or ends the process.
    """
    try:
        with Image.open(path) as picture:
            return EXIF_TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1), (0, False))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, False  # FFmpeg could read the pixels, so the picture is good; only its orientation is unknown


def _orientation(head: VideoFrame, codec: str, path: Path) -> tuple[tuple[int, ...] | None, int, bool]:
    """(display matrix, clockwise degrees, mirrored first) of a video."""
    data = None if codec in _PHOTO_CODECS else _display_matrix_data(head)
    if data is None:
        degrees = -round(head.rotation) % 360
        if degrees % 90:
            raise UnsupportedMedia(_NO_RIGHT_ANGLE.format(path.name))
        return (turn_matrix(degrees, mirrored=False) if degrees else None), degrees, False
    matrix = read_display_matrix(data)
    turn = turn_of(matrix)
    if turn is None:
        raise UnsupportedMedia(_NO_RIGHT_ANGLE.format(path.name))
    return (matrix if turn != (0, False) else None), *turn


def _display_matrix_data(head: VideoFrame) -> bytes | None:
    try:
        entries: Iterable[Any] = head.side_data  # typed as a dict in PyAV, but it iterates its entries
    except ValueError:
        return None  # a kind of side data that PyAV does not know
    return next((bytes(entry) for entry in entries if entry.type.name == "DISPLAYMATRIX"), None)


def _sample_aspect(stream: VideoStream) -> Fraction:
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and aspect > 0 else Fraction(1)


def _has_alpha(head: VideoFrame, pixels: PixelFormat, *, is_still: bool) -> bool:
    """A still whose alpha is opaque everywhere has none; of a video only the format is known."""
    if head.format.name == "pal8" or not is_still or pixels.alpha is None:
        return pixels.alpha is not None and head.format.name != "pal8"
    alpha = alpha_view(head)
    return alpha is not None and bool((alpha < pixels.maximum).any())


def _start_timecode(container: InputContainer, stream: VideoStream, rate: Fraction) -> str | None:
    text = _metadata(container, stream, "timecode")
    if text is None:
        return None
    try:
        return timecode.format(timecode.parse(text, rate), rate, drop=timecode.is_drop(text))
    except InputError:
        return None  # a timecode that cannot count this clip's frames is no start for them


def _metadata(container: InputContainer, stream: VideoStream, key: str) -> str | None:
    """A tag of the picture's stream, the file, or a timecode track."""
    sources = [stream.metadata, container.metadata, *(other.metadata for other in container.streams if other is not stream)]
    return next((value for tags in sources for name, value in tags.items() if name.lower() == key and value), None)
