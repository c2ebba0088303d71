"""The formats a take can be written in: one row each, and what a source becomes in them.

prores and dnxhr are for editors (every frame a keyframe, PCM sound), h264, hevc and webm for delivery and preview, ffv1
keeps the source's pixels without loss. Adding a format is adding a row. "prores" is 422 HQ, or 4444 where a source has alpha,
full chroma or more than 10 bits; "dnxhr" is HQ, HQX or 444 as deep as the source; the others are what their names say. These
encoders know no 12 bits in ProRes and DNxHR: what is deeper is rounded to 10, which only ffv1 does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from ..errors import OutputError
from ..shot import FormatName
from .colour import BT709, FULL, LIMITED, ColourTags, assumed_matrix
from .pixels import PixelFormat, pixel_format

if TYPE_CHECKING:
    from .probe import MediaInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeFormat:
    """One row."""

    name: FormatName
    title: str  # for people
    suffixes: tuple[str, ...]
    muxer: str
    video_codec: str
    video_options: dict[str, str]
    audio_codec: str
    audio_bit_rate: int | None  # bits per second; None = uncompressed
    pixels: Callable[[MediaInfo], str]  # pixel format of the take of a source
    grey: str  # pixel format of a grey video
    carries_full_range: bool  # whether the file can say that black and white are the ends of the code range
    carries_alpha: bool
    carries_pixel_aspect: bool
    smallest_size: tuple[int, int] = (1, 1)  # width, height in pixels
    profiles: dict[str, str] = field(default_factory=dict)  # the encoder's profile by pixel format; empty = it has but one
    tag: str | None = None  # of the codec in MP4 and MOV; None = FFmpeg's choice


_X264 = {"preset": "medium", "crf": "18"}
# A fixed fine quantiser (2) instead of FFmpeg's search for a bit rate: the same quality in a sixth of the time.
_PRORES = {"vendor": "apl0", "flags": "+qscale", "global_quality": str(2 * 118)}
_VP9 = {"crf": "20", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "auto-alt-ref": "1"}
_FFV1 = {"level": "3", "coder": "1", "context": "1", "g": "1", "slicecrc": "1"}  # slices: FFmpeg knows which numbers fit a size
# Without its info message, which names the machine: files of several machines must join.
_X265 = {"preset": "fast", "crf": "18", "x265-params": "log-level=error:open-gop=0:info=0"}
_PRORES_PROFILES = {"yuv422p10le": "3", "yuv444p10le": "4", "yuva444p10le": "4"}  # 422 HQ, 4444
_DNXHR_PROFILES = {"yuv422p": "dnxhr_hq", "yuv422p10le": "dnxhr_hqx", "yuv444p10le": "dnxhr_444"}


def _is_deep(info: MediaInfo) -> bool:
    return info.bit_depth > 8


def _420_pixels(info: MediaInfo) -> str:
    # 4:2:0 needs even sides. Players that decode only 4:2:0 in hardware fall back to software for the odd ones.
    even = info.coded_size[0] % 2 == 0 and info.coded_size[1] % 2 == 0
    return ("yuv420p" if even else "yuv444p") + ("10le" if _is_deep(info) else "")


def _prores_pixels(info: MediaInfo) -> str:
    full_chroma = info.pixels.subsampling == "4:4:4" or info.bit_depth > 10
    return _prores4444_pixels(info) if info.has_alpha or full_chroma else "yuv422p10le"


def _prores4444_pixels(info: MediaInfo) -> str:
    return "yuva444p10le" if info.has_alpha else "yuv444p10le"


def _dnxhr_pixels(info: MediaInfo) -> str:
    if info.pixels.subsampling == "4:4:4":
        return "yuv444p10le"
    return "yuv422p10le" if _is_deep(info) else "yuv422p"


def _webm_pixels(_info: MediaInfo) -> str:
    return "yuv420p"  # this build of VP9 has no more than 8 bits; WebM is for previews


def _ffv1_pixels(info: MediaInfo) -> str:
    """The source's own layout without loss; FFV1 has no packed or semi-planar ones."""
    form, deep = info.pixels, _is_deep(info)
    depth = f"{form.bits}le" if deep else ""
    alpha = form.alpha is not None
    if form.family == "gray":
        return f"gray{depth}" if not alpha else ("ya8" if not deep else "rgba64le")
    if form.family == "rgb":
        return f"gbr{'a' if alpha else ''}p{depth}" if deep else ("bgra" if alpha else "bgr0")
    return f"yuv{'a' if alpha else ''}{form.subsampling.replace(':', '')}p{depth}"


FORMATS: dict[FormatName, TakeFormat] = {
    row.name: row
    for row in (
        TakeFormat(
            name="h264",
            title="H.264",
            suffixes=(".mp4", ".mov"),
            muxer="mp4",
            video_codec="libx264",
            video_options=_X264,
            audio_codec="aac",
            audio_bit_rate=256_000,
            pixels=_420_pixels,
            grey="yuv420p",
            carries_full_range=True,
            carries_alpha=False,
            carries_pixel_aspect=True,
        ),
        TakeFormat(
            name="hevc",
            title="HEVC",
            suffixes=(".mp4", ".mov"),
            muxer="mp4",
            video_codec="libx265",
            video_options=_X265,
            audio_codec="aac",
            audio_bit_rate=256_000,
            pixels=_420_pixels,
            grey="yuv420p",
            tag="hvc1",  # FFmpeg's own, hev1, is not played by Apple's players
            carries_full_range=True,
            carries_alpha=False,
            carries_pixel_aspect=True,
            smallest_size=(64, 64),
        ),
        TakeFormat(
            name="prores",
            title="ProRes",
            suffixes=(".mov",),
            muxer="mov",
            video_codec="prores_ks",
            video_options=_PRORES,
            audio_codec="pcm_s24le",
            audio_bit_rate=None,
            pixels=_prores_pixels,
            grey="yuv422p10le",
            profiles=_PRORES_PROFILES,
            carries_full_range=False,
            carries_alpha=True,
            carries_pixel_aspect=True,
        ),
        TakeFormat(
            name="dnxhr",
            title="DNxHR",
            suffixes=(".mov",),
            muxer="mov",
            video_codec="dnxhd",
            video_options={},
            audio_codec="pcm_s24le",
            audio_bit_rate=None,
            pixels=_dnxhr_pixels,
            grey="yuv422p",
            profiles=_DNXHR_PROFILES,
            carries_full_range=False,
            carries_alpha=False,
            carries_pixel_aspect=True,
            smallest_size=(256, 120),
        ),
        TakeFormat(
            name="webm",
            title="WebM",
            suffixes=(".webm",),
            muxer="webm",
            video_codec="libvpx-vp9",
            video_options=_VP9,
            audio_codec="libopus",
            audio_bit_rate=192_000,
            pixels=_webm_pixels,
            grey="yuv420p",
            carries_full_range=True,
            carries_alpha=False,
            carries_pixel_aspect=False,  # Matroska could, but the muxer cannot be told through PyAV
        ),
        TakeFormat(
            name="ffv1",
            title="FFV1",
            suffixes=(".mkv",),
            muxer="matroska",
            video_codec="ffv1",
            video_options=_FFV1,
            audio_codec="pcm_s24le",
            audio_bit_rate=None,
            pixels=_ffv1_pixels,
            grey="gray",
            carries_full_range=True,
            carries_alpha=True,
            carries_pixel_aspect=False,
        ),
    )
}
FORMATS["prores4444"] = replace(FORMATS["prores"], name="prores4444", title="ProRes 4444", pixels=_prores4444_pixels, grey="yuv444p10le")
FORMATS["dnxhr-hq"] = replace(FORMATS["dnxhr"], name="dnxhr-hq", title="DNxHR HQ", pixels=lambda _: "yuv422p")
FORMATS["dnxhr-hqx"] = replace(FORMATS["dnxhr"], name="dnxhr-hqx", title="DNxHR HQX", pixels=lambda _: "yuv422p10le", grey="yuv422p10le")


_BY_SUFFIX: dict[str, FormatName] = {".mp4": "h264", ".mov": "prores", ".webm": "webm", ".mkv": "ffv1"}
_TRANSFER_OF = {9: 14}  # of a matrix; the others share their number with it
_EXTRA_ROOM = "choose .mov (ProRes) or .mkv (FFV1) instead"


def format_for(path: str | Path, name: FormatName | None = None, info: MediaInfo | None = None) -> TakeFormat:
    """The row for an output file: by name, else by the file's suffix; checked against the source where one is given.

    Raises: OutputError — unknown suffix or name, a suffix that does not hold the format, or a source it cannot hold.
    """
    suffix = Path(path).suffix.lower()
    if name is None:
        if suffix not in _BY_SUFFIX:
            known = ", ".join(f"{ending} ({FORMATS[row].title})" for ending, row in _BY_SUFFIX.items())
            raise OutputError(f"The output “{Path(path).name}” does not end in a known format: use {known}.")
        name = _BY_SUFFIX[suffix]
    if name not in FORMATS:
        raise OutputError(f"There is no format “{name}”: choose one of {', '.join(get_args(FormatName))}.")
    row = FORMATS[name]
    if suffix not in row.suffixes:
        raise OutputError(f"{row.title} is written to {' or '.join(row.suffixes)} files, but the output is “{Path(path).name}”: rename it.")
    if info is not None:
        _refuse_what_does_not_fit(row, info)
    return replace(row, muxer="mov") if suffix == ".mov" else row


def take_pixels(row: TakeFormat, info: MediaInfo) -> PixelFormat:
    """How the take of a source is stored: its depth where the format has it, its chroma where that is the format's business."""
    form = pixel_format(row.pixels(info))
    assert form is not None
    return form


def grey_pixels(row: TakeFormat) -> PixelFormat:
    """How a grey video is stored."""
    form = pixel_format(row.grey)
    assert form is not None
    return form


def take_tags(row: TakeFormat, info: MediaInfo, pixels: PixelFormat) -> ColourTags:
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


def codec_options(row: TakeFormat, pixels: PixelFormat) -> dict[str, str]:
    """The encoder's options for these pixels."""
    options = dict(row.video_options)
    if row.profiles:
        options["profile"] = row.profiles[pixels.name]
    if row.video_codec == "prores_ks" and pixels.alpha is not None:
        options["alpha_bits"] = "16"
    return options


def _refuse_what_does_not_fit(row: TakeFormat, info: MediaInfo) -> None:
    if info.has_alpha and not row.carries_alpha:
        raise OutputError(f"{row.title} cannot hold the transparency of “{info.path.name}”: {_EXTRA_ROOM}.")
    if info.sample_aspect != 1 and not row.carries_pixel_aspect:
        raise OutputError(
            f"{row.title} files are written here with square pixels only, which “{info.path.name}” has not: choose .mov or .mp4."
        )
    if info.coded_size[0] < row.smallest_size[0] or info.coded_size[1] < row.smallest_size[1]:
        size, least = ("×".join(map(str, pair)) for pair in (info.coded_size, row.smallest_size))
        raise OutputError(f"{row.title} needs pictures of at least {least} pixels and “{info.path.name}” has {size}: {_EXTRA_ROOM}.")
