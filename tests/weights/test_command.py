"""`heygem models`, as people type it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from heygem_server.cli import main

from .conftest import Catalogued
from .serving import Server


def typed(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main(["models", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_model_from_its_terms_to_its_removal(
    catalogued: Catalogued, server: Server, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogued(licence="strict")
    code, out, _ = typed(capsys, "list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == ["Model", "toy", "other"]
    assert "can be fetched" in out
    code, _, err = typed(capsys, "get", "toy")
    assert (code, "`heygem models get toy --accept-licence`" in err) == (6, True)
    code, out, _ = typed(capsys, "licence", "toy")
    assert (code, "https://example.org/strict" in out, "To accept them" in out) == (0, True, True)
    code, out, _ = typed(capsys, "get", "toy", "--accept-licence")
    assert (code, "Toy is here" in out, "not for business" in out) == (0, True, True)
    assert "accepted here on" in typed(capsys, "licence", "toy")[1]
    assert typed(capsys, "path", "toy")[1].strip() == str(folder / "toy" / "model.safetensors")
    assert typed(capsys, "path")[1].strip() == str(folder)
    code, out, _ = typed(capsys, "verify")
    assert (code, "Toy is whole, made of the published file “toy.pth”" in out) == (0, True)
    (toy,) = (each for each in json.loads(typed(capsys, "list", "--json")[1]) if each["id"] == "toy")
    assert (toy["installed"], toy["known"], toy["commercial"], toy["ask"]) == (True, True, False, False)
    (folder / "toy" / "model.safetensors").write_bytes(b"else")
    code, _, err = typed(capsys, "verify", "toy")
    assert (code, "is not as it was installed" in err) == (6, True)
    assert typed(capsys, "remove", "toy")[0] == 0
    code, _, err = typed(capsys, "remove", "toy")
    assert (code, "nothing to remove" in err) == (6, True)


def test_progress_is_told_to_programs_in_lines(
    catalogued: Catalogued, server: Server, published: bytes, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalogued()
    own = tmp_path / "toy.pth"
    own.write_bytes(published)
    code, out, _ = typed(capsys, "add", "toy", own, "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    assert (code, lines[0]["event"], lines[-1]["event"]) == (0, "fetching", "fetched")
    assert lines[-1]["path"] == str(folder / "toy" / "model.safetensors")
    code, _, err = typed(capsys, "get", "nothing")
    assert (code, "There is no model “nothing”: choose one of toy, other" in err) == (2, True)
