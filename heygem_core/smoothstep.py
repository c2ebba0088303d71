"""The smoothstep curve, for NumPy arrays and torch tensors alike; needs neither of the two."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar


class _Array(Protocol):
    """What NumPy arrays and tensors share here."""

    def __add__(self, other: Any, /) -> Any: ...

    def clip(self, min: float, max: float, /) -> Any: ...


A = TypeVar("A", bound=_Array)


def smoothstep(x: A, low: float, high: float) -> A:
    """0 below `low`, 1 above `high`, with zero slope at both; falls where low > high."""
    position: Any = x
    t = ((position - low) / (high - low)).clip(0, 1)
    return t * t * (3 - 2 * t)  # type: ignore[no-any-return]
