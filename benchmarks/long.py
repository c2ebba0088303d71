"""Measures the memory that long takes need: the same small clip repeated, rendered at several lengths, each by a process of its own.

    python -m benchmarks.long [CLIP] [--minutes 1 60] [--plan]

Prints the peak of the memory that a process holds, that of files mapped into it, which the system takes back at need, and the time.
A render should need little more memory for an hour than for a minute. The clip is scaled to 320 × 240, so that an hour takes as short as it
can (some ten minutes on a fast machine, hours on a slow one). With --plan a take is only planned, and faces are looked for in the first
240 frames alone and taken for those of all others: what grows with a clip's length is in its plan, and this is ten times as fast.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import psutil

from heygem_core.face import detection_cache
from heygem_core.media.info import MediaInfo
from heygem_core.shot import Event, RenderSettings, Shot
from heygem_core.tasks.run import run_task
from heygem_core.tasks.specs import PlanTask

from .cost import repeated

SIZE = (320, 240)


def small(clip: Path, path: Path) -> float:
    """The clip at `SIZE` with its sound as PCM, so that copies of it follow each other without gaps; returns its seconds."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as box:
        rate = source.streams.video[0].average_rate
        stream: Any = box.add_stream("libx264", rate=rate, options={"crf": "14", "preset": "veryfast", "bf": "0"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv420p"
        voice: Any = box.add_stream("pcm_s16le", rate=16_000, layout="mono")
        resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)
        frames, samples = 0, 0
        for frame in source.decode(video=0):
            shown = frame.reformat(*SIZE, format="yuv420p")
            shown.pts, shown.time_base, shown.pict_type = frames, 1 / rate, 0
            box.mux(stream.encode(shown))
            frames += 1
        box.mux(stream.encode(None))
        source.seek(0)
        wanted = round(frames / rate * 16_000)
        for heard in source.decode(audio=0):
            for part in resampler.resample(heard):
                if samples < wanted:
                    part.pts, part.time_base = samples, Fraction(1, 16_000)
                    box.mux(voice.encode(part))
                    samples += part.samples
        box.mux(voice.encode(None))
    return float(frames / rate)


def watched(command: list[str], cache: Path) -> tuple[float, float, float]:
    """Runs one process: wall seconds, and the peaks in MB of what it holds and of the files mapped into it. Raises: SystemExit."""
    began, held, mapped = time.monotonic(), 0, 0
    child = psutil.Popen(command, env={**os.environ, "HEYGEM_CACHE": str(cache)}, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        with suppress(psutil.Error):
            memory = child.memory_info()
            shared = getattr(memory, "shared", 0)  # Linux alone tells
            held, mapped = max(held, memory.rss - shared), max(mapped, shared)
        time.sleep(0.02)
    if child.returncode:
        sys.exit(f"{' '.join(command)} ended with {child.returncode}")
    return time.monotonic() - began, held / 2**20, mapped / 2**20


def only_plan(clip: Path) -> None:
    """Plans a take of a clip with the faces of its first chunk in all others."""
    detect, known = detection_cache._detect_chunk, []

    def as_before(info: MediaInfo, start: int, *rest: Any) -> Generator[Event, None, detection_cache.DetectionChunk]:
        if not known:
            known.append((yield from detect(info, 0, *rest)))
        frames = []
        for number, faces in zip(range(start, info.frame_count), known[0].frames, strict=False):
            frames.append(replace(faces, index=number, faces=[replace(face, points=face.points.copy()) for face in faces.faces]))
        return detection_cache.DetectionChunk(frames=frames, cut=start > 0, damaged=[])

    detection_cache._detect_chunk = as_before
    shot = Shot(video=str(clip), speech=str(clip))
    run_task(PlanTask(shot=shot, settings=RenderSettings(fit="trim"), segment_frames=240), lambda event: None)


def measure(clip: Path, minutes: list[float], plan: bool) -> dict[str, dict[str, float]]:
    """Peaks of memory and the time of a take, or of its plan, for each length in minutes; prints each when it is known."""
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        seconds = small(clip, folder / "small.mov")
        for length in minutes:
            source = folder / f"{length:g}.mov"
            repeated(folder / "small.mov", max(1, round(60 * length / seconds)), source)
            command = ["heygem_server.cli", "render", str(source), "--audio", str(source), "--fit", "trim"]
            command = [sys.executable, "-m", *(["benchmarks.long", str(source), "--only"] if plan else command)]
            command += [] if plan else ["-o", str(folder / "take.mp4"), "--json"]
            took_s, held, mapped = watched(command, folder / f"cache{length:g}")
            figures[f"{length:g}"] = {"memory, MB": round(held), "mapped files, MB": round(mapped), "time, s": round(took_s, 1)}
            print(f"{length:6g} min   {held:8.0f} MB and {mapped:8.0f} MB of files   {took_s:8.1f} s", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, nargs="?", help="a clip of a person who speaks; none = a made one")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 60])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plan", action="store_true", help="only plan, with the same faces again and again")
    parser.add_argument("--only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    clip = options.clip
    if options.only:
        only_plan(clip)
        return
    if clip is None:
        from tests import actors

        clip = actors.people() / "grid" / "bbaf2n.mpg"
    figures = measure(clip, options.minutes, options.plan)
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
