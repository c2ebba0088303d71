"""Makes a sound database of a damaged one: every row that can be read, and of damaged tables what the newest backup still knows.

Jobs, shots, attempts, takes and what belongs to them are carried over. Pieces of work are not: shots that had not ended are planned anew,
which is free where their segments are still there. Events are not either: a new epoch tells everybody to look again.
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

import msgspec

from heygem_core.errors import HeygemError
from heygem_core.shot import RenderSettings, Shot, from_json
from heygem_core.storage.os_errors import is_failing_disk

from ..errors import ServerError
from ..rendering.states import FINISHED_SHOTS, JOB_MOVES
from ..wire import Placed, TakeView
from . import queries, rows
from .backups import backups_of
from .database import Change, refresh
from .jobs import add_plan
from .soundness import damage_of
from .store import Store

TABLES = ("jobs", "shots", "attempts", "takes", "placements", "trash", "written", "intents", "idempotency")
"""What is carried over, in the order in which it refers to itself."""
_LARGEST_ROWID = 1 << 24  # where the last one cannot be read
_MOST_FAILURES = 20_000  # of one table: then the rest of it counts as lost
_BESIDE = ("", "-wal", "-shm")
_BLOCK_BYTES = 4096  # of a file on a failing disk: what cannot be read of it is read as zeros


@dataclass(slots=True)
class Salvaged:
    """What became of a damaged database."""

    kept: dict[str, int] = field(default_factory=dict)  # rows by table, from the damaged file
    filled: dict[str, int] = field(default_factory=dict)  # rows by table, from the backup
    damaged: list[str] = field(default_factory=list)  # tables that could not be read whole
    backup: Path | None = None  # that filled the gaps
    aside: Path | None = None  # where the damaged file is kept

    @property
    def empty(self) -> bool:
        return not (any(self.kept.values()) or any(self.filled.values()))


def salvage(database: Path) -> Salvaged | None:
    """Puts a sound database in the place of a damaged one, which is kept beside it; None = nothing could be read anywhere.

    Nobody else may use the data folder. Raises: OSError, DiskFull — the old file is in its place then.
    """
    result = Salvaged(aside=_aside(database))
    assert result.aside is not None
    for ending in _BESIDE:  # copied: the damaged file stays in its place until the new one is ready
        with suppress(FileNotFoundError):
            _copy_readable(Path(f"{database}{ending}"), Path(f"{result.aside}{ending}"))
    part = database.with_name(f"{database.name}.part")
    _remove(part)
    try:
        with closing(Store(part)) as store:
            with store.change() as change:
                change.connection.execute("PRAGMA defer_foreign_keys = ON")
                _carry_over(change, result)
                result.backup = next(filter(_is_sound, backups_of(database)), None)
                if result.backup is not None and result.damaged:
                    _fill(change, result.backup, result)
                _drop_unreadable(change.connection)
                _keep_numbers(change.connection)
                _go_on(change)
                change.connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (token_hex(8),))
            store.check()
            store.fold_log()
        if result.empty:
            _remove(result.aside)
            return None
        for ending in _BESIDE[1:]:  # the log of the damaged file must not be read into the new one
            Path(f"{database}{ending}").unlink(missing_ok=True)
        part.replace(database)
    except BaseException:
        _remove(result.aside)
        raise
    finally:
        _remove(part)
    return result


def _copy_readable(source: Path, target: Path) -> None:
    """Copies a file, also one that its disk cannot read everywhere. Raises: OSError."""
    try:
        shutil.copy2(source, target)
        return
    except OSError as error:
        if not is_failing_disk(error):
            raise
    with source.open("rb", buffering=0) as damaged, target.open("wb") as copy:
        size = source.stat().st_size
        for start in range(0, size, _BLOCK_BYTES):
            try:
                found = _block(damaged, start)
            except OSError:  # zeros
                continue
            copy.seek(start)
            copy.write(found)
        copy.truncate(size)


def _block(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    return file.read(_BLOCK_BYTES)


def _is_sound(backup: Path) -> bool:
    """One that cannot even be looked at is not."""
    try:
        return backup.stat().st_size > 0 and damage_of(backup, within_s=None) is None
    except (OSError, sqlite3.Error):
        return False


def _carry_over(change: Change, result: Salvaged) -> None:
    with closing(sqlite3.connect(str(result.aside))) as damaged:
        for table in TABLES:
            lost: list[str] = []
            result.kept[table] = _insert(change.connection, damaged, table, lost.append)
            if lost:
                result.damaged.append(table)


def _fill(change: Change, backup: Path, result: Salvaged) -> None:
    with closing(sqlite3.connect(backup)) as source:
        for table in result.damaged:
            result.filled[table] = _insert(change.connection, source, table, lambda why: None)
    # A take is in one place: what the damaged file itself says of it counts.
    first, second = ("takes", "trash") if "takes" in result.damaged else ("trash", "takes")
    name = {"takes": "id", "trash": "take"}
    change.connection.execute(f"DELETE FROM {first} WHERE {name[first]} IN (SELECT {name[second]} FROM {second})")


def _insert(target: sqlite3.Connection, source: sqlite3.Connection, table: str, lost: Callable[[str], None]) -> int:
    """Copies the rows that can be read and are not there yet; tells `lost` why others cannot. Returns how many."""
    there = [row[1] for row in target.execute(f"PRAGMA table_info({table})")]
    try:
        found = [row[1] for row in source.execute(f"PRAGMA table_info({table})")]
    except sqlite3.DatabaseError as error:
        lost(str(error))
        return 0
    columns = [name for name in found if name in there]
    if not columns:  # damaged, or of a version that had no such table
        if not _knows_tables(source):
            lost("no such table")
        return 0
    statement = f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    count = 0
    for row in _readable(source, table, columns, lost):
        with suppress(sqlite3.IntegrityError):  # a row that no sound database could hold
            count += target.execute(statement, row).rowcount
    return count


def _knows_tables(source: sqlite3.Connection) -> bool:
    try:
        return source.execute("SELECT 1 FROM sqlite_master WHERE name = 'jobs'").fetchone() is not None
    except sqlite3.DatabaseError:
        return False


def _readable(source: sqlite3.Connection, table: str, columns: list[str], lost: Callable[[str], None]) -> Iterator[tuple[object, ...]]:
    """All rows of a table but those on damaged pages: a range that cannot be read is halved until it can, or is one row."""
    chosen = ", ".join(columns)
    try:
        source.execute(f"SELECT rowid FROM {table} LIMIT 0")
    except sqlite3.OperationalError:  # without row numbers: whatever comes before the damage
        try:
            yield from source.execute(f"SELECT {chosen} FROM {table} NOT INDEXED")
        except sqlite3.DatabaseError as error:
            lost(str(error))
        return
    ranges, failures = [(0, _last(source, table))], 0
    while ranges and failures < _MOST_FAILURES:
        low, high = ranges.pop()
        try:
            found = source.execute(f"SELECT {chosen} FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ?", (low, high)).fetchall()
        except sqlite3.DatabaseError as error:
            lost(str(error))
            failures += 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]
            continue
        yield from found


def _last(source: sqlite3.Connection, table: str) -> int:
    try:
        return source.execute(f"SELECT max(rowid) FROM {table} NOT INDEXED").fetchone()[0] or 0
    except sqlite3.DatabaseError:
        return _LARGEST_ROWID


def _drop_unreadable(connection: sqlite3.Connection) -> None:
    """Rows whose structs are damaged, and what refers to rows that are gone."""
    looks: dict[str, Callable[[sqlite3.Row], object]] = {
        "jobs": rows.job_view,
        "shots": lambda row: (rows.shot(connection, row["id"]), from_json(row["shot"], Shot), from_json(row["settings"], RenderSettings)),
        "takes": lambda row: rows.take_view(connection, row),
        "trash": lambda row: from_json(row["view"], TakeView),
        "placements": lambda row: from_json(row["placed"], Placed),
    }
    keys = {"jobs": "id", "shots": "id", "takes": "id", "trash": "take", "placements": "number"}
    for table in ("placements", "jobs", "takes", "trash", "shots"):
        for row in connection.execute(f"SELECT * FROM {table}").fetchall():
            try:
                looks[table](row)
            except (HeygemError, ServerError, msgspec.DecodeError, ValueError, TypeError):
                connection.execute(f"DELETE FROM {table} WHERE {keys[table]} = ?", (row[keys[table]],))
    for table, refers, to in (
        *(("shots", "job", "jobs"), ("attempts", "shot", "shots"), ("intents", "shot", "shots"), ("placements", "take", "takes")),
        ("idempotency", "job", "jobs"),
    ):
        connection.execute(f"DELETE FROM {table} WHERE {refers} NOT IN (SELECT id FROM {to})")
    connection.execute("DELETE FROM jobs WHERE id NOT IN (SELECT job FROM shots)")


def _keep_numbers(connection: sqlite3.Connection) -> None:
    """No new take gets the number of one in the trash, which may come back."""
    newest = connection.execute("SELECT coalesce(max(number), 0) FROM trash").fetchone()[0]
    if not connection.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'takes'", (newest,)).rowcount:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('takes', ?)", (newest,))


def _go_on(change: Change) -> None:
    """What had not ended begins anew; every job is what its shots make of it."""
    marks = ",".join("?" * len(FINISHED_SHOTS))
    connection = change.connection
    connection.execute("UPDATE attempts SET outcome = 'lost', ended = ? WHERE outcome = 'running'", (change.now,))
    for row in connection.execute(f"SELECT id, shot FROM shots WHERE state NOT IN ({marks})", FINISHED_SHOTS).fetchall():
        connection.execute(queries.RESET_SHOT, (row["id"],))
        connection.execute("UPDATE shots SET state = 'queued' WHERE id = ?", (row["id"],))
        add_plan(connection, row["id"], from_json(row["shot"], Shot).video)
    states = ",".join("?" * len(JOB_MOVES))
    connection.execute(f"UPDATE jobs SET state = 'active' WHERE state NOT IN ({states})", tuple(JOB_MOVES))
    connection.execute("UPDATE jobs SET shots_total = (SELECT count(*) FROM shots WHERE job = jobs.id)")
    for (job,) in connection.execute("SELECT id FROM jobs").fetchall():
        with suppress(ServerError):  # it stays as it was
            refresh(change, job)


def _aside(database: Path) -> Path:
    return database.with_name(f"{database.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}{database.suffix}")


def _remove(path: Path) -> None:
    for ending in _BESIDE:
        Path(f"{path}{ending}").unlink(missing_ok=True)
