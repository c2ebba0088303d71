"""Shots, tasks and events travel as JSON and refuse nonsense; every error has its branch's exit code; paces are told when stable."""

from __future__ import annotations

import inspect
import time
from fractions import Fraction
from typing import Any

import pytest

from heygem_core import errors
from heygem_core.errors import HeygemError, SpecError
from heygem_core.progress_rate import ProgressRate
from heygem_core.shot import Event, Failed, Finished, Notice, Progress, RenderSettings, RenderTask, Shot, from_json, to_json


def _errors() -> list[type[HeygemError]]:
    return [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, HeygemError)]


def test_every_branch_of_the_error_tree_has_its_own_exit_code() -> None:
    branches = HeygemError.__subclasses__()
    codes = [branch.exit_code for branch in branches]
    assert len(set(codes)) == len(codes)
    assert not {errors.EXIT_OK, errors.EXIT_BUG, HeygemError.exit_code} & set(codes)
    for kind in _errors():
        branch = next((branch for branch in branches if issubclass(kind, branch)), HeygemError)
        assert kind.exit_code == branch.exit_code, f"{kind.__name__} ends with another code than its branch"


def test_the_table_of_exit_codes_in_the_docstring_is_true() -> None:
    table: dict[str, int] = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("├──", "").replace("└──", "").replace("│", "").split()
        if len(words) > 1 and words[1].isdigit() and hasattr(errors, words[0]):
            table[words[0]] = int(words[1])
    assert table == {branch.__name__: branch.exit_code for branch in HeygemError.__subclasses__()}


TASK = RenderTask(
    shot=Shot(video="a.mov", speech="b.wav", start=3, end_exclusive=9, face=2),
    settings=RenderSettings(fit="loop", offset_ms=-40.0, intensity=0.5, format="prores", sound="none"),
    output="take.mov",
    matte="matte.mov",
    segment=(1, 4),
)


@pytest.mark.parametrize(
    "value",
    [
        Progress(stage="track", done=3, total=9, fps=12.5, eta_s=0.5),
        Notice(message="Zwei Gesichter: “links”"),
        Finished(output="/a/b.mov", report=None),
        Failed(error="BadRange", message="No.", exit_code=3),
    ],
)
def test_events_survive_the_wire(value: Any) -> None:
    line = to_json(value)
    assert b"\n" not in line
    assert from_json(line, Event) == value  # type: ignore[arg-type]


def test_tasks_and_fractions_survive_the_wire() -> None:
    assert from_json(to_json(TASK), RenderTask) == TASK
    assert to_json(Fraction(24000, 1001)) == b'"24000/1001"'
    assert from_json(b'"24000/1001"', Fraction) == Fraction(24000, 1001)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (Shot, {"start": -1}, "0 or more"),
        (Shot, {"start": 5, "end_exclusive": 5}, "empty"),
        (Shot, {"face": 0}, "from 1"),
        (RenderSettings, {"offset_ms": 2001.0}, "2000"),
        (RenderSettings, {"offset_ms": float("nan")}, "2000"),
        (RenderSettings, {"intensity": -0.1}, "between 0 and 2"),
        (RenderSettings, {"intensity": float("nan")}, "between 0 and 2"),
    ],
)
def test_nonsense_is_refused_in_code_and_on_the_wire(kind: Any, fields: dict[str, Any], words: str) -> None:
    base = {"video": "a.mov", "speech": "b.wav"} if kind is Shot else {}
    with pytest.raises(SpecError, match=words):
        kind(**base, **fields)
    import json

    with pytest.raises(SpecError):
        from_json(json.dumps(base | fields), kind)


@pytest.mark.parametrize(
    "text", ['{"video": "a", "speech": "b", "tempo": 2}', '{"video": "a"}', '{"video": 1, "speech": "b"}', "{", '"\\ud800"']
)
def test_a_shot_that_is_not_one_names_the_reason(text: str) -> None:
    with pytest.raises(SpecError, match=r"The spec is not valid: .+“Tasks” of the documentation"):
        from_json(text, Shot)


@pytest.mark.parametrize("text", ['"1/0"', '"one"', '""'])
def test_a_fraction_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        from_json(text, Fraction)


def test_a_task_of_another_version_is_refused() -> None:
    with pytest.raises(SpecError, match="version 2"):
        from_json(to_json(TASK).replace(b'"version":1', b'"version":2'), RenderTask)


def test_a_speed_is_told_once_it_is_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace, told = ProgressRate("render", 1000), []
    for _ in range(1000):
        now[0] += 0.1
        told.append(pace.tick())
    assert all(event.fps is None and event.eta_s is None for event in told[:9])
    assert all(event.fps == pytest.approx(10) for event in told[11:])
    assert told[499].eta_s == pytest.approx(50)
    assert told[-1].eta_s == pytest.approx(0)
    assert pace.elapsed_s == pytest.approx(100)


def test_a_speed_follows_a_computer_that_becomes_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = ProgressRate("render", 10_000)
    for frame in range(2000):
        now[0] += 0.01 if frame < 1500 else 1.0
        last = pace.tick()
    assert last.fps == pytest.approx(1, rel=0.05)
