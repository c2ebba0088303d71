"""Reads a timeline file of any format as one OpenTimelineIO timeline."""

from __future__ import annotations

import codecs
import lzma
import zipfile
import zlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any

from ..errors import UnreadableTimeline
from .registry import FORMATS, FormatName, readable, with_suffix

CONTENT = "content.otio"  # the document in a bundle of OpenTimelineIO
MAX_BYTES = 256 * 1024**2
MAX_BUNDLED_BYTES = 64 * 1024**2
_HEAD_BYTES = 4096
_ZIP = b"PK\x03\x04"
BROKEN_ZIP = (  # what Python's library raises of zip files that are damaged, locked, or say of themselves what is not so
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A timeline as it was read."""

    timeline: Any
    format: FormatName
    notices: tuple[str, ...]


def read_timeline(source: Path | bytes, format: FormatName | None = None, *, rate: Fraction | None = None) -> Read:
    """Reads a file (or its bytes). Meant for a child process: the bytes are a stranger's.

    format: None = by content, and by suffix where that does not tell. rate: of an edit list, which does not say it.
    Raises: UnreadableTimeline. SpecError — no format of that name.
    """
    data = source if isinstance(source, bytes) else bytes_of(source)
    row = FORMATS.get(format or format_of(data, None if isinstance(source, bytes) else source))
    if row.read is None:
        raise UnreadableTimeline("timeline.only-written", format=row.title, formats=_names())
    timeline, notices = row.read(data, rate)
    return Read(timeline=timeline, format=row.name, notices=tuple(notices))


def format_of(data: bytes, path: Path | None = None) -> FormatName:
    """By the first bytes, else by the suffix. Raises: UnreadableTimeline."""
    head = _head(data)
    suffix = "" if path is None else path.suffix.lower()
    fitting = [row for row in readable().values() if row.sniff(head)]
    by_suffix = with_suffix(suffix) if suffix else None
    found = by_suffix if by_suffix in fitting or not fitting else fitting[0]
    if found is None:
        raise UnreadableTimeline("timeline.format-unknown", formats=_names())
    return found.name


def _head(data: bytes) -> bytes:
    """The first bytes without byte order mark and white space; of a text in UTF-16, as UTF-8."""
    head = data[:_HEAD_BYTES]
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            head = head[len(mark) :].decode(encoding, errors="ignore").encode()
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")


def bytes_of(path: Path) -> bytes:
    """The document in a file, or in a folder or a zip file of a format that comes as one. Raises: UnreadableTimeline."""
    inside = _file_in_folder(path) if path.is_dir() else None
    if inside is not None:
        folder, path = path.resolve(), path / inside
        if not path.resolve().is_relative_to(folder):
            raise UnreadableTimeline("timeline.not-found", path=path)
    try:
        if not path.is_file():
            raise UnreadableTimeline("timeline.not-found", path=path)
        with path.open("rb") as file:
            data = file.read(4)
            zipped = data == _ZIP
            data = bundled_document(path) if zipped else data + file.read(MAX_BYTES - 3)
        if zipped and data.startswith(_ZIP):  # a bundle in a bundle: its media would be looked for in the outer one
            raise UnreadableTimeline("otio.bad-bundle")
    except OSError as error:
        raise UnreadableTimeline("timeline.not-opened", file=path.name, why=error.strerror) from error
    if len(data) > MAX_BYTES:
        raise UnreadableTimeline("timeline.file-too-large", file=path.name, most_mb=MAX_BYTES // 1024**2)
    return data


def bundled_document(bundle: Path | IO[bytes]) -> bytes:
    """The document in a zipped bundle; its media stay there. Raises: UnreadableTimeline."""
    try:
        with zipfile.ZipFile(bundle) as opened:
            if opened.getinfo(CONTENT).file_size > MAX_BUNDLED_BYTES:
                raise UnreadableTimeline("otio.bundle-too-large")
            with opened.open(CONTENT) as content:
                return content.read(MAX_BUNDLED_BYTES + 1)
    except (KeyError, *BROKEN_ZIP) as error:
        raise UnreadableTimeline("otio.bad-bundle") from error


def _file_in_folder(path: Path) -> str | None:
    folders = [row.folder for row in readable().values() if row.folder is not None]
    return next((inside for suffix, inside in folders if suffix == path.suffix.lower()), None)


def _names() -> str:
    return ", ".join(readable())
