"""Measures a farm: `python -m benchmarks.farm [nodes|simulation|faults …]`; without a word the first two.

**nodes**: a real farm of one-slot nodes on this machine (needs Ray): how long it takes to start, what a segment costs beside its own work,
and how many times as fast the nodes are as one, with work that only waits. **simulation**, clearly one: the real queue and the real
scheduler hand 100,000 segments of 1,000 shots to 100 slots that are not there, each segment of which takes a second; it tells how long a
claim takes and how that grows. **faults**: what a farm loses when something breaks at a random moment (see `farm_faults`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.tasks.specs import Planned, PlannedSegment, PlanTask, Task, TaskResult
from heygem_server.executors.base import Limits, Piece, SlotState, Watcher
from heygem_server.executors.farm.executor import FarmExecutor
from heygem_server.executors.local import LocalExecutor
from heygem_server.rendering import services as services_module
from heygem_server.rendering.services import open_services
from heygem_server.settings import ServerSettings
from heygem_server.store import Store
from heygem_server.wire import JobRequest, MediaRef, ShotRequest

from .farm_faults import FAULTS, measure
from .farm_programs import Program, below, head, node
from .farm_toy import toy_workers

_IDLE_S = 5.0
_LIMITS = Limits(memory_bytes=8 << 30, stall_s=600)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="nodes, simulation, faults")
    parser.add_argument("--nodes", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=3.0, help="that each piece waits")
    parser.add_argument("--pieces", type=int, default=20)
    parser.add_argument("--simulate", type=int, default=100_000, metavar="SEGMENTS")
    parser.add_argument("--slots", type=int, default=100, help="of the simulation")
    parser.add_argument("--times", type=int, default=20, metavar="N", help="of each fault; of those that take a minute a quarter of it")
    parser.add_argument("--kinds", help=f"of faults, with commas (default: {','.join(FAULTS)})")
    parser.add_argument("--minutes", type=float, default=60.0, help="after which no further fault is tried")
    parser.add_argument("--port", type=int, default=26_100, help="first of those that the farm opens")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parts = options.parts or ["nodes", "simulation"]
    if set(parts) - {"nodes", "simulation", "faults"}:
        parser.error(f"expected nodes, simulation or faults, got {' '.join(parts)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started has to end, too
    sound = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        with toy_workers(folder):
            if "nodes" in parts:
                asyncio.run(_nodes(folder / "nodes", options.port, options.nodes, options.seconds, options.pieces))
            if "faults" in parts:
                (folder / "faults").mkdir()
                sound = measure(folder / "faults", options.port, options.times, options.kinds, options.seed, 60 * options.minutes)
        if "simulation" in parts:
            asyncio.run(_simulation(folder / "simulation", options.simulate, options.slots))
    sys.exit(0 if sound else 1)


# --- real nodes -----------------------------------------------------------------------------------------------------------


async def _nodes(folder: Path, port: int, count: int, seconds: float, pieces: int) -> None:
    folder.mkdir()
    began = time.monotonic()
    programs: list[Program] = [head(folder, port)]
    farm, here = None, LocalExecutor(1, threads=1, limits=_LIMITS)
    try:
        await asyncio.to_thread(programs[0].started)
        print(f"head started in {time.monotonic() - began:.1f} s{_load()}", flush=True)
        farm = FarmExecutor(LocalExecutor(0, threads=1, limits=_LIMITS), folder)
        programs.append(node(folder, "n0", port + 400, own=folder / "n0"))
        await asyncio.to_thread(programs[1].started)
        await _until(lambda: farm.capacity == 1)
        print(f"head and one node ready in {time.monotonic() - began:.1f} s{_load()}", flush=True)
        await asyncio.gather(_time(farm, folder, 1, 0), _time(here, folder, 1, 0))  # warms the workers
        there, alone = [], []
        for _ in range(5 * pieces):  # by turns, so that both meet the same load
            there.append(await _time(farm, folder, 1, 0))
            alone.append(await _time(here, folder, 1, 0))
        print(_overhead(there, alone) + _load(), flush=True)
        print(f"of a processor: {await _processor_of_each(farm, programs[1], folder, 5 * pieces)}{_load()}", flush=True)
        one = await _time(farm, folder, max(2, pieces // count), seconds) / max(2, pieces // count)
        began = time.monotonic()
        programs += [node(folder, f"n{k}", port + 400 * (k + 1), own=folder / f"n{k}") for k in range(1, count)]
        for program in programs[2:]:
            program.start()
        await asyncio.gather(*(asyncio.to_thread(program.started) for program in programs[2:]))
        await _until(lambda: farm.capacity == count)
        print(f"{count - 1} further nodes, started at once, ready in {time.monotonic() - began:.1f} s{_load()}", flush=True)
        await _time(farm, folder, count, 0)
        together = await _time(farm, folder, pieces, seconds) / pieces
        print(
            f"pieces of {seconds:g} s: {one:.3f} s each on one node, {together:.3f} s each on {count}: {one / together:.2f} times{_load()}"
        )
    finally:
        await here.close()
        if farm is not None:
            await farm.close()
        for program in reversed(programs):
            await asyncio.to_thread(program.end)


def _overhead(there: list[float], alone: list[float]) -> str:
    """What a segment costs on a node beside what it costs here; the best tenth is what a machine without other work would show."""

    def told(times: list[float]) -> str:
        return f"{1e3 * statistics.median(times):.1f} ms (best tenth {1e3 * statistics.quantiles(times, n=10)[0]:.1f})"

    more = 1e3 * (statistics.median(there) - statistics.median(alone))
    least = 1e3 * (statistics.quantiles(there, n=10)[0] - statistics.quantiles(alone, n=10)[0])
    return f"a segment that does nothing: {told(there)} on a node, {told(alone)} here: {more:.1f} ms more ({least:.1f})"


async def _processor_of_each(farm: FarmExecutor, node: Program, folder: Path, pieces: int) -> str:
    """What each of those on its way uses for a piece, beside what they use while nothing is done."""
    began, before = time.monotonic(), _processor(farm, node)
    await asyncio.sleep(_IDLE_S)
    resting, then = _processor(farm, node), time.monotonic()
    for _ in range(pieces):
        await _time(farm, folder, 1, 0)
    ended, after = time.monotonic(), _processor(farm, node)
    idle = {name: (resting[name] - before[name]) / (then - began) for name in before}
    each = {name: (after[name] - resting[name] - idle[name] * (ended - then)) / pieces for name in before}
    told = ", ".join(f"{name} {1e3 * seconds:.1f} ms" for name, seconds in each.items())
    return f"{told} for a piece; while idle {100 * sum(idle.values()):.0f} % of one"


def _processor(farm: FarmExecutor, node: Program) -> dict[str, float]:
    """Seconds of a processor that each of those on a segment's way has used."""
    ways = {"server": [psutil.Process()], "bridge": [psutil.Process(farm._bridge.pid)]}
    ways |= {"actor": below(node.pid, "ray::SlotActor"), "worker": below(node.pid, "heygem_core.tasks.worker")}
    known = {process.pid for each in ways.values() for process in each}
    ways["rest of Ray on the node"] = [child for child in psutil.Process(node.pid).children(recursive=True) if child.pid not in known]
    return {name: sum(sum(process.cpu_times()[:2]) for process in each) for name, each in ways.items()}


def _load() -> str:
    """How much else the machine does; nothing where it does not tell."""
    return f"; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""


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

    def __init__(self, slots: int) -> None:
        self.capacity, self.busy, self.stop_grace_s = slots, 0, 1.0
        self.slots: Sequence[SlotState] = ()
        self.done = 0
        self._free = [f"n{k}:cpu" for k in range(slots)]

    def full(self, running: Sequence[Piece]) -> Sequence[str]:
        return ("join",)

    async def run(self, task: Task, *, watcher: Watcher | None = None, stop: Any = None, limits: Any = None) -> TaskResult | None:
        if isinstance(task, PlanTask):
            name = Path(task.shot.video).stem
            segments = tuple(PlannedSegment(start=8 * k, end_exclusive=8 * k + 8, key=f"{k:04}{name:0>60}") for k in range(100))
            return Planned(
                key=name, frames=800, rate=None, segments=segments, reused_tracks=True, reused_motion=True, reused_plan=True, device="cpu"
            )
        assert isinstance(task, RenderTask)
        assert watcher is not None
        slot = self._free.pop()
        watcher.placed(slot)
        await asyncio.sleep(1)
        await asyncio.to_thread(Path(task.output).write_bytes, b"drawn")
        self._free.append(slot)
        self.done += 1
        return None

    async def close(self, grace_s: float = 5.0) -> None: ...


async def _simulation(folder: Path, segments: int, slots: int) -> None:
    folder.mkdir()
    shots = max(1, segments // 100)
    (folder / "speech.wav").write_bytes(b"")
    for k in range(shots):
        (folder / f"{k}.mp4").write_bytes(b"")
    toy, took, waiting = _Toy(slots), [], []
    claims, wakes = Store.claims, Store.next_wake

    def timed(self: Store, *arguments: Any, **more: Any) -> Any:
        began = time.perf_counter()
        found = claims(self, *arguments, **more)
        if found:
            took.append((time.perf_counter() - began, len(found)))
        return found

    def timed_wake(self: Store) -> float | None:
        began = time.perf_counter()
        try:
            return wakes(self)
        finally:
            waiting.append((time.perf_counter() - began, 1))

    services_module.open_executor = lambda settings, limits: toy
    Store.claims, Store.next_wake = timed, timed_wake
    settings = ServerSettings(
        data_folder=folder / "data", takes_folder=folder / "takes", cache=folder / "cache", measure_takes=False, make_previews=False
    )
    media = [Shot(video=str(folder / f"{k}.mp4"), speech=str(folder / "speech.wav")) for k in range(shots)]
    request = JobRequest(shots=tuple(ShotRequest(video=MediaRef(path=shot.video), speech=MediaRef(path=shot.speech)) for shot in media))
    async with open_services(settings) as services:
        began = time.monotonic()
        await asyncio.to_thread(services.store.submit, request, media, folder=str(folder / "takes"))
        print(f"simulation: {segments} segments of {shots} shots submitted in {time.monotonic() - began:.1f} s, {slots} slots{_load()}")
        began, told, of_before, processor = time.monotonic(), 0, 0.0, time.process_time()
        while toy.done < shots * 100:
            await asyncio.sleep(0.5)
            if toy.done >= told + max(1, segments // 10):
                now = time.monotonic() - began
                pace, told, of_before = (toy.done - told) / (now - of_before), toy.done, now
                queued = services.store.queue_length().get("queued", 0)
                print(f"  {told} done, {queued} wait: {pace:.0f} a second; {_claims(took[-2000:])}; {_held()}{_load()}", flush=True)
        lasted = time.monotonic() - began
        print(f"  all done in {lasted:.0f} s: {toy.done / lasted:.0f} a second of {slots} that the slots could do; {_claims(took)}")
        each = 1e3 * (time.process_time() - processor) / toy.done
        size = sum(file.stat().st_size for file in folder.glob("data/heygem.sqlite3*"))
        print(
            f"  {each:.1f} ms of a processor for each, with the toy's own; when to wake is found in {_told(waiting)}; {size / 1e6:.0f} MB"
        )


def _held() -> str:
    """What this process holds of the memory: it must not grow with what is done."""
    return f"{psutil.Process().memory_info().rss / 1e6:.0f} MB held"


def _claims(took: list[tuple[float, int]]) -> str:
    return f"claim of {statistics.mean(count for _, count in took):.1f} at once: {_told(took)}"


def _told(took: list[tuple[float, int]]) -> str:
    times = sorted(1e3 * seconds for seconds, _ in took) or [0.0]
    return f"median {statistics.median(times):.1f} ms, p95 {times[int(0.95 * (len(times) - 1))]:.1f} ms"


if __name__ == "__main__":
    main()
