"""The row of CMX3600 edit lists."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .format import Format, Notices


def _read(data: bytes, rate: Fraction | None) -> tuple[Any, Notices]:
    from .edl_reader import read_edl

    return read_edl(data, rate)


def _write(timeline: Any, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .edl_writer import write_edl
    from .export_model import export_model_of

    text, notices = write_edl(export_model_of(timeline, rate))
    return text.encode(), notices


FORMAT = Format(
    name="edl",
    title="EDL",
    suffixes=(".edl",),
    media_type="text/plain",
    sniff=lambda head: not head.startswith((b"{", b"<")) and (b"TITLE:" in head or b"FCM:" in head),
    read=_read,
    write=_write,
)
