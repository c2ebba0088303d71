"""Finds when each frame of a stream is shown, from its packets: times, rate, keyframes. Pictures are decoded only to look for
fields; the rate is measured against the times; what the header claims is not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from av.stream import Discard

from .interlace import FieldSearch, fields_in_index
from .packets import Numbering, is_hidden, may_leap, picture_packets

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

Ticks = npt.NDArray[np.int64]
_Row = tuple[int | None, int | None, int, bool, bool]  # pts, dts, duration, is keyframe, is hidden
_Table = npt.NDArray[np.object_]  # (rows, 4): the first four of a row

_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_TIMED_THUMBNAILS = 0x800
# Containers in which a seek lands on the wanted keyframe with the same timestamps as in a run from the start.
_EXACT_SEEK = ("mov", "matroska", "webm", "mxf")
_CHUNK_HEADER = 8  # bytes: the name and size of a RIFF chunk
_NO_TIMES = frozenset({"avi", "asf", "h264", "hevc"})
_DECODING_TIMES = frozenset({"avi", "asf", "matroska,webm", "mxf"})  # that at least store when a picture is decoded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FrameTimes:
    """The frames of a stream in the order they are shown."""

    time_base: Fraction
    pts: Ticks  # (frames,) ascending
    last_duration: Fraction  # seconds
    rate: Fraction | None  # frames per second; None = one frame and no claim
    variable: bool
    keyframes: Ticks  # (keys,) frame numbers
    keyframe_dts: Ticks  # (keys,)
    seekable: bool
    missing: int  # frames promised by the header but not in the file
    numbering: Numbering = "time"
    interlaced: bool = False  # a picture of two fields was seen somewhere

    def starting_at(self, first_pts: int | None) -> FrameTimes:
        """Without the frames before the first one that decodes (leading pictures whose references were cut away)."""
        if first_pts is None or not len(self.pts):
            return self
        dropped = first_pts if self.numbering == "order" else int(np.searchsorted(self.pts, first_pts))
        if not 0 < dropped < len(self.pts):
            return self
        kept = self.keyframes >= dropped
        return replace(self, pts=self.pts[dropped:], keyframes=self.keyframes[kept] - dropped, keyframe_dts=self.keyframe_dts[kept])


def has_picture(stream: VideoStream) -> bool:
    """Whether a video stream is the picture, not cover art or chapter thumbnails."""
    return not int(stream.disposition) & (_ATTACHED_PICTURE | _TIMED_THUMBNAILS)


def scan_frames(container: InputContainer, stream: VideoStream, numbering: Numbering = "time") -> FrameTimes:
    """Reads the container to its end (its index only, where that holds everything)."""
    for other in container.streams:
        needed = other.type == "audio" and may_leap(container)  # it tells pauses of the picture from leaps of the clock
        if other is not stream and other.type in ("video", "audio") and not needed:
            other.discard = Discard.all
    promised = _promised(container, stream)
    rows, search = _rows_from_index(container, stream), FieldSearch(container, stream)
    if rows:
        fields_in_index(container, stream, search)
    else:
        rows = list(_rows_from_packets(container, stream, numbering, search))
    shown = np.array([row[:4] for row in rows if not row[4]] or np.empty((0, 4)), dtype=object)
    missing = max(0, promised - _places(container, rows))
    if numbering == "order" or any(pts is None for pts in shown[:, 0]) or _are_decoding_times(container, stream, shown):
        return replace(_in_order(container, stream, shown, missing), interlaced=search.found)
    return replace(_by_time(container, stream, shown, missing), interlaced=search.found)


def stores_no_times(container: InputContainer, stream: VideoStream) -> bool | None:
    """Whether the container stores only when pictures are decoded; None = that shows in its packets (`stores_times`)."""
    if container.format.name in _NO_TIMES:
        return True
    written_by_old_tools = "matroska" in container.format.name and stream.codec_context.codec_tag.strip("\0")
    return None if written_by_old_tools else False


def stores_times(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the first packet says when its picture is shown. The container must have been opened with the option `fflags=nofillin`:
    otherwise FFmpeg guesses, well for MPEG's usual order and wrongly for any other."""
    return next((packet.pts is not None for packet in container.demux(stream) if packet.size), True)


def _by_time(container: InputContainer, stream: VideoStream, shown: _Table, missing: int) -> FrameTimes:
    time_base = stream.time_base or Fraction(1, 90000)
    order = np.argsort(shown[:, 0].astype(np.int64), kind="stable")
    pts, dts, durations, keys = (shown[order, column].astype(np.int64) for column in range(4))
    pts, first = np.unique(pts, return_index=True)
    keyframes = np.flatnonzero(keys[first])
    rate = constant_rate(pts, time_base, _claims(stream))
    nominal = rate if rate is not None else nominal_rate(pts, time_base, _claims(stream))
    return FrameTimes(
        time_base=time_base,
        pts=pts,
        last_duration=_last_duration(container, stream, pts, int(durations[first][-1]) if len(pts) else 0, nominal),
        rate=nominal,
        variable=rate is None and len(pts) > 1,
        keyframes=keyframes,
        keyframe_dts=dts[first][keyframes],
        seekable=any(name in container.format.name for name in _EXACT_SEEK),
        missing=missing,
    )


def constant_rate(pts: Ticks, time_base: Fraction, claims: list[Fraction]) -> Fraction | None:
    """The rate that all times follow to within the container's resolution; None = variable.

    The 1000/1001 neighbour of a claim goes first: some headers can only write 23.976 as a decimal.
    """
    if len(pts) < 2:
        return snapped(claims[0]) if claims else None
    measured = Fraction(len(pts) - 1, int(pts[-1] - pts[0])) / time_base
    for claim in [*claims, measured]:
        for rate in dict.fromkeys((snapped(claim), claim.limit_denominator(100_000))):
            if _follows(pts, time_base, rate):
                return rate
    return None


def nominal_rate(pts: Ticks, time_base: Fraction, claims: list[Fraction]) -> Fraction | None:
    """What to call the rate of variable frame times: one over the usual interval."""
    if len(pts) < 2:
        return claims[0] if claims else None
    usual = float(np.median(np.diff(pts)) * time_base)
    # A clock of milliseconds knows 17 of the 16⅔ that 60 frames a second last.
    near = [claim for claim in claims if abs(float(claim) * usual - 1) < max(0.02, float(claim * time_base / 2))]
    return snapped(near[0] if near else Fraction(1 / usual).limit_denominator(1000))


def snapped(rate: Fraction) -> Fraction:
    """23.976 → 24000/1001, 29.97 → 30000/1001, 25.0001 → 25: decimals of rates that exist; others stay."""
    for whole in (round(rate), round(rate * 1001 / 1000)):
        for exact in (Fraction(whole), Fraction(whole * 1000, 1001)):
            if exact and abs(rate / exact - 1) < Fraction(1, 100_000):
                return exact
    return rate


def _follows(pts: Ticks, time_base: Fraction, rate: Fraction) -> bool:
    ticks_per_frame = float(1 / (rate * time_base))
    error = (pts - pts[0]) - np.arange(len(pts)) * ticks_per_frame
    rounding = 1.001 * max(1.0, float(Fraction(1, 100_000) / time_base))
    return bool(np.ptp(error) <= min(rounding, ticks_per_frame / 2))  # a clock that ticks once a frame has nothing to round


def _claims(stream: VideoStream) -> list[Fraction]:
    claims = (stream.average_rate, stream.guessed_rate, stream.base_rate)
    return list(dict.fromkeys(Fraction(claim) for claim in claims if claim and 0 < claim <= 1000))


def _rows_from_index(container: InputContainer, stream: VideoStream) -> list[_Row]:
    """From the sample table where it is complete and pictures are stored in order; else nothing (read the packets)."""
    entries = stream.index_entries
    in_order = stream.codec_context is not None and stream.codec_context.codec.intra_only
    if not in_order or "mov" not in container.format.name or len(entries) != stream.frames or len(entries) < 2:
        return []
    if entries[-1].pos + entries[-1].size > container.size:
        return []  # truncated: only the packets tell what is left
    return [(entry.timestamp, entry.timestamp, 0, True, entry.is_discard) for entry in entries]


def _index_of_avi(container: InputContainer, stream: VideoStream) -> dict[int, int]:
    """Decoding time by place in the file. The demuxer counts the chunks that it comes across, so after damage it counts too few."""
    if container.format.name != "avi":
        return {}
    return {entry.pos + _CHUNK_HEADER: entry.timestamp for entry in stream.index_entries}


def _rows_from_packets(container: InputContainer, stream: VideoStream, numbering: Numbering, search: FieldSearch) -> Iterator[_Row]:
    slots = _index_of_avi(container, stream)
    for packet in container.demux(stream) if numbering == "order" else picture_packets(container, stream, numbering):
        if packet.size:
            yield _row(packet, stream, slots)
            search.look_at(packet)


def _row(packet: Packet[VideoStream], stream: VideoStream, slots: dict[int, int]) -> _Row:
    """(pts, dts, duration, is keyframe, is hidden) of a packet that holds a frame."""
    dts = slots.get(packet.pos) if packet.pos in slots else packet.dts if packet.dts is not None else packet.pts
    return packet.pts, dts, packet.duration or 0, packet.is_keyframe, is_hidden(packet, stream)


def _are_decoding_times(container: InputContainer, stream: VideoStream, shown: _Table) -> bool:
    """Whether what is called times of showing cannot be: MXF whose index does not say how pictures are put into order."""
    return container.format.name == "mxf" and stream.codec_context.reorder_depth > 0 and bool((shown[:, 0] == shown[:, 1]).all())


def _promised(container: InputContainer, stream: VideoStream) -> int:
    """How many frames the header promises, those that an edit list hides left out. Ask before packets are read: then an index lists
    what a header promised and not what was found."""
    entries = stream.index_entries
    if "mov" in container.format.name:
        return min(stream.frames, len(entries))
    if container.format.name == "avi" and len(entries) and entries[-1].pos + entries[-1].size <= container.size:
        return 0  # its index lies at its end, so the file is whole
    return stream.frames


def _places(container: InputContainer, rows: list[_Row]) -> int:
    """How many of them the packets fill. AVI's empty chunks give no packet, and the clock counts them."""
    last = rows[-1][1] if rows else None
    return max(len(rows), last + 1) if container.format.name == "avi" and last is not None else len(rows)


def _in_order(container: InputContainer, stream: VideoStream, shown: _Table, missing: int) -> FrameTimes:
    """For containers without times of showing: pictures are shown one after the other at the times at which packets are decoded, or
    at the header's rate where those are missing too."""
    claims = _claims(stream)
    rate = snapped(claims[0]) if claims else Fraction(25)
    stored = [dts for dts in shown[:, 1] if dts is not None]
    if container.format.name in _DECODING_TIMES and len(stored) == len(set(stored)) == len(shown) > 0:
        times = _by_time(container, stream, np.stack([np.sort(stored), *shown[:, 1:].T], axis=1), missing)
        begin = min(len(shown), 1)
        return replace(times, keyframes=np.zeros(begin, np.int64), keyframe_dts=times.keyframe_dts[:1], seekable=False, numbering="order")
    count = len(shown)
    return FrameTimes(
        time_base=1 / rate,
        pts=np.arange(count, dtype=np.int64),
        last_duration=1 / rate,
        rate=rate,
        variable=False,
        keyframes=np.zeros(min(count, 1), np.int64),
        keyframe_dts=np.zeros(min(count, 1), np.int64),
        seekable=False,
        missing=missing,
        numbering="order",
    )


def _last_duration(container: InputContainer, stream: VideoStream, pts: Ticks, ticks: int, rate: Fraction | None) -> Fraction:
    """Seconds that the last frame is shown. QuickTime's packets last until the next *decoding* time, so there the track's end
    tells; elsewhere the packet itself."""
    time_base = stream.time_base or Fraction(1, 90000)
    if "mov" in container.format.name and len(pts) and stream.duration is not None and stream.start_time is not None:
        left = stream.start_time + stream.duration - int(pts[-1])
        ticks = left if left > 0 else ticks
    if ticks > 0:
        return ticks * time_base
    return 1 / rate if rate else Fraction(0)
