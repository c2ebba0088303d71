"""One server for all tests that leave it as it was; a test that changes settings starts its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .running import Server, running


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that renders nothing: jobs stay as a test left them, and nothing is told that no test has caused."""
    with running(tmp_path_factory.mktemp("still"), renders=False) as found:
        yield found
