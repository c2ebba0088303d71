"""Which models are on this machine, and where. Nothing here fetches anything."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import MissingWeights
from .catalogue import Model, model, models
from .folders import WEIGHTS_FILE, folders


def path_of(model_id: str) -> Path:
    """The model's converted file. Raises: MissingWeights — it is not on this machine; the message says what to type. SpecError."""
    entry = model(model_id)
    found = where(entry)
    if found is None:
        raise MissingWeights("weights.not-installed", title=entry.title, command=entry.command)
    return found


def where(entry: Model) -> Path | None:
    """The model's converted file; None = it is not on this machine."""
    for folder in folders():
        path = folder / entry.id / WEIGHTS_FILE
        if path.is_file():
            return path
    return None


def first_installed(model_ids: Iterable[str]) -> str | None:
    """Of models that do the same, the one to use: a user's own that stands for one of them, else the first that is here; None = none is.

    Raises: SpecError — the user's catalogue is not valid, or an id is not known.
    """
    wanted = [model(model_id) for model_id in model_ids]
    own = [entry for entry in models().values() if entry.like in {each.id for each in wanted}]
    return next((entry.id for entry in (*own, *wanted) if where(entry) is not None), None)
