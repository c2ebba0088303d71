"""What all objects of the fake Resolve share: calls that a version lacks are None, dead objects answer nothing, names are counted."""

from __future__ import annotations

import itertools
from typing import Any

from .ledger import RESOLVE, active

numbers = itertools.count(1)


class Remote:
    """What Resolve hands out: an unknown call is None (so hasattr says yes to all), and dir() lists what this version has."""

    _since: dict[str, tuple[int, ...]] = {}  # noqa: RUF012

    def __init__(self, app: App) -> None:
        self._app = app

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or not name[0].isupper():
            return object.__getattribute__(self, name)
        app = object.__getattribute__(self, "_app")
        if app.broken or self in app.dead:
            return None
        app.calls.append(f"{type(self).__name__}.{name}")
        if app.version < type(self)._since.get(name, (0,)):
            return None
        return object.__getattribute__(self, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def __dir__(self) -> list[str]:
        names = [name for name in object.__dir__(self) if name[0].isupper()]
        return [name for name in names if self._app.version >= type(self)._since.get(name, (0,))]


class App:
    """State shared by all objects of one running editor."""

    def __init__(self, version: tuple[int, ...], studio: bool, without: frozenset[str], also: frozenset[str] = frozenset()) -> None:
        self.version, self.studio = version, studio
        self.active = active(RESOLVE, without, also)
        self.volumes: list[str] = ["/"]  # the media storage of the preferences
        self.broken = False  # a modal dialog is open: nothing answers
        self.dead: set[Any] = set()
        self.calls: list[str] = []
        self.page = "edit"

    def does(self, name: str) -> bool:
        if name not in RESOLVE:
            raise KeyError(name)
        return name in self.active
