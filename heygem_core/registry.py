"""Things of one kind by name: those that ship, and those that other packages declare as entry points.

A package adds one without touching this project, in its `pyproject.toml`:

    [project.entry-points."heygem.deliverables"]
    mjpeg = "my_package.deliverable:MJPEG"

The name is the one on the wire and on the command line. The module is imported when the thing is first asked for, so listing names costs
nothing; and it is found in child processes too, since they are given the same path.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from .errors import SetupError, SpecError
from .messages import tell

_Thing = TypeVar("_Thing")
_MARK = "x-registry"


class Names:
    """The names of a registry, for modules that must not know the things themselves. `own` as of `Registry`."""

    def __init__(self, group: str, *, called: str, own: Mapping[str, str], words: tuple[str, ...] = ()) -> None:
        """words: what may be said in place of a name, such as “auto”; whoever hears one finds out which name it means."""
        self.group = group
        self.words = words
        self.called = called  # a code: "thing.deliverable"
        self._own = {name: EntryPoint(name, value, group) for name, value in own.items()}

    @property
    def json_schema(self) -> dict[str, Any]:
        """Marks a field as one of these names. Documents write the names in its place, see `with_names`."""
        return names_of(self.group)

    def names(self) -> tuple[str, ...]:
        """All of them: those that ship in their order, then the others by name. Imports nothing."""
        return tuple(self._all())

    def choices(self) -> tuple[str, ...]:
        """What may be said: the words, then the names."""
        return (*self.words, *self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def check(self, name: str) -> str:
        """What was said, a name or a word. Raises: SpecError — it is neither."""
        if name not in self.choices():
            raise SpecError("registry.unknown", thing=tell(self.called), name=name[:60], names=self.choices())
        return name

    def _all(self) -> dict[str, EntryPoint]:
        declared = _declared(self.group, tuple(sys.path))
        return self._own | {name: point for name, point in declared.items() if name not in self._own}


class Registry(Names, Generic[_Thing]):
    """`own`: those that ship, by name, as "module:attribute"; they come first, and no other package replaces one."""

    def __init__(self, group: str, *, kind: type[_Thing], called: str, own: Mapping[str, str], words: tuple[str, ...] = ()) -> None:
        super().__init__(group, called=called, own=own, words=words)
        self._kind = kind
        self._loaded: dict[str, tuple[EntryPoint, _Thing]] = {}

    @classmethod
    def of(cls, names: Names, kind: type[_Thing]) -> Registry[_Thing]:
        """The things of these names."""
        own = {name: point.value for name, point in names._own.items()}
        return cls(names.group, kind=kind, called=names.called, own=own, words=names.words)

    def get(self, name: str) -> _Thing:
        """Raises: SpecError — there is none of that name. SetupError — the package that declares it cannot be used."""
        point = self._all().get(name)
        if point is None:
            raise SpecError("registry.unknown", thing=tell(self.called), name=name[:60], names=self.names())
        known = self._loaded.get(name)
        if known is None or known[0] != point:
            known = self._loaded[name] = (point, self._load(point))
        return known[1]

    def all(self) -> dict[str, _Thing]:
        """Every one that can be used, by name; a package that is broken costs its own alone."""
        found: dict[str, _Thing] = {}
        for name in self.names():
            try:
                found[name] = self.get(name)
            except SetupError:
                continue
        return found

    def _load(self, point: EntryPoint) -> _Thing:
        try:
            thing = point.load()
        except Exception as error:
            if point.name in self._own:
                raise
            raise SetupError("registry.not-loaded", thing=tell(self.called), name=point.name, place=point.value, error=error) from error
        if not isinstance(thing, self._kind) or getattr(thing, "name", point.name) != point.name:
            raise SetupError("registry.other-kind", thing=tell(self.called), name=point.name, place=point.value)
        return thing


def names_of(group: str) -> dict[str, Any]:
    """As `Registry.json_schema`, where the registry itself cannot be imported."""
    return {_MARK: group}


def with_names(schema: dict[str, Any], registries: Iterable[Names]) -> dict[str, Any]:
    """A JSON Schema whose mark of a registry is replaced by the names that this registry holds now."""
    group = schema.get(_MARK)
    names = next((registry.choices() for registry in registries if registry.group == group), None)
    if names is None:
        return schema
    return {key: value for key, value in schema.items() if key not in (_MARK, "type")} | {"enum": sorted(names)}  # as of a `Literal`


@lru_cache(maxsize=64)
def _declared(group: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """What installed packages declare, by name; `path` is part of the key because it decides which are installed."""
    return {point.name: point for point in sorted(_installed(path).select(group=group), key=lambda point: point.name)}


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> Any:  # an object of another class in each Python, with the same `select`
    """All entry points of all groups: looking through the packages of a machine once takes as long as a third of all that is imported."""
    return entry_points()
