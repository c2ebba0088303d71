"""Draws any range of a planned take with its engine and puts what changed into the frames' own planes, with the grain that was lost.

Work is cut at multiples of the engine's block, so that pieces joined equal the whole. Memory holds one block and its neighbours.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from ..face.reasons import Reason
from ..media.planes import Box, blend_planes
from ..media.playback import read_played
from .base import Change, Engine, PlanArrays, Window
from .grain import add_grain

if TYPE_CHECKING:
    import numpy as np
    from av import VideoFrame
    from numpy.typing import NDArray

    from ..media.info import MediaInfo


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame of the take."""

    number: int  # in the take, from 0
    source: VideoFrame
    picture: VideoFrame  # the source itself where the frame passes through
    box: Box | None  # where the picture may differ, None where it passes through
    matte: torch.Tensor | None  # (h, w) 0 … 1 inside the box


Covers = Callable[[Change], "NDArray[np.float32] | None"]
"""How much of each pixel in the box of a change lies behind something: (h, w) 0 … 1, None = nothing. Asked for ascending frames."""


def draw_range(
    engine: Engine, plan: PlanArrays, start: int, end_exclusive: int, device: torch.device, covers: Covers | None = None
) -> Iterator[Drawn]:
    """The frames [start, end_exclusive) of the take, in order. What `covers` covers stays the source's own."""
    for drawn in _draw_blocks(engine, plan, start, end_exclusive, device, covers):
        if start <= drawn.number < end_exclusive:
            yield drawn


def read_windows(info: MediaInfo, frames: NDArray[Any], engine: Engine, start: int, end_exclusive: int) -> Iterator[Window]:
    """The engine's windows over the blocks that hold [start, end_exclusive); `frames` (n,): the source frames of the whole take."""
    block, reach, count = engine.block, engine.reach, len(frames)
    start, end_exclusive = start - start % block, min(count, -(-end_exclusive // block) * block)
    first, last = max(0, start - reach), min(count, end_exclusive + reach)
    pictures = read_played(info, frames[first:last])
    held: deque[VideoFrame] = deque()
    for begin in range(start, end_exclusive, block):
        end = min(begin + block, end_exclusive)
        while first < begin - reach:
            held.popleft()
            first += 1
        while first + len(held) < min(count, end + reach):
            held.append(next(pictures))
        yield Window(start=begin, end_exclusive=end, first=first, pictures=tuple(held))


def _draw_blocks(
    engine: Engine, plan: PlanArrays, start: int, end_exclusive: int, device: torch.device, covers: Covers | None
) -> Iterator[Drawn]:
    """Whole blocks: what the engine changes, and between that the frames that pass through."""
    usable = plan.array("reasons") == Reason.USABLE
    waiting: deque[tuple[int, VideoFrame]] = deque()  # frames that the engine has got and that are not given out yet

    def handed_out() -> Iterator[Window]:
        for window in windows:
            waiting.extend((frame, window.picture(frame)) for frame in range(window.start, window.end_exclusive))
            yield window

    def passing(until: int | None) -> Iterator[Drawn]:
        while waiting and (until is None or waiting[0][0] < until):
            frame, picture = waiting.popleft()
            if usable[frame]:
                raise RuntimeError(f"The engine “{engine.name}” left out frame {frame}.")
            yield Drawn(frame, picture, picture, None, None)

    windows = read_windows(plan.info, plan.array("frames"), engine, start, end_exclusive)
    changes = engine.draw(plan, handed_out(), device)
    while True:
        with torch.inference_mode():
            change = next(changes, None)
        if change is None:
            break
        yield from passing(change.frame)
        yield composite(waiting.popleft()[1], change if covers is None else _behind(change, covers(change)))
    for _ in handed_out():  # of blocks in which nothing is drawn the engine need not take any
        yield from passing(None)
    yield from passing(None)


def _behind(change: Change, cover: NDArray[np.float32] | None) -> Change:
    """The change without what is covered."""
    return change if cover is None else replace(change, matte=change.matte * (1 - torch.from_numpy(cover)))


def composite(frame: VideoFrame, change: Change) -> Drawn:
    """A frame with what changed put into its planes; samples where the matte is 0 stay what they were."""
    picture = add_grain(change.picture, change.original, change.matte, frame=change.frame)
    return Drawn(change.frame, frame, blend_planes(frame, change.box, picture, change.matte), change.box, change.matte)
