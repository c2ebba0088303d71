"""Makes short clips out of real ones, and reads files back, with PyAV alone: independent of the code that is tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from heygem_core.rendering.render import render
from heygem_core.shot import Event, Finished, Notice, Progress, RenderSettings, RenderTask, Shot

Picture = NDArray[np.uint8]
RATE = Fraction(25)


@cache
def pictures(path: Path, count: int | None = None) -> list[Picture]:
    """The first frames of a clip as RGB."""
    with av.open(str(path)) as container:
        frames = container.decode(video=0)
        return [frame.to_ndarray(format="rgb24") for _, frame in zip(range(count or 10**9), frames, strict=False)]


@cache
def speech(path: Path, rate: int = 16_000) -> NDArray[np.float32]:
    """(n,) mono of a clip."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    with av.open(str(path)) as container:
        parts = [part.to_ndarray()[0] for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        return np.concatenate([*parts, *(part.to_ndarray()[0] for part in resampler.resample(None))])


def write_clip(
    path: Path,
    frames: Iterable[Picture],
    *,
    rate: Fraction = RATE,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    options: dict[str, str] | None = None,
    rotation: int = 0,
    timecode: str | None = None,
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    interlaced: bool = False,
) -> Path:
    """A video of these RGB pictures without sound; `rotation` is clockwise, `pts` (with `time_base`) make it variable."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(
            codec, rate=rate, options=options or ({"crf": "12", "preset": "ultrafast"} if "264" in codec else {})
        )
        context = stream.codec_context
        context.time_base = time_base or 1 / rate
        if rotation:
            stream.set_display_rotation(-rotation)
        if timecode:
            container.metadata["timecode"] = timecode
        if interlaced:
            context.flags |= 1 << 18  # AV_CODEC_FLAG_INTERLACED_DCT
        for number, picture in enumerate(frames):
            if not number:
                context.height, context.width = picture.shape[:2]
                context.pix_fmt = pix_fmt
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(format=pix_fmt)
            frame.pts, frame.time_base = (number if pts is None else pts[number]), context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path, samples: NDArray[np.float32], *, rate: int = 16_000, layout: str = "mono", codec: str = "pcm_s16le") -> Path:
    """A sound file of (n,) or (channels, n) samples."""
    channels = np.atleast_2d(samples)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.codec_context.layout = layout
        for begin in range(0, channels.shape[1], 1024):
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(channels[:, begin : begin + 1024]), format="fltp", layout=layout)
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), begin
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def planes(path: Path, start: int = 0, end: int | None = None) -> list[list[NDArray[Any]]]:
    """Every frame's stored planes, padding of the rows removed."""
    with av.open(str(path)) as container:
        return [_planes(frame) for number, frame in enumerate(container.decode(video=0)) if start <= number < (end or 10**9)]


def _planes(frame: av.VideoFrame) -> list[NDArray[Any]]:
    wide = any(component.bits > 8 for component in frame.format.components)
    if frame.format.name in ("bgr0", "bgra"):
        return [frame.to_ndarray(format="rgb24")]
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width * (1 + wide)]
        views.append(rows.copy().view(np.uint16 if wide else np.uint8))
    return views


def same(a: list[list[NDArray[Any]]], b: list[list[NDArray[Any]]]) -> bool:
    """Whether two lists of frames are equal bit for bit."""
    return len(a) == len(b) and all(np.array_equal(p, q) for x, y in zip(a, b, strict=True) for p, q in zip(x, y, strict=True))


def samples(path: Path) -> NDArray[np.float64]:
    """(channels, n) of a file's sound as stored, full scale ±1."""
    with av.open(str(path)) as container:
        parts = []
        for frame in container.decode(audio=0):
            data = frame.to_ndarray().astype(np.float64)
            if frame.format.name.rstrip("p") in ("s16", "s32"):
                data /= 2.0 ** (8 * frame.format.bytes - 1)
            parts.append(data if frame.format.is_planar else data.reshape(-1, len(frame.layout.channels)).T)
        return np.concatenate(parts, axis=1)


def task(
    video: Path,
    speech: Path,
    output: Path,
    /,
    *,
    segment: tuple[int, int] | None = None,
    matte: Path | None = None,
    cache: Path | None = None,
    **options: Any,
) -> RenderTask:
    """A task for the processor (cuda may differ in the last bit) and the motion model that is on every machine;
    `options` are fields of Shot and RenderSettings.
    """
    shot = {name: options.pop(name) for name in Shot.__struct_fields__ if name in options}
    return RenderTask(
        shot=Shot(video=str(video), speech=str(speech), **shot),
        settings=RenderSettings(**{"device": "cpu", "fit": "trim", "motion": "mel"} | options),
        output=str(output),
        matte=None if matte is None else str(matte),
        segment=segment,
        cache=None if cache is None else str(cache),
    )


def make(video: Path, speech: Path, output: Path, /, **options: Any) -> list[Event]:
    """Renders and returns what was told; the last event is Finished."""
    events = list(render(task(video, speech, output, **options)))
    assert isinstance(events[-1], Finished)
    return events


def stages(events: Iterable[Event]) -> set[str]:
    return {event.stage for event in events if isinstance(event, Progress)}


def notices(events: Iterable[Event]) -> str:
    return " ".join(event.message for event in events if isinstance(event, Notice))


def left_in(folder: Path) -> list[str]:
    """Names of all files in a folder and below."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
