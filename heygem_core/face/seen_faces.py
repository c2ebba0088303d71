"""Holds the faces of all frames of a clip in a few arrays: of an hour objects for each of them would take as much memory as all else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..storage.scratch import scratch_array
from .mesh import VERTICES
from .tracker import Face, face_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFaces:
    """All faces of one frame."""

    index: int  # frame number in the file
    scene: int  # counts from 0, one more at each cut
    size: tuple[int, int]  # width, height of the picture in display pixels
    faces: list[Face]  # largest first
    appearances: list[npt.NDArray[np.float32]]  # of each face: see `appearance`


class SeenFaces:
    """The faces of T consecutive frames, N altogether: one frame's after the other's. Going through them gives each frame's."""

    def __init__(self, frames: int = 0) -> None:
        """frames: how many there will probably be."""
        self.first_frame = 0  # number in the file of the first frame
        self.size = (0, 0)  # width, height in display pixels
        self._frames, self._faces, self._likely = 0, 0, max(frames, 1)
        self._scenes, self._counts = np.zeros(0, np.int32), np.zeros(0, np.uint8)
        self._points = np.zeros((0, VERTICES, 3), np.float32)
        self._scores = np.zeros(0, np.float64)
        self._appearances = np.zeros((0, 0), np.float32)

    @staticmethod
    def of(frames: Iterable[FrameFaces]) -> SeenFaces:
        """Raises: ValueError — no frames, or frames that do not follow each other."""
        seen = SeenFaces()
        for frame in frames:
            seen.add(frame)
        if not len(seen):
            raise ValueError("build_tracks needs at least one frame")
        return seen

    def add(self, frame: FrameFaces) -> None:
        """The next frame. Raises: ValueError — it does not follow the last one."""
        if not self._frames:
            self.first_frame, self.size = frame.index, frame.size
        if frame.index != self.first_frame + self._frames:
            raise ValueError("build_tracks needs consecutive frames")
        at, end = self._faces, self._faces + len(frame.faces)
        self._scenes = self._with_room(self._scenes, self._frames + 1)
        self._counts = self._with_room(self._counts, self._frames + 1)
        self._scenes[self._frames], self._counts[self._frames] = frame.scene, len(frame.faces)
        self._frames += 1
        if not frame.faces:
            return
        self._points, self._scores = self._with_room(self._points, end), self._with_room(self._scores, end)
        if not self._appearances.shape[1]:
            self._appearances = np.zeros((0, len(frame.appearances[0])), np.float32)
        self._appearances = self._with_room(self._appearances, end)
        for row, (face, appearance) in enumerate(zip(frame.faces, frame.appearances, strict=True), at):
            self._points[row], self._scores[row], self._appearances[row] = face.points, face.score, appearance
        self._faces = end

    def _with_room(self, array: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
        """The array, or a longer one that begins with the same rows."""
        if rows <= len(array):
            return array
        longer = scratch_array((max(2 * len(array), self._likely, rows), *array.shape[1:]), array.dtype)
        longer[: len(array)] = array
        return longer

    def __len__(self) -> int:
        return self._frames

    def __iter__(self) -> Iterator[FrameFaces]:
        end = 0
        for k in range(self._frames):
            begin, end = end, end + int(self._counts[k])
            yield FrameFaces(
                index=self.first_frame + k,
                scene=int(self._scenes[k]),
                size=self.size,
                faces=[face_of(self._points[row], float(self._scores[row])) for row in range(begin, end)],
                appearances=[self._appearances[row] for row in range(begin, end)],
            )

    @property
    def scenes(self) -> npt.NDArray[np.int32]:
        """(T,) number of the clip's shot between two cuts."""
        return self._scenes[: self._frames]

    @property
    def counts(self) -> npt.NDArray[np.uint8]:
        """(T,) how many faces each frame has."""
        return self._counts[: self._frames]

    @property
    def points(self) -> npt.NDArray[np.float32]:
        """(N, 478, 3) display space."""
        return self._points[: self._faces]

    @property
    def scores(self) -> npt.NDArray[np.float64]:
        """(N,) 0 … 1."""
        return self._scores[: self._faces]

    @property
    def appearances(self) -> npt.NDArray[np.float32]:
        """(N, D) see `appearance`."""
        return self._appearances[: self._faces]
