"""Times submitting, listing, showing, claiming and cancelling while 10,000 shots are queued: `python -m benchmarks.server queue_10k`.

Target: 50 ms at the 95th percentile for jobs of ordinary size. The one job with 10,000 shots is shown apart.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from heygem_core.shot import RenderSettings, to_json
from heygem_server.store import Store

from .common import submit

_TIMES = 200


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite3")
        jobs = [_job(store, Path(folder), 100, f"job {k}") for k in range(100)]
        print(f"{'with 10,000 queued shots in 100 jobs':50} {'p50 ms':>8} {'p95 ms':>8} {'worst':>8}")
        _row("submit a job of 1 shot", lambda k: _job(store, Path(folder), 1, "one"))
        _row("submit a job of 100 shots", lambda k: _job(store, Path(folder), 100, "hundred"), 20)
        _row("list 50 jobs, encoded", lambda k: to_json(store.jobs()))
        _row("list by state and text, encoded", lambda k: to_json(store.jobs(["queued"], query="job 7")))
        _row("show a job of 100 shots, encoded", lambda k: to_json(store.job(jobs[k % 100])))
        _row("claim", lambda k: store.claim("me"))
        _row("cancel a job of 100 shots", lambda k: store.cancel(jobs[k]), 50)
        _row("snapshot, encoded", lambda k: to_json(store.snapshot()))
        store.close()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "store.sqlite3")
        print(f"\n{'one job of 10,000 shots':50} {'p50 ms':>8} {'p95 ms':>8} {'worst':>8}")
        made: list[str] = []
        _row("submit it", lambda k: made.append(_job(store, Path(folder), 10_000, "all")), 3)
        _row("show it, encoded", lambda k: to_json(store.job(made[0])), 5)
        _row("list jobs, encoded", lambda k: to_json(store.jobs()), 50)
        _row("claim", lambda k: store.claim("me"), 50)
        _row("cancel it", lambda k: store.cancel(made[k]), 3)
        store.check()
        store.close()


def _job(store: Store, folder: Path, shots: int, name: str) -> str:
    pairs = [(Path(f"/media/{name}/{k}.mp4"), Path("/media/speech.wav")) for k in range(shots)]
    return submit(store, folder, pairs, RenderSettings(), name).job.id


def _row(what: str, work: Callable[[int], object], times: int = _TIMES) -> None:
    taken = []
    for k in range(times):
        began = time.perf_counter()
        work(k)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    print(f"{what:50} {taken[len(taken) // 2]:8.2f} {taken[int(0.95 * (len(taken) - 1))]:8.2f} {taken[-1]:8.2f}", flush=True)
