"""Finds the facts of a media file: its frames and their times, rate, size, rotation, colour tags, timecode and sound.

Times come from the packets (demuxed, not decoded), so a frame number means the same frame everywhere, whatever the
container's header claims. Only the first pictures are decoded, for what the packets do not tell.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import av.error

from ..errors import InputError, NoPicture, NoSound, UnreadableMedia, UnsupportedMedia
from . import timecode
from .colour import ColourTags, read_tags
from .decoding import decoder_of
from .files import open_media
from .hdr import StaticHdr, read_siting, read_static_hdr
from .info import Deinterlacing, MediaInfo, SoundInfo
from .interlace import may_be_interlaced
from .orientation import still_orientation, video_orientation
from .packet_scan import FrameTimes, has_picture, scan_frames, stores_no_times, stores_times
from .packets import Numbering, Restart, has_steady_clock, may_leap, picture_packets, sound_restarts
from .pixels import PixelFormat, alpha_view, pixel_format, plain_format
from .stills import ANIMATED_FORMATS, STILL_FORMATS, is_heif_photo
from .timecode_track import counting_rate

__all__ = [
    "MediaInfo",
    "SoundInfo",
    "clock_restarts",
    "first_picture_time",
    "picture_stream",
    "probe",
    "probe_sound",
    "sound_stream",
    "sound_streams",
]

if TYPE_CHECKING:
    from av import VideoFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

_SEQUENCE_BRANDS = ("avis", "msf1", "hevc", "hevx")
_HEADS_DECODED = 3  # pictures looked at for interlacing


def probe(path: str | Path, *, deinterlace: bool = False) -> MediaInfo:
    """Facts of a video or a still. `deinterlace`: interlaced pictures are not refused but read as progressive ones.

    Raises: MediaNotFound, UnreadableMedia, NoPicture (no video frames), UnsupportedMedia (interlaced, unknown pixels).
    """
    path = Path(path)
    with open_media(path) as container:
        stream = picture_stream(container, path)
        is_still = container.format.name in STILL_FORMATS or is_heif_photo(path)
        times = scan_frames(container, stream, _numbering(container, stream, path))
        if not len(times.pts):
            raise NoPicture("media.no-frames", file=path.name)
    with open_media(path) as container:
        stream = picture_stream(container, path)
        heads = _decode_heads(container, stream, path, _HEADS_DECODED, times.numbering)
        from_the_start = stream.codec_context.field_order > 1 or any(frame.interlaced_frame for frame in heads)
        interlaced = from_the_start or times.interlaced
        if interlaced and not deinterlace:
            raise UnsupportedMedia("media.interlaced", file=path.name)
        marked: Deinterlacing = "marked" if deinterlace and not is_still and may_be_interlaced(stream) else "never"
        info = _assemble(path, container, stream, heads[0], times.starting_at(heads[0].pts), is_still=is_still)
    opaque = _is_opaque_animation(path, info)
    return replace(info, interlaced=interlaced, deinterlacing="all" if from_the_start else marked, has_alpha=info.has_alpha and not opaque)


def probe_sound(path: str | Path) -> SoundInfo:
    """The sound of a file, with or without a picture.

    Raises: MediaNotFound, UnreadableMedia, NoSound.
    """
    path = Path(path)
    with open_media(path) as container:
        stream = sound_stream(container)
        if stream is None:
            raise NoSound("media.no-speech", file=path.name)
        return _sound_info(stream)


def first_picture_time(path: Path) -> Fraction | None:
    """Seconds on the container's clock of the first frame that decodes; None = the container does not tell. The same file is opened once
    for it."""
    return _known_first_time(path, *_state(path))


def clock_restarts(path: Path) -> tuple[Restart, ...]:
    """Where the clock of the file is set anew: that of its picture, or of its sound where it has none. Read once per file."""
    return _known_restarts(path, *_state(path))


def _state(path: Path) -> tuple[int, ...]:
    there = path.stat()
    return there.st_size, there.st_mtime_ns, there.st_ino


@lru_cache(maxsize=64)
def _known_first_time(path: Path, *state: int) -> Fraction | None:
    with open_media(path) as container:
        stream = picture_stream(container, path)
        if (numbering := _numbering(container, stream, path)) == "order":
            decoded = next((packet.dts for packet in container.demux(stream) if packet.size), None)
            return None if decoded is None or stream.time_base is None else decoded * stream.time_base
        head = _decode_heads(container, stream, path, 1, numbering)[0]
        return None if head.pts is None or stream.time_base is None else head.pts * stream.time_base


@lru_cache(maxsize=64)
def _known_restarts(path: Path, *state: int) -> tuple[Restart, ...]:
    with open_media(path) as container:
        if has_steady_clock(container):
            return ()
        if not any(has_picture(stream) for stream in container.streams.video):
            sound = sound_stream(container) if may_leap(container) else None
            return () if sound is None else sound_restarts(container, sound)
        stream, restarts = picture_stream(container, path), list[Restart]()
        for _ in picture_packets(container, stream, _numbering(container, stream, path), restarts):
            pass
        return tuple(restarts)


def picture_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream that is the picture: the default or first video stream that is not cover art.

    Raises: NoPicture, UnsupportedMedia — no decoder for it.
    """
    streams = [stream for stream in container.streams.video if has_picture(stream)]
    if not streams:
        raise NoPicture("media.no-picture", file=path.name)
    stream = max(streams, key=lambda s: (int(s.disposition) & 1, s.frames if _holds_a_sequence(container) else 0))
    if stream.codec_context is None:
        raise UnsupportedMedia("media.video-codec-unknown", file=path.name)
    return stream


def sound_streams(container: InputContainer) -> list[AudioStream]:
    """All streams of sound that can be decoded, in the file's order."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None and stream.codec_context.sample_rate]


def _holds_a_sequence(container: InputContainer) -> bool:
    """Whether it is an animated AVIF or HEIF: a photo for programs that know no better, and a video."""
    return container.metadata.get("major_brand", "").strip() in _SEQUENCE_BRANDS


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The sound stream that is used where none is chosen: the default one, else the first that can be decoded."""
    streams = sound_streams(container)
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


def _numbering(container: InputContainer, stream: VideoStream, path: Path) -> Numbering:
    by_order = stores_no_times(container, stream)
    if by_order is None:
        with open_media(path, fflags="nofillin") as as_stored:
            by_order = not stores_times(as_stored, picture_stream(as_stored, path))
    return "order" if by_order else "time"


def _decode_heads(container: InputContainer, stream: VideoStream, path: Path, count: int, numbering: Numbering) -> list[VideoFrame]:
    heads: list[VideoFrame] = []
    reason: Exception | None = None
    decoder = decoder_of(stream, at_once=True)
    for packet in picture_packets(container, stream, numbering):
        try:
            heads += decoder.decode(packet)
        except av.error.FFmpegError as error:
            reason = error
        if len(heads) >= count:
            break
    if not heads:
        raise UnreadableMedia("media.no-decodable-frame", file=path.name) from reason
    return heads


def _assemble(
    path: Path, container: InputContainer, stream: VideoStream, head: VideoFrame, times: FrameTimes, *, is_still: bool
) -> MediaInfo:
    pixels = pixel_format(plain_format(head.format.name) or head.format.name)
    if pixels is None:
        raise UnsupportedMedia("media.pixels-unsupported", file=path.name, pixels=head.format.name)
    by_exif = container.format.name in STILL_FORMATS
    matrix, rotation, mirrored = still_orientation(path) if by_exif else video_orientation(head, stream.codec_context.name, path)
    rate = None if is_still else times.rate
    tags = _tags(stream, head)
    counting = _counting_rate(path, container, rate)
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
        hdr=StaticHdr() if by_exif else read_static_hdr(head),
        siting=read_siting(head),
        rate=rate,
        variable=times.variable and not is_still,
        time_base=times.time_base,
        frame_pts=times.pts[:1] if is_still else times.pts,
        last_duration=Fraction(0) if is_still else times.last_duration,
        keyframes=times.keyframes,
        keyframe_dts=times.keyframe_dts,
        seekable=times.seekable and not is_still,
        numbering=times.numbering,
        missing_frames=0 if is_still else times.missing,
        start_timecode=None if rate is None else _start_timecode(container, stream, rate, counting),
        timecode_rate=counting,
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


def _sample_aspect(stream: VideoStream) -> Fraction:
    aspect = stream.sample_aspect_ratio
    return aspect if aspect and aspect > 0 else Fraction(1)


def _has_alpha(head: VideoFrame, pixels: PixelFormat, *, is_still: bool) -> bool:
    """A still whose alpha is opaque everywhere has none; of a video only the format is known."""
    if pixels.alpha is None:
        return False
    return _shows_through(head, pixels) if is_still or head.format.name == "pal8" else True


def _shows_through(picture: VideoFrame, pixels: PixelFormat) -> bool:
    shown = picture if picture.format.name == pixels.name else picture.reformat(format=pixels.name)
    alpha = alpha_view(shown)
    return alpha is not None and bool((alpha < pixels.maximum).any())


def _is_opaque_animation(path: Path, info: MediaInfo) -> bool:
    """GIF and APNG always have an alpha, and mostly nothing in it. They are short, so all of it is looked at."""
    if info.container not in ANIMATED_FORMATS or not info.has_alpha:
        return False
    with open_media(path) as container:
        return not any(_shows_through(picture, info.pixels) for picture in container.decode(picture_stream(container, path)))


def _counting_rate(path: Path, container: InputContainer, rate: Fraction | None) -> Fraction | None:
    """Of a timecode track that counts fewer frames than there are pictures; None = it counts the pictures."""
    if rate is None or "mov" not in container.format.name or not any(stream.type == "data" for stream in container.streams):
        return None
    counting = counting_rate(path)
    if counting is None or timecode.nominal(rate) % timecode.nominal(counting) or timecode.nominal(rate) == timecode.nominal(counting):
        return None
    return rate / (timecode.nominal(rate) // timecode.nominal(counting))


def _start_timecode(container: InputContainer, stream: VideoStream, rate: Fraction, counting: Fraction | None) -> str | None:
    text = _metadata(container, stream, "timecode")
    if text is None:
        return None
    try:
        return timecode.recounted(text, counting or rate, rate)
    except InputError:
        return None  # a timecode that cannot count this clip's frames is no start for them


def _metadata(container: InputContainer, stream: VideoStream, key: str) -> str | None:
    """A tag of the picture's stream, the file, or a timecode track."""
    sources = [stream.metadata, container.metadata, *(other.metadata for other in container.streams if other is not stream)]
    return next((value for tags in sources for name, value in tags.items() if name.lower() == key and value), None)
