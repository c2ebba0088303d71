"""A job as an Open Job Description template, checked and run by the CLI of that project."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from heygem_core.shot import RenderSettings, RenderTask, from_json
from heygem_core.tasks.specs import JoinTask
from heygem_server.errors import Conflict
from heygem_server.rendering.open_job import template
from heygem_server.rendering.services import open_services
from heygem_server.store import Store
from tests.rendering import making

from .jobs import claimed, planned, submit
from .running_services import ended, settings
from .running_services import submit as submit_to

has_cli = pytest.mark.skipif(importlib.util.find_spec("openjd") is None, reason="openjd-cli is not installed: make test-full brings it")


def openjd(*arguments: str) -> str:
    told = subprocess.run([sys.executable, "-m", "openjd", *arguments], capture_output=True, text=True, timeout=250, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def exported(store: Store, folder: Path, job: str, name: str = "Job") -> dict[str, Any]:
    return template(name, "/takes", store.to_render(job), settings(folder))


def planned_job(store: Store, *videos: str, segments: int = 2) -> str:
    job = submit(store, *videos, settings=RenderSettings(format="ffv1")).job.id
    for _ in videos:
        plan = planned(*(f"{k:064x}" for k in range(segments)))
        store.finish_plan(claimed_plan(store), replace(plan, device="cpu"))
    return job


def claimed_plan(store: Store) -> int:
    claim = store.claim("me", full=("segment",))
    assert claim is not None
    return claim.token


def spec_of(step: dict[str, Any], kind: Any, **values: str) -> Any:
    text = step["script"]["embeddedFiles"][0]["data"]
    for name, value in {"Param.Output": "/out", **values}.items():
        text = text.replace("{{" + name + "}}", value)
    assert "{{" not in text
    assert "}}" not in text
    return from_json(text, kind)


def test_each_shot_is_a_step_of_segments_and_one_that_joins_them(store: Store, tmp_path: Path) -> None:
    made = exported(store, tmp_path, planned_job(store, "/m/a.mp4", "/m/b {{odd}} }} name.mp4"))
    assert [step["name"] for step in made["steps"]] == ["Shot 1 segments", "Shot 1 take", "Shot 2 segments", "Shot 2 take"]
    render = spec_of(made["steps"][0], RenderTask, **{"Task.Param.Start": "10", "Task.Param.End": "20", "Task.Param.Key": "abc"})
    assert (render.segment, render.plan, render.output, render.settings.device) == ((10, 20), "plan", "/out/abc.mkv", "cpu")
    join = spec_of(made["steps"][3], JoinTask)
    assert join.shot.video == "/m/b {{odd}} }} name.mp4"
    assert join.pieces == (f"/out/{0:064x}.mkv", f"/out/{1:064x}.mkv")
    assert made["steps"][3]["dependencies"] == [{"dependsOn": "Shot 2 segments"}]


def test_a_shot_that_is_not_planned_is_refused_with_a_sentence(store: Store, tmp_path: Path) -> None:
    job = submit(store, "/m/a.mp4").job.id
    with pytest.raises(Conflict, match="“a” is not planned yet"):
        exported(store, tmp_path, job)
    assert claimed(store).job == job


@has_cli
@pytest.mark.full
def test_the_template_is_one_by_the_projects_own_checker(store: Store, tmp_path: Path) -> None:
    """Also of a long take, whose values are too many for one step, and of names that the language would read as its own."""
    job = planned_job(store, "/m/long {{Param.Output}}.mp4", segments=2500)
    file = tmp_path / "job.template.json"
    file.write_text(json.dumps(exported(store, tmp_path, job, name="Folge\n1: “{{x}}” " + "x" * 200)))
    openjd("check", str(file))
    assert "Shot 1 segments 3" in openjd("summary", str(file))


@has_cli
@pytest.mark.full
async def test_a_studios_farm_makes_the_take_that_the_server_makes(short: Path, sentences: tuple[Path, Path], tmp_path: Path) -> None:
    chosen = settings(tmp_path)
    async with open_services(chosen) as services:
        job = await submit_to(services, tmp_path, [(short, sentences[0])])
        done = await ended(services, job.job.id)
        (tmp_path / "out").mkdir()
        made = template("Job", str(tmp_path / "out"), services.store.to_render(job.job.id), chosen)
    file = tmp_path / "job.template.json"
    file.write_text(json.dumps(made))
    openjd("run", str(file), "--step", "Shot 1 take", "--run-dependencies", "-p", f"Python={sys.executable}")
    [take] = (tmp_path / "out").glob("short*.mkv")
    assert making.same(making.planes(take), making.planes(Path(done.shots[0].takes[0].path)))
