"""Kills server or workers (kill -9) at random moments of a running batch:
`python -m benchmarks.server kill_nine [--kills 50] [--what server|worker|both] [--pause S]`.

A server of its own process renders tiny shots; it, or one of its workers, is killed again and again, and started again. At the
end every job must have completed, every shot have one take whose file has the recorded hash, no other file lie beside them, the
database be whole and the events without a gap.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from heygem_core.shot import RenderSettings
from heygem_server.rendering.services import open_services
from heygem_server.rendering.take_files import sha256_of
from heygem_server.store import Store

from .common import clips_folder, cut, left_in, settings, submit

_RENDER = RenderSettings(device="cpu", fit="trim", motion="mel", format="h264")
_LONGEST_S = 1500.0
_SHOTS = 12  # of a batch; another one is submitted when it is finished before the last kill


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--what", choices=("server", "worker", "both"), default="both")
    parser.add_argument("--pause", type=float, metavar="S", help="longest pause between kills (default: 6; workers: 4)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", metavar="DIR", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(_serve(Path(options.serve)))
        return
    for what in ("server", "worker") if options.what == "both" else (options.what,):
        with tempfile.TemporaryDirectory() as folder:
            _measure(what, options.kills, Path(folder), random.Random(options.seed), options.pause)


def _measure(what: str, kills: int, folder: Path, chance: random.Random, pause_s: float | None) -> None:
    pairs = _pairs(folder)
    store = Store(folder / "data" / "heygem.sqlite3")
    began, done, batches = time.monotonic(), 0, 0
    server: psutil.Popen | None = None
    while time.monotonic() - began < _LONGEST_S:
        if done < kills and not _unfinished(store):
            submit(store, folder, chance.sample(pairs, _SHOTS), _RENDER, f"batch {batches}")
            batches += 1
        if server is None or server.poll() is not None:
            server = _start(folder)
        if done >= kills and not _unfinished(store):
            break
        if done < kills:
            time.sleep(chance.uniform(0.1, pause_s or (6.0 if what == "server" else 4.0)))
            done += _kill(what, server, chance)
            print(f"\r{what}: {done} kills, {batches} batches, {time.monotonic() - began:.0f} s", end="", flush=True)
        else:
            time.sleep(0.2)
    print()
    if server is not None:
        server.terminate()
        server.wait()
    _report(what, store, folder, done, time.monotonic() - began)
    store.close()


def _pairs(folder: Path) -> list[tuple[Path, Path]]:
    """Tiny clips of ten frames, each with each of the speeches."""
    clips = sorted((clips_folder() / "grid").glob("*.mpg"))[:4]
    videos = [cut(clip, folder / f"{clip.stem}-{start}.mp4", 10, start=start) for clip in clips for start in (0, 30)]
    return [(video, speech) for video in videos for speech in clips[:2]]


def _start(folder: Path) -> psutil.Popen:
    program = [sys.executable, "-m", "benchmarks.server", "kill_nine", "--serve", str(folder)]
    return psutil.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


async def _serve(folder: Path) -> None:
    async with open_services(settings(folder, workers=2, segment_frames=8)) as services:
        seen = services.store.seq
        while True:  # jobs come through the database here, so look for them as the front door would tell of them
            await asyncio.sleep(0.2)
            if (now := await asyncio.to_thread(lambda: services.store.seq)) != seen:
                seen = now
                services.scheduler.look_again()


def _kill(what: str, server: psutil.Popen, chance: random.Random) -> int:
    try:
        if what == "server":
            server.kill()
            server.wait()
            return 1
        workers = [child for child in server.children() if "heygem_core.tasks.worker" in " ".join(child.cmdline())]
        if workers:
            chance.choice(workers).kill()
            return 1
    except psutil.Error:
        pass
    return 0


def _unfinished(store: Store) -> bool:
    return bool(store.jobs(["queued", "active", "paused"], limit=1).jobs)


def _report(what: str, store: Store, folder: Path, kills: int, seconds: float) -> None:
    store.check()
    jobs = store.jobs(limit=1000).jobs
    shots = [shot for job in jobs for shot in store.job(job.id).shots]
    takes = [take for shot in shots for take in shot.takes]
    sound = [take for take in takes if Path(take.path).exists() and sha256_of(Path(take.path)) == take.sha256]
    known = {name for take in takes for name in (take.name, f"{take.name}.report.json")}
    others = set(left_in(folder / "takes")) - known
    events = store.events_since(0, 10**6) or ()
    gaps = [event.seq for event in events] != list(range(1, store.seq + 1))
    outcomes: dict[str, int] = {}
    for shot in shots:
        for attempt in shot.attempts:
            outcomes[attempt.outcome] = outcomes.get(attempt.outcome, 0) + 1
    print(f"  {kills} kills of the {what} in {seconds:.0f} s; database whole; events {'WITH GAPS' if gaps else 'without a gap'}")
    print(f"  jobs: {len(jobs)}, completed {sum(job.state == 'completed' for job in jobs)}")
    print(f"  shots: {len(shots)}, with one take {sum(len(shot.takes) == 1 for shot in shots)}, takes whole {len(sound)} of {len(takes)}")
    print(f"  files beside takes that nobody knows: {len(others)} {sorted(others)[:3] or ''}; attempts: {outcomes}")
    for shot in shots:
        if shot.state != "done":
            print(f"  NOT DONE: {shot.name} {shot.state}: {shot.why}")
