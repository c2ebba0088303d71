"""Links the faces of single frames into tracklets, and tracklets into people.

A tracklet is the unbroken (up to a few frames) path of one face within a scene: it goes on in the next frame where place, size
and appearance hardly change. Tracklets that are seen in the same frame are different people; others are merged where their
appearance vectors are near, the nearest pair first.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from .appearance import SAME_PERSON_DISTANCE, appearance_distance
from .mesh import eye_distance
from .seen_faces import SeenFaces

Appearance = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]

MAX_GAP_FRAMES = 3  # a piece ends when its face is missing for longer
MAX_STEP = 0.8  # inter-ocular distances that a face moves or grows from frame to frame at most
MAX_APPEARANCE_CHANGE = 10.0  # how much its appearance changes at most: two thirds of the pairs of different people are further apart
SAME_PLACE_FACTOR = 0.7  # how much nearer two appearances count where one tracklet ends about where the other, of the same scene, begins
_COLUMNS_AT_ONCE = 48
MIN_FRAMES = 3  # people seen in fewer frames are mistakes of the tracker


@dataclass(slots=True, eq=False)
class Tracklet:
    """The unbroken path of one face within a scene."""

    scene: int
    at: array[int] = field(default_factory=lambda: array("q"))  # positions in the sequence of frames, rising
    rows: array[int] = field(default_factory=lambda: array("q"))  # of its faces, as `SeenFaces` numbers them

    def sample(self, seen: SeenFaces) -> Appearance:
        """Up to three looks (n, D): the medians of its beginning, middle and end."""
        thirds = np.array_split(np.array(self.rows), min(3, len(self.rows)))
        return np.stack([_median_appearance(seen.appearances, third) for third in thirds])


def _median_appearance(appearances: Appearance, rows: npt.NDArray[np.int64]) -> Appearance:
    """(D,) some columns at a time: the looks of an hour are 180 MB."""
    parts = [appearances[:, first : first + _COLUMNS_AT_ONCE] for first in range(0, appearances.shape[1], _COLUMNS_AT_ONCE)]
    return np.concatenate([np.median(part[rows], axis=0) for part in parts])


def link_tracklets(seen: SeenFaces) -> list[Tracklet]:
    """The faces of consecutive frames as tracklets."""
    finished: list[Tracklet] = []
    active: list[Tracklet] = []
    end = 0
    for at in range(len(seen)):
        begin, end, scene = end, end + int(seen.counts[at]), int(seen.scenes[at])
        ended = [tracklet for tracklet in active if tracklet.scene != scene or at - tracklet.at[-1] > MAX_GAP_FRAMES + 1]
        finished += ended
        active = [tracklet for tracklet in active if tracklet not in ended]
        matches = _match_tracklets(active, seen, range(begin, end))
        for row in range(begin, end):
            tracklet = matches.get(row)
            if tracklet is None:
                tracklet = Tracklet(scene)
                active.append(tracklet)
            tracklet.at.append(at)
            tracklet.rows.append(row)
    return finished + active


def _match_tracklets(tracklets: list[Tracklet], seen: SeenFaces, rows: range) -> dict[int, Tracklet]:
    """Which tracklet each face of a frame continues, by its row."""
    if not tracklets or not rows:
        return {}
    points, looks = seen.points, seen.appearances
    steps = np.array([[_motion_between(points[tracklet.rows[-1]], points[row]) for row in rows] for tracklet in tracklets]) / MAX_STEP
    changes = (
        np.array([[appearance_distance(looks[tracklet.rows[-1]], looks[row]) for row in rows] for tracklet in tracklets])
        / MAX_APPEARANCE_CHANGE
    )
    possible = (steps < 1) & (changes < 1)
    if possible.size == 1:  # one person in front of a camera; what chooses among several takes long to import
        return {rows[0]: tracklets[0]} if possible[0, 0] else {}
    lines, columns = scipy.optimize.linear_sum_assignment(np.where(possible, steps + changes, 1000.0))
    return {rows[int(c)]: tracklets[r] for r, c in zip(lines, columns, strict=True) if possible[r, c]}


def _motion_between(a: Points, b: Points) -> float:
    """How far a face moved and grew, in inter-ocular distances; points (478, 3)."""
    size_a, size_b = float(eye_distance(a)), float(eye_distance(b))
    moved = np.linalg.norm(a[:, :2].mean(axis=0) - b[:, :2].mean(axis=0)) / max(min(size_a, size_b), 1e-6)
    return float(moved + abs(np.log(size_a / size_b)))


def merge_tracklets(tracklets: list[Tracklet], seen: SeenFaces) -> list[FacesOfPerson]:
    """Tracklets → people."""
    distances = _appearance_distances(tracklets, seen)
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
    return [person for person in found if len(person.at) >= min(MIN_FRAMES, len(seen))]


class FacesOfPerson(NamedTuple):
    """Where one person is seen, in order."""

    at: npt.NDArray[np.int64]  # (n,) positions in the sequence of frames
    rows: npt.NDArray[np.int64]  # (n,) of the faces


def _faces_of_person(tracklets: list[Tracklet], person: set[int]) -> FacesOfPerson:
    at, rows = (np.concatenate([np.array(getattr(tracklets[k], name)) for k in person]) for name in ("at", "rows"))
    order = np.argsort(at, kind="stable")
    return FacesOfPerson(at[order], rows[order])


def _appearance_distances(tracklets: list[Tracklet], seen: SeenFaces) -> npt.NDArray[np.float64]:
    """Distances of appearance of each two tracklets (n, n); infinite where they are seen at one time, so for certain are two people."""
    samples = [tracklet.sample(seen) for tracklet in tracklets]
    distances = np.zeros((len(tracklets), len(tracklets)))
    for i, a in enumerate(tracklets):
        for j, b in enumerate(tracklets[:i]):
            nearest = float(np.linalg.norm(samples[i][:, None] - samples[j][None], axis=-1).min())
            here = nearest * (SAME_PLACE_FACTOR if _same_place(a, b, seen) else 1.0)
            distances[i, j] = distances[j, i] = np.inf if _seen_at_one_time(a, b) else here
    return distances


def _seen_at_one_time(a: Tracklet, b: Tracklet) -> bool:
    """Whether some frame holds both."""
    if a.at[-1] < b.at[0] or b.at[-1] < a.at[0]:
        return False
    return bool(np.intersect1d(np.array(a.at), np.array(b.at), assume_unique=True).size)


def _same_place(a: Tracklet, b: Tracklet, seen: SeenFaces) -> bool:
    first, then = (a, b) if a.at[0] < b.at[0] else (b, a)
    return a.scene == b.scene and _motion_between(seen.points[first.rows[-1]], seen.points[then.rows[0]]) < MAX_STEP
