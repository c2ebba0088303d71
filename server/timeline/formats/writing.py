"""Writes an OpenTimelineIO timeline as a file of any format, and says what the format cannot carry."""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.errors import OutputError
from heygem_core.storage.os_errors import why

from ..published import Published
from .format import Format
from .registry import FORMATS, FormatName, suffixes_of, with_suffix, writable


def write_timeline(timeline: Any, output: Path, format: FormatName | None = None, *, rate: Fraction | None = None) -> Published:
    """Writes the file whole or not at all. format: None = by the suffix.

    Raises: OutputError — no format that can be written, or the file cannot be. UnreadableTimeline — it cannot be said in that format.
    """
    row = output_format(output, format)
    data, notices = as_bytes(timeline, row, rate)
    write_document(data, output)
    return Published(output=str(output), format=row.name, notices=tuple(notices))


def output_format(output: Path, format: FormatName | None = None) -> Format:
    """By name, else by the suffix. Raises: OutputError — it cannot be written. SpecError — no format of that name."""
    row = with_suffix(output.suffix) if format is None else FORMATS.get(format)
    if row is None or row.write is None:
        raise OutputError("cli.timeline-suffix", suffixes=suffixes_of(writable()), suffix=output.suffix if row is None else row.name)
    return row


def as_bytes(timeline: Any, row: Format, rate: Fraction | None = None) -> tuple[bytes, list[str]]:
    """(the document, what the format cannot carry). Raises: UnreadableTimeline; OutputError — the format is only read."""
    if row.write is None:
        raise OutputError("cli.timeline-suffix", suffixes=suffixes_of(writable()), suffix=row.name)
    return row.write(timeline, rate)


def write_document(data: bytes, output: Path) -> None:
    """Writes the file whole or not at all. Raises: OutputError."""
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.", suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            part.write_bytes(data)
            part.chmod(0o644)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError("timeline.not-written", path=output, why=why(error, output.parent)) from error


def as_text(timeline: Any, format: FormatName, rate: Fraction | None = None) -> tuple[str, list[str]]:
    """`as_bytes` of a format that is text, by name. Raises: UnreadableTimeline."""
    data, notices = as_bytes(timeline, FORMATS.get(format), rate)
    return data.decode(), notices
