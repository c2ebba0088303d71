"""Draws any range of a plan: pictures in, finished frames out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING

import torch

from ..engines.compositing import Covers, Drawn, draw_range
from ..engines.registry import ENGINES
from .inputs import holdout_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..media.holdout import Holdout
    from ..planning.plan import Plan


def draw_frames(plan: Plan, start: int, end_exclusive: int, device: torch.device) -> Iterator[Drawn]:
    """The frames [start, end_exclusive) of the take, in order."""
    # Decoder and encoder want the other half; a server that runs several renders at once says how many threads each may have.
    torch.set_num_threads(int(os.environ.get("HEYGEM_THREADS") or max(1, (os.cpu_count() or 2) // 2)))
    engine = ENGINES.get(plan.facts.settings.engine)
    holdout = holdout_of(plan.facts.shot, plan.facts.settings, plan.info)
    begin = start - start % engine.block  # where drawing begins
    covers = None if holdout is None else _covers(holdout, plan, begin)
    return draw_range(engine, plan, start, end_exclusive, device, covers)


def _covers(holdout: Holdout, plan: Plan, begin: int) -> Covers:
    """The matte at the frames of a take from `begin` on."""
    levels = holdout.levels(plan.array("frames")[begin:])
    upcoming = count(begin)

    def level(frame: int) -> NDArray[np.float32]:
        while next(upcoming) < frame:  # frames that pass through
            next(levels)
        return next(levels)

    return level
