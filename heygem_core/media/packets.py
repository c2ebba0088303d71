"""Gives the packets of a picture's stream with times that numbers can be told by, whatever the container says.

Two kinds of containers need that. Some store when a picture is decoded and not when it is shown (AVI, ASF, Matroska in the way of Video
for Windows): there packets are numbered, and a picture's place is the one in which the decoder gives it. Others may begin their clock
again (transport streams one behind the other): there the clock goes on where it was, and sound goes with the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from av import Packet
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

Numbering = Literal["time", "order"]
"""What tells a picture's number: the time it is shown at, or the order in which the decoder gives it."""

_STEADY_CLOCK = ("mov", "matroska", "webm", "mxf")  # containers with one clock for the whole file
_MOST_HELD = 32  # packets
_LEAP_S = 10  # a clock of MPEG that leaps further ahead was set anew; FFmpeg's program thinks so too
_LEAPING_CLOCK = ("mpegts", "mpeg")  # programmes that were put together; in all other containers a gap is a gap
_AT_THE_EDGES_S = 2  # sound is stored so much before or after the picture that it is heard with
_GOES_ON_S = Fraction(1, 2)  # sound whose clock steps by no more goes on as it was


@dataclass(frozen=True, slots=True)
class Restart:
    """A place where a container's clock was set anew."""

    place: int  # byte of the file
    shift_s: Fraction  # to be added to all times from there on


def picture_packets(
    container: InputContainer, stream: VideoStream, numbering: Numbering, restarts: list[Restart] | None = None
) -> Iterator[Packet[VideoStream]]:
    """All packets of the stream from its beginning. Numbered "order", the `pts` of a packet is its number, from 0; a picture that is
    not shown gets none. To `restarts` is added where the clock was set anew."""
    if numbering == "order":
        return _numbered(container.demux(stream), stream)
    if has_steady_clock(container):
        return container.demux(stream)
    return _running_on(container, stream, [] if restarts is None else restarts)


def sound_restarts(container: InputContainer, stream: AudioStream) -> tuple[Restart, ...]:
    """Where the clock of a file without a picture was set anew. Sound that leaps ahead was silent."""
    found: list[Restart] = []
    offset, end = 0, None
    for packet in container.demux(stream) if may_leap(container) else ():
        if packet.size and packet.pts is not None and packet.time_base is not None:
            duration = packet.duration or 0
            if end is not None and packet.pts + offset - end < -3 * duration:
                offset = end - packet.pts
                found.append(Restart(packet.pos or 0, offset * packet.time_base))
            end = packet.pts + offset + duration
    return tuple(found)


def sound_packets(container: InputContainer, stream: AudioStream, restarts: Sequence[Restart]) -> Iterator[Packet[AudioStream]]:
    """All packets of the stream from where the container stands, on the clock of the picture."""
    packets = container.demux(stream)
    return _moved_along(packets, restarts) if restarts else packets


def has_steady_clock(container: InputContainer) -> bool:
    """Whether the container has one clock for the whole file."""
    return any(name in container.format.name for name in _STEADY_CLOCK)


def may_leap(container: InputContainer) -> bool:
    """Whether the container's clock may be set anew by leaping ahead."""
    return container.format.name in _LEAPING_CLOCK


def _moved_along(packets: Iterator[Packet[AudioStream]], restarts: Sequence[Restart]) -> Iterator[Packet[AudioStream]]:
    """The packets with the times of the part that they belong to. Sound of one part may be stored before the picture of the part before
    has ended, or after that of its own has begun: so it changes to another part where its own clock steps."""
    part, place, last = 0, 0, None  # part n comes after n restarts
    for packet in packets:
        if not packet.size or packet.pts is None or packet.time_base is None:
            yield packet
            continue
        place = max(place, packet.pos or 0)
        now = packet.pts * packet.time_base
        if last is None or not -_GOES_ON_S / 10 <= now - last <= _GOES_ON_S:
            ahead = last is not None and 0 < now - last <= _LEAP_S
            part = max(part, _by_place(restarts, place) if last is None or ahead else _nearest(restarts, place))
        last = now
        if part:
            ticks = round(restarts[part - 1].shift_s / packet.time_base)
            packet.pts += ticks
            packet.dts = None if packet.dts is None else packet.dts + ticks
        yield packet


def _by_place(restarts: Sequence[Restart], place: int) -> int:
    return sum(restart.place <= place for restart in restarts)


def _nearest(restarts: Sequence[Restart], place: int) -> int:
    return 1 + min(range(len(restarts)), key=lambda number: abs(restarts[number].place - place))


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


def _running_on(container: InputContainer, stream: VideoStream, restarts: list[Restart]) -> Iterator[Packet[VideoStream]]:
    """The stream's packets with a clock that goes on where it begins again: the first picture afterwards follows the last one before."""
    leaping = may_leap(container)
    offset, decoded, shown_until = 0, None, 0
    held: list[Packet[VideoStream]] = []  # the last packets before the clock is set anew, where one of them has its time from afterwards
    heard: list[Fraction] = []  # times of the sound that lies ahead of the pictures
    # Where a clock may leap, sound is looked at too: it goes on while a picture only pauses.
    packets: Iterator[Packet[Any]] = container.demux(stream, *container.streams.audio) if leaping else container.demux(stream)
    for packet in packets:
        if packet.stream.index != stream.index:
            if packet.size and packet.pts is not None and packet.time_base is not None:
                heard.append(packet.pts * packet.time_base)
            continue
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
        step = 0 if decoded is None else now + offset - decoded
        leaps = leaping and step > 0 and _leaps(packet, step)
        paused = leaps and _is_heard_between(heard, packet, step)
        heard = [time for time in heard if time > now * (packet.time_base or 0)]
        if paused:  # so the times of those that were held are right
            yield from held
            shown_until = max([shown_until, *((each.pts or 0) + (each.duration or 0) for each in held)])
            held = []
        elif step < -2 * duration or leaps:
            late = _last_shown(held, shown_until)
            yield from late
            held, shown_until = [], max([shown_until, *((each.pts or 0) + (each.duration or 0) for each in late)])
            offset, heard = shown_until - packet.pts, []
            restarts.append(Restart(packet.pos or 0, offset * (packet.time_base or Fraction(0))))
        if offset:
            packet.pts += offset
            packet.dts = now + offset
        decoded = now + offset
        from_afterwards = _is_from_afterwards(packet, leaping)
        if not from_afterwards:
            shown_until = max(shown_until, packet.pts + duration)
        if held or from_afterwards:
            held.append(packet)
        else:
            yield packet
        if len(held) > _MOST_HELD:
            yield from _last_shown(held, shown_until)
            held = []


def _is_heard_between(heard: list[Fraction], packet: Packet[VideoStream], step: int) -> bool:
    """Whether there was sound while the picture's clock went those ticks ahead, to this packet."""
    now, base = packet.dts or 0, packet.time_base or Fraction(0)
    return any((now - step) * base + _AT_THE_EDGES_S < time < now * base - _AT_THE_EDGES_S for time in heard)


def _last_shown(held: list[Packet[VideoStream]], shown_until: int) -> list[Packet[VideoStream]]:
    """The packets, with those shown last whose time FFmpeg took from the clock after them (MPEG's anchor pictures wait for the next)."""
    for packet in held:
        if _is_from_afterwards(packet, leaping=True):
            packet.pts = shown_until
            shown_until += packet.duration or 0
    return held


def _is_from_afterwards(packet: Packet[VideoStream], leaping: bool) -> bool:
    if packet.pts is None or packet.dts is None:
        return False
    ahead = packet.pts - packet.dts
    return (ahead < 0 or leaping) and _leaps(packet, ahead)


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
