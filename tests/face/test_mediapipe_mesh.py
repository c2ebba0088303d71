from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from heygem_core.face.mediapipe_mesh import MediaPipeMesh
from heygem_core.face.mesh import INNER_LIPS, eye_distance, head_angles, pose_free
from heygem_core.face.tracker import MAX_FACES, PictureView
from heygem_core.media.probe import probe
from heygem_core.media.upright import upright_frames, upright_views

from .pictures import Picture, beside, pictures, sized


@pytest.mark.parametrize(
    ("name", "start", "count"),
    [
        ("man_1080x1920_30fps.mp4", 200, 200),
        ("beard_1080x1920_25fps.mp4", 0, 200),
        ("glasses_512x512_25fps.mp4", 0, 200),
        ("german_512x512_25fps.mp4", 0, 500),
    ],
)
@pytest.mark.full
def test_no_face_is_lost(clips: Path, tracker: MediaPipeMesh, name: str, start: int, count: int) -> None:
    found = [tracker.detect(picture, first=k == 0) for k, picture in enumerate(pictures(clips / name, start, count))]
    assert len(found) == min(count, probe(clips / name).frame_count - start)
    assert {len(faces) for faces in found} == {1}
    assert min(faces[0].score for faces in found) > 0.5


def test_points_are_those_of_mediapipes_own_face_mesh(clips: Path, tracker: MediaPipeMesh) -> None:
    import mediapipe

    frames = pictures(clips / "man_1080x1920_30fps.mp4", count=25)
    with mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=True) as reference:
        theirs = [reference.process(frame).multi_face_landmarks[0].landmark for frame in frames]
    ours = np.stack([tracker.detect(frame, first=k == 0)[0].points for k, frame in enumerate(frames)])
    height, width = frames[0].shape[:2]
    expected = np.array([[(p.x * width, p.y * height, p.z * width) for p in face] for face in theirs])
    apart = np.linalg.norm(ours - expected, axis=-1) / eye_distance(expected)[:, None]
    assert apart[..., :2].mean() < 0.012
    assert np.abs(ours - expected)[..., 2].mean() < 0.03 * eye_distance(expected).mean()


def test_the_same_frames_give_the_same_points(clips: Path, tracker: MediaPipeMesh) -> None:
    frames = pictures(clips / "beard_1080x1920_25fps.mp4", 100, 30)
    once, again = ([tracker.detect(frame, first=k == 0)[0].points for k, frame in enumerate(frames)] for _ in range(2))
    assert np.array_equal(once, again)


def test_a_large_picture_of_which_only_parts_are_converted_has_the_same_faces(clips: Path, tracker: MediaPipeMesh) -> None:
    """In the first frame all of it is looked at, in the fifth for more faces."""
    info = probe(clips / "man_1080x1920_30fps.mp4")
    whole = [tracker.detect(picture, first=k == 0) for k, picture in upright_frames(info, 0, 6)]
    views = list(upright_views(info, 0, 6))
    parts = [tracker.detect_in(view, first=k == 0) for k, view in views]
    for found, expected in zip(parts, whole, strict=True):
        assert [face.score for face in found] == [face.score for face in expected]
        assert np.array_equal([face.points for face in found], [face.points for face in expected])
    assert ["whole" in view.__dict__ for _, view in views] == [True, *[False] * 5]


def test_a_second_face_that_comes_is_found_in_parts_as_in_the_whole(clips: Path, tracker: MediaPipeMesh) -> None:
    alone = pictures(clips / "talking/talk02.mp4", 0, 9)
    both = beside(alone, pictures(clips / "glasses_512x512_25fps.mp4", 0, 9))
    frames = [beside([frame], [np.zeros_like(frame)])[0] for frame in alone[:2]] + both[2:]
    whole = [tracker.detect(frame, first=k == 0) for k, frame in enumerate(frames)]
    assert [len(faces) for faces in whole] == [1] * 4 + [2] * 5
    parts = [tracker.detect_in(_ALevelOff(frame), first=k == 0) for k, frame in enumerate(frames)]
    assert [[face.points.tolist() for face in faces] for faces in parts] == [[face.points.tolist() for face in faces] for faces in whole]


class _ALevelOff(PictureView):
    """A view whose thinned pixels are nearly those of the whole, as those of a decoded frame are."""

    def thinned(self, step: int) -> Picture:
        return np.asarray(np.clip(super().thinned(step), 1, 254) + 1, np.uint8)


def test_shapes_do_not_depend_on_how_the_picture_is_turned_or_scaled(clips: Path, tracker: MediaPipeMesh) -> None:
    frame = pictures(clips / "talking/talk02.mp4", 20, 1)[0]
    plain = tracker.detect(frame, first=True)[0].points
    side = frame.shape[0]
    for degrees, scale in ((25, 1.0), (-40, 1.0), (0, 0.5), (0, 2.0)):
        angle = np.asarray(cv2.getRotationMatrix2D((side / 2, side / 2), -degrees, scale), np.float64)
        angle[:, 2] += (scale - 1) * side / 2
        turned = cv2.warpAffine(frame, angle, (round(scale * side),) * 2, flags=cv2.INTER_AREA)
        points = tracker.detect(np.asarray(turned, np.uint8), first=True)[0].points
        shapes = pose_free(np.stack([plain, points]))
        assert np.linalg.norm((shapes.shapes[0] - shapes.shapes[1])[:468, :2], axis=-1).mean() < 0.02
        rolls = head_angles(shapes.pose.rotation)[:, 2]
        assert rolls[1] - rolls[0] == pytest.approx(degrees, abs=1.5)
        assert shapes.pose.scale[1] / shapes.pose.scale[0] == pytest.approx(scale, rel=0.02)


def test_a_small_face_in_a_wide_shot_and_one_that_fills_the_frame_are_found(clips: Path, tracker: MediaPipeMesh) -> None:
    frame = pictures(clips / "man_1080x1920_30fps.mp4", count=1)[0]
    face = tracker.detect(frame, first=True)[0]
    wide = np.full((1080, 1920, 3), 90, np.uint8)
    small = sized(frame, 232, 413)  # 27 pixels between the eyes
    wide[300:713, 1200:1432] = small
    found = tracker.detect(wide, first=True)
    assert len(found) == 1
    back = (found[0].points[:, :2] - [1200, 300]) * (1080 / 232)
    assert np.linalg.norm(back - face.points[:, :2], axis=-1).mean() < 0.02 * eye_distance(face.points)
    left, top, right, bottom = (round(value) for value in face.box)
    close = tracker.detect(np.ascontiguousarray(frame[top:bottom, left:right]), first=True)
    assert len(close) == 1


def test_two_faces_are_tracked_and_a_third_that_comes_in_is_found_soon(clips: Path, tracker: MediaPipeMesh) -> None:
    left, right = pictures(clips / "talking/talk02.mp4", count=24), pictures(clips / "talking/talk03.mp4", count=24)
    third = pictures(clips / "talking/talk05.mp4", count=24)
    empty = np.full((480, 480, 3), 128, np.uint8)
    pairs = beside(left, right)
    frames = [np.hstack([pair, sized(third[k], 480, 480) if k >= 10 else empty]) for k, pair in enumerate(pairs)]
    counts = [len(tracker.detect(frame, first=k == 0)) for k, frame in enumerate(frames)]
    assert counts[:10] == [2] * 10
    assert counts[14:] == [3] * 10


def test_never_more_faces_than_asked_for(clips: Path, tracker: MediaPipeMesh) -> None:
    face = sized(pictures(clips / "talking/talk02.mp4", count=1)[0], 320, 320)
    crowd = np.vstack([np.hstack([face] * 4)] * 2)
    for k in range(6):
        assert len(tracker.detect(crowd, first=k == 0)) <= MAX_FACES


def without_faces() -> Iterator[tuple[str, Picture]]:
    yield "grey", np.full((720, 1280, 3), 128, np.uint8)
    yield "noise", np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    yield "tiny", np.zeros((9, 7, 3), np.uint8)
    yield "a line", np.zeros((1, 900, 3), np.uint8)


@pytest.mark.parametrize("picture", [pytest.param(picture, id=name) for name, picture in without_faces()])
def test_pictures_without_faces_give_none(tracker: MediaPipeMesh, picture: Picture) -> None:
    assert [tracker.detect(picture, first=k == 0) for k in range(3)] == [[], [], []]


def test_a_covered_mouth_lowers_the_score(clips: Path, tracker: MediaPipeMesh) -> None:
    frames = pictures(clips / "german_512x512_25fps.mp4", count=10)
    plain = [tracker.detect(frame, first=k == 0)[0] for k, frame in enumerate(frames)]
    for frame, face in zip(frames, plain, strict=True):
        mouth, unit = face.points[list(INNER_LIPS), :2].mean(axis=0), float(eye_distance(face.points))
        cv2.ellipse(frame, mouth.astype(int).tolist(), (int(0.6 * unit), int(0.4 * unit)), 0, 0, 360, (40, 60, 160), -1)
    covered = [faces[0].score for k, frame in enumerate(frames) if (faces := tracker.detect(frame, first=k == 0))]
    assert min(face.score for face in plain) > 0.7
    assert not covered or np.median(covered) < 0.5


def test_opening_and_tracking_write_nothing_to_the_terminal(tmp_path: Path) -> None:
    """MediaPipe greets on stderr when its networks first run."""
    script = (
        "import numpy as np\n"
        "from heygem_core.face.tracker_registry import open_tracker\n"
        "tracker = open_tracker()\n"
        "tracker.detect(np.zeros((480, 640, 3), np.uint8), first=True)\n"
        "tracker.close()\n"
    )
    finished = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    assert (finished.stdout, finished.stderr) == ("", "")
