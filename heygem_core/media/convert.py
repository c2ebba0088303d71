"""Frames from one pixel format to another: without loss where only the layout differs, else through one shared scaler
that is told both matrices and both ranges (left to itself it assumes BT.601)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from .colour import FULL, LIMITED, ColourTags, read_tags, write_tags
from .pixels import PixelFormat, alpha_view, component_views, pixel_format

if TYPE_CHECKING:
    from av import VideoFrame

# Chroma is interpolated, not repeated, and depth grows exactly.
_FLAGS = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.BITEXACT
)


class Converter:
    """Turns frames of one kind into one other kind. One object per stream: a scaler per frame leaks memory."""

    def __init__(self, *, target: PixelFormat, colorspace: int, source_full: bool, target_full: bool) -> None:
        """`colorspace` is swscale's number of the matrix, the same before and after."""
        self._target = target
        self._colorspace = colorspace
        self._ranges = (FULL if source_full else LIMITED, FULL if target_full else LIMITED)
        self._scaler = VideoReformatter()

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """A frame in the target format; the same object where it already is in it."""
        source = pixel_format(frame.format.name)
        if source is not None and self._ranges[0] == self._ranges[1]:
            if source.name == self._target.name:
                return frame
            if _same_samples(source, self._target):
                return repacked(frame, self._target)
        return self._scaler.reformat(
            frame,
            format=self._target.name,
            src_colorspace=self._colorspace,
            dst_colorspace=self._colorspace,
            src_color_range=self._ranges[0],
            dst_color_range=self._ranges[1],
            interpolation=_FLAGS,
            threads=1,
        )


def repacked(frame: VideoFrame, target: PixelFormat) -> VideoFrame:
    """The same samples in another layout. A missing alpha becomes opaque, a superfluous one is left out."""
    result = av.VideoFrame(frame.width, frame.height, target.name)
    source = pixel_format(frame.format.name)
    assert source is not None
    for there, here in zip(component_views(frame), component_views(result), strict=True):
        here[...] = (there >> source.left_shift) << target.left_shift if source.left_shift or target.left_shift else there
    alpha = alpha_view(result)
    if alpha is not None:
        own = alpha_view(frame)
        alpha[...] = target.maximum if own is None else own
    result.pts, result.time_base = frame.pts, frame.time_base
    write_tags(result, read_tags(frame))
    return result


def grey_frame(values: npt.NDArray[np.float32], target: PixelFormat) -> VideoFrame:
    """A frame from (h, w) grey levels 0 … 1: limited range with neutral chroma in Y'CbCr formats, full range in gray ones."""
    height, width = values.shape
    result = av.VideoFrame(width, height, target.name)
    luma, *chroma = component_views(result)
    unit = 1 << (target.bits - 8)
    black, span = (16 * unit, 219 * unit) if target.family == "yuv" else (0, target.maximum)
    luma[...] = np.rint(black + span * np.clip(values, 0, 1)).astype(luma.dtype)
    for plane in chroma:
        plane[...] = 128 * unit
    write_tags(result, grey_tags(target))
    return result


def grey_tags(target: PixelFormat) -> ColourTags:
    """The tags of a grey video."""
    if target.family == "gray":
        return ColourTags(range=FULL)
    return ColourTags(primaries=1, transfer=1, matrix=1, range=LIMITED)


def _same_samples(a: PixelFormat, b: PixelFormat) -> bool:
    return (a.family, a.bits, a.chroma_shift) == (b.family, b.bits, b.chroma_shift)
