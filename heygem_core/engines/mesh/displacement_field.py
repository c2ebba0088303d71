"""Computes smooth displacement fields through control points, for batches of frames.

A field maps every pixel of the new picture to the place it is read from. It passes through the control points, is smooth
between them (no creases along mesh edges, unlike a piecewise-affine warp) and falls to zero away from them, so the
background stays.

Radial basis functions with Wendland's compactly supported, positive definite kernel: H. Wendland, "Piecewise polynomial,
positive definite and compactly supported radial functions of minimal degree", Adv. Comput. Math. 4, 1995.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def wendland(points: Tensor, centres: Tensor, radius: Tensor) -> Tensor:
    """Kernel values (B, Q, N) between points (B, Q, 2) and centres (B, N, 2); radius (B,) in the same unit."""
    x, y, centre_x, centre_y = (t.contiguous() for t in (*points.unbind(-1), *centres.unbind(-1)))  # x beside y takes twice as long to read
    across, down = x[:, :, None] - centre_x[:, None], y[:, :, None] - centre_y[:, None]
    r = across.square_().add_(down.square_()).sqrt_().div_(radius[:, None, None]).clamp_(max=1)
    kernel = (1 - r).square_().square_()
    return kernel.mul_(r.mul_(4).add_(1))


def solve(centres: Tensor, values: Tensor, radius: Tensor, slack: Tensor) -> Tensor:
    """Solves for the coefficients (B, N, C) of the field that has `values` (B, N, C) at `centres` (B, N, 2).

    slack (N,) > 0, relative to the kernel's 1.0 at distance 0: how loosely the field may pass a point (a smoothing
    spline's ridge). A little tolerates points that fall together; more keeps noisy points from folding the picture.
    Solved in float64 on the CPU whatever the engine's device: small, and every device then draws the same picture.
    """
    centres, values, radius, slack = (t.double().cpu() for t in (centres, values, radius, slack))
    kernel = wendland(centres, centres, radius)
    kernel.diagonal(dim1=1, dim2=2).add_(slack)
    factor = torch.linalg.cholesky(kernel)
    return torch.cholesky_solve(values, factor).float()


def lattice(width: int, height: int, cells: int, device: torch.device) -> Tensor:
    """Points (rows * columns, 2) that span a width × height picture, corners on the outermost pixel centres."""
    rows, columns = lattice_shape(width, height, cells)
    y = torch.linspace(0, height - 1, rows, device=device)
    x = torch.linspace(0, width - 1, columns, device=device)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).reshape(-1, 2)


def lattice_shape(width: int, height: int, cells: int) -> tuple[int, int]:
    """(rows, columns) with `cells` along the longer side."""
    longer = max(width, height)
    return max(2, round(cells * height / longer) + 1), max(2, round(cells * width / longer) + 1)


def spread(values: Tensor, width: int, height: int, cells: int) -> Tensor:
    """Interpolates lattice values (B, rows * columns, C) at every pixel: (B, C, height, width)."""
    rows, columns = lattice_shape(width, height, cells)
    grid = values.transpose(1, 2).reshape(len(values), -1, rows, columns)
    return functional.interpolate(grid, (height, width), mode="bilinear", align_corners=True)


def sample(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Reads picture (B, C, h, w) at pixel positions x, y (B, H, W), bicubic, edge repeated → (B, C, H, W)."""
    height, width = picture.shape[2:]
    where = torch.stack([x * (2 / (width - 1)) - 1, y * (2 / (height - 1)) - 1], -1)
    return functional.grid_sample(picture, where, mode="bicubic", padding_mode="border", align_corners=True)
