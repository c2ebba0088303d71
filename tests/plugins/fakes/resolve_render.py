"""What the fake Resolve renders: real files with what its timeline plays, so that whatever should not be in them is seen and heard."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

_SOUND_RATE = 48000


def render(timeline: Any, path: Path, *, first: int, last: int, picture: bool, sound: bool) -> None:
    """Frames first to last (absolute, both included); ProRes and PCM, whatever the suffix says."""
    with av.open(str(path), "w") as file:
        if picture:
            _pictures(timeline, file, first, last)
        if sound:
            _sounds(timeline, file, first, last)


def _pictures(timeline: Any, file: Any, first: int, last: int) -> None:
    width, height = timeline.size
    stream = file.add_stream("prores_ks", rate=timeline.exact_rate, width=width, height=height, pix_fmt="yuv422p10le")
    for number in range(first, last + 1):
        frame = _frame_at(timeline, number)
        given = av.VideoFrame.from_ndarray(np.zeros((height, width, 3), np.uint8), format="rgb24") if frame is None else frame
        fresh = given.reformat(width=width, height=height, format="yuv422p10le")
        fresh.pts, fresh.time_base, fresh.pict_type = number - first, 1 / timeline.exact_rate, av.video.frame.PictureType.NONE
        file.mux(stream.encode(fresh))
    file.mux(stream.encode(None))


def _frame_at(timeline: Any, number: int) -> Any | None:
    """The topmost clip that is on; None = black."""
    for track in reversed(timeline.tracks["video"]):
        for item in track.items:
            if track.enabled and item.enabled and item.start <= number < item.start + item.length and item.shows:
                return _decoded(item.shows, item.offset + number - item.start)
    return None


_kept: dict[str, list[Any]] = {}


def _decoded(path: str, index: int) -> Any:
    if path not in _kept:
        with av.open(path) as file:
            _kept[path] = list(file.decode(file.streams.video[0]))
    return _kept[path][min(index, len(_kept[path]) - 1)]


def _sounds(timeline: Any, file: Any, first: int, last: int) -> None:
    rate = timeline.exact_rate
    mixed = np.zeros(round(Fraction(last + 1 - first) / rate * _SOUND_RATE), np.float32)
    for track in timeline.tracks["audio"]:
        for item in track.items:
            if track.enabled and item.enabled and item.shows and item.start <= last and item.start + item.length > first:
                begins = round((Fraction(item.start - first) / rate) * _SOUND_RATE)
                offset = round(Fraction(item.offset) / rate * _SOUND_RATE)
                length = round(Fraction(item.length) / rate * _SOUND_RATE)
                heard = _heard(item.shows)[offset : offset + length]
                low, high = max(0, begins), min(len(mixed), begins + len(heard))
                mixed[low:high] += heard[low - begins : high - begins]
    stream = file.add_stream("pcm_s16le", rate=_SOUND_RATE, layout="mono")
    frame = av.AudioFrame.from_ndarray((np.clip(mixed, -1, 1) * 32767).astype(np.int16)[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = _SOUND_RATE, 0
    file.mux(stream.encode(frame))
    file.mux(stream.encode(None))


def _heard(path: str) -> np.ndarray:
    """Mono samples at 48 kHz, -1 … 1."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_SOUND_RATE)
    with av.open(path) as file:
        parts = [part.to_ndarray()[0] for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
