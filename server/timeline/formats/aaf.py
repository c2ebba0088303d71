"""The row of AAF, the format of Avid Media Composer."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .format import Format, Notices

if TYPE_CHECKING:
    from ..conform_types import FinishedTake, PublishMode


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .aaf_adapter import read_aaf

    return read_aaf(data)


def _write(timeline: Any, _rate: Fraction | None) -> tuple[bytes, Notices]:
    from .aaf_adapter import write_aaf

    return write_aaf(timeline)


def _graft(document: bytes, takes: Sequence[FinishedTake], mode: PublishMode, rate: Fraction | None) -> tuple[bytes, Notices]:
    from .aaf_graft import graft_aaf

    return graft_aaf(document, takes, mode, rate)


FORMAT = Format(
    name="aaf",
    title="AAF (experimental)",
    suffixes=(".aaf",),
    media_type="application/octet-stream",
    sniff=lambda head: head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    read=_read,
    write=_write,
    graft=_graft,
)
