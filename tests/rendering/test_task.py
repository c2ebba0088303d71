"""A task as a program: `python -m heygem_core SPEC`, its events, its exit codes, and what is left when it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from heygem_core import errors
from heygem_core.media.probe import probe
from heygem_core.rendering.render import render
from heygem_core.shot import Event, Failed, Finished, Progress, RenderTask, from_json, to_json
from heygem_core.storage.cache import Cache

from .making import left_in, task

PROGRAM = [sys.executable, "-m", "heygem_core"]


def run(spec: RenderTask | dict[str, Any] | bytes, *, stdin: bool = True) -> tuple[int, list[Any], str]:
    """(exit code, events, stderr)."""
    data = spec if isinstance(spec, bytes) else to_json(spec)
    done = subprocess.run([*PROGRAM, "-"], input=data, capture_output=True, timeout=120, check=False)
    return done.returncode, [from_json(line, Event) for line in done.stdout.splitlines()], done.stderr.decode()  # type: ignore[arg-type]


def test_a_spec_file_becomes_a_take_and_every_line_is_an_event(short: Path, sentence: Path, tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_bytes(to_json(task(short, sentence, tmp_path / "take.mov", intensity=0.93)))
    done = subprocess.run([*PROGRAM, str(spec)], capture_output=True, timeout=120, check=False)
    events: list[Any] = [from_json(line, Event) for line in done.stdout.splitlines()]  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    assert events[-1] == Finished(output=str(tmp_path / "take.mov"), report=str(tmp_path / "take.mov.report.json"))
    drawn = [event for event in events if isinstance(event, Progress) and event.stage == "render"]
    assert [event.done for event in drawn] == list(range(1, 17))
    assert {event.total for event in drawn} == {16}
    assert probe(tmp_path / "take.mov").frame_count == 16
    assert left_in(tmp_path) == ["spec.json", "take.mov", "take.mov.report.json"]


def _spec(short: Path, sentence: Path, tmp_path: Path, **changes: Any) -> dict[str, Any]:
    spec = json.loads(to_json(task(short, sentence, tmp_path / "take.mkv")))
    for name, value in changes.items():
        inner = spec["shot"] if name in spec["shot"] else spec["settings"] if name in spec["settings"] else spec
        inner[name] = value
    return spec


@pytest.mark.parametrize(
    ("changes", "kind", "word"),
    [
        ({"video": "/nowhere/clip.mp4"}, errors.MediaNotFound, "There is no file"),
        ({"start": 99}, errors.BadRange, "16 frames"),
        ({"output": "/nowhere/take.mkv"}, errors.OutputError, "does not exist"),
        ({"output": "take.txt"}, errors.OutputError, "known format"),
        ({"colour": "red"}, errors.SpecError, "colour"),
        ({"version": 2}, errors.SpecError, "version 2"),
        ({"fit": "stretch"}, errors.SpecError, "stretch"),
        ({"intensity": 3}, errors.SpecError, "between 0 and 2"),
        ({"offset_ms": 5000}, errors.SpecError, "2000"),
        ({"face": 0}, errors.SpecError, "from 1"),
        pytest.param({"face": 7}, errors.SpecError, "no face 7", marks=pytest.mark.full),
        pytest.param({"device": "mps"}, errors.DeviceUnavailable, "--device cpu", marks=pytest.mark.full),
    ],
)
def test_what_is_wrong_is_the_last_event_and_the_exit_code(
    short: Path, sentence: Path, tmp_path: Path, changes: dict[str, Any], kind: type[errors.HeygemError], word: str
) -> None:
    if kind is errors.DeviceUnavailable and sys.platform == "darwin":
        pytest.skip("Macs have this device")
    code, events, stderr = run(_spec(short, sentence, tmp_path, **changes))
    last = events[-1]
    assert isinstance(last, Failed)
    assert (last.error, last.exit_code, code) == (kind.__name__, kind.exit_code, kind.exit_code)
    assert word in last.message
    assert "Traceback" not in stderr
    assert left_in(tmp_path) == []


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"task": "dance"}', b"\xff\xfe", b"null"])
def test_a_spec_that_is_none_is_refused(text: bytes) -> None:
    code, events, _ = run(text)
    assert code == errors.SpecError.exit_code
    assert isinstance(events[-1], Failed)
    assert events[-1].error == "SpecError"


def test_a_missing_spec_file_is_told() -> None:
    done = subprocess.run([*PROGRAM, "/nowhere/spec.json"], capture_output=True, timeout=60, check=False)
    assert done.returncode == errors.MediaNotFound.exit_code
    assert b"cannot be read" in done.stdout
    assert subprocess.run(PROGRAM, capture_output=True, timeout=60, check=False).returncode == errors.SpecError.exit_code


def unfinished(folder: Path) -> list[str]:
    """Half-made artefacts; a lock's file stays, empty and free."""
    return [name for name in left_in(folder) if "/." in f"/{name}" and "locks/" not in name]


@pytest.mark.parametrize(
    ("number", "stage"),
    [
        pytest.param(signal.SIGTERM, "track", marks=pytest.mark.full),
        (signal.SIGINT, "render"),
        pytest.param(signal.SIGTERM, "render", marks=pytest.mark.full),
        pytest.param(signal.SIGINT, "track", marks=pytest.mark.full),
    ],
)
def test_a_signal_stops_the_task_and_nothing_is_left(man: Path, woman: Path, tmp_path: Path, number: int, stage: str) -> None:
    output, cache = tmp_path / "out", tmp_path / "cache"
    output.mkdir()
    spec = tmp_path / "spec.json"
    spec.write_bytes(to_json(task(man, woman, output / "take.mkv", matte=output / "matte.mkv")))
    process = subprocess.Popen([*PROGRAM, str(spec)], stdout=subprocess.PIPE, env=os.environ | {"HEYGEM_CACHE": str(cache)})
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        event: Any = from_json(line, Event)  # type: ignore[arg-type]
        if isinstance(event, Progress) and event.stage == stage and event.done == 10:
            began = time.monotonic()
            process.send_signal(number)
    assert process.wait(timeout=60) == errors.Cancelled.exit_code
    assert time.monotonic() - began < 20
    last: Any = from_json(lines[-1], Event)  # type: ignore[arg-type]
    assert isinstance(last, Failed)
    assert last.error == "Cancelled"
    assert left_in(output) == []
    assert not unfinished(cache)


def test_closing_the_events_leaves_nothing_at_any_stage(short: Path, sentence: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    for number, stage in enumerate(("probe", "track", "speech", "plan", "render", "finish")):
        wanted = RenderTask(
            shot=task(short, sentence, output / "take.mkv").shot,
            settings=task(short, sentence, output / "take.mkv").settings,
            output=str(output / "take.mkv"),
            matte=str(output / "matte.mkv"),
            cache=str(tmp_path / f"cache{number}"),
        )
        events = render(wanted)
        assert any(isinstance(event, Progress) and event.stage == stage for event in events), stage
        events.close()
        assert left_in(output) == []
        assert not unfinished(tmp_path)


def test_an_error_in_the_middle_takes_everything_back(short: Path, sentence: Path, tmp_path: Path) -> None:
    """The folder vanishes while the take is drawn: an OutputError, no half files anywhere."""
    output = tmp_path / "out"
    output.mkdir()
    events = render(task(short, sentence, output / "take.mkv", matte=tmp_path / "matte.mkv"))
    for event in events:
        if isinstance(event, Progress) and event.stage == "render" and event.done == 8:
            break
    output.rename(tmp_path / "moved")
    with pytest.raises(errors.OutputError):
        list(events)
    assert [name for name in left_in(tmp_path) if not name.endswith(".part")] == []


def test_an_unwritable_cache_is_told(short: Path, sentence: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    wanted = task(short, sentence, tmp_path / "take.mkv")
    with pytest.raises(errors.OutputError, match="HEYGEM_CACHE"):
        list(render(RenderTask(shot=wanted.shot, settings=wanted.settings, output=wanted.output, cache=str(tmp_path / "file"))))
    assert left_in(tmp_path) == ["file"]


@pytest.mark.full
def test_a_take_prunes_the_cache_to_its_limit(short: Path, sentence: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    with cache.making("plans", "old") as folder:
        (folder / "array.npy").write_bytes(bytes(100_000))
    old = time.time() - 7200
    os.utime(tmp_path / "cache" / "plans" / "old", (old, old))
    monkeypatch.setenv("HEYGEM_CACHE_GB", "0.00005")
    wanted = task(short, sentence, tmp_path / "take.mkv")
    list(render(RenderTask(shot=wanted.shot, settings=wanted.settings, output=wanted.output, cache=str(tmp_path / "cache"))))
    assert cache.entry("plans", "old") is None
    assert len(list((tmp_path / "cache" / "plans").iterdir())) == 1, "what was just used stays"
    monkeypatch.setenv("HEYGEM_CACHE_GB", "plenty")
    with pytest.raises(errors.SpecError, match="HEYGEM_CACHE_GB"):
        list(render(wanted))
