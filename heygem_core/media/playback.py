"""Reads the pictures of a clip in the order in which a take plays them: forwards, backwards, with frames left out or repeated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .reader import Frame, read_scattered

if TYPE_CHECKING:
    from av import VideoFrame

    from .info import MediaInfo

_BACKWARDS = 24  # frames decoded at a time where a clip is played backwards: bounds memory


def read_played(info: MediaInfo, numbers: NDArray[np.integer[Any]]) -> Iterator[VideoFrame]:
    """One picture for each of the frame numbers (n,), in their order. Raises: as `read_scattered`."""
    for run in _runs(numbers):
        if run[0] <= run[-1]:
            yield from _repeated(read_scattered(info, np.unique(run).tolist()), run)
            continue
        seen = np.unique(run)[::-1]
        for first in range(0, len(seen), _BACKWARDS):
            part = seen[first : first + _BACKWARDS]
            yield from _repeated(reversed(list(read_scattered(info, part[::-1].tolist()))), run[(run <= part[0]) & (run >= part[-1])])


def _runs(numbers: NDArray[np.integer[Any]]) -> Iterator[NDArray[np.integer[Any]]]:
    """Cut where the direction changes."""
    way, begin = 0, 0
    for k, step in enumerate(np.sign(np.diff(numbers)).tolist(), start=1):
        if way and step and step != way:
            yield numbers[begin:k]
            way, begin = 0, k
        else:
            way = way or step
    yield numbers[begin:]


def _repeated(frames: Iterable[Frame], numbers: NDArray[np.integer[Any]]) -> Iterator[VideoFrame]:
    """One picture per number; a number that repeats gets the same one again."""
    source = iter(frames)
    frame: Frame | None = None
    for number in numbers.tolist():
        if frame is None or frame.index != number:
            frame = next(source)
        yield frame.picture
