"""What was found out once is found again, in any range; and what a crash damaged is made again, never an error."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from heygem_core.face.detection_cache import LEAD_IN_FRAMES, find_faces, load_chunk, save_chunk
from heygem_core.media import kept_regions
from heygem_core.media.kept_regions import KeptRegions
from heygem_core.media.probe import probe
from heygem_core.storage.cache import Cache

from .making import make, pictures, planes, same, stages, task, write_clip
from .test_segments import plan, run


def damage(path: Path, how: str) -> None:
    """As a power cut leaves files: gone, empty, cut short, or full of zeros at their old size; or as a failing disk does, in their body."""
    data = path.read_bytes()
    middle = len(data) // 2
    if how == "gone":
        path.unlink()
    else:
        damaged = {
            "empty": b"",
            "cut short": data[:middle],
            "zeros": bytes(len(data)),
            "a block of zeros": data[:middle] + bytes(len(data) - middle),
            "another sign": data[:-1] + bytes([data[-1] ^ 0x80]),  # the sign of the last float
        }
        path.write_bytes(damaged[how])


@pytest.mark.parametrize(
    "how",
    ["a block of zeros", *(pytest.param(how, marks=pytest.mark.full) for how in ("gone", "empty", "cut short", "zeros", "another sign"))],
)
def test_a_damaged_cache_is_made_again(short: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """It used to end with exit code 70, for every later render of that clip too."""
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    make(short, sentence, tmp_path / "before.mkv", end_exclusive=8)
    files = [path for path in (tmp_path / "cache").rglob("*") if path.is_file() and not path.name.startswith("lock-")]
    kinds = {path.parent.parent.name for path in files}
    assert {"faces", "heard", "plans", "manners", "lip_calibrations"} <= kinds
    for path in files if how == "gone" else {path.stat().st_ino: path for path in files}.values():  # some lie under two names
        damage(path, how)
    make(short, sentence, tmp_path / "after.mkv", end_exclusive=8)
    assert same(planes(tmp_path / "after.mkv"), planes(tmp_path / "before.mkv"))


def test_a_plan_from_what_was_kept_of_the_frames_is_the_plan_from_the_frames(
    short: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faces that were found before leave nothing of the frames: then they are decoded again."""
    monkeypatch.setattr(kept_regions, "_SMALL", 2)  # faces fill small pictures, of which nothing is kept as a rule
    read = KeptRegions._read
    numbers: list[int] = []
    monkeypatch.setattr(KeptRegions, "_read", lambda self, number: numbers.append(number) or read(self, number))
    spec = task(short, sentence, tmp_path / "out.mkv")
    plans = []
    for again in (False, True):
        monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / f"cache {again}"))
        if again:
            shutil.copytree(tmp_path / "cache False" / "faces", tmp_path / "cache True" / "faces")
            assert len(set(numbers)) > 3
            numbers.clear()
        plan(spec, None)
        (folder,) = (path.parent for path in (tmp_path / f"cache {again}" / "plans").rglob("plan.json"))
        plans.append({path.name: path.read_bytes() for path in folder.glob("*.npy")})
    assert not numbers
    assert len(plans[0]) > 10
    assert plans[0] == plans[1]


@pytest.mark.parametrize(("name", "how"), [("plan.json", "zeros"), ("target.npy", "a block of zeros"), ("patches.npy", "another sign")])
def test_one_damaged_file_of_a_plan_is_noticed(
    short: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, how: str
) -> None:
    """A damaged head of an array ended as an internal error for ever, a damaged body drew wrong pixels."""
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    make(short, sentence, tmp_path / "before.mkv", end_exclusive=8)
    (file,) = (tmp_path / "cache" / "plans").rglob(name)
    damage(file, how)
    assert "plan" in stages(make(short, sentence, tmp_path / "after.mkv", end_exclusive=8))
    assert same(planes(tmp_path / "after.mkv"), planes(tmp_path / "before.mkv"))


def test_another_range_of_a_tracked_clip_does_not_track_again(
    man: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))

    def tracked_before(start: int, end: int) -> bool:
        return plan(task(man, sentence, tmp_path / "take.mkv", start=start, end_exclusive=end), None).reused_tracks

    assert not tracked_before(10, 50)
    assert all(tracked_before(start, end) for start, end in ((20, 30), (12, 48), (30, 60)))


CHUNK_FRAMES = 30  # in these tests


@pytest.fixture
def two_stretches(man: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A little more than one stretch of the man."""
    monkeypatch.setattr("heygem_core.face.detection_cache.CHUNK_FRAMES", CHUNK_FRAMES)
    return write_clip(tmp_path / "long.mp4", pictures(man)[: CHUNK_FRAMES + 20])


def test_a_frame_has_the_same_face_whichever_range_it_was_wanted_for(two_stretches: Path, tmp_path: Path) -> None:
    info = probe(two_stretches)

    def faces(first: int, last: int, cache: str) -> tuple[list, int]:
        events, (seen, damaged, _) = run(find_faces(info, first, last, "mediapipe", Cache(tmp_path / cache)))
        assert not len(damaged)
        assert [frame.index for frame in seen] == list(range(first, last))
        return list(seen), len(events)

    late, tracked = faces(CHUNK_FRAMES + 10, CHUNK_FRAMES + 15, "one")
    assert tracked == 20, "only the stretch that is asked for"
    whole, tracked = faces(0, CHUNK_FRAMES + 20, "one")
    assert tracked == CHUNK_FRAMES, "what is known already is not looked at"
    again, _ = faces(0, CHUNK_FRAMES + 20, "two")
    for one, other in [*zip(late, whole[CHUNK_FRAMES + 10 :], strict=False), *zip(whole, again, strict=True)]:
        np.testing.assert_array_equal(one.faces[0].points, other.faces[0].points)
    assert {frame.scene for frame in whole} == {0}
    # No jump where stretches meet: the tracker had come to the second one from the frames before.
    lips = np.array([frame.faces[0].points[13] for frame in whole[CHUNK_FRAMES - LEAD_IN_FRAMES : CHUNK_FRAMES + LEAD_IN_FRAMES]])
    steps = np.linalg.norm(np.diff(lips, axis=0), axis=1)
    assert steps[LEAD_IN_FRAMES - 1] < max(2.0, 3 * np.median(steps))


def test_a_stretch_is_read_as_it_was_written(two_stretches: Path, tmp_path: Path) -> None:
    info, cache = probe(two_stretches), Cache(tmp_path / "cache")
    run(find_faces(info, CHUNK_FRAMES, CHUNK_FRAMES + 20, "mediapipe", cache))
    (folder,) = (path.parent for path in (tmp_path / "cache" / "faces").rglob("faces.npz"))
    stretch = load_chunk(folder)
    (tmp_path / "copy").mkdir()
    save_chunk(stretch, tmp_path / "copy")
    again = load_chunk(tmp_path / "copy")
    assert (again.cut, again.damaged, len(again.frames)) == (stretch.cut, stretch.damaged, 20)
    for one, other in zip(stretch.frames, again.frames, strict=True):
        assert (one.index, one.scene, one.size) == (other.index, other.scene, other.size)
        for a, b in zip(one.faces, other.faces, strict=True):
            assert (a.score, a.box) == (b.score, b.box)
            np.testing.assert_array_equal(a.points, b.points)
        np.testing.assert_array_equal(one.appearances, other.appearances)
