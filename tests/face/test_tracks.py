from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from heygem_core.errors import NoUsableFace, SpecError
from heygem_core.face.mediapipe_mesh import MediaPipeMesh
from heygem_core.face.mesh import eye_distance
from heygem_core.face.reasons import Reason
from heygem_core.face.tracks import FaceTrack, FaceTracks, build_tracks, choose_face, describe_people, detect_faces

from .pictures import Picture, beside, pictures, sized

SIDE = 480


def tracked(frames: Sequence[Picture], tracker: MediaPipeMesh, first: int = 0) -> FaceTracks:
    return build_tracks(detect_faces(enumerate(frames, first), tracker), tracker.version)


def sides(track: FaceTrack) -> str:
    """Where a person is in each frame of a picture of two halves: L, R or – (not seen)."""
    x = track.points[:, 1, 0]
    return "".join("–" if np.isnan(value) else "L" if value < SIDE else "R" for value in x)


@pytest.fixture(scope="module")
def woman(clips: Path) -> list[Picture]:
    return pictures(clips / "talking/talk02.mp4", count=100)


@pytest.fixture(scope="module")
def man(clips: Path) -> list[Picture]:
    return pictures(clips / "talking/talk05.mp4", count=100)


def room(picture: Picture) -> Picture:
    """A picture without a face of the same light."""
    return np.full_like(picture, picture.mean(axis=(0, 1)).astype(np.uint8))


def test_one_person_is_one_track(clips: Path, tracker: MediaPipeMesh) -> None:
    tracks = tracked(pictures(clips / "man_1080x1920_30fps.mp4", count=60), tracker, first=120)
    (face,) = tracks.people
    assert (tracks.first_frame, tracks.size, face.number) == (120, (1080, 1920), 1)
    assert face.usable.all()
    assert not face.filled.any()
    assert (tracks.scenes == 0).all()
    assert face.points.shape == (60, 478, 3)


def test_people_who_swap_places_at_a_cut_keep_their_numbers(woman: list[Picture], man: list[Picture], tracker: MediaPipeMesh) -> None:
    frames = beside(woman[:30], man[:30], SIDE) + beside(man[30:60], woman[30:60], SIDE) + beside(woman[60:90], man[60:90], SIDE)
    tracks = tracked(frames, tracker)
    assert np.flatnonzero(np.diff(tracks.scenes)).tolist() == [29, 59]
    assert sorted(sides(track) for track in tracks.people) == ["L" * 30 + "R" * 30 + "L" * 30, "R" * 30 + "L" * 30 + "R" * 30]


def test_who_leaves_and_returns_is_the_same_person(woman: list[Picture], man: list[Picture], tracker: MediaPipeMesh) -> None:
    frames = beside(woman[:90], man[:90], SIDE)
    for k in range(30, 60):
        frames[k][:, SIDE:] = room(frames[k][:, SIDE:])
    tracks = tracked(frames, tracker)
    stays, leaves = sorted(tracks.people, key=sides)
    assert sides(stays) == "L" * 90
    assert sides(leaves)[:30] == "R" * 30
    assert sides(leaves)[31:60] == "–" * 29
    assert sides(leaves)[66:] == "R" * 24
    assert set(leaves.reasons[31:60]) == {Reason.LOST}
    assert leaves.usable[66:].all()


def test_who_leaves_on_one_side_and_returns_on_the_other_is_the_same_person(
    woman: list[Picture], man: list[Picture], tracker: MediaPipeMesh
) -> None:
    frames = [np.hstack([sized(p, SIDE, SIDE), room(sized(p, SIDE, SIDE))]) for p in woman[:30]]
    frames += [np.hstack([room(sized(p, SIDE, SIDE)), sized(p, SIDE, SIDE)]) for p in woman[30:60]]
    frames += [np.hstack([room(sized(p, SIDE, SIDE)), sized(p, SIDE, SIDE)]) for p in man[:30]]
    tracks = tracked(frames, tracker)
    assert sorted(sides(track).replace("–", "") for track in tracks.people) == ["L" * 30 + "R" * 30, "R" * 30]


def test_a_stranger_in_the_same_place_is_another_person(clips: Path, tracker: MediaPipeMesh) -> None:
    """Ten speakers of one corpus before one blue wall, one after the other."""
    names = sorted((clips / "grid").glob("*.mpg"))
    shots = [pictures(name, count=8) for name in names]
    tracks = tracked([frame for shot in shots for frame in shot], tracker)
    of_shot = [{track.number for track in tracks.people if np.isfinite(track.points[8 * k + 3, 0, 0])} for k in range(len(shots))]
    assert all(len(people) == 1 for people in of_shot)
    by_name = {name.stem: people for name, people in zip(names, of_shot, strict=True)}
    for (a, one), (b, other) in itertools.combinations(by_name.items(), 2):
        if {a, b} != {"pwij3p", "swwp2s"}:  # one speaker
            assert one != other, (a, b)


def test_a_short_gap_is_filled_and_a_long_one_is_not(woman: list[Picture], tracker: MediaPipeMesh) -> None:
    seen = list(detect_faces(enumerate(woman[:40]), tracker))
    whole = build_tracks(seen, "v").people[0]
    for frame in (10, 11, 12, *range(20, 26)):
        seen[frame].faces.clear()
        seen[frame].appearances.clear()
    (face,) = build_tracks(seen, "v").people
    assert np.flatnonzero(face.filled).tolist() == [10, 11, 12]
    assert face.usable[10:13].all()
    assert set(face.reasons[20:26]) == {Reason.NONE}
    apart = np.linalg.norm((face.points - whole.points)[10:13], axis=-1).mean() / eye_distance(whole.points).mean()
    assert apart < 0.05


def test_frames_without_anybody_and_a_clip_without_faces(tracker: MediaPipeMesh) -> None:
    tracks = tracked([np.full((360, 640, 3), 100, np.uint8)] * 5, tracker)
    assert tracks.people == ()
    with pytest.raises(NoUsableFace, match="No face was found"):
        choose_face(tracks)


def test_the_larger_face_comes_first_and_a_number_chooses(woman: list[Picture], man: list[Picture], tracker: MediaPipeMesh) -> None:
    frames = [
        np.hstack([np.pad(sized(a, 240, 240), ((0, 240), (0, 0), (0, 0))), sized(b, 480, 480)]) for a, b in zip(woman, man, strict=True)
    ]
    tracks = tracked(frames[:12], tracker, first=500)
    assert [track.number for track in tracks.people] == [1, 2]
    assert choose_face(tracks).number == 1
    assert np.nanmedian(choose_face(tracks).points[:, 1, 0]) > 240
    assert np.nanmedian(choose_face(tracks, 2).points[:, 1, 0]) < 240
    with pytest.raises(SpecError, match="no face 3") as caught:
        choose_face(tracks, 3)
    assert describe_people(tracks) in str(caught.value)
    assert "face 2 (on the left, frames 500–511)" in str(caught.value)


def test_a_face_that_is_always_too_small_cannot_be_chosen(woman: list[Picture], tracker: MediaPipeMesh) -> None:
    frames = []
    for picture in woman[:6]:
        wide = np.full((480, 640, 3), 90, np.uint8)
        wide[200:260, 300:360] = sized(picture, 60, 60)
        frames.append(wide)
    tracks = tracked(frames, tracker)
    assert len(tracks.people) == 1
    with pytest.raises(NoUsableFace, match="too small"):
        choose_face(tracks)


def test_frames_must_follow_each_other(woman: list[Picture], tracker: MediaPipeMesh) -> None:
    seen = list(detect_faces([(3, woman[0]), (5, woman[1])], tracker))
    with pytest.raises(ValueError, match="consecutive"):
        build_tracks(seen, "v")
    with pytest.raises(ValueError, match="at least one"):
        build_tracks([], "v")
