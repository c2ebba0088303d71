"""Fixtures for faces: one tracker for all tests, and clips tracked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from heygem_core.face.mediapipe_mesh import MediaPipeMesh

from .pictures import pictures


@pytest.fixture(scope="session")
def tracker() -> Iterator[MediaPipeMesh]:
    tracker = MediaPipeMesh()
    yield tracker
    tracker.close()


@pytest.fixture(scope="session")
def points_of(clips: Path, tracker: MediaPipeMesh) -> Callable[[str], npt.NDArray[np.float32]]:
    """Name of a clip → its one face's points (T, 478, 3), each clip tracked once."""
    return _tracked_in(clips, tracker)


@pytest.fixture(scope="session")
def real_points_of(real_clips: Path, tracker: MediaPipeMesh) -> Callable[[str], npt.NDArray[np.float32]]:
    """The same of real clips alone."""
    return _tracked_in(real_clips, tracker)


def _tracked_in(folder: Path, tracker: MediaPipeMesh) -> Callable[[str], npt.NDArray[np.float32]]:
    @cache
    def tracked(name: str, count: int = 150) -> npt.NDArray[np.float32]:
        found = [tracker.detect(picture, first=k == 0) for k, picture in enumerate(pictures(folder / name, count=count))]
        assert all(len(faces) == 1 for faces in found)
        return np.stack([faces[0].points for faces in found])

    return tracked
