"""Which 16 frames LatentSync draws together, and how the pictures of two windows run into one another.

Windows begin at every twelfth frame of the take, whatever part of it is drawn, and share four frames with the next one, over which the one
fades into the other. What a window would hold of another run of frames (behind a cut, a jump in the clip or a frame without a face) is
filled with the run's outermost frame: the network never sees two scenes at once, and always sixteen frames. Above 30 frames a second it
draws every second one (third, fourth) as a sequence of its own, since it has learnt how faces move at 25.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .motion import FRAMES

FADE = 4  # frames that two windows share
STEP = FRAMES - FADE  # frames from one window to the next
_FASTEST = 30.5  # frames a second that are one sequence
_JUMP = 4  # as many times the usual step between source frames are a cut


class FrameWindow(NamedTuple):
    """One window: a sequence of the take, and the number of the window in it. Its 16 frames are `rows_of`."""

    phase: int  # the sequence holds the take's frames phase, phase + phases, …
    number: int  # its core begins at frame STEP * number of the sequence


def phases_at(fps: float) -> int:
    """In how many sequences the frames of a take are drawn."""
    return max(1, int(np.ceil(fps / _FASTEST)))


def runs_of(frames: NDArray[np.int64], scenes: NDArray[np.integer[Any]], usable: NDArray[np.bool_]) -> NDArray[np.int32]:
    """(n,) the first frame of each frame's run: frames of the take that follow one another and show one face in one scene.

    frames (n,): numbers in the source file. Frames that are not usable have −1.
    """
    steps = np.abs(np.diff(frames))
    usual = max(1.0, float(np.median(steps))) if len(steps) else 1.0
    cut = (np.diff(scenes) != 0) | (steps > _JUMP * usual) | ~usable[1:] | ~usable[:-1]
    first = np.zeros(len(frames), np.int32)
    first[1:][cut] = np.flatnonzero(cut) + 1
    return np.where(usable, np.maximum.accumulate(first), -1).astype(np.int32)


def shares_of(row: int, run: tuple[int, int], phases: int) -> list[tuple[FrameWindow, float]]:
    """The windows that draw a frame of the take and how much each gives, together 1; run: first frame and end of the frame's own."""
    place, phase = divmod(row, phases)
    core = place // STEP
    given = []
    for number in (core - 1, core, core + 1):
        at = place - number * STEP + FADE // 2  # within the window
        if 0 <= at < FRAMES and (number == core or _holds(FrameWindow(phase, number), run, phases)):
            given.append((FrameWindow(phase, number), min(at + 1, FRAMES - at, FADE + 1) / (FADE + 1)))
    total = sum(share for _, share in given)
    return [(window, share / total) for window, share in given]


def rows_of(window: FrameWindow, run: tuple[int, int], phases: int) -> NDArray[np.int64]:
    """The 16 frames of the take that a window holds where it draws frames of this run."""
    first = -(-(run[0] - window.phase) // phases)
    last = (run[1] - 1 - window.phase) // phases
    places = window.number * STEP - FADE // 2 + np.arange(FRAMES)
    return np.asarray(np.clip(places, first, last) * phases + window.phase, np.int64)


def _holds(window: FrameWindow, run: tuple[int, int], phases: int) -> bool:
    """Whether a window's core has a frame of the run: for nothing but the shared frames at a run's end it is not worth its cost."""
    first, end = (window.number * STEP * phases + window.phase, ((window.number + 1) * STEP - 1) * phases + window.phase)
    return end >= run[0] and first < run[1]
