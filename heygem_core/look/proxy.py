"""A small video that every browser plays, frame for frame as the original: upright, square pixels, BT.709, 8 bits, its own sound."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

from ..errors import BadRange, NoSound
from ..media.colour import ColourTags, write_tags
from ..media.output import check_output, output_errors, part_path, publish
from ..media.probe import probe
from ..media.reader import read_frames
from ..media.sound import TAKE_RATE, Samples, sound_frame, take_layout, take_sound
from ..media.timing import TakeTiming, timing_of
from ..media.upright import Upright
from ..pace import Pace
from ..shot import Event, Finished, Progress
from ..tasks import ProxyTask
from ..timeline import STILL_RATE

if TYPE_CHECKING:
    from ..media.info import MediaInfo

_OPTIONS = {"preset": "veryfast", "crf": "23"}
_TAGS = ColourTags(primaries=1, transfer=1, matrix=1, range=1)
_SOUND_AHEAD_S = Fraction(1, 2)


def make_proxy(task: ProxyTask) -> Generator[Event, None, None]:
    """Raises: InputError, BadRange, OutputError."""
    yield Progress(stage="probe", done=0)
    info = probe(task.path)
    end = info.frame_count if task.end_exclusive is None else task.end_exclusive
    if not 0 <= task.start < end <= info.frame_count:
        raise BadRange(f"The range {task.start}–{end} does not lie in “{info.path.name}”, which has {info.frame_count} frames.")
    path = check_output(task.output, [task.path])
    part = part_path(path)
    try:
        yield from _write(part, path, info, task, end)
        publish(part, path)
    finally:
        part.unlink(missing_ok=True)
    yield Finished(output=str(path))


def _write(part: Path, path: Path, info: MediaInfo, task: ProxyTask, end: int) -> Generator[Event, None, None]:
    timing = timing_of(info, range(task.start, end), rate=STILL_RATE)
    sound = _sound(info, task.start, timing)
    pace, upright, scaler = Pace("render", end - task.start), Upright(info), VideoReformatter()
    with output_errors(path), av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video: Any = None
        voice: Any = None
        if sound is not None:
            layout, chunks = sound
        for number, frame in enumerate(read_frames(info, task.start, end)):
            rgb = _even(upright.picture(frame.picture, max_side=task.longest_side))
            if video is None:
                video = _stream(container, rgb, timing)
                voice = container.add_stream("aac", rate=TAKE_RATE, layout=layout) if sound is not None else None
            picture = scaler.reformat(
                av.VideoFrame.from_ndarray(rgb, format="rgb24"),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
            )
            write_tags(picture, _TAGS)
            picture.pts, picture.time_base = int(timing.pts[number]), timing.time_base
            container.mux(video.encode(picture))
            if voice is not None:
                _write_sound(container, voice, chunks, layout, timing.time_of(number + 1) + _SOUND_AHEAD_S)
            yield pace.tick()
        container.mux(video.encode(None))
        if voice is not None:
            _write_sound(container, voice, chunks, layout, None)
            container.mux(voice.encode(None))


def _stream(container: Any, rgb: np.ndarray, timing: TakeTiming) -> Any:
    stream = container.add_stream("libx264", rate=timing.rate, options=dict(_OPTIONS))
    stream.height, stream.width = rgb.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = timing.time_base
    context.gop_size = max(1, round(timing.rate))  # a keyframe a second, so that a page can jump
    write_tags(context, _TAGS)
    return stream


class _Chunks:
    """Sound that is taken as the picture needs it."""

    def __init__(self, chunks: Iterator[Samples]) -> None:
        self.left: Iterator[Samples] | None = chunks
        self.written = 0  # samples


def _sound(info: MediaInfo, start: int, timing: TakeTiming) -> tuple[str, _Chunks] | None:
    if info.sound is None or info.kind == "still":
        return None
    try:
        layout = take_layout(info.path)
    except NoSound:
        return None
    return layout, _Chunks(take_sound(info.path, info.time_of(start), timing.duration))


def _write_sound(container: Any, voice: Any, chunks: _Chunks, layout: str, until_s: Fraction | None) -> None:
    while chunks.left is not None and (until_s is None or chunks.written < until_s * TAKE_RATE):
        chunk = next(chunks.left, None)
        if chunk is None:
            chunks.left = None
            return
        frame = sound_frame(chunk, layout, TAKE_RATE)
        frame.time_base, frame.pts = Fraction(1, TAKE_RATE), chunks.written
        chunks.written += chunk.shape[1]
        container.mux(voice.encode(frame))


def _even(rgb: np.ndarray) -> np.ndarray:
    """4:2:0 needs even sides: a last odd row or column is left out (a single one is doubled)."""
    if rgb.shape[0] == 1 or rgb.shape[1] == 1:
        rgb = np.repeat(np.repeat(rgb, 2, 0), 2, 1)
    return np.ascontiguousarray(rgb[: rgb.shape[0] & ~1, : rgb.shape[1] & ~1])
