"""Converts frames from one pixel format to another: without loss where only the layout differs, else through one shared scaler
that is told both matrices and both ranges (left to itself it assumes BT.601)."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.reformatter import Interpolation, VideoReformatter

from .colour import FULL, LIMITED, ColourTags, code_scale, write_tags
from .pixels import Codes, PixelFormat, alpha_view, component_views, copy_properties, pixel_format

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

    def __init__(
        self, *, source: PixelFormat, target: PixelFormat, colorspace: int, source_full: bool, target_full: bool, siting: str | None = None
    ) -> None:
        """`colorspace` is swscale's number of the matrix, the same before and after. `siting`: FFmpeg's name of where the source's chroma
        lies (`MediaInfo.siting`); None = where it usually does."""
        self._source, self._target = source, target
        self._colorspace = colorspace
        self._ranges = (FULL if source_full else LIMITED, FULL if target_full else LIMITED)
        self._scaler = VideoReformatter()
        self._siting = siting
        self._sites: tuple[tuple[str, str, int, int], Graph] | None = None
        within_yuv = source.family != "rgb" and target.family != "rgb"
        self._narrows = within_yuv and source_full and not target_full

    def convert(self, frame: VideoFrame) -> VideoFrame:
        """A frame in the target format; the same object where it already is in it."""
        if self._ranges[0] == self._ranges[1]:
            if self._source.name == self._target.name:
                return frame
            if _same_samples(self._source, self._target):
                return repacked(frame, self._target)
        if not self._narrows:
            return self._scaled(frame, *self._ranges)
        narrow = narrowed(frame, self._source, self._target)
        return narrow if narrow.format.name == self._target.name else self._scaled(narrow, LIMITED, LIMITED)

    def _scaled(self, frame: VideoFrame, source_range: int, target_range: int) -> VideoFrame:
        return self._scaler.reformat(
            self._sited(frame),
            format=self._target.name,
            src_colorspace=self._colorspace,
            dst_colorspace=self._colorspace,
            src_color_range=source_range,
            dst_color_range=target_range,
            interpolation=_FLAGS,
            threads=1,
        )

    def _sited(self, frame: VideoFrame) -> VideoFrame:
        """The same picture, told where its chroma lies: a frame of ours does not know, and a decoder's may say otherwise, but pixels that
        nobody changed must be converted alike. Where the source says nothing the custom of the formats counts, as in `planes.siting`."""
        if self._source.chroma_shift == self._target.chroma_shift:
            return frame
        where = self._siting or ("center" if frame.format.name.startswith("yuvj") else "topleft" if frame.colorspace in (9, 10) else "left")
        if self._sites is None or self._sites[0] != (where, frame.format.name, frame.width, frame.height):
            graph = Graph()
            source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
            graph.link_nodes(source, graph.add("setparams", f"chroma_location={where}"), graph.add("buffersink")).configure()
            self._sites = ((where, frame.format.name, frame.width, frame.height), graph)
        graph = self._sites[1]
        graph.vpush(frame)
        return graph.vpull()


def narrowed(frame: VideoFrame, source: PixelFormat, target: PixelFormat) -> VideoFrame:
    """Full to limited range by table, at the target's depth and the source's chroma (gray: the target's, neutral).

    swscale's own conversion is off by up to half a level, and takes the range of "yuvj" formats from their name.
    """
    depth = "" if target.bits == 8 else f"{target.bits}le"
    alpha = "a" if target.alpha and source.alpha else ""
    name = target.name if source.family == "gray" else f"yuv{alpha}{source.subsampling.replace(':', '')}p{depth}"
    result = av.VideoFrame(frame.width, frame.height, name)
    tables = narrowing_tables(source.bits, target.bits)
    views = component_views(frame)
    for place, here in enumerate(component_views(result)):
        here[...] = tables[min(place, 1)][views[place] >> source.left_shift] if place < len(views) else 1 << (target.bits - 1)
    opaque, own = alpha_view(result), alpha_view(frame)
    if opaque is not None:
        opaque[...] = target.maximum if own is None else np.rint(own * (target.maximum / source.maximum))
    copy_properties(frame, result)
    return result


@lru_cache(maxsize=8)
def narrowing_tables(source_bits: int, target_bits: int) -> tuple[Codes, Codes]:
    """Limited-range codes of luma and of chroma for every full-range code."""
    codes = np.arange(1 << source_bits)
    top, middle = (1 << source_bits) - 1, 1 << (source_bits - 1)
    black, span, zero, chroma_span = code_scale(target_bits, full=False)
    luma = black + codes / top * span
    chroma = zero + (codes - middle) / top * chroma_span
    kind = np.uint8 if target_bits <= 8 else np.uint16
    return np.rint(luma).astype(kind), np.rint(chroma).astype(kind)


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
    copy_properties(frame, result)
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
