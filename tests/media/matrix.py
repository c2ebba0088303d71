"""Every container × codec × oddity that FFmpeg here can write, read by the project and by the `ffmpeg` program, frame by frame.

    python -m tests.media.matrix            prints the whole of it
    pytest -m full tests/media/test_matrix.py

A row is "same" where both show the same frames in the same order, "said" where the project refuses the file in a sentence.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np

from heygem_core.errors import InputError
from heygem_core.media.pixels import component_views, pixel_format
from heygem_core.media.probe import probe
from heygem_core.media.reader import read_frames

from .make import SUFFIXES, number_of, remux, video
from .vfw import vfw_matroska

FRAMES, SIZE = 20, (64, 64)
_X264 = {"preset": "ultrafast", "crf": "10"}
_MUXERS = {
    ".flv": "flv",
    ".nut": "nut",
    ".mxf": "mxf",
    ".ivf": "ivf",
    ".h264": "h264",
    ".hevc": "hevc",
    ".m2v": "mpeg2video",
    ".3gp": "3gp",
}

Settings = dict[str, Any]
CODECS: dict[str, Settings] = {
    "h264": {"codec": "libx264", "options": {**_X264, "g": "8", "bf": "0"}},
    "h264 B pyramid": {"codec": "libx264", "options": {**_X264, "g": "10", "bf": "3", "x264-params": "b-pyramid=normal:b-adapt=0"}},
    "h264 open GOP": {"codec": "libx264", "options": {**_X264, "g": "6", "bf": "2", "x264-params": "open-gop=1:b-adapt=0"}},
    "h264 10 bit": {"codec": "libx264", "pix_fmt": "yuv422p10le", "options": {**_X264, "g": "8", "bf": "2"}},
    "h264 fields": {"codec": "libx264", "options": {**_X264, "x264-params": "tff=1:interlaced=1"}},
    "hevc": {"codec": "libx265"},
    "hevc open GOP": {
        "codec": "libx265",
        "options": {"preset": "ultrafast", "x265-params": "log-level=none:keyint=6:open-gop=1:bframes=3"},
    },
    "mpeg1": {"codec": "mpeg1video", "bitrate": 3_000_000, "options": {"g": "9", "bf": "2"}},
    "mpeg2": {"codec": "mpeg2video", "bitrate": 3_000_000, "options": {"g": "9", "bf": "2"}},
    "mpeg4": {"codec": "mpeg4", "bitrate": 3_000_000, "options": {"g": "9", "bf": "2"}},
    "msmpeg4": {"codec": "msmpeg4", "bitrate": 3_000_000, "options": {"g": "9"}},
    "wmv2": {"codec": "wmv2", "bitrate": 3_000_000, "options": {"g": "9"}},
    "flv1": {"codec": "flv", "bitrate": 3_000_000, "options": {"g": "9"}},
    "mjpeg": {"codec": "mjpeg", "pix_fmt": "yuvj420p", "bitrate": 3_000_000, "options": {}},
    "prores": {"codec": "prores_ks", "pix_fmt": "yuv422p10le"},
    "prores 4444 alpha": {"codec": "prores_ks", "pix_fmt": "yuva444p10le", "options": {"profile": "4"}},
    "ffv1": {"codec": "ffv1", "options": {"g": "1"}},
    "ffv1 alpha": {"codec": "ffv1", "pix_fmt": "bgra", "options": {"g": "1"}},
    "huffyuv": {"codec": "huffyuv", "pix_fmt": "yuv422p", "options": {}},
    "utvideo": {"codec": "utvideo", "options": {}},
    "raw": {"codec": "rawvideo", "options": {}},
    "png": {"codec": "png", "pix_fmt": "rgb24", "options": {}},
    "qtrle alpha": {"codec": "qtrle", "pix_fmt": "argb", "options": {}},
    "cinepak": {"codec": "cinepak", "pix_fmt": "rgb24", "options": {}},
    "vp8": {"codec": "libvpx", "bitrate": 2_000_000, "options": {"g": "8", "auto-alt-ref": "1", "lag-in-frames": "8"}},
    "vp8 alpha": {"codec": "libvpx", "pix_fmt": "yuva420p", "bitrate": 2_000_000, "options": {"g": "8", "auto-alt-ref": "0"}},
    "vp9": {"codec": "libvpx-vp9", "bitrate": 2_000_000, "options": {"g": "8", "cpu-used": "8"}},
    "vp9 alpha": {"codec": "libvpx-vp9", "pix_fmt": "yuva420p", "bitrate": 2_000_000, "options": {"g": "8", "auto-alt-ref": "0"}},
    "av1": {"codec": "libsvtav1", "options": {"preset": "12", "g": "8", "svtav1-params": "lookahead=0"}},
    "gif": {"codec": "gif", "pix_fmt": "rgb8", "options": {}},
    "apng": {"codec": "apng", "pix_fmt": "rgb24", "options": {}},
}
CONTAINERS = (*SUFFIXES, *_MUXERS, ".ogv", ".gif", ".apng", ".vfw.mkv")
ODDITIES = ("plain", "cut at the front", "far from zero", "the clock starts again", "begins within a group", "variable")


@dataclass(frozen=True)
class Row:
    """One file of the matrix."""

    container: str  # its suffix
    codec: str  # a name in `CODECS`
    oddity: str = "plain"

    def __str__(self) -> str:
        return f"{self.container} {self.codec}, {self.oddity}"


@dataclass(frozen=True)
class Outcome:
    """What became of it."""

    kind: str  # "same", "said", "differs", "not written"
    words: str = ""
    shown: list[int] = field(default_factory=list)


def rows() -> Iterator[Row]:
    """All that may exist; what FFmpeg does not write is told by `look`."""
    for container in CONTAINERS:
        for codec in CODECS:
            yield from (Row(container, codec, oddity) for oddity in ODDITIES)


def look(row: Row, folder: Path) -> Outcome:
    """Makes the file, and reads it both ways."""
    try:
        path = _made(row, folder)
    except (av.error.FFmpegError, ValueError, KeyError, StopIteration, AssertionError) as error:
        return Outcome("not written", str(error)[:80])
    if path is None:
        return Outcome("not written", "no such oddity there")
    wanted = _by_ffmpeg(path, "yuvj444p" if "yuvj" in CODECS[row.codec].get("pix_fmt", "") else "yuv444p")
    if not wanted:
        return Outcome("not written", "the program shows nothing either")
    try:
        info = probe(path)
        frames = list(read_frames(info))
    except InputError as error:
        return Outcome("said", str(error))
    shown = [number_of(frame.picture) for frame in frames]
    if row.oddity == "begins within a group":  # older programs show the pictures before the first whole one too, broken
        wanted = wanted[-len(shown) :]
    if [number for number, _ in wanted] != shown:
        return Outcome("differs", f"ffmpeg shows {[number for number, _ in wanted]}", shown)
    if info.missing_frames or any(frame.damaged for frame in frames):
        return Outcome("differs", f"{info.missing_frames} called missing, {sum(frame.damaged for frame in frames)} damaged", shown)
    if info.pixels.family == "rgb":
        return Outcome("same", f"{len(shown)} frames", shown)
    worst = max(_apart(frame.picture, luma) for frame, (_, luma) in zip(frames, wanted, strict=True))
    return (
        Outcome("same", f"{len(shown)} frames, {worst:.2f} levels apart", shown) if worst < 2 else Outcome("differs", f"{worst:.1f} levels")
    )


def _made(row: Row, folder: Path) -> Path | None:
    settings = CODECS[row.codec]
    plain = folder / f"plain{row.container}"
    make: Callable[..., Path] = lambda path, **more: _write(path, settings | more)  # noqa: E731
    match row.oddity:
        case "plain":
            return make(plain)
        case "cut at the front":
            return (
                remux(make(plain), folder / f"cut{row.container}", shift_s=-Fraction(5, 25)) if row.container in (".mp4", ".mov") else None
            )
        case "far from zero":
            return (
                make(plain, pts=list(range(1000, 1000 + FRAMES)), time_base=Fraction(1, 25))
                if row.container in (".mp4", ".mkv", ".ts")
                else None
            )
        case "the clock starts again" if row.container in (".ts", ".mpg"):
            parts = [make(folder / f"{start}{row.container}", start_number=start) for start in (0, FRAMES)]
            plain.write_bytes(b"".join(part.read_bytes() for part in parts))
            return plain
        case "begins within a group" if row.container == ".ts":
            data = make(plain).read_bytes()
            plain.write_bytes(data[len(data) // 188 // 3 * 188 :])
            return plain
        case "variable" if row.container in (".mp4", ".mkv"):
            return make(plain, pts=[k * k + k for k in range(FRAMES)], time_base=Fraction(1, 100))
    return None


def _write(path: Path, settings: Settings) -> Path:
    if path.name.endswith(".vfw.mkv"):
        return vfw_matroska(path, video(path.with_suffix(".avi"), size=SIZE, frames=FRAMES, **settings))
    SUFFIXES.update({suffix: muxer for suffix, muxer in _MUXERS.items() if suffix not in SUFFIXES})
    return video(path, **{"size": SIZE, "frames": FRAMES} | settings)


def _by_ffmpeg(path: Path, pixels: str) -> list[tuple[int, np.ndarray]]:
    """(number, luma) of each frame that the program gives, as (h, w) of 8 bits."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:v:0", "-vsync", "passthrough"]
    # Not "gray": its range is not that of the luma.
    raw = subprocess.run([*command, "-f", "rawvideo", "-pix_fmt", pixels, "-"], capture_output=True, check=False).stdout
    pictures = np.frombuffer(raw, np.uint8).reshape(-1, SIZE[1] * 3, SIZE[0])[:, : SIZE[1]]
    return [(number_of(_grey(picture)), picture) for picture in pictures]


def _apart(ours: av.VideoFrame, theirs: np.ndarray) -> float:
    """Mean difference of luma, in levels of 8 bits."""
    form = pixel_format(ours.format.name)
    assert form is not None
    luma = component_views(ours)[0].astype(float) / (1 << (form.left_shift + form.bits - 8))
    return float(np.abs(luma - theirs).mean())


def _grey(picture: np.ndarray) -> av.VideoFrame:
    frame = av.VideoFrame(SIZE[0], SIZE[1], "gray")
    component_views(frame)[0][...] = picture
    return frame


def main() -> int:
    """Prints one line per file that FFmpeg writes; fails where one differs."""
    counts: dict[str, int] = {}
    for row in rows():
        with tempfile.TemporaryDirectory() as folder:
            outcome = look(row, Path(folder))
        counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
        if outcome.kind != "not written":
            print(f"{outcome.kind:8} {row!s:60} {outcome.words}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in counts.items()))
    return 1 if counts.get("differs") else 0


if __name__ == "__main__":
    sys.exit(main())
