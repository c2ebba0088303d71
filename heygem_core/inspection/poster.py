"""Writes one frame of a clip as a JPEG."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import BadRange, OutputError
from ..media.output import check_output, output_errors, part_path, publish
from ..media.probe import probe
from ..media.reader import read_frames
from ..media.upright import Upright
from ..shot import Event, Finished, Progress
from ..tasks.specs import PosterTask

_QUALITY = 85


def make_poster(task: PosterTask) -> Generator[Event, None, None]:
    """Writes the frame. Raises: InputError, BadRange — no such frame; OutputError."""
    yield Progress(stage="probe", done=0)
    info = probe(task.path)
    number = info.frame_count // 2 if task.frame is None else task.frame
    if not 0 <= number < info.frame_count:
        raise BadRange("media.no-such-frame", file=info.path.name, number=number, last=info.frame_count - 1)
    path = check_output(task.output, [task.path])
    frame = next(iter(read_frames(info, number, number + 1)))
    rgb = Upright(info).picture(frame.picture, max_side=task.longest_side)
    write_jpeg(path, rgb)
    yield Finished(output=str(path))


def write_jpeg(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Writes a picture, (h, w, 3) uint8 RGB, whole or not at all. Raises: OutputError."""
    done, data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise OutputError("picture.not-a-jpeg", file=path.name, width=rgb.shape[1], height=rgb.shape[0])
    part = part_path(path)
    try:
        with output_errors(path):
            part.write_bytes(data.tobytes())
        publish(part, path)
    except OutputError:
        part.unlink(missing_ok=True)
        raise
