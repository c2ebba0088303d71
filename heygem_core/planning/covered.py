"""Finds out what lies before the mouth of a person, frame by frame, and what that means for the shot.

Two say so: a matte of the user's (`media.holdout`), and the clip itself (`face.occlusion`). What is covered stays the source's own, and its
frames lend no mouth and teach nothing; frames in which something is merely suspected pass through.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableMedia
from ..face import occlusion
from ..face.detection_cache import faces_seen_in, looks_every
from ..face.hands import HandFinder, near_mouth
from ..face.mesh import OUTER_LIPS, Pose, apply_pose, chunks
from ..face.reasons import Reason
from ..face.tracks import TRACKS_VERSION
from ..media.content import frames_content
from ..media.upright import Upright, UprightView
from ..motion.neutral import neutral_shape
from ..shot import Progress
from ..storage.arrays import load_arrays
from ..storage.artefacts import array_of
from ..storage.cache import Cache, key_of
from .person import Person, points_in_picture, stored_points

if TYPE_CHECKING:
    from ..media.holdout import Holdout
    from ..media.info import MediaInfo
    from ..media.kept_regions import KeptRegions
    from ..shot import RenderSettings

Floats = NDArray[np.float32]

_FEWEST = 12  # frames with the mouth seen whole from which its rest is found among them alone
_AROUND = 0.25  # of the size of the lips' box, by which it is larger on each side
_BEYOND = 8  # pixels beside a part that is converted, which decide the chroma at its edges
_EYES_PX = 64  # distance of the eyes at which pictures are looked at: finer than the grid of places


def with_covered(
    person: Person, info: MediaInfo, holdout: Holdout | None, settings: RenderSettings, cache: Cache, regions: KeptRegions
) -> Generator[Progress, None, Person]:
    """The person, knowing where the mouth is covered; its rest is that of the frames in which it is not. Yields progress."""
    cover = (yield from cover_of(person, info, settings, cache, regions)) if settings.occlusion else None
    if cover is None and holdout is None:
        return person
    covered = np.zeros(len(person.shapes), np.float32)
    if cover is not None:
        person = replace(person, cover=cover, reasons=np.where(person.usable & cover.unsure, np.uint8(Reason.UNSURE), person.reasons))
        for part in chunks(len(covered)):
            covered[part] = 2 * np.unpackbits(cover.packed[part, occlusion.UPPER_ROWS :], axis=-1).mean((1, 2))
    if holdout is not None:
        covered = np.maximum(covered, covered_shares(person, info, holdout))
    person = replace(person, covered=np.minimum(covered, 1).astype(np.float32))
    if int(person.learnable.sum()) < _FEWEST or person.learnable.sum() == person.usable.sum():
        return person
    return replace(person, neutral=neutral_shape(person.shapes, person.learnable))


def covered_shares(person: Person, info: MediaInfo, holdout: Holdout) -> Floats:
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


def cover_of(
    person: Person, info: MediaInfo, settings: RenderSettings, cache: Cache, regions: KeptRegions
) -> Generator[Progress, None, occlusion.Cover | None]:
    """What lies before the face by the clip's own pictures, from the cache or found now; None = nothing anywhere."""
    if info.kind == "still":
        return None
    seen = (settings.tracker, person.number, person.first_frame, len(person.shapes))
    clip = faces_seen_in(info, person.first_frame, person.first_frame + len(person.shapes))
    content = frames_content(info, *clip, cache)
    key = key_of(occlusion.OCCLUSION_VERSION, TRACKS_VERSION, content, seen)
    known = cache.read("covers", key, _read)
    if known is None:
        found = yield from find_cover(person, info, regions)
        if frames_content(info, *clip, cache) != content:
            raise UnreadableMedia("media.changed", file=info.path.name)
        with cache.making("covers", key) as made:
            np.savez_compressed(made / "cover.npz", packed=found.packed, corners=found.corners, weights=found.weights, unsure=found.unsure)
        known = found
    return known if known.packed.any() or known.unsure.any() else None


def _read(folder: Path) -> occlusion.Cover:
    return occlusion.Cover(**load_arrays(folder / "cover.npz"))


def find_cover(person: Person, info: MediaInfo, regions: KeptRegions) -> Generator[Progress, None, occlusion.Cover]:
    """Looks at the pictures, scene by scene, and yields progress."""
    count = len(person.shapes)
    packed = np.zeros((count, occlusion.ROWS, occlusion.COLUMNS // 8), np.uint8)
    unsure = np.zeros(count, bool)
    usable = np.flatnonzero(person.usable)
    grid = occlusion.face_grid(_points(person, usable[:: max(1, len(usable) // occlusion.LONGEST)])) if len(usable) else None
    again = (person.first_frame + np.arange(count)) % looks_every(info) == 0
    for scene in np.unique(person.scenes[usable]):
        shown = usable[person.scenes[usable] == scene]
        looked = shown[again[shown]]
        if not len(looked):
            continue
        for part in np.array_split(looked, -(-len(looked) // occlusion.LONGEST)):
            if grid is None or len(part) < occlusion.FEWEST:
                continue
            textures = np.zeros((len(part), occlusion.ROWS, occlusion.COLUMNS, 3), np.float32)
            for k, texture in enumerate(_textures(person, info, part, grid, regions)):
                textures[k] = texture
                yield Progress(stage="plan", done=int(part[k]), total=count)
            follows = occlusion.habits(_points(person, part))
            strange = occlusion.strangeness(textures, follows, grid)
            behind = _behind_hands(person, info, part, grid, regions, occlusion.may_be_covered(strange, grid))
            if behind.any():
                strange = occlusion.strangeness(textures, follows, grid, behind)
            places, unsure[part] = occlusion.covered_places(strange, grid, behind)
            packed[part] = np.packbits(places, axis=-1)
        # Between two looks is what either saw, and beside the first and the last what these saw.
        for before, after in pairwise(looked):
            between = slice(before + 1, after)
            packed[between], unsure[between] = packed[before] | packed[after], unsure[before] | unsure[after]
        for beside, look in ((slice(shown[0], looked[0]), looked[0]), (slice(looked[-1] + 1, shown[-1] + 1), looked[-1])):
            packed[beside], unsure[beside] = packed[look], unsure[look]
    if grid is None:
        return occlusion.Cover(packed=packed, corners=np.zeros((0, 3), np.intp), weights=np.zeros((0, 3), np.float32), unsure=unsure)
    return occlusion.Cover(packed=packed, corners=grid.corners, weights=grid.weights, unsure=unsure)


def _textures(person: Person, info: MediaInfo, rows: NDArray[np.int64], grid: occlusion.FaceGrid, regions: KeptRegions) -> Iterator[Floats]:
    points, upright = _points(person, rows), Upright(info)
    size = max(info.display_size)
    side = min(size, max(64, round(size * _EYES_PX / float(np.median(person.pose.scale[rows])))))
    beyond = 4 * size / side + 8  # a scaler looks at what lies beside
    corners = info.to_coded(np.stack([points.min(1) - beyond, points.max(1) + beyond], 1))
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1).tolist()
    for at, picture in zip(points, regions.pictures((rows + person.first_frame).tolist(), boxes), strict=True):
        rgb = upright.picture(picture, max_side=side)
        yield occlusion.face_texture(rgb, at * (rgb.shape[1] / info.display_size[0]), grid)


def _behind_hands(
    person: Person, info: MediaInfo, rows: NDArray[np.int64], grid: occlusion.FaceGrid, regions: KeptRegions, wanted: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """`occlusion.behind_hands` at some rows (n,)."""
    if not wanted.any():
        return np.zeros((len(rows), occlusion.ROWS, occlusion.COLUMNS), bool)
    with closing(HandFinder()) as finder:
        return occlusion.behind_hands(wanted, lambda now: _hands(finder, person, info, rows[now], regions), grid)


def _hands(
    finder: HandFinder, person: Person, info: MediaInfo, rows: NDArray[np.int64], regions: KeptRegions
) -> Iterator[tuple[list[Floats], Floats]]:
    """The hands (21, 2) around the mouth and the mesh points (478, 2) at some rows, upright pixels."""
    points, upright = _points(person, rows), Upright(info)
    edges = [near_mouth(at, info.display_size) for at in points]
    corners = info.to_coded(np.array(edges, np.float64).reshape(-1, 2, 2) + [[-_BEYOND], [_BEYOND]])
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1).tolist()
    pictures = regions.pictures((rows + person.first_frame).tolist(), boxes)
    for at, box, picture in zip(points, edges, pictures, strict=True):
        yield [hand + np.array(box[:2], np.float32) for hand in finder.find(UprightView(picture, upright).part(*box))], at


def _points(person: Person, rows: NDArray[np.int64]) -> Floats:
    """(n, 478, 2) mesh points, upright pixels."""
    pose = Pose(person.pose.scale[rows], person.pose.rotation[rows], person.pose.shift[rows])
    return np.asarray(apply_pose(person.shapes[rows], pose)[..., :2], np.float32)


def write_cover(folder: Path, info: MediaInfo, person: Person, frames: NDArray[np.int64], usable: NDArray[np.bool_]) -> None:
    """The arrays that say what lies before the mouth at the frames of a take (n,), see `planning.plan.Plan`."""
    rows = frames - person.first_frame
    covered = np.zeros(len(frames), np.float32) if person.covered is None else person.covered[rows]
    np.save(folder / "covered.npy", covered)
    cover = person.cover
    if cover is None:
        return
    shown = np.unique(rows[usable & cover.packed[rows].any((1, 2))])
    place = np.where(np.isin(rows, shown), np.searchsorted(shown, rows), -1).astype(np.int32)
    positions = np.zeros((len(shown), occlusion.ROWS, occlusion.COLUMNS, 2), np.float32)
    for k, row in enumerate(shown.tolist()):
        points = stored_points(info, apply_pose(person.shapes[row : row + 1], _pose_of(person, row)))[0]
        positions[k] = cover.positions(points)
    for name, array in (("cover", place), ("cover_masks", cover.masks(shown)), ("cover_positions", positions)):
        np.save(folder / f"{name}.npy", array)


class FoundCover(NamedTuple):
    """What was found to lie before the face in a take, as `planning.plan.Plan` describes its arrays."""

    rows: NDArray[np.int32]
    masks: NDArray[np.bool_]
    positions: Floats


def found_cover(folder: Path) -> FoundCover | None:
    """What a plan's folder holds; None = nothing was found, or not looked for."""
    if not (folder / "cover.npy").is_file():
        return None
    return FoundCover(*(array_of(folder, name) for name in ("cover", "cover_masks", "cover_positions")))


def _pose_of(person: Person, row: int) -> Pose:
    part = slice(row, row + 1)
    return Pose(person.pose.scale[part], person.pose.rotation[part], person.pose.shift[part])
