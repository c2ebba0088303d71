"""What lies before a lower face is found with its outline; a face by itself is not taken for something else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from benchmarks.occlusion import find, read, thing_at, track, with_thing
from heygem_core.face import occlusion
from heygem_core.face.hands import HandFinder


@pytest.fixture(scope="module")
def pictures(clips: Path) -> np.ndarray:
    return read(clips / "grid" / "bbaf2n.mpg", 60)


@pytest.fixture(scope="module")
def points(pictures: np.ndarray) -> np.ndarray:
    found = track(pictures)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def finder() -> Iterator[HandFinder]:
    with closing(HandFinder()) as opened:
        yield opened


def test_a_talking_face_is_not_covered_by_itself(pictures: np.ndarray, points: np.ndarray, finder: HandFinder) -> None:
    covered, unsure, _ = find(pictures, points, finder)
    assert not covered.any()
    assert not unsure.any()


@pytest.mark.parametrize(("kind", "least"), [("microphone", 0.9), ("cup", 0.75)])  # the rim of a cup is partly learnt as the face
def test_a_thing_before_the_mouth_is_found_while_it_is_there_and_survives(
    pictures: np.ndarray, points: np.ndarray, finder: HandFinder, kind: str, least: float
) -> None:
    drawn, masks = zip(*with_thing(pictures, points, kind, "with the head"), strict=True)
    seen = track(np.stack(drawn))
    assert seen is not None
    covered, unsure, grid = find(np.stack(drawn), seen, finder)
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


@pytest.mark.parametrize("way", ["with the head", "across"])
def test_a_hand_before_the_mouth_survives(pictures: np.ndarray, points: np.ndarray, finder: HandFinder, way: str) -> None:
    """It has the colour of this person's skin: only the hand model tells it from the face."""
    drawn, masks = zip(*with_thing(pictures, points, "hand", way), strict=True)
    seen = track(np.stack(drawn))
    assert seen is not None
    covered, unsure, grid = find(np.stack(drawn), seen, finder)
    kept = whole = 0.0
    for number, mask in enumerate(masks):
        if not mask.any():
            assert not unsure[number]
            assert not covered[number].any()
            continue
        places = np.round(grid.positions(seen[number])[grid.judged]).astype(int)
        behind = mask[np.clip(places[:, 1], 0, mask.shape[0] - 1), np.clip(places[:, 0], 0, mask.shape[1] - 1)] > 0.5
        whole += behind.sum()
        kept += behind.sum() if unsure[number] else covered[number][grid.judged][behind].sum()
    assert kept > 0.9 * whole > 0


def test_a_hand_where_the_face_looks_as_always_is_not_believed(pictures: np.ndarray, points: np.ndarray) -> None:
    """The hand model takes a face for a hand now and then."""
    grid = occlusion.face_grid(points)
    textures = np.stack([occlusion.face_texture(picture, at, grid) for picture, at in zip(pictures, points, strict=True)])
    behind = np.zeros((len(pictures), occlusion.ROWS, occlusion.COLUMNS), bool)
    behind[20:23] = grid.judged
    covered, unsure = occlusion.covered_places(occlusion.strangeness(textures, occlusion.habits(points), grid, behind), grid, behind)
    assert not covered.any()
    assert not unsure.any()


def test_a_hand_is_looked_for_around_where_one_is(points: np.ndarray) -> None:
    grid, asked = occlusion.face_grid(points), []

    def look(frames: np.ndarray) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
        asked.extend(frames.tolist())
        for frame in frames:
            yield [points[frame][:21, :2]] if 20 <= frame < 30 else [], points[frame]

    wanted = np.zeros(len(points), bool)
    wanted[25] = True
    behind = occlusion.behind_hands(wanted, look, grid)
    np.testing.assert_array_equal(np.flatnonzero(behind.any((1, 2))), np.arange(20, 30))
    assert len(asked) == len(set(asked)) < len(points), "each frame once, and not all"


def test_a_mouth_that_is_mostly_hidden_is_left_as_it_is(points: np.ndarray) -> None:
    grid = occlusion.face_grid(points)
    strange = np.zeros((20, occlusion.ROWS, occlusion.COLUMNS), np.float32)
    strange[5:8] = strange[10:12] = np.where(grid.judged, 5, 0)
    covered, unsure = occlusion.covered_places(strange, grid)
    np.testing.assert_array_equal(np.flatnonzero(covered.any((1, 2))), [5, 6, 7, 10, 11])
    np.testing.assert_array_equal(np.flatnonzero(unsure), np.arange(5, 12), "nor does it come back for a moment between")


@pytest.mark.parametrize(("share", "passes"), [(0.7, False), (0.95, True)])
def test_behind_a_microphone_the_mouth_goes_on_until_hardly_anything_of_it_is_seen(points: np.ndarray, share: float, passes: bool) -> None:
    """It hides most of the lips and little else, and is found with its outline; a cup that hides as much of them hides the cheeks too.
    Something that is taken for a hand where the face looks as always is none, and changes nothing."""
    grid = occlusion.face_grid(points)
    columns = np.flatnonzero(grid.lips.any(0))
    shown = grid.lips.sum(0)[columns].cumsum() / grid.lips.sum()
    thing = np.zeros(grid.judged.shape, bool)
    thing[occlusion.UPPER_ROWS :, columns[0] : columns[np.searchsorted(shown, share)] + 1] = True
    thing &= np.arange(occlusion.ROWS)[:, None] >= np.flatnonzero(grid.lips.any(1))[0]
    thing &= np.arange(occlusion.ROWS)[:, None] <= np.flatnonzero(grid.lips.any(1))[-1] + 3
    strange = np.where(thing & grid.judged, 5, 0).astype(np.float32)[None].repeat(20, 0)
    behind = np.zeros(strange.shape, bool)
    behind[:, : occlusion.UPPER_ROWS + 8] = True
    for hands in (None, behind & ~thing):
        covered, unsure = occlusion.covered_places(strange, grid, hands)
        assert covered.any((1, 2)).all()
        assert covered[0][grid.lips].mean() > 0.6
        assert unsure.all() == unsure.any() == passes


@pytest.mark.parametrize(("first", "last", "believed"), [(20, 22, False), (20, 24, True), (0, 2, True)])
def test_what_is_taken_for_a_hand_for_a_moment_is_none(points: np.ndarray, first: int, last: int, believed: bool) -> None:
    """A microphone before a face was one in two looks of sixty; at the beginning it may have been there before."""
    grid = occlusion.face_grid(points)

    def look(frames: np.ndarray) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
        for frame in frames:
            yield [points[frame][:21, :2]] if first <= frame < last else [], points[frame]

    behind = occlusion.behind_hands(np.ones(len(points), bool), look, grid)
    np.testing.assert_array_equal(np.flatnonzero(behind.any((1, 2))), np.arange(first, last) if believed else [])


def test_what_is_suspected_for_one_look_only_is_no_thing(points: np.ndarray) -> None:
    grid = occlusion.face_grid(points)
    strange = np.zeros((20, occlusion.ROWS, occlusion.COLUMNS), np.float32)
    strange[[3, 8, 9, 19]] = 1.1  # suspicious, no more
    covered, unsure = occlusion.covered_places(strange, grid)
    assert not covered.any()
    np.testing.assert_array_equal(np.flatnonzero(unsure), [8, 9, 19], "the last look may be the first of more")


def test_a_thing_that_is_found_before_and_after_is_there_between_too(points: np.ndarray) -> None:
    """A hand was not seen in two looks: it was painted over, and lent as a mouth to other frames."""
    grid = occlusion.face_grid(points)
    strange = np.zeros((30, occlusion.ROWS, occlusion.COLUMNS), np.float32)
    part = grid.judged & (np.arange(occlusion.ROWS) > occlusion.ROWS - 12)[:, None]
    strange[4:8] = strange[20:22] = np.where(part, 5, 0)
    strange[10:15] = 1.1  # suspicious, no more
    covered, unsure = occlusion.covered_places(strange, grid)
    np.testing.assert_array_equal(np.flatnonzero(covered.any((1, 2))), [*range(4, 8), 20, 21])
    np.testing.assert_array_equal(np.flatnonzero(unsure), np.arange(8, 15), "a thing that is away for longer has gone")


def test_too_little_of_a_thing_is_no_cover(pictures: np.ndarray, points: np.ndarray, finder: HandFinder) -> None:
    """A spoon's edge, a fly, a flare: the mouth moves all the same."""
    drawn = pictures.copy()
    x, y = points[30, 152]
    for number in range(20, 40):
        drawn[number], _ = thing_at(pictures[number], "microphone", float(x), float(y) + 4, 6.0, np.zeros(3, np.float32))
    covered, _, _ = find(drawn, points, finder)
    assert not covered.any()
