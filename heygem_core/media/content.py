"""Tells media apart by what they hold: digests of the packets, or the sound, that a piece of work needs, and of nothing else.

    frames asked for ─► blocks of `BLOCK` frames, with those that decoding them needs ─► a digest of each block's packets ─► one digest

Keys of plans, face tracks and segments are made of these. Where a file lies, what it is called and when it was written is no part of
them, so a copy is known again, and a file that was changed in place is not taken for what it was. Packets are read, never decoded, and only
those of the blocks, so of a large file no more than a render reads anyway.

What was found is remembered in the cache for as long as the file stays as it is: same place, inode, size and times (`FileState`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from av.stream import Discard

from ..errors import MediaNotFound, NoSound
from ..shot import Event, Progress, Struct, from_json, to_json
from ..storage.artefacts import FileState, digest_of
from ..storage.cache import Cache, key_of
from .deinterlace import REACH
from .files import open_media
from .packets import picture_packets
from .sound import Sound, read_speech

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

    from .info import MediaInfo

CONTENT_VERSION = 1  # raise it whenever the same file would give other digests
BLOCK = 240  # frames
_REORDERED = 16 + REACH  # frames: so far ahead of a frame its decoding, and deinterlacing, may look
_READ_AT_ONCE = 8  # blocks between two signs of progress, and, where a file can be entered anywhere, between two notes of what was found
_REMEMBERED = 16  # files that this process remembers without looking into the cache
_KIND = "contents"
_ALPHA: Literal["matroska_block_additional"] = "matroska_block_additional"  # WebM keeps the alpha of a picture beside it


class _Known(Struct, frozen=True, kw_only=True):
    """What was found of one file as it is now."""

    parts: dict[str, str]  # what was looked at → digest


_known: dict[str, dict[str, str]] = {}  # of the files looked at last, by the key of place and state


def read_content(info: MediaInfo, first: int, last: int, cache: Cache) -> Generator[Event, None, None]:
    """Finds the digests that `frames_content` needs of frames [first, last), and tells of its progress. Raises: InputError."""
    wanted = _blocks_for(info, first, last)
    if info.kind != "video":
        return
    for part in _parts(info, wanted):
        for block in _find(info, part, cache):
            if block > wanted.start:
                yield Progress(stage="probe", done=(block - wanted.start) * BLOCK, total=len(wanted) * BLOCK)


def _parts(info: MediaInfo, blocks: range) -> Iterator[range]:
    """Blocks in pieces that are read one by one. A new one begins only where reading it does not read the one before once more: a file
    that is always read from its beginning, or has keyframes far apart, would be read as often as it has pieces."""
    first = blocks.start
    for start in range(blocks.start + _READ_AT_ONCE, blocks.stop, _READ_AT_ONCE):
        if _landing(info, start * BLOCK) > (start - _READ_AT_ONCE) * BLOCK:
            yield range(first, start)
            first = start
    yield range(first, blocks.stop)


def _landing(info: MediaInfo, frame: int) -> int:
    """The frame from which on packets are read for a frame."""
    place = _place(info, frame)
    return int(info.keyframes[place]) if info.seekable and place > 0 else 0


def _place(info: MediaInfo, frame: int) -> int:
    """Which keyframe is the last one up to a frame; -1 = none."""
    return int(np.searchsorted(info.keyframes, frame, side="right")) - 1


def frames_content(info: MediaInfo, first: int, last: int, cache: Cache) -> str:
    """What frames [first, last) hold, with all that decoding them needs. Raises: InputError."""
    if info.kind == "still":
        return key_of(CONTENT_VERSION, _facts(info, 0, 1), digest_of(info.path))
    blocks = _blocks_for(info, first, last)
    return key_of(CONTENT_VERSION, _facts(info, blocks.start * BLOCK, blocks.stop * BLOCK), _digests(info, blocks, cache))


def sound_content(path: Path, start_s: Fraction, duration_s: Fraction, cache: Cache, *, channels: Sequence[int] = ()) -> str:
    """What is heard of a stretch of a file's sound, mono at 16 kHz; the same for every file without sound. channels: see
    `channels.heard_channels`. Raises: InputError.
    """

    def listen() -> str:
        try:
            return samples_digest(read_speech(path, start_s, start_s + duration_s, channels=channels))
        except NoSound:
            return "no sound"

    return remembered(path, f"sound {start_s} {duration_s} {list(channels)}", listen, cache)


def samples_digest(sound: Sound) -> str:
    """Of what is heard."""
    return blake2b(np.ascontiguousarray(sound.samples).data, digest_size=16).hexdigest()


def remembered(path: Path, what: str, find: Callable[[], str], cache: Cache) -> str:
    """What `find` found about a file, as long as that file stays as it is."""
    known = _Remembered(path, cache)
    if what not in known.parts:
        known.add({what: find()})
    return known.parts[what]


def state_of(path: str | Path) -> FileState:
    """Raises: MediaNotFound."""
    try:
        return FileState.of(Path(path).stat())
    except OSError as error:
        raise MediaNotFound("media.unreadable-path", path=path, why=error.strerror) from error


class _Remembered:
    """What is known of a file as it is at this moment."""

    def __init__(self, path: Path, cache: Cache) -> None:
        state = state_of(path)
        self._cache, self._settled = cache, state.is_settled()
        self._key = key_of(CONTENT_VERSION, str(path.absolute()), state)
        self.parts: dict[str, str] = {}
        if self._settled:
            known = _known.get(self._key)
            self.parts = dict(known) if known is not None else self._read()

    def add(self, parts: dict[str, str]) -> None:
        self.parts |= parts
        if not self._settled:
            return  # a change in this moment would not show in its times
        if len(_known) >= _REMEMBERED and self._key not in _known:
            _known.clear()
        self.parts = _known[self._key] = self._read() | self.parts
        self._cache.drop(_KIND, self._key)
        with self._cache.making(_KIND, self._key) as made:
            (made / "found.json").write_bytes(to_json(_Known(parts=self.parts)))

    def _read(self) -> dict[str, str]:
        return self._cache.read(_KIND, self._key, lambda folder: from_json((folder / "found.json").read_bytes(), _Known).parts) or {}


def _facts(info: MediaInfo, first: int, last: int) -> tuple[object, ...]:
    """What is known of the stream and of the times of frames [first, last)."""
    times = np.ascontiguousarray(info.frame_pts[first : last + 1] - info.frame_pts[0])
    return (
        (info.kind, info.codec, info.coded_size, info.pix_fmt, info.has_alpha, info.sample_aspect, info.rotation, info.mirrored),
        (info.display_matrix, key_of(repr((info.colour, info.hdr, info.siting))), info.interlaced, info.deinterlacing),
        (info.numbering, info.missing_frames),
        (info.rate, info.variable, info.time_base, info.last_duration, blake2b(times.data, digest_size=16).hexdigest()),
    )


def _blocks_for(info: MediaInfo, first: int, last: int) -> range:
    """The blocks that decoding frames [first, last) needs."""
    end = min(info.frame_count, last + _REORDERED)
    return range(_entry(info, max(0, first - REACH)) // BLOCK, -(-end // BLOCK))


def _entry(info: MediaInfo, frame: int) -> int:
    """The frame from which on packets matter to a frame: the keyframe before the one that decoding starts from, since pictures that are
    shown before the latter may refer to it. In a container that is always read from its beginning: its first frame."""
    if not info.seekable or not len(info.keyframes):
        return 0
    place = int(np.searchsorted(info.keyframes, frame, side="right")) - 2
    return int(info.keyframes[place]) if place >= 0 else 0


def _block_name(info: MediaInfo, block: int) -> str:
    return f"{info.stream_index} {info.numbering} {block}"


def _digests(info: MediaInfo, blocks: range, cache: Cache) -> list[str]:
    """Of each block; those that are not known yet are found in one run through the file."""
    parts = _last(_find(info, blocks, cache))
    return [parts[_block_name(info, block)] for block in blocks]


def _find(info: MediaInfo, blocks: range, cache: Cache) -> Generator[int, None, dict[str, str]]:
    """The same by their names, with all else that is known of the file; yields the blocks that it comes to, now and then."""
    known = _Remembered(info.path, cache)
    missing = [block for block in blocks if _block_name(info, block) not in known.parts]
    if missing:
        yield missing[0]
        found = yield from _run(info, missing[0], missing[-1])
        known.add({_block_name(info, block): digest for block, digest in found})
    return known.parts


def _last(steps: Generator[int, None, dict[str, str]]) -> dict[str, str]:
    """What comes out in the end."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: dict[str, str] = end.value
            return found


def _run(info: MediaInfo, first: int, last: int) -> Generator[int, None, list[tuple[int, str]]]:
    """The digest of each block from `first` to `last`, of its packets in the order in which they are decoded. Yields see `_find`."""
    digests = {block: blake2b(digest_size=16) for block in range(first, last + 1)}
    heads: list[bytes] = []
    for number, (block, packet) in enumerate(_packets(info, first, last), 1):
        if number % (_READ_AT_ONCE * BLOCK) == 0:
            yield min(block, last)
        if not heads:
            heads.append(bytes(packet.stream.codec_context.extradata or b""))
        if block in digests:
            alpha = packet.get_sidedata(_ALPHA) if packet.has_sidedata(_ALPHA) else b""
            digests[block].update(f"{packet.size} {len(bytes(alpha))} ".encode())
            digests[block].update(memoryview(packet))
            digests[block].update(bytes(alpha))
    for digest in digests.values():
        digest.update(b"".join(heads))
    return [(block, digest.hexdigest()) for block, digest in digests.items()]


def _packets(info: MediaInfo, first: int, last: int) -> Iterator[tuple[int, Packet[VideoStream]]]:
    """Packets with the block that each belongs to, at least all of blocks `first` to `last`."""
    if not info.seekable:
        yield from _counted(info, last)
        return
    end = (last + 1) * BLOCK
    until = int(info.frame_pts[end]) if end < info.frame_count else None
    for packet in _from(info, first * BLOCK):
        if packet.size and packet.pts is not None:
            frame = max(0, int(np.searchsorted(info.frame_pts, packet.pts, side="right")) - 1)
            yield frame // BLOCK, packet
            if until is not None and packet.dts is not None and packet.dts > until:
                return


def _counted(info: MediaInfo, last: int) -> Iterator[tuple[int, Packet[VideoStream]]]:
    """The same of a container that is read from its beginning, where the order tells."""
    final = (info.frame_count - 1) // BLOCK
    with _opened(info) as (container, stream):
        for count, packet in enumerate(packet for packet in picture_packets(container, stream, info.numbering) if packet.size):
            if count >= (last + 1) * BLOCK and last < final:
                return
            yield min(count // BLOCK, final), packet


def _from(info: MediaInfo, frame: int) -> Iterator[Packet[VideoStream]]:
    """Packets from a keyframe at or before a frame; from the beginning where a seek leads too far."""
    place = _place(info, frame)
    if place > 0:
        with _opened(info) as (container, stream):
            container.seek(int(info.frame_pts[info.keyframes[place]]), stream=stream)
            packets = container.demux(stream)
            head = next(packets, None)
            if head is not None and _is_early_enough(info, head, place):
                yield head
                yield from packets
                return
    with _opened(info) as (container, stream):
        yield from container.demux(stream)


def _is_early_enough(info: MediaInfo, head: Packet[VideoStream], place: int) -> bool:
    """Whether a seek led to a keyframe or to one before it. Matroska with B-frames knows no time of decoding of the first packet."""
    if head.dts is not None:
        return head.dts <= int(info.keyframe_dts[place])
    return head.is_keyframe and head.pts is not None and head.pts <= int(info.frame_pts[info.keyframes[place]])


@contextmanager
def _opened(info: MediaInfo) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The file, of which only the picture is read."""
    with open_media(info.path) as container:
        stream: VideoStream = container.streams[info.stream_index]  # type: ignore[assignment]
        for other in container.streams:
            if other is not stream and other.type in ("video", "audio"):
                other.discard = Discard.all
        yield container, stream
