"""A store with a clock of its own, jobs by the dozen, and small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heygem_server.store import Store
from tests.media import make
from tests.rendering import making


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
    return make.video(folder / "long.mp4", frames=1200, size=(320, 180), options={"preset": "ultrafast"})


@pytest.fixture(scope="session")
def short(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen frames of a man."""
    pictures = making.pictures(people / "grid" / "bbaf2n.mpg")[20:36]
    return making.write_clip(tmp_path_factory.mktemp("short") / "short.mp4", pictures)


@pytest.fixture(scope="session")
def sentences(people: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two pieces of speech, a second each."""
    folder, speech = tmp_path_factory.mktemp("speech"), making.speech(people / "grid" / "lrwp9a.mpg")
    first, second = speech[8000:24000], speech[20000:36000]
    return making.write_sound(folder / "first.wav", first), making.write_sound(folder / "second.wav", second)
