"""Maps the inside of a wanted mouth to the inside of a donor's mouth that is more or less open; teeth keep their size and place.

The upper teeth stay fixed to the skull, whatever the lip above them does; the lower teeth move with the lower lip. The difference
between the two openings is absorbed where stretching is not seen: in the dark, then on the tongue, on teeth only where the donor
shows nothing else. The map is computed on a small table over the mouth, column by column, and interpolated for every pixel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ...face.mesh import INNER_LIP_CORNERS
from ...smoothstep import smoothstep
from .drawn_interior import Skull
from .mouth import MouthFrame, at_x, dimmest_line, lip_lines, mouth_frame, to_mouth
from .vertices import LOWER_INNER, UPPER_INNER, rows

_COLUMNS, _CELLS, _ROWS = 25, 48, 49  # of the table: across; down the donor's opening; down the wanted one
_TOOTH_COMPLIANCE = 0.01  # how readily teeth stretch; the dark between them: 1
_TONGUE_COMPLIANCE = 0.15
_BAND = 0.12  # half width of the band that stretches, parts of the opening: one for the whole mouth, so that teeth part at one height
_STRETCHED = (2.0, 5.0)  # parts shown that many times as high are streaks of what was there: deep in the mouth it is dark
_AJAR = (0.012, 0.04)  # lips so far apart show what is between them: not yet, and wholly; eye distances
_DEEPER = 0.75  # luma of what was hidden behind teeth, over that of the darkest that was seen
_LEAST = 0.15  # a part is never shown lower than this share of its height while others could stretch


class SkullTransform(NamedTuple):
    """Maps points of one picture to another, fixed to the skull: donor = points @ turn + shift."""

    turn: Tensor  # (B, 2, 2)
    shift: Tensor  # (B, 2)

    def __call__(self, points: Tensor) -> Tensor:
        """points (B or 1, N, 2) → (B, N, 2)."""
        return points @ self.turn + self.shift[:, None]


def skull_transform(here: Skull, there: Skull) -> SkullTransform:
    """The map from the picture of one skull to that of another. Solved in float64 on the CPU, for every device to draw the same."""
    bases = [torch.stack([skull.across, skull.down], 1).double().cpu() for skull in (here, there)]
    turn = torch.linalg.solve(bases[0], bases[1]).float().to(here.origin.device)
    return SkullTransform(turn, there.origin - (here.origin[:, None] @ turn)[:, 0])


class Inside(NamedTuple):
    """How a wanted inside maps to a donor's. Tables have rows from the upper to the lower lip, columns from corner to corner."""

    table: Tensor  # (B, 3, _ROWS, _COLUMNS), see `read_table`
    down: Tensor  # (B, 2) the direction of the shifts in the donor
    dark: Tensor  # (B, 3) colour of the deepest of the donor's mouth


def map_inside(picture: Tensor, points: Tensor, inter_ocular: Tensor, target: Tensor, to_donor: SkullTransform) -> Inside:
    """Computes the map.

    picture (B, 3, h, w), points (B, K, 2), inter_ocular (B,): the donors, in their own pixels; target (B, K, 2): wanted, crop pixels.
    """
    frame, its_frame = (mouth_frame(p[:, rows(INNER_LIP_CORNERS)]) for p in (target, points))
    across = torch.linspace(-1, 1, _COLUMNS, device=points.device)
    lips = [_on_line(line, across * frame.half[:, None], frame) for line in lip_lines(target, UPPER_INNER, LOWER_INNER, frame)]
    carried = [to_mouth(to_donor(lip), its_frame) for lip in lips]  # x, y each (B, _COLUMNS), of the upper and the lower lip
    x = [v.clamp(-its_frame.half[:, None], its_frame.half[:, None]) for v, _ in carried]
    top, low = (
        at_x(line, v[:, None], its_frame)[:, 0] for line, v in zip(lip_lines(points, UPPER_INNER, LOWER_INNER, its_frame), x, strict=True)
    )
    height = (low - top).clamp(min=1e-3)
    start, end = (y for _, y in carried)
    wanted = (end - start).clamp(min=1e-3)
    hidden = torch.minimum((start - top).clamp(min=0), 0.5 * height)  # of the donor's inside, behind the wanted upper lip
    seen = _sample_cells(picture, x, top + hidden, low, its_frame)
    depth, stretch = _depths(_compliance(seen), height - hidden, wanted)
    here = start[..., None] + wanted[..., None] * torch.linspace(0, 1, _ROWS, device=points.device)
    shift = top[..., None] + hidden[..., None] + depth - here
    known = smoothstep(torch.minimum(height, wanted) / inter_ocular[:, None], *_AJAR) * smoothstep(across.abs(), 0.9, 0.6)
    table = torch.stack([shift, smoothstep(stretch, *_STRETCHED), known[..., None].expand_as(shift)], 1).transpose(2, 3)
    return Inside(table, torch.stack([-its_frame.axis[:, 1], its_frame.axis[:, 0]], 1), _deepest(seen))


def read_table(table: Tensor, across: Tensor, down: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Interpolates a table at positions −1..1 across and 0..1 down the opening, both (B, h, w); three results, each (B, 1, h, w).

    The shift down the donor from where the skull map alone would read, donor pixels; how stretched the picture is there, 0..1; how sure
    it is that this is the inside and no lip, 0..1: in the corners and where the lips hardly part, the tracker's lines are no guide.
    """
    where = torch.stack([across, down * 2 - 1], -1)
    found = functional.grid_sample(table, where, mode="bilinear", padding_mode="border", align_corners=True)
    return found[:, :1], found[:, 1:2], found[:, 2:]


def _on_line(line: Tensor, x: Tensor, frame: MouthFrame) -> Tensor:
    """Points (B, N, 2) of a lip line at mouth-frame x (B, N), crop pixels."""
    y = at_x(line, x[:, None], frame)[:, 0]
    down = torch.stack([-frame.axis[:, 1], frame.axis[:, 0]], 1)
    return frame.origin[:, None] + x[..., None] * frame.axis[:, None] + y[..., None] * down[:, None]


def _sample_cells(picture: Tensor, x: list[Tensor], top: Tensor, low: Tensor, frame: MouthFrame) -> Tensor:
    """Colours (B, 3, _COLUMNS, _CELLS) between `top` and `low` of a donor's mouth."""
    at = (torch.arange(_CELLS, device=picture.device) + 0.5) / _CELLS
    xs = torch.lerp(x[0][..., None], x[1][..., None], at)
    ys = torch.lerp(top[..., None], low[..., None], at)
    down = torch.stack([-frame.axis[:, 1], frame.axis[:, 0]], 1)
    place = frame.origin[:, None, None] + xs[..., None] * frame.axis[:, None, None] + ys[..., None] * down[:, None, None]
    size = torch.tensor([picture.shape[3] - 1, picture.shape[2] - 1], device=picture.device)
    return functional.grid_sample(picture, place * 2 / size - 1, mode="bilinear", padding_mode="border", align_corners=True)


def _compliance(seen: Tensor) -> Tensor:
    """How readily each cell (B, _COLUMNS, _CELLS) of those that are seen stretches, 0..1."""
    luma, red = seen[:, 0], seen[:, 2]
    dark, light = luma.flatten(1).quantile(0.05, 1), luma.flatten(1).quantile(0.95, 1)
    light = torch.maximum(light, dark + 0.1)[:, None, None]
    dimness = ((light - luma) / (light - dark[:, None, None])).clamp(0, 1)
    redness = ((red - red.flatten(1).quantile(0.1, 1)[:, None, None]) / 0.06).clamp(0, 1)
    compliance = dimness**4 + _TONGUE_COMPLIANCE * redness * dimness + _TOOTH_COMPLIANCE
    at = (torch.arange(_CELLS, device=compliance.device) + 0.5) / _CELLS
    return compliance * torch.exp(-0.5 * ((at - dimmest_line(compliance, 0.45)[..., None]) / _BAND) ** 2) + 0.1 * _TOOTH_COMPLIANCE


def _deepest(seen: Tensor) -> Tensor:
    """A colour (B, 3) a little darker than the darkest that is seen."""
    luma = seen[:, 0].flatten(1)
    deep = (luma <= luma.quantile(0.02, 1, keepdim=True)).float()[:, None]
    mean = (seen.flatten(2) * deep).sum(2) / deep.sum(2)
    return mean * torch.tensor([_DEEPER, 1.0, 1.0], device=seen.device)


def _depths(compliance: Tensor, height: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """How deep in the donor (B, C, _ROWS) even steps down the wanted opening lie, and how many times as high each is shown.

    `height` (B, C) in all, shown as `wanted` (B, C), the difference spread by `compliance` (B, C, _CELLS).
    """
    cell = (height / _CELLS)[..., None]
    shown = cell + (wanted - height)[..., None] * compliance / compliance.sum(-1, keepdim=True)
    shown = torch.maximum(shown, _LEAST * cell)
    edges = functional.pad((shown * (wanted[..., None] / shown.sum(-1, keepdim=True))).cumsum(-1), (1, 0)).contiguous()
    at = (torch.linspace(0, 1, _ROWS, device=compliance.device) * wanted[..., None]).contiguous()
    k = torch.searchsorted(edges, at).clamp(1, _CELLS)
    before, after = edges.gather(-1, k - 1), edges.gather(-1, k)
    return cell * (k - 1 + ((at - before) / (after - before).clamp(min=1e-6)).clamp(0, 1)), (after - before) / cell
