"""Real files through the child processes: facts, conform, publish; a hostile file costs one clip."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heygem_core.errors import SpecError, UnreadableMedia
from heygem_core.machine.python_process import python_code, python_module
from heygem_server.timeline import child_process
from heygem_server.timeline.child_process import conform_blocking, conform_in_child, publish_blocking
from heygem_server.timeline.child_specs import ConformSpec, PublishSpec
from heygem_server.timeline.conform_types import FinishedTake, Selection
from heygem_server.timeline.errors import UnreadableTimeline
from heygem_server.timeline.facts import FactsChild

from ..media import make
from .making import clip, data, external, gap, time, timeline, times, track

SPEECH = Selection(speech_tracks=("A1",))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """a.mov: 50 frames of 25 fps from 01:00:00:00; v.wav: 4 s; hostile.mp4: text that asks for another file; noise.mov."""
    folder = tmp_path_factory.mktemp("media")
    make.video(folder / "a.mov", frames=50, timecode="01:00:00:00")
    make.sound(folder / "v.wav", np.full((1, 4 * 48_000), 0.1, np.float32))
    (folder / "hostile.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    (folder / "noise.mov").write_bytes(bytes(np.random.default_rng(1).integers(0, 256, 20_000, np.uint8)))
    return folder


@pytest.fixture
def document(media: Path, tmp_path: Path) -> Path:
    voice = external(str(media / "v.wav"))
    made = timeline(
        track(
            "Video",
            "V1",
            clip("a", times(90_010, 20, 25), external(str(media / "a.mov"))),
            clip("hostile", times(0, 10, 25), external(str(media / "hostile.mp4"))),
            clip("noise", times(0, 10, 25), external(str(media / "noise.mov"))),
            clip("a", times(5, 10, 25), external("a.mov")),
        ),
        track("Audio", "A1", clip("v", times(0, 10, 25), voice), gap(5, 25), clip("v", times(20, 50, 25), voice)),
        start=time(0, 25),
    )
    path = tmp_path / "cut.otio"
    path.write_bytes(data(made))
    return path


async def test_a_timeline_of_real_files_and_hostile_ones(document: Path, media: Path, tmp_path: Path) -> None:
    spec = ConformSpec(source=str(document), selection=SPEECH, roots=(str(media),), mixes=str(tmp_path / "mixes"))
    found = await conform_in_child(spec)
    first, hostile, noise, last = found.shots
    assert first.shot
    assert (first.shot.start, first.shot.end_exclusive) == (10, 30)
    assert first.start_timecode == "01:00:00:00"
    # Two pieces lie under it: 10 frames, a gap of 5, 5 frames more; the child has mixed them.
    assert Path(first.shot.speech).parent == tmp_path / "mixes"
    assert make.heard(Path(first.shot.speech), near=0)[1] == 20 * 48_000 // 25
    assert hostile.error
    assert noise.error
    assert "“noise” at 00:00:01:05" in noise.error
    assert last.shot  # its relative path is found by name in the roots
    assert (last.shot.start, last.placement.record_start) == (5, 40)


def test_published_by_the_child_in_each_format(document: Path, media: Path, tmp_path: Path) -> None:
    found = conform_blocking(ConformSpec(source=str(document), selection=SPEECH, roots=(str(media),)))
    row = found.shots[-1]
    take = FinishedTake(shot=row, path=str(tmp_path / "t.mov"), take="t1", frames=10, rate=Fraction(25))
    for suffix in (".otio", ".fcpxml", ".xml", ".edl", ".aaf"):
        output = tmp_path / f"out{suffix}"
        written = publish_blocking(PublishSpec(source=str(document), takes=(take,), output=str(output)))
        assert output.stat().st_size > 100
        assert written.output == str(output)
    assert not list(tmp_path.glob("*.part"))
    assert "t.mov" in (tmp_path / "out.edl").read_text()


def test_the_child_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(UnreadableTimeline, match="There is no timeline at"):
        conform_blocking(ConformSpec(source=str(tmp_path / "gone.otio")))
    (tmp_path / "bad.otio").write_text('{"a": 1}')
    with pytest.raises(UnreadableTimeline, match="no OTIO_SCHEMA"):
        conform_blocking(ConformSpec(source=str(tmp_path / "bad.otio")))
    ran = subprocess.run([sys.executable, "-m", "heygem_server.timeline", "-"], input=b'{"ask": "dance"}', capture_output=True)
    assert ran.returncode == SpecError.exit_code
    assert json.loads(ran.stdout)["error"] == "SpecError"


async def test_a_timeline_that_takes_too_long_is_ended(document: Path) -> None:
    with pytest.raises(UnreadableTimeline, match="longer than"):
        await conform_in_child(ConformSpec(source=str(document), selection=SPEECH), timeout_s=0.01)


def test_facts_go_on_after_the_child_died(media: Path) -> None:
    with FactsChild() as facts:
        assert facts(media / "a.mov").frames == 50
        child: Any = facts._child
        child.kill()
        child.wait()
        with pytest.raises(UnreadableMedia, match="makes its decoder fail"):
            facts(media / "v.wav")
        assert facts(media / "a.mov").rate == 25
        with pytest.raises(UnreadableMedia):
            facts(media / "noise.mov")
    assert child.returncode is not None


def test_reading_timelines_loads_no_networks() -> None:
    modules = ("timeline.conform", "timeline.child_process", "commands.timeline")
    code = f"import sys, {', '.join(f'heygem_server.{each}' for each in modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "mediapipe", "transformers", "av"} & set(loaded)


def test_the_children_import_nothing_from_the_folder_that_the_server_was_started_in(tmp_path: Path) -> None:
    """An `opentimelineio.py` beside a timeline would run as ours."""
    (tmp_path / "opentimelineio.py").write_text("import pathlib; pathlib.Path('ran').touch()")
    for command, said in ((child_process._COMMAND, b'{"ask": "dance"}'), (python_module("heygem_server.timeline.facts"), b'"none"\n')):
        subprocess.run(command, input=said, cwd=tmp_path, capture_output=True, timeout=60)
    subprocess.run(python_code("import opentimelineio"), cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert not (tmp_path / "ran").exists()
