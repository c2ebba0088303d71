"""Describes a face by a short appearance vector that tells the people of one clip apart: a small upright picture of it.

No network: the colours of skin, hair, brows, glasses and beard in their places are enough among the few people of one
clip. The middle of the face counts most, so that another background behind the same person does not make a stranger; the
lightness is brought to one mean and contrast, so that another lamp does not either. The same person in another place on
another day is a stranger.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .mesh import EYE_OUTER, LIP_CORNERS
from .tracker import Face, Pixels, View, view_of

SAME_PERSON_DISTANCE = 5.5
"""Distance below which two appearances are one person's. Measured on 140 quarters of 35 clips of 29 people, three looks each, the
nearest pair counting: the parts of one clip lie within 4.5, different people from 6.5 on (half of them beyond 19)."""
LIGHTNESS_DEVIATION = 8.0  # standard deviation that every face's lightness (0–100) is brought to

_SIDE = 12  # pixels of the small picture; it is taken in two steps from one of 96
_EYES, _MOUTH = 0.40, 0.66  # heights of the eye line and of the mouth in it


def _centre_weight(side: int) -> npt.NDArray[np.float32]:
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    return np.asarray(np.exp(-((((x - 0.5) / 0.28) ** 2 + ((y - 0.5) / 0.38) ** 2) ** 2)), np.float32)


_WEIGHT = _centre_weight(2 * _SIDE)


def appearance_vector(picture: Pixels | View, face: Face) -> npt.NDArray[np.float32]:
    """The appearance (432,) of a face in a picture (height, width, 3) uint8 RGB, or a view: weighted Lab values of a 12×12 thumbnail."""
    lab = cv2.cvtColor(_upright(view_of(picture), face, 2 * _SIDE).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light, weight = lab[..., 0], _WEIGHT / _WEIGHT.sum()
    mean = float((weight * light).sum())
    deviation = float(np.sqrt((weight * (light - mean) ** 2).sum()))
    lab[..., 0] = (light - mean) * (LIGHTNESS_DEVIATION / max(deviation, 1.0))
    small = cv2.resize(lab * np.sqrt(_WEIGHT)[..., None], (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small / (_SIDE * np.sqrt(_WEIGHT.mean())), np.float32).reshape(-1)


def appearance_distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Distance between two appearances, in steps of Lab (0 = the same picture); compare with ALIKE."""
    return float(np.linalg.norm(a - b))


def _upright(view: View, face: Face, side: int) -> npt.NDArray[np.uint8]:
    """The face turned upright, eyes and mouth at fixed heights, in side×side pixels."""
    eyes = face.points[list(EYE_OUTER), :2].mean(axis=0)
    mouth = face.points[list(LIP_CORNERS), :2].mean(axis=0)
    down = mouth - eyes
    source = np.stack([eyes, mouth, eyes + (down[1], -down[0])]).astype(np.float32)
    target = np.array([[0.5, _EYES], [0.5, _MOUTH], [0.5 + _MOUTH - _EYES, _EYES]], np.float32) * (4 * side)
    affine = np.asarray(cv2.getAffineTransform(source, target), np.float64)
    edge = 4 * side
    corners = cv2.transform(np.array([[[0, 0], [edge, 0], [0, edge], [edge, edge]]], np.float64), cv2.invertAffineTransform(affine))[0]
    room = np.array(view.size)
    low = np.clip(np.floor(corners.min(0)).astype(int) - 2, 0, room - 1)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 3, low + 1, room)
    affine[:, 2] += affine[:, :2] @ low
    large = cv2.warpAffine(
        view.part(*low.tolist(), *high.tolist()), affine, (4 * side, 4 * side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
