from __future__ import annotations

from pathlib import Path

import pytest

from ..conftest import _shared
from .making import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "media")


@pytest.fixture(scope="session")
def samples() -> Path:
    """OpenTimelineIO's own sample timelines."""
    return _shared("timelines", "HEYGEM_TIMELINES")
