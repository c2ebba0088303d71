"""Any range of a plan as finished frames. Work is cut along the plan's own blocks, so that pieces joined equal the whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..engines.mesh.drawn_interior import Skull
from ..engines.mesh.engine import Batch, Second, draw
from ..engines.mesh.prepare import ARRAYS, BLOCK, unpack
from ..engines.mesh.warp import Donor
from ..face.reasons import Reason
from ..media.planes import Box, blend_planes, crop_planes
from ..media.playback import read_played
from .grain import add_grain

if TYPE_CHECKING:
    from av import VideoFrame

    from ..media.info import MediaInfo
    from ..planning.plan import Plan

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One frame of the take."""

    number: int  # in the take, from 0
    source: VideoFrame
    picture: VideoFrame  # the source itself where the frame passes through
    box: Box | None  # where the picture may differ, None where it passes through
    matte: torch.Tensor | None  # (h, w) 0 … 1 inside the box


def draw_frames(plan: Plan, start: int, end_exclusive: int, device: torch.device) -> Iterator[Drawn]:
    """The frames [start, end_exclusive) of the take, in order; holds one block of them in memory."""
    return draw_arrays(plan.info, {name: plan.array(name) for name in ("frames", "reasons", *ARRAYS)}, start, end_exclusive, device)


def draw_arrays(info: MediaInfo, arrays: Arrays, start: int, end_exclusive: int, device: torch.device) -> Iterator[Drawn]:
    """The same from a plan's arrays by name: the engine's `ARRAYS`, and `frames` and `reasons` as `plan.Plan` has them."""
    # Decoder and encoder want the other half; a server that runs several renders at once says how many threads each may have.
    torch.set_num_threads(int(os.environ.get("HEYGEM_THREADS") or max(1, (os.cpu_count() or 2) // 2)))
    first, count = start - start % BLOCK, len(arrays["frames"])
    last = min(count, -(-end_exclusive // BLOCK) * BLOCK)
    pictures = read_played(info, arrays["frames"][first:last])
    for begin in range(first, last, BLOCK):
        block = [next(pictures) for _ in range(min(BLOCK, last - begin))]
        for drawn in _draw_block(arrays, begin, block, device):
            if start <= drawn.number < end_exclusive:
                yield drawn


def _draw_block(arrays: Arrays, begin: int, block: list[VideoFrame], device: torch.device) -> Iterator[Drawn]:
    usable = [k for k in range(len(block)) if arrays["reasons"][begin + k] == Reason.USABLE]
    done = {k: Drawn(begin + k, block[k], block[k], None, None) for k in range(len(block))}
    if usable:
        rows = np.array(usable) + begin
        boxes = [
            Box(x, y, x + w, y + h)
            for (x, y), (w, h) in zip(arrays["origin"][rows].tolist(), arrays["size"][rows // BLOCK].tolist(), strict=True)
        ]
        crops = torch.stack([crop_planes(block[k], box) for k, box in zip(usable, boxes, strict=True)])
        with torch.inference_mode():
            pictures, mattes = draw(_batch(arrays, rows, crops, device))
        pictures, mattes = pictures.cpu(), mattes.cpu()
        for k, box, crop, picture, matte in zip(usable, boxes, crops, pictures, mattes, strict=True):
            picture = add_grain(picture, crop, matte, frame=begin + k)
            done[k] = Drawn(begin + k, block[k], blend_planes(block[k], box, picture, matte), box, matte)
    yield from (done[k] for k in range(len(block)))


def _batch(arrays: Arrays, rows: np.ndarray, crops: torch.Tensor, device: torch.device) -> Batch:
    origin = arrays["origin"][rows][:, None].astype(np.float32)

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    def skull(array: np.ndarray, shift: np.ndarray | float = 0) -> Skull:
        return Skull(tensor(array[:, 0] - shift), tensor(array[:, 1]), tensor(array[:, 2]))

    def lent(row: np.ndarray) -> Donor:
        return Donor(tensor(unpack(arrays["patches"][row])), tensor(arrays["patch_points"][row]), skull(arrays["patch_skull"][row]))

    row, other = arrays["donor"][rows], arrays["second"][rows]
    shared = np.flatnonzero(other >= 0)
    whole = bool((row >= 0).all())
    return Batch(
        picture=crops.to(device),
        source=tensor(arrays["source"][rows] - origin),
        target=tensor(arrays["target"][rows] - origin),
        inter_ocular=tensor(arrays["eye"][rows]),
        skull=skull(arrays["skull"][rows], origin[:, 0]),
        donor=lent(row) if whole else None,
        second=Second(tensor(shared), lent(other[shared])) if whole and len(shared) else None,
    )
