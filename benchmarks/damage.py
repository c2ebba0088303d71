"""Damages files of the cache and of the data folder at random, renders the same take again, and checks that it is never wrong.

    python -m benchmarks.damage [CLIP] [--times 200] [--seed 1]

A small take is planned, rendered in segments and joined, as the server does. Then, each time from the same good state, one thing is
damaged: bits flipped, a file cut short, a block zeroed, a file emptied or deleted, two files or two whole entries swapped. The take is
made again and compared. Targets: no exit code 70, no other error, no pixel that differs.
"""

from __future__ import annotations

import argparse
import collections
import random
import shutil
import sys
import tempfile
from pathlib import Path

import av
import msgspec
import numpy as np

from heygem_core.errors import EXIT_OK, HeygemError
from heygem_core.shot import RenderSettings, RenderTask, Shot
from heygem_core.tasks.run import failure_of, run_task
from heygem_core.tasks.specs import JoinTask, Planned, PlanTask, Task, TaskResult
from heygem_server.rendering import segment_files

FRAMES, SEGMENT_FRAMES = 24, 8
_LOCK = "lock-"


def short(clip: Path, path: Path) -> Path:
    """Writes the first `FRAMES` frames of a clip, without sound."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=source.streams.video[0].average_rate, options={"crf": "12", "preset": "ultrafast"})
        frames = source.decode(video=0)
        for number, frame in zip(range(FRAMES), frames, strict=False):
            if not number:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
            frame.pts, frame.time_base, frame.pict_type = number, 1 / stream.average_rate, 0
            box.mux(stream.encode(frame.reformat(format="yuv420p")))
        box.mux(stream.encode(None))
    return path


def do(task: Task) -> TaskResult | None:
    return run_task(task, lambda event: None)


def make_take(shot: Shot, settings: RenderSettings, folder: Path, take: Path) -> None:
    """Plans, renders what is not there, and joins; the cache and the segments lie in `folder`."""
    cache = str(folder / "cache")
    planned = do(PlanTask(shot=shot, settings=settings, segment_frames=SEGMENT_FRAMES, cache=cache))
    assert isinstance(planned, Planned)
    pieces = []
    for segment in planned.segments:
        piece = folder / "segments" / segment.key[:2] / f"{segment.key}.mkv"
        if not segment_files.usable(piece):
            piece.parent.mkdir(parents=True, exist_ok=True)
            do(RenderTask(shot=shot, settings=settings, output=str(piece), segment=(segment.start, segment.end_exclusive), cache=cache))
            segment_files.keep(piece)
        pieces.append(str(piece))
    do(JoinTask(shot=shot, settings=settings, pieces=tuple(pieces), output=str(take), cache=cache))


def pictures(take: Path) -> list[np.ndarray]:
    with av.open(str(take)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def flip_bits(rng: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    path.write_bytes(data)


def cut_short(rng: random.Random, path: Path) -> None:
    path.write_bytes(path.read_bytes()[: rng.randrange(path.stat().st_size)])


def zero_block(rng: random.Random, path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.choice((1, 16, 512, 4096)))
    data[start:end] = bytes(end - start)
    path.write_bytes(data)


def damage(rng: random.Random, root: Path) -> str:
    """Damages one file below a folder; returns which, and how."""
    files = sorted(path for path in root.rglob("*") if path.is_file() and path.stat().st_size and not path.name.startswith(_LOCK))
    path = rng.choice(files)
    how = rng.choice(("flipped bits", "cut short", "zeroed block", "emptied", "deleted", "swapped files", "swapped entries"))
    other = path
    if how == "swapped files":
        other = rng.choice([file for file in files if file != path])
        _swap(path, other)
    elif how == "swapped entries":
        entries = sorted({file.parent for file in files if file.parent.parent == path.parent.parent and file.parent != path.parent})
        if not entries:
            how = "deleted entry"
            shutil.rmtree(path.parent)
        else:
            other = rng.choice(entries)
            _swap(path.parent, other)
    elif how == "deleted":
        path.unlink()
    elif how == "emptied":
        path.write_bytes(b"")
    else:
        {"flipped bits": flip_bits, "cut short": cut_short, "zeroed block": zero_block}[how](rng, path)
    return f"{how}: {path.relative_to(root)}" + (f" and {other.relative_to(root)}" if other != path else "")


def _swap(one: Path, other: Path) -> None:
    between = one.with_name("between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def run(clip: Path, times: int, seed: int) -> dict[str, int]:
    """Damages and renders so many times; returns how often each outcome was seen."""
    rng, counts = random.Random(seed), collections.Counter[str]()
    with tempfile.TemporaryDirectory() as scratch:
        good, tried = Path(scratch) / "good", Path(scratch) / "tried"
        good.mkdir()
        shot = Shot(video=str(short(clip, Path(scratch) / "short.mkv")), speech=str(clip))
        settings = RenderSettings(device="cpu", fit="trim", motion="mel", sound="none")
        make_take(shot, settings, good, good / "take.mkv")
        wanted = pictures(good / "take.mkv")
        for number in range(times):
            shutil.rmtree(tried, ignore_errors=True)
            shutil.copytree(good, tried)
            (tried / "take.mkv").unlink()
            (tried / "take.mkv.report.json").unlink()
            what, code = damage(rng, tried), EXIT_OK
            try:
                make_take(shot, settings, tried, tried / "take.mkv")
            except Exception as error:
                code = failure_of(error).exit_code
                print(f"{number}: {what}\n    exit {code}: {error!r}", flush=True)
                if not isinstance(error, HeygemError):
                    counts["unexpected"] += 1
            counts[f"exit {code}"] += 1
            if code == EXIT_OK:
                got = pictures(tried / "take.mkv")
                if len(got) != len(wanted) or not all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=False)):
                    counts["wrong pixels"] += 1
                    print(f"{number}: {what}\n    wrong pixels", flush=True)
            if number % 20 == 19:
                print(f"{number + 1} damages: {dict(counts)}", flush=True)
    return dict(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path, nargs="?", help="a clip of a person who speaks; none = a made one")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    clip = options.clip
    if clip is None:
        from tests import actors

        clip = actors.people() / "grid" / "bbaf2n.mpg"
    counts = run(clip, options.times, options.seed)
    print(msgspec.json.encode(counts).decode())
    sys.exit(0 if counts.get("exit 0", 0) == options.times and not counts.get("wrong pixels") else 1)


if __name__ == "__main__":
    main()
