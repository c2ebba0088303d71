"""Chooses other frames of the clip that show the person to a network: like in pose, unlike in their mouth.

A network that sees the frame's own mouth copies something of it. One frame serves for long stretches, because every change of it can be
seen: the path over stretches of about a second is the cheapest one (Viterbi), and it depends on the clip alone, never on the speech.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...face.mesh import head_angles, lip_opening, lip_width
from ...planning.person import Person

_CANDIDATES = 16
_STRETCH_S = 1.0
_POSE_UNIT = 8.0  # degrees that begin to matter
_SIZE_UNIT = 0.15  # logarithm of the face's size
_MOUTH_UNIT = 0.03  # eye distances: mouths nearer than that are alike
_ALIKE_COST = 3.0
_CHANGE_COST = 2.0

Floats = NDArray[np.float64]


def choose_references(person: Person, rate: float) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The frames that serve (D,), as rows of the person, ascending; and which of them serves each of its F frames (F,), −1 = not usable."""
    usable = np.flatnonzero(person.usable)
    pose, mouth = _poses(person, usable), _mouths(person, usable)
    candidates = _spread(np.concatenate([pose, mouth / (2 * _MOUTH_UNIT)], 1))
    cost = np.square(pose[:, None] - pose[None, candidates]).sum(-1)
    alike = np.exp(-np.square((mouth[:, None] - mouth[None, candidates]) / _MOUTH_UNIT).sum(-1))
    cost = cost + _ALIKE_COST * alike
    stretch = np.unique(np.stack([person.scenes[usable], usable // max(1, round(_STRETCH_S * rate))]), axis=1, return_inverse=True)[
        1
    ].ravel()
    means = np.stack([np.bincount(stretch, cost[:, k]) for k in range(len(candidates))], 1) / np.bincount(stretch)[:, None]
    chosen = _cheapest(means)[stretch]
    used = np.unique(chosen)
    rows = np.full(len(person.reasons), -1, np.int32)
    order = np.argsort(usable[candidates[used]])
    place = np.empty(len(used), np.int32)
    place[order] = np.arange(len(used))
    rows[usable] = place[np.searchsorted(used, chosen)]
    return np.sort(usable[candidates[used]]), rows


def _poses(person: Person, rows: NDArray[np.int64]) -> Floats:
    angles = head_angles(person.pose.rotation[rows]) / _POSE_UNIT
    return np.concatenate([angles, np.log(person.pose.scale[rows])[:, None] / _SIZE_UNIT], 1)


def _mouths(person: Person, rows: NDArray[np.int64]) -> Floats:
    shapes = person.shapes[rows]
    return np.stack([lip_opening(shapes), lip_width(shapes)], 1)


def _spread(looks: Floats) -> NDArray[np.int64]:
    """Positions of at most `_CANDIDATES` looks (n, L) that lie far apart, the first nearest to the median."""
    found = [int(np.square(looks - np.median(looks, 0)).sum(1).argmin())]
    away = np.square(looks - looks[found[0]]).sum(1)
    while len(found) < min(_CANDIDATES, len(looks)) and away.max() > 0.25:
        found.append(int(away.argmax()))
        away = np.minimum(away, np.square(looks - looks[found[-1]]).sum(1))
    return np.array(found)


def _cheapest(cost: Floats) -> NDArray[np.int64]:
    """The cheapest path (T,) through costs (T, K), a change of state costing `_CHANGE_COST`."""
    count, states = cost.shape
    change = _CHANGE_COST * (1 - np.eye(states))
    total, back = cost[0], np.zeros((count, states), np.int64)
    for t in range(1, count):
        step = total[:, None] + change
        back[t] = step.argmin(0)
        total = step.min(0) + cost[t]
    path = np.empty(count, np.int64)
    path[-1] = total.argmin()
    for t in range(count - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return path
