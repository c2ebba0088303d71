"""The row of FCPXML, the format of Final Cut Pro, which Resolve reads and writes too."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .format import Format, Notices

if TYPE_CHECKING:
    from ..conform_types import Cue, FinishedTake, PublishMode


def _read(data: bytes, rate: Fraction | None) -> tuple[Any, Notices]:
    from .fcpxml_reader import read_fcpxml

    return read_fcpxml(data, rate)


def _write(timeline: Any, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .export_model import export_model_of
    from .fcpxml_writer import write_fcpxml

    text, notices = write_fcpxml(export_model_of(timeline, rate))
    return text.encode(), notices


def _graft(data: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .fcpxml_graft import graft_fcpxml

    return graft_fcpxml(data, takes, mode, rate)


def _lay(document: bytes, cues: Sequence[Cue], kept: Sequence[str], rate: Fraction | None) -> tuple[bytes, Notices]:
    from .fcpxml_lines import lay_fcpxml

    return lay_fcpxml(document, cues, kept, rate)


FORMAT = Format(
    name="fcpxml",
    title="FCPXML (Final Cut Pro, Resolve)",
    suffixes=(".fcpxml",),
    folder=(".fcpxmld", "Info.fcpxml"),
    media_type="application/xml",
    sniff=lambda head: head.startswith(b"<") and b"<fcpxml" in head,
    read=_read,
    write=_write,
    graft=_graft,
    lay=_lay,
)
