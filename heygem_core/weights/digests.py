"""Digests of installed models: other weights make other pictures, so they are part of the keys of all that is made with them."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from ..media.content import remembered
from .installed import first_installed, path_of

if TYPE_CHECKING:
    from ..storage.cache import Cache

Wanted = str | tuple[str, ...]
"""A model by its id, or several of which any one will do."""


def files_of(models: Iterable[Wanted]) -> tuple[Path, ...]:
    """The file of each model that an engine wants, those that are not here left out. Raises: SpecError."""
    chosen = (first_installed((wanted,) if isinstance(wanted, str) else wanted) for wanted in models)
    return tuple(path_of(model_id) for model_id in chosen if model_id is not None)


def model_digests(models: Iterable[Wanted], cache: Cache) -> tuple[str, ...]:
    """A digest of each of these files. Reading one takes seconds: it is done once for each state of it. Raises: SpecError."""
    return tuple(remembered(path, "weights", lambda path=path: _digest(path), cache) for path in files_of(models))  # type: ignore[misc]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "blake2b").hexdigest()[:32]
