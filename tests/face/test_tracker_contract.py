"""What `tracker.FaceTracker` promises, held by every tracker that the program knows.

Models that do not come with it are made up here: where points mean nothing, they still have to have their form and be the same every time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from heygem_core.face.face_landmarker import FILE_NAME, VARIABLE
from heygem_core.face.tracker import MAX_FACES, Face, FaceTracker
from heygem_core.face.tracker_registry import TRACKERS, open_tracker

from .make_task import make_task
from .pictures import Picture, pictures
from .test_face_alignment_68 import hub  # noqa: F401  (a fixture)

SHOWN_PX = {"face-alignment": 160}  # its networks take seconds for a large picture on a processor


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.full) if name in SHOWN_PX else name for name in TRACKERS.names()])
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], FaceTracker]]:
    """Opens one of the trackers; a new one has to be given its models here."""
    import torch

    name: str = request.param
    monkeypatch.setenv("HEYGEM_MODELS", str(tmp_path_factory.getbasetemp() / "no-models"))
    if name == "face-landmarker":
        path = tmp_path_factory.getbasetemp() / FILE_NAME
        monkeypatch.setenv(VARIABLE, str(path if path.exists() else make_task(path)))
    if name == "face-alignment":
        monkeypatch.setattr(torch.hub, "_hub_dir", str(request.getfixturevalue("hub")))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield lambda: open_tracker(name, "cpu")
    torch.set_num_threads(threads)


@pytest.fixture
def shown(clips: Path, opened: Callable[[], FaceTracker], request: pytest.FixtureRequest) -> list[Picture]:
    return pictures(clips / "grid" / "bbaf2n.mpg", count=3, side=SHOWN_PX.get(request.node.callspec.params["opened"]))


def seen(tracker: FaceTracker, frames: list[Picture]) -> list[list[Face]]:
    return [tracker.detect(frame, first=k == 0) for k, frame in enumerate(frames)]


def test_faces_have_the_form_that_is_promised(opened: Callable[[], FaceTracker], shown: list[Picture]) -> None:
    with closing(opened()) as tracker:
        assert TRACKERS.get(tracker.name).name == tracker.name
        assert tracker.version
        before = [frame.copy() for frame in shown]
        for faces in seen(tracker, shown):
            assert len(faces) <= MAX_FACES
            for face in faces:
                assert (face.points.shape, face.points.dtype) == ((478, 3), np.float32)
                assert np.isfinite(face.points).all()
                assert 0 <= face.score <= 1
                edges = (*face.points[:, :2].min(0), *face.points[:, :2].max(0))
                assert face.box == pytest.approx(edges, abs=1e-3), "the box of the points"
        assert all(np.array_equal(one, other) for one, other in zip(before, shown, strict=True)), "pictures stay as they were"


def test_the_same_frames_give_the_same_points_after_a_cut_a_reset_and_anew(opened: Callable[[], FaceTracker], shown: list[Picture]) -> None:
    with closing(opened()) as tracker, closing(opened()) as other:
        once = seen(tracker, shown)
        runs = [seen(tracker, shown)]
        tracker.reset()
        runs += [seen(tracker, shown), seen(other, shown)]
    for run in runs:
        assert [len(faces) for faces in run] == [len(faces) for faces in once]
        for faces, same in zip(run, once, strict=True):
            assert all(np.array_equal(a.points, b.points) and a.score == b.score for a, b in zip(faces, same, strict=True))


def test_pictures_of_any_size_are_survived(opened: Callable[[], FaceTracker]) -> None:
    with closing(opened()) as tracker:
        for height, width in ((9, 7), (1, 90), (64, 65)):
            for face in tracker.detect(np.zeros((height, width, 3), np.uint8), first=True):
                assert np.isfinite(face.points).all()
