"""The row of Final Cut Pro 7 XML, which Premiere and Resolve exchange."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .format import Format, Notices

if TYPE_CHECKING:
    from ..conform_types import Cue, FinishedTake, PublishMode


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .fcp7_reader import read_fcp7

    return read_fcp7(data)


def _write(timeline: Any, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .export_model import export_model_of
    from .fcp7_writer import write_fcp7

    text, notices = write_fcp7(export_model_of(timeline, rate))
    return text.encode(), notices


def _graft(data: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .fcp7_graft import graft_fcp7

    return graft_fcp7(data, takes, mode, rate)


def _lay(document: bytes, cues: Sequence[Cue], kept: Sequence[str], rate: Fraction | None) -> tuple[bytes, Notices]:
    from .fcp7_lines import lay_fcp7

    return lay_fcp7(document, cues, kept, rate)


FORMAT = Format(
    name="fcp7",
    title="Final Cut Pro 7 XML (Premiere)",
    suffixes=(".xml",),
    media_type="application/xml",
    sniff=lambda head: head.startswith(b"<") and b"<xmeml" in head,
    read=_read,
    write=_write,
    graft=_graft,
    lay=_lay,
)
