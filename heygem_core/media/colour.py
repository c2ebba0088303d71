"""Colour tags of a file and the Y'CbCr matrices they name (ITU-T H.273 code points).

Tags are kept as they are: unknown stays None in what is written. Where pixels must be converted all the same, the
matrix of an untagged picture is what editors assume: BT.601 for standard definition, BT.709 above.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from av import VideoFrame
    from av.video.codeccontext import VideoCodecContext

UNSPECIFIED = 2  # of primaries, transfer and matrix
LIMITED, FULL = 1, 2  # of range; 0 = unspecified
RGB, BT709, BT601_625, BT601_525, BT2020 = 0, 1, 5, 6, 9  # of matrix

PRIMARIES_NAMES = {
    1: "BT.709",
    4: "BT.470M",
    5: "BT.601 625",
    6: "BT.601 525",
    7: "SMPTE 240M",
    9: "BT.2020",
    11: "DCI-P3",
    12: "Display P3",
}
TRANSFER_NAMES = {1: "BT.709", 4: "gamma 2.2", 6: "BT.601", 7: "SMPTE 240M", 8: "linear", 13: "sRGB", 14: "BT.2020", 16: "PQ", 18: "HLG"}
MATRIX_NAMES = {0: "RGB", 1: "BT.709", 4: "FCC", 5: "BT.601 625", 6: "BT.601 525", 7: "SMPTE 240M", 9: "BT.2020", 10: "BT.2020 constant"}
RANGE_NAMES = {LIMITED: "limited", FULL: "full"}

# Kr and Kb of H.273 table 4.
_LUMA_WEIGHTS = {
    1: (0.2126, 0.0722),
    4: (0.30, 0.11),
    5: (0.299, 0.114),
    6: (0.299, 0.114),
    7: (0.212, 0.087),
    9: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}
# What swscale calls the same matrices (SWS_CS_*).
_SWS_COLORSPACES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


@dataclass(frozen=True, slots=True, kw_only=True)
class ColourTags:
    """The four tags; None = the file does not say."""

    primaries: int | None = None
    transfer: int | None = None
    matrix: int | None = None
    range: int | None = None

    @property
    def hdr(self) -> bool:
        """Whether the transfer function is PQ or HLG."""
        return self.transfer in (16, 18)

    def __str__(self) -> str:
        pairs = [(self.primaries, PRIMARIES_NAMES), (self.transfer, TRANSFER_NAMES), (self.matrix, MATRIX_NAMES), (self.range, RANGE_NAMES)]
        return " / ".join("untagged" if code is None else names.get(code, str(code)) for code, names in pairs)


def read_tags(frame: VideoFrame | VideoCodecContext) -> ColourTags:
    """The tags on a decoded frame or of a decoder."""
    return ColourTags(
        primaries=_known(frame.color_primaries, UNSPECIFIED),
        transfer=_known(frame.color_trc, UNSPECIFIED),
        matrix=_known(frame.colorspace, UNSPECIFIED),
        range=_known(frame.color_range, 0),
    )


def write_tags(target: VideoFrame | VideoCodecContext, tags: ColourTags) -> None:
    """Sets all four tags of a frame or of an encoder (both have the same four attributes)."""
    target.color_primaries = UNSPECIFIED if tags.primaries is None else tags.primaries
    target.color_trc = UNSPECIFIED if tags.transfer is None else tags.transfer
    target.colorspace = UNSPECIFIED if tags.matrix is None else tags.matrix
    target.color_range = 0 if tags.range is None else tags.range


def assumed_matrix(tags: ColourTags, width: int, height: int) -> int:
    """The matrix to convert with: the tag's, else BT.601 for standard definition and BT.709 above."""
    if tags.matrix in _LUMA_WEIGHTS:
        return tags.matrix
    if tags.primaries == 9:
        return BT2020
    return BT709 if max(width, height) > 1024 or min(width, height) > 576 else BT601_525


def sws_colorspace(matrix: int) -> int:
    """swscale's number for a matrix."""
    return _SWS_COLORSPACES[matrix]


@cache
def rgb_from_ycbcr(matrix: int) -> npt.NDArray[np.float64]:
    """(3, 3): R'G'B' in 0…1 from Y' in 0…1 and Cb, Cr in −0.5…0.5 (H.273 equations 38–40), read-only."""
    back = np.asarray(np.linalg.inv(ycbcr_from_rgb(matrix)))
    back.setflags(write=False)
    return back


def ycbcr_from_rgb(matrix: int) -> npt.NDArray[np.float64]:
    """(3, 3): Y' in 0…1 and Cb, Cr in −0.5…0.5 from R'G'B' in 0…1."""
    red, blue = _LUMA_WEIGHTS[matrix]
    luma = np.array([red, 1 - red - blue, blue])
    cb = (np.array([0, 0, 1]) - luma) / (2 * (1 - blue))
    cr = (np.array([1, 0, 0]) - luma) / (2 * (1 - red))
    return np.stack([luma, cb, cr])


def code_scale(bits: int, *, full: bool) -> tuple[float, float, float, float]:
    """(black, luma span, chroma zero, chroma span) in codes: Y' = (code − black) / span, Cb = (code − zero) / span."""
    if full:
        return 0.0, float((1 << bits) - 1), float(1 << (bits - 1)), float((1 << bits) - 1)
    unit = float(1 << (bits - 8))
    return 16 * unit, 219 * unit, 128 * unit, 224 * unit


def _known(code: int, unknown: int) -> int | None:
    return None if code == unknown else int(code)
