"""Parameters of tests that hold for every combination of several things."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any

import pytest


def matrix(*axes: Iterable[Any]) -> list[Any]:
    """All combinations, for `parametrize`. As few as hold each value of each axis are always tested; the others by `make test-full`."""
    values = [list(axis) for axis in axes]
    always = {tuple(k % len(axis) for axis in values) for k in range(max(map(len, values)))}
    return [
        pytest.param(*(axis[k] for axis, k in zip(values, at, strict=True)), marks=() if at in always else pytest.mark.full)
        for at in product(*(range(len(axis)) for axis in values))
    ]
