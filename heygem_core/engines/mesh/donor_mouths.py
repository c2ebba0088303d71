"""Keeps the mouths that the last plan of a clip took out of it, so that the next one, for other speech, decodes only those that are new."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...face.detection_cache import faces_seen_in
from ...face.tracks import TRACKS_VERSION
from ...media.content import frames_content
from ...planning.person import Person, covered_digest
from ...storage.arrays import load_array
from ...storage.artefacts import array_of
from ...storage.cache import Cache, key_of

if TYPE_CHECKING:
    from ...media.info import MediaInfo
    from ...shot import RenderSettings

_VERSION = 2  # raise it whenever the same frame would give other samples or points
_KIND = "mouths"
_ARRAYS = ("patches", "patch_points", "patch_digests")  # of a plan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mouths:
    """D mouths of one person in one clip."""

    frames: NDArray[np.int64]  # (D,) numbers in the file, ascending
    patches: NDArray[np.uint16]  # (D, 3, h, w) as a plan has them, mapped from disk
    points: NDArray[np.float32]  # (D, K, 2) as patch_points.npy
    digests: NDArray[np.uint8]  # (D, 16) as patch_digests.npy

    def rows_of(self, frames: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the rows of some frames, −1 = not among them."""
        at = np.minimum(np.searchsorted(self.frames, frames), len(self.frames) - 1)
        return np.where(self.frames[at] == frames, at, -1)


class MouthStore:
    """The mouths of one person in the cache, found by what the clip holds."""

    def __init__(self, person: Person, info: MediaInfo, settings: RenderSettings, cache: Cache) -> None:
        self._info, self._cache = info, cache
        self._clip = faces_seen_in(info, person.first_frame, person.first_frame + len(person.shapes))
        self._content = frames_content(info, *self._clip, cache)
        seen = (settings.tracker, person.number, person.first_frame, len(person.shapes), *covered_digest(person))
        self._key = key_of(_VERSION, TRACKS_VERSION, self._content, seen)

    def known(self, height: int, width: int) -> Mouths | None:
        """What was kept; None = nothing of that size."""
        mouths = self._cache.read(_KIND, self._key, _read)
        return mouths if mouths is not None and mouths.patches.shape[2:] == (height, width) else None

    def keep(self, frames: NDArray[np.int64], plan: Path) -> None:
        """Keeps the mouths of a plan in place of what was kept: its files themselves, where the disk can hold them under two names."""
        if frames_content(self._info, *self._clip, self._cache) != self._content:
            return  # the clip changed; whoever plans will say so
        self._cache.drop(_KIND, self._key)
        with self._cache.making(_KIND, self._key) as made:
            np.save(made / "frames.npy", frames)
            for name in _ARRAYS:
                _share(plan / f"{name}.npy", made / f"{name}.npy")


def _share(file: Path, other: Path) -> None:
    try:
        os.link(file, other)
    except OSError:
        shutil.copyfile(file, other)


def _read(folder: Path) -> Mouths:
    patches, points, digests = (array_of(folder, name) for name in _ARRAYS)
    return Mouths(frames=load_array(folder / "frames.npy"), patches=patches, points=points, digests=digests)
