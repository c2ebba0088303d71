"""Keeps the stored samples around the faces of a clip while a shot is planned, so that no frame is decoded again for a look at its mouth.

The samples lie in a file without a name; what does not fit, or was never kept, is decoded. Of frames that may not be looked at again only
small parts are kept: decoding a few of them costs less than keeping all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import av
import numpy as np

from ..storage.scratch import scratch_folder
from .colour import ColourTags, read_tags
from .geometry import map_points
from .pixels import Codes, component_views, copy_properties, pixel_format
from .reader import read_scattered
from .upright import Upright, UprightView, sited

if TYPE_CHECKING:
    from av import VideoFrame

    from .info import MediaInfo

MOST_BYTES = 512 << 20  # of one clip
_SMALL = 0.3  # of the picture: larger regions are kept only of frames that will be looked at again
_EDGE = 16  # pixels within a region that are not given to whoever scales the picture: a scaler looks beyond
_SITINGS = ("left", "unspecified", "center", "topleft")  # FFmpeg's names of where chroma lies, the usual one first
_GRID = 8  # regions begin and end at multiples of it: whole chroma samples in every subsampling

Edges = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True, slots=True)
class _Region:
    """Where the samples of a frame lie: in the file, and in the stored picture."""

    offset: int
    left: int
    top: int
    right: int
    bottom: int

    def holds(self, box: Sequence[float]) -> bool:
        return self.left <= box[0] and self.top <= box[1] and self.right >= box[2] and self.bottom >= box[3]


class KeptRegions:
    """What is kept of one clip. Frames go in by `keep`, in any order, and come out by `pictures`."""

    def __init__(self, info: MediaInfo) -> None:
        self._info = info
        self._regions: dict[int, _Region] = {}
        self._file: BinaryIO | None = None
        self._end = 0
        self._frame: VideoFrame | None = None  # filled anew for each picture that is given out
        self._tags = ColourTags()  # of it
        self._on = info.kind == "video"

    def keep(self, number: int, picture: VideoFrame, parts: Iterable[Edges], *, again: bool = False) -> None:
        """Keeps parts (in display space) of a frame of the file; again: it will be looked at again."""
        boxes = list(parts)
        if not self._on or not boxes:
            return
        region = self._around(boxes)
        if self._frame is not None and (picture.format.name, read_tags(picture)) != (self._frame.format.name, self._tags):
            return
        form = pixel_format(picture.format.name)
        small = (region.right - region.left) * (region.bottom - region.top) < _SMALL * picture.width * picture.height
        if form is None or not (small or again) or (picture.width, picture.height) != self._info.coded_size:
            return
        samples = b"".join(np.ascontiguousarray(part).tobytes() for part in _parts(picture, region))
        if self._end + len(samples) > MOST_BYTES or not self._write(samples):
            return
        self._regions[number] = region
        self._end += len(samples)
        if self._frame is None:
            self._tags = read_tags(picture)
            self._on = any(self._looks_alike(number, picture, where) for where in _SITINGS)

    def pictures(self, numbers: Sequence[int], boxes: Iterable[Sequence[float]]) -> Iterator[VideoFrame]:
        """The frames of these ascending numbers, each of which is right within its box (edges in the stored picture) at least, and only
        until the next one is asked for. Raises: as `read_scattered`."""
        here = {number for number, box in zip(numbers, boxes, strict=True) if self._holds(number, box)}
        decoded = read_scattered(self._info, [number for number in numbers if number not in here])
        for number in numbers:
            yield self._read(number) if number in here else next(decoded).picture

    def _holds(self, number: int, box: Sequence[float]) -> bool:
        region = self._regions.get(number)
        limit = self._info.coded_size
        inside = (max(0, box[0]), max(0, box[1]), min(limit[0], box[2]), min(limit[1], box[3]))
        return self._on and region is not None and region.holds(inside)

    def _around(self, boxes: list[Edges]) -> _Region:
        edges = np.array(boxes)
        corners = map_points(self._info.display_to_coded, [edges[:, :2].min(0) - _EDGE, edges[:, 2:].max(0) + _EDGE])
        limit = np.array(self._info.coded_size)
        low = np.clip(np.floor(corners.min(0) / _GRID) * _GRID, 0, limit - 1).astype(int)
        high = np.clip(np.ceil(corners.max(0) / _GRID) * _GRID, low + 1, limit).astype(int)
        return _Region(self._end, *low.tolist(), *high.tolist())

    def _write(self, samples: bytes) -> bool:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="heygem-", dir=scratch_folder(), buffering=0)  # noqa: SIM115 - it lives as long as this
            self._file.seek(self._end)
            return self._file.write(samples) == len(samples)
        except OSError:  # no room: whatever was kept so far is still right
            return False

    def _read(self, number: int) -> VideoFrame:
        region = self._regions[number]
        assert self._file is not None
        assert self._frame is not None
        self._file.seek(region.offset)
        for part in _parts(self._frame, region):
            part[...] = np.frombuffer(self._file.read(part.nbytes), part.dtype).reshape(part.shape)
        return self._frame

    def _looks_alike(self, number: int, picture: VideoFrame, siting: str) -> bool:
        """Takes a frame that says where chroma lies to give out what was kept, and tells whether it is seen as the decoded one. Decoders
        say that of their frames, each in its own way, but not to us."""
        empty = av.VideoFrame(picture.width, picture.height, picture.format.name)
        copy_properties(picture, empty)
        self._frame = sited(empty, siting)
        upright, region = Upright(self._info), self._regions[number]
        corners = self._info.to_display([(region.left, region.top), (region.right, region.bottom)])
        low, high = corners.min(0) + _EDGE, corners.max(0) - _EDGE
        box = (*np.ceil(low).astype(int).tolist(), *np.floor(high).astype(int).tolist())
        seen, kept = (UprightView(frame, upright).part(*box) for frame in (picture, self._read(number)))
        return np.array_equal(seen, kept)


def _parts(frame: VideoFrame, region: _Region) -> list[Codes]:
    """Views of the components of a frame within a region."""
    form = pixel_format(frame.format.name)
    assert form is not None
    parts = []
    for index, view in enumerate(component_views(frame)):
        across, down = form.chroma_shift if index and form.family == "yuv" else (0, 0)
        parts.append(view[region.top >> down : -(-region.bottom >> down), region.left >> across : -(-region.right >> across)])
    return parts
