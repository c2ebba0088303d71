"""The row of OpenTimelineIO's bundles, which are read, and written only where one came in: see `bundles`."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

from .format import Format, Notices


def _read(data: bytes, _rate: Fraction | None) -> tuple[Any, Notices]:
    from .otio_json import read_native
    from .reading import bundled_document

    return read_native(bundled_document(io.BytesIO(data)) if data.startswith(b"PK") else data)


FORMAT = Format(
    name="otioz",
    title="OpenTimelineIO bundle",
    suffixes=(".otioz",),
    media_type="application/zip",
    sniff=lambda head: head.startswith(b"PK\x03\x04"),
    read=_read,
)
