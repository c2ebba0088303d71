"""How long the Resolve panel keeps a caller waiting besides the editor's own time: `python -m tests.plugins.resolve_latency`.

The real threads and socket, a fake editor that answers at once, and either way to step: the loop without a window, which wakes when
something arrives, and a timer like the window's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

_PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
sys.path[:0] = [str(_PLUGINS / "davinci_resolve"), str(_PLUGINS / "host_client")]

from heygem_host.connection import ServerConnection, Settings  # noqa: E402
from heygem_host.panel import Panel  # noqa: E402
from heygem_resolve import running  # noqa: E402
from heygem_resolve.editor import Editor  # noqa: E402
from heygem_resolve.panel import window  # noqa: E402
from heygem_resolve.panel.resolve_side import ResolveSide  # noqa: E402

from .fakes.resolve import Resolve  # noqa: E402
from .media import make_clip, make_speech  # noqa: E402
from .small_server import SmallServer  # noqa: E402


def scene(folder: Path, clips: int = 40) -> tuple[Resolve, Any, Path]:
    """`clips` clips in a row, all selected, speech under them."""
    make_clip(folder / "clip.mov", rate=Fraction(25), frames=30)
    make_clip(folder / "take.mov", rate=Fraction(25), frames=10)
    make_speech(folder / "speech.wav", clips)
    resolve = Resolve()
    resolve.new_project()
    timeline = resolve.new_timeline(start_frame=90000, start_timecode="01:00:00:00")
    timeline.selected = [resolve.add_clip(timeline, str(folder / "clip.mov"), start=10 * n, length=10, offset=4) for n in range(clips)]
    resolve.add_sound(timeline, str(folder / "speech.wav"), start=0, length=10 * clips, track=2)
    return resolve, timeline, folder / "take.mov"


def calls(resolve: Resolve, timeline: Any, take: Path) -> dict[str, dict[str, Any]]:
    spot = {"project": resolve.manager.project.id, "sequence": timeline.id, "clip": timeline.selected[0].id, "track": 1, "record_start": 0,
            "record_duration": 10, "rate": "25/1"}  # fmt: skip
    place = {"take": "t", "file": str(take), "name": "take", "placement": spot, "handles": 0, "frames": 10}
    marker = {"record_start": 1, "record_duration": 2, "name": "weak"}
    return {
        "host.selection": {},
        "host.place": place,
        "host.switchTake": place,
        "host.markers": {"placement": spot, "markers": [marker]},
        "host.reveal": {"placement": spot},
    }


@contextmanager
def connected(resolve: Resolve, folder: Path, timer_ms: float | None) -> Iterator[SmallServer]:
    """A panel that steps in a thread of its own: every `timer_ms`, or (None) whenever something arrives."""
    server = SmallServer(folder)
    server.open()
    panel = Panel(ResolveSide(Editor(resolve), "resolve-x"), ServerConnection(Settings(str(server.file))))
    panel.link.start()

    def step() -> None:
        while panel.alive:
            if timer_ms is None:
                panel.step(running._LOOK_S)
            else:
                panel.step()
                time.sleep(timer_ms / 1000)

    stepping = threading.Thread(target=step, daemon=True)
    stepping.start()
    try:
        deadline = time.monotonic() + 20
        while not panel.connected and time.monotonic() < deadline:
            time.sleep(0.01)
        yield server
    finally:
        panel.alive = False
        panel.link.stop()
        panel.link.join(5)
        stepping.join(5)
        server.end()


def measured(folder: Path, timer_ms: float | None, times: int = 20) -> dict[str, list[float]]:
    """Milliseconds of each call, sorted."""
    resolve, timeline, take = scene(folder)
    found: dict[str, list[float]] = {}
    with connected(resolve, folder, timer_ms) as server:
        for method, params in calls(resolve, timeline, take).items():
            for _ in range(times):
                began = time.perf_counter()
                reply = server.call(method, params)
                found.setdefault(method, []).append((time.perf_counter() - began) * 1000)
                if "error" in reply:
                    raise AssertionError(reply)
    return {method: sorted(values) for method, values in found.items()}


def main() -> None:
    print("| call | without a window: median, worst (ms) | with the window's timer |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        woken, timed = measured(Path(one), None), measured(Path(other), window._STEP_MS)
    for method, values in woken.items():
        cells = [f"{statistics.median(each):.1f}, {each[-1]:.1f}" for each in (values, timed[method])]
        print(f"| {method} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    main()
