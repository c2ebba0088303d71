"""Draws one batch of frames: crops in, changed crops and their mattes out."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from ...face.mesh import LIP_MIDDLES, OUTER_LIPS
from ..matte import MATTE_VERTICES, face_matte
from . import blend, detail, drawn_interior, warp
from .mouth import Box, Mouth, map_mouth
from .vertices import rows


class Crossfade(NamedTuple):
    """Further donors for F of the frames, which show both halves as a dissolve of one frame."""

    frames: Tensor  # (F,) int64 positions in the batch
    donor: warp.Donor  # F mouths


class Batch(NamedTuple):
    """All that is needed to draw B frames. Pictures are Y'CbCr as media.planes gives them."""

    picture: Tensor  # (B, 3, h, w) crops of the frames
    source: Tensor  # (B, K, 2) tracked points, crop pixels; K and the order: vertices.KEPT
    target: Tensor  # (B, K, 2) wanted points, crop pixels
    inter_ocular: Tensor  # (B,) pixels
    skull: drawn_interior.Skull  # where the upper jaw is, crop pixels
    traits: Tensor  # (B, drawn_teeth.TRAITS) of the people whose teeth are drawn
    donor: warp.Donor | None  # None = the inside is drawn
    crossfade: Crossfade | None = None


def draw(batch: Batch) -> tuple[Tensor, Tensor]:
    """The crops with their lower faces at the wanted shape (B, 3, h, w), and the matte (B, h, w) outside which they equal the frames."""
    height, width = batch.picture.shape[2:]
    seam = blend.seam_at(batch.source, batch.target, batch.inter_ocular)
    x0, y0, x1, y1 = box = _around_mouth(batch.target, float(seam.margin.max()), width, height)
    mouth = map_mouth(batch.target, width, height, None if batch.donor is None else box)
    matte = matte_of(batch.source, batch.target, width, height)
    result, wanted = warp.warp_skin(batch.picture, batch.source, batch.target, mouth.below, matte, batch.inter_ocular)
    if batch.donor is not None:
        skin = result[:, :, y0:y1, x0:x1]
        mouth = mouth._replace(below=mouth.below[:, y0:y1, x0:x1])
        donor, its_detail = _donors(batch, batch.donor, mouth, box)
        inner, share = blend.blend_mouth(skin, donor, mouth.outside_lips, seam)
        wanted[:, :, y0:y1, x0:x1] = torch.lerp(wanted[:, :, y0:y1, x0:x1], its_detail, share)
        own = matte
    else:
        light = blend.measure_light(result, mouth, matte, batch.inter_ocular)
        x0, y0, x1, y1 = box = warp.around_inside(batch.target, box)
        mouth, lips = mouth.within(box), batch.target[:, rows(LIP_MIDDLES)]
        inner = drawn_interior.draw(light, batch.skull, batch.traits, lips, mouth, batch.inter_ocular, box)
        inner = torch.lerp(result[:, :, y0:y1, x0:x1], inner, mouth.inside[:, None])
        own = matte.clone()
        own[:, y0:y1, x0:x1] *= 1 - mouth.inside
    result = result.clone()
    result[:, :, y0:y1, x0:x1] = inner
    return detail.restore(result, wanted, own), matte


def matte_of(source: Tensor, target: Tensor, width: int, height: int) -> Tensor:
    """The matte (B, height, width), 0 … 1, for tracked and wanted points (B, K, 2) in crop pixels."""
    vertices = rows(MATTE_VERTICES)
    return face_matte(source[:, vertices], target[:, vertices], width, height)


def _donors(batch: Batch, donor: warp.Donor, mouth: Mouth, box: Box) -> tuple[Tensor, Tensor]:
    """The donors' mouths at the wanted shape, in the pixels of `box`, as `mouth` is: (B, 3, h, w), and their detail (B, 1, h, w)."""
    lent, its_detail = warp.warp_donor(donor, batch.target, batch.skull, mouth, batch.inter_ocular, box)
    if batch.crossfade is None:
        return lent, its_detail
    k = batch.crossfade.frames
    skull, its_mouth = drawn_interior.Skull(*(t[k] for t in batch.skull)), Mouth(*(t[k] for t in mouth))
    other, others = warp.warp_donor(batch.crossfade.donor, batch.target[k], skull, its_mouth, batch.inter_ocular[k], box)
    return lent.index_copy(0, k, (lent[k] + other) / 2), its_detail.index_copy(0, k, (its_detail[k] + others) / 2)


def _around_mouth(target: Tensor, margin: float, width: int, height: int) -> Box:
    """The smallest box that holds every mouth of the batch and the skin around it."""
    lips = target[:, rows(OUTER_LIPS)]
    x0, y0 = (lips.amin((0, 1)) - margin - 2).floor().int().tolist()
    x1, y1 = (lips.amax((0, 1)) + margin + 3).ceil().int().tolist()
    return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
