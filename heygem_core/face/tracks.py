"""Tracks people through a clip: the faces of single frames linked into one track per person, through gaps and across cuts.

    frames ──detect_faces──► FrameFaces, one per frame ──build_tracks──► FaceTracks, one FaceTrack per person

Within a scene faces are linked by place and size; the tracklets are then merged by appearance (`appearance`), so a
person who leaves and returns, or is seen again after a cut, keeps their number. Every frame in which a face cannot be
rendered says why.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import NoUsableFace, SpecError
from ..messages import Message, tell
from ..storage.scratch import scratch_array
from .appearance import appearance_vector
from .cuts import CutDetector
from .linking import FacesOfPerson, link_tracklets, merge_tracklets
from .mesh import VERTICES, chunks, eye_distance
from .reasons import Reason, frame_reasons
from .seen_faces import FrameFaces, SeenFaces
from .tracker import FaceTracker, Pixels, View, look, view_of

TRACKS_VERSION = 2
"""Changes whenever the same faces would be linked, judged or stored differently."""
FILL_FRAMES = 3
"""Longest gap inside a scene that is filled in between its two sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTrack:
    """One person through the whole range, T frames."""

    number: int  # from 1, the most prominent first
    points: npt.NDArray[np.float32]  # (T, 478, 3) display space, NaN where unseen
    scores: npt.NDArray[np.float32]  # (T,) 0–1, 0 where unseen
    reasons: npt.NDArray[np.uint8]  # (T,) of Reason: why the frame cannot be rendered; Reason.USABLE where it can
    filled: npt.NDArray[np.bool_]  # (T,) not seen but filled in between neighbours

    @property
    def usable(self) -> npt.NDArray[np.bool_]:
        """(T,) where this face can be rendered."""
        return np.asarray(self.reasons == Reason.USABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceTracks:
    """All people of one range of a clip."""

    first_frame: int  # number of the range's first frame in the file
    size: tuple[int, int]  # width, height in display pixels
    scenes: npt.NDArray[np.int32]  # (T,) shot number
    people: tuple[FaceTrack, ...]  # by number
    tracker: str  # the tracker's version


def detect_faces(frames: Iterable[tuple[int, Pixels | View]], tracker: FaceTracker) -> Iterator[FrameFaces]:
    """Frames (number, RGB (height, width, 3) uint8 in display space, or a view of it) in order → the faces of each, one frame at a time."""
    is_cut, scene, first = CutDetector(), 0, True
    for index, picture in frames:
        view = view_of(picture)
        cut = is_cut(view)
        scene += cut
        faces = look(tracker, view, first=first or cut)
        first = False
        looks = [appearance_vector(view, face) for face in faces]
        yield FrameFaces(index=index, scene=scene, size=view.size, faces=faces, appearances=looks)


def build_tracks(frames: SeenFaces | Iterable[FrameFaces], tracker: str) -> FaceTracks:
    """The faces of consecutive frames → one track per person. `tracker`: the version of the tracker that saw them.

    Raises: ValueError — no frames, or frames that do not follow each other.
    """
    seen = frames if isinstance(frames, SeenFaces) else SeenFaces.of(frames)
    people = merge_tracklets(link_tracklets(seen), seen)
    tracks = [_track(person, seen) for person in people]
    tracks.sort(key=_prominence, reverse=True)
    return FaceTracks(
        first_frame=seen.first_frame,
        size=seen.size,
        scenes=seen.scenes,
        people=tuple(_numbered(track, k + 1) for k, track in enumerate(tracks)),
        tracker=tracker,
    )


def choose_face(tracks: FaceTracks, number: int | None = None) -> FaceTrack:
    """The face of that number, or the most prominent one.

    Raises: NoUsableFace — nobody there, or no frame of this person can be rendered; SpecError — no face of that number.
    """
    if not tracks.people:
        raise NoUsableFace("face.none-found")
    if number is not None and number > len(tracks.people):
        raise SpecError("face.no-such-number", number=number, faces=messages_of_people(tracks))
    track = tracks.people[0 if number is None else number - 1]
    if not track.usable.any():
        worst = Reason(int(np.bincount(track.reasons[track.reasons != Reason.USABLE]).argmax()))
        raise NoUsableFace("face.unusable", number=track.number, reason=worst.message)
    return track


def describe_people(tracks: FaceTracks) -> str:
    """Such as: face 1 (on the left, frames 0–249), face 2 (on the right, frames 100–249)."""
    return ", ".join(said.message for said in messages_of_people(tracks))


def messages_of_people(tracks: FaceTracks) -> list[Message]:
    """The same, a message for each face."""
    return [_describe(track, tracks) for track in tracks.people]


def _describe(track: FaceTrack, tracks: FaceTracks) -> Message:
    at = np.flatnonzero(np.isfinite(track.points[:, 0, 0]))
    x = float(np.median(track.points[at, 1, 0])) / tracks.size[0]
    code = "face.left" if x < 0.4 else "face.right" if x > 0.6 else "face.middle"
    return tell(code, number=track.number, start=tracks.first_frame + at[0], last=tracks.first_frame + at[-1])


def _track(person: FacesOfPerson, seen: SeenFaces) -> FaceTrack:
    """One person's faces as arrays over all frames, gaps filled, reasons judged."""
    count = len(seen)
    points = scratch_array((count, VERTICES, 3))
    points.fill(np.nan)
    scores = np.zeros(count, np.float32)
    for part in chunks(len(person.at)):
        points[person.at[part]], scores[person.at[part]] = seen.points[person.rows[part]], seen.scores[person.rows[part]]
    filled = _fill(points, scores, seen.scenes)
    reasons = frame_reasons(points, scores, seen.counts == 0, seen.size)
    return FaceTrack(number=0, points=points, scores=scores, reasons=reasons, filled=filled)


def _fill(points: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], scenes: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Fills short gaps in place, straight between the two sides, if both lie in one scene and within half an eye distance."""
    filled = np.zeros(len(points), bool)
    at = np.flatnonzero(np.isfinite(points[:, 0, 0]))
    for before, after in itertools.pairwise(at):
        gap = after - before - 1
        if not 0 < gap <= FILL_FRAMES or scenes[before] != scenes[after]:
            continue
        moved = np.linalg.norm(points[after] - points[before], axis=-1).mean()
        if moved > 0.5 * float(eye_distance(points[before])):
            continue
        for k in range(1, gap + 1):
            share = k / (gap + 1)
            points[before + k] = (1 - share) * points[before] + share * points[after]
            scores[before + k] = min(scores[before], scores[after])
            filled[before + k] = True
    return filled


def _prominence(track: FaceTrack) -> float:
    """Area × duration, counted where the face can be rendered; faces that never can come last, by the same measure."""
    area = np.nan_to_num(eye_distance(track.points)) ** 2
    return float(area[track.usable].sum() + 1e-6 * area.sum())


def _numbered(track: FaceTrack, number: int) -> FaceTrack:
    return FaceTrack(number=number, points=track.points, scores=track.scores, reasons=track.reasons, filled=track.filled)
