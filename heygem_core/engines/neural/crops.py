"""Where a network looks in every frame: matrices from the pixels of its small picture to those of the stored one, steady over time.

Whole numbers are the edges of pixels in both. Matrices are smoothed by a symmetric kernel measured in seconds, so a crop neither lags
behind a head nor trembles with its tracker, at any frame rate; nothing is smoothed across a cut or a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from torch import Tensor
from torch.nn import functional

from ...face.mesh import apply_pose, chunks

if TYPE_CHECKING:
    from ...media.info import MediaInfo
    from ...planning.person import Person
    from .mouth_model import MouthModel

SMOOTHING_S = 0.06  # standard deviation; a mean over five frames at 25 fps is as wide
_MOST_SAMPLES = 8  # along one side of a pixel

Floats = NDArray[np.floating[Any]]
Matrices = NDArray[np.float64]  # (…, 2, 3)


def crop_matrices(model: MouthModel, person: Person, info: MediaInfo) -> NDArray[np.float32]:
    """(F, 2, 3) from crop pixels to stored pixels, a row per frame of the person; NaN where the face is not usable."""
    shown = np.empty((len(person.shapes), 2, 3))
    for part in chunks(len(shown)):
        shown[part] = model.crops(apply_pose(person.shapes[part], person.pose.at(part)))
    steady = smooth_matrices(shown, float(info.mean_rate), person.scenes)
    return np.asarray(compose_affine(info.display_to_coded, steady), np.float32)


def box_matrices(boxes: Floats, size: int) -> Matrices:
    """The matrices of upright boxes (n, 4) left, top, right, bottom for crops of `size` × `size` pixels: (n, 2, 3)."""
    matrices = np.zeros((len(boxes), 2, 3))
    for axis in (0, 1):
        matrices[:, axis, axis] = (boxes[:, axis + 2] - boxes[:, axis]) / size
        matrices[:, axis, 2] = boxes[:, axis]
    return np.where(np.isfinite(boxes).all(1)[:, None, None], matrices, np.nan)


def smooth_matrices(matrices: Matrices, rate: float, scenes: NDArray[np.integer[Any]]) -> Matrices:
    """Matrices (F, 2, 3), NaN where there is none, smoothed within each run of frames of one scene."""
    smoothed = matrices.copy()
    label = np.where(np.isfinite(matrices).all((1, 2)), scenes, -1)
    edges = (np.flatnonzero(np.diff(label)) + 1).tolist()
    for first, end in zip([0, *edges], [*edges, len(label)], strict=True):
        if end - first > 1 and label[first] >= 0:
            smoothed[first:end] = gaussian_filter1d(matrices[first:end], SMOOTHING_S * rate, axis=0, mode="nearest")
    return smoothed


def compose_affine(outer: Floats, inner: Floats) -> Matrices:
    """`inner` (…, 2, 3), then `outer` (…, 2, 3)."""
    turn = outer[..., :2] @ inner[..., :2]
    shift = outer[..., :2] @ inner[..., 2:] + outer[..., 2:]
    return np.concatenate([turn, shift], -1)


def inverse_affine(matrices: Tensor) -> Tensor:
    """(…, 2, 3) the other way round; solved in float64 on the processor, so that every device draws the same."""
    exact = matrices.double().cpu()
    turn = torch.linalg.inv(exact[..., :2])
    return torch.cat([turn, -turn @ exact[..., 2:]], -1).float().to(matrices.device)


def corners(matrix: Floats, width: int, height: int) -> NDArray[np.float64]:
    """The four corners (4, 2) of a crop in the stored picture."""
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    return np.asarray(square @ matrix[:, :2].T + matrix[:, 2])


def resample(picture: Tensor, matrix: Tensor, width: int, height: int, mode: str = "bilinear") -> Tensor:
    """Reads `picture` (B, C, h, w) at the pixels of a picture of width × height: (B, C, height, width).

    matrix (B, 2, 3): from the new pixels to those of `picture`. Where one new pixel covers several, their mean is taken; beyond the edge
    the outermost pixels go on.
    """
    covered = float(torch.linalg.det(matrix[..., :2].double().cpu()).abs().max()) ** 0.5
    samples = min(max(1, round(covered)), _MOST_SAMPLES)
    xs, ys = ((torch.arange(n * samples, device=picture.device, dtype=torch.float32) + 0.5) / samples for n in (width, height))
    size = torch.tensor([picture.shape[3], picture.shape[2]], device=picture.device, dtype=torch.float32)
    scaled = matrix * (2 / size)[:, None]
    across = scaled[:, None, None, :, 0] * xs[None, None, :, None]
    down = scaled[:, None, None, :, 1] * ys[None, :, None, None]
    grid = across + down + (scaled[:, None, None, :, 2] - 1)
    found = functional.grid_sample(picture, grid, mode=mode, padding_mode="border", align_corners=False)
    return found if samples == 1 else functional.avg_pool2d(found, samples)
