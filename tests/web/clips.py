"""Tiny clips of a made person, and others made of nothing."""

from __future__ import annotations

import wave
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SOURCE = "glasses_512x512_25fps.mp4"
RATE = Fraction(25)
SIDE = 256  # pixels


def make_clips(people: Path, folder: Path) -> Path:
    """speaker.mp4 (30 frames), second.mp4 (24), slow.mp4 (120, for what must be seen at work), speech.wav (0.9 s), long.wav, levels.mp4."""
    cut(people / SOURCE, folder / "speaker.mp4", 0, 30)
    cut(people / SOURCE, folder / "second.mp4", 60, 24)
    cut(people / SOURCE, folder / "slow.mp4", 0, 120, side=640)
    sound = _speech(people / SOURCE)
    write_wav(folder / "speech.wav", sound[16_000:30_400])
    write_wav(folder / "long.wav", sound[: 3 * 16_000])
    levels(folder / "levels.mp4")
    return folder


def cut(source: Path, target: Path, start: int, frames: int, side: int = SIDE) -> None:
    """Frames of a clip, smaller, with its sound replaced by a tone that comes and goes."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        picture = made.add_stream("libx264", rate=RATE)
        picture.width = picture.height = side
        picture.pix_fmt = "yuv420p"
        picture.options = {"preset": "ultrafast", "crf": "18"}
        sound = made.add_stream("aac", rate=48_000, layout="mono")
        for k, frame in enumerate(given.decode(video=0)):
            if k >= start + frames:
                break
            if k >= start:
                small = frame.reformat(side, side, "yuv420p")
                small.pts, small.time_base = k - start, 1 / RATE
                made.mux(picture.encode(small))
        made.mux(picture.encode())
        time = np.arange(int(48_000 * frames / RATE)) / 48_000
        tone = (np.sin(time * 2 * np.pi * 220) * 0.3 * (np.sin(time * 8) > 0)).astype(np.float32)
        samples = av.AudioFrame.from_ndarray(tone[None], format="fltp", layout="mono")
        samples.rate, samples.pts = 48_000, 0
        made.mux(sound.encode(samples))
        made.mux(sound.encode())


def levels(target: Path, frames: int = 24) -> None:
    """A clip whose frame k is grey of level 10 + 9 k: a picture says which frame it is."""
    with av.open(str(target), "w") as made:
        picture = made.add_stream("libx264", rate=Fraction(24000, 1001))
        picture.width = picture.height = 128
        picture.pix_fmt = "yuv420p"
        picture.options = {"crf": "10"}
        for k in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((128, 128, 3), 10 + 9 * k, np.uint8), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1001, 24000)
            made.mux(picture.encode(frame))
        made.mux(picture.encode())


def write_wav(target: Path, samples: np.ndarray) -> None:
    """16 kHz, mono, int16."""
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.astype("<i2").tobytes())


def _speech(source: Path) -> np.ndarray:
    with av.open(str(source)) as given:
        resampler = av.AudioResampler("s16", "mono", 16_000)
        return np.concatenate([part.to_ndarray()[0] for frame in given.decode(audio=0) for part in resampler.resample(frame)])
