"""What `hybrid` writes, hashes and draws."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from ...face.mesh import INNER_LIPS, LOWER_FACE, apply_pose, chunks, lip_gap, lip_opening, lip_width
from ...face.reasons import Reason
from ...media.planes import Box
from ...planning.person import blend_shapes, stored_points
from ...storage.arrays import load_array
from ..base import Change, Engine, EngineFacts, PlanArrays, PlanContext, Window
from .colour import NetworkColour
from .compose import find_changes, lay_over
from .crops import compose_affine
from .drawing import Block, lips_in_crop, pixels_to_crop
from .mouth_model import MouthModel, Mouths
from .prepare import read_crop, write_inputs
from .tracked import moved_faces

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av import VideoFrame

_MARGIN = 0.7  # of the mouth's width around the lips: the part of a crop that is kept, enough for matching colours beside them
_SMOOTHING_S = 0.015  # standard deviation over time of how far lips are moved: two trackings tremble more than one
_CLOSED_PX = 0.5  # lips nearer than that are closed
_SOFT = 0.04  # of half the mouth's width: how soft its edge is, since lips are round
_FINE = 4  # steps of a pixel in which the outline is filled
_KEPT = ("mouth", "unchanged")

Floats = NDArray[np.float32]


def write_outline(model: MouthModel, context: PlanContext) -> None:
    """All that `generate` reads."""
    write_inputs(model, context)
    person, at = context.person, context.frames - context.person.first_frame
    pose = [np.reshape(array[at], (len(at), -1)) for array in (person.pose.scale, person.pose.rotation, person.pose.shift)]
    crop, lips = (load_array(context.folder / f"{name}.npy") for name in ("crop", "lips"))
    np.save(context.folder / "pose.npy", np.concatenate(pose, 1).astype(np.float64))
    np.save(context.folder / "part.npy", mouth_part(crop, lips, context.reasons == Reason.USABLE, model.size))
    np.save(context.folder / "tracker.npy", np.array(context.settings.tracker))


def mouth_part(crop: Floats, lips: Floats, usable: NDArray[np.bool_], side: int) -> NDArray[np.int32]:
    """left, top, right, bottom of the part of all crops that holds the mouth of every frame, crop pixels."""
    points = lips_in_crop(crop[usable], lips[usable]).numpy()
    low, high = points.min((0, 1)), points.max((0, 1))
    margin = _MARGIN * float(np.median(np.ptp(points[..., 0], 1)))
    edges = (np.clip(np.floor(low - margin), 0, side - 2), np.clip(np.ceil(high + margin), 2, side))
    return np.asarray(np.concatenate(edges), np.int32)


def generated_block(model: MouthModel, outline: PlanArrays, window: Window, block: Block | None) -> Mapping[str, NDArray[Any]]:
    """The arrays of one block; rows of frames that are not usable hold nothing."""
    left, top, right, bottom = outline.array("part").tolist()
    count = window.end_exclusive - window.start
    made: dict[str, NDArray[Any]] = {
        "moved": np.full((count, len(LOWER_FACE), 3), np.nan, np.float32),
        "mouth": np.zeros((count, 3, bottom - top, right - left), np.uint8),
    }
    if block is None:
        return made
    rows = block.rows - window.start
    made["moved"][rows] = moved_faces(outline, window, block, model.size, str(outline.array("tracker")))
    for name, picture in zip(_KEPT, block.mouths, strict=True):
        if picture is not None:
            made.setdefault(name, np.zeros_like(made["mouth"]))
            part = picture[:, :, top:bottom, left:right]
            made[name][rows] = (part.clamp(0, 1) * 255).round().byte().cpu().numpy()
    return made


def write_plan(model: MouthModel, context: PlanContext, mesh: Engine) -> EngineFacts:
    """The mesh engine's plan of the tracked lips, and the network's mouths beside it."""
    if context.generated is None:
        raise RuntimeError("the generation stage of a hybrid engine comes before its plan")
    write_outline(model, context)
    scene = load_array(context.folder / "scene.npy")
    starts = range(0, len(context.frames), context.generated.block)
    moved = np.concatenate([context.generated.array("moved", start) for start in starts])
    moved = steady(moved, context.reasons == Reason.USABLE, scene, context.fps)
    _keep_mouths(context, starts)
    person, at = context.person, context.frames - context.person.first_frame
    lower, intensity = list(LOWER_FACE), context.settings.intensity
    between = np.empty((len(at), len(INNER_LIPS), 2), np.float32)
    for part in chunks(len(at)):
        own = person.shapes[at[part]]
        seen = own.copy()
        seen[:, lower] += moved[part]
        if intensity > 1:  # the network's picture ends at its own lips; between those and the wider ones that are drawn the mesh draws
            between[part] = stored_points(context.info, apply_pose(seen[:, INNER_LIPS], person.pose.at(at[part])))
        if intensity != 1:
            seen[:, lower] = amplified(seen[:, lower], person.neutral[lower], intensity)
        context.shapes[part] = blend_shapes(person.neutral, own, seen, context.blend[part])
    usable = context.reasons == Reason.USABLE
    for name, measured in (("opening", lip_opening), ("width", lip_width), ("gap", lip_gap)):
        np.save(context.folder / f"{name}.npy", np.where(usable, measured(context.shapes), np.nan).astype(np.float32))
    said = mesh.plan(context)  # its shapes are now those that are drawn
    for part in chunks(len(at)) if intensity <= 1 else ():
        between[part] = stored_points(context.info, apply_pose(context.shapes[part][:, INNER_LIPS], person.pose.at(at[part])))
    np.save(context.folder / "between.npy", between)
    return said


def amplified(lips: Floats, neutral: Floats, intensity: float) -> Floats:
    """Shapes (n, V, 3) so many times as far from a closed, relaxed mouth (V, 3) as they are."""
    return np.asarray(neutral + (lips - neutral) * np.float32(intensity), np.float32)


def steady(moved: Floats, usable: NDArray[np.bool_], scene: NDArray[np.int32], fps: float) -> Floats:
    """Movements (n, V, 3) without gaps and trembling: filled in from both sides within a scene, 0 where nothing was tracked at all."""
    found = np.zeros_like(moved)
    label = np.where(usable, scene, -1)
    edges = (np.flatnonzero(np.diff(label)) + 1).tolist()
    for first, end in zip([0, *edges], [*edges, len(label)], strict=True):
        run = moved[first:end]
        known = np.flatnonzero(np.isfinite(run).all((1, 2)))
        if label[first] < 0 or not len(known):
            continue
        at = np.arange(end - first)
        after = np.clip(np.searchsorted(known, at), 0, len(known) - 1)
        before = np.clip(np.searchsorted(known, at, side="right") - 1, 0, len(known) - 1)
        span = np.maximum(known[after] - known[before], 1)
        share = np.clip((at - known[before]) / span, 0, 1)[:, None, None].astype(np.float32)
        whole = run[known[before]] * (1 - share) + run[known[after]] * share
        found[first:end] = gaussian_filter1d(whole, _SMOOTHING_S * fps, axis=0, mode="nearest")
    return found


def _keep_mouths(context: PlanContext, starts: range) -> None:
    """Copies the generated pictures into the plan, block by block."""
    generated = context.generated
    assert generated is not None
    reconstructs = any((folder / "unchanged.npy").exists() for folder in generated.folders)
    np.save(context.folder / "reconstructs.npy", np.array(reconstructs))
    for name in _KEPT if reconstructs else _KEPT[:1]:
        some = generated.array("mouth", 0)
        kept = np.lib.format.open_memmap(context.folder / f"{name}.npy", "w+", np.uint8, (len(context.frames), *some.shape[1:]))  # type: ignore[no-untyped-call]
        for folder, start in zip(generated.folders, starts, strict=True):
            if not (folder / f"{name}.npy").exists():  # of blocks without a usable frame
                continue
            part = generated.array(name, start)
            kept[start : start + len(part)] = part
        kept.flush()


def digest_of_hybrid(plan: PlanArrays, start: int, end_exclusive: int, mesh: Engine) -> bytes:
    """Hash of what is drawn of frames [start, end_exclusive)."""
    digest = blake2b(mesh.digest(plan, start, end_exclusive), digest_size=16)
    digest.update(np.ascontiguousarray(plan.array("part")).tobytes())
    for name in ("crop", "lips", "share", "between", "mouth", *_reconstruction(plan)):
        digest.update(np.ascontiguousarray(plan.array(name)[start:end_exclusive]).tobytes())
    return digest.digest()


def _reconstruction(plan: PlanArrays) -> tuple[str, ...]:
    return ("unchanged",) if bool(plan.array("reconstructs")) else ()


def draw_hybrid(model: MouthModel, plan: PlanArrays, windows: Iterator[Window], device: torch.device, mesh: Engine) -> Iterator[Change]:
    """The mesh engine's changes, with the network's picture between the lips."""
    for window in windows:
        for change in mesh.draw(plan, _smaller(window, mesh.block), device):
            yield _with_inside(model, plan, window.picture(change.frame), change)


def _smaller(window: Window, block: int) -> Iterator[Window]:
    """A block in the mesh engine's own, smaller ones."""
    for start in range(window.start, window.end_exclusive, block):
        end = min(start + block, window.end_exclusive)
        pictures = tuple(window.picture(frame) for frame in range(start, end))
        yield Window(start=start, end_exclusive=end, first=start, pictures=pictures)


def _with_inside(model: MouthModel, plan: PlanArrays, picture: VideoFrame, change: Change) -> Change:
    row, box = change.frame, change.box
    inside = torch.from_numpy(between_lips(plan.array("between")[row] - np.array([box.left, box.top], np.float32), box.width, box.height))
    rows, columns = (torch.nonzero(inside.amax(axis)).flatten() for axis in (1, 0))
    if not len(rows):
        return change
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    here = (slice(None), slice(top, bottom), slice(left, right))
    place = Box(box.left + left, box.top + top, box.left + right, box.top + bottom)
    new = _network_pixels(model, plan, row, picture, place, change.original[here], change.matte[here[1:]])
    drawn = change.picture.clone()
    drawn[here] = torch.lerp(drawn[here], new, inside[here[1:]])
    return Change(frame=row, box=box, original=change.original, picture=drawn, matte=change.matte)


def between_lips(lips: Floats, width: int, height: int) -> Floats:
    """(height, width) 0 … 1 where the inside of a mouth is seen, for INNER_LIPS (20, 2) in pixels; closed lips hide all of it."""
    upper, lower = lips[1:10], lips[19:10:-1]
    across = lips[10] - lips[0]
    half = float(np.linalg.norm(across)) / 2
    down = np.array([-across[1], across[0]]) / max(2 * half, 1e-3)
    gap = ((lower - upper) @ down)[:, None]
    middle = (upper + lower) / 2
    open_by = np.maximum(gap - _CLOSED_PX, 0) / 2 * down
    outline = np.concatenate([lips[:1], middle - open_by, lips[10:11], (middle + open_by)[::-1]])
    covered = np.zeros((height * _FINE, width * _FINE), np.uint8)
    cv2.fillPoly(covered, [np.round((outline + 0.5) * _FINE * 16 - 8).astype(np.int32)], (255,), shift=4)
    if not (gap > _CLOSED_PX).any():
        return np.zeros((height, width), np.float32)
    soft = cv2.GaussianBlur(cv2.resize(covered, (width, height), interpolation=cv2.INTER_AREA), (0, 0), max(0.5, _SOFT * half))
    return np.asarray(soft, np.float32) / 255


def _network_pixels(
    model: MouthModel, plan: PlanArrays, row: int, picture: VideoFrame, place: Box, original: torch.Tensor, matte: torch.Tensor
) -> torch.Tensor:
    """The frame's own pixels (3, h, w) of a place with the network's mouth laid over them."""
    colour = NetworkColour.of(plan.info)
    left, top, right, bottom = plan.array("part").tolist()
    shift = np.array([[1, 0, left], [0, 1, top]], np.float64)
    matrix = compose_affine(plan.array("crop")[row], shift).astype(np.float32)
    shown = read_crop(plan.info, colour, picture, matrix, right - left, bottom - top)[None]
    stored = [torch.from_numpy(np.array(plan.array(name)[row : row + 1])).float() / 255 for name in ("mouth", *_reconstruction(plan))]
    lips = lips_in_crop(matrix[None], plan.array("lips")[row : row + 1])
    share = torch.from_numpy(np.array(plan.array("share")[row : row + 1]))
    changes = find_changes(colour, shown, Mouths(*stored), lips, share, part_of=model.size)
    return lay_over(colour, original, changes, pixels_to_crop(matrix, place), matte, row)
