"""Copies of the database beside it: one a day and one before each upgrade, the newest few. Each was found sound before it got its name."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from ..errors import Broken
from .soundness import damage_of

_KEPT = 5
_EVERY_S = 86_400.0
_NAME = re.compile(r"heygem-(\d+)-\d+\.sqlite3")


def backups_of(database: Path) -> list[Path]:
    """Newest first. Their numbers tell which that is: times would not after the clock was set."""
    folder = _folder(database)
    found = {path: _NAME.fullmatch(path.name) for path in folder.iterdir()} if folder.is_dir() else {}
    numbers = {path: int(name[1]) for path, name in found.items() if name}
    return sorted(numbers, key=lambda path: numbers[path], reverse=True)


def back_up_daily(database: Path, now: float) -> Path | None:
    """Makes the day's copy; None = there is one. Raises: Broken — the database is damaged; OSError, sqlite3.Error."""
    newest = next(iter(backups_of(database)), None)
    # Of the future is one that was made before the clock was set back.
    if newest is not None and 0 <= now - newest.stat().st_mtime < _EVERY_S:
        return None
    return back_up(database)


def back_up(database: Path) -> Path:
    """Makes a copy now, whoever else uses the database.

    Raises: Broken — what was copied is damaged, and the older copies stay; OSError, sqlite3.Error.
    """
    folder = _folder(database)
    folder.mkdir(exist_ok=True, mode=0o700)
    for left_over in folder.glob("*.part*"):  # of a server that was killed meanwhile
        left_over.unlink(missing_ok=True)
    part = folder / "copy.part"
    try:
        with closing(sqlite3.connect(database, timeout=30)) as source, closing(sqlite3.connect(part)) as target:
            # In one go: that keeps no writer waiting (WAL), and a copy by parts begins anew with each change that another one makes.
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        found = damage_of(part, within_s=None)
        if found is not None:
            raise Broken("database.damaged", path=database, found=found)
        _sync(part)
        made = folder / f"heygem-{_next_number(database):06d}-{time.strftime('%Y%m%d')}.sqlite3"
        os.replace(part, made)
    finally:
        for file in folder.glob(f"{part.name}*"):
            with suppress(OSError):
                file.unlink()
    for old in backups_of(database)[_KEPT:]:
        old.unlink(missing_ok=True)
    return made


def _folder(database: Path) -> Path:
    return database.parent / "backups"


def _next_number(database: Path) -> int:
    newest = next(iter(backups_of(database)), None)
    found = None if newest is None else _NAME.fullmatch(newest.name)
    return 1 if found is None else int(found[1]) + 1


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
