"""The media pool: the bin that takes go to, and a file's clip in it, imported once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from heygem_host.errors import HostError

from ..timeline import clips

if TYPE_CHECKING:
    from .. import api


def bin_of_takes(pool: api.MediaPool) -> Any:
    """Made under the root if it is not there. Raises: HostError — Resolve refuses."""
    root = pool.GetRootFolder()
    for folder in root.GetSubFolderList() or []:
        if folder.GetName() == clips.TAKES:
            return folder
    made = pool.AddSubFolder(root, clips.TAKES)
    if not made:
        raise HostError("NoBin", "panel.bin-not-made", bin=clips.TAKES)
    return made


def imported(pool: api.MediaPool, path: str) -> Any:
    """The file's clip in the bin of takes. ImportMedia goes to the current folder, which the caller puts back.

    Raises: HostError — no such file, or Resolve cannot read it.
    """
    if not os.path.exists(path):
        raise HostError("FileGone", "panel.file-gone", path=path)
    folder = bin_of_takes(pool)
    known = _in_folder(folder, path)
    if known is not None:
        return known
    pool.SetCurrentFolder(folder)
    pool.ImportMedia([path])  # what it returns may be None, empty or hollow: the folder is looked at instead
    media = _in_folder(folder, path)
    if media is None:
        raise HostError("NotImported", "panel.not-imported", path=path)
    return media


def _in_folder(folder: Any, path: str) -> Any:
    for media in folder.GetClipList() or []:
        if media is not None and clips.same_file(clips.path_of_media(media), path):
            return media
    return None
