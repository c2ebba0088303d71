"""Real worker processes: what they answer, and how they end when they must."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from heygem_core import errors as core
from heygem_core.shot import Event, Progress, RenderSettings, Shot
from heygem_core.tasks.specs import PlanTask, Probed, ProbeTask, ProxyTask, Waveform, WaveformTask
from heygem_server.errors import Broken, Busy
from heygem_server.executors import worker_process
from heygem_server.executors.base import Limits, Watcher, WorkFailed
from heygem_server.executors.inspection_pool import InspectionPool
from heygem_server.executors.local import LocalExecutor
from heygem_server.executors.worker_process import Worker, held_paths
from tests.media import make

GENEROUS = Limits(memory_bytes=8 << 30, stall_s=60, stop_grace_s=2)
PoolMaker = Callable[..., Awaitable[LocalExecutor]]


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[LocalExecutor]:
    pool = LocalExecutor(1, threads=1, limits=GENEROUS)
    yield pool
    await pool.close()


def proxy(video: Path, folder: Path) -> ProxyTask:
    return ProxyTask(path=str(video), output=str(folder / "proxy.mp4"), longest_side=320)


async def begun(pool: LocalExecutor, task: ProxyTask, *, limits: Limits | None = None, stop: asyncio.Event | None = None) -> asyncio.Task:
    """The task, some frames later."""
    moving = asyncio.Event()

    def tell(event: Event) -> None:
        if isinstance(event, Progress) and event.done > 5:
            moving.set()

    doing = asyncio.create_task(pool.run(task, watcher=Watcher(tell=tell), limits=limits, stop=stop))
    waiting = asyncio.create_task(moving.wait())
    await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    waiting.cancel()
    assert not doing.done(), "the task should have been longer"
    return doing


async def test_a_worker_answers_and_stays_warm(pool: LocalExecutor, long_video: Path, tmp_path: Path) -> None:
    first = await pool.run(ProbeTask(path=str(long_video)))
    assert isinstance(first, Probed)
    assert (first.frames, first.width) == (1200, 320)
    pid = pool.workers[0].pid
    silent = make.video(tmp_path / "silent.mp4")
    with pytest.raises(WorkFailed) as failed:
        await pool.run(WaveformTask(path=str(silent)))
    assert failed.value.failed is not None
    assert failed.value.failed.error == "NoSound"
    assert isinstance(await pool.run(ProbeTask(path=str(silent))), Probed)
    assert pool.workers[0].pid == pid, "an error of the input is no reason for a new process"


async def test_a_worker_is_replaced_after_its_share_of_tasks(tmp_path: Path) -> None:
    pool = LocalExecutor(1, threads=1, limits=GENEROUS, tasks_per_worker=2)
    clip = make.video(tmp_path / "clip.mp4")
    pids = []
    for _ in range(4):
        await pool.run(ProbeTask(path=str(clip)))
        pids += [worker.pid for worker in pool.workers]
    await pool.close()
    assert len(set(pids)) >= 2


async def test_a_task_that_is_called_off_leaves_nothing_and_keeps_its_worker(pool: LocalExecutor, long_video: Path, tmp_path: Path) -> None:
    stop = asyncio.Event()
    doing = await begun(pool, proxy(long_video, tmp_path), stop=stop)
    pid = pool.workers[0].pid
    stop.set()
    with pytest.raises(WorkFailed) as failed:
        await doing
    assert failed.value.outcome == "canceled"
    assert not list(tmp_path.iterdir())
    await pool.run(ProbeTask(path=str(long_video)))
    assert pool.workers[0].pid == pid


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(("number", "outcome", "word"), [(signal.SIGKILL, "killed", "outside"), (signal.SIGSEGV, "crashed", "code -11")])
async def test_a_worker_that_dies_is_told_and_replaced(
    pool: LocalExecutor, long_video: Path, tmp_path: Path, number: int, outcome: str, word: str
) -> None:
    doing = await begun(pool, proxy(long_video, tmp_path))
    os.kill(pool.workers[0].pid, number)
    with pytest.raises(WorkFailed, match=word) as failed:
        await doing
    assert failed.value.outcome == outcome
    assert isinstance(await pool.run(ProbeTask(path=str(long_video))), Probed)
    assert pool.restarts == 1


async def test_a_worker_that_holds_too_much_memory_is_ended(pool: LocalExecutor, long_video: Path, tmp_path: Path) -> None:
    limits = Limits(memory_bytes=20 << 20, stall_s=60)  # less than Python with FFmpeg needs
    with pytest.raises(WorkFailed, match="GB are allowed") as failed:
        await pool.run(proxy(long_video, tmp_path), limits=limits)
    assert failed.value.outcome == "memory"
    assert not pool.workers


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(memory_bytes=8 << 30, stall_s=60, silent_s=1), "no sign of life"),
        (Limits(memory_bytes=8 << 30, stall_s=1, silent_s=60), "no progress"),
        (Limits(memory_bytes=8 << 30, stall_s=60, whole_s=1), "longer than 1 s"),
    ],
)
async def test_a_worker_that_hangs_is_ended(long_video: Path, tmp_path: Path, limits: Limits, word: str) -> None:
    pool = LocalExecutor(1, threads=1, limits=GENEROUS)
    await pool.run(ProbeTask(path=str(long_video)))
    process = psutil.Process(pool.workers[0].pid)
    doing = await begun(pool, proxy(long_video, tmp_path), limits=limits)
    process.suspend()
    with pytest.raises(WorkFailed, match=word) as failed:
        await doing
    assert failed.value.outcome == "timeout"
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    await pool.close()


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
async def test_a_worker_that_does_not_listen_is_ended_after_its_grace(long_video: Path, tmp_path: Path) -> None:
    pool = LocalExecutor(1, threads=1, limits=Limits(memory_bytes=8 << 30, stall_s=60, stop_grace_s=0.5))
    stop = asyncio.Event()
    doing = await begun(pool, proxy(long_video, tmp_path), stop=stop)
    psutil.Process(pool.workers[0].pid).suspend()
    stop.set()
    with pytest.raises(WorkFailed) as failed:
        await asyncio.wait_for(doing, 60)
    assert failed.value.outcome == "canceled"
    await pool.close()


async def test_a_worker_is_ended_with_its_children_and_theirs() -> None:
    """An encoder that a worker started must not go on writing after it."""
    child = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}]); print(flush=True); sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", parent, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    family: list[psutil.Process] = []
    async with asyncio.timeout(60):
        while len(family) < 2:
            await asyncio.sleep(0.05)
            family = psutil.Process(process.pid).children(recursive=True)
    await Worker(process).end()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive


async def test_a_worker_ends_when_whoever_started_it_is_killed(tmp_path: Path, long_video: Path) -> None:
    """A worker that outlived its server would go on writing into folders of the next one."""
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(long_video), str(tmp_path / "proxy.mp4")], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    pid = int(server.stdout.readline())
    worker = psutil.Process(pid)
    server.kill()
    server.wait()
    gone, _ = psutil.wait_procs([worker], timeout=60)
    assert gone, "the worker is still there"
    assert not list(tmp_path.iterdir()), "its unfinished work too"


_SERVER = """
import asyncio, sys
from heygem_core.tasks.specs import ProxyTask
from heygem_server.executors.base import Limits, Watcher
from heygem_server.executors.local import LocalExecutor

async def main():
    pool = LocalExecutor(1, threads=1, limits=Limits(memory_bytes=8 << 30, stall_s=60))
    told = 0
    def tell(event):
        nonlocal told
        told += 1
        if told == 4:
            print(pool.workers[0].pid, flush=True)
    await pool.run(ProxyTask(path=sys.argv[1], output=sys.argv[2], longest_side=320), watcher=Watcher(tell=tell))

asyncio.run(main())
"""


async def test_no_more_tasks_run_at_once_than_there_are_workers(long_video: Path) -> None:
    pool, most = LocalExecutor(2, threads=1, limits=GENEROUS), 0

    async def look() -> None:
        nonlocal most
        await pool.run(ProbeTask(path=str(long_video)), watcher=Watcher(tell=lambda _: None))
        most = max(most, len(pool.workers))

    await asyncio.gather(*(look() for _ in range(8)))
    assert most <= 2
    await pool.close()
    with pytest.raises(Busy):
        await pool.run(ProbeTask(path=str(long_video)))


async def test_what_is_wrong_with_a_file_keeps_its_type_and_sentence(tmp_path: Path) -> None:
    look = InspectionPool(threads=1, memory_bytes=8 << 30, whole_s=20, stall_s=20)
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with pytest.raises(core.UnreadableMedia, match="not a media file"):
        await look.ask(ProbeTask(path=str(tmp_path / "list.mp4")))
    with pytest.raises(core.MediaNotFound):
        await look.ask(ProbeTask(path=str(tmp_path / "absent.mp4")))
    await look.executor.close()


async def test_a_worker_that_cannot_start_is_told_with_its_last_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "heygem_core.py").write_text("raise RuntimeError('broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    pool = LocalExecutor(1, threads=1, limits=GENEROUS)
    with pytest.raises(Broken, match="heygem doctor"):
        await pool.run(ProbeTask(path="x"))
    await pool.close()


async def test_sound_is_measured_in_peaks(pool: LocalExecutor, tmp_path: Path) -> None:
    import numpy as np

    loud = np.concatenate([np.zeros(24_000), 0.5 * np.ones(24_000)]).astype(np.float32)
    path = make.video(tmp_path / "loud.mov", frames=25, samples=np.stack([loud, loud]), sound_codec="pcm_s16le")
    answer = await pool.run(WaveformTask(path=str(path), points=10))
    assert isinstance(answer, Waveform)
    assert answer.duration_s == pytest.approx(1, abs=0.05)
    assert max(answer.peaks[:4]) < 0.01
    assert min(answer.peaks[6:]) == pytest.approx(0.5, abs=0.02)


def swap(folder: Path) -> None:
    """Another folder takes the place of this one by a link."""
    other = folder.with_name("outside")
    shutil.copytree(folder, other)
    folder.rename(folder.with_name("away"))
    folder.symlink_to(other)


async def test_a_folder_that_becomes_a_link_on_the_way_to_a_worker_is_not_followed(
    pool: LocalExecutor, long_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server looked before it handed the task over; the worker looks again when it opens."""
    (tmp_path / "inside").mkdir()
    video = Path(shutil.copy(long_video, tmp_path / "inside" / "a.mp4"))

    def held(task: ProbeTask) -> tuple[str, ...]:
        found = held_paths(task)
        swap(video.parent)
        return found

    monkeypatch.setattr(worker_process, "held_paths", held)
    with pytest.raises(WorkFailed, match="there is a link now"):
        await pool.run(ProbeTask(path=str(video)))


async def test_a_link_that_was_there_before_is_followed(pool: LocalExecutor, long_video: Path, tmp_path: Path) -> None:
    """Such as that of a folder of takes which its owner moved to another disk."""
    (tmp_path / "link").symlink_to(long_video.parent)
    assert isinstance(await pool.run(ProbeTask(path=str(tmp_path / "link" / long_video.name))), Probed)


def test_the_files_of_a_shot_are_held_to_their_real_paths_whatever_they_are_now(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    video, model = str(tmp_path / "link" / "a.mov"), str(tmp_path / "link" / "m.safetensors")
    task = PlanTask(shot=Shot(video=video, speech="/v.wav"), settings=RenderSettings(motion=model, speech_encoder="offline"))
    assert set(held_paths(task)) == {video, "/v.wav", model}
    assert held_paths(ProbeTask(path=video)) == ()
