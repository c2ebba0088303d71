"""What SQLite refuses, as errors that people read: the one table of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import Broken, Busy, DiskFull

_UNREADABLE = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ)
_UNWRITABLE = (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def refusal(error: sqlite3.Error, path: Path) -> Exception:
    """The error to raise for one of SQLite's about the database at `path`; a mistake of this program stays what it is."""
    precise = getattr(error, "sqlite_errorcode", 0)
    if precise in _UNREADABLE:
        return Busy("store.not-read", path=path, why=error)
    code = precise & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull("store.full", folder=path.parent)
    if code in _UNWRITABLE:
        return DiskFull("store.not-written", path=path, why=error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy("store.busy", path=path)
    if code in _DAMAGED:
        return Broken("database.damaged", path=path, found=error)
    return error


@contextmanager
def refused_by_database(path: Path) -> Iterator[None]:
    """What SQLite refuses within the block is raised as `refusal` says it."""
    try:
        yield
    except sqlite3.Error as error:
        raise refusal(error, path) from error
