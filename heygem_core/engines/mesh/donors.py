"""Chooses, for every frame of a take, the donor: the frame of the clip whose mouth it shows.

A donor is good where its lips nearly have the wanted shape, the head is turned alike and the picture is sharp; a path of
donors is good where it runs on through the clip instead of jumping (Viterbi, as unit selection does in Bregler, Covell and
Slaney, "Video Rewrite", SIGGRAPH 1997). The path is decided in blocks of about a second that meet in anchors, each chosen
from its own frame alone: a change of the speech can never reach further than one block.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...face.mesh import INNER_LIP_PAIRS
from ...storage.scratch import scratch_array
from .vertices import LIPS

_SHAPE_UNIT = 0.012  # eye distances, root mean square over the lips: a difference that begins to show
_POSE_UNIT, _ROLL_UNIT = 13.0, 30.0  # degrees: lips of a head turned otherwise are drawn, lit and tracked otherwise
_OPENING_UNIT = 0.17  # logarithm of an opening: teeth of a mouth that is shown further open than it was are parted or look long
_CLOSED = 0.025  # eye distances, openings below are alike
_JUMP_COST = 7.0
_CANDIDATES = 48
_UPPER, _LOWER = ([LIPS.index(vertex) for vertex in side] for side in zip(*INNER_LIP_PAIRS, strict=True))
_CHUNK, _ROWS = 512, 64  # wanted frames compared with the library, and chosen for, at a time: bounds memory


class DonorLibrary(NamedTuple):
    """Frames of the clip that can lend their mouth."""

    frames: NDArray[np.int64]  # (D,) frame numbers in the file, increasing
    lips: NDArray[np.float32]  # (D, L, 3) face-space lip points, in the order of vertices.LIPS
    pose: NDArray[np.float32]  # (D, 3) yaw, pitch, roll in degrees
    penalty: NDArray[np.float32]  # (D,) ≥ 0, for blur and doubtful tracking


def choose_donors(
    library: DonorLibrary, lips: NDArray[np.float32], pose: NDArray[np.float32], usable: NDArray[np.bool_], block: int
) -> NDArray[np.int32]:
    """Index into the library for every wanted frame (T,), -1 where not usable.

    lips (T, L, 3) wanted lip points in face space; pose (T, 3) degrees; block: frames between anchors.
    """
    path = np.full(len(lips), -1, np.int32)
    if not len(library.frames):
        return path
    cost, candidate = _candidates(library, lips, pose)
    for start, end in _stretches(usable, block):
        path[start:end] = _viterbi(library, cost[start:end], candidate[start:end])
    return path


def crossfade_frames(library: DonorLibrary, path: NDArray[np.int32], block: int) -> NDArray[np.int32]:
    """Where a path (T,) jumps in the clip: the donor that is mixed half and half with the frame's own, -1 elsewhere.

    One mixed frame hides the jump as a dissolve does. Anchors, every `block` frames, use their own donor alone.
    """
    shared = np.full(len(path), -1, np.int32)
    frames = np.where(path >= 0, library.frames[path], -9) if len(library.frames) else np.full(len(path), -9)
    for after in np.flatnonzero((np.abs(np.diff(frames)) > 1) & (frames[1:] >= 0) & (frames[:-1] >= 0)) + 1:
        if after % block:
            shared[after] = path[after - 1]
        elif (after - 1) % block and shared[after - 1] < 0:
            shared[after - 1] = path[after]
    return shared


def _stretches(usable: NDArray[np.bool_], block: int) -> list[tuple[int, int]]:
    """Overlapping-by-one ranges between anchors (multiples of `block`) and the edges of usable runs."""
    found = []
    edges = np.flatnonzero(np.diff(np.concatenate([[False], usable, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        anchors = [a for a in range(-(-int(start + 1) // block) * block, int(end) - 1, block)]
        bounds = [int(start), *anchors, int(end) - 1]
        found += [(a, b + 1) for a, b in pairwise(bounds)]
    return found


def _candidates(
    library: DonorLibrary, lips: NDArray[np.float32], pose: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """The best donors of each wanted frame: cost and index, both (T, K), cheapest first."""
    keep = min(_CANDIDATES, len(library.frames))
    have = _features(library.lips, library.pose)
    size = (have**2).sum(1) + library.penalty
    costs, indices = scratch_array((len(lips), keep)), scratch_array((len(lips), keep), np.int32)
    for first in range(0, len(lips), _CHUNK):
        want = _features(lips[first : first + _CHUNK], pose[first : first + _CHUNK])
        square, product = (want**2).sum(1)[:, None], 2 * want @ have.T
        for row in range(0, len(want), _ROWS):
            some = slice(row, row + _ROWS)
            cost = np.maximum(size[None] + square[some] - product[some], 0)
            index = np.argpartition(cost, keep - 1, axis=1)[:, :keep]
            cost = np.take_along_axis(cost, index, 1)
            order = np.argsort(cost, axis=1, kind="stable")
            there = slice(first + row, first + row + len(cost))
            costs[there], indices[there] = np.take_along_axis(cost, order, 1), np.take_along_axis(index, order, 1)
    return costs, indices


def _features(lips: NDArray[np.float32], pose: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors whose squared distance is the cost of lending: (n, F)."""
    flat = lips[:, :, :2].reshape(len(lips), -1) / (_SHAPE_UNIT * np.sqrt(lips.shape[1]))
    opening = np.linalg.norm((lips[:, _UPPER] - lips[:, _LOWER])[..., :2], axis=-1).mean(1, keepdims=True)  # as the camera sees it
    opening = np.log(opening + _CLOSED) / _OPENING_UNIT
    return np.asarray(np.concatenate([flat, opening, pose[:, :2] / _POSE_UNIT, pose[:, 2:] / _ROLL_UNIT], 1), np.float32)


def _viterbi(library: DonorLibrary, cost: NDArray[np.float32], candidate: NDArray[np.int32]) -> NDArray[np.int32]:
    """Cheapest path between the best donors of the first and the last frame: (n,) library indices."""
    count = len(cost)
    total = np.full(cost.shape[1], np.inf, np.float32)
    total[0] = cost[0, 0]
    back = np.zeros(cost.shape, np.int32)
    for t in range(1, count):
        step = total[:, None] + _jump(library, candidate[t - 1], candidate[t])
        back[t] = step.argmin(0)
        total = step.min(0) + cost[t]
    state = 0 if count > 1 else int(total.argmin())
    path = np.empty(count, np.int32)
    for t in range(count - 1, -1, -1):
        path[t] = candidate[t, state]
        state = int(back[t, state])
    return path


def _jump(library: DonorLibrary, before: NDArray[np.int32], after: NDArray[np.int32]) -> NDArray[np.float64]:
    """Cost (K, K) of going from one donor to the next: nothing where the clip itself goes on."""
    distance = np.abs(library.frames[after][None] - library.frames[before][:, None]).astype(np.float32)
    return np.asarray(np.where(distance <= 1, 0.1 * (distance == 0), _JUMP_COST + 0.4 * np.minimum(distance - 1, 10) / 10))
