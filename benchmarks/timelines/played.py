"""Plays published timelines in another program (MLT) and compares what it shows with what was meant:
`python -m benchmarks.timelines played` (needs `melt`, Debian's package of the same name).

A timeline of numbered pictures (cuts, a gap, an upper track, media of another rate and with timecode, 23.976 and 29.97) is conformed
and published with takes; MLT plays it from XML made here; each frame it shows is compared with the composite that our own
placement asks for. Prints frames that differ: 0 is the only good answer.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import av
import numpy as np

from heygem_server.timeline.conform import conform
from heygem_server.timeline.conform_types import FinishedTake, Selection
from heygem_server.timeline.facts import read_facts
from heygem_server.timeline.formats.export_model import ExportClip, ExportModel, export_model_of
from heygem_server.timeline.formats.reading import read_timeline
from heygem_server.timeline.formats.writing import as_text
from heygem_server.timeline.publish import publish

SIZE = (160, 96)
RATES = (Fraction(24), Fraction(25), Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60000, 1001))
BLACK = -1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--keep", metavar="FOLDER", help="leave files here instead of a temporary folder")
    options = parser.parse_args()
    if shutil.which("melt") is None:
        sys.exit("melt is absent: install it (Debian: apt-get install melt).")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.keep or temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for rate in RATES:
            for mode in ("references", "track"):
                frames, wrong = compare(folder, rate, mode)
                print(f"{float(rate):7.3f} fps  {mode:10}  {frames} frames, {len(wrong)} differ {wrong[:5] or ''}", flush=True)


def compare(folder: Path, rate: Fraction, mode: Any) -> tuple[int, list[tuple[int, int, int]]]:
    """(frames, [(record frame, number that MLT shows, number that we mean)]) of one timeline."""
    home = folder / f"{float(rate):.3f}-{mode}"
    home.mkdir(exist_ok=True)
    published = published_timeline(home, rate, mode)
    flat = export_model_of(published)
    (home / "timeline.mlt").write_text(mlt_xml(flat, rate))
    shown = played(home / "timeline.mlt", home / "played.mkv")
    meant = composite(flat)
    pairs = zip(shown[: len(meant)], meant, strict=False)
    wrong = [(frame, a, b) for frame, (a, b) in enumerate(pairs) if a != b]
    wrong += [(frame, BLACK, meant[frame]) for frame in range(len(shown), len(meant))]
    return len(meant), wrong


def published_timeline(home: Path, rate: Fraction, mode: Any) -> Any:
    """A timeline with takes, through text and back, as an editor would see it."""
    low = numbered(home / "low.mov", rate, 60, 0)
    high = numbered(home / "high.mov", rate, 60, 60)
    voice = home / "voice.wav"
    with av.open(str(voice), "w") as container:
        stream: Any = container.add_stream("pcm_s16le", rate=48_000)
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000 * 12), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    fps = float(rate)
    start = round(rate) * 3600
    lower = [
        _clip("a", low, 5, 20, fps),
        _gap(7, fps),
        _clip("b", low, 30, 25, fps),
        _clip("c", high, 0, 12, fps),
    ]
    upper = [_gap(40, fps), _clip("d", high, 20, 15, fps)]
    sound = {"OTIO_SCHEMA": "Clip.1", "name": "voice", "source_range": _times(0, 200, fps), "media_reference": _reference(voice, None, fps)}
    document = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": "check",
        "global_start_time": {"OTIO_SCHEMA": "RationalTime.1", "value": start, "rate": fps},
        "tracks": {
            "OTIO_SCHEMA": "Stack.1",
            "children": [_track("Video", lower), _track("Video", upper), _track("Audio", [sound])],
        },
    }
    timeline = read_timeline(json.dumps(document).encode()).timeline
    rows = conform(timeline, Selection(speech_tracks=("A1",), handles=3), facts=read_facts).shots
    takes = [_take(home, row, number, rate) for number, row in enumerate(rows) if row.clip in ("b", "d")]
    published, _ = publish(timeline, takes, mode)
    return read_timeline(as_text(published, "otio")[0].encode()).timeline


def _take(home: Path, row: Any, number: int, rate: Fraction) -> FinishedTake:
    """Makes a take of numbered pictures in place of a render."""
    frames = row.shot.end_exclusive - row.shot.start
    path = numbered(home / f"take{number}.mov", rate, frames, 120 + 32 * number)
    return FinishedTake(shot=row, path=str(path), take=f"t{number}", frames=frames, rate=rate)


def _times(start: int, duration: int, fps: float) -> dict[str, Any]:
    def at(value: int) -> dict[str, Any]:
        return {"OTIO_SCHEMA": "RationalTime.1", "value": value, "rate": fps}

    return {"OTIO_SCHEMA": "TimeRange.1", "start_time": at(start), "duration": at(duration)}


def _reference(path: Path, frames: int | None, fps: float) -> dict[str, Any]:
    available = None if frames is None else _times(0, frames, fps)
    return {"OTIO_SCHEMA": "ExternalReference.1", "target_url": str(path), "available_range": available}


def _clip(name: str, path: Path, start: int, duration: int, fps: float) -> dict[str, Any]:
    source = _times(start, duration, fps)
    return {"OTIO_SCHEMA": "Clip.1", "name": name, "source_range": source, "media_reference": _reference(path, 60, fps)}


def _gap(duration: int, fps: float) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Gap.1", "source_range": _times(0, duration, fps)}


def _track(kind: str, children: list[dict[str, Any]]) -> dict[str, Any]:
    return {"OTIO_SCHEMA": "Track.1", "kind": kind, "children": children}


def numbered(path: Path, rate: Fraction, frames: int, first: int) -> Path:
    """A video whose frame k shows the number first + k as eight stripes, dark or light."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("prores_ks", rate=rate, options={"profile": "3"})
        stream.width, stream.height, stream.pix_fmt = *SIZE, "yuv422p10le"
        stream.codec_context.time_base = 1 / rate
        for k in range(frames):
            picture = np.full((SIZE[1] * 3 // 2, SIZE[0]), 128, np.uint8)
            bits = np.array([(first + k) >> bit & 1 for bit in range(8)])
            picture[: SIZE[1]] = np.repeat(60 + 130 * bits, SIZE[0] // 8)[None, :]
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p").reformat(format="yuv422p10le")
            frame.pts, frame.time_base = k, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def numbers_in(path: Path) -> Iterator[int]:
    """Reads the number that each frame shows; BLACK where it shows nothing."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray").astype(float)
            stripes = [part[:, part.shape[1] // 3 : -part.shape[1] // 3].mean() for part in np.array_split(luma, 8, axis=1)]
            yield BLACK if max(stripes) < 35 else sum(1 << bit for bit, level in enumerate(stripes) if level > 125)


def composite(flat: ExportModel) -> list[int]:
    """The number that each record frame shows, by our own placement: the topmost clip that is enabled."""
    shown = [BLACK] * flat.frames
    known: dict[str, list[int]] = {}
    for track in flat.tracks:
        if track.kind != "picture":
            continue
        for clip in track.clips:
            if clip.media is None or not clip.enabled:
                continue
            pictures = known.setdefault(clip.media.path, list(numbers_in(Path(clip.media.path))))
            for frame in range(clip.start, clip.end):
                shown[frame] = pictures[_first(clip) + frame - clip.start]
    while shown and shown[-1] == BLACK:
        shown.pop()
    return shown


def _first(clip: ExportClip) -> int:
    """Frame of the file that the clip shows first."""
    assert clip.media is not None
    return round((clip.low - (clip.media.start or 0)) * clip.media.rate)


def mlt_xml(flat: ExportModel, rate: Fraction) -> str:
    """The timeline for MLT: one playlist per track, the higher ones laid over the lower."""
    root = Element("mlt", LC_NUMERIC="C")
    width, height = (str(side) for side in SIZE)
    profile = {"width": width, "height": height, "frame_rate_num": str(rate.numerator), "frame_rate_den": str(rate.denominator)}
    profile |= {"sample_aspect_num": "1", "sample_aspect_den": "1", "display_aspect_num": width, "display_aspect_den": height}
    SubElement(root, "profile", profile | {"progressive": "1", "colorspace": "601"})
    tracks = [track for track in flat.tracks if track.kind == "picture"]
    for number, track in enumerate(tracks):
        for place, clip in enumerate(track.clips):
            producer = SubElement(root, "producer", id=f"p{number}-{place}")
            _property(producer, "resource", clip.media.path if clip.media else "color:0")
            _property(producer, "mlt_service", "avformat" if clip.media else "color")
    for number, track in enumerate(tracks):
        playlist, position = SubElement(root, "playlist", id=f"l{number}"), 0
        for place, clip in enumerate(track.clips):
            if clip.start > position:
                SubElement(playlist, "blank", length=str(clip.start - position))
            first = _first(clip)
            SubElement(
                playlist, "entry", {"producer": f"p{number}-{place}", "in": str(first), "out": str(first + clip.end - clip.start - 1)}
            )
            position = clip.end
    background = SubElement(root, "producer", {"id": "black", "in": "0", "out": str(flat.frames - 1)})
    _property(background, "resource", "#000000")
    _property(background, "mlt_service", "color")
    tractor = SubElement(root, "tractor", id="all")
    SubElement(tractor, "track", producer="black")
    for number in range(len(tracks)):
        SubElement(tractor, "track", producer=f"l{number}")
    for number in range(1, len(tracks) + 1):
        transition = SubElement(tractor, "transition")
        for name, value in (
            ("mlt_service", "composite"),
            ("a_track", "0"),
            ("b_track", str(number)),
            ("always_active", "1"),
            ("progressive", "1"),
        ):
            _property(transition, name, value)
    return tostring(root, encoding="unicode")


def _property(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "property", name=name).text = value


def played(project: Path, output: Path) -> list[int]:
    """The numbers that MLT shows, frame by frame."""
    consumer = [f"avformat:{output}", "vcodec=ffv1", "pix_fmt=yuv420p", "an=1", "real_time=-1", "progressive=1"]
    subprocess.run(["melt", "-silent", str(project), "-consumer", *consumer], check=True, capture_output=True, timeout=60)
    return list(numbers_in(output))
