"""Runs the panels end to end at every frame rate: real panels, server and renders, and fake editors that do what their ledgers say.

    python -m benchmarks.panels [PANEL …] [RATE …] [zero|late]        PANEL: resolve, cep, uxp; RATE: 23.976, 25, 29.97, 59.94

Three clips of a real person with one speech across them come back to their exact frames, through a killed server, a closed panel and
another project; a nested clip is rendered from what the editor exports. With handles, with source timecode, drop-frame where the rate
knows it, from 00:00:00:00 and from 01:00:00:00 (Resolve has one start for each rate). About a minute a line on two cores.

Then how long every host.* call of the Premiere panels kept its caller waiting besides the fake editor's own time: through the server's
HTTP, its socket, the panel and back, once the panel has opened. host.export is asked by way of the server, whose look at the exported
file is in it. The target is 100 ms, for the worst too. In Chromium each call also crosses the test's own bridge,
which Premiere has not: its share stands apart. (Resolve: `python -m tests.plugins.resolve_latency`.)
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RATES = ("23.976", "25", "29.97", "59.94")
STARTS = {"zero": "00:00:00:00", "late": "01:00:00:00"}
PREMIERE = "tests/plugins/test_premiere_end_to_end.py"
TESTS = {"resolve": "tests/plugins/test_resolve_end_to_end.py", "cep": PREMIERE, "uxp": PREMIERE}
TARGET_MS = 100


def run(panel: str, rate: str, start: str, latencies: Path) -> bool:
    """Prints a line: exact or not, and the seconds it took."""
    asked = {"HEYGEM_RATE": rate, "HEYGEM_START": start, "HEYGEM_PANELS": panel, "HEYGEM_HANDLES": "3", "HEYGEM_LATENCIES": str(latencies)}
    chosen = [] if panel == "resolve" else ["-k", panel]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", TESTS[panel], *chosen]
    began = time.monotonic()
    ran = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    skipped = " skipped" in ran.stdout and " passed" not in ran.stdout
    exact = ran.returncode == 0 and not skipped
    where = "" if panel == "resolve" else f"from {STARTS[start]}  "
    said = "exact" if exact else "skipped" if skipped else "FAILED"
    print(f"{panel:8}{rate:8}{where}{said} in {time.monotonic() - began:.0f} s", flush=True)
    if not exact:
        print(ran.stdout[-4000:])
    return exact


def show_latencies(path: Path) -> None:
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    if not lines:
        return
    print(
        "\n| panel | call | times | median ms | worst ms | worst / target | editor's own, median ms | test's bridge, median ms | worst |\n"
        "|---|---|---|---|---|---|---|---|---|"
    )
    for panel, call in sorted({(line["panel"], line["call"]) for line in lines}):
        ours = [line["ours_ms"] for line in lines if (line["panel"], line["call"]) == (panel, call)]
        own = [line["editor_ms"] for line in lines if (line["panel"], line["call"]) == (panel, call)]
        cells = [panel, call, str(len(ours)), f"{statistics.median(ours):.0f}", f"{max(ours):.0f}", f"{max(ours) / TARGET_MS:.2f}"]
        bridge = [line["bridge_ms"] for line in lines if (line["panel"], line["call"]) == (panel, call)]
        print(f"| {' | '.join(cells)} | {statistics.median(own):.0f} | {statistics.median(bridge):.0f} | {max(bridge):.0f} |")


def main() -> int:
    words = sys.argv[1:]
    panels = [word for word in words if word in TESTS] or list(TESTS)
    rates = [word for word in words if word in RATES] or list(RATES)
    starts = [word for word in words if word in STARTS] or list(STARTS)
    if unknown := set(words) - {*TESTS, *RATES, *STARTS}:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join((*TESTS, *RATES, *STARTS))}")
    failed = 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was measured until then is shown
    with tempfile.TemporaryDirectory() as folder:
        latencies = Path(folder) / "latencies.jsonl"
        try:
            for panel in panels:
                for rate in rates:
                    for start in starts if panel != "resolve" else starts[:1]:
                        failed += not run(panel, rate, start, latencies)
        finally:
            show_latencies(latencies)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
