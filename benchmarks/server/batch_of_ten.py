"""Times a batch of ten videos with one speech: `python -m benchmarks.server batch_of_ten [--workers N] [--threads N] [--frames N]`.

Prints how often the speech was listened to, how busy the cores were between the first and the last frame, and the time against
ten single renders of the same clips one after another (each a process of its own, as `heygem render` is), against one single
render, and the same batch with other speech, which follows no face again. On a machine with many cores or a graphics card:
`python -m benchmarks.server batch_of_ten --workers 8 --threads 2 --device cuda`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from heygem_core.shot import RenderSettings, RenderTask, Shot, to_json
from heygem_server.rendering.services import Services, open_services
from heygem_server.wire import JobDetail, ProgressNow

from .common import clips_folder, cut, settings, submit

_NAMES = ("man_1080x1920_30fps", "beard_1080x1920_25fps", "german_512x512_25fps", "glasses_512x512_25fps", "silent_1280x720")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--frames", type=int, default=100, help="of each clip")
    parser.add_argument("--segment-frames", type=int, default=240)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-singles", action="store_true", help="leave the single renders out")
    options = parser.parse_args()
    render = RenderSettings(device=options.device, fit="trim", motion="mel", format="h264")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = clips_folder()
        videos = [cut(clips / f"{each}.mp4", folder / f"{each}-{k}.mp4", options.frames, start=60 * k) for each in _NAMES for k in (0, 1)]
        speeches = (clips / "talking" / "talk02.mp4", clips / "talking" / "talk03.mp4")
        chosen = settings(folder, workers=options.workers, threads_per_worker=options.threads, segment_frames=options.segment_frames)
        print(
            f"{len(videos)} clips of {options.frames} frames, {options.workers} workers × {options.threads} threads, {os.cpu_count()} cores"
        )
        batch_s = asyncio.run(_batches(folder, videos, speeches, render, chosen))
        if not options.no_singles:
            singles = _singles(folder, videos, speeches[0], render)
            print(f"ten single renders one after another: {sum(singles):.1f} s; the batch takes {batch_s / sum(singles):.2f} × as long")
            one = sum(singles) / len(singles)
            print(f"one single render: {one:.1f} s on average; the batch takes {batch_s / one:.2f} × as long")


async def _batches(folder: Path, videos: list[Path], speeches: tuple[Path, Path], render: RenderSettings, chosen) -> float:  # type: ignore[no-untyped-def]
    async with open_services(chosen) as services:
        seconds, _ = await _batch(services, folder, videos, speeches[0], render, "batch")
        await _batch(services, folder, videos, speeches[1], render, "again, other speech")
    return seconds


async def _batch(
    services: Services, folder: Path, videos: list[Path], speech: Path, render: RenderSettings, name: str
) -> tuple[float, JobDetail]:
    began = time.monotonic()
    busy = asyncio.create_task(_busy(services))
    job = await asyncio.to_thread(submit, services.store, folder, [(video, speech) for video in videos], render, name)
    while (await asyncio.to_thread(services.store.job_view, job.job.id)).state in ("queued", "active"):
        await asyncio.sleep(0.1)
    seconds = time.monotonic() - began
    busy.cancel()
    done = services.store.job(job.job.id)
    share = await asyncio.gather(busy, return_exceptions=True)
    print(f"\n{name}: {done.job.state}, {seconds:.1f} s, {done.job.frames_done} frames, {done.job.frames_done / seconds:.1f} frames/s")
    print(f"  speech listened to {sum(not shot.reused.speech for shot in done.shots)} times for {len(done.shots)} shots")
    print(f"  faces followed {sum(not shot.reused.tracks for shot in done.shots)} times")
    print(f"  cores busy between the first and the last frame: {share[0]}")
    _stages(done, seconds * services.executor.capacity)
    for shot in done.shots:
        if shot.state != "done":
            print(f"  NOT DONE: {shot.name}: {shot.why}")
    return seconds, done


def _stages(done: JobDetail, available_s: float) -> None:
    """Seconds of workers by kind of work, and their share of the seconds that there were (which other programs do not change)."""
    spent: dict[str, float] = {}
    for shot in done.shots:
        for attempt in shot.attempts:
            spent[attempt.task] = spent.get(attempt.task, 0.0) + (attempt.ended or attempt.started) - attempt.started
    kinds = ", ".join(f"{task} {seconds:.1f}" for task, seconds in spent.items())
    print(f"  workers had work {sum(spent.values()) / available_s:.0%} of the time; seconds: {kinds}")


async def _busy(services: Services) -> str:
    """The share of all cores that was busy (whoever kept them so), and that our workers took, from first to last frame of progress."""
    first: tuple[float, float, float, float] | None = None
    last = first
    with services.events.subscribe(since=services.events.seq, epoch=services.events.epoch) as client:
        try:
            async for item in client:
                if isinstance(item, ProgressNow) and item.frames_done:
                    times = psutil.cpu_times()
                    last = (time.monotonic(), sum(times) - times.idle - times.iowait, sum(times), _own(services))
                    first = first or last
        except asyncio.CancelledError:
            pass
    if first is None or last is None or last[2] == first[2]:
        return "not measured"
    whole = last[2] - first[2]
    return f"{(last[1] - first[1]) / whole:.0%} (of which our workers {(last[3] - first[3]) / whole:.0%})"


def _own(services: Services) -> float:
    """CPU seconds of all workers."""
    total = 0.0
    for worker in (*services.executor.workers, *services.look.executor.workers):
        try:
            times = psutil.Process(worker.pid).cpu_times()
            total += times.user + times.system
        except psutil.Error:
            continue
    return total


def _singles(folder: Path, videos: list[Path], speech: Path, render: RenderSettings) -> list[float]:
    """Seconds of each render on its own, with an empty cache each, one after another."""
    (folder / "singles").mkdir()
    seconds = []
    for k, video in enumerate(videos):
        task = RenderTask(
            shot=Shot(video=str(video), speech=str(speech)),
            settings=render,
            output=str(folder / "singles" / f"{k}.mp4"),
            cache=str(folder / f"cache {k}"),
        )
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "heygem_core", "-"], input=to_json(task), stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.monotonic() - began)
    return seconds
