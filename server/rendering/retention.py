"""What goes when it is old or too much: looks, segments, uploads and what timelines and exports left, takes, in this order.

Never a pinned take; a placed one is pinned. Nothing of a job that has not ended is touched. Takes go only by the person's own limits
(`keep_days`, `keep_bytes`), and into the trash, which is emptied after a delay of its own. Nothing goes while the clock cannot be trusted;
what asks for no age is done all the same. A disk that takes nothing keeps nothing from going: what goes frees it.
"""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..errors import Conflict, NotFound
from ..hosts.export_store import exports_folder, is_stale
from ..settings import ServerSettings
from ..store import Store
from .clock_check import ages_can_be_told
from .handing_in import REFUSED
from .segment_files import SEAL_SUFFIX, last_used, throw_away
from .states import FINISHED_JOBS
from .timeline_store import is_left_over, timelines_folder
from .trash import empty_trash, settle_trash

_CACHE_DAYS = 30.0  # looks and segments nobody used for so long go even without a limit
_FRESH_S = 3600.0  # what was used within the last hour may be in use


@dataclass(frozen=True, slots=True, kw_only=True)
class Removable:
    """Something that may go."""

    rank: int  # what costs least to lose goes first
    used: float  # second of its last use
    size_bytes: int
    keep_days: float | None
    remove: Callable[[], object]
    frees: bool = True  # at once; a take goes into the trash first


def sweep(store: Store, settings: ServerSettings, now: float | None = None) -> int:
    """Removes what is older than its limit, then the oldest until all of it fits; returns the bytes freed."""
    now = time.time() if now is None else now
    if not ages_can_be_told(store, now):
        settle_trash(store)
        store.prune(idempotency_s=math.inf)
        return 0
    left, freed = [], 0
    for goner in removables(store, settings, now):
        if now - goner.used > _FRESH_S and goner.keep_days is not None and now - goner.used > goner.keep_days * 86_400:
            freed += _go(goner) * goner.frees
        else:
            left.append(goner)
    if settings.keep_bytes is not None:
        excess = sum(goner.size_bytes for goner in left) - settings.keep_bytes
        for goner in sorted(left, key=lambda goner: (goner.rank, goner.used)):
            if excess <= 0:
                break
            if now - goner.used > _FRESH_S:
                excess -= (gone := _go(goner))
                freed += gone * goner.frees
    settle_trash(store)
    if settings.trash_days is not None:
        freed += empty_trash(store, now - settings.trash_days * 86_400)[1]
    store.prune()
    return freed


def removables(store: Store, settings: ServerSettings, now: float) -> Iterator[Removable]:
    """Everything that may go, however young."""
    yield from (_folder(folder, 0, _CACHE_DAYS) for folder in _entries(settings.data_folder / "looks"))
    for file in (settings.data_folder / "segments").glob("*/*"):
        if not file.name.endswith((".report.json", SEAL_SUFFIX)):
            yield _segment(file)
    in_use = {str(Path(path).parent) for path in store.files_in_use()}
    for folder in _entries(settings.data_folder / "uploads"):
        if str(folder) not in in_use:
            yield _folder(folder, 2, settings.keep_days)
    for folder in _entries(timelines_folder(settings.data_folder)):
        if is_left_over(folder, now, store.knows_job):
            yield _folder(folder, 2, 1.0)
    for folder in _entries(exports_folder(settings.data_folder)):
        if is_stale(folder, now):
            yield _folder(folder, 2, 1.0)
    ended, restored = _ended(store), store.restored()
    for take in store.every_take():
        if not (take.pinned or take.placed) and ended(take.job):
            yield Removable(
                rank=3,
                used=max(take.created, restored.get(take.id, 0.0)),  # who puts a take back wants it
                size_bytes=take.size_bytes,
                keep_days=settings.keep_days,
                remove=partial(store.delete_take, take.id),  # refuses a take that was pinned meanwhile
                frees=False,
            )


def _go(goner: Removable) -> int:
    try:
        goner.remove()
    except (OSError, Conflict, NotFound, *REFUSED):  # in use, pinned just now, or a disk that is full yet
        return 0
    return goner.size_bytes


def _folder(folder: Path, rank: int, keep_days: float | None) -> Removable:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return Removable(rank=rank, used=folder.stat().st_mtime, size_bytes=size, keep_days=keep_days, remove=lambda: shutil.rmtree(folder))


def _segment(file: Path) -> Removable:
    size = file.stat().st_size
    return Removable(rank=1, used=last_used(file), size_bytes=size, keep_days=_CACHE_DAYS, remove=lambda: throw_away(file))


def _entries(folder: Path) -> list[Path]:
    return [entry for entry in folder.iterdir() if entry.is_dir()] if folder.is_dir() else []


def _ended(store: Store) -> Callable[[str], bool]:
    """Whether a job has ended; one that was deleted has."""
    known: dict[str, bool] = {}

    def ended(job: str) -> bool:
        if job not in known:
            try:
                known[job] = store.job_view(job).state in FINISHED_JOBS
            except NotFound:
                known[job] = True
        return known[job]

    return ended
