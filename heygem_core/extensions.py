"""Finds what other packages add: engines, timeline formats, deliverables, executors and editors, by their entry points.

A package names its object in its own `pyproject.toml`, for example

    [project.entry-points."heygem.engines"]
    blur = "my_package.engine:BlurEngine"

and it is found wherever that package is installed, in child processes too. Nothing is imported until it is asked for by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import MissingPackage


@cache
def installed(group: str) -> Mapping[str, EntryPoint]:
    """The entry points of a group such as "heygem.engines", by name; of two with one name the one that is found first on the path."""
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        found.setdefault(point.name, point)
    return found


def load(group: str, name: str) -> Any:
    """The object that an entry point names. Raises: MissingPackage — its package is there but cannot be imported."""
    point = installed(group)[name]
    try:
        return point.load()
    except Exception as error:
        raise MissingPackage(
            f"“{name}” of the package {point.dist.name if point.dist else point.value} cannot be loaded ({error}): reinstall or remove it."
        ) from error
