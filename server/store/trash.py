"""Takes that were deleted wait in the trash, with all that was known of them, until their delay is over; and which files we wrote.

Only the rows move here. The files follow (`rendering.trash`), which is why a row says whether they have: a server that was killed in
between moves them at its next start.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from heygem_core.shot import Struct, from_json

from ..errors import NotFound
from ..wire import Placed, TakeView
from . import queries
from .database import Change, Database, encoded


class Written(Struct, frozen=True, kw_only=True):
    """A file that this server wrote: the take itself, its report, the copy of its speech."""

    path: str
    size_bytes: int
    sha256: str
    modified_ns: int | None = None  # its time when it was written: while that and the size are the same, so is the rest; None = not known


class Trashed(Struct, frozen=True, kw_only=True):
    """A take in the trash."""

    take: TakeView  # as it was
    deleted: float
    moved: bool  # its files have followed
    files: tuple[Written, ...]


class Trash(Database):
    """Deleted takes, and what lies beside takes."""

    def wrote(self, take: str, files: Sequence[Written]) -> None:
        """These files are ours, as they are now; they may go with the take. Of a take that is not known any more nothing is kept."""
        with self.change() as change:
            if change.connection.execute(queries.TAKE, (take,)).fetchone():
                keep_files(change, take, files)

    def files_of(self, take: TakeView) -> tuple[Written, ...]:
        """Of a take that is not in the trash."""
        with self.reading() as connection:
            return _files(connection, take)

    def trashed(self, take: str) -> Trashed:
        """Raises: NotFound — it is not in the trash."""
        with self.reading() as connection:
            row = connection.execute(queries.TRASHED, (take,)).fetchone()
            if row is None:
                raise NotFound("trash.no-take", id=take)
            return _trashed(connection, row)

    def trash(self) -> list[Trashed]:
        """What was deleted last comes first."""
        with self.reading() as connection:
            return [_trashed(connection, row) for row in connection.execute(queries.TRASH).fetchall()]

    def not_moved_to_trash(self) -> list[str]:
        """Takes (ids) whose files have not followed yet."""
        with self.reading() as connection:
            return [take for (take,) in connection.execute(queries.NOT_MOVED).fetchall()]

    def moved_to_trash(self, take: str) -> None:
        """Its files have followed."""
        with self.change() as change:
            change.connection.execute(queries.SET_MOVED, (take,))

    def restore(self, take: TakeView, files: Sequence[Written]) -> None:
        """Puts a take back as it was, under the name and with the files that it has now. Raises: NotFound — it is not in the trash."""
        with self.change() as change:
            row = change.connection.execute(queries.TRASHED, (take.id,)).fetchone()
            if row is None:
                raise NotFound("trash.no-take", id=take.id)
            values = {name: row[name] for name in row.keys()}  # noqa: SIM118 — a Row iterates over its values
            change.connection.execute(queries.RESTORE_TAKE, values | {"path": take.path, "view": encoded(take), "restored": change.now})
            for placed in json.loads(row["placed"]):
                change.connection.execute(queries.NEW_PLACEMENT, (take.id, placed))
            change.connection.execute(queries.FORGET_TRASHED, (take.id,))
            change.connection.execute(queries.FORGET_FILES, (take.id,))
            keep_files(change, take.id, files)
            change.takes[take.id] = "take.added"
            if change.connection.execute(queries.KNOWS_SHOT, (take.shot,)).fetchone():
                change.touch_shot(take.shot, take.job)

    def forget_trashed(self, take: str) -> None:
        """Its files are gone for good. Of a take that is not in the trash any more nothing is forgotten."""
        with self.change() as change:
            if change.connection.execute(queries.FORGET_TRASHED, (take,)).rowcount:
                change.connection.execute(queries.FORGET_FILES, (take,))

    def restored(self) -> dict[str, float]:
        """When takes (ids) came back from the trash."""
        with self.reading() as connection:
            return dict(connection.execute(queries.RESTORED).fetchall())


def throw_away(change: Change, take: str) -> None:
    """Moves the row of a take into the trash."""
    placed = [text for (text,) in change.connection.execute(queries.PLACEMENTS, (take,))]
    change.connection.execute(queries.TRASH_TAKE, {"take": take, "placed": json.dumps(placed), "now": change.now})
    change.connection.execute(queries.DELETE_TAKE, (take,))
    change.deleted.append(("take.deleted", take))


def keep_files(change: Change, take: str, files: Iterable[Written]) -> None:
    """Files of a take that we wrote, as they are now."""
    for file in files:
        change.connection.execute(queries.KEEP_FILE, {"take": take, **msgspec.structs.asdict(file)})


def _trashed(connection: sqlite3.Connection, row: Any) -> Trashed:
    placed = tuple(from_json(text, Placed) for text in json.loads(row["placed"]))
    view = msgspec.structs.replace(
        from_json(row["view"], TakeView), pinned=bool(row["pinned"]), missing=bool(row["missing"]), placed=placed
    )
    return Trashed(take=view, deleted=row["deleted"], moved=bool(row["moved"]), files=_files(connection, view))


def _files(connection: sqlite3.Connection, take: TakeView) -> tuple[Written, ...]:
    """What is known to be ours; of an older take only the take itself."""
    known = {
        row["path"]: Written(path=row["path"], size_bytes=row["size_bytes"], sha256=row["sha256"], modified_ns=row["modified_ns"])
        for row in connection.execute(queries.FILES, (take.id,))
    }
    known.setdefault(take.path, Written(path=take.path, size_bytes=take.size_bytes, sha256=take.sha256))
    return tuple(known.values())
