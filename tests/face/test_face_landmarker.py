from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import MissingWeights
from heygem_core.face.face_landmarker import FILE_NAME, VARIABLE
from heygem_core.face.mediapipe_mesh import MediaPipeMesh
from heygem_core.face.mesh import LIPS, eye_distance
from heygem_core.face.tracker_registry import open_tracker

from .make_task import make_task
from .pictures import beside, pictures


@pytest.fixture(scope="module")
def task_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_task(tmp_path_factory.mktemp("task") / FILE_NAME)


def test_a_missing_file_is_named_together_with_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.task"))
    with pytest.raises(MissingWeights, match="download it from") as caught:
        open_tracker("face-landmarker")
    assert str(tmp_path / "nowhere.task") in str(caught.value)


def test_a_file_that_is_something_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / FILE_NAME).write_text("<html>not found</html>")
    monkeypatch.setenv(VARIABLE, str(tmp_path / FILE_NAME))
    with pytest.raises(MissingWeights, match="anew"):
        open_tracker("face-landmarker")


def test_it_gives_the_points_that_the_default_tracker_gives(
    clips: Path, tracker: MediaPipeMesh, task_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(task_file))
    landmarker = open_tracker("face-landmarker")
    frames = pictures(clips / "german_512x512_25fps.mp4", count=20)
    for k, frame in enumerate(frames):
        (ours,), (theirs,) = tracker.detect(frame, first=k == 0), landmarker.detect(frame, first=k == 0)
        apart = np.linalg.norm((ours.points - theirs.points)[:468, :2], axis=-1) / eye_distance(ours.points)
        rest = np.setdiff1d(np.arange(468), LIPS)  # the lips of the file made here are not the refined ones
        assert apart[rest].mean() < 0.03
        assert apart[list(LIPS)].mean() < 0.06
    landmarker.close()


def test_after_a_cut_the_same_frames_give_the_same_points(clips: Path, task_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(task_file))
    landmarker = open_tracker("face-landmarker")
    frames = beside(pictures(clips / "talking/talk02.mp4", count=4), pictures(clips / "talking/talk03.mp4", count=4))
    once = [landmarker.detect(frame, first=k == 0) for k, frame in enumerate(frames)]
    again = [landmarker.detect(frame, first=k == 0) for k, frame in enumerate(frames)]
    assert [len(faces) for faces in once] == [2] * 4
    for a, b in zip(once, again, strict=True):
        assert all(np.array_equal(x.points, y.points) for x, y in zip(a, b, strict=True))
    landmarker.close()
