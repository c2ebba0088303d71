"""The row of OpenTimelineIO's bundles, which are only read: their media stay inside."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .format import Format, Notices


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .otio_json import read_bundle

    return read_bundle(data)


FORMAT = Format(
    name="otioz",
    title="OpenTimelineIO bundle",
    suffixes=(".otioz",),
    media_type="application/zip",
    sniff=lambda head: head.startswith(b"PK\x03\x04"),
    read=_read,
)
