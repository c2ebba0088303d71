"""What lies before a lower face is found with its outline; a face by itself is not taken for something else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.occlusion import find, read, thing_at, track, with_thing
from heygem_core.face import occlusion


@pytest.fixture(scope="module")
def pictures(clips: Path) -> np.ndarray:
    return read(clips / "grid" / "bbaf2n.mpg", 60)


@pytest.fixture(scope="module")
def points(pictures: np.ndarray) -> np.ndarray:
    found = track(pictures)
    assert found is not None
    return found


def test_a_talking_face_is_not_covered_by_itself(pictures: np.ndarray, points: np.ndarray) -> None:
    covered, unsure, _ = find(pictures, points)
    assert not covered.any()
    assert not unsure.any()


@pytest.mark.parametrize(("kind", "least"), [("microphone", 0.9), ("cup", 0.75)])  # the rim of a cup is partly learnt as the face
def test_a_thing_before_the_mouth_is_found_while_it_is_there_and_survives(
    pictures: np.ndarray, points: np.ndarray, kind: str, least: float
) -> None:
    drawn, masks = zip(*with_thing(pictures, points, kind, "with the head"), strict=True)
    seen = track(np.stack(drawn))
    assert seen is not None
    covered, unsure, grid = find(np.stack(drawn), seen)
    there = np.array([mask.any() for mask in masks])
    np.testing.assert_array_equal(covered.any((1, 2)) | unsure, there)
    assert covered.any((1, 2)).sum() >= 0.9 * there.sum()
    for number in np.flatnonzero(covered.any((1, 2))):
        places = grid.positions(seen[number])
        luma = drawn[number].mean(-1).astype(np.float32) / 255
        level = occlusion.cover_in_picture(luma, covered[number], places - 0.5)
        on_face = np.zeros(luma.shape, bool)
        rows, columns = np.clip(places[grid.judged].round().astype(int), 0, np.array(luma.shape)[::-1] - 1).T[::-1]
        on_face[rows, columns] = True
        thing, found = (masks[number] > 0.5)[on_face], level[on_face]
        assert found[thing].mean() > least, "the thing stays"
        assert found[~thing].mean() < 0.4, "the mouth beside it moves"


def test_a_mask_follows_the_places_of_the_face_and_goes_on_beyond_them() -> None:
    places = np.stack(np.meshgrid(np.arange(occlusion.COLUMNS), np.arange(occlusion.ROWS)), -1).astype(np.float32) * 3 + [20, 10]
    covered = np.zeros((occlusion.ROWS, occlusion.COLUMNS), bool)
    covered[:, 20:] = True
    level = occlusion.cover_in_picture(np.full((200, 180), 0.5, np.float32), covered, places)
    assert level[100, :60].max() == 0
    assert level[100, 95:].min() == 1, "to the edge of the picture"


def test_too_little_of_a_thing_is_no_cover(pictures: np.ndarray, points: np.ndarray) -> None:
    """A spoon's edge, a fly, a flare: the mouth moves all the same."""
    drawn = pictures.copy()
    x, y = points[30, 152]
    for number in range(20, 40):
        drawn[number], _ = thing_at(pictures[number], "microphone", float(x), float(y) + 4, 6.0, np.zeros(3, np.float32))
    covered, _, _ = find(drawn, points)
    assert not covered.any()
