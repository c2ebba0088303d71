"""Whether a database file is sound, looked at before it is used."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

_LONGEST_S = 5.0
_LARGEST_BYTES = 512 << 20  # a larger one is looked at once a day, when it is backed up
_OPERATIONS = 10_000  # of SQLite, between two looks at the time
_UNREADABLE = (
    *(sqlite3.SQLITE_IOERR, sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ),
    *(sqlite3.SQLITE_IOERR_CORRUPTFS, sqlite3.SQLITE_IOERR_DATA),
)
"""What a disk with a bad sector answers. The other errors of input and output are about writing, locks and memory."""


def damage_of(path: Path, *, within_s: float | None = _LONGEST_S) -> str | None:
    """What SQLite finds wrong with a file, in its words; None = nothing, or not within that time (None = however long it takes).

    Raises: OSError, sqlite3.Error — it could not be looked at: another program holds it, or it cannot be opened.
    """
    if not path.exists() or path.stat().st_size == 0:  # a new one
        return None
    if within_s is not None and path.stat().st_size > _LARGEST_BYTES:
        return None
    ends = None if within_s is None else time.monotonic() + within_s
    try:
        with closing(sqlite3.connect(path, timeout=30)) as connection:
            if ends is not None:
                connection.set_progress_handler(lambda: time.monotonic() > ends, _OPERATIONS)
            found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code in _UNREADABLE:
            return str(error)
        if code == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    return None if found is None or found[0] == "ok" else " ".join(str(found[0]).split())
