"""Work that costs nothing, in the place of engines, for the workers of a measured farm. A segment waits as long as its speech is called.

What it writes can be told to be whole, half, or another shot's: `piece` says what a segment has to hold, `take` what a take does.
"""

from __future__ import annotations

import os
import sys
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from heygem_core.errors import OutputError
from heygem_core.rendering.report import report_path
from heygem_core.shot import Progress, RenderTask
from heygem_core.storage.os_errors import cannot_write
from heygem_core.tasks import dispatch
from heygem_core.tasks.specs import JoinTask, Planned, PlannedSegment, PlanTask, Probed, ProbeTask

SCRATCH, VERSION = (
    "HEYGEM_TOY_SCRATCH",
    "HEYGEM_TOY_VERSION",
)  # variables: a file that each segment also writes; what the program calls itself
FRAMES = 8  # of a segment
_STEPS = 4  # in which a segment is written
_STARTS = """
import os, sys
if "heygem_core.tasks.worker" in sys.orig_argv or ("%s" in os.environ and any("default_worker" in part for part in sys.orig_argv)):
    import benchmarks.farm_toy
    benchmarks.farm_toy.install()
"""


def install() -> None:
    """In this process such work is done in the place of the real one."""
    module = types.ModuleType("heygem_core.farm_toy")
    vars(module).update(plan=_plan, render=_render, join=_join, probe=_probe)
    sys.modules[module.__name__] = module
    for task, does in ((PlanTask, "plan"), (RenderTask, "render"), (JoinTask, "join"), (ProbeTask, "probe")):
        dispatch._DOES[task] = f"farm_toy:{does}"
    if other := os.environ.get(VERSION):
        import importlib.metadata

        importlib.metadata.version = lambda name: other


@contextmanager
def toy_workers(folder: Path) -> Iterator[None]:
    """Whatever Python is started within the block, by whoever, does such work."""
    (folder / "toy").mkdir()
    (folder / "toy" / "sitecustomize.py").write_text(_STARTS % VERSION)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder / "toy"), str(Path(__file__).parents[1]), *([before] if before else [])])
    try:
        yield
    finally:
        os.environ.pop("PYTHONPATH")
        if before:
            os.environ["PYTHONPATH"] = before


def piece(video: str, start: int) -> bytes:
    """What a segment of a shot holds, in as many steps as it is written."""
    return sha256(f"{Path(video).stem} {start}".encode()).digest() * 64 * _STEPS


def take(video: str, pieces: int) -> bytes:
    """What a take of so many segments holds."""
    return b"".join(piece(video, FRAMES * k) for k in range(pieces))


def _plan(task: PlanTask) -> Any:
    yield Progress(stage="probe", done=0)
    pieces, name = int(Path(task.shot.video).read_text() or 1), Path(task.shot.video).stem
    segments = tuple(
        PlannedSegment(start=FRAMES * k, end_exclusive=FRAMES * (k + 1), key=sha256(f"{name} {k}".encode()).hexdigest())
        for k in range(pieces)
    )
    return Planned(
        key=name,
        frames=FRAMES * pieces,
        rate=None,
        segments=segments,
        reused_tracks=True,
        reused_motion=True,
        reused_plan=True,
        device="cpu",
    )


def _render(task: RenderTask) -> Any:
    assert task.segment is not None
    whole, seconds = piece(task.shot.video, task.segment[0]), float(Path(task.shot.speech).stem)
    output = Path(task.output)
    part = output.with_name(f".{output.name}.{os.getpid()}.part")
    try:
        yield from _draw(output, part, whole, seconds)
    except OSError as error:
        raise cannot_write(output, error) from error


def _draw(output: Path, part: Path, whole: bytes, seconds: float) -> Any:
    if scratch := os.environ.get(SCRATCH):
        Path(scratch).write_bytes(whole)
    _write(report_path(output), b"{}")
    with part.open("wb", buffering=0) as file:
        for step in range(_STEPS):
            yield Progress(stage="render", done=2 * step, total=FRAMES)
            time.sleep(seconds / _STEPS)
            file.write(whole[step * len(whole) // _STEPS : (step + 1) * len(whole) // _STEPS])
    part.replace(output)


def _join(task: JoinTask) -> Any:
    yield Progress(stage="finish", done=0)
    found = [Path(path).read_bytes() for path in task.pieces]
    if found != [piece(task.shot.video, FRAMES * k) for k in range(len(found))]:
        raise OutputError("program.internal-error", error="a segment is not whole")
    _write(report_path(task.output), b"{}")
    _write(Path(task.output), b"".join(found))


def _probe(task: ProbeTask) -> Any:
    yield Progress(stage="probe", done=0)
    return Probed(kind="video", width=64, height=64, frames=Path(task.path).stat().st_size, codec="toy")


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    part.write_bytes(content)
    part.replace(path)
