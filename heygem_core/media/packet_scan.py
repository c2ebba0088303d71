"""Finds when each frame of a stream is shown, from its packets: times, rate, keyframes. No picture is decoded where the
packets carry their times; the rate is measured against those times; what the header claims is not trusted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from av.stream import Discard

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

Ticks = npt.NDArray[np.int64]
_Row = tuple[int | None, int | None, int, bool, bool]  # pts, dts, duration, is keyframe, is hidden

_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_TIMED_THUMBNAILS = 0x800
# Containers in which a seek lands on the wanted keyframe with the same timestamps as in a run from the start.
_EXACT_SEEK = ("mov", "matroska", "webm", "mxf")


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

    def starting_at(self, first_pts: int | None) -> FrameTimes:
        """Without the frames before the first one that decodes (leading pictures whose references were cut away)."""
        if first_pts is None or not len(self.pts) or first_pts <= self.pts[0]:
            return self
        dropped = int(np.searchsorted(self.pts, first_pts))
        if dropped >= len(self.pts):
            return self
        kept = self.keyframes >= dropped
        return replace(self, pts=self.pts[dropped:], keyframes=self.keyframes[kept] - dropped, keyframe_dts=self.keyframe_dts[kept])


def has_picture(stream: VideoStream) -> bool:
    """Whether a video stream is the picture, not cover art or chapter thumbnails."""
    return not int(stream.disposition) & (_ATTACHED_PICTURE | _TIMED_THUMBNAILS)


def scan_frames(container: InputContainer, stream: VideoStream) -> FrameTimes:
    """Reads the container to its end (its index only, where that holds everything)."""
    for other in container.streams:
        if other is not stream and other.type in ("video", "audio"):
            other.discard = Discard.all
    time_base = stream.time_base or Fraction(1, 90000)
    rows = _rows_from_index(container, stream) or [row for packet in container.demux(stream) if (row := _row(packet, stream)) is not None]
    shown = np.array([row[:4] for row in rows if not row[4]] or np.empty((0, 4)), dtype=object)
    seekable = any(name in container.format.name for name in _EXACT_SEEK)
    missing = max(0, stream.frames - len(rows))
    if any(pts is None for pts in shown[:, 0]):
        return _counted(shown, stream, missing)
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
        seekable=seekable,
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
    near = [claim for claim in claims if abs(float(claim) * usual - 1) < 0.02]
    return snapped(near[0] if near else Fraction(1 / usual).limit_denominator(1000))


def snapped(rate: Fraction) -> Fraction:
    """23.976 → 24000/1001, 29.97 → 30000/1001, 25.0001 → 25: decimals of rates that exist; others stay."""
    for whole in (round(rate), round(rate * 1001 / 1000)):
        for exact in (Fraction(whole), Fraction(whole * 1000, 1001)):
            if exact and abs(rate / exact - 1) < Fraction(1, 100_000):
                return exact
    return rate


def _follows(pts: Ticks, time_base: Fraction, rate: Fraction) -> bool:
    ideal = np.arange(len(pts)) * float(1 / (rate * time_base))
    error = (pts - pts[0]) - ideal
    return bool(np.ptp(error) <= 1.001 * max(1.0, float(Fraction(1, 100_000) / time_base)))


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


def _row(packet: Packet[VideoStream], stream: VideoStream) -> _Row | None:
    """(pts, dts, duration, is keyframe, is hidden) of a packet that holds a frame."""
    if not packet.size:
        return None
    hidden = packet.is_discard or _is_invisible_vp8(packet, stream)
    return packet.pts, packet.dts if packet.dts is not None else packet.pts, packet.duration or 0, packet.is_keyframe, hidden


def _is_invisible_vp8(packet: Packet[VideoStream], stream: VideoStream) -> bool:
    """VP8's alternate reference frames are packets of their own (RFC 6386 section 9.1: the show_frame bit)."""
    return stream.codec_context.name in ("vp8", "libvpx") and not memoryview(packet)[0] & 0x10


def _counted(shown: npt.NDArray[np.object_], stream: VideoStream, missing: int) -> FrameTimes:
    """For containers without presentation times (AVI): frames are counted at the header's rate."""
    claims = _claims(stream)
    rate = snapped(claims[0]) if claims else Fraction(25)
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
