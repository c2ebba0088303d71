"""How long the Premiere panels keep a caller waiting besides the editor's own time: `python -m tests.plugins.premiere_latency [cep] [uxp]`.

The real panel, its socket and the real server's HTTP, on a fake Premiere whose own time is subtracted. In Chromium each call of the CEP
panel also crosses the test's bridge, which Premiere has not: its share stands apart. Nothing is rendered meanwhile; what places takes is
measured by `python -m benchmarks.panels`, where takes are.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from heygem_server.client import Client
from heygem_server.wire import HostCall

from .media import make_clip, make_speech
from .premiere_desks import DESKS, Desk, Setting
from .real_server import RealServer

CLIPS, LENGTH = 8, 10  # all selected, speech under them; frames of each
_IDLE_S = 3.0  # the page in the frame asks for the selection, too, when it opens


def laid(desk: Desk, folder: Path) -> None:
    clip, speech = (str(folder / "media" / name) for name in ("clip.mov", "speech.wav"))
    for n in range(CLIPS):
        desk.lay(file=clip, start=LENGTH * n, length=LENGTH, offset=4, selected=True)
    desk.lay(file=speech, start=0, length=LENGTH * CLIPS, track=1, kind=desk.sound, selected=True)


def measure(desk: Desk, client: Client) -> None:
    """Calls that need no take, each once for each clip; the desk writes down what they took."""

    def call(method: Any, **params: Any) -> Any:
        asked = HostCall(method=method, params=params, timeout_s=120)
        return desk.timed(method, lambda: client.call(desk.host, asked))

    for _ in range(CLIPS):
        selection = call("host.selection")
    spots = [item["placement"] for item in selection["items"] if item["kind"] == "picture"]
    for n, spot in enumerate(spots):
        call("host.markers", placement=spot, markers=[{"record_start": LENGTH * n, "record_duration": 2, "name": "weak"}])
        call("host.reveal", placement=spot)


def lines_of(panel: str) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as name:
        folder, here = Path(name), Setting(name="25", late=True)
        (folder / "media").mkdir()
        make_clip(folder / "media" / "clip.mov", rate=here.rate, frames=30)
        make_speech(folder / "media" / "speech.wav", LENGTH * CLIPS)
        said = folder / "latencies.jsonl"
        os.environ["HEYGEM_LATENCIES"] = str(said)
        server = RealServer(folder, folder / "media")
        server.start()
        desk = DESKS[panel](server, here)
        try:
            laid(desk, folder)
            desk.open_panel()
            with server.client() as client:
                until_s = time.monotonic() + _IDLE_S
                desk.wait(lambda: time.monotonic() > until_s, 2 * _IDLE_S, "time stands still")
                measure(desk, client)
        finally:
            desk.close()
            server.stop()
        return [json.loads(line) for line in said.read_text(encoding="utf-8").splitlines()]


def main() -> None:
    heads = ("panel", "call", "times", "median ms", "worst ms", "editor's own, median ms", "test's bridge, median ms")
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for panel in sys.argv[1:] or list(DESKS):
        lines = lines_of(panel)
        for call in dict.fromkeys(line["call"] for line in lines):
            ours, own, bridge = ([line[key] for line in lines if line["call"] == call] for key in ("ours_ms", "editor_ms", "bridge_ms"))
            figures = (statistics.median(ours), max(ours), statistics.median(own), statistics.median(bridge))
            print(f"| {panel} | {call} | {len(ours)} | " + " | ".join(f"{one:.0f}" for one in figures) + " |", flush=True)


if __name__ == "__main__":
    main()
