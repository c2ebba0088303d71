"""LSE-C and LSE-D: how a network trained on television judges the match of lips and sound. Its weights are the user's to fetch.

Chung & Zisserman 2016, "Out of time: automated lip sync in the wild"; as a score for generated mouths: Prajwal et al. 2020
("Wav2Lip"). Real footage of talking heads scores about LSE-C 8.2, LSE-D 6.9 (HDTF); a take that scores above real video was
made to please the network.

Unproven here: the public weights (`syncnet_v2.model`) were never at hand. The names and shapes of their tensors are loaded strictly and the
metric is tested on made-up embeddings, but the scores of real video were not reproduced. The makers cropped with another face
detector, whose box is approximated by the outline of the face mesh, so scores may differ a little from published ones.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from torch import Tensor, nn

from ..errors import MissingWeights
from ..face.mesh import FACE_OVAL
from ..media.upright import upright_frames
from ..weights.loading import load_strictly
from .figures import SyncScore
from .mfcc import mfcc

if TYPE_CHECKING:
    from ..media.info import MediaInfo

RATE = 25  # frames per second that the network knows
SPAN = 5  # frames it sees at once
SHIFT = 15  # furthest shift looked at, frames
SIZE = 224  # pixels of a face crop, either way
_MFCC_PER_FRAME = 4  # MFCC columns a frame
_BATCH = 16
_CROP_MARGIN = 0.4  # how far beyond the face's box the crop reaches, half box sizes
_GREY = (110, 110, 110)  # where the crop leaves the picture

# (channels, kernel, stride, padding, pooling as (kernel, stride, padding) or None) of each convolution in turn
_SOUND = (
    (64, (3, 3), 1, 1, (1, 1, 0)),
    (192, (3, 3), 1, 1, (3, (1, 2), 0)),
    (384, (3, 3), 1, 1, None),
    (256, (3, 3), 1, 1, None),
    (256, (3, 3), 1, 1, (3, 2, 0)),
    (512, (5, 4), 1, 0, None),
)
_LIPS = (
    (96, (5, 7, 7), (1, 2, 2), 0, ((1, 3, 3), (1, 2, 2), 0)),
    (256, (1, 5, 5), (1, 2, 2), (0, 1, 1), ((1, 3, 3), (1, 2, 2), (0, 1, 1))),
    (256, (1, 3, 3), 1, (0, 1, 1), None),
    (256, (1, 3, 3), 1, (0, 1, 1), None),
    (256, (1, 3, 3), 1, (0, 1, 1), ((1, 3, 3), (1, 2, 2), 0)),
    (512, (1, 6, 6), 1, 0, None),
)


class SyncNet(nn.Module):
    """Two towers into one space; attribute names are those of the public file."""

    def __init__(self) -> None:
        super().__init__()
        self.netcnnaud = nn.Sequential(*_tower(1, _SOUND, nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d))
        self.netcnnlip = nn.Sequential(*_tower(3, _LIPS, nn.Conv3d, nn.BatchNorm3d, nn.MaxPool3d))
        self.netfcaud, self.netfclip = (
            nn.Sequential(nn.Linear(512, 512), nn.BatchNorm1d(512), nn.ReLU(), nn.Linear(512, 1024)) for _ in range(2)
        )

    def sound(self, mfccs: Tensor) -> Tensor:
        """(B, 1, 13, 20) → (B, 1024)."""
        embedding: Tensor = self.netfcaud(self.netcnnaud(mfccs).flatten(1))
        return embedding

    def lips(self, faces: Tensor) -> Tensor:
        """(B, 3, 5, 224, 224) blue, green, red, 0 … 255 → (B, 1024)."""
        embedding: Tensor = self.netfclip(self.netcnnlip(faces).flatten(1))
        return embedding


def _tower(
    channels: int, table: tuple[Any, ...], convolution: type[nn.Module], norm: type[nn.Module], pool: type[nn.Module]
) -> Iterator[nn.Module]:
    for out, kernel, stride, padding, pooling in table:
        yield from (convolution(channels, out, kernel, stride, padding), norm(out), nn.ReLU())
        if pooling is not None:
            yield pool(*pooling)
        channels = out


def load_syncnet(path: str | Path) -> SyncNet:
    """The network with a user's weights, every tensor accounted for. Raises: MissingWeights."""
    path = Path(path)
    if not path.is_file():
        raise MissingWeights("syncnet.no-weights", path=path)
    net = SyncNet()
    if path.suffix == ".safetensors":  # as `heygem models` leaves it
        return load_strictly(net, path)
    try:
        net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True), strict=True)
    except (RuntimeError, pickle.UnpicklingError, TypeError, AttributeError, KeyError, EOFError, ValueError) as error:
        why = " ".join(str(error).split())[:120]
        raise MissingWeights("syncnet.unreadable", file=path.name, why=why) from error
    return net.eval()


def score_video(net: SyncNet, info: MediaInfo, points: NDArray[np.floating[Any]], samples: NDArray[np.floating[Any]]) -> SyncScore | None:
    """Scores a video whose face is at `points` (T, 478, 3) display space, NaN where unseen, with its sound (N,) mono at 16 kHz.

    None where picture or sound are shorter than six frames of 25 a second, or no face is seen. Raises: InputError.
    """
    known = np.isfinite(points).all((1, 2))
    if not known.any():
        return None
    count = min(int(info.duration * RATE), len(samples) * RATE // 16_000) - SPAN
    if count < 1:
        return None
    coefficients = torch.from_numpy(mfcc(samples))
    starts = [coefficients[:, k * _MFCC_PER_FRAME : (k + SPAN) * _MFCC_PER_FRAME] for k in range(count)]
    with torch.inference_mode():
        heard = torch.cat([net.sound(torch.stack(starts[k : k + _BATCH])[:, None]) for k in range(0, count, _BATCH)])
        windows = islice(_windows(_crops(info, points, known)), count)
        seen = torch.cat([net.lips(torch.stack(batch)) for batch in _batches(windows)])
    return score(seen, heard[: len(seen)])


def score(lips: Tensor, sound: Tensor) -> SyncScore:
    """The metric itself, for embeddings (n, 1024) of windows that begin with the same frame.

    For each shift the mean distance over all windows; beyond either end the sound's embedding counts as 0.
    """
    n = len(lips)
    padded = nn.functional.pad(sound, (0, 0, SHIFT, SHIFT))
    means = torch.stack([nn.functional.pairwise_distance(lips, padded[k : k + n]).mean() for k in range(2 * SHIFT + 1)])
    best = int(means.argmin())
    return SyncScore(lse_c=float(means.median() - means[best]), lse_d=float(means[best]), offset_ms=(SHIFT - best) * 1000 / RATE, windows=n)


def _crops(info: MediaInfo, points: NDArray[np.floating[Any]], known: NDArray[np.bool_]) -> Iterator[Tensor]:
    """Face crops (3, 224, 224) blue, green, red, 0 … 255, at 25 frames a second."""
    boxes = face_boxes(points, known)
    frame = 0
    wanted = [info.frame_at(Fraction(k, RATE)) for k in range(int(info.duration * RATE))]
    for number, rgb in upright_frames(info):
        repeats = 0
        while frame < len(wanted) and wanted[frame] == number:
            frame, repeats = frame + 1, repeats + 1
        if repeats:
            crop = torch.from_numpy(_crop(rgb, *boxes[number])).permute(2, 0, 1).float()
            yield from (crop for _ in range(repeats))


def face_boxes(points: NDArray[np.floating[Any]], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T, 3) middle x, middle y and half the longer side of the face's box, calmed over 13 frames; gaps hold the next one."""
    oval = points[:, list(FACE_OVAL), :2]
    low, high = oval.min(1), oval.max(1)
    boxes = np.concatenate([(low + high) / 2, (high - low).max(1, keepdims=True) / 2], 1).astype(np.float64)
    at = np.flatnonzero(known)
    following = at[np.searchsorted(at, np.arange(len(points))).clip(max=len(at) - 1)]
    return np.asarray(median_filter(boxes[following], (13, 1), mode="nearest"))


def _crop(rgb: NDArray[np.uint8], x: float, y: float, half: float) -> NDArray[np.uint8]:
    """(224, 224, 3) blue, green, red: 1.4 halves to the sides, 1 up, 1.8 down."""
    scale = SIZE / (2 * half * (1 + _CROP_MARGIN))
    affine = np.array([[scale, 0, SIZE / 2 - scale * x], [0, scale, -scale * (y - half)]], np.float32)
    turned = np.ascontiguousarray(rgb[..., ::-1])
    return np.asarray(cv2.warpAffine(turned, affine, (SIZE, SIZE), borderMode=cv2.BORDER_CONSTANT, borderValue=_GREY), np.uint8)


def _windows(crops: Iterable[Tensor]) -> Iterator[Tensor]:
    """Five crops in a row as (3, 5, 224, 224), moving on by one."""
    last: deque[Tensor] = deque(maxlen=SPAN)
    for crop in crops:
        last.append(crop)
        if len(last) == SPAN:
            yield torch.stack(tuple(last), 1)


def _batches(items: Iterator[Tensor]) -> Iterator[list[Tensor]]:
    while batch := list(islice(items, _BATCH)):
        yield batch
