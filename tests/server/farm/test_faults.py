"""Faults at random moments, each kind once, on a farm of real nodes with work that costs nothing. Takes some minutes.

`python -m benchmarks.farm faults --times 20` does the same in bulk.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from benchmarks.farm_faults import FAULTS, Farm, running_farm, suffer, usual_seconds
from benchmarks.farm_toy import toy_workers

from .ray_marks import needs_ray

pytestmark = [
    pytest.mark.full,
    needs_ray,
    pytest.mark.timeout(900),  # a busy machine starts a node in a minute and more
    pytest.mark.skipif(os.name != "posix", reason="a farm of several nodes was not tried there"),
]


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Farm, float]]:
    """It, and how many seconds a job takes."""
    folder = tmp_path_factory.mktemp("faults")
    with toy_workers(folder), running_farm(folder, 28_100, storage_s=5) as found:
        yield found, usual_seconds(found)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_loses_a_shot_or_makes_one_twice_or_half_and_each_is_told(fault: str, farm: tuple[Farm, float]) -> None:
    seen = suffer(farm[0], fault, random.Random(fault), farm[1])
    assert not seen.wrong, seen
    assert all(reason.endswith(".") for reason in seen.said), seen.said
