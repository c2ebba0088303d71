"""Draws the blocks of a mesh plan: pictures and the plan's arrays become batches of tensors, which `drawing` changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...face.reasons import Reason
from ...media.planes import Box, crop_planes
from ..base import Change, PlanArrays, Window
from . import BLOCK
from .drawing import Batch, Crossfade, draw, matte_of
from .drawn_interior import Skull
from .prepare import ARRAYS, unpack
from .warp import Donor

Arrays = Mapping[str, NDArray[Any]]


def draw_windows(plan: PlanArrays, windows: Iterator[Window], device: torch.device) -> Iterator[Change]:
    """The changes of the usable frames of some blocks."""
    arrays = {name: plan.array(name) for name in ("reasons", *ARRAYS)}
    for window in windows:
        yield from _draw_block(arrays, window, device)


def matte_at(plan: PlanArrays, frame: int) -> tuple[Box, NDArray[np.float32]]:
    """The crop of a usable frame and the matte (h, w) in it, exactly as they are when the frame is drawn."""
    origin = plan.array("origin")[frame]
    (x, y), (w, h) = origin.tolist(), plan.array("size")[frame // BLOCK].tolist()
    points = [torch.from_numpy(plan.array(name)[frame : frame + 1] - origin.astype(np.float32)) for name in ("source", "target")]
    with torch.inference_mode():
        return Box(x, y, x + w, y + h), matte_of(points[0], points[1], w, h)[0].numpy()


def _draw_block(arrays: Arrays, window: Window, device: torch.device) -> Iterator[Change]:
    rows = np.arange(window.start, window.end_exclusive)
    rows = rows[arrays["reasons"][window.start : window.end_exclusive] == Reason.USABLE]
    if not len(rows):
        return
    corners = zip(arrays["origin"][rows].tolist(), arrays["size"][rows // BLOCK].tolist(), strict=True)
    boxes = [Box(x, y, x + w, y + h) for (x, y), (w, h) in corners]
    crops = torch.stack([crop_planes(window.picture(row), box) for row, box in zip(rows.tolist(), boxes, strict=True)])
    pictures, mattes = (drawn.cpu() for drawn in draw(_batch(arrays, rows, crops, device)))
    for row, box, crop, picture, matte in zip(rows.tolist(), boxes, crops, pictures, mattes, strict=True):
        yield Change(frame=row, box=box, original=crop, picture=picture, matte=matte)


def _batch(arrays: Arrays, rows: NDArray[np.int64], crops: torch.Tensor, device: torch.device) -> Batch:
    origin = arrays["origin"][rows][:, None].astype(np.float32)

    def tensor(array: NDArray[Any]) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)

    def skull(array: NDArray[Any], shift: NDArray[np.float32] | float = 0) -> Skull:
        return Skull(tensor(array[:, 0] - shift), *(tensor(array[:, k]) for k in (1, 2, 3)))

    def lent(row: NDArray[Any]) -> Donor:
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
        traits=tensor(np.array(arrays["teeth"])).expand(len(rows), -1),
        donor=lent(row) if whole else None,
        crossfade=Crossfade(tensor(shared), lent(other[shared])) if whole and len(shared) else None,
    )
