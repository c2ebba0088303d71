"""Folders of this machine that may be used, and what lies in them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from heygem_core.messages import tell
from heygem_core.shot import Struct

from ..errors import NotFound
from ..http import app_keys
from ..http.routes import PEOPLE, RequestContext, Route
from ..timeline.formats.registry import readable
from ..wire import FileEntry, FileKind, Folder, RootRequest

_KINDS: dict[FileKind, str] = {
    "video": "mp4 mov m4v mxf mkv webm avi mts m2ts ts mpg mpeg wmv 3gp dv",
    "sound": "wav mp3 m4a aac flac ogg opus aif aiff wma ac3 caf",
    "still": "png jpg jpeg tif tiff webp bmp dpx exr tga heic",
}
_MOST_ENTRIES = 5000


class FolderQuery(Struct, frozen=True, kw_only=True):
    path: str | None = None  # None = the list of the folders that may be used


async def folder(context: RequestContext) -> Folder:
    roots = context[app_keys.ROOTS]
    if context.query.path is None:
        return Folder(path=None, parent=None, entries=tuple(_root_entry(each) for each in roots.folders))
    real = roots.resolve(context.query.path, tell("wanted.list-of-files"), folder=True)
    return await asyncio.to_thread(_listing, real, [str(each) for each in roots.folders])


def kinds_of_files() -> dict[str, FileKind]:
    """What files of each suffix are."""
    timelines: dict[str, FileKind] = {suffix: "timeline" for row in readable().values() for suffix in row.suffixes}
    return timelines | {f".{suffix}": kind for kind, suffixes in _KINDS.items() for suffix in suffixes.split()}


def _listing(real: Path, roots: list[str]) -> Folder:
    """Names that begin with a dot are left out; a link shows as what it is called, and leads nowhere outside when it is used."""
    try:
        with os.scandir(real) as entries:
            found = [entry for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False) if not entry.name.startswith(".")]
    except OSError as error:
        raise NotFound("folder.unreadable", folder=real, why=error.strerror) from error
    parent = None if str(real) in {os.path.realpath(root) for root in roots} else str(real.parent)
    kinds = kinds_of_files()
    shown = sorted((_entry(entry, kinds) for entry in found), key=lambda entry: (entry.kind != "folder", entry.name.casefold()))
    return Folder(path=str(real), parent=parent, entries=tuple(shown))


def _entry(entry: os.DirEntry[str], kinds: dict[str, FileKind]) -> FileEntry:
    try:
        is_folder, status = entry.is_dir(), entry.stat(follow_symlinks=False)
    except OSError:
        return FileEntry(name=entry.name, path=entry.path, kind="other")
    kind: FileKind = "folder" if is_folder else kinds.get(os.path.splitext(entry.name)[1].lower(), "other")
    size = None if is_folder else status.st_size
    return FileEntry(name=entry.name, path=entry.path, kind=kind, size_bytes=size, modified=status.st_mtime)


def _root_entry(root: Path) -> FileEntry:
    return FileEntry(name=root.name or str(root), path=str(root), kind="folder")


async def list_roots(context: RequestContext) -> list[str]:
    return [str(each) for each in context[app_keys.ROOTS].folders]


async def allow(context: RequestContext, body: RootRequest) -> list[str]:
    await asyncio.to_thread(context[app_keys.ROOTS].add, body.folder)
    return await list_roots(context)


async def forbid(context: RequestContext, body: RootRequest) -> list[str]:
    await asyncio.to_thread(context[app_keys.ROOTS].remove, body.folder)
    return await list_roots(context)


ROUTES = (
    Route(method="GET", path="/api/v1/files", summary="What lies in an allowed folder.",
          handler=folder, scopes=PEOPLE, response=Folder, query=FolderQuery),
    Route(method="GET", path="/api/v1/roots", summary="The folders that may be used.", handler=list_roots, scopes=PEOPLE,
              response=list[str]),
    Route(method="POST", path="/api/v1/roots", summary="Consent: allow a folder.",
          handler=allow, scopes=PEOPLE, body=RootRequest, response=list[str], status=201),
    Route(method="DELETE", path="/api/v1/roots", summary="Take consent back.",
          handler=forbid, scopes=PEOPLE, body=RootRequest, response=list[str]),
)  # fmt: skip
