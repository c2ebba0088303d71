"""Whether there is room to work: a full disk makes the queue wait, and says so, instead of making shots fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from heygem_core.messages import Message, tell
from heygem_core.storage.os_errors import holds_no_more_files

_LEAST_BYTES = 64 << 20  # whatever the settings say, less than this is full


def free_bytes(folder: Path) -> int | None:
    """On the disk of a folder that may not exist yet; None = the disk is away."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def trouble(folders: Iterable[Path], floor_bytes: int) -> Message | None:
    """A message about the first disk that is too full; None = there is room."""
    needed = max(floor_bytes, _LEAST_BYTES)
    for folder in folders:
        free = free_bytes(folder)
        if free is not None and free < needed:
            return tell("disk.full", folder=folder, free_gb=f"{free / 1e9:.1f}", needed_gb=f"{needed / 1e9:.1f}")
        if holds_no_more_files(next((place for place in (folder, *folder.parents) if place.exists()), folder)):
            return tell("disk.no-inodes", folder=folder)
    return None
