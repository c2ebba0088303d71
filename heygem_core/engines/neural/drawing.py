"""Draws blocks of a plan with a network: crops out of the pictures, new mouths from the network, the changes laid over the frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ...face.reasons import Reason
from ...media.planes import Box, crop_planes
from ..base import Change, PlanArrays, Window
from ..matte import face_matte
from .batches import Batches
from .colour import NetworkColour
from .compose import Changes, find_changes, lay_over
from .crops import inverse_affine
from .mouth_model import MouthModel, MouthNetwork, Mouths, Task
from .prepare import read_crop


class Generator:
    """A model on a device, which makes the mouths of one block after another."""

    def __init__(self, model: MouthModel, network: MouthNetwork, device: torch.device) -> None:
        self._model, self._network, self._device = model, network, device
        self._batches = Batches(model.name, device, model.bytes_per_frame)
        self._seen: dict[int, torch.Tensor] = {}  # crops of the last block, by row: the next one looks at some of them too
        self._plan: PlanArrays | None = None

    def mouths(self, plan: PlanArrays, window: Window) -> Block | None:
        """The new mouths of a block's usable frames; None where there is none."""
        first, last = window.first, window.first + len(window.pictures)
        usable = np.flatnonzero(plan.array("reasons")[first:last] == Reason.USABLE) + first
        if not ((usable >= window.start) & (usable < window.end_exclusive)).any():
            return None
        colour = NetworkColour.of(plan.info)
        shown = self._crops(plan, window, usable)
        crops = colour.rgb(shown).clamp(0, 1)
        references = self._references(plan, usable, crops)

        def some(part: slice) -> Mouths:
            return self._network.generate(plan, Task(start=window.start, rows=usable[part], crops=crops[part], references=references[part]))

        made = self._batches.run(some, len(usable), splits=self._model.splits)
        own = slice(*np.searchsorted(usable, (window.start, window.end_exclusive)).tolist())
        back = None if made[0].reconstruction is None else torch.cat([m.reconstruction for m in made if m.reconstruction is not None])[own]
        return Block(usable[own], shown[own], Mouths(torch.cat([m.picture for m in made])[own], back))

    def _crops(self, plan: PlanArrays, window: Window, rows: NDArray[np.int64]) -> torch.Tensor:
        """(B, 3, S, S) as `read_crop` gives them, on the device."""
        colour, size, matrices = NetworkColour.of(plan.info), self._model.size, plan.array("crop")
        before = self._seen if plan is self._plan else {}
        self._plan, self._seen = plan, {}
        for row in rows.tolist():
            crop = before.get(row)
            if crop is None:
                crop = read_crop(plan.info, colour, window.picture(row), matrices[row], size, size).to(self._device)
            self._seen[row] = crop
        return torch.stack(list(self._seen.values()))

    def _references(self, plan: PlanArrays, rows: NDArray[np.int64], crops: torch.Tensor) -> torch.Tensor:
        if not self._model.uses_references:
            return crops
        found = plan.array("reference_crops")[plan.array("reference")[rows]]
        return torch.from_numpy(found).to(self._device).float() / 255


class Block(NamedTuple):
    """The usable frames of a block with their new mouths, on the device."""

    rows: NDArray[np.int64]  # (B,) frames of the take
    shown: torch.Tensor  # (B, 3, S, S) their crops, Y'CbCr as `NetworkColour.shown` gives it
    mouths: Mouths


def changes_of(plan: PlanArrays, block: Block) -> Changes:
    """What is to be changed of a block's frames, in the pixels of their crops."""
    device = block.shown.device
    lips = lips_in_crop(plan.array("crop")[block.rows], plan.array("lips")[block.rows])
    share = torch.from_numpy(plan.array("share")[block.rows])
    return find_changes(NetworkColour.of(plan.info), block.shown, block.mouths, lips.to(device), share.to(device))


def lips_in_crop(matrices: NDArray[np.float32], lips: NDArray[np.float32]) -> torch.Tensor:
    """Points (B, N, 2) of the stored picture, pixel centres at whole numbers, in the pixels of crops (B, 2, 3)."""
    to_crop = inverse_affine(torch.from_numpy(matrices))
    return torch.from_numpy(lips + np.float32(0.5)) @ to_crop[..., :2].transpose(1, 2) + to_crop[:, None, :, 2]


def draw_block(plan: PlanArrays, window: Window, block: Block) -> Iterator[Change]:
    """The changes of a block's usable frames."""
    changes = changes_of(plan, block)
    for k, row in enumerate(block.rows.tolist()):
        box, matte = matte_at(plan, row)
        original = crop_planes(window.picture(row), box)
        picture = laid_over(plan, row, box, original, Changes(*(each[k : k + 1] for each in changes)), matte)
        yield Change(frame=row, box=box, original=original, picture=picture, matte=matte)


def laid_over(plan: PlanArrays, row: int, box: Box, original: torch.Tensor, changes: Changes, matte: torch.Tensor) -> torch.Tensor:
    """The pixels (3, h, w) of a box of frame `row` with its changes, on the processor."""
    device = changes.before.device
    to_crop = pixels_to_crop(plan.array("crop")[row], box).to(device)
    return lay_over(NetworkColour.of(plan.info), original.to(device), changes, to_crop, matte, row).cpu()


def pixels_to_crop(matrix: NDArray[np.float32], box: Box) -> torch.Tensor:
    """(1, 2, 3) from the pixels of a box to those of a crop."""
    inside = torch.from_numpy(matrix.astype(np.float64))
    inside[:, 2] -= torch.tensor([box.left, box.top])
    return inverse_affine(inside[None])


def matte_at(plan: PlanArrays, row: int) -> tuple[Box, torch.Tensor]:
    """Where a usable frame may change: the box and the matte (h, w) in it."""
    left, top, right, bottom = plan.array("box")[row].tolist()
    box = Box(left, top, right, bottom)
    corner = np.array([left, top], np.float32)
    points = [torch.from_numpy(plan.array(name)[row : row + 1] - corner) for name in ("matte_source", "matte_wanted")]
    return box, face_matte(points[0], points[1], box.width, box.height)[0]
