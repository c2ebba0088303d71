"""Sends mutated media through probe and render, and checks that nothing hangs or crashes and that each file gives a take or an error.

`python -m benchmarks.server fuzz_media [--count 2000] [--seed 0] [--batch 40]`. Seeds are short clips of a real face in several
containers, sounds, stills and hand-made hostile files (scripts that name other files, headers that promise gigapixels). Each mutant
is probed over HTTP and rendered, as picture or as speech, by the real workers. Prints how they ended, and every file that broke a
promise with its number and seed.
"""

from __future__ import annotations

import argparse
import random
import re
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from heygem_core.errors import HeygemError
from heygem_core.shot import RenderSettings
from heygem_server.client import Client
from heygem_server.errors import ServerError
from heygem_server.wire import JobDetail, JobRequest, MediaRef, ShotRequest

from ._serving import Served, serving
from .common import clips_folder, cut

_SLOW_S = 60.0  # a probe that takes longer is a hang
_STALLED_S = 300.0  # no shot ends for so long: a hang
_VIDEOS = (
    ("p.mov", "prores_ks", "yuv422p10le"),
    ("v.webm", "libvpx-vp9", "yuv420p"),
    ("f.mkv", "ffv1", "yuv420p"),
    ("m.avi", "mjpeg", "yuvj420p"),
    ("m.ts", "libx264", "yuv420p"),
)
_SENTENCE = re.compile(r"^\S.*[.!?]$", re.DOTALL)


def seeds(folder: Path) -> list[Path]:
    """Healthy files of many kinds, and hostile ones."""
    import av

    clip = cut(clips_folder() / "grid" / "bbaf2n.mpg", folder / "face.mp4", 6, start=20)
    found = [clip]
    for name, codec, pixels in _VIDEOS:
        with av.open(str(clip)) as given, av.open(str(folder / name), "w") as made:
            source = given.streams.video[0]
            stream = made.add_stream(codec, rate=source.average_rate)
            stream.width, stream.height, stream.pix_fmt = source.width, source.height, pixels  # type: ignore[attr-defined]
            for frame in given.decode(video=0):
                made.mux(stream.encode(frame.reformat(format=pixels)))  # type: ignore[attr-defined]
            made.mux(stream.encode(None))  # type: ignore[attr-defined]
        found.append(folder / name)
    with av.open(str(clip)) as given:
        next(given.decode(video=0)).to_image().save(folder / "s.png")
    with av.open(str(clip)) as given:
        next(given.decode(video=0)).to_image().save(folder / "s.jpg")
    return [*found, folder / "s.png", folder / "s.jpg", *_sounds(folder), *_hostile(folder)]


def _sounds(folder: Path) -> Iterator[Path]:
    import av

    for name, codec in (("w.wav", "pcm_s16le"), ("w.mp3", "libmp3lame"), ("w.m4a", "aac"), ("w.flac", "flac"), ("w.ogg", "libopus")):
        with av.open(str(clips_folder() / "grid" / "lrwp9a.mpg")) as given, av.open(str(folder / name), "w") as made:
            stream = made.add_stream(codec, rate=48_000 if codec == "libopus" else 16_000)
            resampler = av.AudioResampler(stream.format, "mono", stream.rate)  # type: ignore[attr-defined]
            for number, frame in enumerate(given.decode(audio=0)):
                if number > 12:
                    break
                for part in resampler.resample(frame):
                    part.pts = None
                    made.mux(stream.encode(part))  # type: ignore[attr-defined]
            made.mux(stream.encode(None))  # type: ignore[attr-defined]
        yield folder / name


def _hostile(folder: Path) -> Iterator[Path]:
    header = struct.pack(">IIBBBBB", 65535, 65535, 8, 2, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1 << 20), 9)), (b"IEND", b""))
    )
    made = {
        "concat.mp4": b"ffconcat version 1.0\nfile /etc/passwd\nfile face.mp4\n",
        "loop.mp4": b"ffconcat version 1.0\nfile loop.mp4\n",
        "list.mp4": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nfile:///etc/passwd\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
        "dash.mp4": b'<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>/etc/passwd</BaseURL>'
        b"</Representation></AdaptationSet></Period></MPD>",
        "sdp.mp4": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "drawing.mp4": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "giga.png": b"\x89PNG\r\n\x1a\n" + chunks,
        "nothing.mp4": b"",
        "zeros.mov": bytes(1 << 16),
        "text.wav": b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0" + b"\xff" * 14 + b"data" + b"\xff" * 4,
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
        yield folder / name


def mutated(content: bytes, chance: random.Random) -> bytes:
    """One to four of: flipped bytes, a cut, a hole, a doubled or moved piece, a number replaced by an extreme one."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        if len(data) >= 8:
            chance.choice(_DEEDS)(data, chance)
    return bytes(data)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 4, 30))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def _flip_header(data: bytearray, chance: random.Random) -> None:
    for _ in range(8):
        data[chance.randrange(min(512, len(data)))] = chance.randrange(256)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(4, len(data)) :]


def _hole(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    end = min(len(data), start + chance.choice((16, 500, 5000)))
    data[start:end] = bytes(end - start)


def _double(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    piece = data[start : start + chance.choice((4, 100, 3000))]
    at = chance.randrange(len(data))
    data[at:at] = piece


def _extreme(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) - 4)
    data[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1"))


_DEEDS: tuple[Callable[[bytearray, random.Random], None], ...] = (_flip, _flip_header, _cut, _hole, _double, _extreme)


def run(at: Served, *, count: int, seed: int, batch: int) -> int:
    """Sends the mutated files; returns how many of the promises above were broken."""
    media = at.folder / "media"
    healthy = seeds(media)
    face, words = healthy[0], media / "w.wav"
    ended: Counter[str] = Counter()
    broken, slowest_s, began = 0, 0.0, time.monotonic()
    with Client(at.url, at.token, timeout_s=_SLOW_S * 2) as client:
        for first in range(0, count, batch):
            shots = []
            for number in range(first, min(first + batch, count)):
                chance = random.Random(seed * 1_000_003 + number)
                source = healthy[number % len(healthy)]
                unchanged = number < len(healthy)
                path = media / f"mutant{number}{source.suffix}"
                path.write_bytes(source.read_bytes() if unchanged else mutated(source.read_bytes(), chance))
                asked = time.monotonic()
                said = _probe(client, path)
                slowest_s = max(slowest_s, time.monotonic() - asked)
                ended[f"probe: {said}"] += 1
                as_speech = source.suffix in (".wav", ".mp3", ".m4a", ".flac", ".ogg")
                pair = (face, path) if as_speech else (path, words)
                shots.append(ShotRequest(video=MediaRef(path=str(pair[0])), speech=MediaRef(path=str(pair[1]))))
            detail = _rendered(client, shots)
            for number, shot in enumerate(detail.shots, first):
                fine = shot.state == "done" or (shot.state == "failed" and shot.why is not None and _SENTENCE.match(shot.why))
                ended[f"render: {shot.state}"] += 1
                if not fine or "Internal" in (shot.why or ""):
                    broken += 1
                    print(f"  #{number} {shot.name}: {shot.state}, {shot.why!r}", flush=True)
                for attempt in shot.attempts:
                    if attempt.outcome not in ("done", "failed"):
                        ended[f"attempt: {attempt.outcome}"] += 1
            for path in media.glob("mutant*"):
                path.unlink()
            print(
                f"{min(first + batch, count):6} files, {time.monotonic() - began:6.0f} s, server {'alive' if at.alive else 'DEAD'}",
                flush=True,
            )
        pid_after = client.info().version
    for name, number in sorted(ended.items()):
        print(f"{name:40} {number:6}")
    print(f"slowest probe {slowest_s:.1f} s; broken promises: {broken}; server {'alive' if at.alive and pid_after else 'DEAD'}")
    return broken + (not at.alive) + (slowest_s > _SLOW_S)


def _probe(client: Client, path: Path) -> str:
    try:
        client.probe(MediaRef(path=str(path)))
        return "read"
    except (ServerError, HeygemError) as error:
        if not _SENTENCE.match(str(error)):
            print(f"  no sentence for {path.name}: {error!r}")
        return type(error).__name__


def _rendered(client: Client, shots: list[ShotRequest]) -> JobDetail:
    settings = RenderSettings(format="prores", fit="hold", sound="none")
    job = client.submit(JobRequest(shots=tuple(shots), settings=settings)).job.id
    last, ended = time.monotonic(), -1
    while True:
        detail = client.job(job)
        if detail.job.state in ("completed", "failed"):
            return detail
        now_ended = sum(shot.state in ("done", "failed") for shot in detail.shots)
        if now_ended != ended:
            last, ended = time.monotonic(), now_ended
        if time.monotonic() - last > _STALLED_S:
            sys.exit(f"HANG: {[shot.name for shot in detail.shots if shot.state not in ('done', 'failed')]}")
        time.sleep(0.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--batch", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    with serving("--workers", str(options.workers), "--look-limit-s", "30", "--stall-limit-s", "60") as at:
        sys.exit(1 if run(at, count=options.count, seed=options.seed, batch=options.batch) else 0)


if __name__ == "__main__":
    main()
