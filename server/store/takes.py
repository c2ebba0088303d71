"""Takes: the files that are worth something. A placed one is pinned for good; no retention touches a pinned one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from heygem_core.shot import from_json

from ..errors import Conflict
from ..wire import Placed, TakePage, TakeView, WeakRange
from . import queries, rows
from .database import Change, Database, encoded
from .jobs import cursor, pattern
from .trash import Written, keep_files, throw_away


class Takes(Database):
    """What was rendered, and where it is used."""

    def takes(
        self,
        job: str | None = None,
        shot: str | None = None,
        before: str | None = None,
        limit: int = 50,
        *,
        query: str | None = None,
        same_video: str | None = None,
    ) -> TakePage:
        """Newest first. query: part of its or its job's name, of the day, or of the name of a file it is made of; same_video: a take.

        Raises: BadRequest — `before` is not the `next` of a page.
        """
        values = {"job": job, "shot": shot, "before": cursor(before), "limit": limit + 1, "query": pattern(query), "same_video": same_video}
        with self.reading() as connection:
            found = connection.execute(queries.TAKES, values).fetchall()
            views = tuple(rows.take_view(connection, row) for row in found[:limit])
        return TakePage(takes=views, next=str(found[limit - 1]["number"]) if len(found) > limit else None)

    def take(self, take: str) -> TakeView:
        """Raises: NotFound."""
        with self.reading() as connection:
            return rows.take(connection, take)

    def every_take(self) -> list[TakeView]:
        """All of them, oldest first."""
        with self.reading() as connection:
            return [rows.take_view(connection, row) for row in connection.execute(queries.ALL_TAKES).fetchall()]

    def pin(self, take: str, pinned: bool) -> TakeView:
        """Raises: NotFound; Conflict — a placed take stays pinned."""
        with self.change() as change:
            view = rows.take(change.connection, take)
            if view.placed and not pinned:
                raise Conflict("take.stays-pinned", take=view.name)
            change.connection.execute(queries.SET_PINNED, (pinned, take))
            _told(change, view)
        return self.take(take)

    def placed(self, take: str, placed: Placed) -> TakeView:
        """A host put it on its timeline: pinned for good. The same place twice is one place, with the last time. Raises: NotFound."""
        with self.change() as change:
            view = rows.take(change.connection, take)
            known = change.connection.execute(queries.NUMBERED_PLACEMENTS, (take,)).fetchall()
            for number, text in known:  # of several versions the one that was laid last is there
                place = from_json(text, Placed)
                if (place.host, place.placement) == (placed.host, placed.placement):
                    change.connection.execute(queries.DELETE_PLACEMENT, (number,))
            change.connection.execute(queries.NEW_PLACEMENT, (take, encoded(placed)))
            change.connection.execute(queries.PIN_TAKE, (take,))
            _told(change, view)
        return self.take(take)

    def measured(self, take: str, weak: tuple[WeakRange, ...], files: Sequence[Written] = ()) -> TakeView:
        """Its report has figures now, and these are the frames that deserve a look. files: the report as it is now. Raises: NotFound."""
        with self.change() as change:
            row = change.connection.execute(queries.TAKE, (take,)).fetchone()
            view = rows.take(change.connection, take)
            kept = msgspec.structs.replace(from_json(row["view"], TakeView), weak=weak)
            change.connection.execute(queries.SET_TAKE, (encoded(kept), take))
            keep_files(change, take, files)
            _told(change, view)
        return self.take(take)

    def delete_take(self, take: str, force: bool = False) -> TakeView:
        """Into the trash; the caller moves its files. Raises: NotFound; Conflict — pinned or placed and not `force`."""
        with self.change() as change:
            view = rows.take(change.connection, take)
            if (view.pinned or view.placed) and not force:
                raise Conflict("take.not-deleted-placed" if view.placed else "take.not-deleted-pinned", take=view.name)
            throw_away(change, take)
            if change.connection.execute(queries.KNOWS_SHOT, (view.shot,)).fetchone():
                change.touch_shot(view.shot, view.job)
        return view

    def mark_missing(self, missing: Iterable[str], found: Iterable[str]) -> None:
        """Takes (ids) whose file is no longer, or again, where it was written."""
        with self.change() as change:
            for value, takes in ((1, missing), (0, found)):
                for take in takes:
                    _mark(change, take, value)

    def versions_named(self, folder: str) -> set[str]:
        """Paths in a folder that takes have or are about to get."""
        with self.reading() as connection:
            known = [path for (path,) in connection.execute(queries.TAKE_FILES)]
        return {path for path in known if path.startswith(folder)}


def _mark(change: Change, take: str, value: int) -> None:
    if change.connection.execute(queries.SET_MISSING, (value, take, value)).rowcount:
        change.takes[take] = "take.changed"


def _told(change: Change, view: TakeView) -> None:
    change.takes[view.id] = "take.changed"
