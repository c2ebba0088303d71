"""Compares a take with the frames it was made from: PSNR and SSIM of the mouth, visible edges of the matte, samples changed outside.

Compared in the stored picture, as Y'CbCr at luma resolution, so nothing is scaled before it is judged. The matte is made
again from the plan, exactly as the engine made it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..engines.registry import ENGINES
from ..face.reasons import Reason
from ..media.colour import BT709, assumed_matrix, rgb_from_ycbcr
from ..media.pixels import component_views
from ..media.planes import Box, align_box, crop_planes
from ..media.reader import read_scattered
from ..shot import Progress
from .figures import Likeness

if TYPE_CHECKING:
    from av import VideoFrame

    from ..media.info import MediaInfo
    from ..planning.plan import Plan

_BATCH_FRAMES = 16  # frames of either file held at a time
_MOUTH_MARGIN = 0.2  # eye distances that the mouth's box reaches beyond the lips
_EDGE_OFFSET = 1 / 12  # eye distances between an edge and where it is compared: 10 pixels on a face of 120
_LOSSLESS = ("ffv1",)

Floats = NDArray[np.floating[Any]]


@dataclass(slots=True)
class _Totals:
    frames: int = 0
    outside: int = 0
    psnr: list[float] = field(default_factory=list)
    ssim: list[float] = field(default_factory=list)
    edges: list[tuple[float, float, float, float]] = field(default_factory=list)  # take at the edge, away; source the same
    ring: list[float] = field(default_factory=list)


def likeness(
    take: MediaInfo, plan: Plan, start: int, end_exclusive: int, *, same_speech: bool, most: int = 96
) -> Iterator[Progress | Likeness]:
    """Compares up to `most` frames of a take that shows [start, end_exclusive) of a plan; yields progress, at last the Likeness.

    same_words: the take says what its source says, so that the mouths themselves can be compared. Raises: InputError.
    """
    picks = np.unique(np.linspace(0, end_exclusive - start - 1, min(most, end_exclusive - start)).astype(int))
    lossless = take.codec in _LOSSLESS and take.pix_fmt == plan.info.pix_fmt
    totals = _Totals()
    for first in range(0, len(picks), _BATCH_FRAMES):
        for k, now, before in _pairs(take, plan, picks[first : first + _BATCH_FRAMES] + start, start):
            _compare(totals, plan, k, now, before, same_speech=same_speech, lossless=lossless)
            yield Progress(stage="measure", done=totals.frames, total=len(picks))
    yield Likeness(
        frames=totals.frames,
        psnr=_mean(totals.psnr),
        ssim=_mean(totals.ssim),
        seam=_seam(totals.edges),
        ring_delta_e=_mean(totals.ring),
        touched_outside=totals.outside if lossless else None,
    )


def _pairs(take: MediaInfo, plan: Plan, numbers: NDArray[np.int64], start: int) -> Iterator[tuple[int, VideoFrame, VideoFrame]]:
    """(frame number in the plan, the take's picture, the source's) in any order of play."""
    wanted = plan.array("frames")[numbers]
    sources = {frame.index: frame.picture for frame in read_scattered(plan.info, np.unique(wanted).tolist())}
    for k, source, frame in zip(numbers.tolist(), wanted.tolist(), read_scattered(take, (numbers - start).tolist()), strict=True):
        yield k, frame.picture, sources[source]


def _compare(totals: _Totals, plan: Plan, k: int, now: VideoFrame, before: VideoFrame, *, same_speech: bool, lossless: bool) -> None:
    totals.frames += 1
    found = matte_at(plan, k)
    if lossless:
        totals.outside += differing_outside(now, before, *(found or (None, None)))
    if found is None:
        return
    box, matte = found
    eye = float(plan.array("eye_distance")[k])
    wide, matte = _padded(before, box, matte, round(2 * _EDGE_OFFSET * eye) + 2)
    after, source = (crop_planes(frame, wide).numpy() for frame in (now, before))
    away = max(3, round(_EDGE_OFFSET * eye))
    pairs = [(*edge_gradients(after[0], matte, level, away), *edge_gradients(source[0], matte, level, away)) for level in (0.02, 0.5)]
    totals.edges += [pair for pair in pairs if np.isfinite(pair).all()]
    ring = (matte > 0) & (matte < 0.5)
    if ring.any():
        matrix = BT709 if plan.info.pixels.family == "rgb" else assumed_matrix(plan.info.colour, *plan.info.coded_size)
        totals.ring.append(delta_e(after[:, ring].mean(1), source[:, ring].mean(1), rgb_from_ycbcr(matrix)))
    if same_speech:
        mouth = _mouth_box(plan, k, before, eye)
        after, source = (crop_planes(frame, mouth).numpy()[0].clip(0, 1) for frame in (now, before))
        totals.psnr.append(psnr(after, source))
        totals.ssim.append(ssim(after, source))


def matte_at(plan: Plan, k: int) -> tuple[Box, Floats] | None:
    """Where frame k of a plan may differ from its source: the box and the matte (h, w) in it; None where it passes through."""
    if plan.array("reasons")[k] != Reason.USABLE:
        return None
    return ENGINES.get(plan.facts.settings.engine).matte(plan, k)


def differing_outside(now: VideoFrame, before: VideoFrame, box: Box | None, matte: Floats | None) -> int:
    """How many stored samples differ where the matte is 0 (box None: anywhere). A chroma sample is inside where any luma it covers is."""
    views = list(zip(component_views(now), component_views(before), strict=True))
    height, width = views[0][0].shape
    inside = np.zeros((height, width), bool)
    if box is not None and matte is not None:
        inside[box.top : box.bottom, box.left : box.right] = matte > 0
    count = 0
    for a, b in views:
        down, across = -(-height // a.shape[0]), -(-width // a.shape[1])
        padded = np.pad(inside, ((0, a.shape[0] * down - height), (0, a.shape[1] * across - width)))
        covered = padded.reshape(a.shape[0], down, a.shape[1], across).any((1, 3))
        count += int(((a != b) & ~covered).sum())
    return count


def edge_gradients(luma: Floats, matte: Floats, level: float, away: int) -> tuple[float, float]:
    """Mean gradient across the line where the matte crosses a level, and `away` pixels to either side; NaN where there is no such line.

    luma, matte: (h, w). "Across" is the direction in which the distance from the line grows.
    """
    inside = (matte > level).astype(np.uint8)
    if not inside.any() or inside.all():
        return float("nan"), float("nan")
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    gy, gx = np.gradient(np.asarray(luma, np.float32))
    ny, nx = np.gradient(distance)
    across = np.abs(gx * nx + gy * ny) / np.maximum(np.hypot(nx, ny), 1e-6)
    across[[0, -1]] = across[:, [0, -1]] = np.nan
    at, off = np.abs(distance) <= 1.5, np.abs(np.abs(distance) - away) <= 1.5
    return float(np.nanmean(across[at])), float(np.nanmean(across[off])) if off.any() else float("nan")


def delta_e(a: Floats, b: Floats, rgb: Floats) -> float:
    """CIE 1976 colour difference of two Y'CbCr colours (3,); `rgb` (3, 3) turns them into R'G'B', read as sRGB."""
    colours = np.clip(np.stack([a, b]) @ np.asarray(rgb).T, 0, 1).astype(np.float32)
    lab = cv2.cvtColor(colours[None], cv2.COLOR_RGB2LAB)[0]
    return float(np.linalg.norm(lab[0] - lab[1]))


def psnr(a: Floats, b: Floats) -> float:
    """Peak signal-to-noise ratio in dB of two pictures of range 0 … 1; 100 where they are equal."""
    error = float(((np.asarray(a, np.float64) - b) ** 2).mean())
    return min(100.0, float(-10 * np.log10(max(error, 1e-12))))


def ssim(a: Floats, b: Floats) -> float:
    """Structural similarity of two pictures (h, w) of range 0 … 1: mean over an 11 × 11 Gaussian window of σ 1.5.

    Wang, Bovik, Sheikh, Simoncelli 2004, "Image quality assessment: from error visibility to structural similarity".
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)

    def around(picture: Floats) -> Floats:
        return np.asarray(cv2.GaussianBlur(picture, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT), np.float64)

    mean_a, mean_b = around(a), around(b)
    var_a, var_b = around(a * a) - mean_a**2, around(b * b) - mean_b**2
    both = around(a * b) - mean_a * mean_b
    c1, c2 = 0.01**2, 0.03**2
    return float((((2 * mean_a * mean_b + c1) * (2 * both + c2)) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))).mean())


def _mouth_box(plan: Plan, k: int, frame: Any, eye: float) -> Box:
    low, high = plan.array("mouth_box")[k].reshape(2, 2) + np.array([[-1], [1]]) * _MOUTH_MARGIN * eye
    return align_box(frame, low[0], low[1], high[0], high[1])


def _padded(frame: VideoFrame, box: Box, matte: Floats, margin: int) -> tuple[Box, Floats]:
    """A wider box with the matte in it, 0 where it was not known."""
    wide = align_box(frame, box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
    result = np.zeros((wide.height, wide.width), np.float32)
    top, left = box.top - wide.top, box.left - wide.left
    result[top : top + box.height, left : left + box.width] = matte
    return wide, result


def _seam(edges: list[tuple[float, float, float, float]]) -> float | None:
    if not edges:
        return None
    take_at, take_away, source_at, source_away = np.mean(edges, axis=0)
    return float((take_at / max(take_away, 1e-6)) / max(source_at / max(source_away, 1e-6), 1e-6))


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
