"""Writes a small video that every browser plays: the same frames as the original, upright, square pixels, BT.709, 8 bits, its own sound.

Of a file without a picture its sound alone.
"""

from __future__ import annotations

from collections.abc import Generator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

from ..errors import NoPicture
from ..media.colour import ColourTags, write_tags
from ..media.output import check_output, output_errors, part_path, publish
from ..media.playback import read_played
from ..media.probe import probe, probe_sound
from ..media.sound import take_layout, take_sound
from ..media.sound_tracks import SoundTrack, SoundTracks
from ..media.take_timing import TakeTiming, timing_of
from ..media.upright import Upright
from ..planning.frame_map import STILL_RATE, end_of, frames_under, retimed
from ..progress_rate import ProgressRate
from ..shot import Event, Finished, Progress
from ..tasks.specs import ProxyTask

if TYPE_CHECKING:
    from ..media.info import MediaInfo

_OPTIONS = {"preset": "veryfast", "crf": "23"}
_TAGS = ColourTags(primaries=1, transfer=1, matrix=1, range=1)


def make_proxy(task: ProxyTask) -> Generator[Event, None, None]:
    """Writes the proxy of a file. Raises: InputError, BadRange, OutputError."""
    yield Progress(stage="probe", done=0)
    try:
        info = probe(task.path, deinterlace=task.deinterlace)
    except NoPicture:
        info = None
    numbers = None if info is None else _numbers(info, task)
    path = check_output(task.output, [task.path])
    part = part_path(path)
    try:
        if info is None or numbers is None:
            _write_sound(part, path, task)
        else:
            yield from _write(part, path, info, numbers, task)
        publish(part, path)
    finally:
        part.unlink(missing_ok=True)
    yield Finished(output=str(path))


def _numbers(info: MediaInfo, task: ProxyTask) -> NDArray[np.int64]:
    """The frames of the file that the proxy shows. Raises: BadRange."""
    if task.frames is None:
        return retimed(task.start, end_of(info, task.start, task.end_exclusive), task.speed, task.shows)
    return frames_under(info, task.start, task.end_exclusive, task.fit, task.speed, task.frames, task.shows)


def _write_sound(part: Path, path: Path, task: ProxyTask) -> None:
    """Raises: NoPicture — and nobody knows how long the sound is."""
    duration = probe_sound(task.path).duration
    if duration is None:
        raise NoPicture("media.no-picture", file=Path(task.path).name)
    with output_errors(path), av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        SoundTracks(container, "aac", None, (_heard(task, Fraction(0), duration),)).finish()


def _write(part: Path, path: Path, info: MediaInfo, numbers: NDArray[np.int64], task: ProxyTask) -> Generator[Event, None, None]:
    timing = timing_of(info, numbers.tolist(), rate=STILL_RATE)
    pace, upright, scaler = ProgressRate("render", len(numbers)), Upright(info), VideoReformatter()
    with output_errors(path), av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video: Any = None
        for number, shown in enumerate(read_played(info, numbers)):
            rgb = _even(upright.picture(shown, max_side=task.longest_side))
            if video is None:
                video, sound = _stream(container, rgb, timing), SoundTracks(container, "aac", None, _sound(info, numbers, timing, task))
            picture = scaler.reformat(
                av.VideoFrame.from_ndarray(rgb, format="rgb24"),
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
            )
            write_tags(picture, _TAGS)
            picture.pts, picture.time_base = int(timing.pts[number]), timing.time_base
            container.mux(video.encode(picture))
            sound.write_beside(timing.time_of(number + 1))
            yield pace.tick()
        container.mux(video.encode(None))
        sound.finish()


def _stream(container: Any, rgb: NDArray[np.uint8], timing: TakeTiming) -> Any:
    stream = container.add_stream("libx264", rate=timing.rate, options=dict(_OPTIONS))
    stream.height, stream.width = rgb.shape[:2]
    stream.pix_fmt = "yuv420p"
    context = stream.codec_context
    context.time_base = timing.time_base
    context.gop_size = max(1, round(timing.rate))  # a keyframe a second, so that a page can jump
    write_tags(context, _TAGS)
    return stream


def _heard(task: ProxyTask, start_s: Fraction, duration_s: Fraction) -> SoundTrack:
    samples = take_sound(task.path, start_s, duration_s, channels=task.channels)
    return SoundTrack(samples=samples, layout=take_layout(task.path, task.channels))


def _sound(info: MediaInfo, numbers: NDArray[np.int64], timing: TakeTiming, task: ProxyTask) -> tuple[SoundTrack, ...]:
    """The file's own sound, in pieces; none where the file has no sound, or where the sound cannot follow the picture."""
    if info.sound is None or info.kind == "still" or (np.diff(numbers) != 1).any():
        return ()
    return (_heard(task, info.time_of(int(numbers[0])), timing.duration),)


def _even(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with even sides, which 4:2:0 needs: a last odd row or column is left out (a single one is doubled)."""
    if rgb.shape[0] == 1 or rgb.shape[1] == 1:
        rgb = np.repeat(np.repeat(rgb, 2, 0), 2, 1)
    return np.ascontiguousarray(rgb[: rgb.shape[0] & ~1, : rgb.shape[1] & ~1])
