"""Chooses the format of a take, checks that it can hold the source, and says how pixels and tags are stored in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from .colour import BT709, FULL, LIMITED, ColourTags, assumed_matrix
from .deliverables import DELIVERABLES, Deliverable, by_suffix
from .hdr import encoder_options
from .pixels import PixelFormat, pixel_format

if TYPE_CHECKING:
    from .info import MediaInfo

_TRANSFER_OF = {9: 14}  # of a matrix; the others share their number with it


def format_for(path: str | Path, name: str | None = None, info: MediaInfo | None = None) -> Deliverable:
    """The row for an output file: by name, else by the file's suffix; checked against the source where one is given.

    Raises: SpecError — unknown name; OutputError — unknown suffix, one that does not hold the format, or a source it cannot hold.
    """
    suffix = Path(path).suffix.lower()
    row = by_suffix().get(suffix) if name is None else DELIVERABLES.get(name)
    if row is None:
        known = ", ".join(f"{ending} ({each.title})" for ending, each in by_suffix().items())
        raise OutputError("format.suffix-unknown", file=Path(path).name, suffixes=known)
    if suffix not in row.suffixes:
        raise OutputError("format.wrong-suffix", format=row.title, suffixes=row.suffixes, file=Path(path).name)
    if info is not None:
        _refuse_what_does_not_fit(row, info)
    return replace(row, muxer="mov") if suffix == ".mov" else row


def take_pixels(row: Deliverable, info: MediaInfo) -> PixelFormat:
    """How the take of a source is stored: its depth where the format has it, its chroma where that is the format's business."""
    form = pixel_format(row.pixels(info))
    assert form is not None
    return form


def grey_pixels(row: Deliverable) -> PixelFormat:
    """How a grey video is stored."""
    form = pixel_format(row.grey)
    assert form is not None
    return form


_NAMES_SITING = frozenset({"libx264", "libx265", "ffv1", "libvpx-vp9"})  # encoders and their containers
_MATROSKA = frozenset({"matroska", "webm"})  # of rows they name the first and the middle, no other


def take_tags(row: Deliverable, info: MediaInfo, pixels: PixelFormat) -> ColourTags:
    """The source's tags, changed only where the pixels themselves have to be: RGB stored as Y'CbCr becomes BT.709 limited, and
    full range becomes limited where the format cannot say otherwise. DNxHR, which cannot say nothing, gets what is assumed of
    untagged pictures."""
    tags = info.colour
    if row.video_codec == "dnxhd" and tags.matrix is None:
        assumed = assumed_matrix(tags, *info.coded_size)
        tags = replace(
            tags, matrix=assumed, primaries=tags.primaries or assumed, transfer=tags.transfer or _TRANSFER_OF.get(assumed, assumed)
        )
    if pixels.family == "rgb":
        return replace(tags, matrix=0, range=FULL)
    if info.pixels.family == "rgb":
        return replace(tags, matrix=BT709, range=LIMITED)
    if info.full_range and (not row.carries_full_range or (info.pixels.family == "gray" and pixels.family == "yuv")):
        return replace(tags, range=LIMITED)
    return replace(tags, range=FULL) if info.full_range else tags


def codec_options(row: Deliverable, pixels: PixelFormat, info: MediaInfo | None = None) -> dict[str, str]:
    """The encoder's options for these pixels, and for what the source says about them. `info`: None = they are not the source's."""
    options = dict(row.video_options)
    if row.profiles:
        options["profile"] = row.profiles[pixels.name]
    if row.video_codec == "prores_ks" and pixels.alpha is not None:
        options["alpha_bits"] = "16"
    if info is None:
        return options
    for name, more in encoder_options(row.video_codec, info.hdr).items():
        options[name] = f"{options[name]}:{more}" if name in options else more
    if _keeps_siting(pixels, info):
        options["chroma_sample_location"] = str(info.siting)
    return options


def _keeps_siting(pixels: PixelFormat, info: MediaInfo) -> bool:
    """Whether chroma stays at an unusual place; where a format has other samples of it, it is moved to where that format has them."""
    return info.siting is not None and pixels.chroma_shift == info.pixels.chroma_shift == (1, 1)


def siting_is_lost(row: Deliverable, info: MediaInfo) -> bool:
    """Whether chroma lies at a place that a take in this format cannot name."""
    if not _keeps_siting(take_pixels(row, info), info):
        return False
    return row.video_codec not in _NAMES_SITING or (row.muxer in _MATROSKA and str(info.siting).startswith("bottom"))


def hdr_is_lost(row: Deliverable, info: MediaInfo) -> bool:
    """Whether the source has static HDR metadata that a take in this format is written without."""
    return bool(info.hdr) and not encoder_options(row.video_codec, info.hdr)


def _refuse_what_does_not_fit(row: Deliverable, info: MediaInfo) -> None:
    if info.has_alpha and not row.carries_alpha:
        raise OutputError("format.no-transparency", format=row.title, file=info.path.name)
    if info.sample_aspect != 1 and not row.carries_pixel_aspect:
        raise OutputError("format.square-pixels-only", format=row.title, file=info.path.name)
    if info.coded_size[0] < row.smallest_size[0] or info.coded_size[1] < row.smallest_size[1]:
        size, least = ("×".join(map(str, pair)) for pair in (info.coded_size, row.smallest_size))
        raise OutputError("format.too-small", format=row.title, least=least, file=info.path.name, size=size)
