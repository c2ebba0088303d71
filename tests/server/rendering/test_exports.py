"""Exports in a timeline's own folder: linked, or copied where the disk knows no links, each once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from heygem_server.errors import DiskFull, NotFound
from heygem_server.hosts.export_store import KeepExports

from .running_services import left_in

EXPORT = "x0123456789abcdef"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = Path(os.path.realpath(tmp_path)) / "exports" / EXPORT / "heygem-1.mov"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"frames")
    (tmp_path / "timelines" / "t1").mkdir(parents=True)
    return file


def keeping(tmp_path: Path, floor: int = 0) -> KeepExports:
    return KeepExports(tmp_path, tmp_path / "timelines" / "t1", floor)


def test_an_export_is_linked_and_outlives_its_folder(tmp_path: Path, export: Path) -> None:
    keep = keeping(tmp_path, 1 << 60)  # a link takes no room
    kept = Path(keep(str(export)))
    assert str(kept) == keep(str(export))
    assert kept.stat().st_ino == export.stat().st_ino
    export.unlink()
    assert left_in(tmp_path / "timelines" / "t1") == [f"exports/{EXPORT}-heygem-1.mov"]
    assert kept.read_bytes() == b"frames"


def test_other_files_stay_where_they_are(tmp_path: Path, export: Path) -> None:
    keep = keeping(tmp_path)
    for other in (export.with_name("kept.json"), export.parent.parent / "stray.mov", export.parent / "sub" / "a.mov", Path("/media/a.mov")):
        assert keep(str(other)) == str(other)
    assert left_in(tmp_path / "timelines" / "t1") == []


def no_links(*_: Any) -> None:
    raise OSError(1, "Operation not permitted")


def test_where_the_disk_knows_no_links_an_export_is_copied(tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    kept = Path(keeping(tmp_path)(str(export)))
    assert kept.read_bytes() == b"frames"
    assert kept.stat().st_ino != export.stat().st_ino


def test_no_copy_is_made_on_a_full_disk(tmp_path: Path, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(DiskFull, match=r"no room for a copy of the editor's export “heygem-1\.mov”"):
        keeping(tmp_path, 1 << 60)(str(export))
    assert left_in(tmp_path / "timelines" / "t1") == []


def test_an_export_that_went_meanwhile_is_said_to_be_gone(tmp_path: Path, export: Path) -> None:
    export.unlink()
    with pytest.raises(NotFound, match="let the editor export the clips again"):
        keeping(tmp_path)(str(export))
