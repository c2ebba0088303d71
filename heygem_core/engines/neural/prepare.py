"""Writes the arrays of a plan that every engine with a network needs, and hashes what they say about some frames.

crop.npy                  (n, 2, 3) float32   from the pixels of the crop to stored pixels, whole numbers = edges; NaN = not usable
share.npy                 (n,) float32        how far each frame goes from its own mouth to the new one
scene.npy                 (n,) int32          number of the clip's shot between two cuts
lips.npy                  (n, L, 2) float32   tracked outer lips, stored pixels, pixel centres at whole numbers
matte_source, matte_wanted (n, V, 2) float32  `MATTE_VERTICES` as tracked, and with the jaw dropped, in the same pixels
box.npy                   (n, 4) int32        left, top, right, bottom of the part that may change, stored pixels
reference.npy             (n,) int32          row of the frame's reference, −1 = none
reference_crops.npy       (D, 3, S, S) uint8  R'G'B' of the references as the network sees them
weights.npy               (W,) text           digests of the network's weights
and those of the model.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...face.mesh import OUTER_LIPS, apply_pose, chunks
from ...face.reasons import Reason
from ...media.planes import Box, crop_planes
from ...media.reader import read_scattered
from ...planning.person import points_in_picture, stored_points
from ...weights.digests import model_digests
from ..matte import MATTE_VERTICES, matte_bounds
from .colour import NetworkColour
from .crops import corners, crop_matrices, resample
from .references import choose_references

if TYPE_CHECKING:
    from av import VideoFrame

    from ...media.info import MediaInfo
    from ..base import PlanArrays, PlanContext
    from .mouth_model import MouthModel

Floats = NDArray[np.float32]

_GRID = 4  # boxes begin at multiples of it: whole chroma samples in every subsampling
_JAW_ROOM = 0.12  # eye distances: so far a jaw drops where speech is loud
_ROWS = ("crop", "share", "scene", "lips", "matte_source", "matte_wanted", "box")  # arrays with one row per frame


def write_inputs(model: MouthModel, context: PlanContext) -> None:
    """Writes all arrays into `context.folder`."""
    info, person, frames = context.info, context.person, context.frames
    at = frames - person.first_frame
    matrices = crop_matrices(model, person, info)
    tracked = points_in_picture(person, info, frames, MATTE_VERTICES)
    wanted = np.empty_like(tracked)
    for part in chunks(len(frames)):
        wanted[part] = stored_points(info, apply_pose(jaw_opened(person.shapes[at[part]][:, MATTE_VERTICES]), person.pose.at(at[part])))
    usable = context.reasons == Reason.USABLE
    box = np.zeros((len(frames), 4), np.int32)
    box[usable] = _aligned(matte_bounds(tracked[usable], wanted[usable]), info.coded_size)
    arrays: dict[str, NDArray[Any]] = {
        "crop": matrices[at],
        "share": context.blend.astype(np.float32),
        "scene": person.scenes[at].astype(np.int32),
        "lips": points_in_picture(person, info, frames, OUTER_LIPS),
        "matte_source": tracked,
        "matte_wanted": wanted,
        "box": box,
        "weights": np.array(model_digests(model.needs.models, context.cache), np.str_),
        **_references(model, context, matrices),
    }
    for name, array in arrays.items():
        np.save(context.folder / f"{name}.npy", array)
    model.write(context)


def forget_wanted_lips(context: PlanContext) -> None:
    """What a network will say is seen when it is drawn: no take is measured against the motion model, which it does not follow."""
    for name in ("opening", "width", "gap"):
        np.save(context.folder / f"{name}.npy", np.full(len(context.frames), np.nan, np.float32))


def jaw_opened(outlines: Floats) -> Floats:
    """`MATTE_VERTICES` (n, V, 3) in face space with the chin as low as a network may put it. Which speech is heard plays no part in it."""
    nose = outlines[:, -1:, 1]
    chin = outlines[:, :-2, 1].max(1, keepdims=True)
    low = np.clip((outlines[..., 1] - nose) / np.maximum(chin - nose, 1e-3), 0, 1)
    opened = outlines.copy()
    opened[..., 1] += _JAW_ROOM * low**2
    return opened


def digest_of(model: MouthModel, plan: PlanArrays, start: int, end_exclusive: int) -> bytes:
    """Hash of all that the plan says about the mouths of some frames, and of the network that makes them."""
    first, last = max(0, start - model.reach), min(len(plan.array("share")), end_exclusive + model.reach)
    digest = blake2b(digest_size=16)
    digest.update(repr((model.name, model.version, start - first)).encode())
    _add(digest, plan.array("weights"))
    for name in _ROWS:
        _add(digest, plan.array(name)[first:last])
    rows, place = np.unique(plan.array("reference")[first:last], return_inverse=True)
    _add(digest, np.where(rows < 0, -1, 0)[place] + place)  # rows are numbered over the whole plan: what they hold counts
    for row in rows[rows >= 0].tolist():
        _add(digest, plan.array("reference_crops")[row])
    digest.update(model.digest(plan, first, last))
    return digest.digest()


def crop_box(info: MediaInfo, matrix: Floats, width: int, height: int) -> Box:
    """The part of the stored picture that a crop shows, on the grid of whole chroma samples."""
    square = corners(matrix, width, height)
    left, top, right, bottom = _aligned(np.concatenate([square.min(0), square.max(0)])[None], info.coded_size)[0].tolist()
    return Box(left, top, right, bottom)


def read_crop(info: MediaInfo, colour: NetworkColour, picture: VideoFrame, matrix: Floats, width: int, height: int) -> torch.Tensor:
    """(3, height, width) Y'CbCr as `NetworkColour.shown` gives it, of a frame."""
    box = crop_box(info, matrix, width, height)
    inside = torch.from_numpy(matrix - np.array([[0, 0, box.left], [0, 0, box.top]], np.float32))
    return colour.shown(resample(crop_planes(picture, box)[None], inside[None], width, height)[0])


def _references(model: MouthModel, context: PlanContext, matrices: Floats) -> dict[str, NDArray[Any]]:
    none: dict[str, NDArray[Any]] = {
        "reference": np.full(len(context.frames), -1, np.int32),
        "reference_crops": np.zeros((0, 3, model.size, model.size), np.uint8),
    }
    if not model.uses_references:
        return none
    info, person = context.info, context.person
    rows, serving = choose_references(person, float(info.mean_rate))
    colour = NetworkColour.of(info)
    crops = np.empty((len(rows), 3, model.size, model.size), np.uint8)
    for k, frame in enumerate(read_scattered(info, (rows + person.first_frame).tolist())):
        crops[k] = reference_crop(info, colour, frame.picture, matrices[rows[k]], model.size)
    return {"reference": serving[context.frames - person.first_frame], "reference_crops": crops}


def reference_crop(info: MediaInfo, colour: NetworkColour, picture: VideoFrame, matrix: Floats, size: int) -> NDArray[np.uint8]:
    """(3, size, size) uint8 R'G'B' of one frame."""
    shown = read_crop(info, colour, picture, matrix, size, size)
    return np.asarray((colour.rgb(shown).clamp(0, 1) * 255).round().byte().numpy())


def _aligned(boxes: NDArray[np.floating[Any]], size: tuple[int, int]) -> NDArray[np.int32]:
    """Boxes (n, 4) in pixels, grown to the grid of whole chroma samples, cut at the edges of a picture; at least one sample is left."""
    width, height = size
    limit = np.array([width, height])
    low = np.clip(np.floor(boxes[:, :2] / _GRID) * _GRID, 0, (limit - 1) // _GRID * _GRID)
    high = np.clip(np.ceil((boxes[:, 2:] + 1) / _GRID) * _GRID, low + 1, limit)
    return np.asarray(np.concatenate([low, high], 1), np.int32)


def _add(digest: blake2b, array: NDArray[np.generic]) -> None:
    digest.update(f"{array.shape}{array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array).data)
