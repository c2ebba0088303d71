"""Short real clips, and one cache for all tests of rendering."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import making


@pytest.fixture(scope="package", autouse=True)
def one_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache of this test run's own."""
    before = os.environ.get("HEYGEM_CACHE")
    folder = tmp_path_factory.mktemp("cache")
    os.environ["HEYGEM_CACHE"] = str(folder)
    yield folder
    if before is None:
        del os.environ["HEYGEM_CACHE"]
    else:
        os.environ["HEYGEM_CACHE"] = before


@pytest.fixture(scope="session")
def man(clips: Path) -> Path:
    """A man says a sentence: 360 × 288, 25 fps, 75 frames, 8 bits 4:2:0."""
    return clips / "grid" / "bbaf2n.mpg"


@pytest.fixture(scope="session")
def woman(clips: Path) -> Path:
    """Another face and another sentence, the same sizes."""
    return clips / "grid" / "lrwp9a.mpg"


@pytest.fixture(scope="session")
def short(man: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen frames of the man, for what needs a face and not much of it."""
    return making.write_clip(tmp_path_factory.mktemp("short") / "short.mp4", making.pictures(man)[20:36])


@pytest.fixture(scope="session")
def sentence(woman: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of speech as 16 kHz WAV."""
    return making.write_sound(tmp_path_factory.mktemp("speech") / "sentence.wav", making.speech(woman)[8000:40000])
