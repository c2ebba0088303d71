"""Measures what speech out of a long recording costs: three seconds of it from hours into the file, against the same speech alone.

    python -m benchmarks.long_speech CLIP [--hours 10] [--suffix .wav .m4a .mp3]

Whole processes are measured by the processor time that they take, Python's start and all imports included, each in a cache of its own.
The long files are made of the clip's own speech, repeated by packet copy; the target is 2 s more than the three seconds alone, and no more
memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

EXTRA_S, EXTRA_MB = 2.0, 30.0
SPOKEN_S = 3
CODECS = {".wav": "pcm_s16le", ".m4a": "aac", ".mp3": "libmp3lame", ".mka": "libopus"}


def write_speech(clip: Path, path: Path, seconds: int) -> Path:
    """The first seconds of a clip's sound, mono at 48 kHz."""
    codec = CODECS[path.suffix]
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=48_000, layout="mono")
        resampler = av.AudioResampler(
            format=stream.codec_context.format, layout="mono", rate=48_000, frame_size=stream.codec_context.frame_size
        )
        for frame in source.decode(audio=0):
            if frame.time is not None and frame.time >= seconds:
                break
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return path


def repeat(short: Path, path: Path, hours: float) -> Path:
    """Writes a file's packets again and again until the file is as long as wanted."""
    with av.open(str(short)) as source:
        packets = [(bytes(packet), packet.duration) for packet in source.demux(audio=0) if packet.size]
        base = source.streams.audio[0].time_base
    wanted, position = Fraction(hours) * 3600 / base, 0
    with av.open(str(short)) as source, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(source.streams.audio[0])
        while position < wanted:
            for data, duration in packets:
                packet = av.Packet(data)
                packet.stream, packet.time_base = stream, base
                packet.pts = packet.dts = position
                packet.duration = duration
                position += duration
                container.mux(packet)
    return path


def cost(clip: Path, speech: Path, start_s: float, folder: Path) -> tuple[float, float]:
    """(seconds of the processor, peak MB) of a render of three seconds that listens from a second on."""
    arguments = ["render", str(clip), "--audio", str(speech), "-o", str(folder / "take.mov"), "--out", str(SPOKEN_S * 25), "--fit", "hold"]
    code = (
        "import resource, sys; from heygem_server.cli import main; status = main(sys.argv[1:]);"
        "used = resource.getrusage(resource.RUSAGE_SELF); print(used.ru_utime + used.ru_stime, used.ru_maxrss); sys.exit(status)"
    )
    with tempfile.TemporaryDirectory() as cache:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--speech-in", str(start_s)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "HEYGEM_CACHE": cache},
        )
    seconds, kilobytes = done.stdout.split()[-2:]
    return float(seconds), int(kilobytes) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--hours", type=float, default=10)
    parser.add_argument("--suffix", nargs="+", choices=sorted(CODECS), default=[".wav", ".m4a", ".mp3"])
    options = parser.parse_args()
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for suffix in options.suffix:
            minute = write_speech(options.clip, folder / f"short{suffix}", 20)
            alone = write_speech(options.clip, folder / f"alone{suffix}", SPOKEN_S)
            cost(options.clip, alone, 0, folder)  # the first run reads all programs from the disk
            book = repeat(minute, folder / f"long{suffix}", options.hours)
            rows = {"alone": cost(options.clip, alone, 0, folder)}
            for label, at in (("in the middle", options.hours * 1800), ("at the end", options.hours * 3600 - 60)):
                rows[label] = cost(options.clip, book, at, folder)
            for label, (seconds, peak) in rows.items():
                more, extra = seconds - rows["alone"][0], peak - rows["alone"][1]
                print(f"{suffix} {options.hours:g} h, {label}: {seconds:.1f} s ({more:+.1f}), {peak:.0f} MB ({extra:+.0f})", flush=True)
                missed |= more > EXTRA_S or extra > EXTRA_MB
            book.unlink()
    print(f"target: at most {EXTRA_S:+.1f} s and {EXTRA_MB:+.0f} MB against the same speech alone")
    sys.exit(missed)


if __name__ == "__main__":
    main()
