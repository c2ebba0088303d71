"""The person of a shot: one face through the tracked frames, pose-free, and how the wanted mouth shapes are blended into its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..face.mesh import NOSE_BASE, OUTER_LIPS, Pose, apply_pose, chunks, lip_opening, pose_free
from ..face.reasons import Reason
from ..face.smoothing import smooth
from ..face.tracks import FaceTracks, choose_face
from ..motion.neutral import neutral_shape
from ..smoothstep import smoothstep

if TYPE_CHECKING:
    from ..face.occlusion import Cover
    from ..media.info import MediaInfo

Floats = NDArray[np.float32]

PERSON_VERSION = 1  # raise it whenever the same tracks would give another person
_SHOWS_INSIDE = 0.055  # lip opening, eye distances, that 2 % of the frames must reach for the clip to show the inside of the mouth
COVERED = 0.02  # share of a mouth from which something counts as lying before it
EASE_S = 0.1  # seconds over which the old mouth turns into the new one


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One face over F consecutive frames of a clip."""

    number: int  # of the face, from 1
    first_frame: int  # number in the file of the first of the F frames
    shapes: Floats  # (F, 478, 3) face space, NaN where not usable
    pose: Pose  # F poses
    reasons: NDArray[np.uint8]  # (F,) of face.reasons.Reason
    scenes: NDArray[np.int32]  # (F,) number of the clip's shot between two cuts
    neutral: Floats  # (478, 3) face space: lips closed and relaxed
    cover: Cover | None = None  # what lies before the face, by the clip's own pictures; None = nothing anywhere
    covered: Floats | None = None  # (F,) share of the mouth that something lies before; None = nothing anywhere

    @property
    def usable(self) -> NDArray[np.bool_]:
        return np.asarray(self.reasons == Reason.USABLE)

    @property
    def learnable(self) -> NDArray[np.bool_]:
        """(F,) the usable frames whose mouth is seen whole: what is learnt of the person and lent by the clip comes from them."""
        return self.usable if self.covered is None else np.asarray(self.usable & (self.covered <= COVERED))

    @property
    def shows_mouth_inside(self) -> bool:
        """Whether the clip shows the mouth open often enough for its inside to be seen."""
        opening = lip_opening(self.shapes)[self.learnable]
        return bool(len(opening) and np.quantile(opening, 0.98) >= _SHOWS_INSIDE)


def person_of(tracks: FaceTracks, info: MediaInfo, number: int | None) -> Person:
    """The face of that number, or the most prominent one. Raises: NoUsableFace, SpecError — no face of that number."""
    track = choose_face(tracks, number)
    points = smooth(track.points, info.mean_rate, tracks.scenes)
    face = pose_free(points, track.usable, out=points)
    return Person(
        number=track.number,
        first_frame=tracks.first_frame,
        shapes=face.shapes,
        pose=face.pose,
        reasons=track.reasons,
        scenes=tracks.scenes,
        neutral=neutral_shape(face.shapes, track.usable),
    )


def covered_digest(person: Person) -> tuple[str, ...]:
    """For keys of what is learnt of a person: which frames are left out of it, because the mouth is covered; nothing where none is."""
    if person.cover is None and (person.covered is None or np.array_equal(person.learnable, person.usable)):
        return ()
    return (blake2b(np.packbits(person.learnable).tobytes(), digest_size=16).hexdigest(),)


def blend_shapes(neutral: Floats, own: Floats, wanted: Floats, share: Floats | float = 1.0) -> Floats:
    """Blends shapes: `wanted` where speech moves a face, `own` where it does not (from the nose up, and on the jaw near the ears).

    neutral (478, 3) of that person; own (n, 478, 3), NaN where not usable; wanted (n, 478, 3); all in face space. share (n,) or one
    number, 0 … 1: how far each frame goes from its own mouth to the wanted one.
    """
    weight = _speech_weight(neutral)[:, None] * np.asarray(share, np.float32)[..., None, None]
    return np.asarray(own * (1 - weight) + wanted * weight, np.float32)


def fade_near_gaps(person: Person, source: NDArray[np.int64], times: NDArray[np.float64], usable: NDArray[np.bool_]) -> Floats:
    """Weights (n,) of the wanted mouth over the frame's own: 1, and less within `EASE_S` of a frame that passes through and shows the old
    mouth, so that the mouth does not jump there.

    source (n,) frame numbers in the file; times (n,) seconds; usable (n,) the frames that are rendered. Across a cut nothing is eased.
    """
    at = source - person.first_frame
    scenes = person.scenes[at]
    shows_old = ~usable & ~np.isin(person.reasons[at], (Reason.NONE, Reason.LOST))
    away = np.full(len(at), np.inf)
    edges = np.flatnonzero(np.diff(usable) | (np.diff(scenes) != 0)) + 1
    for first, end in zip([0, *edges], [*edges, len(at)], strict=True):
        for beside, inside in ((first - 1, first), (end, end - 1)):
            if usable[first] and 0 <= beside < len(at) and shows_old[beside] and scenes[beside] == scenes[inside]:
                away[first:end] = np.minimum(away[first:end], np.abs(times[first:end] - times[beside]))
    return smoothstep((away / EASE_S).astype(np.float32), 0, 1)


def stored_points(info: MediaInfo, points: Floats) -> Floats:
    """Display-space points (…, 2+) in the stored picture (…, 2), pixel centres at whole numbers."""
    return np.asarray(info.to_coded(points[..., :2]) - 0.5, np.float32)


def stored_scale(info: MediaInfo) -> float:
    """Stored pixels per pixel of display space, along a line."""
    return float(np.sqrt(abs(np.linalg.det(info.display_to_coded[:, :2]))))


def points_in_picture(person: Person, info: MediaInfo, frames: NDArray[np.int64], vertices: Sequence[int]) -> Floats:
    """The tracked vertices of some frames in the stored picture (n, V, 2), NaN where not usable; `frames` (n,) numbers in the file."""
    points = np.empty((len(frames), len(vertices), 2), np.float32)
    for part in chunks(len(frames)):
        at = frames[part] - person.first_frame
        pose = Pose(person.pose.scale[at], person.pose.rotation[at], person.pose.shift[at])
        points[part] = stored_points(info, apply_pose(person.shapes[at][:, list(vertices)], pose))
    return points


def eye_distances(person: Person, info: MediaInfo, frames: NDArray[np.int64]) -> Floats:
    """(n,) distance between the outer eye corners in the stored picture; `frames` (n,) numbers in the file."""
    return np.asarray(person.pose.scale[frames - person.first_frame] * stored_scale(info), np.float32)


def _speech_weight(shape: Floats) -> Floats:
    """(478,) 0 … 1 for a shape (478, 3): 1 on the lips and the chin."""
    nose, lip = shape[NOSE_BASE, 1], shape[OUTER_LIPS[5], 1]
    down = np.clip((shape[:, 1] - nose) / (0.6 * (lip - nose)), 0, 1)
    side = np.clip((0.72 - np.abs(shape[:, 0])) / 0.27, 0, 1)
    weight: Floats = (down * side).astype(np.float32)
    return smoothstep(weight, 0, 1)
