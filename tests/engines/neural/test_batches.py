"""Batches that fit the memory of a device."""

from __future__ import annotations

from itertools import chain

import pytest
import torch

from heygem_core.engines.neural.batches import Batches, fitting, out_of_memory
from heygem_core.errors import DeviceUnavailable

CPU = torch.device("cpu")
NO_MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


def test_a_batch_that_does_not_fit_is_halved_and_the_smaller_size_is_kept() -> None:
    tried: list[int] = []

    def work(part: slice) -> list[int]:
        tried.append(part.stop - part.start)
        if part.stop - part.start > 5:
            raise torch.cuda.OutOfMemoryError(NO_MEMORY)
        return list(range(part.start, part.stop))

    batches = Batches("toy", CPU, 1)
    assert list(chain(*batches.run(work, 16, splits=True))) == list(range(16))
    assert tried == [16, 8, 4, 4, 4, 4]
    tried.clear()
    assert list(chain(*batches.run(work, 6, splits=True))) == list(range(6))
    assert tried == [4, 2]


def test_a_single_frame_or_a_whole_block_that_does_not_fit_is_told_in_a_sentence() -> None:
    def work(part: slice) -> None:
        raise RuntimeError("MPS backend out of memory (MPS allocated: 5 GB)")

    for splits in (True, False):
        with pytest.raises(DeviceUnavailable, match=r"“toy” has too little free memory on the cpu device.*--device cpu"):
            Batches("toy", CPU, 1).run(work, 4, splits=splits)


def test_other_errors_are_not_taken_for_lack_of_memory() -> None:
    def work(part: slice) -> None:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="mat1"):
        Batches("toy", CPU, 1).run(work, 4, splits=True)
    assert not out_of_memory(ValueError("out of memory"))


def test_as_many_frames_as_fit_but_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heygem_core.engines.neural.batches.free_memory", lambda device: 1000)
    assert [fitting(CPU, size, 16) for size in (1, 100, 5000)] == [16, 6, 1]
