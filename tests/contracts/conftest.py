"""The recorded data folder of a server, in a folder of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from .record import MATERIAL, placed


@pytest.fixture
def data_of_before(tmp_path: Path) -> Path:
    """tmp_path/data as an earlier server left it; its database names files below tmp_path."""
    return lay_out(tmp_path)


@pytest.fixture(scope="session")
def laid_out() -> Callable[[Path], Path]:
    return lay_out


def lay_out(folder: Path) -> Path:
    """The recorded data folder at folder/data, with that folder in its paths."""
    target = folder / "data"
    shutil.copytree(MATERIAL / "data", target)
    for file in (target / "access.json", target / "roots.json"):
        file.write_text(placed(file.read_text(encoding="utf-8"), folder), encoding="utf-8")
    for made_for_tests in ("heygem.sql", "expected.json", "server.json"):
        (target / made_for_tests).unlink()
    with closing(sqlite3.connect(target / "heygem.sqlite3")) as connection:
        connection.executescript(placed((MATERIAL / "data" / "heygem.sql").read_text(encoding="utf-8"), folder))
        connection.execute("PRAGMA journal_mode = WAL")
    return target
