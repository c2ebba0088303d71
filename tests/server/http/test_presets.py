"""Presets are everybody's who uses the server, last, and are changed by people alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heygem_core.shot import RenderSettings
from heygem_server.errors import BadRequest
from heygem_server.http import presets as module
from heygem_server.http.presets import Presets
from heygem_server.wire import Preset

from .running import Server


def preset(name: str, **settings: object) -> Preset:
    return Preset(name=name, settings=RenderSettings(**settings))  # type: ignore[arg-type]


def test_a_preset_is_saved_replaced_and_forgotten(still: Server) -> None:
    page = still.token("page")
    saved = still.ask("POST", "/api/v1/presets", {"name": "Louder", "settings": {"intensity": 1.25}}, page, known=False)
    assert (saved.status, [(each["name"], each["settings"]["intensity"]) for each in saved.json]) == (201, [("Louder", 1.25)])
    still.ask("POST", "/api/v1/presets", {"name": "Louder", "settings": {"intensity": 1.5}})
    still.ask("POST", "/api/v1/presets", {"name": "archive", "settings": {"format": "ffv1"}})
    host = still.token("host", host="h", project="p")
    seen = still.ask("GET", "/api/v1/presets", headers=host, known=False).json
    assert [(each["name"], each["settings"]["intensity"]) for each in seen] == [("archive", 1.0), ("Louder", 1.5)]
    assert still.ask("DELETE", "/api/v1/presets", {"name": "Louder"}, host, known=False).status == 403
    assert still.ask("POST", "/api/v1/presets", {"name": "x", "settings": {}}, host, known=False).status == 403
    for name in ("Louder", "archive", "never there"):
        left = still.ask("DELETE", "/api/v1/presets", {"name": name})
    assert left.json == []


@pytest.mark.parametrize("name", ["", " ", " x", "x ", "x\ny", "x" * 81])
def test_a_name_is_one_line_of_text(still: Server, name: str) -> None:
    assert still.ask("POST", "/api/v1/presets", {"name": name, "settings": {}}).status == 400


def test_presets_last_and_one_of_another_version_stays_in_the_file(tmp_path: Path) -> None:
    strange = {"name": "of tomorrow", "settings": {"no_such_setting": 1}}
    (tmp_path / "presets.json").write_text(json.dumps([strange]))
    presets = Presets(tmp_path)
    presets.put(preset("mine", intensity=1.2))
    assert Presets(tmp_path).all() == [preset("mine", intensity=1.2)]
    presets.forget("mine")
    assert json.loads((tmp_path / "presets.json").read_text()) == [strange]


def test_there_is_a_limit_that_an_old_name_does_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST", 1)
    presets = Presets(tmp_path)
    presets.put(preset("one"))
    presets.put(preset("one", intensity=2.0))
    with pytest.raises(BadRequest, match="already"):
        presets.put(preset("two"))
