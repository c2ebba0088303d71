"""A source that changes in place, at the same size and time, gives the frames that it holds now, and nothing of what it held before."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import PlanChanged, UnreadableMedia
from heygem_core.media.probe import probe
from heygem_core.rendering.render import render
from heygem_core.rendering.segments import join
from heygem_core.shot import Progress, RenderTask
from heygem_core.tasks.specs import JoinTask

from .making import left_in, make, pictures, planes, same, stages, task, write_clip, write_sound
from .test_segments import pieces_of, plan, run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows keeps no time of its own of a change")

RAW: dict[str, Any] = {"codec": "rawvideo", "pix_fmt": "yuv420p", "options": {}}


def write_over(path: Path, data: bytes) -> None:
    """In place, as some editors and copying programs do; size and time stay."""
    before = path.stat()
    assert len(data) == before.st_size
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def changing(man: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, bytes, bytes]:
    """A clip of 16 frames, what it holds, and what it can hold instead: the same, with its last six frames darker."""
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    frames = pictures(man)[20:36]
    clip = write_clip(tmp_path / "clip.avi", frames, **RAW)
    darker = [*frames[:10], *((frame * 0.8).astype(np.uint8) for frame in frames[10:])]
    other = write_clip(tmp_path / "other.avi", darker, **RAW)
    return clip, clip.read_bytes(), other.read_bytes()


def test_the_frames_are_those_that_the_file_holds_now(changing: tuple[Path, bytes, bytes], sentence: Path, tmp_path: Path) -> None:
    clip, one, other = changing
    make(clip, sentence, tmp_path / "one.mkv")
    write_over(clip, other)
    make(clip, sentence, tmp_path / "other.mkv")
    write_over(clip, one)
    assert "plan" not in stages(make(clip, sentence, tmp_path / "again.mkv")), "known from before"
    make(tmp_path / "other.avi", sentence, tmp_path / "wanted.mkv")
    assert same(planes(tmp_path / "again.mkv"), planes(tmp_path / "one.mkv"))
    assert same(planes(tmp_path / "other.mkv"), planes(tmp_path / "wanted.mkv"))
    assert not same(planes(tmp_path / "other.mkv"), planes(tmp_path / "one.mkv"))


@pytest.mark.full
def test_segments_of_one_content_are_not_joined_with_those_of_another(
    changing: tuple[Path, bytes, bytes], sentence: Path, tmp_path: Path
) -> None:
    """A segment made from the changed file had the key that the restored file's has, so it went into its take."""
    clip, one, other = changing
    spec = task(clip, sentence, tmp_path / "take.mkv")
    planned = plan(spec, 8)
    (tmp_path / "pieces").mkdir()
    pieces = pieces_of(spec, 8, tmp_path / "pieces")
    write_over(clip, other)
    again = plan(spec, 8)
    assert again.key != planned.key
    assert not {segment.key for segment in again.segments} & {segment.key for segment in planned.segments}
    segment = RenderTask(
        shot=spec.shot, settings=spec.settings, output=str(tmp_path / "pieces" / "late.mkv"), segment=(8, 16), plan=planned.key
    )
    with pytest.raises(PlanChanged, match="plan the take again"):
        list(render(segment))
    with pytest.raises(PlanChanged):
        run(join(JoinTask(shot=spec.shot, settings=spec.settings, pieces=pieces, output=spec.output, plan=planned.key)))
    write_over(clip, one)
    assert plan(spec, 8) == planned.__class__(**{name: getattr(planned, name) for name in planned.__struct_fields__} | REUSED)
    run(join(JoinTask(shot=spec.shot, settings=spec.settings, pieces=pieces, output=spec.output, plan=planned.key)))
    assert probe(spec.output).frame_count == 16
    assert "late.mkv" not in left_in(tmp_path / "pieces")


REUSED = {"reused_tracks": True, "reused_motion": True, "reused_plan": True}


def test_a_file_that_changes_while_it_is_drawn_makes_no_take(changing: tuple[Path, bytes, bytes], sentence: Path, tmp_path: Path) -> None:
    clip, _, other = changing
    events = render(task(clip, sentence, tmp_path / "take.mkv"))
    for event in events:
        if isinstance(event, Progress) and event.stage == "render":
            write_over(clip, other)
            break
    with pytest.raises(UnreadableMedia, match="changed while it was read"):
        list(events)
    assert not (tmp_path / "take.mkv").exists()


def test_speech_that_changes_in_place_is_heard_as_it_is_now(short: Path, sentence: Path, tmp_path: Path) -> None:
    data = np.frombuffer(sentence.read_bytes()[-40_000:], np.int16).astype(np.float32) / 32768
    voice = write_sound(tmp_path / "voice.wav", data)
    before = plan(task(short, voice, tmp_path / "take.mkv"), None)
    write_over(voice, write_sound(tmp_path / "louder.wav", data[::-1]).read_bytes())
    after = plan(task(short, voice, tmp_path / "take.mkv"), None)
    assert before.key != after.key
    assert not after.reused_motion


def test_a_copy_of_a_clip_and_its_speech_is_not_planned_again(short: Path, sentence: Path, tmp_path: Path) -> None:
    first = plan(task(short, sentence, tmp_path / "take.mkv"), 8)
    copies = [tmp_path / "moved.mp4", tmp_path / "moved.wav"]
    for original, copy in zip((short, sentence), copies, strict=True):
        copy.write_bytes(original.read_bytes())
    again = plan(task(*copies, tmp_path / "take.mkv"), 8)
    assert (again.key, again.segments) == (first.key, first.segments)
    assert (again.reused_tracks, again.reused_motion, again.reused_plan) == (True, True, True)


def test_notices_of_a_plan_that_is_known_name_the_files_as_they_are_called_now(man: Path, sentence: Path, tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "first.avi", pictures(man)[20:36])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    copy = tmp_path / "second.avi"
    copy.write_bytes(clip.read_bytes())
    said = [" ".join(plan(task(each, sentence, tmp_path / "take.mkv", fit="trim"), None).notices) for each in (clip, copy)]
    assert "first.avi" in said[0]
    assert said[1] == said[0].replace("first.avi", "second.avi")
