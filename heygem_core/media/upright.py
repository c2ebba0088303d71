"""Makes upright RGB pictures for looking at: trackers, measures and contact sheets. Never a source of rendered pixels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from .colour import FULL, LIMITED, assumed_matrix, sws_colorspace
from .geometry import map_points
from .pixels import chroma_size, component_views, pixel_format
from .reader import read_frames, read_scattered

if TYPE_CHECKING:
    from av import VideoFrame

    from .probe import MediaInfo

# Without full chroma interpolation swscale takes a table-driven way that darkens by about two levels.
_EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

Picture = npt.NDArray[np.uint8]  # (H, W, 3) RGB


def upright_frames(
    info: MediaInfo, start: int = 0, end_exclusive: int | None = None, *, damaged: list[int] | None = None
) -> Iterator[tuple[int, Picture]]:
    """(frame number, picture at `display_size`) of frames start … end_exclusive − 1, None = to the end of the file.

    damaged: a list that the numbers of frames are added to which could not be decoded whole. Raises: as `read_frames`.
    """
    upright = Upright(info)
    for frame in read_frames(info, start, end_exclusive):
        if frame.damaged and damaged is not None:
            damaged.append(frame.index)
        yield frame.index, upright.picture(frame.picture)


def upright_pictures(info: MediaInfo, numbers: Iterable[int]) -> dict[int, Picture]:
    """Some frames of a file by their numbers, which ascend. Raises: as `read_scattered`."""
    upright = Upright(info)
    return {frame.index: upright.picture(frame.picture) for frame in read_scattered(info, numbers)}


class Upright:
    """Turns decoded frames of one file into RGB in display space.

    One object per stream: it keeps one scaler, because a scaler per frame leaks memory.
    """

    def __init__(self, info: MediaInfo) -> None:
        self._info = info
        self._scaler = VideoReformatter()
        matrix = assumed_matrix(info.colour, *info.coded_size)
        self._colorspace = sws_colorspace(matrix)
        self._range = FULL if info.full_range else LIMITED

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
