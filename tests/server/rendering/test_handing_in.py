"""The scheduler beside a store that refuses now and then: every piece of work comes to its end without a restart."""

from __future__ import annotations

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from heygem_core.messages import plain, tell
from heygem_core.shot import RenderTask
from heygem_core.tasks.specs import JoinTask, PlanTask, Probed
from heygem_server.errors import Busy, DiskFull, StaleAttempt
from heygem_server.executors.base import WorkFailed
from heygem_server.rendering import handing_in, quality_measuring, scheduler
from heygem_server.rendering.events import Broadcaster
from heygem_server.rendering.handing_in import Together
from heygem_server.rendering.job_log import JobLogs
from heygem_server.rendering.scheduler import Scheduler
from heygem_server.store import Store

from .jobs import planned
from .jobs import submit as submit_to
from .running_services import settings, until


class Instant:
    """Does every task at once; `before` may make one fail."""

    capacity, busy, stop_grace_s = 1, 0, 1.0

    def __init__(self) -> None:
        self.before: Callable[[Any], None] = lambda task: None
        self.done: list[str] = []

    async def run(self, task: Any, **_: Any) -> Any:
        self.done.append(type(task).__name__)
        self.before(task)
        if isinstance(task, PlanTask):
            return planned("abcd")
        if isinstance(task, RenderTask | JoinTask):
            Path(task.output).write_bytes(b"frames")
        return None

    async def ask(self, task: Any) -> Any:
        return Probed(kind="video", frames=10)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handing_in, "_WAITS_S", (0.01,))
    monkeypatch.setattr(handing_in, "_LONGEST_WAIT_S", 0.01)
    monkeypatch.setattr(scheduler, "REFUSED_S", 0.01)
    monkeypatch.setattr(scheduler, "_DISK_CHECKED_S", 0.01)


@asynccontextmanager
async def scheduling(store: Store, folder: Path, executor: Instant) -> AsyncIterator[Scheduler]:
    own = settings(folder)
    made = Scheduler(store, Broadcaster(store), executor, executor, JobLogs(folder / "logs"), own)  # type: ignore[arg-type]
    running = asyncio.create_task(made.run())
    try:
        yield made
        assert made._stopping or not running.done(), "the scheduler itself goes on"
    finally:
        await made.stop()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def submit(store: Store, folder: Path) -> str:
    for name in ("clip.mp4", "speech.wav"):
        (folder / name).write_bytes(b"media")
    return submit_to(store, str(folder / "clip.mp4"), speech=str(folder / "speech.wav")).job.id


def refusing(monkeypatch: pytest.MonkeyPatch, store: Store, method: str, times: int, error: Exception) -> list[int]:
    """Lets a method refuse so often, then work; returns how often it still will."""
    really, left = getattr(store, method), [times]

    def perhaps(*values: Any, **fields: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error
        return really(*values, **fields)

    monkeypatch.setattr(store, method, perhaps)
    return left


FULL = DiskFull("store.full", folder="/data")


@pytest.mark.parametrize("error", [FULL, Busy("store.busy", path="/data/heygem.sqlite3")], ids=["full", "busy"])
@pytest.mark.parametrize("method", ["claims", "next_wake", "finish_plan", "together", "intend", "finish_join"])
async def test_a_refused_hand_in_is_tried_again_until_the_take_is_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception
) -> None:
    """The shot hung until the server was started again."""
    job, executor = submit(store, tmp_path), Instant()
    left = refusing(monkeypatch, store, method, 3, error)
    monkeypatch.setattr(store, "folders", lambda: set())
    async with scheduling(store, tmp_path, executor):
        await until(lambda: store.job_view(job).state == "completed")
    assert left == [0]
    assert executor.done == ["PlanTask", "RenderTask", "JoinTask"], "nothing was done twice"
    assert {attempt.outcome for attempt in store.job(job).shots[0].attempts} == {"done"}


async def test_a_refused_failure_is_tried_again_too(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, executor = submit(store, tmp_path), Instant()

    def fails(task: Any) -> None:
        raise WorkFailed("failed", plain("It cannot be."))

    executor.before = fails
    left = refusing(monkeypatch, store, "fail", 3, FULL)
    async with scheduling(store, tmp_path, executor):
        await until(lambda: store.shot(store.job(job).shots[0].id).why is not None)
    assert left == [0]
    assert [attempt.reason for attempt in store.job(job).shots[0].attempts] == ["It cannot be."]


async def test_a_changed_source_is_told_once_the_store_takes_it(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, executor = submit(store, tmp_path), Instant()

    def changes(task: Any) -> None:
        if isinstance(task, RenderTask) and executor.done.count("RenderTask") == 1:
            (tmp_path / "speech.wav").write_bytes(b"other speech")

    executor.before = changes
    left = refusing(monkeypatch, store, "replan", 3, FULL)
    async with scheduling(store, tmp_path, executor):
        await until(lambda: store.job_view(job).state == "completed")
    assert left == [0]


async def test_a_piece_whose_end_nobody_wrote_down_is_taken_back_without_a_restart(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever else goes wrong: what the database calls running and nobody is doing is given out again."""
    job, executor = submit(store, tmp_path), Instant()
    refusing(monkeypatch, store, "finish_plan", 1, RuntimeError("a bug"))
    refusing(monkeypatch, store, "fail", 1, RuntimeError("another"))
    async with scheduling(store, tmp_path, executor):
        await until(lambda: store.job_view(job).state == "completed")
    assert [attempt.outcome for attempt in store.job(job).shots[0].attempts][:2] == ["lost", "done"]
    assert "could not be written down" in caplog.text


async def test_people_read_why_nothing_is_given_out_and_that_it_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event is told as soon as the disk takes it; whoever asks reads the reason meanwhile."""
    job, executor = submit(store, tmp_path), Instant()
    left = refusing(monkeypatch, store, "claims", 10_000, FULL)
    refusing(monkeypatch, store, "announce", 2, FULL)
    async with scheduling(store, tmp_path, executor) as made:
        await until(lambda: made.message)
        assert made.live_job(store.job_view(job)).why == str(FULL)
        await until(lambda: told(store) == [str(FULL)])
        left[0] = 0
        await until(lambda: store.job_view(job).state == "completed")
        await until(lambda: told(store) == [str(FULL), None])
        assert made.message is None


def told(store: Store) -> list[str | None]:
    return [event.message for event in store.events_since(0) or () if event.kind == "server.changed"]


async def test_a_server_that_stops_does_not_wait_for_the_disk(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, executor = submit(store, tmp_path), Instant()
    refusing(monkeypatch, store, "finish_plan", 10_000, FULL)
    refusing(monkeypatch, store, "fail", 10_000, FULL)
    async with scheduling(store, tmp_path, executor) as made:
        await until(lambda: executor.done)
        await made.stop()
        assert made.idle
    assert store.recover("the next server") == []
    assert store.job_view(job).state == "queued"


LASTING = [
    OSError(errno.EROFS, "Read-only file system", "/takes"),
    PermissionError(errno.EACCES, "Permission denied", "/takes"),
    OSError(errno.EDQUOT, "Disk quota exceeded", "/takes"),
    WorkFailed("failed", tell("output.no-permission", folder="/takes")),
    WorkFailed("failed", tell("cache.not-writable", folder="/cache", why=tell("os.read-only"))),
]


@pytest.mark.parametrize("error", LASTING, ids=lambda error: f"{type(error).__name__}-{getattr(error, 'errno', '')}")
async def test_what_no_other_try_can_mend_is_tried_once_and_said_in_words(store: Store, tmp_path: Path, error: Exception) -> None:
    """Three tries, and then “[Errno 30] Read-only file system”."""
    job, executor = submit(store, tmp_path), Instant()

    def refuses(task: Any) -> None:
        raise error

    executor.before = refuses
    async with scheduling(store, tmp_path, executor):
        await until(lambda: store.job_view(job).state == "failed")
    (shot,) = store.job(job).shots
    assert len(shot.attempts) == 1
    assert shot.why is not None
    assert "Errno" not in shot.why
    assert shot.why_message is not None
    assert shot.why_message.code is not None


async def test_a_disk_without_inodes_makes_the_queue_wait_and_say_so(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, executor, few = submit(store, tmp_path), Instant(), [False]
    monkeypatch.setattr("heygem_server.rendering.disk_space.holds_no_more_files", lambda folder: few[0])

    def refuses(task: Any) -> None:
        few[0] = True
        executor.before = lambda task: None
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    executor.before = refuses
    async with scheduling(store, tmp_path, executor) as made:
        await until(lambda: made.message)
        assert "can hold no more files" in (made.live_job(store.job_view(job)).why or "")
        few[0] = False
        await until(lambda: store.job_view(job).state == "completed")
    assert store.job(job).shots[0].attempts[0].outcome == "canceled", "the disk is to blame, not the shot"


async def test_a_store_that_refuses_is_told_once_and_once_more_when_it_takes_something(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each look at the disks said that all was well, each claim that it was not: two lines a second."""
    clock = SimpleNamespace(monotonic=count(step=10).__next__, time=time.time)
    monkeypatch.setattr(scheduler, "time", clock)  # the disks are looked at each time
    job = submit(store, tmp_path)
    left = refusing(monkeypatch, store, "claims", 20, FULL)
    async with scheduling(store, tmp_path, Instant()) as made:
        await until(lambda: store.job_view(job).state == "completed")
        assert made.message is None
    assert left == [0]
    assert [record.getMessage() for record in caplog.records].count(FULL.said.message) == 1
    assert [record.getMessage() for record in caplog.records].count(tell("queue.room-again").message) == 1


async def test_looking_at_takes_goes_on_after_a_refusal(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its task ended with the first error, and no take was measured until the next start."""
    monkeypatch.setattr(quality_measuring, "_LOOKED_S", 0.01)
    left = refusing(monkeypatch, store, "takes", 3, FULL)
    async with scheduling(store, tmp_path, Instant()) as made:
        measuring = asyncio.create_task(quality_measuring.measure_when_idle(store, made, None))  # type: ignore[arg-type]
        await until(lambda: left == [0])
        await asyncio.sleep(0)
        assert not measuring.done()
        measuring.cancel()


async def test_what_waits_for_a_change_is_written_as_the_next_one_and_a_bug_hurts_only_who_brought_it(store: Store) -> None:
    together, written = Together(store), []
    really = store.together

    def counted(works: Any) -> Any:
        written.append(len(works))
        return really(works)

    store.together = counted  # type: ignore[method-assign]

    def work(change: Any, name: str) -> str:
        if name == "bug":
            raise RuntimeError(name)
        if name == "late":
            raise StaleAttempt("work.stale", attempt=1)
        return name

    first = asyncio.create_task(together(work, "first"))
    await asyncio.sleep(0)  # it is being written
    names = ["one", "late", "two"]
    found = await asyncio.gather(*(together(work, name) for name in names), return_exceptions=True)
    assert await first == "first"
    assert [found[0], type(found[1]), found[2]] == ["one", StaleAttempt, "two"]
    assert written == [1, 3]
    found = await asyncio.gather(*(together(work, name) for name in ("one", "bug", "two")), return_exceptions=True)
    assert [found[0], type(found[1]), found[2]] == ["one", RuntimeError, "two"]
    assert await together(work, "after") == "after"
