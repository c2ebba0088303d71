"""A take in pieces: joined it is the take rendered whole, and a change of the speech leaves the keys of far pieces alone."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np
import pytest

from heygem_core.errors import OutputError, SetupError
from heygem_core.media import joiner
from heygem_core.media.probe import probe
from heygem_core.motion.model_choice import choose_motion_model
from heygem_core.rendering.render import render
from heygem_core.rendering.report import read_report
from heygem_core.rendering.segments import join, plan_shot
from heygem_core.shot import Event, Finished, RenderSettings, RenderTask, Shot
from heygem_core.tasks.specs import JoinTask, Planned, PlanTask

from ..media.make import video
from .making import left_in, make, pictures, planes, same, samples, speech, stages, task, write_clip, write_sound

T = TypeVar("T")


def _has_whisper() -> bool:
    try:
        return choose_motion_model("whisper") is not None
    except SetupError:
        return False


def run(work: Generator[Event, None, T]) -> tuple[list[Event], T]:
    """(events, answer)."""
    events = []
    while True:
        try:
            events.append(next(work))
        except StopIteration as end:
            return events, end.value


def plan(spec: RenderTask, frames: int | None) -> Planned:
    return run(plan_shot(PlanTask(shot=spec.shot, settings=spec.settings, segment_frames=frames)))[1]


def pieces_of(spec: RenderTask, frames: int, folder: Path) -> tuple[str, ...]:
    """Renders all segments of a shot, each as its own task."""
    paths = []
    for number, segment in enumerate(plan(spec, frames).segments):
        path = folder / f"piece{number}{Path(spec.output).suffix}"
        events = list(
            render(RenderTask(shot=spec.shot, settings=spec.settings, output=str(path), segment=(segment.start, segment.end_exclusive)))
        )
        assert "track" not in stages(events), "the plan is only read"
        assert probe(path).sound is None
        paths.append(str(path))
    return tuple(paths)


def joined(spec: RenderTask, pieces: tuple[str, ...], output: Path) -> Finished:
    events, finished = run(join(JoinTask(shot=spec.shot, settings=spec.settings, pieces=pieces, output=str(output))))
    assert events[-1] == finished
    return finished


@pytest.mark.parametrize(
    ("suffix", "exact", "options"),
    [
        pytest.param(".mkv", True, {}, marks=pytest.mark.full),
        (".mov", True, {}),
        pytest.param(".mov", True, {"format": "dnxhr"}, marks=pytest.mark.full),
        pytest.param(".mp4", False, {}, marks=pytest.mark.full),
        pytest.param(".webm", False, {}, marks=pytest.mark.full),
    ],
)
def test_segments_joined_are_the_take_rendered_whole(
    man: Path, woman: Path, tmp_path: Path, suffix: str, exact: bool, options: dict[str, Any]
) -> None:
    shot: dict[str, Any] = {"start": 5, "end_exclusive": 45, **options}
    whole, output = tmp_path / f"whole{suffix}", tmp_path / f"joined{suffix}"
    make(man, woman, whole, **shot)
    spec = task(man, woman, output, **shot)
    pieces = pieces_of(spec, 20, tmp_path)
    assert [probe(piece).frame_count for piece in pieces] == [16, 16, 8], "cut along the blocks that are drawn together"
    joined(spec, pieces, output)
    one, other = probe(whole), probe(output)
    for name in ("frame_count", "rate", "variable", "time_base", "start_timecode", "coded_size", "pix_fmt", "colour", "duration"):
        assert getattr(one, name) == getattr(other, name), name
    np.testing.assert_array_equal(one.frame_pts, other.frame_pts)
    np.testing.assert_array_equal(samples(output), samples(whole))
    if exact:
        assert same(planes(output), planes(whole))
    else:
        differences = [
            np.abs(p.astype(int) - q) for x, y in zip(planes(output), planes(whole), strict=True) for p, q in zip(x, y, strict=True)
        ]
        assert max(difference.mean() for difference in differences) < 1.5, "the codec's own error"
    report = read_report(output)
    assert report is not None
    assert (report.take, report.start, report.end_exclusive, report.device) == (output.name, 0, 40, "cpu")
    assert report.rendering_s is not None
    assert report.wanted_opening == read_report(whole).wanted_opening  # type: ignore[union-attr]
    assert not [name for name in left_in(tmp_path) if name.endswith(".part")]


def test_which_engine_is_the_best_is_decided_once_for_a_take(short: Path, sentence: Path, tmp_path: Path) -> None:
    """The task that joins a take may run where another engine would be the best one: on a slot without a card, say."""
    spec = task(short, sentence, tmp_path / "t.mkv", engine="auto")
    said = plan(spec, None)
    assert said.engine == "mesh"
    assert said.chosen is not None
    settings = msgspec.structs.replace(spec.settings, engine=said.engine)
    piece = tmp_path / "piece.mkv"
    list(render(RenderTask(shot=spec.shot, settings=settings, output=str(piece), segment=(0, said.frames), plan=said.key)))
    run(join(JoinTask(shot=spec.shot, settings=settings, pieces=(str(piece),), output=spec.output, plan=said.key, chosen=said.chosen)))
    report = read_report(Path(spec.output))
    assert report is not None
    assert said.chosen in report.remark_messages


def test_a_plan_says_what_it_did_not_have_to_do_again(short: Path, sentence: Path, voice: Path, tmp_path: Path) -> None:
    def flags(**options: Any) -> tuple[bool, bool, bool]:
        found = plan(task(short, options.pop("speech", voice), tmp_path / "take.mkv", **options), None)
        assert (found.frames, found.rate, len(found.segments)) == (16, 25, 1)
        return found.reused_tracks, found.reused_motion, found.reused_plan

    plan(task(short, sentence, tmp_path / "take.mkv"), None)  # the clip is known from here on
    assert flags() == (True, False, False)
    assert flags() == (True, True, True)
    assert flags(intensity=0.7) == (True, True, False)


@pytest.fixture
def voice(woman: Path, tmp_path: Path) -> Path:
    """Speech that nobody heard before."""
    return write_sound(tmp_path / "voice.wav", speech(woman)[7000:19000])


@pytest.mark.parametrize(
    "motion", ["mel", pytest.param("whisper", marks=[pytest.mark.full, pytest.mark.skipif(not _has_whisper(), reason="no Whisper here")])]
)
def test_one_second_of_a_minutes_speech_changes_and_56_seconds_keep_their_pieces(
    man: Path, clips: Path, tmp_path: Path, motion: str
) -> None:
    """The level of the whole speech used to reach every frame, the largest mouth that was lent its neighbours, and a head that hears ten
    seconds at once all of them."""
    said = np.resize(np.concatenate([speech(path) for path in sorted((clips / "grid").glob("*.mpg"))]), 16_000 * 60)
    keys = {}
    for begins in (None, 12, 33):
        other = said.copy()
        if begins is not None:
            other[16_000 * begins : 16_000 * (begins + 1)] = said[16_000 * 2 : 16_000 * 3]
        file = write_sound(tmp_path / f"{begins}.wav", other)
        found = plan(task(man, file, tmp_path / "take.mkv", fit="loop", motion=motion), 24)
        assert found.frames == 1500
        keys[begins] = [segment.key for segment in found.segments]
    for begins in (12, 33):
        changed = [place for place, (a, b) in enumerate(zip(keys[None], keys[begins], strict=True)) if a != b]
        assert changed, "the second itself"
        assert len(changed) * 24 / 25 <= 4, "what hears it coming or has to come back from it, and no more"
        assert all(abs(place * 24 / 25 - begins) < 4 for place in changed)


def test_keys_follow_what_changes_the_pixels_and_nothing_else(short: Path, sentence: Path, tmp_path: Path) -> None:
    def keys(**options: Any) -> list[str]:
        return [segment.key for segment in plan(task(short, sentence, tmp_path / "take.mkv", **options), 8).segments]

    usual = keys()
    assert len(set(usual)) == 2
    assert keys(sound="none") == usual
    assert not set(keys(intensity=0.5)) & set(usual)
    assert not set(keys(format="ffv1")) & set(usual)


def test_a_format_that_cannot_hold_the_source_is_refused_before_any_work(sentence: Path, tmp_path: Path) -> None:
    clear = video(tmp_path / "clear.mov", codec="prores_ks", pix_fmt="yuva444p10le", options={"profile": "4"}, frames=4)
    shot = Shot(video=str(clear), speech=str(sentence))
    events: list[Event] = []
    with pytest.raises(OutputError, match="cannot hold the transparency"):
        events += plan_shot(PlanTask(shot=shot, settings=RenderSettings(format="h264", fit="trim"), cache=str(tmp_path / "cache")))
    assert stages(events) <= {"probe"}


def test_pieces_that_are_missing_are_told_and_nothing_is_left(short: Path, sentence: Path, tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    spec = task(short, sentence, tmp_path / "take.mov")
    pieces = pieces_of(spec, 8, tmp_path / "pieces")
    with pytest.raises(OutputError, match="hold 8 frames and the take has 16"):
        joined(spec, pieces[:1], tmp_path / "take.mov")
    assert [name for name in left_in(tmp_path) if "/" not in name] == []


def test_a_piece_of_other_settings_is_refused(short: Path, sentence: Path, tmp_path: Path) -> None:
    (tmp_path / "pieces").mkdir()
    spec = task(short, sentence, tmp_path / "take.mov")
    pieces = pieces_of(spec, 8, tmp_path / "pieces")
    make(short, sentence, tmp_path / "pieces" / "other.mov", segment=(8, 16), format="h264")
    with pytest.raises(OutputError, match=r"other\.mov.*other settings"):
        joined(spec, (pieces[0], str(tmp_path / "pieces" / "other.mov")), tmp_path / "take.mov")
    assert [name for name in left_in(tmp_path) if "/" not in name] == []


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("tags", "colour tags|timecode|pixel aspect"),
        ("times", "frame|moved"),
        ("last frame", "frame count"),
    ],
)
def test_a_joined_file_that_is_not_as_the_take_must_be_gets_no_name(
    man: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, told: str
) -> None:
    """The check of the joined file could be taken out and no test failed."""
    (tmp_path / "pieces").mkdir()
    source = write_clip(tmp_path / "clip.mov", pictures(man)[20:36], timecode="01:00:00:00")
    spec = task(source, sentence, tmp_path / "take.mov")
    pieces = pieces_of(spec, 8, tmp_path / "pieces")
    really, packets = joiner._retime, joiner._packets
    if broken == "tags":
        monkeypatch.setattr(joiner, "mark_take", lambda *_: None)
    elif broken == "times":
        monkeypatch.setattr(joiner, "_retime", _shifted(really))
    else:
        monkeypatch.setattr(joiner, "_packets", lambda piece: iter(list(packets(piece))[:-1]))
    with pytest.raises(OutputError, match=told):
        joined(spec, pieces, tmp_path / "take.mov")
    assert [name for name in left_in(tmp_path) if "/" not in name] == ["clip.mov"]


def _shifted(retime: Any) -> Any:
    """Every frame from the fifth on is shown for a frame too long."""

    def retimed(packet: Any, stream: Any, timing: Any, shown: int, decoded: int) -> None:
        retime(packet, stream, timing, shown, decoded)
        if shown > 4:
            packet.pts, packet.dts = packet.pts + int(timing.pts[1]), packet.dts + int(timing.pts[1])

    return retimed


def test_a_take_in_pieces_starts_at_its_sources_timecode(man: Path, sentence: Path, tmp_path: Path) -> None:
    """Editors conform by it, and a join that merely copies packets loses it: the takes compared above come from clips without one."""
    source = write_clip(tmp_path / "clip.mov", pictures(man)[20:44], timecode="01:00:00:20")
    spec = task(source, sentence, tmp_path / "take.mov", start=6, fit="hold")
    pieces = pieces_of(spec, 8, tmp_path)
    assert len(pieces) > 1
    joined(spec, pieces, tmp_path / "take.mov")
    take = probe(tmp_path / "take.mov")
    assert (take.frame_count, take.start_timecode) == (18, "01:00:01:01")
