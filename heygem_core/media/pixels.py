"""Gives the components of a picture in a frame's memory as numpy views that can be read and written.

One table for planar, semi-planar (nv12) and packed (rgb24, yuyv422) formats, 8 to 16 bits, either byte order; so
nothing above this module needs to know how a format is stored, and no conversion stands between file and pixels.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from .colour import FULL, read_tags, write_tags

if TYPE_CHECKING:
    from av import VideoFrame

    from .colour import ColourTags

Codes = npt.NDArray[np.unsignedinteger[Any]]

_CHROMA_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0), "440": (0, 1), "411": (2, 0), "410": (2, 2)}
_SEMI_PLANAR = {"nv12": "420", "nv21": "420", "nv16": "422", "nv24": "444", "nv42": "444"}
_PACKED_YUV = {"yuyv422": (0, 1, 3), "uyvy422": (1, 0, 2), "yvyu422": (0, 3, 1)}  # bytes of Y, Cb, Cr in two pixels


@dataclass(frozen=True, slots=True)
class Component:
    """One component in memory, counted in samples, not bytes."""

    plane: int
    offset: int = 0  # samples before the first one of a row
    step: int = 1  # samples from one to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelFormat:
    """How a pixel format stores its components."""

    name: str
    family: Literal["yuv", "rgb", "gray"]
    bits: int  # significant bits of one sample
    components: tuple[Component, ...]  # Y Cb Cr, R G B, or Y
    alpha: Component | None = None
    chroma_shift: tuple[int, int] = (0, 0)  # log2 of the horizontal and vertical chroma subsampling
    left_shift: int = 0  # empty low bits (p010)
    big_endian: bool = False
    full_range: bool = False  # the old "yuvj" formats say so in their name

    @property
    def maximum(self) -> int:
        """The largest code."""
        return (1 << self.bits) - 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(np.uint8) if self.bits <= 8 else np.dtype(">u2" if self.big_endian else "<u2")

    @property
    def subsampling(self) -> str:
        """ "4:2:0", "4:2:2" …; "4:4:4" for RGB, "4:0:0" for gray."""
        if self.family == "gray":
            return "4:0:0"
        return next(":".join(name) for name, shift in _CHROMA_SHIFTS.items() if shift == self.chroma_shift)


@lru_cache(maxsize=256)
def pixel_format(name: str) -> PixelFormat | None:
    """The layout of FFmpeg's pixel format; None = one whose components cannot be viewed (palette, bit-packed, float)."""
    return _planar(name) or _gray(name) or _semi_planar(name) or _packed_yuv(name) or _packed_rgb(name)


def component_views(frame: VideoFrame) -> list[Codes]:
    """Writable views of the components (Y Cb Cr, R G B or Y), each (rows, columns), into the frame's own memory.

    A view into a decoded frame is for reading: the decoder may still refer to that memory.
    """
    form = _known(frame.format.name)
    sizes = [(frame.height, frame.width)]
    if len(form.components) > 1:
        sizes += [chroma_size(form, frame.height, frame.width)] * 2
    return [_view(frame, form, component, size) for component, size in zip(form.components, sizes, strict=True)]


def alpha_view(frame: VideoFrame) -> Codes | None:
    """The alpha component (rows, columns), or None."""
    form = _known(frame.format.name)
    return None if form.alpha is None else _view(frame, form, form.alpha, (frame.height, frame.width))


def plane_rows(frame: VideoFrame, plane: int) -> npt.NDArray[np.uint8]:
    """All bytes of one plane, (rows, bytes per row with padding), top row first."""
    memory = frame.planes[plane]
    stride = memory.line_size
    rows = np.frombuffer(memory, np.uint8).reshape(-1, abs(stride))  # type: ignore[call-overload]
    return np.asarray(rows if stride > 0 else rows[::-1])


def copy_properties(source: VideoFrame, target: VideoFrame) -> None:
    """Times and colour tags of one frame onto another."""
    target.pts, target.duration = source.pts, source.duration
    if source.time_base is not None:
        target.time_base = source.time_base
    write_tags(target, read_tags(source))


def chroma_size(form: PixelFormat, height: int, width: int) -> tuple[int, int]:
    """Rows and columns of a chroma component."""
    across, down = form.chroma_shift
    return -(-height >> down), -(-width >> across)


def plain_format(name: str) -> str | None:
    """The format to convert a picture to, losslessly, where its own components cannot be viewed; None = no such."""
    if pixel_format(name) is not None:
        return None
    if name in ("monow", "monob"):
        return "gray"
    if name == "pal8" or name.startswith(("rgb5", "bgr5", "rgb4", "bgr4", "rgb8", "bgr8")):
        return "rgba"
    return None


def is_full_range(form: PixelFormat, tags: ColourTags) -> bool:
    """Whether black and white are the ends of the code range: by the format, else by the tag, else by custom."""
    if form.full_range:
        return True
    return tags.range == FULL if tags.range is not None else form.family == "gray"


def _known(name: str) -> PixelFormat:
    form = pixel_format(name)
    if form is None:
        raise ValueError(f"pixel format {name} has no component views")
    return form


def _view(frame: VideoFrame, form: PixelFormat, component: Component, size: tuple[int, int]) -> Codes:
    samples = plane_rows(frame, component.plane).view(form.dtype)
    rows, columns = size
    return samples[:rows, component.offset :: component.step][:, :columns]


def _planar(name: str) -> PixelFormat | None:
    match = re.fullmatch(r"(yuv|yuva|yuvj|gbr|gbra)(4\d\d)?p(\d*)(le|be)?", name)
    if match is None or (match[1].startswith("yuv") != bool(match[2])):
        return None
    rgb = match[1].startswith("gbr")
    return PixelFormat(
        name=name,
        family="rgb" if rgb else "yuv",
        bits=int(match[3] or 8),
        components=tuple(Component(plane) for plane in ((2, 0, 1) if rgb else (0, 1, 2))),
        alpha=Component(3) if match[1].endswith("a") else None,
        chroma_shift=_CHROMA_SHIFTS[match[2] or "444"],
        big_endian=match[4] == "be",
        full_range=rgb or match[1] == "yuvj",
    )


def _gray(name: str) -> PixelFormat | None:
    match = re.fullmatch(r"(gray|ya)(\d*)(le|be)?", name)
    if match is None:
        return None
    step = 2 if match[1] == "ya" else 1
    alpha = Component(0, 1, 2) if match[1] == "ya" else None
    return PixelFormat(
        name=name, family="gray", bits=int(match[2] or 8), components=(Component(0, 0, step),), alpha=alpha, big_endian=match[3] == "be"
    )


def _semi_planar(name: str) -> PixelFormat | None:
    if name in _SEMI_PLANAR:
        first = 1 if name in ("nv21", "nv42") else 0
        chroma = (Component(1, first, 2), Component(1, 1 - first, 2))
        return PixelFormat(
            name=name, family="yuv", bits=8, components=(Component(0), *chroma), chroma_shift=_CHROMA_SHIFTS[_SEMI_PLANAR[name]]
        )
    match = re.fullmatch(r"p([024])(10|12|16)(le|be)", name)
    if match is None:
        return None
    bits = int(match[2])
    return PixelFormat(
        name=name,
        family="yuv",
        bits=bits,
        components=(Component(0), Component(1, 0, 2), Component(1, 1, 2)),
        chroma_shift=_CHROMA_SHIFTS["4" + {"0": "20", "2": "22", "4": "44"}[match[1]]],
        left_shift=16 - bits,
        big_endian=match[3] == "be",
    )


def _packed_yuv(name: str) -> PixelFormat | None:
    if name not in _PACKED_YUV:
        return None
    luma, cb, cr = _PACKED_YUV[name]
    components = (Component(0, luma, 2), Component(0, cb, 4), Component(0, cr, 4))
    return PixelFormat(name=name, family="yuv", bits=8, components=components, chroma_shift=(1, 0))


def _packed_rgb(name: str) -> PixelFormat | None:
    match = re.fullmatch(r"([rgba0]{3,4})(24|48|64)?(le|be)?", name)
    if match is None or not set("rgb") <= set(match[1]) or (len(match[1]) == 3) != (match[2] in ("24", "48")):
        return None
    step = len(match[1])
    return PixelFormat(
        name=name,
        family="rgb",
        bits=16 if match[2] in ("48", "64") else 8,
        components=tuple(Component(0, match[1].index(letter), step) for letter in "rgb"),
        alpha=Component(0, match[1].index("a"), step) if "a" in match[1] else None,
        big_endian=match[3] == "be",
        full_range=True,
    )
