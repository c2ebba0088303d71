"""Makes one video file of numbered pictures, without decoding them: each picture's bytes become a frame as they are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from ..errors import UnreadableMedia, UnsupportedMedia
from .files import open_media, readable
from .output import output_errors, part_path, publish
from .real_paths import still_real

_CODECS = {"png", "mjpeg", "tiff"}  # that QuickTime files hold and every decoder here reads


def write_pictures(pictures: Sequence[Path], rate: Fraction, output: Path, *, timecode: str | None = None) -> Path:
    """A QuickTime file that shows the pictures one after the other at a rate; a picture that is listed twice is shown twice.

    Raises: MediaNotFound, UnreadableMedia, UnsupportedMedia — pictures of another kind; OutputError.
    """
    with open_media(pictures[0]) as first:
        context = first.streams.video[0].codec_context
        codec, size, pixels = context.name, (context.width, context.height), context.pix_fmt
    if codec not in _CODECS:
        raise UnsupportedMedia("media.pictures-kind", file=pictures[0].name, kind=codec)
    part = part_path(output)
    try:
        with output_errors(output), av.open(str(part), "w", format="mov") as container:
            stream: Any = container.add_stream(codec, rate=rate)
            stream.width, stream.height = size
            stream.pix_fmt, stream.time_base = pixels, 1 / rate
            if timecode is not None:
                container.metadata["timecode"] = timecode
            for number, picture in enumerate(pictures):
                packet = av.Packet(_bytes_of(picture))
                packet.stream, packet.time_base = stream, 1 / rate
                packet.pts = packet.dts = number
                packet.duration, packet.is_keyframe = 1, True
                container.mux(packet)
        publish(part, output)
    finally:
        part.unlink(missing_ok=True)
    return output


def _bytes_of(picture: Path) -> bytes:
    """Raises: UnreadableMedia."""
    try:
        with readable(picture), still_real(picture):
            return picture.read_bytes()
    except OSError as error:
        raise UnreadableMedia("media.damaged", file=picture.name, error=error.strerror or type(error).__name__) from error
