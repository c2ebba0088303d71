"""Large arrays that are needed for a while: in a file without a name instead of in memory, so that hours of a clip fit into any machine.

The system writes what is not used just now to the disk and takes the file back with the last reference to the array, also when the program
is killed. Arrays of ordinary clips are small and stay in memory.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

IN_MEMORY_BYTES = 8 << 20  # an array up to this size is not worth a file: landmarks of a minute
_LARGE_FILES = Path("/var/tmp")  # /tmp is often memory itself


def scratch_array(shape: tuple[int, ...], kind: DTypeLike = np.float32) -> NDArray[Any]:
    """An array to be filled, what it holds is undefined. Where the disk has no room for it, it lies in memory after all."""
    size = math.prod(shape) * np.dtype(kind).itemsize
    if size > IN_MEMORY_BYTES:
        try:
            with tempfile.TemporaryFile(prefix="heygem-", dir=scratch_folder()) as file:
                _reserve(file.fileno(), size)
                return np.asarray(np.memmap(file, kind, "r+", shape=shape))
        except OSError:
            pass
    return np.empty(shape, kind)


def gathered(pieces: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Pieces (rows, n) of one kind and as many rows, of whatever length, beside one another: (rows, all). There is at least one."""
    rest = iter(pieces)
    room = next(rest)
    used = room.shape[1]
    for piece in rest:
        end = used + piece.shape[1]
        if end > room.shape[1]:
            larger = scratch_array((len(piece), max(end, 2 * room.shape[1])), piece.dtype)
            larger[:, :used] = room[:, :used]
            room = larger
        room[:, used:end] = piece
        used = end
    return room[:, :used]


def scratch_folder() -> Path | None:
    """Where large temporary files lie. None = where the system, or its user, wants temporary files."""
    chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return _LARGE_FILES if not chosen and os.access(_LARGE_FILES, os.W_OK) else None


def _reserve(descriptor: int, size: int) -> None:
    """Makes a file so long. Writing to a mapped file for which the disk has no room ends the program, so the room is taken first.

    Raises: OSError — there is none.
    """
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:
        os.ftruncate(descriptor, size)
