"""The tables of jobs and shots stand in the language of the terminal, units and states too."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from rich.console import Console
from rich.table import Table

from heygem_core.shot import RenderSettings
from heygem_server.commands.job_tables import all_shots_table, duration, jobs_table, stage_word, state_word
from heygem_server.commands.jobs import _progress, follow_all
from heygem_server.wire import Happened, JobDetail, JobPage, JobView, MediaRef, Origin, ProgressNow, ShotRequest, ShotView, Snapshot


@pytest.fixture(params=["zh_CN.UTF-8", "en_US.UTF-8"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LC_ALL", request.param)
    return str(request.param)[:2]


def drawn(table: Table) -> str:
    out = io.StringIO()
    Console(file=out, width=200, no_color=True).print(table)
    return out.getvalue()


def job(**change: object) -> JobView:
    facts = dict(
        id="j0123456789abcdef", name="片子", state="failed", why=None, priority=50, created=1.0, updated=2.0,
        origin=Origin(kind="page"), folder="/t", timeline=None, settings=RenderSettings(), shots_total=4, shots_done=3,
        shots_failed=1, frames_done=50, frames_total=100, fps=12.5, eta_s=3725.0,
    )  # fmt: skip
    return JobView(**{**facts, **change})  # type: ignore[arg-type]


def test_a_table_of_jobs_has_no_word_of_another_language(language: str) -> None:
    """Heads were Chinese, and beside them stood “failed” and “1 h 2 min”."""
    said = drawn(jobs_table([job()]))
    words = set(re.findall(r"[A-Za-z]{2,}", said.replace("j0123456789abcdef", "").replace("fps", "")))
    if language == "zh":
        assert "1 小时 2 分" in said
        assert words == set()
    else:
        assert "3/4, 1 failed" in said
        assert "about 1 h 2 min" in said


def test_every_state_and_stage_has_a_word(language: str) -> None:
    states = ("queued", "active", "paused", "completed", "failed", "canceled", "planning", "rendering", "joining", "done")
    stages = ("probe", "track", "speech", "generate", "plan", "render", "measure", "finish")
    said = [*map(state_word, states), *map(stage_word, stages)]
    assert said == [*states, *stages] if language == "en" else not re.search("[A-Za-z]", "".join(said))


@pytest.mark.parametrize(("seconds", "english"), [(5, "5 s"), (65, "1 min 5 s"), (3725, "1 h 2 min")])
def test_lengths_of_time_are_said_as_people_say_them(language: str, seconds: float, english: str) -> None:
    assert duration(seconds) == english if language == "en" else not re.search("[A-Za-z]", duration(seconds))


def test_a_line_of_progress_is_in_one_language(language: str) -> None:
    now = ProgressNow(job="j", shot="s", stage="render", frames_done=1, job_frames_done=3, job_frames_total=9, fps=2.0, job_eta_s=70)
    said = _progress(now)
    if language == "en":
        assert said == "render  3/9 frames  2.0 fps  1 min 10 s left"
    else:
        assert re.findall("[A-Za-z]+", said) == ["fps"]


REQUEST = ShotRequest(video=MediaRef(path="/v.mp4"), speech=MediaRef(path="/s.wav"))


class Following:
    """A server with two jobs, of which one ends and then the other; a third comes meanwhile."""

    def __init__(self) -> None:
        self.states = {"a": "active", "b": "queued"}
        self.shown: list[str] = []

    def _view(self, name: str) -> JobView:
        return job(id=name, name=f"job {name}", state=self.states[name], shots_total=1, shots_done=0, shots_failed=0)

    def jobs(self, *, states: tuple[str, ...], limit: int) -> JobPage:
        return JobPage(jobs=tuple(self._view(name) for name, state in self.states.items() if state in states))

    def job(self, name: str) -> JobDetail:
        state = {"active": "rendering", "completed": "done"}.get(self.states[name], self.states[name])
        shot = ShotView(
            id=f"s{name}", job=name, position=0, name=f"{name}.mp4", state=state, frames_done=0, frames_total=50, request=REQUEST
        )
        return JobDetail(job=self._view(name), shots=(shot,))

    def events(self) -> Iterator[object]:
        yield Snapshot(epoch="e", seq=1, jobs=())
        yield ProgressNow(job="a", shot="sa", stage="render", frames_done=10, frames_total=50, job_frames_done=10, job_frames_total=50)
        self.states["c"] = "queued"
        yield Happened(seq=2, at=1.0, kind="job.added", job=self._view("c"))
        for number, (name, state) in enumerate((("a", "completed"), ("b", "failed"), ("c", "completed")), 3):
            self.states[name] = state
            yield Happened(seq=number, at=1.0, kind="job.changed", job=self._view(name))
        raise AssertionError("all have ended")


def test_all_jobs_are_followed_to_their_end(capsys: pytest.CaptureFixture[str]) -> None:
    server = Following()
    assert follow_all(server) == 1
    assert server.states == {"a": "completed", "b": "failed", "c": "completed"}
    assert "b.mp4" in capsys.readouterr().err
    server.states = {"a": "completed"}
    assert follow_all(server) == 0


def test_a_table_of_all_shots_begins_with_those_at_work(language: str) -> None:
    server = Following()
    now = {"sb": ProgressNow(job="b", shot="sb", stage="render", frames_done=10, frames_total=50, job_frames_done=10, job_frames_total=50)}
    server.states = {"a": "completed", "c": "queued", "b": "active"}
    _, *rows = drawn(all_shots_table([server.job(name) for name in server.states], now)).splitlines()
    assert [row.split()[2] for row in rows] == ["b.mp4", "c.mp4", "a.mp4"]
    assert "20%" in rows[0]
