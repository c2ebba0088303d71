"""What a take promises: nothing outside the matte changes, pieces join without a seam, and the sound is the speech."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from heygem_core.media.probe import probe
from heygem_core.rendering.report import read_report

from .making import make, notices, pictures, planes, same, samples, speech, stages, task, write_clip, write_sound


@pytest.fixture(scope="module")
def whole(man: Path, woman: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The man says the woman's sentence, lossless, with its matte beside it; 50 frames."""
    take = tmp_path_factory.mktemp("whole") / "whole.mkv"
    make(man, woman, take, matte=take.with_name("matte.mkv"), start=5, end_exclusive=55)
    return take


def test_pieces_joined_equal_the_whole_bit_for_bit(whole: Path, man: Path, woman: Path, tmp_path: Path) -> None:
    joined = []
    for first, end in ((0, 13), (13, 37), (37, 50)):
        piece = tmp_path / f"{first}.mkv"
        events = make(man, woman, piece, start=5, end_exclusive=55, segment=(first, end))
        assert "track" not in stages(events), "the plan is made once and only read by the pieces"
        joined += planes(piece)
        report = read_report(piece)
        assert report is not None
        assert (report.start, report.end_exclusive, len(report.wanted_opening)) == (first, end, end - first)
    assert same(joined, planes(whole))


def test_outside_the_matte_every_sample_is_the_source_s_own(whole: Path, man: Path) -> None:
    _only_the_matte_changes(planes(man, 5, 55), planes(whole), planes(whole.with_name("matte.mkv")), (2, 2))


def test_outside_the_matte_ten_bit_prores_stays_exact_too(man: Path, sentence: Path, tmp_path: Path) -> None:
    source = write_clip(
        tmp_path / "deep.mov",
        pictures(man)[20:36],
        codec="prores_ks",
        pix_fmt="yuv422p10le",
        options={"profile": "3"},
        timecode="10:20:30:05",
    )
    make(source, sentence, tmp_path / "take.mkv", matte=tmp_path / "matte.mkv")
    written = planes(tmp_path / "take.mkv")
    assert written[0][0].dtype == np.uint16
    _only_the_matte_changes(planes(source), written, planes(tmp_path / "matte.mkv"), (1, 2))
    assert probe(tmp_path / "take.mkv").start_timecode == "10:20:30:05"


def _only_the_matte_changes(source, take, matte, subsampling) -> None:  # type: ignore[no-untyped-def]
    assert len(source) == len(take) == len(matte)
    changed = 0
    for before, after, (levels, *_) in zip(source, take, matte, strict=True):
        for number, (old, new) in enumerate(zip(before, after, strict=True)):
            down, across = (1, 1) if number == 0 else subsampling
            # A chroma sample belongs to all pixels that share it.
            covered = levels.reshape(levels.shape[0] // down, down, levels.shape[1] // across, across).max(axis=(1, 3)) > 0
            np.testing.assert_array_equal(old[~covered], new[~covered])
            changed += int((old != new).sum())
        assert 0.002 < (levels > 0).mean() < 0.35, "the matte is a mouth and its surroundings"
    assert changed > 100 * len(source), "the mouth does change"


def test_a_second_render_does_not_look_at_the_pictures_again(short: Path, sentence: Path, tmp_path: Path) -> None:
    first = make(short, sentence, tmp_path / "one.mkv", offset_ms=20)
    second = make(short, sentence, tmp_path / "two.mkv", offset_ms=20)
    third = make(short, sentence, tmp_path / "three.mkv", offset_ms=40)
    assert {"plan", "render"} <= stages(first)
    assert stages(second) == {"probe", "render", "finish"}
    assert "plan" in stages(third)
    assert "track" not in stages(third), "other settings need another plan but no other tracks"
    assert notices(second) == notices(first), "notices come with the plan, cached or not"
    assert same(planes(tmp_path / "one.mkv"), planes(tmp_path / "two.mkv"))


def test_frames_without_the_face_pass_through_bit_identical_and_are_listed(man: Path, sentence: Path, tmp_path: Path) -> None:
    empty = np.full_like(pictures(man)[0], 90)
    source = write_clip(tmp_path / "leaves.mp4", [*pictures(man)[10:26], *[empty] * 10, *pictures(man)[36:52]])
    events = make(source, sentence, tmp_path / "take.mkv", matte=tmp_path / "matte.mkv")
    report = read_report(tmp_path / "take.mkv")
    assert report is not None
    ranges = [span for spans in report.passed_through.values() for span in spans]
    untouched = {frame for first, end in ranges for frame in range(first, end)}
    assert set(range(16, 26)) <= untouched <= set(range(14, 29))
    assert "no face is seen" in report.passed_through
    assert "pass through" in notices(events)
    before, after, matte = planes(source), planes(tmp_path / "take.mkv"), planes(tmp_path / "matte.mkv")
    for frame in range(len(before)):
        assert same([before[frame]], [after[frame]]) == (frame in untouched)
        assert matte[frame][0].any() == (frame not in untouched)
        assert (report.wanted_opening[frame] is None) == (frame in untouched)


@pytest.mark.parametrize("suffix", [".mkv", ".mov"])
def test_the_take_s_sound_is_the_speech_to_the_sample(short: Path, man: Path, tmp_path: Path, suffix: str) -> None:
    left, right = speech(man, 48_000)[20_000:60_000], speech(man, 48_000)[30_000:70_000]
    source = write_sound(tmp_path / "speech.wav", np.stack([left, right]), rate=48_000, layout="stereo", codec="pcm_s24le")
    make(short, source, tmp_path / f"take{suffix}")
    wanted = samples(source)[:, : 16 * 1920]
    np.testing.assert_array_equal(samples(tmp_path / f"take{suffix}"), wanted)


def test_a_take_without_audio_has_no_audio_stream(short: Path, sentence: Path, tmp_path: Path) -> None:
    make(short, sentence, tmp_path / "take.mov", sound="none")
    with av.open(str(tmp_path / "take.mov")) as container:
        assert not container.streams.audio
        assert len(container.streams.video) == 1


def test_the_start_timecode_moves_with_the_in_point(man: Path, sentence: Path, tmp_path: Path) -> None:
    source = write_clip(tmp_path / "clip.mov", pictures(man)[20:36], timecode="01:00:00:20")
    make(source, sentence, tmp_path / "take.mov", start=6)
    take = probe(tmp_path / "take.mov")
    assert take.start_timecode == "01:00:01:01"
    assert (take.frame_count, take.rate) == (10, 25)


def test_a_rotated_clip_is_rendered_in_its_own_orientation(man: Path, sentence: Path, tmp_path: Path) -> None:
    lying = [np.rot90(picture) for picture in pictures(man)[20:36]]  # anticlockwise, shown turned clockwise
    source = write_clip(tmp_path / "phone.mp4", lying, rotation=90)
    make(source, sentence, tmp_path / "take.mov", matte=tmp_path / "matte.mov", format="prores")
    take, matte = probe(tmp_path / "take.mov"), planes(tmp_path / "matte.mov")
    assert (take.rotation, take.coded_size, take.display_size) == (90, (288, 360), (360, 288))
    rows, columns = np.nonzero(matte[8][0] > matte[8][0].min() + 100)
    assert 0.35 < 1 - columns.mean() / 288 < 0.95 or 0.35 < columns.mean() / 288 < 0.95
    assert rows.std() < 60, "the matte is one region"
    assert columns.std() < 60


def test_variable_frame_times_are_kept(man: Path, sentence: Path, tmp_path: Path) -> None:
    times = np.cumsum([0, *[40, 40, 80, 40, 20, 60, 40, 40, 120, 40, 40, 30, 50, 40, 40]]).tolist()
    source = write_clip(tmp_path / "phone.mkv", pictures(man)[20:36], pts=times, time_base=Fraction(1, 1000))
    assert probe(source).variable
    make(source, sentence, tmp_path / "take.mkv")
    take = probe(tmp_path / "take.mkv")
    assert [round(float(take.time_of(k)) * 1000) for k in range(16)] == times


def test_intensity_zero_keeps_the_mouth_closed(short: Path, sentence: Path, tmp_path: Path) -> None:
    make(short, sentence, tmp_path / "quiet.mkv", intensity=0)
    make(short, sentence, tmp_path / "spoken.mkv")
    quiet, spoken = read_report(tmp_path / "quiet.mkv"), read_report(tmp_path / "spoken.mkv")
    assert quiet is not None
    assert spoken is not None
    still, moving = np.array(quiet.wanted_opening, float), np.array(spoken.wanted_opening, float)
    assert still.max() < 0.02
    assert still.std() < 0.004
    assert moving.max() > still.max() + 0.02


def test_an_offset_moves_the_mouth_later(man: Path, woman: Path, whole: Path, tmp_path: Path) -> None:
    make(man, woman, tmp_path / "late.mkv", start=5, end_exclusive=55, offset_ms=120, segment=(0, 40))
    now, late = read_report(whole), read_report(tmp_path / "late.mkv")
    assert now is not None
    assert late is not None
    before, after = np.array(now.wanted_opening, float), np.array(late.wanted_opening, float)
    errors = [float(np.abs(after[10:40] - before[10 - lag : 40 - lag]).mean()) for lag in range(7)]
    assert int(np.argmin(errors)) == 3, "120 ms are three frames of 40 ms"


def test_a_still_becomes_a_take_as_long_as_the_speech(man: Path, sentence: Path, tmp_path: Path) -> None:
    still = tmp_path / "portrait.png"
    write_clip(still, pictures(man)[:1], codec="png", pix_fmt="rgb24")
    events = make(still, write_sound(tmp_path / "s.wav", speech(sentence)[:16_000]), tmp_path / "take.mkv", fit="none")
    take = probe(tmp_path / "take.mkv")
    assert (take.frame_count, take.rate, take.coded_size) == (25, 25, (360, 288))
    assert "drawn" in notices(events)
    frames = planes(tmp_path / "take.mkv")
    assert any((a != b).any() for a, b in zip(frames[5], frames[12], strict=True)), "the mouth moves"


def test_one_changed_second_changes_the_plan_only_around_it(man: Path, woman: Path, clips: Path, tmp_path: Path) -> None:
    """A correction of one word must not make the whole take a different one."""
    others = [speech(clips / "grid" / f"{name}.mpg") for name in ("sbia1a", "swiz3n", "pwij3p")]
    sound = np.concatenate(others)[: 16_000 * 8]
    changed = sound.copy()
    changed[56_000:72_000] = speech(woman)[12_000:28_000]  # second 3.5 to 4.5
    folders = []
    for name, samples_ in (("one", sound), ("two", changed)):
        plan = _plan(man, write_sound(tmp_path / f"{name}.wav", samples_), tmp_path / name)
        folders.append(plan)
    a, b = folders
    times = np.arange(len(a["frames"])) / 25
    near = (times >= 2.5) & (times <= 5.5)
    difference = np.abs(a["target"] - b["target"]).max(axis=(1, 2)) / a["eye"]
    # The speech encoder attends to the whole of its window, so farther away "the same" means: to a hundredth of the eyes' distance.
    assert difference[~near].max() < 0.01
    assert difference[near].max() > 0.05
    assert (a["donor_frame"] == b["donor_frame"])[~near].mean() > 0.9


def _plan(video: Path, sound: Path, folder: Path) -> dict[str, np.ndarray]:
    """A plan's arrays; donors by what their mouth looks like, since rows are numbered by use."""
    from heygem_core.planning.plan import make_plan
    from heygem_core.storage.cache import Cache

    wanted = task(video, sound, folder / "none.mkv", fit="loop")
    work = make_plan(wanted.shot, wanted.settings, Cache())
    while True:
        try:
            next(work)
        except StopIteration as end:
            plan = end.value
            break
    points = plan.array("patch_skull")[:, 1:].reshape(len(plan.array("patch_skull")), -1)
    return {
        "frames": plan.array("frames"),
        "target": np.array(plan.array("target")),
        "eye": np.array(plan.array("eye")),
        "donor_frame": np.array([hash(points[row].tobytes()) for row in plan.array("donor")]),
    }
