"""Real frames for the tests of this folder."""

from __future__ import annotations

import itertools
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def pictures(path: Path, start: int = 0, count: int | None = None, side: int | None = None) -> list[Picture]:
    """Frames of a clip as (height, width, 3) uint8 RGB, or squeezed to side×side while they are decoded."""
    end = None if count is None else start + count
    with av.open(str(path)) as file:
        frames = itertools.islice(file.decode(video=0), start, end)
        return [_rgb(frame, side) for frame in frames]


def _rgb(frame: av.VideoFrame, side: int | None) -> Picture:
    return np.asarray(frame.to_ndarray(format="rgb24", width=side, height=side, interpolation="AREA" if side else None), np.uint8)


def sized(picture: Picture, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def beside(left: list[Picture], right: list[Picture], side: int = 480) -> list[Picture]:
    """Two clips next to each other, each side×side."""
    return [np.hstack([sized(a, side, side), sized(b, side, side)]) for a, b in zip(left, right, strict=True)]
