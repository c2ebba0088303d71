"""What is told while a model is fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from ..shot import Struct

Step = Literal["waiting", "downloading", "checking", "converting"]
"""waiting: another process fetches the same model. checking: its hash."""


class Fetching(Struct, frozen=True, kw_only=True, tag_field="event", tag="fetching"):
    """How far it is."""

    model: str  # id
    step: Step
    done: int = 0  # bytes
    total: int | None = None  # bytes; None = not known


class Fetched(Struct, frozen=True, kw_only=True, tag_field="event", tag="fetched"):
    """The model is on this machine."""

    model: str  # id
    path: str


Told: TypeAlias = Callable[[Fetching], None]
"""Hears of the progress. It may raise `Cancelled`, which ends the fetching."""
