"""Reads exact frames of a video by number, as a stream of constant memory.

A frame's number comes from its presentation time, looked up in the table that `probe` made from the packets, or where the container
has none from the packet that it was decoded from: never from counting what the decoder happens to give. So a damaged frame is replaced
by its predecessor and counted, and every other frame keeps its number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import av.error
import numpy as np
from av.video.reformatter import VideoReformatter

from ..errors import BadRange, UnreadableMedia, UnsupportedMedia
from .decoding import decoder_of
from .deinterlace import REACH, deinterlaced
from .files import open_media
from .interlace import may_be_interlaced
from .packets import DecodingOrder, picture_packets
from .probe import MediaInfo

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

MAX_DAMAGED_SHARE = 0.2  # of the frames read so far …
MIN_DAMAGED = 25  # … but a second of them is always tolerated
FRAMES_PER_SEEK = 10  # decoding so many frames takes about as long as a seek


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One decoded frame. The picture's memory belongs to the decoder: never write into it."""

    index: int  # from 0 at the first frame of the file
    time: Fraction  # seconds since the first frame
    picture: VideoFrame
    damaged: bool = False  # concealed by the decoder, or a repeat of its neighbour because it could not be decoded


def read_frames(info: MediaInfo, start: int = 0, end_exclusive: int | None = None, *, threads: int | None = None) -> Iterator[Frame]:
    """The frames start … end_exclusive − 1, each exactly once, in order. A still yields its one picture.

    `threads` for decoding; None = as many as FFmpeg likes.
    Raises: BadRange — outside the file; UnreadableMedia — too much damage; UnsupportedMedia — the picture's size changes.
    """
    end = info.frame_count if end_exclusive is None else end_exclusive
    if not 0 <= start < end <= info.frame_count:
        raise BadRange("media.frames-outside", start=start, end=end, file=info.path.name, frames=info.frame_count)
    if info.deinterlacing != "never":
        return _deinterlaced(info, start, end, threads)
    return _checked(info, _without_gaps(info, _decoded(info, start, end, threads), start, end))


def _deinterlaced(info: MediaInfo, start: int, end: int, threads: int | None) -> Iterator[Frame]:
    """The same with whole pictures in place of fields; reads a little more on both sides, so that any range gives the same frames."""
    first, last = max(0, start - REACH), min(info.frame_count, end + REACH)
    woven: deque[Frame] = deque()

    def pictures() -> Iterator[VideoFrame]:
        for frame in _checked(info, _without_gaps(info, _decoded(info, first, last, threads), first, last)):
            woven.append(frame)
            yield frame.picture

    for picture in deinterlaced(info, pictures()):
        frame = woven.popleft()
        if start <= frame.index < end:
            yield replace(frame, picture=picture)


def read_scattered(info: MediaInfo, indices_sorted: Iterable[int], *, threads: int | None = None) -> Iterator[Frame]:
    """Chosen frames, ascending; decodes on where the next one is near and seeks where a keyframe lies between.

    Raises: as `read_frames`; BadRange also where the numbers do not ascend.
    """
    indices = list(indices_sorted)
    if any(after <= before for before, after in pairwise(indices)):
        raise BadRange("media.frames-out-of-order")
    for run in _runs(info, indices):
        wanted = set(run)
        yield from (frame for frame in read_frames(info, run[0], run[-1] + 1, threads=threads) if frame.index in wanted)


def _runs(info: MediaInfo, indices: list[int]) -> Iterator[list[int]]:
    """Groups that are cheaper to decode through than to seek between."""
    run: list[int] = []
    for index in indices:
        if run and info.seekable and _keyframe_before(info, index) > run[-1] + FRAMES_PER_SEEK:
            yield run
            run = []
        run.append(index)
    if run:
        yield run


def _keyframe_before(info: MediaInfo, index: int) -> int:
    """The last frame at or before this one that decoding can start from."""
    place = int(np.searchsorted(info.keyframes, index, side="right")) - 1
    return int(info.keyframes[place]) if place >= 0 else 0


def _decoded(info: MediaInfo, start: int, end: int, threads: int | None) -> Iterator[Frame]:
    """What the decoder gives of the range, ascending, with gaps where it gives nothing."""
    if info.seekable and _keyframe_before(info, start) > 0:
        frames = _decode_from(info, start, end, threads, seek=True)
        first = next(frames, None)
        if first is not None and first.index == start:
            yield first
            yield from frames
            return
    yield from _decode_from(info, start, end, threads, seek=False)


def _decode_from(info: MediaInfo, start: int, end: int, threads: int | None, *, seek: bool) -> Iterator[Frame]:
    plain = VideoReformatter()
    with open_media(info.path) as container:
        stream: VideoStream = container.streams[info.stream_index]  # type: ignore[assignment]
        decoder = decoder_of(stream, threads=threads)
        packets = _packets_from(container, stream, info, start) if seek else picture_packets(container, stream, info.numbering)
        order = DecodingOrder()
        for picture in _pictures(decoder, packets):
            index = _index_of(info, picture, order, decoder.reorder_depth)
            if index is None or index < start:
                continue
            if index >= end:
                return
            _refuse_resized(info, picture)
            if may_be_interlaced(stream):
                _refuse_woven(info, picture, index)
            # A palette, or a stream that changes its pixel format on the way.
            shown = picture if picture.format.name == info.pix_fmt else plain.reformat(picture, format=info.pix_fmt)
            yield Frame(index=index, time=info.time_of(index), picture=shown, damaged=picture.is_corrupt)


def _packets_from(container: InputContainer, stream: VideoStream, info: MediaInfo, start: int) -> Iterator[Packet[VideoStream]]:
    """Packets from the keyframe at or before `start`. A demuxer that lands too late is sent further back."""
    place = int(np.searchsorted(info.keyframes, start, side="right")) - 1
    wanted_dts = int(info.keyframe_dts[place])
    for target in (int(info.frame_pts[info.keyframes[place]]), wanted_dts, int(info.frame_pts[info.keyframes[max(place - 1, 0)]])):
        container.seek(target, stream=stream)
        packets = container.demux(stream)
        first = next(packets, None)
        if first is not None and first.dts is not None and first.dts <= wanted_dts:
            yield first
            yield from packets
            return


def _pictures(decoder: VideoCodecContext, packets: Iterator[Packet[VideoStream]]) -> Iterator[VideoFrame]:
    """Decoded pictures; packets that cannot be decoded give none (their frames show up as gaps)."""
    for packet in packets:
        try:
            yield from decoder.decode(packet)
        except av.error.FFmpegError:
            continue


def _index_of(info: MediaInfo, picture: VideoFrame, order: DecodingOrder, depth: int) -> int | None:
    """The frame's number; None for a picture that is not in the table (hidden by an edit list, or a stray time)."""
    if info.kind == "still":
        return 0
    if picture.pts is None:
        return None
    if info.numbering == "order":
        index = order.number(picture.pts, depth)
        return index if index < info.frame_count else None
    index = int(np.searchsorted(info.frame_pts, picture.pts))
    return index if index < info.frame_count and info.frame_pts[index] == picture.pts else None


def _refuse_resized(info: MediaInfo, picture: VideoFrame) -> None:
    if (picture.width, picture.height) != info.coded_size:
        was, now = info.coded_size, (picture.width, picture.height)
        raise UnsupportedMedia("media.size-changes", file=info.path.name, width=was[0], height=was[1], new_width=now[0], new_height=now[1])


def _refuse_woven(info: MediaInfo, picture: VideoFrame, index: int) -> None:
    """Whoever probed the file looked at some pictures of it."""
    if picture.interlaced_frame and info.deinterlacing == "never" and info.kind == "video":
        raise UnsupportedMedia("media.interlaced-later", file=info.path.name, frame=index)


def _without_gaps(info: MediaInfo, frames: Iterator[Frame], start: int, end: int) -> Iterator[Frame]:
    """Every number once: a frame that did not decode repeats the one before it (at the beginning: the one after)."""
    expected, last = start, None
    for frame in frames:
        if frame.index < expected:
            continue
        for index in range(expected, frame.index):
            yield _stand_in(info, index, last or frame)
        yield frame
        expected, last = frame.index + 1, frame
    if last is None:
        raise UnreadableMedia("media.range-undecodable", start=start, end=end, file=info.path.name)
    for index in range(expected, end):
        yield _stand_in(info, index, last)


def _stand_in(info: MediaInfo, index: int, neighbour: Frame) -> Frame:
    return Frame(index=index, time=info.time_of(index), picture=neighbour.picture, damaged=True)


def _checked(info: MediaInfo, frames: Iterator[Frame]) -> Iterator[Frame]:
    damaged = 0
    for count, frame in enumerate(frames, start=1):
        damaged += frame.damaged
        if damaged > MIN_DAMAGED and damaged > MAX_DAMAGED_SHARE * count:
            raise UnreadableMedia("media.too-damaged", file=info.path.name, damaged=damaged, frames=count)
        yield frame
