"""Tiny media files for timelines: a moving picture with a timecode, or a tone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def make_clip(path: Path, *, rate: Fraction, frames: int, timecode: str | None = None, sound: bool = False, size: int = 64) -> Path:
    """A ProRes MOV of `frames` frames, each with its own brightness; optionally with a tone (48 kHz)."""
    with av.open(str(path), "w") as file:
        if timecode:
            file.metadata["timecode"] = timecode
        stream = file.add_stream("prores_ks", rate=rate, width=size, height=size, pix_fmt="yuv422p10le")
        tone = file.add_stream("pcm_s16le", rate=48000, layout="mono") if sound else None
        for number in range(frames):
            grey = np.full((size, size, 3), 16 + number % 200, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="rgb24")
            frame.pts, frame.time_base = number, 1 / rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
        if tone is not None:
            _mux_tone(file, tone, float(frames / rate))
    return path


def make_speech(path: Path, seconds: float) -> Path:
    """A WAV file with a tone, 48 kHz mono."""
    with av.open(str(path), "w") as file:
        _mux_tone(file, file.add_stream("pcm_s16le", rate=48000, layout="mono"), seconds)
    return path


def _mux_tone(file: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples = (8000 * np.sin(np.arange(int(seconds * 48000)) * 0.05)).astype(np.int16)[None]
    frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48000, 0
    file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def facts(path: str) -> tuple[Fraction | None, int, int | None, int]:
    """Rate and frames of the picture (None, 0 without one), samples of sound at 48 kHz (None without), number of the first frame."""
    with av.open(path) as file:
        picture = file.streams.video[0] if file.streams.video else None
        sound = file.streams.audio[0] if file.streams.audio else None
        seconds = float(sound.duration * sound.time_base) if sound and sound.duration else None
        rate = Fraction(picture.average_rate) if picture and picture.average_rate else None
        frames = (picture.frames or sum(1 for _ in file.decode(picture))) if picture else 0
        label = file.metadata.get("timecode") or next((s.metadata["timecode"] for s in file.streams if "timecode" in s.metadata), None)
        first = frame_of(label, rate) if label and rate else 0
        return rate, frames, round(seconds * 48000) if seconds is not None else None, first


def frame_of(timecode: str, rate: Fraction) -> int:
    """The absolute number of the frame that carries a label; ";" says drop-frame."""
    hours, minutes, seconds, frames = (int(part) for part in timecode.replace(";", ":").split(":"))
    nominal = round(rate)
    number = ((hours * 60 + minutes) * 60 + seconds) * nominal + frames
    if ";" in timecode:
        number -= nominal // 15 * (hours * 60 + minutes - (hours * 60 + minutes) // 10)
    return number


def in_ticks(path: str) -> dict[str, str | int | None]:
    """What the fake Premiere wants to know of a file; ticks as strings."""
    rate, frames, samples, first = facts(path)
    ticks = 254016000000
    length = round(frames / rate * ticks) if rate else round((samples or 0) / 48000 * ticks)
    start = round(first / rate * ticks) if rate else 0
    written = f"{rate.numerator}/{rate.denominator}" if rate else None
    return {"rate": written, "frames": frames, "samples": samples, "startTicks": str(start), "lengthTicks": str(length)}


def render(spec: dict[str, Any]) -> None:
    """What fakes/exports.js asks for: a ProRes 422 HQ of one file's frames after the other, or a WAV of what is heard."""
    with av.open(spec["file"], "w") as file:
        if spec["kind"] == "sound":
            _write_heard(file, spec)
            return
        rate = Fraction(spec["rate"])
        size = {"width": spec["width"], "height": spec["height"]}
        stream = file.add_stream("prores_ks", rate=rate, pix_fmt="yuv422p10le", options={"profile": "3"}, **size)
        for number, frame in enumerate(_frames(spec["frames"])):
            fresh = frame or av.VideoFrame.from_ndarray(np.zeros((size["height"], size["width"], 3), np.uint8), format="rgb24")
            fresh = fresh.reformat(format="yuv422p10le", **size)
            fresh.pts, fresh.time_base, fresh.pict_type = number, 1 / rate, av.video.frame.PictureType.NONE
            file.mux(stream.encode(fresh))
        file.mux(stream.encode(None))


def _frames(wanted: list[tuple[str, int] | None]) -> Iterator[av.VideoFrame | None]:
    """Numbered frames of files; None where nothing shows."""
    decoded: dict[str, list[av.VideoFrame]] = {}
    for path in {one[0] for one in wanted if one}:
        last = max(one[1] for one in wanted if one and one[0] == path)
        with av.open(path) as file:
            decoded[path] = [frame for _, frame in zip(range(last + 1), file.decode(video=0), strict=False)]
    yield from (decoded[one[0]][one[1]] if one else None for one in wanted)


def _write_heard(file: av.container.OutputContainer, spec: dict[str, Any]) -> None:
    mix = np.zeros(round(spec["seconds"] * 48000), np.float32)
    for one in spec["heard"]:
        with av.open(one["file"]) as given:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=48000)
            pieces = [out.to_ndarray()[0] for frame in given.decode(audio=0) for out in resampler.resample(frame)]
        sound = np.concatenate(pieces)[round(one["from"] * 48000) : round((one["from"] + one["length"]) * 48000)]
        start = round(one["at"] * 48000)
        skipped, start = max(0, -start), max(0, start)
        part = sound[skipped : skipped + len(mix) - start]
        mix[start : start + len(part)] += part
    stream = file.add_stream("pcm_s16le", rate=48000, layout="mono")
    frame = av.AudioFrame.from_ndarray((np.clip(mix, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = 48000, 0
    file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


if __name__ == "__main__":
    if sys.argv[1] == "render":
        render(json.load(sys.stdin))
    else:
        print(json.dumps(in_ticks(sys.argv[1])))
