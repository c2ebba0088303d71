"""Reads a user's matte of what lies before a face and stays as it is: a microphone, a hand, a cup.

The matte is a video or a picture: grey, white where something lies in front, or any with transparency, opaque where it does. It has as many
frames as the clip or as the range of the shot; a picture holds for all frames. Its size may be another one of the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import UnreadableMedia
from .content import frames_content
from .geometry import Affine, centred, chained
from .playback import read_played
from .probe import probe

if TYPE_CHECKING:
    from av import VideoFrame

    from ..storage.cache import Cache
    from .info import MediaInfo

_SAME_SHAPE = 0.01  # by which width / height may differ


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Holdout:
    """A matte that belongs to a clip."""

    info: MediaInfo  # of the matte
    size: tuple[int, int]  # width and height of the clip's stored picture
    to_clip: Affine  # from the matte's stored picture to the clip's
    first: int  # frame of the clip at which the matte begins

    def levels(self, frames: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """For each of these frames of the clip (n,), in their order: (h, w) 0 … 1 in the clip's stored picture. 0 where it has no matte."""
        at = self._at(frames)
        pictures = read_played(self.info, at[at >= 0])
        for place in at.tolist():
            yield self._level(next(pictures)) if place >= 0 else np.zeros(self.size[::-1], np.float32)

    def content(self, first: int, end_exclusive: int, cache: Cache) -> str | None:
        """Digest of what it holds of some frames of the clip; None = nothing."""
        at = self._at(np.arange(first, end_exclusive))
        return frames_content(self.info, int(at[at >= 0].min()), int(at.max()) + 1, cache) if (at >= 0).any() else None

    def _at(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.info.kind == "still":
            return np.zeros(len(frames), np.int64)
        at = frames - self.first
        return np.where((at >= 0) & (at < self.info.frame_count), at, -1)

    def _level(self, picture: VideoFrame) -> NDArray[np.float32]:
        form, plane = ("rgba", 3) if self.info.has_alpha else ("rgb24", 1)
        level = np.asarray(picture.to_ndarray(format=form)[..., plane], np.float32) / 255
        if self.info.coded_size == self.size and np.allclose(self.to_clip, np.eye(2, 3)):
            return level
        whole = cv2.warpAffine(level, centred(self.to_clip), self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(whole, np.float32)


def open_holdout(path: str, clip: MediaInfo, start: int, end_exclusive: int) -> Holdout:
    """The matte of a clip of which [start, end_exclusive) is the shot's range.

    Raises: InputError — it is none, or does not fit the clip.
    """
    info = probe(path)
    (width, height), (clip_width, clip_height) = info.display_size, clip.display_size
    if abs(width / height / (clip_width / clip_height) - 1) > _SAME_SHAPE:
        sizes = {"size": f"{width}×{height}", "clip_size": f"{clip_width}×{clip_height}"}
        raise UnreadableMedia("holdout.other-shape", file=Path(path).name, **sizes)
    if info.kind != "still" and info.frame_count not in (clip.frame_count, end_exclusive - start):
        counts = {"frames": info.frame_count, "clip_frames": clip.frame_count, "range_frames": end_exclusive - start}
        raise UnreadableMedia("holdout.other-length", file=Path(path).name, **counts)
    grow = np.array([[clip_width / width, 0, 0], [0, clip_height / height, 0]])
    return Holdout(
        info=info,
        size=clip.coded_size,
        to_clip=chained(clip.display_to_coded, chained(grow, info.coded_to_display)),
        first=0 if info.frame_count == clip.frame_count else start,
    )
