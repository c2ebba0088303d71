"""The Resolve panel's package is imported the way Resolve's Python does: from its own folder on the path."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.plugins.node import needs_node

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
sys.path.insert(0, str(PLUGINS / "davinci_resolve"))


@pytest.fixture(scope="session")
def films(tmp_path_factory) -> Path:
    """Clips, takes and speech for the fake Premieres; made once, changed by nobody."""
    from tests.plugins.premiere_scenes import make_files

    needs_node()
    return make_files(tmp_path_factory.mktemp("films"))
