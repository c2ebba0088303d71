"""The store: all that the server must not forget, in one SQLite file. Every method is safe to call from any thread."""

from __future__ import annotations

from .history import History
from .jobs import Jobs
from .takes import Takes
from .trash import Trash
from .work import Work


class Store(Jobs, Work, Takes, Trash, History):
    """`Store(path)`. Jobs and shots (`jobs`), the queue (`work`), takes (`takes`), deleted ones (`trash`), events
    (`history`); `database` holds them together.

    The methods wait for the disk for some milliseconds: on an event loop call them through `asyncio.to_thread`.
    """
