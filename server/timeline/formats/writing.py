"""One OpenTimelineIO timeline → any timeline file, with what the format cannot carry. One writer per format."""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

from heygem_core.errors import OutputError

from ..conform_types import FormatName, Published
from ..errors import UnreadableTimeline
from .reading import SUFFIXES


def write_timeline(timeline: Any, output: Path, format: FormatName | None = None, *, rate: Fraction | None = None) -> Published:
    """Writes the file whole or not at all. format: None = by the suffix.

    Raises: OutputError — no known suffix, or the file cannot be written. UnreadableTimeline — it cannot be said in that format.
    """
    format = format or SUFFIXES.get(output.suffix.lower())
    if format is None or format == "otioz":
        raise OutputError(f"A timeline is written as .otio, .fcpxml, .xml, .edl or .aaf, not as “{output.suffix}”.")
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.", suffix=".part")
        os.close(handle)
        part = Path(name)
        try:
            notices = _write(timeline, part, format, rate)
            part.chmod(0o644)
            part.replace(output)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"The timeline cannot be written to “{output}”: {error.strerror}.") from error
    return Published(output=str(output), format=format, notices=tuple(notices))


def _write(timeline: Any, path: Path, format: FormatName, rate: Fraction | None) -> list[str]:
    if format == "aaf":
        from .aaf import write_aaf

        return write_aaf(timeline, path)
    text, notices = as_text(timeline, format, rate)
    path.write_text(text, encoding="utf-8", newline="\n")
    return notices


def as_text(timeline: Any, format: FormatName, rate: Fraction | None = None) -> tuple[str, list[str]]:
    """(the document, what the format cannot carry), of the formats that are text. Raises: UnreadableTimeline."""
    if format == "otio":
        from .otio_json import write_native

        return write_native(timeline), []
    from .export_model import flatten

    if format == "fcpxml":
        from .fcpxml_writer import write_fcpxml

        return write_fcpxml(flatten(timeline, rate))
    if format == "fcp7":
        from .fcp7_writer import write_fcp7

        return write_fcp7(flatten(timeline, rate))
    if format == "edl":
        from .edl_writer import write_edl

        return write_edl(flatten(timeline, rate))
    raise UnreadableTimeline(f"“{format}” is no text.")
