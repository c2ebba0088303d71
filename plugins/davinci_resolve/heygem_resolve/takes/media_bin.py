"""The media pool: the bins that takes go to, and a file's clip in them, imported once."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..editor import can
from ..timeline import clips

if TYPE_CHECKING:
    from .. import api


COLOUR = "Teal"  # label of what came from here, in the bin and on the timeline


def _named(parent: Any, name: str) -> Any:
    return next((folder for folder in parent.GetSubFolderList() or [] if folder.GetName() == name), None)


def _made(pool: api.MediaPool, parent: Any, name: str) -> Any:
    """Raises: HostError — Resolve refuses."""
    made = _named(parent, name) or pool.AddSubFolder(parent, name)
    if not made:
        raise HostError("NoBin", "panel.bin-not-made", bin=name)
    return made


def _bin_of_today(pool: api.MediaPool, timeline: api.Timeline) -> Any:
    """Within the bin of all takes one for each timeline and day; that bin itself where Resolve refuses the name. Raises: HostError."""
    takes = _made(pool, pool.GetRootFolder(), clips.TAKES)
    name = " ".join((timeline.GetName() or "").split())[:60]
    with suppress(HostError):
        return _made(pool, takes, f"{name} {date.today().isoformat()}")
    return takes


def imported(pool: api.MediaPool, timeline: api.Timeline, path: str) -> Any:
    """The file's clip in our bins, imported once. ImportMedia goes to the current folder, which the caller puts back.

    Raises: HostError — no such file, or Resolve cannot read it.
    """
    if not os.path.exists(path):
        raise HostError("FileGone", "panel.file-gone", path=path)
    ours = _named(pool.GetRootFolder(), clips.TAKES)
    known = _in_folder(ours, path) if ours else None
    if known is not None:
        return known
    folder = _bin_of_today(pool, timeline)
    pool.SetCurrentFolder(folder)
    pool.ImportMedia([path])  # what it returns may be None, empty or hollow: the folder is looked at instead
    media = _in_folder(folder, path)
    if media is None:
        raise HostError("NotImported", "panel.not-imported", path=path)
    if can(media, "SetClipColor"):
        media.SetClipColor(COLOUR)
    return media


def _in_folder(folder: Any, path: str) -> Any:
    """Also in the folders within it."""
    for media in folder.GetClipList() or []:
        if media is not None and clips.same_file(clips.path_of_media(media), path):
            return media
    within = (_in_folder(each, path) for each in folder.GetSubFolderList() or [])
    return next((media for media in within if media is not None), None)
