"""Every setting of before still means what it meant: in server.toml, as a variable, as a flag."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import doors
from .comparing import lost
from .record import MATERIAL, placed, recorded


def found(folder: Path) -> dict[str, Any]:
    return json.loads(placed(json.dumps(recorded("settings.json")), folder))


def test_a_settings_file_of_before_is_read(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text(placed((MATERIAL / "server.toml").read_text(encoding="utf-8"), tmp_path), encoding="utf-8")
    assert list(lost(found(tmp_path)["found"]["file"], doors.settings(file=file))) == []


def test_every_variable_of_before_is_heard(tmp_path: Path) -> None:
    said = found(tmp_path)
    assert list(lost(said["found"]["variables"], doors.settings(variables=said["variables"]))) == []


@pytest.mark.parametrize("variable", recorded("settings.json")["variables"])
def test_each_variable_alone_changes_its_setting(variable: str, tmp_path: Path) -> None:
    """Else a variable that is no longer read would hide behind a default of the same value; where that is so now, the file says another."""
    name = variable.removeprefix("HEYGEM_").lower()
    said = found(tmp_path)
    needed = {"HEYGEM_LAN": "true"} if name == "host" else {}
    needed |= {other: said["variables"][other] for other in ("HEYGEM_SIGN_KEY", "HEYGEM_SIGN_CERTIFICATE") if name.startswith("sign")}
    now = doors.settings(variables={variable: said["variables"][variable], **needed})
    assert now[name] == said["found"]["variables"][name]
    if now[name] == doors.settings()[name]:
        file = tmp_path / "server.toml"
        file.write_text(placed((MATERIAL / "server.toml").read_text(encoding="utf-8"), tmp_path), encoding="utf-8")
        now = doors.settings(file=file, variables={variable: said["variables"][variable]})
        assert now[name] == said["found"]["variables"][name]
        assert now[name] != doors.settings(file=file)[name]


def test_every_flag_of_before_is_heard(tmp_path: Path) -> None:
    said = found(tmp_path)
    assert list(lost(said["found"]["arguments"], doors.settings(arguments=said["arguments"]))) == []


def test_the_settings_file_is_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEYGEM_CONFIG", str(tmp_path / "mine.toml"))
    assert doors.settings_file() == tmp_path / "mine.toml"
    monkeypatch.delenv("HEYGEM_CONFIG")
    assert doors.settings_file().parts[-2:] == ("heygem-bridge", "server.toml")


def test_the_cache_is_where_the_variable_says_and_as_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEYGEM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HEYGEM_CACHE_GB", "1.5")
    assert doors.cache_folder() == tmp_path / "cache"
    assert doors.cache_limit_bytes() == 1_500_000_000
    monkeypatch.delenv("HEYGEM_CACHE")
    monkeypatch.delenv("HEYGEM_CACHE_GB")
    assert "heygem-bridge" in doors.cache_folder().parts
    assert doors.cache_limit_bytes() == 20_000_000_000


def test_the_face_landmarker_is_looked_for_where_the_variable_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEYGEM_FACE_LANDMARKER", str(tmp_path / "my.task"))
    assert str(tmp_path / "my.task") in doors.face_landmarker_is_missing_at()


def test_workers_are_told_how_many_threads_they_have() -> None:
    """By variables, since numerical libraries read theirs at their start."""
    told = doors.environment_of_workers(3)
    assert {told[name] for name in ("HEYGEM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")} == {"3"}
