"""Finds what lies before a lower face: a microphone, a hand, a cup.

What belongs to the face is learnt from the clip itself. The face's picture is read on a grid that the mesh carries along, so that a skin
spot stays at its place however the head moves and the mouth opens. Per place, a robust regression on the head's turn and the mouth's shape
says which colour is expected; the light of each frame (a level and a slope per channel) is taken out first, measured from the whole face.
What then stands out over a good part of the skin, by far more than this person's own spread, does not belong to the face. Lips are not
judged by themselves: they vanish, stretch and shine of their own accord.

An object of other colours is found with its outline. One of the colour of skin is hardly more than suspected, and such frames are
*unsure*; but hands are known by their shape (`hands`), and are believed where the face looks strange as well. What stands before the mouth
for most of a stretch becomes a part of the face as it is learnt, and is not found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import scipy
from numpy.typing import NDArray

from .hands import draw_hand
from .mesh import LIP_CORNERS, OUTER_LIPS

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

OCCLUSION_VERSION = 7  # raise it whenever the same clip would give other masks
COLUMNS, LOWER_ROWS, UPPER_ROWS = 40, 40, 14  # of the grid; the upper rows, eyes to nose, only tell the light
ROWS = LOWER_ROWS + UPPER_ROWS
HALF_WIDTH = 0.62  # of the grid, in eye distances
LONGEST = 400  # frames that are learnt from together: bounds memory
FEWEST = 24  # frames below which nothing can be learnt

_NOSE, _CHIN, _NOSE_TIP, _EYES, _LIP_MIDDLES = 2, 152, 1, (33, 263), (13, 14)
_FLOORS = np.array([0.05, 0.02, 0.02, 0.045], np.float32)  # of luma, both chroma and fine structure: differences that say nothing
_SPREAD = 3.0  # times a place's own spread is still the face
_ROUNDS = 4  # of the robust regression
_RIDGE = 0.15
_SMOOTH = 0.8  # places
# Strangeness at which a place is covered, and at which what is beside it is too; and the share of the skin that has to be that strange.
_COVERED, _BESIDE, _SHARE = 2.0, 1.2, 0.04
_EDGE = 0.18  # of what a thing is in its middle, at which it ends
_SUSPECT = 1.05  # … at which a frame is unsure
_WORTH_A_LOOK = 0.6  # … at which a hand is looked for: one that is there for long is hardly strange
_STRANGE_HAND = 0.8  # … that bears out that a hand is there
_LOOKS_BESIDE = 4  # around a hand that is seen, in which it is looked for, too
_WITH_HAND = 0.9  # … at which what touches a hand goes with it
_BORNE_OUT = 0.12  # of the skin behind a hand, that has to be as strange: now and then a face is taken for a hand
# Of the lips, above which the mouth is not drawn: behind a hand or a large thing, and behind one that is found with its outline.
_HIDDEN, _NEARLY_ALL = 0.6, 0.85
_GAP, _SHORTEST = 3, 4  # looks: a thing does not go for so few, and a hand does not come for fewer
_LARGE = 0.27  # of the skin: what hides more is taken for a thing without hollows, such as a cup; a microphone hides less


class FaceGrid(NamedTuple):
    """Places of a face, (ROWS, COLUMNS) of them, carried by the mesh."""

    corners: NDArray[np.intp]  # (ROWS·COLUMNS, 3) mesh vertices between which a place lies
    weights: Floats  # (ROWS·COLUMNS, 3) of the corners
    face: Mask  # places that lie on the face
    judged: Mask  # of its lower part, without the rim
    skin: Mask  # those of them that are no lips
    lips: Mask  # those of them that are

    def positions(self, points: Floats) -> Floats:
        """Where the places (ROWS, COLUMNS, 2) lie for mesh points (478, 2+)."""
        return positions_of(points, self.corners, self.weights)


def positions_of(points: Floats, corners: NDArray[np.intp], weights: Floats) -> Floats:
    """The same, of a grid's corners and weights."""
    return np.asarray((points[corners, :2] * weights[..., None]).sum(1).reshape(ROWS, COLUMNS, 2), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cover:
    """What was found to lie before a person's face in F frames."""

    packed: NDArray[np.uint8]  # (F, ROWS, COLUMNS / 8) the places that are covered, a bit each
    corners: NDArray[np.intp]  # of the grid
    weights: Floats
    unsure: Mask  # (F,)

    def masks(self, rows: NDArray[np.int64]) -> Mask:
        """(n, ROWS, COLUMNS) the covered places in some of the frames."""
        return np.unpackbits(self.packed[rows], axis=-1).astype(bool)

    def positions(self, points: Floats) -> Floats:
        """As `FaceGrid.positions`."""
        return positions_of(points, self.corners, self.weights)


def face_grid(points: Floats) -> FaceGrid:
    """The grid of a person, laid out on the median of their mesh points (T, 478, 2+), upright pixels."""
    usual = np.median(_upright(points), 0)
    low, high = usual[_NOSE, 1] - 0.02, usual[_CHIN, 1] + 0.02
    step = (high - low) / (LOWER_ROWS - 1)
    rows = low + step * np.arange(-UPPER_ROWS, LOWER_ROWS)
    places = np.stack(np.meshgrid(np.linspace(-HALF_WIDTH, HALF_WIDTH, COLUMNS), rows), -1).reshape(-1, 2)
    triangles = scipy.spatial.Delaunay(usual[:468])  # without the irises
    found = triangles.find_simplex(places)
    to = triangles.transform[found]
    first = np.einsum("nij,nj->ni", to[:, :2], places - to[:, 2])
    face = (found >= 0).reshape(ROWS, COLUMNS)
    outline = usual[list(OUTER_LIPS)]
    around = outline - outline.mean(0)
    outline = outline[np.argsort(np.arctan2(around[:, 1], around[:, 0]))]
    at = np.stack([(outline[:, 0] / HALF_WIDTH + 1) / 2 * (COLUMNS - 1), (outline[:, 1] - low) / step + UPPER_ROWS], 1)
    lips = np.zeros((ROWS, COLUMNS), np.uint8)
    cv2.fillPoly(lips, [at.round().astype(np.int32)], [1])
    judged = scipy.ndimage.binary_erosion(face, iterations=3)
    judged[:UPPER_ROWS] = False
    return FaceGrid(
        corners=triangles.simplices[found],
        weights=np.concatenate([first, 1 - first.sum(1, keepdims=True)], 1).astype(np.float32),
        face=face,
        judged=judged,
        skin=judged & ~scipy.ndimage.binary_dilation(lips.astype(bool)),
        lips=judged & lips.astype(bool),
    )


def face_texture(rgb: NDArray[np.uint8], points: Floats, grid: FaceGrid) -> Floats:
    """(ROWS, COLUMNS, 3) luma and chroma, 0 … 1, of a face in an upright picture (h, w, 3); points (478, 2+) in its pixels."""
    at = grid.positions(points) - 0.5
    apart = float(np.linalg.norm(points[_EYES[1], :2] - points[_EYES[0], :2])) * 2 * HALF_WIDTH / COLUMNS
    left, top = np.floor(at.reshape(-1, 2).min(0) - 4).clip(0).astype(int)
    right, bottom = np.ceil(at.reshape(-1, 2).max(0) + 4).astype(int)
    cut = rgb[top : max(bottom, top + 1), left : max(right, left + 1)]
    if not cut.size:
        return np.zeros((ROWS, COLUMNS, 3), np.float32)
    part = np.asarray(cv2.GaussianBlur(cut, (0, 0), apart * 0.4), np.uint8) if apart > 1.6 else cut
    read = cv2.remap(part, at[..., 0] - left, at[..., 1] - top, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(read, cv2.COLOR_RGB2YCrCb), np.float32) / 255


def habits(points: Floats) -> Floats:
    """(T, 5) what a face's looks follow: turned sideways and down, mouth open and wide, head tilted; in this person's own spreads."""
    eye = points[:, _EYES[1], :2] - points[:, _EYES[0], :2]
    size, flat = np.linalg.norm(eye, axis=1), _upright(points)
    nose, mouth = flat[:, _NOSE_TIP], flat[:, list(_LIP_MIDDLES)]
    wide = flat[:, list(LIP_CORNERS)]
    figures = np.stack(
        [
            *(nose[:, 0], nose[:, 1]),
            *(np.linalg.norm(mouth[:, 0] - mouth[:, 1], axis=1), np.linalg.norm(wide[:, 0] - wide[:, 1], axis=1)),
            np.arcsin(eye[:, 1] / np.maximum(size, 1e-6)),
        ],
        1,
    )
    middle = np.median(figures, 0)
    spread = 1.48 * np.median(np.abs(figures - middle), 0) + [0.01, 0.01, 0.01, 0.01, 0.02]
    return np.asarray(np.clip((figures - middle) / spread, -3, 3), np.float32)


def strangeness(textures: Floats, follows: Floats, grid: FaceGrid, behind: Mask | None = None) -> Floats:
    """(T, ROWS, COLUMNS) how far each place is from what this face shows there; 1 is the most that a face shows by itself, roughly.

    textures (T, ROWS, COLUMNS, 3) of `face_texture`, follows (T, 5) of `habits`; T at most `LONGEST`. behind (T, ROWS, COLUMNS) the places
    that are known to be covered: nothing is learnt there.
    """
    count = len(textures)
    fine = textures[..., :1] - _blurred(textures[..., 0], 2.0)[..., None]
    design = np.concatenate([np.ones((count, 1), np.float32), follows], 1)
    squares = np.einsum("ti,tj->tij", design, design).reshape(count, -1)
    ridge = np.diag([1e-6] + [_RIDGE] * follows.shape[1]) * count
    expected = _usual(textures, behind)[None]
    strange: Floats | None = None
    for turn in range(_ROUNDS):
        weights = _weights(strange, count, grid, behind)
        seen = np.concatenate([textures - _light(textures - expected, weights), fine], -1)
        if strange is None:
            model = _usual(seen, behind)[None]
        else:
            trust = 1 / (1 + 2 * _fourth_power(strange))
            if behind is not None:
                trust = np.where(behind, np.float32(1e-3) * trust, trust)
            normal = (trust.reshape(count, -1).T @ squares).reshape(-1, *ridge.shape) + ridge
            right = (design.T @ (trust[..., None] * seen).reshape(count, -1)).reshape(len(ridge), -1, seen.shape[-1])
            learnt = np.linalg.solve(normal, right.transpose(1, 0, 2)).transpose(1, 0, 2).reshape(len(ridge), -1)
            model = (design @ learnt.astype(np.float32)).reshape(seen.shape)
        off = np.abs(seen - model)
        expected = model[..., :3]
        # At first by the calmest third: a thing that is there for long would widen what is taken for the face's own spread.
        own = 2.2 * _share_below(off, 0.35) if turn < 2 else 1.48 * _usual(off, behind)
        raw = np.sqrt(np.square(off / (_FLOORS + _SPREAD * own)).sum(-1))
        strange = _blurred(raw, _SMOOTH)
    assert strange is not None
    return strange


def hand_places(hands: list[Floats], positions: Floats) -> Mask:
    """(ROWS, COLUMNS) the places that lie behind hands (21, 2); positions (ROWS, COLUMNS, 2) of the places in the same picture."""
    low = np.floor(positions.reshape(-1, 2).min(0)).astype(int)
    width, height = (np.ceil(positions.reshape(-1, 2).max(0)).astype(int) - low + 1).tolist()
    mask = np.zeros((height, width), np.uint8)
    for hand in hands:
        draw_hand(mask, hand - low)
    at = np.round(positions - low).astype(int)
    return np.asarray(mask[at[..., 1], at[..., 0]] > 0)


def may_be_covered(strange: Floats, grid: FaceGrid) -> Mask:
    """(T,) the frames in which it is worth looking for a hand."""
    return np.asarray((strange[:, grid.skin] > _WORTH_A_LOOK).sum(1) >= _SHARE * grid.skin.sum())


def behind_hands(wanted: Mask, look: Callable[[NDArray[np.intp]], Iterable[tuple[list[Floats], Floats]]], grid: FaceGrid) -> Mask:
    """(T, ROWS, COLUMNS) the places behind hands. Looked at are the frames `wanted` (T,) and those around which a hand is.

    look: for ascending frame numbers (n,), the hands (21, 2) and the mesh points (478, 2+) of each, in the same pixels.
    """
    behind = np.zeros((len(wanted), ROWS, COLUMNS), bool)
    looked = np.zeros(len(wanted), bool)
    while (now := np.flatnonzero(wanted & ~looked)).size:
        for frame, (hands, points) in zip(now.tolist(), look(now), strict=True):
            behind[frame] = hand_places(hands, grid.positions(points)) & grid.face
        looked[now] = True
        wanted = wanted | scipy.ndimage.binary_dilation(behind.any((1, 2)), iterations=_LOOKS_BESIDE)
    # Now and then a microphone before a face is taken for a hand for a moment; hands stay longer.
    stays = scipy.ndimage.binary_opening(np.pad(_lasting(behind.any((1, 2))), _SHORTEST, mode="edge"), np.ones(_SHORTEST))
    behind[~stays[_SHORTEST:-_SHORTEST]] = False
    return behind


def covered_places(strange: Floats, grid: FaceGrid, behind: Mask | None = None) -> tuple[Mask, Mask]:
    """What `strangeness` says: (T, ROWS, COLUMNS) the places that something lies before, and (T,) the frames that are unsure.

    behind (T, ROWS, COLUMNS) the places behind hands. Places that are not judged (the rim, the nose) are like the nearest judged one. A
    mouth most of whose lips are covered by a hand or a large thing, or nearly all of them by another, has nothing to show: its frames are
    unsure, too, so that the thing stays whole.
    """
    covered = np.zeros(strange.shape, bool)
    nearest = scipy.ndimage.distance_transform_edt(~grid.judged, return_distances=False, return_indices=True)
    fewest = _SHARE * grid.skin.sum()
    hidden = np.zeros(len(strange), bool)
    suspected = (strange[:, grid.skin] > _SUSPECT).sum(1) >= fewest
    for frame, each in enumerate(strange):
        hand = np.zeros_like(grid.judged) if behind is None else behind[frame] & grid.judged
        on_skin = each[hand & grid.skin]
        believed = len(on_skin) >= fewest and bool((on_skin > _STRANGE_HAND).mean() > _BORNE_OUT)
        if believed:
            parts, _ = scipy.ndimage.label(hand | ((each > _WITH_HAND) & grid.judged))  # the arm, the other hand, what it holds
            covered[frame] |= np.isin(parts, np.unique(parts[hand]))
        parts, count = scipy.ndimage.label((each > _BESIDE) & grid.judged)
        for part in range(1, count + 1):
            here = parts == part
            if (each[here & grid.skin] > _COVERED).sum() >= fewest:
                covered[frame] |= _whole(here & (each > _EDGE * np.quantile(each[here], 0.9)), grid)
        covered[frame] = covered[frame][tuple(nearest)]
        if covered[frame].any() and grid.lips.any():
            spanned = covered[frame] | _hull((each > _COVERED) & grid.judged)  # of a cup that is there for long only the rim may be strange
            large = believed or spanned[grid.skin].mean() > _LARGE
            hidden[frame] = spanned[grid.lips].mean() > (_HIDDEN if large else _NEARLY_ALL)
    found = covered.any((1, 2))
    # What is suspected in a single frame, and not in the one before or after, comes and goes faster than things do.
    suspected &= scipy.ndimage.binary_opening(np.pad(suspected | found, 1, mode="edge"), np.ones(2))[1:-1]
    unsure = (suspected & ~found) | _lasting(hidden)
    return covered, unsure | (_lasting(found | unsure) & ~found)


def _lasting(frames: Mask) -> Mask:
    """(T,) frames with short gaps between them filled: a thing does not go, and a mouth does not come back, for a moment."""
    return np.asarray(scipy.ndimage.binary_closing(np.pad(frames, _GAP), np.ones(_GAP + 1))[_GAP:-_GAP])


def _whole(part: Mask, grid: FaceGrid) -> Mask:
    """A part with its hollows filled if it is large: what a cup shows for long looks like the face, and its rim would be missing."""
    hull = _hull(part) & grid.judged
    return hull if hull[grid.skin].sum() > _LARGE * grid.skin.sum() else part


def _hull(part: Mask) -> Mask:
    """The convex hull of the places of a part (ROWS, COLUMNS)."""
    filled = np.zeros(part.shape, np.uint8)
    if part.any():
        cv2.fillConvexPoly(filled, cv2.convexHull(np.argwhere(part)[:, ::-1].astype(np.int32)), [1])
    return filled.astype(bool)


def cover_in_picture(luma: Floats, covered: Mask, positions: Floats) -> Floats:
    """(h, w) 0 … 1: how much of each pixel lies behind something; the edges are those of the picture.

    luma (h, w) of a part of the picture; covered (ROWS, COLUMNS); positions (ROWS, COLUMNS, 2) of the places in its pixels, whose centres
    lie at whole numbers.
    """
    places = np.stack(np.meshgrid(np.arange(COLUMNS), np.arange(ROWS)), -1).astype(np.float32)
    flat = np.concatenate([places.reshape(-1, 2), np.ones((places.size // 2, 1), np.float32)], 1)
    to_picture = np.linalg.lstsq(flat, positions.reshape(-1, 2), rcond=None)[0]  # (3, 2): the grid as a whole
    off = (positions.reshape(-1, 2) - flat @ to_picture).reshape(positions.shape).astype(np.float32)  # what the face does beyond that
    back = np.linalg.inv(to_picture[:2])
    height, width = luma.shape
    pixels = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    at = (pixels - to_picture[2]) @ back
    for _ in range(2):
        at = (pixels - _read(off, at) - to_picture[2]) @ back
    apart = float(np.sqrt(abs(np.linalg.det(to_picture[:2]))))  # pixels from place to place
    level = _read(scipy.ndimage.binary_dilation(covered).astype(np.float32), at)
    refined = _guided(luma, level, max(1, round(1.5 * apart)))
    return np.asarray(np.clip((refined - 0.25) / 0.4, 0, 1), np.float32)


def _upright(points: Floats) -> Floats:
    """(T, 478, 2) the points with level eyes, from the midpoint between them, in eye distances."""
    flat = points[..., :2]
    eye = flat[:, _EYES[1]] - flat[:, _EYES[0]]
    size = np.maximum(np.linalg.norm(eye, axis=1), 1e-6)[:, None]
    across = eye / size
    down = np.stack([-across[:, 1], across[:, 0]], 1)
    from_middle = flat - (flat[:, _EYES[1]] + flat[:, _EYES[0]])[:, None] / 2
    turned = np.stack([(from_middle * across[:, None]).sum(-1), (from_middle * down[:, None]).sum(-1)], -1)
    return np.asarray(turned / size[..., None], np.float32)


_SLOPES = np.stack(
    [
        np.ones((ROWS, COLUMNS), np.float32),
        np.broadcast_to(np.arange(COLUMNS, dtype=np.float32) / COLUMNS - 0.5, (ROWS, COLUMNS)),
        np.broadcast_to(np.arange(ROWS, dtype=np.float32)[:, None] / ROWS - 0.5, (ROWS, COLUMNS)),
    ],
    -1,
).reshape(-1, 3)


def _weights(strange: Floats | None, count: int, grid: FaceGrid, behind: Mask | None) -> Floats:
    """(T, ROWS, COLUMNS) how much each place says about the light: at first mostly the upper face, which is seldom covered."""
    if strange is None:
        first = grid.face * np.where(np.arange(ROWS) < UPPER_ROWS, 1.0, 0.3)[:, None]
        weights = np.broadcast_to(first.astype(np.float32), (count, ROWS, COLUMNS))
    else:
        weights = np.asarray(grid.face / (1 + 4 * _fourth_power(strange)), np.float32)
    return weights if behind is None else np.where(behind, np.float32(0), weights)


def _fourth_power(strange: Floats) -> Floats:
    return np.asarray(np.square(np.square(np.minimum(strange, 9))), np.float32)


def _blurred(pictures: Floats, sigma: float) -> Floats:
    """Each of (T, ROWS, COLUMNS) smoothed."""
    side = 2 * round(4 * sigma) + 1
    return np.stack([cv2.GaussianBlur(each, (side, side), sigma, borderType=cv2.BORDER_REFLECT) for each in pictures])


def _usual(values: Floats, behind: Mask | None) -> Floats:
    """(ROWS, COLUMNS, n) the median over the frames that show the face; of a place that never does, over all."""
    if behind is None or not behind.any():
        return _share_below(values, 0.5)
    hidden = behind & ~behind.all(0)
    ordered = np.sort(_by_place(np.where(hidden[..., None], np.float32(np.inf), values)))
    last = (~hidden).sum(0)[..., None, None] - 1
    low, high = (np.take_along_axis(ordered, np.broadcast_to(at, (*ordered.shape[:-1], 1)), -1) for at in (last // 2, (last + 1) // 2))
    return np.asarray((low + high)[..., 0] / 2, np.float32)


def _share_below(values: Floats, share: float) -> Floats:
    """(ROWS, COLUMNS, n) the quantile over the frames of (T, ROWS, COLUMNS, n)."""
    at = share * (len(values) - 1)
    places = [int(at), min(int(at) + 1, len(values) - 1)]
    low, high = np.partition(_by_place(values), places)[..., places].transpose(3, 0, 1, 2)
    return np.asarray(low + (high - low) * np.float32(at - int(at)), np.float32)


def _by_place(values: Floats) -> Floats:
    """(ROWS, COLUMNS, n, T) with what belongs to one place beside each other, which is quicker to put in order."""
    return np.ascontiguousarray(values.transpose(1, 2, 3, 0))


def _light(off: Floats, weight: Floats) -> Floats:
    """The level and the slopes (T, ROWS, COLUMNS, 3) of differences, by weighted least squares; weight (T, ROWS, COLUMNS)."""
    flat = weight.reshape(len(weight), -1)
    squares = np.einsum("pi,pj->pij", _SLOPES, _SLOPES).reshape(len(_SLOPES), -1)
    normal = (flat @ squares).reshape(-1, 3, 3) + np.diag([1e-6, 0.02, 0.02]) * np.maximum(flat.sum(1), 1e-6)[:, None, None]
    right = _SLOPES.T @ (weight[..., None] * off).reshape(len(weight), -1, 3)
    return np.asarray(_SLOPES @ np.linalg.solve(normal, right), np.float32).reshape(off.shape)


def _read(array: Floats, at: NDArray[np.floating[Any]]) -> Floats:
    where = at.astype(np.float32)
    return np.asarray(cv2.remap(array, where[..., 0], where[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _guided(guide: Floats, level: Floats, radius: int, smooth: float = 4e-4) -> Floats:
    """The level with the edges of the guide (K. He, J. Sun and X. Tang, "Guided image filtering", ECCV 2010)."""

    def mean(array: Floats) -> Floats:
        return np.asarray(cv2.blur(array, (2 * radius + 1, 2 * radius + 1)), np.float32)

    about, of_level = mean(guide), mean(level)
    slope = (mean(guide * level) - about * of_level) / (mean(guide * guide) - about**2 + smooth)
    return np.asarray(mean(slope) * guide + mean(of_level - slope * about), np.float32)
