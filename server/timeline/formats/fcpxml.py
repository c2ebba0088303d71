"""The row of FCPXML, the format of Final Cut Pro, which Resolve reads and writes too."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .format import Format, Notices


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .fcpxml_reader import read_fcpxml

    return read_fcpxml(data)


def _write(timeline: Any, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .export_model import export_model_of
    from .fcpxml_writer import write_fcpxml

    text, notices = write_fcpxml(export_model_of(timeline, rate))
    return text.encode(), notices


FORMAT = Format(
    name="fcpxml",
    title="FCPXML (Final Cut Pro, Resolve)",
    suffixes=(".fcpxml",),
    folder=(".fcpxmld", "Info.fcpxml"),
    media_type="application/xml",
    sniff=lambda head: head.startswith(b"<") and b"<fcpxml" in head,
    read=_read,
    write=_write,
)
