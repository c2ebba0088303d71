"""Caches artefacts (face tracks, speech features, plans) by the hash of what they were made from.

An entry is a folder that appears at once and whole: it is made beside its place, sealed (see `artefacts`) and renamed. Two processes
that make the same entry at the same time both succeed; the second one's work is dropped. Whoever opens an entry gets what was written or
nothing: one that was damaged since is thrown away and made again. Nothing here is precious: any entry may be deleted at any time.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from filelock import FileLock

from ..errors import HeygemError, OutputError, SpecError
from ..shot import to_json
from .artefacts import FOLDER_SEAL, folder_is_whole, seal_folder, sync_folder
from .os_errors import not_usable, tells_of_damage, why

T = TypeVar("T")

LOGGER = logging.getLogger(__name__)

_IN_USE_S = 3600.0
_LEFTOVER_S = 24 * 3600.0
_LOCKS = 64
_PLANS = ("plans", "outlines")  # kinds of entries


def default_root() -> Path:
    """$HEYGEM_CACHE, or the platform's cache folder of this user."""
    return Path(os.environ.get("HEYGEM_CACHE") or platformdirs.user_cache_dir("heygem-bridge", appauthor=False))


def key_of(*parts: Any) -> str:
    """Hash of anything that has a form on the wire (structs, numbers, text, lists)."""
    return blake2b(to_json(parts), digest_size=16).hexdigest()


class Cache:
    """One cache folder: `entry` and `read` find an artefact, `making` makes one."""

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root) if root else default_root()

    @classmethod
    def around(cls, folder: Path) -> Cache | None:
        """The cache in which a plan or an outline lies, by its folder; None = it lies elsewhere."""
        return cls(folder.parent.parent) if folder.parent.name in _PLANS else None

    def entry(self, kind: str, key: str) -> Path | None:
        """The folder of an artefact, or None where it has to be made. Raises: OutputError — the system refuses to read it."""
        folder = self.root / kind / key
        if not os.path.lexists(folder):
            return None
        if not folder_is_whole(folder, _name(kind, key)):
            LOGGER.warning("%s/%s in the cache is damaged: it is thrown away and made again", kind, key)
            self.drop(kind, key)
            return None
        with suppress(OSError):  # a read-only cache still serves
            os.utime(folder)  # prune() drops what was not used for the longest time
        return folder

    def read(self, kind: str, key: str, load: Callable[[Path], T]) -> T | None:
        """What `load` makes of an entry's folder; None where there is none. One that `load` cannot read, such as one that an earlier
        version wrote, is deleted and counts as none. Raises: OutputError — the system refuses to read it."""
        folder = self.entry(kind, key)
        if folder is None:
            return None
        try:
            return load(folder)
        except Exception as error:  # numpy and zipfile raise nearly anything
            if isinstance(error, HeygemError) and not isinstance(error, SpecError):
                raise
            if isinstance(error, OSError) and error.errno is not None and not tells_of_damage(error):
                raise not_usable(error, folder) from error
            LOGGER.warning("%s/%s in the cache cannot be read (%s): it is thrown away and made again", kind, key, error)
            self.drop(kind, key)
            return None

    def drop(self, kind: str, key: str) -> None:
        """Deletes an entry, so that it is made again."""
        _delete(self.root / kind / key, 0)

    @contextmanager
    def making(self, kind: str, key: str) -> Iterator[Path]:
        """A fresh folder to fill; it becomes the entry when the block ends well and vanishes when it does not.

        After the block the artefact is at `entry(kind, key)`. Raises: OutputError — the cache cannot be written.
        """
        parent = self.root / kind
        try:
            parent.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=parent))
        except OSError as error:
            raise self._unwritable(error) from error
        began = time.monotonic()
        try:
            yield folder
            seal_folder(folder, _name(kind, key))
            self._give_name(folder, kind, key)
            LOGGER.debug("%s/%s made in %.2f s", kind, key, time.monotonic() - began)
        except OSError as error:  # the makers read through the core's own readers, whose errors are typed: this is about writing
            raise self._unwritable(error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _give_name(self, folder: Path, kind: str, key: str) -> None:
        place = self.root / kind / key
        try:
            os.rename(folder, place)
        except OSError:
            if self.entry(kind, key) is None:  # in its way lay something damaged, which is gone now; or it cannot be written at all
                os.rename(folder, place)
        sync_folder(place.parent)

    @contextmanager
    def alone(self, kind: str, key: str) -> Iterator[None]:
        """Inside the block no other task, in this process or another, is inside it for the same artefact: who comes second waits,
        then finds what the first one made. Raises: OutputError — the cache cannot be written.
        """
        # A few files are enough for all keys: two artefacts that share one merely wait for each other.
        place = self.root / f"lock-{int(key_of(kind, key)[:4], 16) % _LOCKS}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(place)
            lock.acquire()
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            yield
        finally:
            lock.release()

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError("cache.not-writable", folder=self.root, why=why(error, self.root))

    def prune(self, keep_bytes: int | None = None, *, spare_s: float = _IN_USE_S) -> int:
        """Deletes the entries unused for the longest time until at most `keep_bytes` remain; returns the bytes freed.

        keep_bytes: None = $HEYGEM_CACHE_GB gigabytes, 20 where it is not set. What was used in the last `spare_s` seconds stays,
        since another render may be reading it. Leftovers of programs that were killed while making an entry go after a day.
        """
        now, entries, freed = time.time(), [], 0
        for folder in self.root.glob("*/*"):
            try:
                age_s, size = now - folder.stat().st_mtime, _size_of(folder)
            except OSError:
                continue  # another program was faster
            if not folder.name.startswith("."):
                entries.append((age_s, size, folder))
            elif age_s > _LEFTOVER_S:
                freed += _delete(folder, size)
        excess = sum(size for _, size, _ in entries) - (default_limit() if keep_bytes is None else keep_bytes)
        for age_s, size, folder in sorted(entries, reverse=True):
            if excess <= 0 or age_s < spare_s:
                break
            excess -= size
            freed += _delete(folder, size)
        if freed:
            LOGGER.info("%.0f MB of the cache were freed", freed / 1e6)
        return freed


def default_limit() -> int:
    """Bytes that the cache may hold: $HEYGEM_CACHE_GB, else 20 GB. Raises: SpecError — not a number."""
    text = os.environ.get("HEYGEM_CACHE_GB") or "20"
    try:
        gigabytes = float(text)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < float("inf"):
        raise SpecError("cache.size-no-number", text=text)
    return int(gigabytes * 1e9)


def _name(kind: str, key: str) -> str:
    """Of an entry, in its seal."""
    return f"{kind}/{key}"


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and file.name != FOLDER_SEAL)


def _delete(folder: Path, size: int) -> int:
    """Removes an entry at once for those who look for it, then its files; returns the bytes freed."""
    try:
        if not folder.is_dir() or folder.is_symlink():  # not of our making
            folder.unlink()
            return size
        going = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError:
        return 0  # another program was faster, or the cache is read-only
    try:
        os.rename(folder, going / folder.name)  # a name that is not there: Windows replaces no folder, not even an empty one
        return size
    except OSError:
        return 0
    finally:
        shutil.rmtree(going, ignore_errors=True)
