"""Segments on the disk: `segments/<ke>/<key>.mov`, its report and their seal. One that is not as it was rendered is thrown away."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from heygem_core.storage.artefacts import is_whole, seal

from .take_files import report_of

LOGGER = logging.getLogger(__name__)

SEAL_SUFFIX = ".digests.json"


def seal_of(segment: Path) -> Path:
    """Where its seal lies; its time is that of the segment's last use."""
    return segment.with_name(f"{segment.name}{SEAL_SUFFIX}")


def keep(segment: Path) -> None:
    """Makes a segment that was just rendered one that can be used. Raises: OSError."""
    seal(seal_of(segment), segment.name, _files(segment))


def usable(segment: Path) -> bool:
    """Whether a segment is there, as it was rendered; from now on it counts as just used. Raises: OutputError, see `is_whole`."""
    if is_whole(seal_of(segment), segment.name, _files(segment)):
        with suppress(OSError):
            os.utime(seal_of(segment))
        return True
    if seal_of(segment).exists():  # without one it may be in the making this moment
        LOGGER.warning("Segment %s is damaged: it is thrown away and made again", segment.name)
        throw_away(segment)
    return False


def throw_away(segment: Path) -> None:
    """Removes a segment and what lies beside it. Raises: OSError."""
    segment.unlink(missing_ok=True)
    for file in (report_of(segment), seal_of(segment)):
        with suppress(OSError):
            file.unlink(missing_ok=True)


def last_used(segment: Path) -> float:
    """Second of the last use."""
    try:
        return seal_of(segment).stat().st_mtime
    except OSError:
        return segment.stat().st_mtime


def _files(segment: Path) -> list[Path]:
    return [file for file in (segment, report_of(segment)) if file.exists()]
