"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def _shared(name: str, variable: str) -> Path:
    """A folder of material that may not be part of the project; tests that need it skip where it is absent."""
    folder = Path(os.environ.get(variable, REPOSITORY.parent / "shared" / name))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set {variable} to run this test on real clips")
    return folder


@pytest.fixture(scope="session")
def clips() -> Path:
    """Real clips of people (see its INDEX.md)."""
    return _shared("clips", "HEYGEM_CLIPS")


@pytest.fixture(scope="session")
def motion_data() -> Path:
    """The prepared GRID landmarks and sound."""
    return _shared("data", "HEYGEM_DATA")
