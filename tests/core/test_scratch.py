"""Arrays too large for memory: pieces of whatever length become one array, and a large one lies in a file without a name."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.storage import scratch


@pytest.mark.parametrize("lengths", [[0], [5], [0, 5, 1], [1] * 20, [3, 0, 100, 2]])
@pytest.mark.parametrize("in_memory", [8 << 20, 64])
def test_pieces_come_one_after_another(lengths: list[int], in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "IN_MEMORY_BYTES", in_memory)
    pieces = [np.random.default_rng(k).random((2, length), np.float32) for k, length in enumerate(lengths)]
    kept = [piece.copy() for piece in pieces]
    found = scratch.gathered(iter(pieces))
    assert found.dtype == np.float32
    assert np.array_equal(found, np.concatenate(kept, axis=1))
    assert all(np.array_equal(piece, before) for piece, before in zip(pieces, kept, strict=True)), "the pieces stay as they are"


@pytest.mark.parametrize(("count", "mapped"), [(16, False), (17, True)])
def test_an_array_over_the_limit_lies_in_a_file_that_nobody_can_find(count: int, mapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "IN_MEMORY_BYTES", 64)
    array = scratch.scratch_array((count,))
    array[:] = np.arange(count)
    assert isinstance(array.base, np.memmap) is mapped
    assert array.sum() == sum(range(count))
