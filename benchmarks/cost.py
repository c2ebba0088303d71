"""Measures what a render costs: its time beside a plain transcode of the same clip (libx264, medium, CRF 18), where that time goes, what
a render of the same again and one with a second of other speech cost, and its memory beside that of a clip ten times as long.

    python -m benchmarks.cost ../shared/clips/man_1080x1920_30fps.mp4 [--speech FILE] [--runs 3] [--times 3] [--no-long]

Whole processes are measured by the processor time that they take, Python's start and all imports included, so that what else a machine
does counts little. The clip's own sound is the speech unless another is given; --times repeats a short clip, so that a second is a second
of a minute.
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
import wave
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import psutil
from numpy.typing import NDArray

from heygem_core.media.deliverables import H264
from heygem_core.media.sound import read_speech
from heygem_core.speech.features import SAMPLE_RATE

TARGETS = {
    "render / transcode": 1.4,
    "with other speech, known picture / transcode": 1.1,
    "the same again / render": 0.03,
    "a second of the speech changed / render": 0.06,  # of a minute; of a shorter clip a second is more
    "peak memory, MB": 1200.0,
    "peak memory of 10 × length, MB": 1200.0,
}


MEDIUM = {"preset": "medium", "crf": "18"}


def transcode(clip: Path, out: Path, options: dict[str, str]) -> None:
    """Decodes and encodes a clip with libx264, nothing else: what renders are compared with, as `MEDIUM` or as H.264 takes are written."""
    with av.open(str(clip)) as source, av.open(str(out), "w") as box:
        picture = source.streams.video[0]
        picture.thread_type = "AUTO"
        stream = box.add_stream("libx264", rate=picture.average_rate, options=options)
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


class Run(NamedTuple):
    """One process."""

    busy_s: float  # of the processor
    wall_s: float
    peak_mb: float  # resident
    stages_s: dict[str, float]  # of a render: seconds of the processor from each stage's first event to the next stage's


def timed(command: list[str], cache: Path) -> Run:
    """Runs one process. Raises: SystemExit with what it printed, if it failed."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as words:
        process = psutil.Popen(command, env={**os.environ, "HEYGEM_CACHE": str(cache)}, stdout=subprocess.PIPE, stderr=words)
        stages: dict[str, float] = {}
        stage, since = "start", 0.0
        for line in process.stdout:
            event = json.loads(line)
            if event.get("stage", stage) != stage:
                now = sum(process.cpu_times()[:2])
                stages[stage] = stages.get(stage, 0) + now - since
                stage, since = event["stage"], now
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            words.seek(0)
            sys.exit(words.read().decode() or "failed")
    busy = usage.ru_utime + usage.ru_stime
    stages[stage] = stages.get(stage, 0) + busy - since
    return Run(busy, time.monotonic() - began, usage.ru_maxrss / 1024, stages)


def write_speeches(speech: Path, folder: Path) -> list[Path]:
    """Writes the speech as it is heard, with one second in its middle replaced by its first one, and with its halves swapped."""
    samples = read_speech(str(speech)).samples
    middle = len(samples) // 2
    changed = samples.copy()
    changed[middle : middle + SAMPLE_RATE] = samples[:SAMPLE_RATE][: len(samples) - middle]
    paths = []
    for name, said in (("same", samples), ("changed", changed), ("other", np.roll(samples, middle))):
        paths.append(folder / f"{name}.wav")
        write_samples(said, paths[-1])
    return paths


def write_samples(samples: NDArray[np.float32], out: Path) -> None:
    """As 16 kHz WAV."""
    with wave.open(str(out), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def run(clip: Path, speech: Path, runs: int, times: int, long: bool) -> dict[str, float]:
    """Medians of `runs` runs, each kind in turn; the clip `times` times in a row. long: also the memory of ten times that."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shown = clip
        if times > 1:
            shown = folder / f"repeated{clip.suffix}"
            repeated(clip, times, shown)
        plain = [sys.executable, "-m", "benchmarks.cost", str(shown), "--transcode", str(folder / "plain.mp4")]
        as_takes = [*plain, "--as-takes"]
        same, changed, other = write_speeches(shown if speech == clip else speech, folder)

        def render(video: Path, said: Path, cache: str) -> Run:
            words = ["render", str(video), "--audio", str(said), "--fit", "hold", "-o", str(folder / "take.mp4"), "--json"]
            return timed([sys.executable, "-m", "heygem_server.cli", *words], folder / cache)

        rows, stages = [], []
        for k in range(runs):
            transcoded, as_written = timed(plain, folder), timed(as_takes, folder)
            first, again, second, cached = (render(shown, said, f"cache{k}") for said in (same, same, changed, other))
            rows.append(
                {
                    "render / transcode": first.busy_s / transcoded.busy_s,
                    "render / transcode as takes are written": first.busy_s / as_written.busy_s,
                    "with other speech, known picture / transcode": cached.busy_s / transcoded.busy_s,
                    "the same again / render": again.busy_s / first.busy_s,
                    "a second of the speech changed / render": second.busy_s / first.busy_s,
                    "peak memory, MB": first.peak_mb,
                }
            )
            done = {"transcode": transcoded, "as takes": as_written, "render": first, "again": again, "changed": second, "cached": cached}
            stages.append(done)
        figures = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
        if long:
            repeated(shown, 10, folder / "long.mp4")
            figures["peak memory of 10 × length, MB"] = render(folder / "long.mp4", same, "cache-long").peak_mb
    for kind in stages[0]:
        busy, wall = (statistics.median(getattr(each[kind], what) for each in stages) for what in ("busy_s", "wall_s"))
        print(f"{kind}: {busy:.1f} s of the processor, {wall:.1f} s by the clock")
        for stage in stages[0][kind].stages_s:
            print(f"  {stage:12}{statistics.median(each[kind].stages_s.get(stage, 0) for each in stages):8.1f} s")
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--times", type=int, default=1, help="repeat the clip so often")
    parser.add_argument("--no-long", action="store_true", help="without the memory of ten times the length")
    parser.add_argument("--transcode", type=Path, help="only transcode to this file (the yardstick runs as a process of its own)")
    parser.add_argument("--as-takes", action="store_true", help="transcode with the encoder's settings of H.264 takes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.transcode:
        transcode(options.clip, options.transcode, H264.video_options if options.as_takes else MEDIUM)
        return
    figures = run(options.clip, options.speech or options.clip, options.runs, options.times, not options.no_long)
    if options.json:
        print(json.dumps(figures))
    for name, value in figures.items():
        print(f"{name:48} {value:8.2f}" + (f"   target ≤ {TARGETS[name]:g}" if name in TARGETS else ""))


if __name__ == "__main__":
    main()
