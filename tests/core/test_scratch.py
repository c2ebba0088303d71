"""Arrays in a file without a name: they hold what they are given, leave nothing behind, and lie in memory without a disk."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from heygem_core.storage import scratch


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Everything above 1 kB goes to the disk, to a folder of the test's own."""
    monkeypatch.setattr(scratch, "IN_MEMORY_BYTES", 1000)
    monkeypatch.setattr(scratch, "scratch_folder", lambda: tmp_path)
    return tmp_path


def test_a_large_array_holds_what_it_is_given_and_leaves_no_file(tiny: Path) -> None:
    array = scratch.scratch_array((300, 4))
    array[:] = np.arange(1200).reshape(300, 4)
    assert array.dtype == np.float32
    assert array[299, 3] == 1199
    assert isinstance(array.base, np.memmap)
    del array
    assert not list(tiny.iterdir())


def test_small_arrays_stay_in_memory(tiny: Path) -> None:
    assert scratch.scratch_array((10,), np.float16).base is None


def test_where_the_disk_has_no_room_an_array_lies_in_memory(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing to a mapped file without room behind it would end the program with a signal."""

    def full(descriptor: int, size: int) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(scratch, "_reserve", full)
    array = scratch.scratch_array((300, 4))
    array[:] = 1
    assert array.base is None
    assert array.sum() == 1200


@pytest.mark.parametrize("lengths", [[0], [5], [0, 5, 1], [1] * 20, [3, 0, 100, 2], [200, 1]])
def test_pieces_come_one_after_another_and_stay_as_they_are(tiny: Path, lengths: list[int]) -> None:
    pieces = [np.random.default_rng(k).random((2, length), np.float32) for k, length in enumerate(lengths)]
    kept = [piece.copy() for piece in pieces]
    found = scratch.gathered(iter(pieces))
    assert found.dtype == np.float32
    assert np.array_equal(found, np.concatenate(kept, axis=1))
    assert all(np.array_equal(piece, before) for piece, before in zip(pieces, kept, strict=True))
    assert not list(tiny.iterdir())
