"""Tracks the mouths that a network made: how far they moved the lower face, without the pose and without what tracking itself adds.

A tracker sees lips a little elsewhere in every picture. So the frame is tracked as it is and as the network changed it, in the same way:
the difference of the two is what the network said.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...face.mesh import EYE_OUTER, LOWER_FACE, RIGID, Pose, apply_pose, remove_pose, similarity
from ...face.tracker_registry import open_tracker
from ...media.planes import blend_planes
from ...media.upright import Upright
from ..base import PlanArrays, Window
from .compose import Changes
from .crops import corners
from .drawing import Block, changes_of, laid_over, matte_at

if TYPE_CHECKING:
    from av import VideoFrame

    from ...face.tracker import FaceTracker

_AROUND = 0.35  # of the crops' extent: so much more of the picture is shown to the tracker
_LONGEST_PX = 640  # side of the picture that it sees
_SAME_FACE = 0.5  # eye distances that a face may lie off and still be this one

Floats = NDArray[np.float32]


def moved_faces(plan: PlanArrays, window: Window, block: Block, side: int, tracker: str) -> Floats:
    """(B, len(LOWER_FACE), 3) by how much a block's frames show each vertex elsewhere than before, face space; NaN where no face was found.

    side: of the network's crops.
    """
    changes = changes_of(plan, block)
    view = _View(plan, block.rows, side)
    moved = np.full((len(block.rows), len(LOWER_FACE), 3), np.nan, np.float32)
    with closing(open_tracker(tracker)) as own, closing(open_tracker(tracker)) as new:
        for k, row in enumerate(block.rows.tolist()):
            picture = window.picture(row)
            changed = _changed(plan, row, picture, Changes(*(each[k : k + 1] for each in changes)))
            pose = pose_of(plan, row)
            before, after = (view.track(eyes, frame, pose, first=not k) for eyes, frame in ((own, picture), (new, changed)))
            if before is not None and after is not None:
                moved[k] = _difference(before, after, pose)
    return moved


def pose_of(plan: PlanArrays, row: int) -> Pose:
    """The pose of a frame as `pose.npy` holds it: scale, rotation by rows, shift."""
    numbers = plan.array("pose")[row]
    return Pose(numbers[0], numbers[1:10].reshape(3, 3), numbers[10:])


def _changed(plan: PlanArrays, row: int, picture: VideoFrame, changes: Changes) -> VideoFrame:
    from ...media.planes import crop_planes

    box, matte = matte_at(plan, row)
    return blend_planes(picture, box, laid_over(plan, row, box, crop_planes(picture, box), changes, matte), matte)


def _difference(before: Floats, after: Floats, pose: Pose) -> Floats:
    """(V, 3) of points (478, 3) in display space; the head is laid over itself first."""
    rigid, lower = list(RIGID), list(LOWER_FACE)
    after = apply_pose(after, similarity(after[rigid], before[rigid]))
    return remove_pose(after[lower], pose) - remove_pose(before[lower], pose)


class _View:
    """The same part of the picture for all frames of a block, so that a tracker can follow the face in it."""

    def __init__(self, plan: PlanArrays, rows: NDArray[np.int64], side: int) -> None:
        info, matrices = plan.info, plan.array("crop")[rows]
        seen = info.to_display(np.concatenate([corners(matrix, side, side) for matrix in matrices]))
        low, high = seen.min(0), seen.max(0)
        margin = _AROUND * (high - low)
        limit = np.array(info.display_size)
        low, high = np.clip(low - margin, 0, limit - 2), np.clip(high + margin, 2, limit)
        self._box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        shrink = min(1.0, _LONGEST_PX / float((high - low).max()))
        width, height = np.maximum(2, np.round((high - low) * shrink)).astype(int).tolist()
        self._size = (width, height)
        self._upright = Upright(info)

    def track(self, tracker: FaceTracker, picture: VideoFrame, pose: Pose, *, first: bool) -> Floats | None:
        """The points (478, 3) in display space of the face whose pose is known."""
        shown, to_display = self._upright.region(picture, self._box, self._size)
        for face in tracker.detect(shown, first=first):
            points = np.empty_like(face.points)
            points[:, :2] = face.points[:, :2] @ to_display[:, :2].T + to_display[:, 2]
            points[:, 2] = face.points[:, 2] * to_display[0, 0]
            if np.linalg.norm(points[list(EYE_OUTER), :2].mean(0) - pose.shift[:2]) < _SAME_FACE * pose.scale:
                return points
        return None
