"""Fixtures shared by all tests."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

from . import actors

REPOSITORY = Path(__file__).resolve().parents[1]

# Hypothesis measures how long it takes to draw and to try: on a machine that is busy otherwise that says nothing of the code.
hypothesis.settings.register_profile("any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any machine")


def _folder(name: str, variable: str) -> Path:
    """Where material lies that may not be part of the project."""
    return Path(os.environ.get(variable, REPOSITORY.parent / "shared" / name))


def _shared(name: str, variable: str) -> Path:
    """The same, for tests that skip where it is absent."""
    folder = _folder(name, variable)
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set {variable} to run this test on real clips")
    return folder


def pytest_collection_finish(session: pytest.Session) -> None:
    """Makes the people now where they are needed, so that no test's time limit runs meanwhile."""
    if not session.config.option.collectonly:
        wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
        if "people" in wanted or ("clips" in wanted and not _folder("clips", "HEYGEM_CLIPS").is_dir()):
            with suppress(Exception):  # the fixtures below try again and name the error beside the tests that need them
                actors.people()


@pytest.fixture(autouse=True)
def _the_log_stays_as_it_was() -> Iterator[None]:
    """What a test changes of the log that all share, such as from which level on it is written, other tests would suffer from."""
    root = logging.getLogger()
    before = (root.level, root.disabled, root.manager.disable)
    yield
    assert (root.level, root.disabled, root.manager.disable) == before


@pytest.fixture(scope="session")
def clips() -> Path:
    """Clips of people: the real ones (see their INDEX.md) where they are at hand, made ones of the same names where they are not."""
    folder = _folder("clips", "HEYGEM_CLIPS")
    return folder if folder.is_dir() else actors.people()


@pytest.fixture(scope="session")
def real_clips() -> Path:
    """Real clips alone, for figures of real people: what a made one does is no measure of anything."""
    return _shared("clips", "HEYGEM_CLIPS")


@pytest.fixture(scope="session")
def people() -> Path:
    """Made clips alone, whose mouths are known."""
    return actors.people()


@pytest.fixture(scope="session")
def motion_data() -> Path:
    """The prepared GRID landmarks and sound."""
    return _shared("data", "HEYGEM_DATA")


LONGEST_FIRST = ("web", "plugins", "timeline", "quality", "rendering", "server", "seams", "engines", "face", "cli")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that gain from real clips, recordings or timelines where they are at hand, so that these can be run alone.

    A test of how a clip goes through the product asks for `people` instead: a made person shows it as well as a real one.
    Rooms whose files take longest come first, so that at the end no process waits long for another's last file.
    """
    rooms = [
        item.path.relative_to(REPOSITORY / "tests").parts[0] if item.path.is_relative_to(REPOSITORY / "tests") else "" for item in items
    ]
    order = {room: k for k, room in enumerate(LONGEST_FIRST)}
    items[:] = [item for _, item in sorted(zip(rooms, items, strict=True), key=lambda pair: order.get(pair[0], len(order)))]
    for item in items:
        if {"clips", "real_clips", "motion_data", "samples"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.footage)
