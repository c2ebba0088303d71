"""Tasks of before are done: their specs, the lines a worker is told and tells, events on standard output, exit codes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from . import doors, footage
from .comparing import lost
from .record import lifted, placed, recorded, runs, shapes, without_chance, work

SPECS = recorded("tasks/specs.json")
THEN: dict[str, list[dict[str, Any]]] = recorded("tasks/conversation.json")

EXIT_CODES = {"no file": 3, "no face": 4, "no task": 2, "called off": 130}
"""Failures in the conversation. The codes of all errors are in errors.json."""


@pytest.mark.parametrize("spec", SPECS, ids=[spec["task"] for spec in SPECS])
def test_a_spec_of_before_is_read_with_every_field(spec: dict[str, Any]) -> None:
    assert list(lost(spec, doors.plain(doors.read_task(spec)))) == []


@pytest.mark.parametrize("spec", SPECS, ids=[spec["task"] for spec in SPECS])
def test_what_is_not_said_is_what_it_was(spec: dict[str, Any]) -> None:
    """A spec with only what must be given: the rest has the defaults of before."""
    needed = {"shot", "output", "pieces", "path", "source", "take", "task"} - ({"source"} if spec["task"] == "measure" else set())
    least = {name: value for name, value in spec.items() if name in needed}
    if "shot" in least:
        least["shot"] = {name: least["shot"][name] for name in ("video", "speech")}
    assert list(lost(recorded("tasks/defaults.json")[spec["task"]], doors.plain(doors.read_task(least)))) == []


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tasks").resolve()


@pytest.fixture(scope="module")
def said(place: Path) -> dict[str, list[dict[str, Any]]]:
    """What today's worker says to the same tasks."""
    return work(place)


@pytest.mark.parametrize("name", [name for name in THEN if name])
def test_a_worker_says_what_it_said(name: str, said: dict[str, list[dict[str, Any]]], place: Path) -> None:
    now = json.loads(lifted(json.dumps(shapes(said[name])), place))
    for before in THEN[name]:
        same = [each for each in now if _kind(each) == _kind(before)]
        assert same, f"no {_kind(before)} any more"
        assert list(lost(_known_since(before, same[0]), same[0], tolerance=0.02)) == []
    numbers = {each["number"] for each in said[name]}
    assert len(numbers) == 1
    assert said[name][-1]["say"] == "ended"
    assert [each["say"] for each in said[name]].count("ended") == 1


def _known_since(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """How much there is to do may be known by now where it was not."""
    event, total = before.get("event", {}), now.get("event", {}).get("total")
    return {**before, "event": {**event, "total": total}} if event.get("total", 0) is None and isinstance(total, int) else before


def _kind(message: dict[str, Any]) -> str:
    event = message.get("event") or {}
    return f"{message['say']} {event.get('event', '')} {event.get('stage', '')}"


def test_the_conversation_shows_every_kind_of_message() -> None:
    """Else the comparison would miss one: of the worker, of events, of answers."""
    messages = [message for each in THEN.values() for message in each]
    assert {each["say"] for each in messages} == {"ready", "beat", "told", "answered", "picture", "ended"}
    assert {each["event"]["event"] for each in messages if "event" in each} == {"progress", "notice", "finished"}
    assert {each["event"]["stage"] for each in messages if "stage" in each.get("event", {})} == {
        "probe", "track", "speech", "plan", "render", "measure", "finish",
    }  # fmt: skip
    assert {each["answer"]["answer"] for each in messages if "answer" in each} == {"probed", "faces-found", "waveform-found", "planned"}
    assert {each["task"] for each in SPECS} <= {task["task"] for task in runs().values()}


def test_a_worker_is_ready_first_and_shows_signs_of_life(said: dict[str, list[dict[str, Any]]]) -> None:
    assert said[""][0].keys() == {"say", "pid"}
    assert {each["say"] for each in said[""]} == {"ready", "beat"}


@pytest.mark.parametrize("name", EXIT_CODES)
def test_a_failure_has_its_name_and_code(name: str, said: dict[str, list[dict[str, Any]]]) -> None:
    failed = said[name][-1]["failed"]
    assert failed["exit_code"] == EXIT_CODES[name]
    assert failed["event"] == "failed"
    assert isinstance(failed["message"], str)
    assert failed["message"]


def test_a_spec_in_a_file_is_done_by_a_process(tmp_path: Path) -> None:
    """Events and the answer on standard output, a JSON line each; nothing else there."""
    footage.face_clip(tmp_path / "face.mp4")
    spec = tmp_path / "spec.json"
    spec.write_text(placed(json.dumps(runs()["probe"]), tmp_path), encoding="utf-8")
    done = doors.run([*doors.CORE, str(spec)])
    assert done.returncode == 0, done.stderr
    then = [each.get("event") or each["answer"] for each in THEN["probe"] if each["say"] in ("told", "answered")]
    now = [without_chance(line) for line in doors.lines_of(done.stdout)]
    assert list(lost(then, now)) == []


@pytest.mark.parametrize(("name", "code"), [("no file", 3), ("no task", 2)])
def test_a_process_ends_with_the_code_of_its_error(name: str, code: int, tmp_path: Path) -> None:
    done = doors.run([*doors.CORE, "-"], text=placed(json.dumps(runs()[name]), tmp_path))
    assert done.returncode == code
    *_, line = doors.lines_of(done.stdout)
    assert (line["event"], line["exit_code"]) == ("failed", code)


def test_a_render_obeys_the_variable_for_threads(tmp_path: Path, place: Path, said: dict[str, list[dict[str, Any]]]) -> None:
    """What is asked of the numerical library while a piece is rendered as `python -m heygem_core` does it."""
    assert said["plan"], "its plan is in the cache"
    shutil.rmtree(place / "cache" / "pieces")  # what was drawn before is not drawn again
    spec = tmp_path / "spec.json"
    task = {**runs()["piece 0"], "output": f"{tmp_path.as_posix()}/piece.mkv"}
    spec.write_text(placed(json.dumps(task), place), encoding="utf-8")
    code = (
        "import runpy, sys, torch\nset_threads = torch.set_num_threads\n"
        "def told(count):\n    print('threads', count, file=sys.stderr)\n    set_threads(count)\n"
        "torch.set_num_threads = told\nsys.argv = ['heygem_core', sys.argv[1]]\nrunpy.run_module('heygem_core', run_name='__main__')\n"
    )
    done = doors.run([doors.CORE[0], "-c", code, str(spec)], HEYGEM_THREADS="3")
    assert done.returncode == 0, done.stderr
    assert "threads 3" in done.stderr.splitlines()
