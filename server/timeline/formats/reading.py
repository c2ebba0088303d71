"""Any timeline file → one OpenTimelineIO timeline. One reader per format; only OpenTimelineIO's model behind them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

from ..conform_types import FormatName
from ..errors import UnreadableTimeline

MAX_BYTES = 256 * 1024**2
SUFFIXES: dict[str, FormatName] = {
    ".otio": "otio",
    ".json": "otio",
    ".otioz": "otioz",
    ".fcpxml": "fcpxml",
    ".xml": "fcp7",
    ".edl": "edl",
    ".aaf": "aaf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A timeline as it was read."""

    timeline: Any
    format: FormatName
    notices: tuple[str, ...]


def read_timeline(source: Path | bytes, format: FormatName | None = None, *, rate: Fraction | None = None) -> Read:
    """Reads a file (or its bytes). Meant for a child process: the bytes are a stranger's.

    format: None = by content, and by suffix where that does not tell. rate: of an edit list, which does not say it.
    Raises: UnreadableTimeline.
    """
    data = source if isinstance(source, bytes) else _bytes_of(source)
    format = format or format_of(data, None if isinstance(source, bytes) else source)
    timeline, notices = _read(data, format, rate)
    return Read(timeline=timeline, format=format, notices=tuple(notices))


def format_of(data: bytes, path: Path | None = None) -> FormatName:
    """By the first bytes, else by the suffix. Raises: UnreadableTimeline."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "aaf"
    if data[:4] == b"PK\x03\x04":
        return "otioz"
    if head[:1] == b"{":
        return "otio"
    if head[:1] == b"<":
        if b"<xmeml" in head:
            return "fcp7"
        if b"<fcpxml" in head:
            return "fcpxml"
    elif b"TITLE:" in head or b"FCM:" in head:
        return "edl"
    known = SUFFIXES.get(path.suffix.lower()) if path is not None else None
    if known is None:
        raise UnreadableTimeline(f"This is no timeline that is known here: use one of {', '.join(get_args(FormatName))}.")
    return known


def _bytes_of(path: Path) -> bytes:
    if path.suffix.lower() in (".otiod", ".fcpxmld") and path.is_dir():
        path = path / ("content.otio" if path.suffix.lower() == ".otiod" else "Info.fcpxml")
    try:
        if not path.is_file():
            raise UnreadableTimeline(f"There is no timeline at “{path}”.")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnreadableTimeline(f"“{path.name}” cannot be opened: {error.strerror}.") from error
    if len(data) > MAX_BYTES:
        raise UnreadableTimeline(f"“{path.name}” is larger than {MAX_BYTES // 1024**2} MB.")
    return data


def _read(data: bytes, format: FormatName, rate: Fraction | None) -> tuple[Any, list[str]]:
    if format == "otio":
        from .otio_json import read_native

        return read_native(data)
    if format == "otioz":
        from .otio_json import read_bundle

        return read_bundle(data)
    if format == "fcpxml":
        from .fcpxml_reader import read_fcpxml

        return read_fcpxml(data)
    if format == "fcp7":
        from .fcp7_reader import read_fcp7

        return read_fcp7(data)
    if format == "edl":
        from .edl_reader import read_edl

        return read_edl(data, rate)
    from .aaf import read_aaf

    return read_aaf(data)
