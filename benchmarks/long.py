"""Measures the memory that long takes need: the same small clip repeated, rendered at several lengths, each by a process of its own.

    python -m benchmarks.long [CLIP] [--minutes 1 60]

Prints the peak of resident memory and the time for each length. A render should need little more memory for an hour than for a minute.
The clip is scaled to 320 × 240, so that an hour takes as short as it can (some ten minutes on a fast machine, hours on a slow one).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from .cost import repeated, timed

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


def measure(clip: Path, minutes: list[float]) -> dict[str, dict[str, float]]:
    """Peak memory and time of a take for each length in minutes; prints each when it is known."""
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        seconds = small(clip, folder / "small.mov")
        for length in minutes:
            source = folder / f"{length:g}.mov"
            repeated(folder / "small.mov", max(1, round(60 * length / seconds)), source)
            command = ["-m", "heygem_server.cli", "render", str(source), "--audio", str(source), "--fit", "trim"]
            took_s, memory = timed([sys.executable, *command, "-o", str(folder / "take.mp4"), "--json"], folder / f"cache{length:g}")
            figures[f"{length:g}"] = {"peak memory, MB": round(memory), "time, s": round(took_s, 1)}
            print(f"{length:6g} min   {memory:8.0f} MB   {took_s:8.1f} s", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, nargs="?", help="a clip of a person who speaks; none = a made one")
    parser.add_argument("--minutes", type=float, nargs="+", default=[1, 60])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    clip = options.clip
    if clip is None:
        from tests import actors

        clip = actors.people() / "grid" / "bbaf2n.mpg"
    figures = measure(clip, options.minutes)
    if options.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
