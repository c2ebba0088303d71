"""What of the disk the server uses, and what of it can be freed without losing anything that cannot be made or sent again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from heygem_core.storage.cache import Cache

from ..settings import ServerSettings
from ..store import Store
from ..wire import Room, RoomName
from .retention import Removable, removables
from .trash import empty_trash

_FRESH_S = 3600.0  # what was used within the last hour may be in use


def rooms(store: Store, settings: ServerSettings) -> tuple[Room, ...]:
    """How much each holds. Reads the sizes of all files, which takes a moment."""
    takes = store.every_take()
    trash = store.trash()
    goners = list(removables(store, settings, time.time()))
    remade = _remade(goners)
    return (
        Room(name="takes", count=len(takes), bytes=sum(take.size_bytes for take in takes)),
        Room(name="trash", count=len(trash), bytes=sum(one.take.size_bytes for one in trash)),
        Room(name="uploads", **_files(settings.data_folder / "uploads")),
        Room(name="remade", count=len(remade), bytes=sum(goner.size_bytes for goner in remade)),
        Room(name="cache", **_files(settings.cache)),
    )


def clean(store: Store, settings: ServerSettings, name: RoomName) -> int:
    """Frees a room as far as nobody uses it now; returns the bytes. Takes themselves are never touched."""
    if name == "trash":
        return empty_trash(store)[1]
    if name == "cache":
        return Cache(settings.cache).prune(0, spare_s=_FRESH_S)
    now = time.time()
    goners = list(removables(store, settings, now))
    wanted = _uploads(goners, settings) if name == "uploads" else _remade(goners) if name == "remade" else []
    return sum(goner.size_bytes for goner in wanted if now - goner.used > _FRESH_S and _gone(goner))


def _remade(goners: Iterable[Removable]) -> list[Removable]:
    """Looks at files, and segments of takes: all that is made again when it is wanted."""
    return [goner for goner in goners if goner.rank < 2]


def _uploads(goners: Iterable[Removable], settings: ServerSettings) -> list[Removable]:
    """Uploads that no job uses, and what editors and timelines left."""
    return [goner for goner in goners if goner.rank == 2]


def _gone(goner: Removable) -> bool:
    try:
        goner.remove()
    except OSError:  # in use
        return False
    return True


def _files(folder: Path) -> dict[str, int]:
    sizes = list(_sizes(folder))
    return {"count": len(sizes), "bytes": sum(sizes)}


def _sizes(folder: Path) -> Iterator[int]:
    for file in folder.rglob("*"):
        try:
            if file.is_file():
                yield file.stat().st_size
        except OSError:
            continue  # gone meanwhile
