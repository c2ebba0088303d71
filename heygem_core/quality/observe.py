"""Measures a finished video frame by frame: where the lips are, and how the mouth's pixels look and move.

Pixels are judged in a *steady view*: the mouth seen as if the head did not move, 160 × 120 pixels of luma, the eyes'
distance always 120 pixels. So figures compare across clips and sizes.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..face.mesh import INNER_LIPS, LIP_MIDDLES, Pose, apply_pose, find_poses, lip_gap, lip_opening, lip_width, pose_free
from ..face.smoothing import smooth
from ..face.tracker_registry import open_tracker
from ..face.tracks import build_tracks, choose_face, detect_faces
from ..media.info import MediaInfo
from ..media.prefetch import prefetch
from ..media.upright import upright_frames, upright_views
from ..shot import Progress

VIEW = (160, 120)  # width, height of the steady view
_EYES_PX = 120.0  # inter-ocular distance in it
_TEETH_ROWS = 0.06  # below the upper lip, eye distances: where upper teeth show
_OPEN = 0.06  # lip opening, eye distances, from which teeth can be followed

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was measured on T frames of one face. Every figure is NaN where the face is not usable or a neighbour that is needed is not."""

    opening: Floats  # (T,) inner-lip gap / inter-ocular distance
    width: Floats  # (T,) outer lip corners / inter-ocular distance
    shapes: Floats  # (T, 478, 3) face space
    points: Floats  # (T, 478, 3) display space
    sharpness: Floats  # (T,) variance of the Laplacian of the mouth in the steady view
    flicker: Floats  # (T,) mean absolute second difference in time of the mouth in the steady view, codes of 255
    rim: Floats  # (T,) mean gradient along the inner lip line, codes per pixel
    teeth: Floats  # (T,) how far the rows where upper teeth show moved since the last frame, eye distances
    usable: NDArray[np.bool_]

    @property
    def gap(self) -> Floats:
        """(T,) signed distance of the inner lips down the face, eye distances: closed lips are found by it."""
        return _where(self.usable, lip_gap(self.shapes))


def observe(
    info: MediaInfo, start: int = 0, end_exclusive: int | None = None, *, face: int | None = None, tracker: str = "mediapipe"
) -> Generator[Progress, None, Observation]:
    """Tracks and measures frames of a video; reads it twice. Raises: NoUsableFace, InputError."""
    end = info.frame_count if end_exclusive is None else end_exclusive
    seen = []
    with closing(open_tracker(tracker)) as face_tracker, prefetch(upright_views(info, start, end), 4) as pictures:
        for faces in detect_faces(pictures, face_tracker):
            seen.append(faces)
            yield Progress(stage="measure", done=len(seen), total=2 * (end - start))
    tracks = build_tracks(seen, "")
    track = choose_face(tracks, face)
    normalised = pose_free(track.points, track.usable)
    steady = find_poses(smooth(track.points, info.rate or 25, tracks.scenes), track.usable)[0]
    usable = track.usable
    pixels = _PixelMetrics(end - start)
    anchor = normalised.mean[list(LIP_MIDDLES)].mean(0)
    with prefetch(upright_frames(info, start, end), 4) as pictures:
        for k, (_, rgb) in enumerate(pictures):
            pixels.add(k, _steady_view(rgb, k, steady, anchor) if usable[k] else None, normalised.shapes[k], anchor)
            yield Progress(stage="measure", done=end - start + k + 1, total=2 * (end - start))
    return Observation(
        opening=_where(usable, lip_opening(normalised.shapes)),
        width=_where(usable, lip_width(normalised.shapes)),
        shapes=normalised.shapes,
        points=track.points,
        usable=usable,
        sharpness=pixels.sharpness,
        flicker=pixels.flicker,
        rim=pixels.rim,
        teeth=pixels.teeth,
    )


def _where(usable: NDArray[np.bool_], values: NDArray[Any]) -> Floats:
    return np.where(usable, values, np.nan).astype(np.float32)


def _steady_view(rgb: NDArray[np.uint8], k: int, pose: Pose, anchor: Floats) -> Floats:
    """The mouth of frame k as if the head kept still: (120, 160) luma, 0 … 255."""
    ruler = np.stack([anchor, anchor + [1, 0, 0], anchor + [0, 1, 0]])
    here = apply_pose(ruler, pose.at(k))[:, :2]
    middle = np.array(VIEW, np.float32) / 2
    there = np.stack([middle, middle + [_EYES_PX, 0], middle + [0, _EYES_PX]]).astype(np.float32)
    affine = cv2.getAffineTransform(here.astype(np.float32), there)
    scale = abs(np.linalg.det(affine[:, :2])) ** 0.5
    view = cv2.warpAffine(rgb, affine, VIEW, flags=cv2.INTER_AREA if scale < 0.5 else cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)


class _PixelMetrics:
    """Gathers figures of the steadied mouth, frame by frame; keeps the last two views."""

    def __init__(self, count: int) -> None:
        self.sharpness, self.flicker, self.rim, self.teeth = (np.full(count, np.nan, np.float32) for _ in range(4))
        self._before: list[Floats | None] = [None, None]

    def add(self, k: int, view: Floats | None, shape: Floats, anchor: Floats) -> None:
        two, one = self._before
        if view is not None:
            mouth = view[20:100, 25:135]
            self.sharpness[k] = cv2.Laplacian(mouth, cv2.CV_32F).var()
            lips = (shape[list(INNER_LIPS), :2] - anchor[:2]) * _EYES_PX + np.array(VIEW) / 2
            self.rim[k] = _gradient_along(view, lips)
            if one is not None:
                self.teeth[k] = _teeth_motion(one, view, lips, float(lip_opening(shape)))
                if two is not None:
                    self.flicker[k] = np.abs(mouth - 2 * one[20:100, 25:135] + two[20:100, 25:135]).mean()
        self._before = [one, view]


def _gradient_along(view: Floats, line: NDArray[Any]) -> float:
    """Mean gradient magnitude on a closed polygon (n, 2)."""
    across, down = cv2.Sobel(view, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(view, cv2.CV_32F, 0, 1, scale=1 / 8)
    dense = np.concatenate([line + (np.roll(line, -1, 0) - line) * t for t in (0, 0.25, 0.5, 0.75)]).astype(np.float32)
    read = [cv2.remap(g, dense[:, 0], dense[:, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for g in (across, down)]
    return float(np.hypot(*read).mean())


def _teeth_motion(before: Floats, now: Floats, lips: NDArray[Any], opening: float) -> float:
    """How far the strip under the upper lip moved between two steadied views, in eye distances; NaN where the mouth is hardly open."""
    if opening < _OPEN:
        return float("nan")
    left, right, top = lips[3, 0], lips[7, 0], lips[4:7, 1].max()
    x0, x1, y0, y1 = int(left), int(right) + 1, int(top) + 1, int(top + _TEETH_ROWS * _EYES_PX) + 1
    if x0 < 4 or y0 < 4 or x1 > VIEW[0] - 4 or y1 > VIEW[1] - 4 or x1 - x0 < 12:
        return float("nan")
    template = np.clip(before[y0:y1, x0:x1], 0, 255).astype(np.uint8)
    search = np.clip(now[y0 - 4 : y1 + 4, x0 - 4 : x1 + 4], 0, 255).astype(np.uint8)
    match = cv2.matchTemplate(search, template, cv2.TM_CCOEFF_NORMED)
    _, best, _, (x, y) = cv2.minMaxLoc(match)
    return float(np.hypot(x - 4, y - 4) / _EYES_PX) if best > 0.5 else float("nan")
