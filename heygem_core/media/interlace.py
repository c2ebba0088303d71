"""Looks for pictures of two fields all over a file: a programme that begins progressive may be interlaced later on.

Pictures are decoded from some keyframes, spread over the file, of those codecs that know fields at all. What lies between them the
reader finds, when it decodes it anyway.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av.error

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

_LOOKS = 24  # at most about so many pictures are decoded: half a second of work for Full HD
_INTERVAL_S = Fraction(10)  # between them, where the container does not know its length
_TALLEST = 1152  # lines; no larger format was ever interlaced
_PROGRESSIVE = frozenset({"vp8", "vp9", "av1", "libdav1d", "gif", "apng", "png", "webp", "theora", "cfhd", "hap", "qtrle"})


def may_be_interlaced(stream: VideoStream) -> bool:
    """Whether codec and size leave it open."""
    context = stream.codec_context
    return context.name not in _PROGRESSIVE and min(context.width, context.height) <= _TALLEST


class FieldSearch:
    """Is shown the packets of a stream one after the other, in a container that nothing else decodes from."""

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.found = False
        self._stream = stream
        self._wanted = may_be_interlaced(stream)
        whole = Fraction(container.duration, av.time_base) if container.duration else None
        self._interval = whole / _LOOKS if whole else _INTERVAL_S
        self._last: Fraction | None = None  # seconds on the container's clock of the keyframe that was looked at last
        self._looks = 0

    def look_at(self, packet: Packet[VideoStream]) -> None:
        """Decodes it where it is a keyframe and its time has come."""
        clock = packet.dts if packet.dts is not None else packet.pts
        if self.found or not self._wanted or not packet.is_keyframe or clock is None or self._looks > 2 * _LOOKS:
            return
        now = clock * (packet.time_base or Fraction(0))
        if self._last is not None and abs(now - self._last) < self._interval:
            return
        self._last = now
        self._looks += 1
        decoder = self._stream.codec_context
        try:
            self.found = any(picture.interlaced_frame for picture in [*decoder.decode(packet), *decoder.decode(None)])
        except av.error.FFmpegError:
            return  # damage; the reader will tell
        finally:
            decoder.flush_buffers()


def fields_in_index(container: InputContainer, stream: VideoStream, search: FieldSearch) -> None:
    """The same for a stream whose packets were not read: seeks to them."""
    entries = stream.index_entries
    for place in range(0, len(entries), max(1, len(entries) // _LOOKS)):
        container.seek(entries[place].timestamp, stream=stream)
        packet = next(container.demux(stream), None)
        if packet is not None and packet.size:
            search.look_at(packet)
