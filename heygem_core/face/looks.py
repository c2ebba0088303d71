"""What a face looks like, as a short vector that tells the people of one clip apart: a small upright picture of it.

No network: the colours of skin, hair, brows, beard and collar in their places are enough among the few people of one clip.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from .mesh import EYE_OUTER, LIP_CORNERS
from .tracker import Face

SIDE = 16  # pixels of the small picture
_EYES, _MOUTH = 0.40, 0.66  # heights of the eye line and the mouth in the small picture


def look_of(rgb: npt.NDArray[np.uint8], face: Face) -> npt.NDArray[np.float32]:
    """The look (768,) of a face in its picture: Lab values of a 16×16 thumbnail turned upright, lightness without its mean."""
    p = face.points
    eyes = p[list(EYE_OUTER), :2].mean(axis=0)
    mouth = p[list(LIP_CORNERS), :2].mean(axis=0)
    down = mouth - eyes
    across = np.array([down[1], -down[0]])
    source = np.stack([eyes, mouth, eyes + across]).astype(np.float32)
    target = np.array([[0.5, _EYES], [0.5, _MOUTH], [0.5 + _MOUTH - _EYES, _EYES]], np.float32) * (4 * SIDE)
    large = cv2.warpAffine(
        rgb, cv2.getAffineTransform(source, target), (4 * SIDE, 4 * SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    lab = cv2.cvtColor(cv2.resize(large, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab[..., 0] -= lab[..., 0].mean()
    return lab.reshape(-1) / 100


def look_distance(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """0 = the same picture; about 0.1 = the same person later in the clip."""
    return float(np.sqrt(((a - b) ** 2).mean()))
