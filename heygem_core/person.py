"""The person of a shot: one face through the tracked frames, pose-free, and the mouth shapes that it shall take on."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .face.mesh import NOSE_BASE, OUTER_LIPS, Pose, lip_opening, pose_free
from .face.reasons import Reason
from .face.smooth import smooth
from .face.tracks import FaceTracks, choose_face
from .motion.adapt import neutral_of

if TYPE_CHECKING:
    from .media.info import MediaInfo

Floats = NDArray[np.float32]

_SHOWS_INSIDE = 0.055  # lip opening, eye distances, that 2 % of the frames must reach for the clip to lend its mouths


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One face over F consecutive frames of a clip."""

    number: int  # of the face, from 1
    first_frame: int  # number in the file of the first of the F frames
    shapes: Floats  # (F, 478, 3) face space, NaN where not usable
    pose: Pose  # F poses
    reasons: NDArray[np.uint8]  # (F,) of face.reasons.Reason
    neutral: Floats  # (478, 3) face space: lips closed and relaxed

    @property
    def usable(self) -> NDArray[np.bool_]:
        return self.reasons == Reason.USABLE

    @property
    def shows_mouth_inside(self) -> bool:
        """Whether the clip shows the mouth open often enough to lend its inside."""
        opening = lip_opening(self.shapes)[self.usable]
        return bool(np.quantile(opening, 0.98) >= _SHOWS_INSIDE)


def person_of(tracks: FaceTracks, info: MediaInfo, number: int | None) -> Person:
    """The face of that number, or the most prominent one. Raises: NoUsableFace, SpecError — no face of that number."""
    track = choose_face(tracks, number)
    rate = info.rate or info.frame_count / max(info.duration, Fraction(1, 1000))
    points = smooth(track.points, rate, tracks.scenes)
    face = pose_free(points, track.usable, into=points)
    return Person(
        number=track.number,
        first_frame=tracks.first_frame,
        shapes=face.shapes,
        pose=face.pose,
        reasons=track.reasons,
        neutral=neutral_of(face.shapes, track.usable),
    )


def follow(own: Floats, wanted: Floats) -> Floats:
    """`wanted` where speech moves a face, `own` where it does not (from the nose up, and on the jaw near the ears).

    own (n, 478, 3), NaN where not usable; wanted (n, 478, 3); both in face space.
    """
    weight = _speech_weight(np.nanmean(own, axis=0))[None, :, None]
    shapes: Floats = own * (1 - weight)
    shapes += wanted * weight  # in place: an hour of shapes is half a gigabyte
    return shapes


def _speech_weight(mean: Floats) -> Floats:
    """(478,) 0 … 1 for a mean shape (478, 3): 1 on the lips and the chin."""
    nose, lip = mean[NOSE_BASE, 1], mean[OUTER_LIPS[5], 1]
    down = np.clip((mean[:, 1] - nose) / (0.6 * (lip - nose)), 0, 1)
    side = np.clip((0.72 - np.abs(mean[:, 0])) / 0.27, 0, 1)
    weight: Floats = (down * side).astype(np.float32)
    return weight * weight * (3 - 2 * weight)
