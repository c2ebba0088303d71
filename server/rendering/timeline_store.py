"""What the server keeps of timelines (`api/timelines`): a folder each, which goes with its job."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from ..security.paths import real_path

KEPT = "kept.json"
TIMELINE_ID = re.compile(r"t[0-9a-f]{16}")
_UNFINISHED_S = 86_400.0  # a timeline that is being read has no job yet


class _Kept(msgspec.Struct):
    """Of kept.json: whose it is."""

    job: str


def timelines_folder(data_folder: Path) -> Path:
    return data_folder / "timelines"


def job_of(home: Path) -> str | None:
    """None = nobody's (yet)."""
    try:
        return msgspec.json.decode((home / KEPT).read_bytes(), type=_Kept).job
    except (OSError, msgspec.DecodeError):
        return None


def exports_of(home: Path) -> Path:
    """Where a timeline keeps the editor's exports that its job uses."""
    return home / "exports"


def job_of_export(data_folder: Path, file: Path) -> str | None:
    """The job that uses an export at that real path; None = it is none."""
    home = file.parent.parent
    known = TIMELINE_ID.fullmatch(home.name) and home.parent == Path(real_path(timelines_folder(data_folder)))
    return job_of(home) if known and file.parent == exports_of(home) and file.name != KEPT else None


def forget_timeline(data_folder: Path, timeline: str | None, job: str) -> None:
    """Removes it with its job. A job may name any timeline, so what is not this job's own stays."""
    if timeline is None or not TIMELINE_ID.fullmatch(timeline):
        return
    home = timelines_folder(data_folder) / timeline
    if job_of(home) == job:
        shutil.rmtree(home, ignore_errors=True)


def is_left_over(home: Path, now: float, exists: Callable[[str], bool]) -> bool:
    """A server that was killed while it read a timeline, or before its job was recorded, leaves one without a job."""
    if now - home.stat().st_mtime <= _UNFINISHED_S:
        return False
    job = job_of(home)
    return job is None or not exists(job)
