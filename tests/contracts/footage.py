"""Small files that the contract tests render and read: a moved portrait, a plain clip, a voice-like tone, made without the product."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

RATE = 25  # frames per second of every clip here
FRAMES = 16  # of the face


def speech(seconds: float = 3.0) -> Any:
    """(n,) 16 kHz: a voice-like tone that gets louder and softer, with a pause; the same on every machine."""
    times = np.arange(round(16_000 * seconds)) / 16_000
    loud = np.clip(np.sin(2 * np.pi * 1.5 * times), 0, 1) * (np.abs(times - seconds / 2) > 0.2)
    voice = sum(np.sin(2 * np.pi * 140 * n * times) / n for n in range(1, 12))
    return (0.2 * loud * voice).astype(np.float32)


def sound_file(path: Path, seconds: float = 3.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((speech(seconds) * 32767).astype("<i2").tobytes())
    return path


def face_clip(path: Path) -> Path:
    """The public-domain portrait that scikit-image carries, moved a pixel every other frame, 256×256."""
    package = find_spec("skimage")
    if package is None or not package.submodule_search_locations:
        pytest.skip("scikit-image is not installed: run make setup")
    portrait = Path(package.submodule_search_locations[0]) / "data" / "astronaut.png"
    picture = np.asarray(Image.open(portrait).convert("RGB").crop((128, 0, 384, 256)))
    return _clip(path, (np.roll(picture, number // 2, axis=1) for number in range(FRAMES)))


def plain_clip(path: Path, frames: int = 250) -> Path:
    """Grey pictures, with nobody in them."""
    return _clip(path, (np.full((32, 48, 3), 40 + number % 100, np.uint8) for number in range(frames)))


def _clip(path: Path, pictures: Iterable[Any]) -> Path:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "14", "preset": "ultrafast"})
        stream.pix_fmt = "yuv420p"
        for number, picture in enumerate(pictures):
            if not number:
                stream.height, stream.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
