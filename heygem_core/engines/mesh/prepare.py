"""Writes the arrays of a mesh plan into a folder: points, crops and donors of every frame, decided before any pixel is drawn.

source.npy, target.npy   (n, K, 2) float32   tracked and wanted points, stored picture, pixel centres at whole numbers
eye.npy                  (n,) float32        distance between the outer eye corners, stored pixels
skull.npy                (n, 4, 2) float32   origin, across, down, back of drawn_interior.Skull in the same pixels
teeth.npy                (TRAITS,) float32   drawn_teeth.traits_of the person
origin.npy, size.npy     (n, 2), (blocks, 2) int32   crop of each frame: left, top; width, height are one per block
donor.npy                (n,) int32          row of the donor's mouth, −1 = none
second.npy               (n,) int32          row of another one that it is mixed with, half and half, −1 = none
patches.npy              (D, 3, h, w) uint16 the donors' mouths, Y'CbCr, see `pack`
patch_points.npy         (D, K, 2) float32   their points in the patch, pixel centres at whole numbers
patch_digests.npy        (D, 16) uint8       hashes of each donor's patch and points
patch_skull.npy          (D, 4, 2) float32   as skull.npy, in the patch
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...face.mesh import LIP_MIDDLES, OUTER_LIPS, Pose, apply_pose, chunks, head_angles, lip_opening
from ...media.planes import Box, crop_planes
from ...media.reader import read_scattered
from ...planning.person import Person, stored_points, stored_scale
from ...storage.scratch import scratch_array
from ..base import about_a_second
from ..matte import MATTE_VERTICES, matte_bounds
from . import BLOCK
from .blend import MARGIN
from .donors import DonorLibrary, choose_donors, crossfade_frames
from .drawn_teeth import traits_of
from .lip_line import refine_lip_line
from .segment_digest import DIGEST_SIZE
from .vertices import KEPT, LIPS, rows

if TYPE_CHECKING:
    from av import VideoFrame

    from ...media.info import MediaInfo
    from ...media.kept_regions import KeptRegions
    from .donor_mouths import MouthStore

ARRAYS = ("source", "target", "eye", "skull", "teeth", "origin", "size", "donor", "second", "patches", "patch_points", "patch_skull")
_CHUNK = 512  # frames whose points are placed at a time, bounds memory
_REFINED_TOGETHER = 16  # mouths whose lip lines are refined in one call: one by one, the calls cost more than the work
_MAX_DONORS = 4000
# How much further than asked lips are drawn across, down and in depth where it was not measured on the person: the skin around drawn
# lips does not wrinkle along, so they look less far away from rest than they are drawn.
TYPICAL_GAIN = (1.14, 1.06, 1.0)
# Share of the clip's frames that are less open than its widest mouth, and how much further than that it may be shown open: teeth stay as
# they are and the dark between them grows, which looks well as far as this.
_WIDEST, _BEYOND = 0.99, 1.4
_BEYOND_CROP = 8  # pixels around a crop that its chroma is interpolated from
_GRID = 4  # crops begin at multiples of it: whole chroma samples in every subsampling

Floats = NDArray[np.float32]


def prepare_engine_inputs(
    info: MediaInfo,
    face: Person,
    frames: NDArray[np.int64],
    wanted: Floats,
    fps: float,
    folder: Path,
    *,
    gain: tuple[float, float, float] = TYPICAL_GAIN,
    share: Floats | None = None,
    store: MouthStore | None = None,
    regions: KeptRegions | None = None,
) -> None:
    """Writes the arrays for a shot of n frames: `frames` (n,) numbers in the file, `wanted` (n, 478, 3) face space. Fills `folder`.

    gain: how much further than wanted lips are drawn across, down and in depth; share (n,) 0 … 1: how much of that each frame takes, as
    it goes over from its own mouth to the wanted one; None = all of it. store: where donors' mouths are kept between plans.
    regions: what was kept of the clip when its faces were found.
    `wanted` becomes what is drawn: copies of a long clip's shapes would take most of the memory of a plan.
    """
    at = frames - face.first_frame
    usable = face.usable[at]
    library = _library(face)
    widest = float("inf") if library is None else widest_opening(face)
    lips = scratch_array((len(wanted), len(LIPS), 3))
    for part in chunks(len(wanted)):
        taken = 1.0 if share is None else share[part, None, None]
        wanted[part] = soft_limit_opening(apply_gain(wanted[part], face.neutral, gain, taken), face.neutral, widest)
        lips[part] = np.nan_to_num(wanted[part][:, LIPS])
    _points(info, face, at, usable, wanted, folder)
    pose = head_angles(face.pose.rotation).astype(np.float32)
    path, second = (np.full(len(frames), -1, np.int32) for _ in range(2))
    used = np.zeros(0, np.int64)
    if library is not None:
        block = about_a_second(fps, BLOCK)  # pieces of a take begin at anchors: a change never reaches two for one anchor
        chosen = choose_donors(library, lips, np.nan_to_num(pose[at]), usable, block)
        used = np.unique(chosen[chosen >= 0])
        for row, choice in ((path, chosen), (second, crossfade_frames(library, chosen, block))):
            row[choice >= 0] = np.searchsorted(used, choice[choice >= 0])
        used = library.frames[used]
    np.save(folder / "teeth.npy", traits_of(face.neutral))
    np.save(folder / "donor.npy", path)
    np.save(folder / "second.npy", second)
    _patches(info, face, used, used if library is None else library.frames, folder, store if len(used) else None, regions)


def apply_gain(wanted: Floats, neutral: Floats, gain: tuple[float, float, float], share: Floats | float = 1.0) -> Floats:
    """Scales how far lips move from rest in shapes (n, 478, 3) by `gain`; `share` as in `prepare_engine_inputs`."""
    lips = list(LIPS)
    further = wanted.copy()
    scale = 1 + (np.array(gain, np.float32) - 1) * np.asarray(share, np.float32)
    further[:, lips] = neutral[lips] + (wanted[:, lips] - neutral[lips]) * scale
    return further


def widest_opening(face: Person) -> float:
    """The widest opening of this mouth in the clip, eye distances, leaving out a few frames."""
    return float(np.quantile(lip_opening(face.shapes)[face.learnable], _WIDEST))


def soft_limit_opening(wanted: Floats, neutral: Floats, widest: float) -> Floats:
    """Limits how far shapes (n, 478, 3) open the mouth, softly: up to `widest` (eye distances, or infinite) nothing changes.

    Beyond it, the opening approaches `_BEYOND` times `widest`.
    """
    if not np.isfinite(widest):
        return wanted
    opening, room = lip_opening(wanted), widest * (_BEYOND - 1)
    over = np.maximum(opening - widest, 0)
    allowed = np.where(over > 0, widest + room * (1 - np.exp(-over / max(room, 1e-6))), opening)
    rest = float(lip_opening(neutral[None])[0])
    share = np.clip((allowed - rest) / np.maximum(opening - rest, 1e-6), 0, 1)
    lips = list(LIPS)
    nearer = wanted.copy()
    nearer[:, lips] = neutral[lips] + (wanted[:, lips] - neutral[lips]) * np.where(over > 0, share, 1)[:, None, None]
    return nearer


def _points(info: MediaInfo, face: Person, at: NDArray[np.int64], usable: NDArray[np.bool_], wanted: Floats, folder: Path) -> None:
    n = len(at)
    source, target = (_new_array(folder / f"{name}.npy", np.float32, (n, len(KEPT), 2)) for name in ("source", "target"))
    eye, skull, origin = np.zeros(n, np.float32), np.zeros((n, 4, 2), np.float32), np.zeros((n, 2), np.int32)
    extent = np.zeros((n, 2), np.int32)
    shrink, outline = stored_scale(info), rows(MATTE_VERTICES)
    for first in range(0, n, _CHUNK):
        part = slice(first, min(first + _CHUNK, n))
        pose = Pose(face.pose.scale[at[part]], face.pose.rotation[at[part]], face.pose.shift[at[part]])
        source[part] = stored_points(info, apply_pose(face.shapes[at[part]][:, KEPT], pose))
        target[part] = stored_points(info, apply_pose(wanted[part][:, KEPT], pose))
        skull[part] = _skull(info, face, pose)
        eye[part] = pose.scale * shrink
        good = np.flatnonzero(usable[part]) + first
        if len(good):
            origin[good], extent[good] = _boxes(info, matte_bounds(source[good][:, outline], target[good][:, outline]))
    blocks = -(-n // BLOCK)
    size = np.zeros((blocks, 2), np.int32)
    np.maximum.at(size, np.arange(n) // BLOCK, extent)
    size = np.minimum(size, info.coded_size).astype(np.int32)
    room = np.array(info.coded_size) - size[np.arange(n) // BLOCK]
    origin = np.clip(origin, 0, room - room % _GRID).astype(np.int32)
    for name, array in (("eye", eye), ("skull", skull), ("origin", origin), ("size", size)):
        np.save(folder / f"{name}.npy", array)


def _skull(info: MediaInfo, face: Person, pose: Pose) -> Floats:
    """drawn_interior.Skull of some poses, stored pixels: (n, 4, 2) origin, across, down, back."""
    lip = face.neutral[LIP_MIDDLES[0]]
    ruler = np.stack([lip, lip + [1, 0, 0], lip + [0, 1, 0], lip + [0, 0, 1]]).astype(np.float32)
    at = stored_points(info, apply_pose(np.broadcast_to(ruler, (len(pose.scale), 4, 3)), pose))
    return np.concatenate([at[:, :1], at[:, 1:] - at[:, :1]], 1)


def _boxes(info: MediaInfo, box: Floats) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Boxes (n, 4) of pixels → origin and extent (n, 2) on the grid of whole chroma samples, inside the picture."""
    limit = np.array(info.coded_size)
    low = np.clip(np.floor(box[:, :2] / _GRID) * _GRID, 0, limit - 1)
    high = np.clip(np.ceil((box[:, 2:] + 1) / _GRID) * _GRID, 1, None)
    return low.astype(np.int32), np.minimum(high - low, limit).astype(np.int32)


def _library(face: Person) -> DonorLibrary | None:
    """The frames that can serve as donors; None where the clip never shows the mouth open."""
    if not face.shows_mouth_inside:
        return None
    good = np.flatnonzero(face.learnable)
    if len(good) > _MAX_DONORS:  # whole runs, evenly spread, so that a donor can go on into the next frame
        run = 50
        every = -(-len(good) // _MAX_DONORS)
        good = good[(np.arange(len(good)) // run) % every == 0]
    angles = head_angles(face.pose.rotation[good]).astype(np.float32)
    step = np.diff(face.pose.shift[:, :2], axis=0, append=face.pose.shift[-1:, :2])
    speed = np.linalg.norm(step, axis=1)[good] / face.pose.scale[good]
    blur = np.nan_to_num(np.clip(speed / 0.05 - 0.3, 0, 2)).astype(np.float32)  # heads that move fast are blurred
    return DonorLibrary(frames=good + face.first_frame, lips=face.shapes[good[:, None], LIPS], pose=angles, penalty=blur)


def _patches(
    info: MediaInfo,
    face: Person,
    used: NDArray[np.int64],
    lendable: NDArray[np.int64],
    folder: Path,
    store: MouthStore | None,
    regions: KeptRegions | None,
) -> None:
    """Takes the chosen donors' mouths out of the clip, or out of what is kept of it. Their size has room for any that could be chosen:
    what one frame borrows must not depend on what another one does."""
    largest = np.full(2, 4, np.int32)
    for first in range(0, len(lendable), _CHUNK):
        largest = np.maximum(largest, _mouth_boxes(info, face, lendable[first : first + _CHUNK])[1].max(0))
    width, height = np.minimum(largest, info.coded_size).tolist()
    points, pose = _points_of(info, face, used)
    low = _mouth_boxes(info, face, used)[0]
    low = np.clip(low, 0, np.array(info.coded_size) - [width, height])
    low -= low % _GRID
    patches = _new_array(folder / "patches.npy", np.uint16, (max(1, len(used)), 3, height, width))
    points -= low[:, None].astype(np.float32)
    known = None if store is None else store.known(height, width)
    new, digests = np.arange(len(used)), np.zeros((len(used), DIGEST_SIZE), np.uint8)
    if known is not None:
        at = known.rows_of(used)
        for row in np.flatnonzero(at >= 0).tolist():
            patches[row], points[row], digests[row] = known.patches[at[row]], known.points[at[row]], known.digests[at[row]]
        new = np.flatnonzero(at < 0)
    boxes = np.concatenate([low - _BEYOND_CROP, low + np.array([width, height]) + _BEYOND_CROP], 1)[new]
    for row, picture in zip(new.tolist(), _read(info, used[new], boxes, regions), strict=False):
        x, y = low[row].tolist()
        patches[row] = pack(crop_planes(picture, Box(x, y, x + width, y + height)))
    eyes = torch.from_numpy(pose.scale * stored_scale(info)).float()
    for first in range(0, len(new), _REFINED_TOGETHER):
        some = new[first : first + _REFINED_TOGETHER]
        refined = refine_lip_line(torch.from_numpy(unpack(patches[some, :1])), torch.from_numpy(points[some]), eyes[some])
        points[some] = refined.numpy().round(3)  # the last bits depend on which mouths were refined together
    for row in new.tolist():  # known ones have theirs: reading all mouths of a plan takes longer than all else that is done with them
        digests[row] = np.frombuffer(blake2b(patches[row].tobytes() + points[row].tobytes(), digest_size=DIGEST_SIZE).digest(), np.uint8)
    patches.flush()
    np.save(folder / "patch_points.npy", points)
    np.save(folder / "patch_digests.npy", digests)
    if store is not None and len(new):
        store.keep(used, folder)
    skull = _skull(info, face, pose)
    skull[:, 0] -= low
    np.save(folder / "patch_skull.npy", skull)


def _new_array(path: Path, kind: type[np.generic], shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[Any]]:
    """A .npy file of that shape, mapped so that it is filled without being held in memory."""
    array: np.memmap[Any, np.dtype[Any]] = np.lib.format.open_memmap(path, "w+", kind, shape)  # type: ignore[no-untyped-call]
    return array


def _points_of(info: MediaInfo, face: Person, frames: NDArray[np.int64]) -> tuple[Floats, Pose]:
    """The tracked points (D, K, 2) of some frames in the stored picture, and their poses."""
    at = frames - face.first_frame
    pose = Pose(face.pose.scale[at], face.pose.rotation[at], face.pose.shift[at])
    if not len(at):
        return np.zeros((0, len(KEPT), 2), np.float32), pose
    return stored_points(info, apply_pose(face.shapes[at][:, KEPT], pose)), pose


def _mouth_boxes(info: MediaInfo, face: Person, frames: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Origin and extent (D, 2) of the mouths of some frames with the skin around them."""
    points, pose = _points_of(info, face, frames)
    if not len(points):
        return np.zeros((0, 2), np.int32), np.zeros((0, 2), np.int32)
    lips = points[:, rows(OUTER_LIPS)]
    margin = (2.2 * MARGIN * pose.scale)[:, None]
    return _boxes(info, np.concatenate([lips.min(1) - margin, lips.max(1) + margin], 1))


def _read(info: MediaInfo, numbers: NDArray[np.int64], boxes: NDArray[np.int32], regions: KeptRegions | None) -> Iterator[VideoFrame]:
    if regions is not None:
        yield from regions.pictures(numbers.tolist(), boxes.tolist())
        return
    for frame in read_scattered(info, [int(k) for k in numbers]):
        yield frame.picture


def pack(picture: torch.Tensor) -> NDArray[np.uint16]:
    """Y'CbCr floats, −0.5..1.5, as 16 bits."""
    return ((picture.numpy() * 0.5 + 0.25) * 65535 + 0.5).clip(0, 65535).astype(np.uint16)


def unpack(packed: NDArray[np.uint16]) -> Floats:
    """The floats that `pack` packed."""
    return (packed.astype(np.float32) / 65535 - 0.25) * 2
