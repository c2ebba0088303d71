"""Measures a farm: `python -m benchmarks.farm [--nodes 4] [--seconds 1] [--pieces 40] [--simulate SEGMENTS] [--only nodes|simulation]`.

Two parts. **nodes**: a real farm of one-slot nodes on this machine (needs Ray): how long it takes to start, what a segment costs beside its
own work, and how many times as fast the nodes are as one, with work that only waits. **simulation**, clearly one: the real queue and the
real scheduler hand 100,000 segments of 1,000 shots to 100 slots that are not there, each segment of which takes a second; it tells how long
a claim takes and how that grows.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.tasks.specs import Planned, PlannedSegment, PlanTask, Task, TaskResult
from heygem_server.executors.base import Limits, Piece, SlotState, Watcher
from heygem_server.executors.farm.cluster import read_farm_file
from heygem_server.executors.farm.executor import FarmExecutor
from heygem_server.executors.local import LocalExecutor
from heygem_server.executors.process_tree import kill_tree
from heygem_server.rendering import services as services_module
from heygem_server.rendering.services import open_services
from heygem_server.settings import ServerSettings
from heygem_server.store import Store
from heygem_server.wire import JobRequest, MediaRef, ShotRequest

_LIMITS = Limits(memory_bytes=8 << 30, stall_s=600)
_PORT = 26_100
# In the workers of nodes a render only waits, for as long as its speech is called, then writes a small file.
_TOY = """
import sys
if "heygem_core.tasks.worker" in sys.orig_argv:
    import time, types
    from pathlib import Path
    from heygem_core.rendering.report import report_path
    from heygem_core.shot import Progress, RenderTask
    from heygem_core.tasks import dispatch

    def wait(task):
        yield Progress(stage="render", done=0)
        time.sleep(float(Path(task.shot.speech).stem))
        for path in (Path(task.output), report_path(task.output)):
            path.write_bytes(b"waited")

    module = types.ModuleType("heygem_core.toy_wait")
    module.wait = wait
    sys.modules["heygem_core.toy_wait"] = module
    dispatch._DOES[RenderTask] = "toy_wait:wait"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="that each piece waits")
    parser.add_argument("--pieces", type=int, default=40)
    parser.add_argument("--simulate", type=int, default=100_000, metavar="SEGMENTS")
    parser.add_argument("--slots", type=int, default=100, help="of the simulation")
    parser.add_argument("--only", choices=("nodes", "simulation"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        if options.only != "simulation":
            with _toy_workers(Path(name)):
                asyncio.run(_nodes(Path(name), options.nodes, options.seconds, options.pieces))
        if options.only != "nodes":
            asyncio.run(_simulation(Path(name) / "simulation", options.simulate, options.slots))


# --- real nodes -----------------------------------------------------------------------------------------------------------


@contextmanager
def _toy_workers(folder: Path) -> Iterator[None]:
    (folder / "toy").mkdir()
    (folder / "toy" / "sitecustomize.py").write_text(_TOY)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder / "toy"), *([before] if before else [])])
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if before:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _program(*arguments: str) -> Iterator[None]:
    """`heygem farm …` in the background, once it has started."""
    command = [sys.executable, "-P", "-m", "heygem_server.cli", "farm", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        assert process.stdout is not None
        if not any("Ports that it opens" in line for line in process.stdout):
            sys.exit(f"{' '.join(arguments)} did not start.")
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            kill_tree(process.pid)


async def _nodes(folder: Path, count: int, seconds: float, pieces: int) -> None:
    began = time.monotonic()
    with _program("start", "--data", str(folder), "--port", str(_PORT)):
        print(f"head started in {time.monotonic() - began:.1f} s")
        found = read_farm_file(folder)
        assert found is not None
        farm = FarmExecutor(LocalExecutor(0, threads=1, limits=_LIMITS), folder)
        try:
            for k in range(count):
                began = time.monotonic()
                ports = str(_PORT + 400 * (k + 1))
                joining = ("join", found.address, "--token", found.token_file, "--data", str(folder / f"n{k}"), "--port", ports)
                node = _program(*joining, "--name", f"n{k}", "--devices", "cpu")
                await asyncio.to_thread(node.__enter__)
                _joined.append(node)
                await _until(lambda k=k: farm.capacity == k + 1)
                print(f"node {k + 1} ready in {time.monotonic() - began:.1f} s")
                if k == 0:
                    await _time(farm, folder, 1, 0)  # warms the worker
                    alone = await _time(farm, folder, pieces, 0) / pieces
                    one = await _time(farm, folder, max(2, pieces // count), seconds) / max(2, pieces // count)
            local = LocalExecutor(1, threads=1, limits=_LIMITS)
            await _time(local, folder, 1, 0)
            here = await _time(local, folder, pieces, 0) / pieces
            await local.close()
            await _time(farm, folder, count, 0)
            together = await _time(farm, folder, pieces, seconds) / pieces
            print(
                f"a segment that does nothing: {1e3 * alone:.1f} ms on a node, {1e3 * here:.1f} ms here: {1e3 * (alone - here):.1f} ms more"
            )
            print(f"pieces of {seconds:g} s: {one:.3f} s each on one node, {together:.3f} s each on {count}: {one / together:.2f} times")
        finally:
            await farm.close()
            while _joined:
                await asyncio.to_thread(_joined.pop().__exit__, None, None, None)


_joined: list[Any] = []


async def _time(executor: Any, folder: Path, pieces: int, seconds: float) -> float:
    """Seconds until all of them are done; as many at once as there are slots."""
    room, began = asyncio.Semaphore(executor.capacity), time.monotonic()

    async def one(k: int) -> None:
        shot = Shot(video="/v.mp4", speech=f"/{seconds:g}.wav")
        async with room:
            await executor.run(RenderTask(shot=shot, settings=RenderSettings(), output=str(folder / f"{k}.mov"), segment=(0, 8)))

    await asyncio.gather(*map(one, range(pieces)))
    return time.monotonic() - began


async def _until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(0.02)


# --- a simulation ---------------------------------------------------------------------------------------------------------


class _Toy:
    """Plans shots of a hundred segments; a segment takes a second; joins stay in the queue."""

    def __init__(self, slots: int, shots: int) -> None:
        self.capacity, self.busy, self.stop_grace_s = slots, 0, 1.0
        self.slots: Sequence[SlotState] = ()
        self.done = 0

    def full(self, running: Sequence[Piece]) -> Sequence[str]:
        return ("join",)

    async def run(self, task: Task, *, watcher: Watcher | None = None, stop: Any = None, limits: Any = None) -> TaskResult | None:
        if isinstance(task, PlanTask):
            name = Path(task.shot.video).stem
            segments = tuple(PlannedSegment(start=8 * k, end_exclusive=8 * k + 8, key=f"{k:04}{name:0>60}") for k in range(100))
            return Planned(
                key=name, frames=800, rate=None, segments=segments, reused_tracks=True, reused_motion=True, reused_plan=True, device="cpu"
            )
        await asyncio.sleep(1)
        assert isinstance(task, RenderTask)
        await asyncio.to_thread(Path(task.output).write_bytes, b"drawn")
        self.done += 1
        return None

    async def close(self, grace_s: float = 5.0) -> None: ...


async def _simulation(folder: Path, segments: int, slots: int) -> None:
    folder.mkdir()
    shots = max(1, segments // 100)
    (folder / "speech.wav").write_bytes(b"")
    for k in range(shots):
        (folder / f"{k}.mp4").write_bytes(b"")
    toy, took = _Toy(slots, shots), []
    claim = Store.claim

    def timed(self: Store, *arguments: Any, **more: Any) -> Any:
        began = time.perf_counter()
        found = claim(self, *arguments, **more)
        if found is not None:
            took.append(time.perf_counter() - began)
        return found

    services_module.open_executor = lambda settings, limits: toy
    Store.claim = timed
    settings = ServerSettings(
        data_folder=folder / "data", takes_folder=folder / "takes", cache=folder / "cache", measure_takes=False, make_previews=False
    )
    media = [Shot(video=str(folder / f"{k}.mp4"), speech=str(folder / "speech.wav")) for k in range(shots)]
    request = JobRequest(shots=tuple(ShotRequest(video=MediaRef(path=shot.video), speech=MediaRef(path=shot.speech)) for shot in media))
    async with open_services(settings) as services:
        began = time.monotonic()
        await asyncio.to_thread(services.store.submit, request, media, folder=str(folder / "takes"))
        print(f"simulation: {segments} segments of {shots} shots submitted in {time.monotonic() - began:.1f} s, {slots} slots")
        began, told = time.monotonic(), 0
        while toy.done < shots * 100:
            await asyncio.sleep(0.5)
            if toy.done >= told + max(1, segments // 5):
                told = toy.done
                print(f"  {told} done: {told / (time.monotonic() - began):.0f} a second; {_claims(took[-2000:])}", flush=True)
        lasted = time.monotonic() - began
        print(f"  all done in {lasted:.0f} s: {toy.done / lasted:.0f} a second of {slots} that the slots could do; {_claims(took)}")


def _claims(took: list[float]) -> str:
    last = statistics.quantiles(took, n=20)[-1] if len(took) > 1 else 0
    return f"claim: median {1e3 * statistics.median(took or [0]):.1f} ms, p95 {1e3 * last:.1f} ms"


if __name__ == "__main__":
    main()
