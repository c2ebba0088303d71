"""Finds out how much of a mouth something lies before, frame by frame, and what that means for the person of a shot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..face.mesh import OUTER_LIPS
from ..motion.neutral import neutral_shape
from .person import Person, points_in_picture

if TYPE_CHECKING:
    from ..media.holdout import Holdout
    from ..media.info import MediaInfo

_FEWEST = 12  # frames with the mouth seen whole from which its rest is found among them alone
_AROUND = 0.25  # of the size of the lips' box, by which it is larger on each side


def with_covered(person: Person, info: MediaInfo, holdout: Holdout | None) -> Person:
    """The person, knowing where the mouth is covered; its rest is that of the frames in which it is not."""
    if holdout is None:
        return person
    covered = covered_shares(person, info, holdout)
    person = replace(person, covered=covered)
    if int(person.learnable.sum()) < _FEWEST or person.learnable.sum() == person.usable.sum():
        return person
    return replace(person, neutral=neutral_shape(person.shapes, person.learnable))


def covered_shares(person: Person, info: MediaInfo, holdout: Holdout) -> NDArray[np.float32]:
    """(F,) share of the box around the lips that the matte covers; 0 in frames that are not usable."""
    shares = np.zeros(len(person.shapes), np.float32)
    frames = np.arange(len(shares)) + person.first_frame
    lips = points_in_picture(person, info, frames, OUTER_LIPS)
    size = lips.max(1) - lips.min(1)
    low, high = lips.min(1) - _AROUND * size, lips.max(1) + _AROUND * size
    limit = np.array(info.coded_size)
    for row, level in enumerate(holdout.levels(frames)):
        if person.usable[row]:
            (left, top), (right, bottom) = (np.clip(np.round(corner[row]), 0, limit).astype(int).tolist() for corner in (low, high))
            inside = level[top:bottom, left:right]
            shares[row] = inside.mean() if inside.size else 0
    return shares
