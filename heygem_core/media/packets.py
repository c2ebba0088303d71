"""Gives the packets of a picture's stream with times that numbers can be told by, whatever the container says.

Two kinds of containers need that. Some store when a picture is decoded and not when it is shown (AVI, ASF, Matroska in the way of Video
for Windows): there packets are numbered, and a picture's place is the one in which the decoder gives it. Others may begin their clock
again (transport streams one behind the other): there the clock goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

Numbering = Literal["time", "order"]
"""What tells a picture's number: the time it is shown at, or the order in which the decoder gives it."""

_STEADY_CLOCK = ("mov", "matroska", "webm", "mxf")  # containers with one clock for the whole file
_MOST_HELD = 32  # packets
_LEAP_S = 10  # a clock that leaps further ahead was set anew; FFmpeg's program thinks so too


def picture_packets(container: InputContainer, stream: VideoStream, numbering: Numbering) -> Iterator[Packet[VideoStream]]:
    """All packets of the stream from its beginning. Numbered "order", the `pts` of a packet is its number, from 0; a picture that is
    not shown gets none."""
    packets = container.demux(stream)
    if numbering == "order":
        return _numbered(packets, stream)
    if any(name in container.format.name for name in _STEADY_CLOCK):
        return packets
    return _running_on(packets)


def is_hidden(packet: Packet[VideoStream], stream: VideoStream) -> bool:
    """Whether a packet's picture is decoded and never shown: cut away by an edit list, or VP8's alternate reference."""
    return packet.is_discard or _is_invisible_vp8(packet, stream)


def _is_invisible_vp8(packet: Packet[VideoStream], stream: VideoStream) -> bool:
    """VP8's alternate reference frames are packets of their own (RFC 6386 section 9.1: the show_frame bit)."""
    return stream.codec_context.name in ("vp8", "libvpx") and not memoryview(packet)[0] & 0x10


def _numbered(packets: Iterator[Packet[VideoStream]], stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    number = 0
    for packet in packets:
        if packet.size:
            hidden = is_hidden(packet, stream)
            packet.pts = None if hidden else number
            number += not hidden
        yield packet


def _running_on(packets: Iterator[Packet[VideoStream]]) -> Iterator[Packet[VideoStream]]:
    """The same with a clock that goes on where it begins again: the first picture afterwards follows the last one before."""
    offset, decoded, shown_until = 0, None, 0
    held: list[Packet[VideoStream]] = []  # the last packets before the clock is set anew, where one of them has its time from afterwards
    for packet in packets:
        if not packet.size or packet.pts is None:
            yield from _last_shown(held, shown_until)
            held = []
            yield packet
            continue
        if packet.dts is None:  # pictures are not shown in this order, so its time says nothing about the clock
            packet.pts += offset
            yield packet
            continue
        duration, now = packet.duration or 0, packet.dts
        if decoded is not None and _set_anew(packet, now + offset - decoded, duration):
            late = _last_shown(held, shown_until)
            yield from late
            held, shown_until = [], max([shown_until, *((each.pts or 0) + (each.duration or 0) for each in late)])
            offset = shown_until - packet.pts
        if offset:
            packet.pts += offset
            packet.dts = now + offset
        decoded = now + offset
        from_afterwards = _leaps(packet, packet.pts - decoded)
        if not from_afterwards:
            shown_until = max(shown_until, packet.pts + duration)
        if held or from_afterwards:
            held.append(packet)
        else:
            yield packet
        if len(held) > _MOST_HELD:
            yield from _last_shown(held, shown_until)
            held = []


def _last_shown(held: list[Packet[VideoStream]], shown_until: int) -> list[Packet[VideoStream]]:
    """The packets, with those shown last whose time FFmpeg took from the clock after them (MPEG's anchor pictures wait for the next)."""
    for packet in held:
        if packet.pts is not None and packet.dts is not None and _leaps(packet, packet.pts - packet.dts):
            packet.pts = shown_until
            shown_until += packet.duration or 0
    return held


def _set_anew(packet: Packet[VideoStream], step: int, duration: int) -> bool:
    """Whether the clock was, seen by the step of the decoding time, which never goes back and never leaps."""
    return step < -2 * duration or _leaps(packet, step)


def _leaps(packet: Packet[VideoStream], ticks: int) -> bool:
    return packet.time_base is not None and abs(ticks) * packet.time_base > _LEAP_S


class DecodingOrder:
    """Numbers pictures by the order in which a decoder gives them. A picture that it does not give keeps its number free."""

    def __init__(self) -> None:
        self._next = 0  # number of the next picture
        self._waiting = -1  # the first packet whose picture may still come; −1 = none has come yet
        self._ahead: set[int] = set()  # packets behind it whose pictures came before

    def number(self, packet: int, depth: int) -> int:
        """Of the picture that came of that packet. `depth`: how many pictures the decoder may hold back to put them into order."""
        if self._waiting < 0:
            self._waiting = packet
        self._ahead.add(packet)
        self._pass_by_those_that_came()
        while self._ahead and max(self._ahead) - self._waiting + 1 - len(self._ahead) > depth:
            self._waiting += 1  # it was lost: more would be held back than ever are
            self._next += 1
            self._pass_by_those_that_came()
        self._next += 1
        return self._next - 1

    def _pass_by_those_that_came(self) -> None:
        while self._waiting in self._ahead:
            self._ahead.remove(self._waiting)
            self._waiting += 1
