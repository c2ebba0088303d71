"""Runs a network over many frames in batches that fit the device's memory; a batch that does not fit is halved and tried again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

import psutil
import torch

from ...errors import DeviceUnavailable

_T = TypeVar("_T")

LOGGER = logging.getLogger(__name__)

_SHARE = 0.6  # of the memory that is free now: other programs want some too


def precision_of(device: torch.device) -> torch.dtype:
    """The numbers that networks compute with: half as long where the device is made for it."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.float16 if device.type == "mps" else torch.float32


def free_memory(device: torch.device) -> int:
    """Bytes of a device that nobody uses now; graphics of Apple shares the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def fitting(device: torch.device, bytes_per_frame: int, most: int) -> int:
    """How many frames fit the device together, at least one."""
    return max(1, min(most, int(free_memory(device) * _SHARE) // max(1, bytes_per_frame)))


class Batches:
    """Remembers which size of batch has worked, for one engine on one device."""

    def __init__(self, engine: str, device: torch.device, bytes_per_frame: int) -> None:
        self._engine, self._device, self._bytes = engine, device, bytes_per_frame
        self._size: int | None = None

    def run(self, work: Callable[[slice], _T], count: int, *, splits: bool) -> list[_T]:
        """`work` on all of `count` frames, some at a time; all at once where it does not split. Raises: DeviceUnavailable — no memory."""
        if not splits:
            return [self._whole(work, count)]
        size = self._size = min(self._size or count, fitting(self._device, self._bytes, count))
        done: list[_T] = []
        first = 0
        while first < count:
            try:
                done.append(work(slice(first, min(first + size, count))))
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                if size == 1:
                    raise self._refusal() from error
                self._release()
                size = self._size = size // 2
                LOGGER.warning("%s: too little memory on %s, goes on with %d frames at a time", self._engine, self._device, size)
                continue
            first += size
        return done

    def _whole(self, work: Callable[[slice], _T], count: int) -> _T:
        try:
            return work(slice(0, count))
        except RuntimeError as error:
            if out_of_memory(error):
                raise self._refusal() from error
            raise

    def _refusal(self) -> DeviceUnavailable:
        return DeviceUnavailable("engine.out-of-memory", engine=self._engine, device=self._device.type)

    def _release(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def out_of_memory(error: BaseException) -> bool:
    """Whether a device or the machine had no memory left."""
    return isinstance(error, torch.cuda.OutOfMemoryError) or (
        isinstance(error, RuntimeError)
        and any(sign in str(error).lower() for sign in ("out of memory", "not enough memory", "can't allocate"))
    )
