"""Whatever is damaged of what a render left behind, the next one makes the same take: a sample of `python -m benchmarks.damage`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.damage import run


@pytest.mark.full
def test_a_few_random_damages_change_nothing(man: Path) -> None:
    assert run(man, 3, seed=1) == {"exit 0": 3}


@pytest.mark.full
def test_many_random_damages_change_nothing(man: Path) -> None:
    assert run(man, 60, seed=2) == {"exit 0": 60}
