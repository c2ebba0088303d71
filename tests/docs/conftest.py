"""The documentation as it is built, once for all tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ..conftest import REPOSITORY


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages. A warning of mkdocs fails the build: the configuration says `strict`."""
    folder = tmp_path_factory.mktemp("docs")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr
    return folder
