"""Hashes what a mesh plan says about some of its frames, so that a segment which nothing changed keeps its key."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from ..base import PlanArrays
from . import BLOCK

_OF_FRAMES = ("source", "target", "eye", "skull", "origin")  # arrays with one row per frame
_OF_DONORS = ("patch_digests", "patch_skull")  # with one row per donor; its patch and points are hashed when they are found
DIGEST_SIZE = 16  # bytes


def digest_of(plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
    """Of frames [start, end_exclusive), `start` at the beginning of a block."""
    arrays = {name: plan.array(name) for name in (*_OF_FRAMES, *_OF_DONORS, "size", "teeth", "donor", "second")}
    digest = blake2b(digest_size=DIGEST_SIZE)
    for name in _OF_FRAMES:
        _add(digest, arrays[name][start:end_exclusive])
    _add(digest, arrays["size"][start // BLOCK : -(-end_exclusive // BLOCK)])
    _add(digest, arrays["teeth"])
    rows = np.concatenate([arrays["donor"][start:end_exclusive], arrays["second"][start:end_exclusive]])
    donors, place = np.unique(rows, return_inverse=True)  # rows are numbered over the whole plan: what they hold counts
    _add(digest, np.where(rows < 0, -1, place))
    for row in donors[donors >= 0].tolist():
        for name in _OF_DONORS:
            _add(digest, arrays[name][row])
    return digest.digest()


def _add(digest: blake2b, array: NDArray[np.generic]) -> None:
    digest.update(f"{array.shape}{array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array).data)
