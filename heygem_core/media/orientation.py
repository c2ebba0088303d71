"""Reads how a stored picture is turned and mirrored for showing: from a video's display matrix or a photo's EXIF."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image

from ..errors import UnsupportedMedia
from .geometry import EXIF_TURNS, read_display_matrix, turn_matrix, turn_of

if TYPE_CHECKING:
    from av import VideoFrame

Orientation = tuple[tuple[int, ...] | None, int, bool]  # display matrix (None = shown as stored), clockwise degrees, mirrored before

_PHOTO_CODECS = ("mjpeg", "png", "webp", "tiff")  # their frames may carry EXIF, see `still_orientation`


def still_orientation(path: Path) -> Orientation:
    """Of a photo, from its EXIF.

    FFmpeg reads it too, but PyAV 18.1 cannot hand it over: looking at a photo's side data raises, or ends the process.
    """
    try:
        with Image.open(path) as picture:
            degrees, mirrored = EXIF_TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1), (0, False))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None, 0, False  # FFmpeg could read the pixels, so the picture is good; only its orientation is unknown
    return (turn_matrix(degrees, mirrored=mirrored) if degrees or mirrored else None), degrees, mirrored


def video_orientation(head: VideoFrame, codec: str, path: Path) -> Orientation:
    """Of a video, from its first decoded frame. Raises: UnsupportedMedia — not a right angle."""
    data = None if codec in _PHOTO_CODECS else _display_matrix_data(head)
    if data is None:
        degrees = -round(head.rotation) % 360
        if degrees % 90:
            raise UnsupportedMedia("media.no-right-angle", file=path.name)
        return (turn_matrix(degrees, mirrored=False) if degrees else None), degrees, False
    matrix = read_display_matrix(data)
    turn = turn_of(matrix)
    if turn is None:
        raise UnsupportedMedia("media.no-right-angle", file=path.name)
    return (matrix if turn != (0, False) else None), *turn


def _display_matrix_data(head: VideoFrame) -> bytes | None:
    try:
        entries: Iterable[Any] = head.side_data  # typed as a dict in PyAV, but it iterates its entries
    except ValueError:
        return None  # a kind of side data that PyAV does not know
    return next((bytes(entry) for entry in entries if entry.type.name == "DISPLAYMATRIX"), None)
