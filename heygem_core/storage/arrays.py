"""Reads arrays from disk, from several threads at once.

NumPy parses the head of a file as a Python literal. Two threads that do so at the same time can disturb each other's count of how deep the
parser stands, and Python 3.11 then raises SystemError (cpython issue 106905). Heads are therefore read one after another.
"""

from __future__ import annotations

import os
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

_one_at_a_time = Lock()


def load_array(path: Path, *, mapped: bool = False) -> NDArray[Any]:
    """The array of a .npy file; mapped: it stays on the disk, read-only. Raises: OSError, ValueError, EOFError — not such a file."""
    with _one_at_a_time:
        array: NDArray[Any] = np.load(os.fspath(path), mmap_mode="r" if mapped else None, allow_pickle=False)
        return array


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a .npz file. Raises: OSError, ValueError, EOFError, zipfile.BadZipFile — not such a file."""
    with _one_at_a_time, np.load(path, allow_pickle=False) as kept:
        return {name: kept[name] for name in kept.files}
