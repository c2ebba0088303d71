"""A store with a clock of its own, jobs by the dozen, and small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_server.store import Store
from tests.media import make


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite3", clock=clock)
    yield store
    store.check()
    store.close()


@pytest.fixture(scope="session")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some seconds of work for a worker, without a face."""
    folder = tmp_path_factory.mktemp("long")
    return make.video(folder / "long.mp4", frames=1500, size=(320, 180), options={"preset": "ultrafast"})
