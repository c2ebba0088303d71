"""Where Resolve may render to: only below the folders that its preferences call media storage.

Elsewhere AddRenderJob gives nothing, and a message in Resolve's window stops every call after it. So a render goes to a folder of
its own in the media storage, and its file is moved from there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..editor import Editor, can

if TYPE_CHECKING:
    from .. import api

_PREFIX = "heygem-export-"
_BYTES_PER_PIXEL = Fraction(1, 2)  # of DNxHR HQX and ProRes 422 HQ, about
_MARGIN_BYTES = 256 << 20
_LEFT_S = 24 * 3600.0  # no export takes that long


@contextmanager
def folder_for(editor: Editor, wanted: str) -> Iterator[str]:
    """An empty folder that Resolve renders to and whose files can be moved to `wanted`; gone afterwards.

    Raises: HostError — no folder of the media storage can be written to.
    """
    base = _base(editor, wanted)
    _sweep(base)
    try:
        folder = tempfile.mkdtemp(prefix=_PREFIX, dir=base)
    except OSError as problem:
        raise HostError("NoFolder", "panel.export-folder-not-writable", folder=base, why=problem.strerror) from None
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep(base: str) -> None:
    """What a Resolve that was killed in the middle of an export left here."""
    for entry in os.scandir(base) if os.path.isdir(base) else ():
        try:
            if entry.name.startswith(_PREFIX) and entry.is_dir(follow_symlinks=False) and time.time() - entry.stat().st_mtime > _LEFT_S:
                shutil.rmtree(entry.path, ignore_errors=True)
        except OSError:
            continue


def volumes(editor: Editor) -> list[str]:
    """Folders of the media storage, as Resolve lists them; empty = this version does not say."""
    storage = editor.resolve.GetMediaStorage() if can(editor.resolve, "GetMediaStorage") else None
    return [str(path) for path in (storage.GetMountedVolumeList() or [])] if storage else []


def _base(editor: Editor, wanted: str) -> str:
    """Paths are compared as they are written, as Resolve does: a link inside the media storage counts."""
    known = volumes(editor)
    if not known or any(_inside(wanted, volume) for volume in known):
        return wanted
    writable = [volume for volume in known if os.path.isdir(volume) and os.access(volume, os.W_OK)]
    if not writable:
        raise HostError("NoStorage", "panel.export-no-storage")
    near = [volume for volume in writable if os.stat(volume).st_dev == os.stat(wanted).st_dev]
    return (near or writable)[0]


def _inside(path: str, folder: str) -> bool:
    path, folder = os.path.normcase(os.path.normpath(path)), os.path.normcase(os.path.normpath(folder))
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def check_room(folder: str, timeline: api.Timeline, frames: int, kind: str) -> None:
    """Raises: HostError — the disk would be full before the export is done."""
    free = shutil.disk_usage(folder).free
    wanted = _MARGIN_BYTES
    width, height = size_of(timeline)
    if kind == "picture" and width and height:
        wanted += int(width * height * frames * _BYTES_PER_PIXEL)
    if free < wanted:
        raise HostError("NoRoom", "panel.export-no-room", needed=f"{wanted / 1e9:.1f}", folder=folder, free=f"{free / 1e9:.1f}")


def size_of(timeline: Any) -> tuple[int | None, int | None]:
    """Width and height of the timeline in pixels; None = it does not say."""

    def number(name: str) -> int | None:
        try:
            return int(float(timeline.GetSetting(name))) or None
        except (TypeError, ValueError):
            return None

    return number("timelineResolutionWidth"), number("timelineResolutionHeight")
