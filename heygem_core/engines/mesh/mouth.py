"""Describes a mouth by two smooth curves: where its inside is, which pixels belong to the upper and which to the lower lip.

All functions work on batches in torch and take pixel positions of one crop. The *mouth frame* has its origin midway
between the lip corners, x along the line between them and y down, both in pixels, so it turns and scales with the head.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from ...face.mesh import INNER_LIP_CORNERS, LIP_CORNERS
from .vertices import LOWER_INNER, LOWER_OUTER, UPPER_INNER, UPPER_OUTER, rows

_SAMPLES = 192  # along ±1.5 half mouth widths
_REACH = 1.5
_MOST_STEP = 3  # cells that the line of `dimmest_line` can rise or fall from column to column
_EDGE = 0.06  # width of the soft edge between lips and inside, half mouth widths: lips are round, not cut out


class MouthFrame(NamedTuple):
    """Where the mouth sits in the crop."""

    origin: Tensor  # (B, 2) pixels
    axis: Tensor  # (B, 2) unit vector from the left to the right corner
    half: Tensor  # (B,) half the distance between the corners, pixels


def mouth_frame(corners: Tensor) -> MouthFrame:
    """The mouth frame of left and right lip corners (B, 2, 2)."""
    across = corners[:, 1] - corners[:, 0]
    length = across.norm(dim=-1).clamp(min=1e-3)
    return MouthFrame(corners.mean(1), across / length[:, None], length / 2)


def to_mouth(points: Tensor, frame: MouthFrame) -> tuple[Tensor, Tensor]:
    """Converts pixel positions (B, …, 2) to x, y in the mouth frame, pixels, each (B, …)."""
    extra = (1,) * (points.dim() - 2)
    dx, dy = (points - frame.origin.view(-1, *extra, 2)).unbind(-1)
    ax, ay = (a.view(-1, *extra) for a in frame.axis.unbind(-1))
    return dx * ax + dy * ay, dy * ax - dx * ay


def pixel_grid(frame: MouthFrame, width: int, height: int) -> tuple[Tensor, Tensor]:
    """x, y in the mouth frame of every pixel centre of a crop, each (B, height, width)."""
    device = frame.origin.device
    ys, xs = torch.arange(height, device=device, dtype=torch.float32), torch.arange(width, device=device, dtype=torch.float32)
    ox, oy = frame.origin[:, 0, None, None], frame.origin[:, 1, None, None]
    ax, ay = frame.axis[:, 0, None, None], frame.axis[:, 1, None, None]
    dx, dy = xs[None, None] - ox, ys[None, :, None] - oy
    return dx * ax + dy * ay, dy * ax - dx * ay


def _line(points: Tensor, frame: MouthFrame) -> Tensor:
    """A smooth lip line through points (B, N, 2), left to right: y at `_SAMPLES` places along x, (B, _SAMPLES), mouth-frame pixels."""
    x, y = to_mouth(points, frame)
    x = (x / frame.half[:, None]).cummax(dim=1).values + torch.arange(x.shape[1], device=x.device) * 1e-4
    at = torch.linspace(-_REACH, _REACH, _SAMPLES, device=x.device).expand(len(x), -1).contiguous()
    k = torch.searchsorted(x.contiguous(), at).clamp(1, x.shape[1] - 1)
    x0, x1, y0, y1 = x.gather(1, k - 1), x.gather(1, k), y.gather(1, k - 1), y.gather(1, k)
    line = y0 + ((at - x0) / (x1 - x0)).clamp(0, 1) * (y1 - y0)
    return _smooth(line)


def _smooth(line: Tensor, sigma: float = 4.0) -> Tensor:
    """Rounds the corners of a polyline; half a landmark's spacing."""
    reach = int(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1, device=line.device) / sigma) ** 2)
    padded = functional.pad(line[:, None], (reach, reach), mode="replicate")
    return functional.conv1d(padded, (kernel / kernel.sum())[None, None])[:, 0]


def at_x(line: Tensor, x: Tensor, frame: MouthFrame) -> Tensor:
    """Reads a line (B, _SAMPLES) at mouth-frame x (B, h, w), pixels."""
    at = ((x / frame.half[:, None, None] / _REACH + 1) * (_SAMPLES - 1) / 2).clamp_(0, _SAMPLES - 1.001)
    k = at.long()
    flat = k.flatten(1)
    low, high = line.gather(1, flat).view_as(at), line.gather(1, flat + 1).view_as(at)
    return torch.lerp(low, high, at - k)


Box = tuple[int, int, int, int]  # x0, y0, x1, y1 in crop pixels, ends exclusive


def pixel_places(box: Box, device: torch.device) -> Tensor:
    """The places of a box's pixels (1, h * w, 2), row by row."""
    x0, y0, x1, y1 = box
    xs, ys = torch.arange(x0, x1, device=device, dtype=torch.float32), torch.arange(y0, y1, device=device, dtype=torch.float32)
    return torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1).reshape(1, -1, 2)


class Mouth(NamedTuple):
    """The wanted mouth, for every pixel of a part of a crop: each (B, height, width)."""

    across: Tensor  # −1..1 from the left to the right inner corner, more outside
    below: Tensor  # 0 = moves with the upper lip, 1 = with the lower
    inside: Tensor  # 0..1 coverage of the opening between the lips
    outside_lips: Tensor  # pixels away from the outer lip line, 0 on the lips and between them
    under_upper: Tensor  # pixels below the upper inner lip line
    over_lower: Tensor  # pixels above the lower inner lip line

    def within(self, box: Box) -> Mouth:
        """The mouth in some pixels of its part."""
        x0, y0, x1, y1 = box
        return Mouth(*(t[:, y0:y1, x0:x1] for t in self))


def map_mouth(points: Tensor, width: int, height: int, box: Box | None = None) -> Mouth:
    """Maps lips and opening over a crop of this size, for wanted points (B, K, 2) in crop pixels; `box`: all but `below` only there."""
    frame = mouth_frame(points[:, rows(INNER_LIP_CORNERS)])
    x, y = pixel_grid(frame, width, height)
    top, low = (at_x(line, x, frame) for line in lip_lines(points, UPPER_INNER, LOWER_INNER, frame))
    beyond = (x.abs() - frame.half[:, None, None]).clamp(min=0)
    gap = (low - top).clamp(min=0)
    # Between the corners the lips part along a sharp line; beyond them the two fields run into one another.
    below = ((y - (top + low) / 2) / torch.maximum(gap, 1 + beyond) + 0.5).clamp(0, 1)
    if box is not None:
        x0, y0, x1, y1 = box
        x, y, top, low, beyond, gap = (t[:, y0:y1, x0:x1] for t in (x, y, top, low, beyond, gap))
    outer_top, outer_low = (at_x(line, x, frame) for line in lip_lines(points, UPPER_OUTER, LOWER_OUTER, frame))
    opened = (gap - 0.5).clamp(0, 1) * (beyond <= 0)
    edge = (_EDGE * frame.half).clamp(min=1)[:, None, None]
    inside = (torch.minimum(y - top, low - y) / edge + 0.5).clamp(0, 1) * opened
    left, right = points[:, rows(LIP_CORNERS)].unbind(1)
    past = (x.abs() - (right - left).norm(dim=-1)[:, None, None] / 2).clamp(min=0)
    off = torch.maximum(outer_top - y, y - outer_low).clamp(min=0)
    return Mouth(x / frame.half[:, None, None], below, inside, torch.hypot(past, off), y - top, low - y)


def lip_lines(points: Tensor, upper: tuple[int, ...], lower: tuple[int, ...], frame: MouthFrame) -> tuple[Tensor, Tensor]:
    """Smooth lines through two rows of lip vertices, to be read with `at_x`."""
    return _line(points[:, rows(upper)], frame), _line(points[:, rows(lower)], frame)


def dimmest_line(dimness: Tensor, expected: float) -> Tensor:
    """Finds the line from corner to corner (B, C), 0..1 down a table (B, C, N) from left to right, along which the values are highest.

    One continuous line for the whole mouth, preferably near `expected`. Found like the seams of S. Avidan and A. Shamir, "Seam carving
    for content-aware image resizing", SIGGRAPH 2007.
    """
    columns, cells = dimness.shape[1:]
    at = (torch.arange(cells, device=dimness.device) + 0.5) / cells
    cost = -dimness.clamp(max=1) + (at - expected) ** 2
    step = (torch.arange(2 * _MOST_STEP + 1, device=dimness.device) - _MOST_STEP).float().square() * 0.02
    total, back = cost[:, 0], []
    for column in range(1, columns):
        near = functional.pad(total, (_MOST_STEP, _MOST_STEP), value=1e3).unfold(1, 2 * _MOST_STEP + 1, 1) + step
        best, which = near.min(-1)
        back.append(which - _MOST_STEP)
        total = best + cost[:, column]
    k = total.argmin(1, keepdim=True)
    path = [k]
    for which in reversed(back):
        k = k + which.gather(1, k)
        path.append(k)
    return _smooth((torch.cat(path[::-1], 1).float() + 0.5) / cells, 1.5)
