"""Opens media files, the only place that does: local files of known kinds, nothing else, and errors people can act on.

FFmpeg chooses a demuxer by content, so a hostile `.mp4` could be a playlist that reads other files or the network.
An allow-list of demuxers and protocols closes that door, and a limit on the picture's area stops decompression bombs.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import av
import av.error

from ..errors import InputError, MediaNotFound, UnreadableMedia, UnsupportedMedia
from .real_paths import still_real
from .stills import ANIMATED_FORMATS, STILL_FORMATS, demuxer_of, prepared

if TYPE_CHECKING:
    from av.container import InputContainer

MAX_PIXELS = 2**27  # width x height: above 8K video and 100-megapixel stills, far below what exhausts memory

_PATTERN_LETTERS = frozenset("%*?[]{}")

_VIDEO_FORMATS = "mov,mp4,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,mxf,asf,ogg,nut,ivf,dv,h264,hevc,m4v"
_SOUND_FORMATS = "wav,w64,aiff,au,caf,flac,mp3,aac,ac3,eac3,amr,ape,wv,tta,dsf,truehd,dts"
_ALLOWED = ",".join([_VIDEO_FORMATS, _SOUND_FORMATS, *sorted(STILL_FORMATS | ANIMATED_FORMATS)])
_OPTIONS = {"format_whitelist": _ALLOWED, "protocol_whitelist": "file", "max_pixels": str(MAX_PIXELS)}


@contextmanager
def open_media(path: str | Path, **more: str) -> Iterator[InputContainer]:
    """An open container of a local file; FFmpeg's errors inside the block become the core's. `more`: options of a demuxer.

    Raises: MediaNotFound, UnreadableMedia, UnsupportedMedia.
    """
    path = Path(path)
    if not path.exists():
        raise MediaNotFound("media.not-found", path=path)
    if not path.is_file():
        raise MediaNotFound("media.folder-or-device", path=path)
    with readable(path), ExitStack() as opened:
        with still_real(path):
            source, demuxer = opened.enter_context(_source(path))
            container = opened.enter_context(av.open(source, "r", format=demuxer, options=_OPTIONS | more))
        for stream in container.streams:
            if stream.type in ("video", "audio") and stream.codec_context is not None:
                stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield container


@contextmanager
def _source(path: Path) -> Iterator[tuple[str | IO[bytes], str | None]]:
    """What FFmpeg opens, and the demuxer where it is known."""
    picture = prepared(path)
    if picture is not None:
        yield io.BytesIO(picture.data), picture.demuxer
        return
    demuxer = demuxer_of(path)
    # Such a name would be taken for a numbered sequence of images; a file opened by its descriptor has no name to misread.
    if _PATTERN_LETTERS.isdisjoint(str(path.absolute())):
        yield os.fspath(path.absolute()), demuxer
        return
    with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0)), "rb") as file:
        yield file, demuxer


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns FFmpeg's errors inside the block into the core's."""
    try:
        yield
    except InputError:
        raise
    except (av.error.FFmpegError, UnicodeDecodeError) as error:
        raise _translated(path, error) from error
    except PermissionError as error:
        raise UnreadableMedia("media.no-permission", file=path.name) from error


def _translated(path: Path, error: Exception) -> InputError:
    if isinstance(error, av.error.PermissionError):
        return UnreadableMedia("media.no-permission", file=path.name)
    if isinstance(error, (av.error.DecoderNotFoundError, av.error.PatchWelcomeError, av.error.NotImplementedError)):
        return UnsupportedMedia("media.codec-unknown", file=path.name)
    if path.stat().st_size == 0:
        return UnreadableMedia("media.empty-file", file=path.name)
    return UnreadableMedia("media.damaged", file=path.name, error=_reason(error))


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
