"""Joins the pieces of a take by copying their packets: no picture is encoded again, and the sound is encoded once over the whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
import numpy as np

from ..errors import OutputError
from .deliverables import Deliverable
from .files import open_media
from .formats import take_pixels, take_tags
from .output import check_output, output_errors, part_path, publish
from .probe import picture_stream
from .sound_tracks import SoundTrack, SoundTracks
from .take_verification import ExpectedTake
from .writer import Seal, mark_take, muxer_options

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from .probe import MediaInfo
    from .take_timing import TakeTiming

_Piece = tuple[Path, list[int], bytes]  # file, the place of each packet's frame within the piece, decoder's configuration


def join_pieces(
    path: str | Path,
    row: Deliverable,
    info: MediaInfo,
    timing: TakeTiming,
    pieces: Sequence[str | Path],
    *,
    sounds: Sequence[SoundTrack] = (),
    seal: Seal | None = None,
) -> Iterator[int]:
    """Writes the take of `pieces` in order; yields the number of frames after each piece, the file is there when it ends.

    Pieces are files that `TakeWriter` wrote for the same source, row and settings, each beginning with a keyframe.
    Raises: OutputError — pieces that do not belong together, are too few or too many, or a file that is not as the take must be.
    """
    path = check_output(path, [info.path, *pieces])
    known = [_read_piece(Path(piece)) for piece in pieces]
    count = sum(len(places) for _, places, _ in known)
    if count != timing.frame_count:
        raise OutputError("join.frames-missing", frames=count, wanted=timing.frame_count)
    odd = next((piece for piece, _, head in known if head != known[0][2]), None)
    if odd is not None:
        raise OutputError("join.other-settings", file=odd.name)
    pixels = take_pixels(row, info)
    expected = ExpectedTake(row=row, info=info, timing=timing, pixels=pixels, tags=take_tags(row, info, pixels))
    part = part_path(path)
    try:
        with output_errors(path):
            yield from _copy(part, row, info, timing, known, sounds, seal)
            if seal is not None:
                seal.finish(part, row)
        expected.check(part)
        publish(part, path)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _only_packets(piece: Path) -> AbstractContextManager[InputContainer]:
    """A piece whose pictures nobody looks at: without a decoder FFmpeg decodes none to describe the stream, which takes longer than the
    rest of a piece."""
    return open_media(piece, codec_whitelist="none")


def _read_piece(piece: Path) -> _Piece:
    with _only_packets(piece) as container:
        stream = picture_stream(container, piece)
        times = [packet.pts for packet in container.demux(stream) if packet.size and packet.pts is not None]
        return piece, np.argsort(np.argsort(times)).tolist(), bytes(stream.codec_context.extradata or b"")


def _copy(
    part: Path, row: Deliverable, info: MediaInfo, timing: TakeTiming, pieces: list[_Piece], sounds: Sequence[SoundTrack], seal: Seal | None
) -> Iterator[int]:
    # Decoding order runs ahead of showing order by the same number of frames in every piece, else the whole would not decode.
    lead = max(at - place for _, places, _ in pieces for at, place in enumerate(places))
    with av.open(str(part), "w", format=row.muxer, options=muxer_options(row, timing)) as container, open_media(pieces[0][0]) as first:
        template = picture_stream(first, pieces[0][0])
        stream: VideoStream = container.add_stream_from_template(template)
        if container.format.name in first.format.name.split(","):
            stream.codec_context.codec_tag = template.codec_context.codec_tag  # else ProRes 4444 is called 422 HQ
        stream.time_base = timing.time_base
        stream.codec_context.framerate = timing.rate  # a template has none, and without one FFmpeg writes no timecode
        mark_take(container, stream, row, info, timing)
        tracks = SoundTracks(container, row.audio_codec, row.audio_bit_rate, sounds)
        if seal is not None:
            seal.mark(container, row)
        container.start_encoding()
        begin = 0
        for piece, places, _ in pieces:
            for at, packet in enumerate(_packets(piece)):
                _retime(packet, stream, timing, begin + places[at], begin + at - lead)
                container.mux(packet)
                tracks.write_beside(timing.time_of(begin + at + 1))
            begin += len(places)
            yield begin
        tracks.finish()


def _packets(piece: Path) -> Iterator[Packet[VideoStream]]:
    with _only_packets(piece) as container:
        yield from (packet for packet in container.demux(picture_stream(container, piece)) if packet.size and packet.pts is not None)


def _retime(packet: Packet[VideoStream], stream: VideoStream, timing: TakeTiming, shown: int, decoded: int) -> None:
    """Gives a packet its place in the whole: the frame it shows, and the frame at whose time it is decoded (may be negative)."""
    pts = timing.pts
    packet.stream = stream
    packet.time_base = timing.time_base
    packet.pts = int(pts[shown])
    packet.dts = int(pts[decoded]) if decoded >= 0 else decoded * int(pts[1])
    packet.duration = int(pts[shown + 1] - pts[shown])
