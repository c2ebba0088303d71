"""What is told of running work: frames, speed once it is stable, remaining time."""

from __future__ import annotations

import pytest

from heygem_core.shot import Progress
from heygem_server.rendering.progress import LiveProgress
from heygem_server.store import Store

from .jobs import claimed, planned, submit


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [100.0]
    monkeypatch.setattr("heygem_server.rendering.progress.time.monotonic", lambda: clock[0])
    return clock


def render(done: int, total: int = 50, fps: float | None = 10.0) -> Progress:
    return Progress(stage="render", done=done, total=total, fps=fps)


def test_frames_of_running_segments_count_and_time_is_told_when_speed_is_stable(store: Store, now: list[float]) -> None:
    live = LiveProgress()
    store.listen(lambda events: [live.job_changed(e.job) if e.job else live.shot_changed(e.shot) for e in events if e.job or e.shot])  # type: ignore[arg-type]
    detail = submit(store, "a.mp4", "b.mp4")
    store.finish_plan(claimed(store).token, planned("a", "b", frames=50))
    first, second = claimed(store), claimed(store)
    for claim in (first, second):
        live.begin(claim)
    told = live.tell(first.token, render(1))
    assert told is not None
    assert (told.frames_done, told.frames_total, told.job_frames_done) == (1, 100, 1)
    assert told.job_eta_s is None, "nothing is known from one frame"
    for second_passed in range(1, 11):
        now[0] += 1
        live.tell(second.token, render(2 * second_passed))
        told = live.tell(first.token, render(1 + 2 * second_passed))
    assert told is not None
    assert (told.frames_done, told.fps) == (41, 20.0)
    assert told.job_eta_s is not None
    job = live.job(store.job_view(detail.job.id))
    assert job.frames_done == 41
    assert job.fps == pytest.approx(4, rel=0.15)
    assert told.job_eta_s == pytest.approx((200 - 41) / 4, rel=0.2), "the shot that is not planned yet counts like the other one"
    shot = live.shot(store.shot(detail.shots[0].id))
    assert (shot.frames_done, shot.fps, shot.stage) == (41, 20.0, "render")


def test_finished_segments_are_not_counted_twice(store: Store, now: list[float]) -> None:
    live = LiveProgress()
    store.listen(lambda events: [live.job_changed(e.job) if e.job else live.shot_changed(e.shot) for e in events if e.job or e.shot])  # type: ignore[arg-type]
    detail = submit(store)
    store.finish_plan(claimed(store).token, planned("a", "b", frames=50))
    first = claimed(store)
    live.begin(first)
    live.tell(first.token, render(50))
    store.finish_segment(first.token)
    live.end(first.token)
    assert live.job(store.job_view(detail.job.id)).frames_done == 50
    assert live.tell(first.token, render(50)) is None, "late news of a piece that is over"


def test_following_faces_is_told_in_its_own_frames(store: Store, now: list[float]) -> None:
    live = LiveProgress()
    detail = submit(store)
    live.job_changed(detail.job)
    plan = claimed(store)
    live.begin(plan)
    told = live.tell(plan.token, Progress(stage="track", done=30, total=300, fps=60.0))
    assert told is not None
    assert (told.stage, told.frames_done, told.frames_total, told.eta_s) == ("track", 30, 300, 4.5)
    assert told.job_frames_done == 0
    shot = live.shot(store.shot(detail.shots[0].id))
    assert (shot.stage, shot.frames_done, shot.frames_total) == ("track", 30, 300)
    assert live.job(store.job_view(detail.job.id)).eta_s is None
