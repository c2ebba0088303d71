"""Makes upright RGB pictures for looking at: trackers, measures and contact sheets. Never a source of rendered pixels.

Whoever looks at a small part of each frame asks an `UprightView` for it: converting all of a large frame costs more than finding a face.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.reformatter import Interpolation, VideoReformatter

from .colour import FULL, LIMITED, assumed_matrix, code_scale, rgb_from_ycbcr, sws_colorspace
from .geometry import map_points
from .pixels import chroma_size, component_views, pixel_format
from .reader import read_frames, read_scattered

if TYPE_CHECKING:
    from av import VideoFrame

    from .probe import MediaInfo

# Without full chroma interpolation swscale takes a table-driven way that darkens by about two levels.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

_AROUND = 8  # pixels that are converted around a part, so that its own chroma is interpolated as within the whole
_STEP = 64  # sizes of parts are multiples of it: a scaler is set up anew for each size
_SMALL_PART = 0.4  # of the whole, above which the whole is converted

Picture = npt.NDArray[np.uint8]  # (H, W, 3) RGB


def upright_frames(
    info: MediaInfo, start: int = 0, end_exclusive: int | None = None, *, damaged: list[int] | None = None
) -> Iterator[tuple[int, Picture]]:
    """(frame number, picture at `display_size`) of frames start … end_exclusive − 1, None = to the end of the file.

    damaged: a list that the numbers of frames are added to which could not be decoded whole. Raises: as `read_frames`.
    """
    upright = Upright(info)
    for index, frame in _numbered(info, start, end_exclusive, damaged):
        yield index, upright.picture(frame)


def upright_views(
    info: MediaInfo, start: int = 0, end_exclusive: int | None = None, *, damaged: list[int] | None = None
) -> Iterator[tuple[int, UprightView]]:
    """As `upright_frames`, of which nothing is converted before it is looked at."""
    upright = Upright(info)
    for index, frame in _numbered(info, start, end_exclusive, damaged):
        yield index, UprightView(frame, upright)


def _numbered(info: MediaInfo, start: int, end_exclusive: int | None, damaged: list[int] | None) -> Iterator[tuple[int, VideoFrame]]:
    for frame in read_frames(info, start, end_exclusive):
        if frame.damaged and damaged is not None:
            damaged.append(frame.index)
        yield frame.index, frame.picture


def upright_pictures(info: MediaInfo, numbers: Iterable[int]) -> dict[int, Picture]:
    """Some frames of a file by their numbers, which ascend. Raises: as `read_scattered`."""
    upright = Upright(info)
    return {frame.index: upright.picture(frame.picture) for frame in read_scattered(info, numbers)}


class UprightView:
    """One frame as it is looked at: a `face.tracker.View`."""

    def __init__(self, frame: VideoFrame, upright: Upright) -> None:
        self.frame, self._upright = frame, upright
        self._parts: list[tuple[Picture, tuple[int, int]]] = []
        self.size = upright.display_size

    @cached_property
    def whole(self) -> Picture:
        """As `Upright.picture`."""
        return self._upright.picture(self.frame)

    def part(self, left: int, top: int, right: int, bottom: int) -> Picture:
        """The pixels `whole[top:bottom, left:right]`, of edges that lie within it."""
        if right <= left or bottom <= top:
            return np.zeros((max(0, bottom - top), max(0, right - left), 3), np.uint8)
        for picture, (x, y) in self._parts:
            if left >= x and top >= y and right <= x + picture.shape[1] and bottom <= y + picture.shape[0]:
                return picture[top - y : bottom - y, left - x : right - x]
        if "whole" not in self.__dict__ and (found := self._upright.part(self.frame, (left, top, right, bottom))) is not None:
            # What was converted around it may differ from the whole, and is given to nobody.
            picture, (x, y) = found
            self._parts.append((picture[top - y : bottom - y, left - x : right - x], (left, top)))
            return self._parts[-1][0]
        return self.whole[top:bottom, left:right]

    def thinned(self, step: int) -> Picture:
        """As `Upright.thinned`."""
        return thinned(self.whole, step) if "whole" in self.__dict__ else self._upright.thinned(self.frame, step)


class Upright:
    """Turns decoded frames of one file into RGB in display space.

    One object per stream: it keeps one scaler, because a scaler per frame leaks memory.
    """

    def __init__(self, info: MediaInfo) -> None:
        self._info = info
        self._scaler = VideoReformatter()
        self._coded = info.coded_size
        self._matrix = assumed_matrix(info.colour, *info.coded_size)
        self._colorspace = sws_colorspace(self._matrix)
        self._range = FULL if info.full_range else LIMITED

    @property
    def display_size(self) -> tuple[int, int]:
        """(width, height) of `picture`."""
        return self._info.display_size

    def picture(self, frame: VideoFrame, *, max_side: int | None = None) -> Picture:
        """(H, W, 3) uint8 RGB of the whole frame: `display_size`, or smaller so that no side exceeds `max_side`."""
        width, height = self._info.display_size
        scale = 1.0 if max_side is None else min(1.0, max_side / max(width, height))
        return self._shown(frame, (max(1, round(width * scale)), max(1, round(height * scale))))

    def region(
        self, frame: VideoFrame, box: tuple[float, float, float, float], size: tuple[int, int]
    ) -> tuple[Picture, npt.NDArray[np.float64]]:
        """Part of a frame: (H, W, 3) uint8 RGB of `size` (width, height), and the (2, 3) map from its pixels to display space.

        `box` is left, top, right, bottom in display space; the picture shows the nearest box on the chroma grid that lies
        within the frame, so use the map, not the box, to place what is found in it. Raises ValueError where they do not meet.
        """
        part, edges = self._cut(frame, box)
        corner_a, corner_b = self._info.to_display([edges[:2], edges[2:]])
        low, high = np.minimum(corner_a, corner_b), np.maximum(corner_a, corner_b)
        scale = (high - low) / size
        to_display = np.array([[scale[0], 0, low[0]], [0, scale[1], low[1]]])
        return self._shown(part, size), to_display

    def part(self, frame: VideoFrame, box: tuple[int, int, int, int]) -> tuple[Picture, tuple[int, int]] | None:
        """The pixels of `picture` in a box (left, top, right, bottom) within it, and some around: the picture, and where its left and top
        lie. None where that cannot be had without converting the whole frame, or costs about as much."""
        width, height = self._info.display_size
        if (width, height) != (self._coded if self._info.rotation not in (90, 270) else self._coded[::-1]):
            return None  # pixels that are not square
        if (box[2] - box[0] + _STEP) * (box[3] - box[1] + _STEP) > _SMALL_PART * width * height:
            return None
        form = pixel_format(frame.format.name)
        if form is None or (frame.width, frame.height) != self._coded:
            return None
        corner_a, corner_b = map_points(self._info.display_to_coded, [box[:2], box[2:]])
        low, high = np.round(np.minimum(corner_a, corner_b)).astype(int), np.round(np.maximum(corner_a, corner_b)).astype(int)
        left, cut_width = _stretch(int(low[0]), int(high[0]), frame.width, 1 << form.chroma_shift[0])
        top, cut_height = _stretch(int(low[1]), int(high[1]), frame.height, 1 << form.chroma_shift[1])
        cut = _cropped(frame, left, top, cut_width, cut_height)
        corner_a, corner_b = self._info.to_display([(left, top), (left + cut_width, top + cut_height)])
        x, y = np.round(np.minimum(corner_a, corner_b)).astype(int).tolist()
        turned = self._info.rotation in (90, 270)
        return self._shown(cut, (cut_height, cut_width) if turned else (cut_width, cut_height)), (x, y)

    def thinned(self, frame: VideoFrame, step: int) -> Picture:
        """Every `step`-th pixel of every `step`-th row of `picture`, with the chroma sample that is nearest: within a level or two."""
        form = pixel_format(frame.format.name)
        if form is None or form.family != "yuv" or form.big_endian or self._coded != (frame.width, frame.height):
            return thinned(self.picture(frame), step)
        size = (-(-frame.width // step), -(-frame.height // step))
        planes = [_every(view, size) for view in component_views(frame)]
        black, span, zero, chroma_span = code_scale(form.bits, full=self._range == FULL)
        per_code = rgb_from_ycbcr(self._matrix) / [span, chroma_span, chroma_span] * 255
        table = np.column_stack([per_code / (1 << form.left_shift), -per_code @ [black, zero, zero]])
        codes = cv2.merge(planes)
        if form.bits > 8 or form.left_shift:
            codes = np.asarray(codes, np.float32)
        rgb = (
            np.clip(np.rint(cv2.transform(codes, table)), 0, 255).astype(np.uint8)
            if codes.dtype != np.uint8
            else cv2.transform(codes, table)
        )
        width, height = self._info.display_size
        if self._info.mirrored:
            rgb = rgb[:, ::-1]
        rgb = np.ascontiguousarray(np.rot90(rgb, -self._info.rotation // 90))
        wanted = (-(-width // step), -(-height // step))
        return np.asarray(rgb if rgb.shape[1::-1] == wanted else cv2.resize(rgb, wanted, interpolation=cv2.INTER_NEAREST), np.uint8)

    def _shown(self, frame: VideoFrame, size: tuple[int, int]) -> Picture:
        """Scales in the stored orientation, then turns: rotating few bytes of RGB is cheap."""
        rotation = self._info.rotation
        width, height = size[::-1] if rotation in (90, 270) else size
        shrinks = width < frame.width or height < frame.height
        planar = self._scaler.reformat(  # to planes: packed pixels take swscale twice as long
            frame,
            width=width,
            height=height,
            format="gbrp",
            src_colorspace=self._colorspace,
            dst_colorspace=self._colorspace,
            src_color_range=self._range,
            dst_color_range=FULL,
            interpolation=(Interpolation.AREA if shrinks else Interpolation.BILINEAR) | _EXACT,
            threads=1,
        )
        rgb = cv2.merge(component_views(planar))
        if self._info.mirrored:
            rgb = rgb[:, ::-1]
        return np.ascontiguousarray(np.rot90(rgb, -rotation // 90))

    def _cut(self, frame: VideoFrame, box: tuple[float, float, float, float]) -> tuple[VideoFrame, tuple[int, int, int, int]]:
        """A frame of its own that holds the part, and its edges in the stored picture."""
        corners = map_points(self._info.display_to_coded, [box[:2], box[2:]])
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        form = pixel_format(frame.format.name)
        if form is None:
            raise ValueError(f"pixel format {frame.format.name} cannot be cut")
        across, down = (1 << shift for shift in form.chroma_shift)
        x0, y0 = max(0, int(left // across) * across), max(0, int(top // down) * down)
        x1, y1 = min(frame.width, -int(-right // across) * across), min(frame.height, -int(-bottom // down) * down)
        if x1 <= x0 or y1 <= y0:
            raise ValueError(f"the box {box} does not touch the picture of {self._info.display_size}")
        part = av.VideoFrame(x1 - x0, y1 - y0, frame.format.name)
        for index, (source, target) in enumerate(zip(component_views(frame), component_views(part), strict=True)):
            step_x, step_y = (across, down) if index and form.family == "yuv" else (1, 1)
            rows, columns = (y1 - y0, x1 - x0) if not index else chroma_size(form, y1 - y0, x1 - x0)
            target[...] = source[y0 // step_y : y0 // step_y + rows, x0 // step_x : x0 // step_x + columns]
        return part, (x0, y0, x1, y1)


def thinned(rgb: Picture, step: int) -> Picture:
    """Every `step`-th pixel of every `step`-th row of (H, W, 3), ten times as fast as a copy of NumPy's view of them."""
    return _every(rgb, (-(-rgb.shape[1] // step), -(-rgb.shape[0] // step)))


def _every(view: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """A plane or a picture brought to (width, height) by leaving out pixels."""
    if view.shape[1] > 1 and view.strides[1] != view.itemsize * (view.shape[2] if view.ndim == 3 else 1):
        view = np.ascontiguousarray(view)  # samples of one plane among those of another
    return np.asarray(cv2.resize(view, size, interpolation=cv2.INTER_NEAREST))


def _stretch(low: int, high: int, limit: int, grid: int) -> tuple[int, int]:
    """Where a stretch begins that holds low … high with `_AROUND` on both sides, as far as the picture goes, and its length."""
    first = max(0, low - _AROUND) // grid * grid
    length = min(limit, -(-(min(limit, high + _AROUND) - first) // _STEP) * _STEP)
    if first + length > limit:
        first = (limit - length) // grid * grid
        length = limit - first
    return first, length


def sited(frame: VideoFrame, where: str) -> VideoFrame:
    """The same frame and memory, which says that chroma lies there (FFmpeg's name)."""
    return _filtered(frame, "setparams", f"chroma_location={where}")


def _cropped(frame: VideoFrame, left: int, top: int, width: int, height: int) -> VideoFrame:
    """A part of a frame that knows all that the frame knows of its samples, such as where chroma lies; it shares the frame's memory."""
    return _filtered(frame, "crop", f"{width}:{height}:{left}:{top}")


def _filtered(frame: VideoFrame, name: str, how: str) -> VideoFrame:
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    graph.link_nodes(source, graph.add(name, how), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()
