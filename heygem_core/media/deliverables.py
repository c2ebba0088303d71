"""The formats that a take can be written in, by name: one row each.

prores and dnxhr are for editors (every frame a keyframe, PCM sound), h264, hevc and webm for delivery and preview, ffv1 keeps the source's
pixels without loss. "prores" is 422 HQ, or 4444 where a source has alpha, full chroma or more than 10 bits; "dnxhr" is HQ, HQX or 444 as
deep as the source; the others are what their names say. These encoders know no 12 bits in ProRes and DNxHR: what is deeper is rounded
to 10, which only ffv1 does not.

Another package adds one as an entry point of the group `heygem.deliverables`: a `Deliverable`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, TypeAlias

from msgspec import Meta

from ..registry import Registry

if TYPE_CHECKING:
    from .info import MediaInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverable:
    """One row."""

    name: str  # on the wire and on the command line
    title: str  # for people, where no catalogue translates it
    suffixes: tuple[str, ...]  # with their dot; a take that the server names gets the first
    muxer: str  # as FFmpeg calls it, and so on
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


DELIVERABLES: Registry[Deliverable] = Registry(
    "heygem.deliverables",
    kind=Deliverable,
    called="thing.take-format",
    own={
        name: f"{__name__}:{name.upper().replace('-', '_')}"
        for name in ("h264", "hevc", "prores", "prores4444", "dnxhr", "dnxhr-hq", "dnxhr-hqx", "webm", "ffv1")
    },
)

DeliverableName: TypeAlias = Annotated[str, Meta(extra_json_schema=DELIVERABLES.json_schema)]
"""A name in `DELIVERABLES`. Decoding takes any text: whoever uses it looks it up, which says what there is."""


def by_suffix() -> dict[str, Deliverable]:
    """What a file's suffix stands for where no name is given: the first row that gives its takes this suffix."""
    found: dict[str, Deliverable] = {}
    for row in DELIVERABLES.all().values():
        found.setdefault(row.suffixes[0], row)
    return found


# Luma keeps at least the structural similarity of medium at 18 (five clips, 512×512 to 1080×1920) for 37 to 59 % of the processor's time;
# files are 1.4 to 1.65 times as large.
_X264 = {"preset": "veryfast", "crf": "14"}
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


H264 = Deliverable(
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
)

HEVC = Deliverable(
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
)

PRORES = Deliverable(
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
)

DNXHR = Deliverable(
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
)

WEBM = Deliverable(
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
)

FFV1 = Deliverable(
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
)

PRORES4444 = replace(PRORES, name="prores4444", title="ProRes 4444", pixels=_prores4444_pixels, grey="yuv444p10le")
DNXHR_HQ = replace(DNXHR, name="dnxhr-hq", title="DNxHR HQ", pixels=lambda _: "yuv422p")
DNXHR_HQX = replace(DNXHR, name="dnxhr-hqx", title="DNxHR HQX", pixels=lambda _: "yuv422p10le", grey="yuv422p10le")
