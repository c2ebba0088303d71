"""Knows photos and animated pictures by their first bytes, and prepares those that FFmpeg cannot read.

FFmpeg takes a picture for one of a numbered sequence where its name looks like one, so each still is opened by the demuxer that its own
bytes ask for. HEIF photos (tiles, transparency, a crop) and animated WebP are decoded by other libraries and handed over in memory.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import numpy.typing as npt

from ..errors import UnreadableMedia, UnsupportedMedia

if TYPE_CHECKING:
    from PIL.Image import Image

_HEAD = 64  # bytes that tell

_SIGNATURES = (
    (b"\xff\xd8\xff", "jpeg_pipe"),
    (b"II*\0", "tiff_pipe"),
    (b"MM\0*", "tiff_pipe"),
    (b"BM", "bmp_pipe"),
    (b"\0\0\0\x0cjP  ", "j2k_pipe"),
    (b"\xff\x4f\xff\x51", "j2k_pipe"),
    (b"SDPX", "dpx_pipe"),
    (b"XPDS", "dpx_pipe"),
    (b"\x76\x2f\x31\x01", "exr_pipe"),
    (b"P5\n", "pgm_pipe"),
    (b"P6\n", "ppm_pipe"),
    (b"P7\n", "pam_pipe"),
)
STILL_FORMATS = frozenset({"png_pipe", "webp_pipe", *(demuxer for _, demuxer in _SIGNATURES)})
ANIMATED_FORMATS = frozenset({"gif", "apng"})

_PNG, _WEBP = b"\x89PNG\r\n\x1a\n", b"WEBP"
_WEBP_ANIMATION = 0x02  # a bit of the VP8X chunk's flags
_PHOTO_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"})
_DIRECTORY = 1 << 16  # bytes at a HEIF file's beginning that tell what is in it
_MOST_ANIMATED_PIXELS = 2**31  # of all frames of an animated WebP together: 1,000 frames of Full HD


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture in a form that FFmpeg reads."""

    demuxer: str
    data: bytes


def demuxer_of(path: Path) -> str | None:
    """FFmpeg's name of the demuxer for a still or animated picture; None = no such, or nothing that the first bytes tell."""
    head = _head(path)
    if head.startswith(_PNG):
        return "apng" if _is_animated_png(path) else "png_pipe"
    if _is_webp(head):
        return "webp_pipe"
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") not in (12, 16, 40, 52, 56, 64, 108, 124):
        return None
    return next((demuxer for signature, demuxer in _SIGNATURES if head.startswith(signature)), None)


def prepared(path: Path) -> Prepared | None:
    """A picture that FFmpeg cannot read, decoded. None = it can.

    Raises: UnreadableMedia — it cannot be decoded; UnsupportedMedia — too large to hold.
    """
    head = _head(path)
    if _is_webp(head) and head[12:16] == b"VP8X" and head[20] & _WEBP_ANIMATION:
        return _kept(path, *_stamp(path), "animation")
    if is_heif(head) and b"avif" not in head[8:]:
        return _kept(path, *_stamp(path), "heic")
    if is_heif(head) and _is_put_together(path):
        return _kept(path, *_stamp(path), "avif")
    return None


def is_heif_photo(path: Path) -> bool:
    """Whether a file is one picture in the container of videos."""
    return is_heif(_head(path))


def is_heif(head: bytes) -> bool:
    """The same of the first bytes of a file (ISO/IEC 23008-12, section 10.2: brands of single pictures)."""
    return head[4:8] == b"ftyp" and head[8:12] in _PHOTO_BRANDS


@lru_cache(maxsize=2)
def _kept(path: Path, _size: int, _modified: int, kind: str) -> Prepared:
    """A file is opened several times, and decoded once."""
    from PIL import Image

    try:
        if kind == "heic":
            return _heic(path)
        with Image.open(path) as picture:
            return _animation(path, picture) if kind == "animation" else _photo(np.asarray(picture))
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise UnreadableMedia("media.damaged", file=path.name, error=str(error) or type(error).__name__) from error


def _heic(path: Path) -> Prepared:
    """As its camera shows it: tiles put together, cropped, turned, with its transparency and all its bits."""
    try:
        import pi_heif
    except ImportError as error:
        raise UnsupportedMedia("media.heif", file=path.name) from error
    picture = pi_heif.open_heif(path, convert_hdr_to_8bit=False)
    return _photo(np.asarray(picture))


def _photo(pixels: npt.NDArray[Any]) -> Prepared:
    """(h, w), (h, w, 3) or (h, w, 4) of 8 or 16 bits, as a "portable arbitrary map": a line of text and the pixels."""
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    height, width, depth = pixels.shape
    kind = {1: "GRAYSCALE", 2: "GRAYSCALE_ALPHA", 3: "RGB", 4: "RGB_ALPHA"}[depth]
    most = 255 if pixels.dtype.itemsize == 1 else 65535
    header = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {most}\nTUPLTYPE {kind}\nENDHDR\n"
    return Prepared("pam_pipe", header.encode() + pixels.astype(f">u{pixels.dtype.itemsize}").tobytes())


def _animation(path: Path, picture: Image) -> Prepared:
    """As a video without loss. A frame is shown for its own time; alpha is kept where a frame has some."""
    count = getattr(picture, "n_frames", 1)
    if picture.width * picture.height * count > _MOST_ANIMATED_PIXELS:
        raise UnsupportedMedia("media.animation-too-large", file=path.name, frames=count, width=picture.width, height=picture.height)
    transparent = any((frame[..., 3] < 255).any() for frame, _ in _frames(picture, count))
    target = io.BytesIO()
    with av.open(target, "w", format="nut") as container:
        stream: Any = container.add_stream("ffv1", rate=1000)
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "bgra" if transparent else "bgr0"
        now = 0
        for pixels, duration_ms in _frames(picture, count):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[..., [2, 1, 0, 3]]), format="bgra")
            frame = frame if transparent else frame.reformat(format="bgr0")
            frame.pts, now = now, now + duration_ms
            for packet in stream.encode(frame):
                packet.duration = duration_ms
                container.mux(packet)
        container.mux(stream.encode(None))
    return Prepared("nut", target.getvalue())


def _frames(picture: Image, count: int) -> Iterator[tuple[npt.NDArray[np.uint8], int]]:
    """(h, w, 4) RGBA and milliseconds of each frame; players show those without a time for a tenth of a second."""
    for number in range(count):
        picture.seek(number)
        yield np.asarray(picture.convert("RGBA")), int(picture.info.get("duration") or 0) or 100


def _is_put_together(path: Path) -> bool:
    """Whether the photo's directory names a picture of transparency or a grid of tiles, which FFmpeg gives one by one."""
    with path.open("rb") as file:
        directory = file.read(_DIRECTORY)
    return b"auxl" in directory or b"grid" in directory


def _is_animated_png(path: Path) -> bool:
    """Whether a chunk "acTL" comes before the picture's data (PNG third edition, section 11.3.6)."""
    with path.open("rb") as file:
        file.seek(len(_PNG))
        while len(header := file.read(8)) == 8 and header[4:] != b"IDAT":
            if header[4:] == b"acTL":
                return True
            file.seek(int.from_bytes(header[:4], "big") + 4, io.SEEK_CUR)
    return False


def _is_webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == _WEBP


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)


def _stamp(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns
