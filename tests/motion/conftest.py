"""Footage of a few people, tracked once for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from heygem_core.motion.footage import Footage, read_footage


@pytest.fixture(scope="session")
def talking(clips: Path) -> Footage:
    """A woman who speaks for five seconds."""
    return read_footage(clips / "talking" / "talk02.mp4")


@pytest.fixture(scope="session")
def long_talk(clips: Path) -> Footage:
    """A man who speaks for ten seconds."""
    return read_footage(clips / "talking" / "talk05.mp4")


@pytest.fixture(scope="session")
def real_talking(real_clips: Path) -> Footage:
    """The real woman, for figures of real mouths: a made person's mouth was drawn by the very model that would be measured on it."""
    return read_footage(real_clips / "talking" / "talk02.mp4")


@pytest.fixture(scope="session")
def real_long_talk(real_clips: Path) -> Footage:
    """The real man."""
    return read_footage(real_clips / "talking" / "talk05.mp4")
