"""Artefacts that are worth keeping (face tracks, speech, plans), found again by the hash of what they were made from.

An entry is a folder that appears at once and whole: it is made beside its place and renamed. Two processes that make the
same entry at the same time both succeed; the second one's work is dropped. Nothing here is precious: any entry may be
deleted at any time, at worst it is made again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import Any

import platformdirs

from .errors import MediaNotFound, OutputError
from .shot import to_json

_SAMPLE = 1 << 20  # bytes read at the start, the middle and the end of a file


def default_root() -> Path:
    """$HEYGEM_CACHE, or the platform's cache folder of this user."""
    return Path(os.environ.get("HEYGEM_CACHE") or platformdirs.user_cache_dir("heygem-bridge", appauthor=False))


def fingerprint(path: str | Path) -> str:
    """Identity of a file's contents: size, time of change and three samples, so that a 100 GB file takes milliseconds.

    Raises: MediaNotFound.
    """
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            digest = blake2b(f"{status.st_size} {status.st_mtime_ns}".encode(), digest_size=16)
            for offset in sorted({0, max(0, status.st_size // 2 - _SAMPLE // 2), max(0, status.st_size - _SAMPLE)}):
                file.seek(offset)
                digest.update(file.read(_SAMPLE))
    except OSError as error:
        raise MediaNotFound(f"“{path}” cannot be read ({error.strerror}): check the path and your access to it.") from error
    return digest.hexdigest()


def key_of(*parts: Any) -> str:
    """Hash of anything that has a form on the wire (structs, numbers, text, lists)."""
    return blake2b(to_json(parts), digest_size=16).hexdigest()


class Cache:
    """One cache folder. `entry` finds, `making` makes."""

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root) if root else default_root()

    def entry(self, kind: str, key: str) -> Path | None:
        """The folder of an artefact, or None where it has to be made."""
        folder = self.root / kind / key
        if not folder.is_dir():
            return None
        try:
            os.utime(folder)  # prune() drops what was not used for the longest time
        except OSError:
            pass  # a read-only cache still serves
        return folder

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
            raise OutputError(
                f"The cache folder “{self.root}” cannot be written ({error.strerror}): free some space or set HEYGEM_CACHE to another folder."
            ) from error
        try:
            yield folder
            try:
                os.rename(folder, parent / key)
            except OSError:
                if not (parent / key).is_dir():
                    raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def prune(self, keep_bytes: int) -> int:
        """Deletes the entries unused for the longest time until at most `keep_bytes` remain; returns the bytes freed."""
        entries = [(folder.stat().st_mtime, folder) for folder in self.root.glob("*/*") if folder.is_dir()]
        sizes = {folder: sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) for _, folder in entries}
        excess = sum(sizes.values()) - keep_bytes
        freed = 0
        for _, folder in sorted(entries):
            if freed >= excess:
                break
            shutil.rmtree(folder, ignore_errors=True)
            freed += sizes[folder]
        return freed
