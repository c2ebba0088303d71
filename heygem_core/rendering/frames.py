"""Draws any range of a plan: pictures in, finished frames out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..engines.compositing import Covers, Drawn, draw_range
from ..engines.registry import ENGINES
from ..face.occlusion import cover_in_picture
from ..planning.covered import found_cover
from .inputs import holdout_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..engines.base import Change
    from ..media.holdout import Holdout
    from ..planning.plan import Plan


def draw_frames(plan: Plan, start: int, end_exclusive: int, device: torch.device) -> Iterator[Drawn]:
    """The frames [start, end_exclusive) of the take, in order."""
    # Decoder and encoder want the other half; a server that runs several renders at once says how many threads each may have.
    torch.set_num_threads(int(os.environ.get("HEYGEM_THREADS") or max(1, (os.cpu_count() or 2) // 2)))
    engine = ENGINES.get(plan.facts.settings.engine)
    holdout = holdout_of(plan.facts.shot, plan.facts.settings, plan.info)
    begin = start - start % engine.block  # where drawing begins
    found = [covers for covers in (_found(plan), None if holdout is None else _held_out(holdout, plan, begin)) if covers is not None]
    return draw_range(engine, plan, start, end_exclusive, device, partial(_largest, found) if found else None)


def _largest(all_covers: list[Covers], change: Change) -> NDArray[np.float32] | None:
    levels = [level for level in (covers(change) for covers in all_covers) if level is not None]
    return np.maximum.reduce(levels) if levels else None


def _found(plan: Plan) -> Covers | None:
    """What was found to lie before the face."""
    found = found_cover(plan.folder)
    if found is None:
        return None

    def level(change: Change) -> NDArray[np.float32] | None:
        row = int(found.rows[change.frame])
        if row < 0:
            return None
        at = found.positions[row] - np.array([change.box.left, change.box.top], np.float32)
        return cover_in_picture(np.ascontiguousarray(change.original[0].numpy()), found.masks[row], at)

    return level


def _held_out(holdout: Holdout, plan: Plan, begin: int) -> Covers:
    """The user's matte at the frames of a take from `begin` on."""
    levels = holdout.levels(plan.array("frames")[begin:])
    upcoming = count(begin)

    def level(change: Change) -> NDArray[np.float32]:
        while next(upcoming) < change.frame:  # frames that pass through
            next(levels)
        box = change.box
        return next(levels)[box.top : box.bottom, box.left : box.right]

    return level
