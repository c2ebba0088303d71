"""Why a face cannot be rendered in a frame, judged from its points alone."""

from __future__ import annotations

import enum

import numpy as np
import numpy.typing as npt
import scipy

from ..messages import Message, tell
from .mesh import LOWER_FACE, Floats, chunks, eye_distance, find_poses, frames_with_face, head_angles

MAX_YAW_DEG = 45.0
"""The mesh was seen to hold on real faces up to 38°; further on the far corner of the mouth turns out of sight."""
MAX_PITCH_DEG = 45.0
MIN_EYE_DISTANCE_PX = 20.0
MIN_SCORE = 0.6
"""Median score of five frames. No uncovered face of 35 clips, at eye distances from 20 to 230 pixels, falls below it."""
MAX_OUTSIDE = 0.05  # share of the lower face that may lie beyond the picture; a forehead cut off is a usual close-up


class Reason(enum.IntEnum):
    """Why a frame passes through untouched."""

    USABLE = 0
    NONE = 1  # no face at all in this frame
    LOST = 2  # others are seen, this person is not
    PROFILE = 3  # turned too far away from the camera
    TOO_SMALL = 4
    EDGE = 5  # cut off by the edge of the picture
    UNSURE = 6  # the tracker does not trust what it sees: covered, blurred, in the dark
    CHOICE = 7  # a person asked for it

    @property
    def code(self) -> str:
        """Of the catalogue in `messages`."""
        return _CODES[self]

    @property
    def message(self) -> Message:
        """For people, such as "the face is seen from the side"."""
        return tell(self.code)

    @property
    def words(self) -> str:
        """The same in English."""
        return self.message.message


_CODES = {
    Reason.USABLE: "frame.usable",
    Reason.CHOICE: "frame.choice",
    Reason.NONE: "frame.none",
    Reason.LOST: "frame.lost",
    Reason.PROFILE: "frame.profile",
    Reason.TOO_SMALL: "frame.too-small",
    Reason.EDGE: "frame.edge",
    Reason.UNSURE: "frame.unsure",
}


def frame_reasons(
    points: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], no_face: npt.NDArray[np.bool_], size: tuple[int, int]
) -> npt.NDArray[np.uint8]:
    """(T,) of Reason for one person: points (T, 478, 3) NaN where unseen, scores (T,), nobody (T,) frames without any face."""
    seen = frames_with_face(points)
    reasons = np.where(seen, Reason.USABLE, np.where(no_face, Reason.NONE, Reason.LOST)).astype(np.uint8)
    if not seen.any():
        return reasons
    yaw, pitch, _ = np.abs(head_angles(find_poses(points)[0].rotation)).T
    turned = (_median_of_five(yaw, seen) > MAX_YAW_DEG) | (_median_of_five(pitch, seen) > MAX_PITCH_DEG)
    outside = np.concatenate([_outside(points[part][:, list(LOWER_FACE), :2], size) for part in chunks(len(points))])
    for reason, mask in (
        (Reason.UNSURE, _median_of_five(scores, seen) < MIN_SCORE),
        (Reason.PROFILE, turned),
        (Reason.EDGE, outside > MAX_OUTSIDE),
        (Reason.TOO_SMALL, eye_distance(points) < MIN_EYE_DISTANCE_PX),
    ):
        reasons[seen & mask] = reason
    return reasons


def _outside(points: Floats, size: tuple[int, int]) -> Floats:
    """(T,) the share of points (T, n, 2) that lies beyond the picture."""
    return np.asarray(((points < 0) | (points > np.array(size))).any(axis=-1).mean(axis=-1))


def _median_of_five(values: Floats, seen: npt.NDArray[np.bool_]) -> Floats:
    """Values (T,) in which one odd frame neither makes nor breaks a verdict: medians of five of the frames that were seen."""
    steady = np.zeros_like(values)
    steady[seen] = scipy.ndimage.median_filter(values[seen], size=min(5, int(seen.sum())), mode="nearest")
    return steady
