"""Chooses the decoder of a picture's stream: FFmpeg's own, except where another gives what that one leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from av.codec.context import CodecContext

from .files import MAX_PIXELS

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

# FFmpeg's own decoders of VP8 and VP9 leave the alpha out, which WebM keeps beside the picture.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


def decoder_of(stream: VideoStream, *, threads: int | None = None, at_once: bool = False) -> VideoCodecContext:
    """A decoder for all packets of the stream. `threads`: None = as many as FFmpeg likes. `at_once`: by one thread, which holds no picture
    back: threads that take a picture each give the first one only when each has a packet, and memory for all of them."""
    name = _WITH_ALPHA.get(stream.codec_context.name)
    if name is not None and stream.metadata.get("alpha_mode") == "1":
        decoder = cast("VideoCodecContext", CodecContext.create(name, "r"))
        decoder.options = {"max_pixels": str(MAX_PIXELS)}
    else:
        decoder = stream.codec_context
    decoder.thread_type = "AUTO"
    if at_once:
        decoder.thread_type, threads = "NONE", 1
    if threads is not None:
        decoder.thread_count = threads
    return decoder
