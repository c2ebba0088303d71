"""Links the faces of single frames into tracklets, and tracklets into people.

A tracklet is the unbroken (up to a few frames) path of one face within a scene: it goes on in the next frame where place, size
and appearance hardly change. Tracklets that are seen in the same frame are different people; others are merged where their
appearance vectors are near, the nearest pair first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy

from .appearance import SAME_PERSON_DISTANCE, appearance_distance
from .mesh import eye_distance
from .tracker import Face

Appearance = npt.NDArray[np.float32]

MAX_GAP_FRAMES = 3  # a piece ends when its face is missing for longer
MAX_STEP = 0.8  # inter-ocular distances that a face moves or grows from frame to frame at most
MAX_APPEARANCE_CHANGE = 10.0  # how much its appearance changes at most: two thirds of the pairs of different people are further apart
SAME_PLACE_FACTOR = 0.7  # how much nearer two appearances count where one tracklet ends about where the other, of the same scene, begins
MIN_FRAMES = 3  # people seen in fewer frames are mistakes of the tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaces:
    """All faces of one frame."""

    index: int  # frame number in the file
    scene: int  # counts from 0, one more at each cut
    size: tuple[int, int]  # width, height of the picture in display pixels
    faces: list[Face]  # largest first
    appearances: list[npt.NDArray[np.float32]]  # of each face: see `appearance`


@dataclass(slots=True, eq=False)
class Tracklet:
    """The unbroken path of one face within a scene."""

    scene: int
    at: list[int] = field(default_factory=list)  # positions in the sequence of frames, rising
    faces: list[Face] = field(default_factory=list)
    appearances: list[Appearance] = field(default_factory=list)

    def sample(self) -> Appearance:
        """Up to three looks (n, D): the medians of its beginning, middle and end."""
        thirds = np.array_split(np.stack(self.appearances), min(3, len(self.appearances)))
        return np.stack([np.median(third, axis=0) for third in thirds])


def link_tracklets(frames: list[FrameFaces]) -> list[Tracklet]:
    """The faces of consecutive frames as tracklets."""
    finished: list[Tracklet] = []
    active: list[Tracklet] = []
    for at, frame in enumerate(frames):
        ended = [tracklet for tracklet in active if tracklet.scene != frame.scene or at - tracklet.at[-1] > MAX_GAP_FRAMES + 1]
        finished += ended
        active = [tracklet for tracklet in active if tracklet not in ended]
        matches = _match_tracklets(active, frame)
        for k, (face, appearance) in enumerate(zip(frame.faces, frame.appearances, strict=True)):
            tracklet = matches.get(k)
            if tracklet is None:
                tracklet = Tracklet(frame.scene)
                active.append(tracklet)
            tracklet.at.append(at)
            tracklet.faces.append(face)
            tracklet.appearances.append(appearance)
    return finished + active


def _match_tracklets(tracklets: list[Tracklet], frame: FrameFaces) -> dict[int, Tracklet]:
    """Which tracklet each face of a frame continues, by its position in `frame.faces`."""
    if not tracklets or not frame.faces:
        return {}
    steps = np.array([[_motion_between(tracklet.faces[-1], face) for face in frame.faces] for tracklet in tracklets]) / MAX_STEP
    changes = (
        np.array(
            [[appearance_distance(tracklet.appearances[-1], appearance) for appearance in frame.appearances] for tracklet in tracklets]
        )
        / MAX_APPEARANCE_CHANGE
    )
    possible = (steps < 1) & (changes < 1)
    rows, columns = scipy.optimize.linear_sum_assignment(np.where(possible, steps + changes, 1000.0))
    return {int(c): tracklets[r] for r, c in zip(rows, columns, strict=True) if possible[r, c]}


def _motion_between(a: Face, b: Face) -> float:
    """How far a face moved and grew, in inter-ocular distances."""
    size_a, size_b = float(eye_distance(a.points)), float(eye_distance(b.points))
    moved = np.linalg.norm(a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0)) / max(min(size_a, size_b), 1e-6)
    return float(moved + abs(np.log(size_a / size_b)))


def merge_tracklets(tracklets: list[Tracklet], frames: int) -> list[list[tuple[int, Face]]]:
    """Tracklets of a sequence of `frames` frames → people, each as (position in the sequence, face), in order."""
    distances = _appearance_distances(tracklets)
    seen_together = np.isinf(distances)
    people = [{k} for k in range(len(tracklets))]  # at k the person of tracklet k
    pairs = np.argwhere(np.tril(distances < SAME_PERSON_DISTANCE, -1))
    for i, j in pairs[np.argsort(distances[tuple(pairs.T)], kind="stable")].tolist():
        a, b = people[i], people[j]
        if a is not b and not seen_together[np.ix_(sorted(a), sorted(b))].any():
            a |= b
            for k in b:
                people[k] = a
    found = [_faces_of_person(tracklets, person) for k, person in enumerate(people) if k == min(person)]
    return [person for person in found if len(person) >= min(MIN_FRAMES, frames)]


def _faces_of_person(tracklets: list[Tracklet], person: set[int]) -> list[tuple[int, Face]]:
    faces = [(at, face) for k in person for at, face in zip(tracklets[k].at, tracklets[k].faces, strict=True)]
    return sorted(faces, key=lambda seen: seen[0])


def _appearance_distances(tracklets: list[Tracklet]) -> npt.NDArray[np.float64]:
    """Distances of appearance of each two tracklets (n, n); infinite where they are seen at one time, so for certain are two people."""
    samples, seen = [tracklet.sample() for tracklet in tracklets], [set(tracklet.at) for tracklet in tracklets]
    distances = np.zeros((len(tracklets), len(tracklets)))
    for i, a in enumerate(tracklets):
        for j, b in enumerate(tracklets[:i]):
            nearest = float(np.linalg.norm(samples[i][:, None] - samples[j][None], axis=-1).min())
            here = nearest * (SAME_PLACE_FACTOR if _same_place(a, b) else 1.0)
            distances[i, j] = distances[j, i] = here if seen[i].isdisjoint(seen[j]) else np.inf
    return distances


def _same_place(a: Tracklet, b: Tracklet) -> bool:
    first, then = (a, b) if a.at[0] < b.at[0] else (b, a)
    return a.scene == b.scene and _motion_between(first.faces[-1], then.faces[0]) < MAX_STEP
