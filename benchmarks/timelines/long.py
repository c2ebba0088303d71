"""Measures what a timeline of 10,000 clips costs in each format: `python -m benchmarks.timelines long [--clips N]`.

Each format is read, conformed and given a hundred takes in a process of its own. The goal: 5 s of processor time and 500 MB for reading and
conforming together. Media are not opened.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

GOAL_S, GOAL_MB = 5.0, 500.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--format", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.format:
        print(json.dumps(measured(options.format, options.clips)))
        return
    from tests.timeline.long_timelines import FORMATS

    heads = ("read", "conform", "both", "100 takes", "peak")
    print(f"{options.clips:,} clips".ljust(14), *(head.rjust(10) for head in heads), f"  (goal: {GOAL_S:g} s, {GOAL_MB:g} MB)")
    for name in FORMATS:
        command = [sys.executable, "-m", "benchmarks.timelines", "long", "--clips", str(options.clips), "--format", name]
        one = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        both = one["read"] + one["conform"]
        verdict = "" if both < GOAL_S and one["peak_mb"] < GOAL_MB else "   MISSED"
        values = [f"{seconds:.2f} s" for seconds in (one["read"], one["conform"], both, one["graft"])] + [f"{one['peak_mb']:.0f} MB"]
        print(name.ljust(14), *(value.rjust(10) for value in values), verdict, flush=True)


def measured(name: str, clips: int) -> dict[str, float]:
    """Seconds of processor time for each step, and the most memory that the process held, in MB."""
    from heygem_server.timeline.conform import conform
    from heygem_server.timeline.conform_types import FinishedTake
    from heygem_server.timeline.formats.reading import read_timeline
    from heygem_server.timeline.formats.registry import FORMATS as ROWS
    from heygem_server.timeline.formats.writing import as_text
    from heygem_server.timeline.publish import publish
    from tests.timeline import long_timelines

    data = long_timelines.FORMATS[name](clips)
    times = [time.process_time()]
    timeline = read_timeline(data, name, rate=long_timelines.RATE).timeline
    times.append(time.process_time())
    found = conform(timeline, long_timelines.SELECTION, facts=long_timelines.facts, locator=_Anywhere())  # type: ignore[arg-type]
    times.append(time.process_time())
    assert sum(row.shot is not None for row in found.shots) == clips, next(row.error for row in found.shots if row.shot is None)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
    takes = [
        FinishedTake(
            shot=row, path=f"/takes/{number}.mov", take=f"t{number}", frames=row.placement.record_duration, rate=long_timelines.RATE
        )
        for number, row in enumerate(found.shots[:: max(clips // 100, 1)])
    ]
    began, row = time.process_time(), ROWS.get(name)
    if row.graft is not None:
        row.graft(data, takes, "both", long_timelines.RATE)
    else:
        as_text(publish(read_timeline(data, name).timeline, takes, "both")[0], name)
    return {
        "read": times[1] - times[0],
        "conform": times[2] - times[1],
        "graft": time.process_time() - began,
        "peak_mb": peak,
    }


class _Anywhere:
    """A locator that finds every path without asking the disk."""

    bundled = None

    def locate(self, path: str) -> Path:
        return Path(path)
