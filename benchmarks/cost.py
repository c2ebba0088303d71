"""Measures what a render costs: its time beside a plain transcode of the same clip, and its memory beside that of a clip ten times as long.

    python -m benchmarks.cost ../shared/clips/man_1080x1920_30fps.mp4 [--speech FILE] [--runs 3]

Whole processes are timed, Python's start and all imports included. The clip's own sound is the speech unless another is given.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

TARGETS = {
    "render / transcode": 1.8,
    "render with cached plan / transcode": 1.4,
    "peak memory, MB": 1500.0,
    "peak memory of 10 × length, MB": 1500.0,
}


def transcode(clip: Path, out: Path) -> None:
    """Decodes and encodes a clip, nothing else (libx264, medium, CRF 18): what renders are compared with."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as box:
        picture = source.streams.video[0]
        picture.thread_type = "AUTO"
        stream = box.add_stream("libx264", rate=picture.average_rate, options={"preset": "medium", "crf": "18"})
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        stream.thread_type = "AUTO"
        for frame in source.decode(picture):
            frame.pict_type = 0
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))


def repeated(clip: Path, times: int, out: Path) -> None:
    """Writes a clip several times in a row, by copying its packets."""
    with av.open(str(out), "w") as box:
        streams = {}
        offset = {"video": 0, "audio": 0}
        for _ in range(times):
            with av.open(str(clip)) as source:
                if not streams:
                    streams = {s.type: box.add_stream_from_template(s) for s in (source.streams.video[0], source.streams.audio[0])}
                starts, ends = {}, {}
                for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
                    if packet.dts is None:
                        continue
                    kind = packet.stream.type
                    starts[kind] = min(starts.get(kind, packet.pts), packet.pts)
                    ends[kind] = max(ends.get(kind, 0), packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts = packet.pts + offset[kind], packet.dts + offset[kind]
                    packet.stream = streams[kind]
                    box.mux(packet)
                offset = {kind: offset[kind] + ends[kind] - starts[kind] for kind in offset}


def timed(command: list[str], cache: Path) -> tuple[float, float]:
    """Runs one process: wall seconds and peak resident memory in MB. Raises: SystemExit with what it printed, if it failed."""
    began = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, "HEYGEM_CACHE": str(cache)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(process.stderr.read().decode() if process.stderr else "failed")
    return time.monotonic() - began, usage.ru_maxrss / 1024


def run(clip: Path, speech: Path, runs: int) -> dict[str, float]:
    """Medians of `runs` runs, each kind in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        plain = [sys.executable, "-m", "benchmarks.cost", str(clip), "--transcode", str(folder / "plain.mp4")]
        render = [
            "-m",
            "heygem_server.cli",
            "render",
            str(clip),
            "--audio",
            str(speech),
            "--fit",
            "hold",
            "-o",
            str(folder / "take.mp4"),
            "--json",
        ]
        rows = []
        for k in range(runs):
            transcode_s, _ = timed(plain, folder)
            first_s, memory = timed([sys.executable, *render], folder / f"cache{k}")
            again_s, _ = timed([sys.executable, *render], folder / f"cache{k}")
            rows.append((first_s / transcode_s, again_s / transcode_s, memory))
        long = folder / "long.mp4"
        repeated(clip, 10, long)
        render[3] = str(long)
        _, long_memory = timed([sys.executable, *render], folder / "cache-long")
    figures = [statistics.median(column) for column in zip(*rows, strict=True)]
    return dict(zip(TARGETS, [*figures, long_memory], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--transcode", type=Path, help="only transcode to this file (the yardstick runs as a process of its own)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.transcode:
        transcode(options.clip, options.transcode)
        return
    figures = run(options.clip, options.speech or options.clip, options.runs)
    if options.json:
        print(json.dumps(figures))
    for name, value in figures.items():
        print(f"{name:40} {value:8.2f}   target ≤ {TARGETS[name]:g}")


if __name__ == "__main__":
    main()
