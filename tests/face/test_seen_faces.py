"""The faces of all frames in a few arrays."""

from __future__ import annotations

import numpy as np
import pytest

from heygem_core.face.seen_faces import FrameFaces, SeenFaces
from heygem_core.face.tracker import face_of


def frame(index: int, faces: int, scene: int = 0) -> FrameFaces:
    rng = np.random.default_rng(index)
    points = [rng.normal(size=(478, 3)).astype(np.float32) for _ in range(faces)]
    looks = [rng.normal(size=432).astype(np.float32) for _ in range(faces)]
    scores = rng.uniform(size=faces).tolist()
    return FrameFaces(
        index=index,
        scene=scene,
        size=(64, 48),
        faces=[face_of(at, score) for at, score in zip(points, scores, strict=True)],
        appearances=looks,
    )


@pytest.mark.parametrize("likely", [0, 2, 100])
def test_what_goes_in_comes_out_whatever_number_of_frames_was_expected(likely: int) -> None:
    given = [frame(7 + k, faces, scene=k // 4) for k, faces in enumerate((0, 3, 1, 0, 5, 5, 2, 0))]
    seen = SeenFaces(likely)
    for each in given:
        seen.add(each)
    assert len(seen) == len(given)
    assert (seen.first_frame, seen.size) == (7, (64, 48))
    assert seen.counts.tolist() == [0, 3, 1, 0, 5, 5, 2, 0]
    assert seen.scenes.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert seen.points.shape == (16, 478, 3)
    assert seen.appearances.shape == (16, 432)
    for one, other in zip(seen, given, strict=True):
        assert (one.index, one.scene, one.size) == (other.index, other.scene, other.size)
        assert [(face.score, face.box) for face in one.faces] == [(face.score, face.box) for face in other.faces]
        for a, b in zip(one.faces, other.faces, strict=True):
            np.testing.assert_array_equal(a.points, b.points)
        for look, same in zip(one.appearances, other.appearances, strict=True):
            np.testing.assert_array_equal(look, same)


def test_a_frame_that_does_not_follow_is_refused() -> None:
    seen = SeenFaces.of([frame(3, 1)])
    with pytest.raises(ValueError, match="consecutive"):
        seen.add(frame(5, 1))
