"""Copies a region of a frame's planes to float tensors and back, so that untouched pixels stay bit-identical.

A crop is Y'CbCr at luma resolution: Y' 0 = black … 1 = white, Cb and Cr −0.5 … 0.5, whatever the file's depth and range;
codes outside the nominal range (super-whites) lie outside these bounds and survive. RGB formats become full-range BT.709
Y'CbCr, so engines see one space. Blending works on the difference to the frame: where the matte is 0, or where the new
picture equals the crop, every code stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
import numpy.typing as npt
import torch

from . import chroma
from .chroma import Siting
from .colour import BT709, code_scale, read_tags, rgb_from_ycbcr, ycbcr_from_rgb
from .pixels import Codes, PixelFormat, component_views, copy_properties, is_full_range, pixel_format, plane_rows

if TYPE_CHECKING:
    from av import VideoFrame


Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of pixels in the stored picture; `right` and `bottom` are exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


def align_box(frame: VideoFrame, left: float, top: float, right: float, bottom: float) -> Box:
    """The smallest box around these edges that lies in the picture and on its chroma grid.

    The right and bottom edge of a picture of odd size count as on the grid. An empty result raises ValueError.
    """
    across, down = _form(frame).chroma_shift
    box = Box(
        left=_down(max(0, left), across),
        top=_down(max(0, top), down),
        right=min(frame.width, _up(right, across)),
        bottom=min(frame.height, _up(bottom, down)),
    )
    if box.width <= 0 or box.height <= 0:
        raise ValueError(f"the box {left:g}, {top:g}, {right:g}, {bottom:g} does not touch the picture of {frame.width}×{frame.height}")
    return box


def crop_planes(frame: VideoFrame, box: Box) -> torch.Tensor:
    """(3, h, w) float32 Y'CbCr of a box that `align_box` gave; see the module for units. The frame is only read."""
    return torch.from_numpy(_crop(frame, _form(frame), box))


def blend_planes(frame: VideoFrame, box: Box, picture: torch.Tensor, matte: torch.Tensor) -> VideoFrame:
    """A new frame: `picture` (3, h, w) laid over the box where `matte` (h, w), 0 … 1, says so; everything else copied.

    A luma sample changes only where its matte is above 0, a chroma sample only where the matte is above 0 at one of the luma
    samples it covers; alpha never. Values beyond the codes are clipped, rounding is to nearest. What `picture` holds where
    the matte is 0 does not matter, NaN included.
    """
    form = _form(frame)
    result = copy_frame(frame)
    weight = np.ascontiguousarray(matte.detach().cpu().numpy(), dtype=np.float32)
    wanted = picture.detach().to("cpu", torch.float32).numpy()
    views = component_views(result)
    if form.family == "rgb":
        _blend_rgb(views, form, box, wanted, weight)
        return result
    black, span, zero, chroma_span = code_scale(form.bits, full=_is_full(frame, form))
    luma = _inside(views[0], box)
    codes = _codes(luma, form)
    _store(luma, form, codes + weight * (np.where(weight > 0, wanted[0], 0) * span + black - codes), weight > 0)
    for view, plane in zip(views[1:], wanted[1:], strict=False):  # gray has no chroma
        _blend_chroma(view, form, box, np.where(weight > 0, plane, 0) * chroma_span + zero, weight, siting(frame))
    return result


def copy_frame(frame: VideoFrame, *, name: str | None = None) -> VideoFrame:
    """A frame of its own memory with the same codes, times and tags; `name` relabels it as a format of the same layout."""
    result = av.VideoFrame(frame.width, frame.height, name or frame.format.name)
    for plane in range(len(frame.planes)):
        source, target = plane_rows(frame, plane), plane_rows(result, plane)
        columns = min(source.shape[1], target.shape[1])
        target[: len(source), :columns] = source[: len(target), :columns]
    copy_properties(frame, result)
    return result


def _form(frame: VideoFrame) -> PixelFormat:
    form = pixel_format(frame.format.name)
    if form is None:
        raise ValueError(f"pixel format {frame.format.name} cannot be edited")
    return form


def _is_full(frame: VideoFrame, form: PixelFormat) -> bool:
    return is_full_range(form, read_tags(frame))


def _down(value: float, shift: int) -> int:
    return int(value // (1 << shift)) << shift


def _up(value: float, shift: int) -> int:
    return -int(-value // (1 << shift)) << shift


def _inside(view: Codes, box: Box, shift: tuple[int, int] = (0, 0)) -> Codes:
    across, down = shift
    return view[box.top >> down : -(-box.bottom >> down), box.left >> across : -(-box.right >> across)]


def _codes(view: Codes, form: PixelFormat) -> Floats:
    values = view >> form.left_shift if form.left_shift else view
    return values.astype(np.float32)


def _store(view: Codes, form: PixelFormat, codes: Floats, where: npt.NDArray[np.bool_]) -> None:
    rounded = np.clip(np.rint(codes), 0, form.maximum).astype(form.dtype.newbyteorder("=")) << form.left_shift
    np.copyto(view, rounded.astype(view.dtype, copy=False), where=where)


def _crop(frame: VideoFrame, form: PixelFormat, box: Box) -> Floats:
    views = component_views(frame)
    result = np.empty((3, box.height, box.width), np.float32)
    if form.family == "rgb":
        for plane, view in zip(result, views, strict=True):
            plane[...] = _codes(_inside(view, box), form)
        result /= np.float32(form.maximum)
        return np.tensordot(ycbcr_from_rgb(BT709).astype(np.float32), result, 1)
    black, span, zero, chroma_span = code_scale(form.bits, full=_is_full(frame, form))
    np.subtract(_codes(_inside(views[0], box), form), np.float32(black), out=result[0])
    result[0] *= np.float32(1 / span)
    result[1:] = 0
    for plane, view in zip(result[1:], views[1:], strict=False):
        spaced = _upsampled(view, form, box, siting(frame))
        rows, columns = _margins(form)
        np.subtract(spaced[rows : rows + box.height, columns : columns + box.width], np.float32(zero), out=plane)
        plane *= np.float32(1 / chroma_span)
    return result


def _blend_rgb(views: list[Codes], form: PixelFormat, box: Box, picture: Floats, weight: Floats) -> None:
    wanted = np.tensordot(rgb_from_ycbcr(BT709).astype(np.float32), np.where(weight > 0, picture, 0), 1) * np.float32(form.maximum)
    for view, plane in zip(views, wanted, strict=True):
        target = _inside(view, box)
        codes = _codes(target, form)
        _store(target, form, codes + weight * (plane - codes), weight > 0)


def _blend_chroma(view: Codes, form: PixelFormat, box: Box, wanted: Floats, weight: Floats, sited: tuple[Siting, Siting]) -> None:
    """`wanted` (h, w) are codes at luma resolution; the change is brought down to the chroma grid and weighted there."""
    across, down = form.chroma_shift
    rows, columns = _margins(form)
    before = _upsampled(view, form, box, sited)
    inner = (slice(rows, rows + box.height), slice(columns, columns + box.width))
    change = np.zeros_like(before)  # outside the box nothing is laid over
    np.multiply(wanted - before[inner], weight > 0, out=change[inner])
    _continue_past_edges(change, inner, view, form, box)
    change = chroma.down(chroma.down(change, 1, across, sited[0]), 0, down, sited[1])
    even = np.pad(weight, ((0, -box.height % (1 << down)), (0, -box.width % (1 << across))), mode="edge")
    share = chroma.covered_mean(chroma.covered_mean(even, 1, across), 0, down)
    target = _inside(view, box, form.chroma_shift)
    _store(target, form, _codes(target, form) + share * change, share > 0)


def _continue_past_edges(change: Floats, inner: tuple[slice, slice], view: Codes, form: PixelFormat, box: Box) -> None:
    """Repeats the outermost samples where the picture itself ends, in place."""
    rows, columns = inner
    across, down = form.chroma_shift
    if box.top == 0:
        change[: rows.start] = change[rows.start]
    if -(-box.bottom >> down) == view.shape[0]:
        change[rows.stop :] = change[rows.stop - 1]
    if box.left == 0:
        change[:, : columns.start] = change[:, columns.start, None]
    if -(-box.right >> across) == view.shape[1]:
        change[:, columns.stop :] = change[:, columns.stop - 1, None]


def _upsampled(view: Codes, form: PixelFormat, box: Box, sited: tuple[Siting, Siting]) -> Floats:
    """Chroma codes at luma resolution: the box with `_margins` around it, completed to whole chroma samples."""
    across, down = form.chroma_shift
    reach_x, reach_y = (chroma.REACH if shift == 1 else 0 for shift in (across, down))
    top, bottom = (box.top >> down) - reach_y, -(-box.bottom >> down) + reach_y
    left, right = (box.left >> across) - reach_x, -(-box.right >> across) + reach_x
    block = _codes(chroma.edge_block(view, top, bottom, left, right), form)
    return chroma.up(chroma.up(block, 0, down, sited[1]), 1, across, sited[0])


def _margins(form: PixelFormat) -> tuple[int, int]:
    """Luma rows and columns around the box in `_upsampled`."""
    across, down = form.chroma_shift
    return (2 * chroma.MARGIN if down == 1 else 0), (2 * chroma.MARGIN if across == 1 else 0)


def siting(frame: VideoFrame) -> tuple[Siting, Siting]:
    """Where chroma lies across and down: JPEG centres it, BT.2020 puts it top left, all else left.

    These are the customs of the formats: PyAV does not hand over the file's own tag. A wrong guess shifts new chroma by a
    quarter of a chroma sample; what is not changed stays exact.
    """
    form = _form(frame)
    if form.name.startswith("yuvj"):
        return "centre", "centre"
    return "first", "first" if frame.colorspace in (9, 10) else "centre"
