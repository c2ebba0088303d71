"""The row of OpenTimelineIO's own JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .format import Format, Notices


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .otio_json import read_native

    return read_native(data)


def _write(timeline: Any, _rate: Fraction | None) -> tuple[bytes, Notices]:
    from .otio_json import write_native

    return write_native(timeline).encode(), []


FORMAT = Format(
    name="otio",
    title="OpenTimelineIO",
    suffixes=(".otio",),
    shared_suffixes=(".json",),
    folder=(".otiod", "content.otio"),
    media_type="application/json",
    sniff=lambda head: head.startswith(b"{"),
    read=_read,
    write=_write,
)
