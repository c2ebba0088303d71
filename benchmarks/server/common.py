"""What the measures of the services share: services in a folder, jobs from files, short clips cut from real ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from heygem_core.shot import RenderSettings, Shot
from heygem_server.settings import ServerSettings
from heygem_server.store import Store
from heygem_server.wire import JobDetail, JobRequest, MediaRef, ShotRequest


def clips_folder() -> Path:
    """$HEYGEM_CLIPS or ../shared/clips; ends the program where there is none."""
    folder = Path(os.environ.get("HEYGEM_CLIPS", "../shared/clips"))
    if not folder.is_dir():
        sys.exit(f"{folder} is absent: set HEYGEM_CLIPS to a folder with clips of people (see CONTRIBUTING.md).")
    return folder.resolve()


def settings(folder: Path, **changes: Any) -> ServerSettings:
    usual: dict[str, Any] = {
        "data_folder": folder / "data",
        "takes_folder": folder / "takes",
        "cache": folder / "cache",
        "disk_floor_bytes": 1 << 20,
        "measure_takes": False,
        "make_previews": False,
        "keep_days": None,
        "keep_bytes": None,
    }
    return ServerSettings(**usual | changes)


def submit(store: Store, folder: Path, pairs: Sequence[tuple[Path, Path]], render: RenderSettings, name: str = "batch") -> JobDetail:
    """A job with a shot for each (video, speech)."""
    request = JobRequest(
        name=name,
        shots=tuple(ShotRequest(video=MediaRef(path=str(video)), speech=MediaRef(path=str(speech))) for video, speech in pairs),
        settings=render,
    )
    shots = [Shot(video=str(video), speech=str(speech)) for video, speech in pairs]
    return store.submit(request, shots, folder=str(folder / "takes"))


def cut(source: Path, target: Path, frames: int, *, start: int = 0) -> Path:
    """Some frames of a clip as H.264 without sound."""
    with av.open(str(source)) as given, av.open(str(target), "w") as made:
        rate = given.streams.video[0].average_rate or Fraction(25)
        stream: Any = made.add_stream("libx264", rate=rate, options={"crf": "16", "preset": "ultrafast"})
        for number, frame in enumerate(given.decode(video=0)):
            if number >= start + frames:
                break
            if number < start:
                continue
            if number == start:
                stream.width, stream.height, stream.pix_fmt = frame.width & ~1, frame.height & ~1, "yuv420p"
            picture = frame.reformat(width=stream.width, height=stream.height, format="yuv420p")
            picture.pts, picture.time_base, picture.pict_type = number - start, 1 / rate, 0
            made.mux(stream.encode(picture))
        made.mux(stream.encode(None))
    return target


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
