"""Draws any range of a plan: pictures in, finished frames out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from ..engines.compositing import Drawn, draw_range
from ..engines.registry import ENGINES

if TYPE_CHECKING:
    from ..planning.plan import Plan


def draw_frames(plan: Plan, start: int, end_exclusive: int, device: torch.device) -> Iterator[Drawn]:
    """The frames [start, end_exclusive) of the take, in order."""
    # Decoder and encoder want the other half; a server that runs several renders at once says how many threads each may have.
    torch.set_num_threads(int(os.environ.get("HEYGEM_THREADS") or max(1, (os.cpu_count() or 2) // 2)))
    return draw_range(ENGINES.get(plan.facts.settings.engine), plan, start, end_exclusive, device)
