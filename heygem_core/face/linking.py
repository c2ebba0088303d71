"""Links the faces of single frames into pieces of one person each, and pieces into people.

A piece is the unbroken (up to a few frames) path of one face within a scene: it goes on in the next frame where place, size
and look hardly change. Pieces that are seen at one time are different people for certain; others are joined when they look
alike, the most alike first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from .appearance import ALIKE, look_distance
from .mesh import eye_distance
from .tracker import Face

Looks = npt.NDArray[np.float32]

MAX_GAP_FRAMES = 3  # a piece ends when its face is missing for longer
MAX_STEP = 0.8  # inter-ocular distances that a face moves or grows from frame to frame at most
MAX_CHANGE = 10.0  # how much its look changes at most: two thirds of the pairs of different people are further apart
SAME_PLACE = 0.7  # how much nearer two looks count where one piece ends about where the other, of the same scene, begins
MIN_FRAMES = 3  # people seen in fewer frames are mistakes of the tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaces:
    """All faces of one frame."""

    index: int  # frame number in the file
    scene: int  # counts from 0, one more at each cut
    size: tuple[int, int]  # width, height of the picture in display pixels
    faces: list[Face]  # largest first
    looks: list[npt.NDArray[np.float32]]  # what each face looks like: see `looks`


@dataclass(slots=True, eq=False)
class Piece:
    """One face on its way through a scene."""

    scene: int
    at: list[int] = field(default_factory=list)  # positions in the sequence of frames, rising
    faces: list[Face] = field(default_factory=list)
    looks: list[Looks] = field(default_factory=list)

    def sample(self) -> Looks:
        """Up to three looks (n, D): the medians of its beginning, middle and end."""
        thirds = np.array_split(np.stack(self.looks), min(3, len(self.looks)))
        return np.stack([np.median(third, axis=0) for third in thirds])


def link_pieces(frames: list[FrameFaces]) -> list[Piece]:
    """The faces of consecutive frames as pieces."""
    done: list[Piece] = []
    going: list[Piece] = []
    for at, frame in enumerate(frames):
        ended = [piece for piece in going if piece.scene != frame.scene or at - piece.at[-1] > MAX_GAP_FRAMES + 1]
        done += ended
        going = [piece for piece in going if piece not in ended]
        continued = _continued(going, frame)
        for k, (face, look) in enumerate(zip(frame.faces, frame.looks, strict=True)):
            piece = continued.get(k)
            if piece is None:
                piece = Piece(frame.scene)
                going.append(piece)
            piece.at.append(at)
            piece.faces.append(face)
            piece.looks.append(look)
    return done + going


def _continued(pieces: list[Piece], frame: FrameFaces) -> dict[int, Piece]:
    """Which piece each face of a frame continues, by its position in `frame.faces`."""
    if not pieces or not frame.faces:
        return {}
    steps = np.array([[_step(piece.faces[-1], face) for face in frame.faces] for piece in pieces]) / MAX_STEP
    changes = np.array([[look_distance(piece.looks[-1], look) for look in frame.looks] for piece in pieces]) / MAX_CHANGE
    possible = (steps < 1) & (changes < 1)
    rows, columns = linear_sum_assignment(np.where(possible, steps + changes, 1000.0))
    return {int(c): pieces[r] for r, c in zip(rows, columns, strict=True) if possible[r, c]}


def _step(a: Face, b: Face) -> float:
    """How far a face moved and grew, in inter-ocular distances."""
    size_a, size_b = float(eye_distance(a.points)), float(eye_distance(b.points))
    moved = np.linalg.norm(a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0)) / max(min(size_a, size_b), 1e-6)
    return float(moved + abs(np.log(size_a / size_b)))


def join_people(pieces: list[Piece], frames: int) -> list[list[tuple[int, Face]]]:
    """Pieces of a sequence of `frames` frames → people, each as (position in the sequence, face), in order."""
    unlike = _unlikeness(pieces)
    strangers = np.isinf(unlike)
    people = [{k} for k in range(len(pieces))]  # at k the person of piece k
    pairs = np.argwhere(np.tril(unlike < ALIKE, -1))
    for i, j in pairs[np.argsort(unlike[tuple(pairs.T)], kind="stable")].tolist():
        a, b = people[i], people[j]
        if a is not b and not strangers[np.ix_(sorted(a), sorted(b))].any():
            a |= b
            for k in b:
                people[k] = a
    found = [_seen(pieces, person) for k, person in enumerate(people) if k == min(person)]
    return [person for person in found if len(person) >= min(MIN_FRAMES, frames)]


def _seen(pieces: list[Piece], person: set[int]) -> list[tuple[int, Face]]:
    faces = [(at, face) for k in person for at, face in zip(pieces[k].at, pieces[k].faces, strict=True)]
    return sorted(faces, key=lambda seen: seen[0])


def _unlikeness(pieces: list[Piece]) -> npt.NDArray[np.float64]:
    """How unlike each two pieces are (n, n); infinite where they are seen at one time, so for certain are two people."""
    samples, seen = [piece.sample() for piece in pieces], [set(piece.at) for piece in pieces]
    unlike = np.zeros((len(pieces), len(pieces)))
    for i, a in enumerate(pieces):
        for j, b in enumerate(pieces[:i]):
            nearest = float(np.linalg.norm(samples[i][:, None] - samples[j][None], axis=-1).min())
            here = nearest * (SAME_PLACE if _same_place(a, b) else 1.0)
            unlike[i, j] = unlike[j, i] = here if seen[i].isdisjoint(seen[j]) else np.inf
    return unlike


def _same_place(a: Piece, b: Piece) -> bool:
    first, then = (a, b) if a.at[0] < b.at[0] else (b, a)
    return a.scene == b.scene and _step(first.faces[-1], then.faces[0]) < MAX_STEP
