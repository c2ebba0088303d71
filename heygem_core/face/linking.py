"""Links the faces of single frames into pieces of one person each, and pieces into people.

A piece is an unbroken (up to a few frames) path of one face within a scene. Pieces that overlap in time are different
people for certain; others are joined when they look alike, nearest pair first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from .looks import look_distance
from .mesh import eye_distance
from .tracker import Face

if TYPE_CHECKING:
    from .tracks import FrameFaces

MAX_GAP_FRAMES = 3
MAX_STEP = 0.8
MAX_LOOK = 0.12


@dataclass(slots=True)
class Piece:
    """One face on its way through a scene."""

    scene: int
    at: list[int] = field(default_factory=list)  # positions in the sequence of frames, rising
    faces: list[Face] = field(default_factory=list)
    looks: list[npt.NDArray[np.float32]] = field(default_factory=list)

    def look(self) -> npt.NDArray[np.float32]:
        return np.median(np.stack(self.looks), axis=0)


def link_pieces(frames: list[FrameFaces]) -> list[Piece]:
    """The faces of consecutive frames as pieces, by place and size."""
    done: list[Piece] = []
    open_: list[Piece] = []
    for at, frame in enumerate(frames):
        fresh = [p for p in open_ if p.scene == frame.scene and at - p.at[-1] <= MAX_GAP_FRAMES + 1]
        done += [p for p in open_ if p not in fresh]
        open_ = fresh
        pairs = _nearest(open_, frame)
        for k, (face, look) in enumerate(zip(frame.faces, frame.looks, strict=True)):
            piece = pairs.get(k)
            if piece is None:
                piece = Piece(frame.scene)
                open_.append(piece)
            piece.at.append(at)
            piece.faces.append(face)
            piece.looks.append(look)
    return done + open_


def _nearest(pieces: list[Piece], frame: FrameFaces) -> dict[int, Piece]:
    """Which piece each face of a frame continues, by its position in `frame.faces`."""
    if not pieces or not frame.faces:
        return {}
    cost = np.array([[_step(piece.faces[-1], face) for face in frame.faces] for piece in pieces])
    rows, columns = linear_sum_assignment(np.minimum(cost, 10 * MAX_STEP))
    return {int(c): pieces[r] for r, c in zip(rows, columns, strict=True) if cost[r, c] < MAX_STEP}


def _step(a: Face, b: Face) -> float:
    """How far a face moved and grew, in inter-ocular distances."""
    size_a, size_b = float(eye_distance(a.points)), float(eye_distance(b.points))
    moved = np.linalg.norm(a.points[:, :2].mean(axis=0) - b.points[:, :2].mean(axis=0)) / max(min(size_a, size_b), 1e-6)
    return float(moved + abs(np.log(size_a / size_b)))


def join_people(pieces: list[Piece]) -> list[list[tuple[int, Face]]]:
    """Pieces → people, each as (position in the sequence of frames, face)."""
    people = [[piece] for piece in pieces]
    while len(people) > 1:
        near = [(_unlike(a, b), i, j) for i, a in enumerate(people) for j, b in enumerate(people[:i]) if not _together(a, b)]
        if not near or min(near)[0] > MAX_LOOK:
            break
        _, i, j = min(near)
        people[j] += people.pop(i)
    return [
        sorted(((at, face) for piece in person for at, face in zip(piece.at, piece.faces, strict=True)), key=lambda x: x[0])
        for person in people
    ]


def _together(a: list[Piece], b: list[Piece]) -> bool:
    """Whether two people are seen at one time."""
    return not {at for piece in a for at in piece.at}.isdisjoint(at for piece in b for at in piece.at)


def _unlike(a: list[Piece], b: list[Piece]) -> float:
    return min(look_distance(x.look(), y.look()) for x in a for y in b)
