"""The row of CMX3600 edit lists."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .format import Format, Notices

if TYPE_CHECKING:
    from ..conform_types import Cue, FinishedTake, PublishMode


def _read(data: bytes, rate: Fraction | None) -> tuple[Any, Notices]:
    from .edl_reader import read_edl

    return read_edl(data, rate)


def _write(timeline: Any, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .edl_writer import write_edl
    from .export_model import export_model_of

    text, notices = write_edl(export_model_of(timeline, rate))
    return text.encode(), notices


def _graft(document: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .edl_graft import graft_edl

    return graft_edl(document, takes, mode, rate)


def _is_edl(head: bytes) -> bool:
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head[:2]  # UTF-16, with its mark or without
    text = head.replace(b"\0", b"").lstrip(b"\xff\xfe \t\r\n") if wide else head
    return not text.startswith((b"{", b"<")) and (b"TITLE:" in text or b"FCM:" in text)


def _lay(document: bytes, cues: Sequence[Cue], kept: Sequence[str], rate: Fraction | None) -> tuple[bytes, Notices]:
    from .edl_sound import lay_edl

    return lay_edl(document, cues, kept, rate)


FORMAT = Format(
    name="edl",
    title="EDL",
    suffixes=(".edl",),
    media_type="text/plain",
    sniff=_is_edl,
    read=_read,
    write=_write,
    graft=_graft,
    lay=_lay,
)
