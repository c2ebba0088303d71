"""Reads what a picture says about itself beside its colour tags, and says it again to an encoder: the display that it was mastered on, its
light levels (static HDR metadata, SMPTE ST 2086 and CTA-861.3), and where the chroma samples of 4:2:0 lie."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.reformatter import Interpolation, VideoReformatter

from .pixels import component_views

if TYPE_CHECKING:
    from av import VideoFrame

_CHROMATICITY, _LUMINANCE = 50_000, 10_000  # units in which encoders want them: 0.00002 and 0.0001 cd/m²
_DYNAMIC = frozenset({"DOVI_RPU_BUFFER", "DOVI_METADATA", "DYNAMIC_HDR_PLUS", "DYNAMIC_HDR_VIVID"})
_SITINGS = ("topleft", "top", "bottomleft", "bottom")  # "left" is the usual one
_PATCH = 16  # pixels
_PATTERN = "lum=128:cb='mod(X*X*37+Y*91,200)+20':cr=128"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticHdr:
    """Nothing set = the source says nothing. True where there is something that can be carried."""

    mastering: str | None = None  # "G(x,y)B(x,y)R(x,y)WP(x,y)L(max,min)", as x264 and x265 write it
    light_levels: tuple[int, int] | None = None  # of the brightest pixel and of the brightest picture's mean, cd/m²
    dynamic: bool = False  # there is metadata of each scene besides (Dolby Vision, HDR10+, HDR Vivid), which nothing here carries

    def __bool__(self) -> bool:
        return self.mastering is not None or self.light_levels is not None


def read_static_hdr(head: VideoFrame) -> StaticHdr:
    """Of a decoded frame of a video."""
    try:
        entries: Iterable[Any] = list(head.side_data)  # typed as a dict in PyAV, but it iterates its entries
    except ValueError:
        return StaticHdr()  # a kind of side data that PyAV does not know
    found = {entry.type.name: bytes(entry) for entry in entries}
    return StaticHdr(
        mastering=_mastering(found["MASTERING_DISPLAY_METADATA"]) if "MASTERING_DISPLAY_METADATA" in found else None,
        dynamic=not _DYNAMIC.isdisjoint(found),
        light_levels=struct.unpack("=II", found["CONTENT_LIGHT_LEVEL"][:8]) if "CONTENT_LIGHT_LEVEL" in found else None,
    )


def read_siting(head: VideoFrame) -> str | None:
    """FFmpeg's name for the place of the chroma samples of a 4:2:0 frame; None = the usual one, or not 4:2:0.

    PyAV cannot be asked for it, and FFmpeg's log must not be switched on while decoders have threads. So a pattern is put in the frame's
    place and its chroma spread over all pixels: the result is that of the frame's siting and of no other.
    """
    name = head.format.name
    if not name.startswith(("yuv420p", "yuvj420p", "yuva420p")) or min(head.width, head.height) < _PATCH:
        return None
    own = _spread(head, None)
    if np.array_equal(own, _spread(head, "center")):  # the same as where nothing is said; JPEG means the centre by that (JFIF 1.02)
        return "center" if name.startswith("yuvj") else None
    return next((siting for siting in _SITINGS if np.array_equal(own, _spread(head, siting))), None)


def _spread(head: VideoFrame, siting: str | None) -> npt.NDArray[Any]:
    """The chroma of a pattern at full resolution, as if it had this siting; None = the frame's own."""
    graph = Graph()
    source = graph.add_buffer(width=head.width, height=head.height, format=head.format, time_base=Fraction(1, 1000))
    patch = graph.add("crop", f"{_PATCH}:{_PATCH}:0:0")
    chain = [source, patch, graph.add("geq", _PATTERN)]
    chain += [] if siting is None else [graph.add("setparams", f"chroma_location={siting}")]
    graph.link_nodes(*chain, graph.add("buffersink")).configure()
    graph.vpush(head)
    full = head.format.name.replace("420", "444")
    whole = VideoReformatter().reformat(graph.vpull(), format=full, interpolation=Interpolation.BICUBIC | Interpolation.ACCURATE_RND)
    return component_views(whole)[1].copy()


def encoder_options(codec: str, hdr: StaticHdr) -> dict[str, str]:
    """What x264 and x265 are to write: the parameter's name and what is to be added to it. Empty for others."""
    names = {"libx264": ("x264-params", "mastering-display", "cll"), "libx265": ("x265-params", "master-display", "max-cll")}.get(codec)
    if names is None or not hdr:
        return {}
    parts = [] if hdr.mastering is None else [f"{names[1]}={hdr.mastering}"]
    parts += [] if hdr.light_levels is None else [f"{names[2]}={hdr.light_levels[0]},{hdr.light_levels[1]}"]
    return {names[0]: ":".join(parts)}


def _mastering(data: bytes) -> str | None:
    """From FFmpeg's AVMasteringDisplayMetadata: ten rationals (red, green, blue, white, least and most light), two flags."""
    numbers = struct.unpack("=22i", data[:88])
    if not numbers[20] or not numbers[21] or not all(numbers[1:20:2]):
        return None
    values = [Fraction(numbers[2 * k], numbers[2 * k + 1]) for k in range(10)]
    red, green, blue, white = (tuple(round(value * _CHROMATICITY) for value in values[k : k + 2]) for k in (0, 2, 4, 6))
    least, most = (round(value * _LUMINANCE) for value in values[8:])
    points = (("G", green), ("B", blue), ("R", red), ("WP", white), ("L", (most, least)))
    return "".join(f"{name}({x},{y})" for name, (x, y) in points)
