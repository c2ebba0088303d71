"""What an earlier `heygem install` put on a machine is found, used and taken away by this one."""

from __future__ import annotations

import importlib
import json
import plistlib
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from . import doors
from .comparing import lost
from .record import FOLDER, MATERIAL, TARGETS, lifted, placed, recorded

THEN: dict[str, Any] = recorded("installed.json")
NAMED = tuple(f"{target} on {system}" for target, system in TARGETS)

OTHERS_OPEN = (
    "CSXS/manifest.xml", "config.json", "install.json", "debug-mode.json", "Utility/HeyGem Bridge.py", "Utility/HeyGem Files.lua",
    ".plist", ".service",
    "presets/HeyGem ProRes 422 HQ.epr", "presets/HeyGem WAV 48 kHz.epr",
)  # fmt: skip
"""Files that somebody else opens by name: the editor, the system, a user who picks a preset, a later uninstall. The others are ours."""


def machine_of(name: str, folder: Path) -> doors.Machine:
    return doors.Machine(folder, name.partition(" on ")[2])  # type: ignore[arg-type]


def left_by_before(name: str, folder: Path) -> doors.Machine:
    """A machine as the earlier version left it; files whose content is ours alone hold only a word."""
    then = THEN[name]
    for path in then["files"]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(placed(then["read"].get(path, "old"), folder), encoding="utf-8")
    registry = doors.Registry({(key, value): text for key, value, text in then["registry"]})
    return doors.Machine(folder, name.partition(" on ")[2], registry=registry, commands=doors.Commands(then["on"]))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", NAMED)
def test_everything_lies_where_it_lay(name: str, tmp_path: Path) -> None:
    machine = machine_of(name, tmp_path)
    assert machine.install(name.partition(" ")[0]) == 0
    files = machine.files()
    assert [path for path in THEN[name]["files"] if path.endswith(OTHERS_OPEN) and path not in files] == []
    assert [[*key, value] for key, value in sorted(machine.registry.values.items())] == THEN[name]["registry"]
    assert sorted(machine.commands.on) == THEN[name]["on"]


@pytest.mark.parametrize("name", NAMED)
def test_what_others_read_says_what_it_said(name: str, tmp_path: Path) -> None:
    machine = machine_of(name, tmp_path)
    machine.install(name.partition(" ")[0])
    files = machine.files()
    for path, before in THEN[name]["read"].items():
        now = lifted(files[path].read_text(encoding="utf-8"), tmp_path)
        if path.endswith(".json"):
            assert list(lost(json.loads(before), json.loads(now))) == [], path
        elif path.endswith(".plist"):
            assert list(lost(plistlib.loads(before.encode()), plistlib.loads(now.encode()))) == []
        elif path.endswith(".service"):
            assert [line for line in before.splitlines() if line not in now.splitlines()] == []
        elif path.endswith("manifest.xml"):
            for word in (
                'ExtensionBundleId="com.heygem.bridge"',
                'Id="com.heygem.bridge.panel"',
                "<Menu>HeyGem Bridge</Menu>",
                'Name="PPRO"',
            ):
                assert word in before, word
                assert word in now, word
        else:
            assert path.endswith("Utility/HeyGem Bridge.py")
            library = f"{FOLDER}{path.rpartition('/Scripts/')[0].join(('/', '/HeyGem Bridge'))}"
            assert library in before
            assert library in now


def test_the_service_starts_a_command_that_this_version_has(tmp_path: Path) -> None:
    """A unit that was installed before keeps being started after an update: its module and its word must still be there."""
    unit = THEN["service on linux"]["read"][".config/systemd/user/heygem.service"]
    python, *words = shlex.split(unit.partition("ExecStart=")[2].splitlines()[0])
    assert python == "/opt/python"
    done = doors.run([sys.executable, *words, "--help"])
    assert done.returncode == 0, done.stderr
    assert "usage: heygem serve" in done.stdout
    config = json.loads(THEN["premiere on macos"]["read"]["data/install.json"])
    assert config["command"][1:] + ["serve"] == words


@pytest.mark.parametrize("name", NAMED)
def test_an_update_replaces_what_was_installed_before(name: str, tmp_path: Path) -> None:
    target = name.partition(" ")[0]
    machine = left_by_before(name, tmp_path)
    assert machine.install(target) == 0
    assert machine.install(target, status=True) == 0
    fresh = machine_of(name, tmp_path.with_name(f"{tmp_path.name} fresh"))
    fresh.home.mkdir()
    fresh.install(target)
    assert sorted(machine.files()) == sorted(fresh.files()), "an old file stayed, or a new one is missing"


@pytest.mark.parametrize("name", NAMED)
def test_uninstalling_leaves_nothing_of_what_was_installed_before(name: str, tmp_path: Path) -> None:
    machine = left_by_before(name, tmp_path)
    assert machine.install(name.partition(" ")[0], uninstall=True) == 0
    assert machine.files() == {}
    assert machine.registry.values == {}
    assert machine.commands.on == set()


def test_the_panels_ids_are_those_that_editors_remember() -> None:
    """Workspaces name a panel by its id; a panel under another id would be a second one."""
    (manifest,) = doors.plugin_sources().rglob("manifest.json")
    said = json.loads(manifest.read_text(encoding="utf-8"))
    assert (said["id"], said["name"], said["main"]) == ("com.heygem.bridge.uxp", "HeyGem Bridge", "index.html")
    assert [(each["type"], each["id"]) for each in said["entrypoints"]] == [("panel", "panel")]


def test_server_json_of_before_is_understood(tmp_path: Path) -> None:
    """By the command line and by the Resolve script, whose copy may be older than the server."""
    (tmp_path / "server.json").write_bytes((MATERIAL / "data" / "server.json").read_bytes())
    before = recorded("data/server.json")
    assert list(lost(before, doors.plain(doors.server_file(tmp_path)))) == []
    found = doors.resolve_server_file(tmp_path / "server.json")
    assert (found.url, found.token, found.certificate) == (before["url"], before["token"], before["certificate"])


def test_an_editor_keeps_the_id_that_it_gave_itself(tmp_path: Path) -> None:
    """It lies in the data folder; a server tells editors and their jobs apart by it."""
    (tmp_path / "panel-resolve.id").write_text("resolve-0123456789abcdef", encoding="utf-8")
    assert doors.resolve_host_id(tmp_path) == "resolve-0123456789abcdef"


def test_names_that_stand_in_projects_of_editors_stay() -> None:
    """Bins and tracks of takes are found again by name, ids of hosts by the key under which they are kept, markers by their own data."""
    sources = {
        path: path.read_text(encoding="utf-8") for path in doors.plugin_sources().rglob("*") if path.suffix in (".py", ".js", ".jsx")
    }
    for editor, words in {
        "davinci_resolve": ("HeyGem takes", "HeyGem speech", "panel-resolve.id", "heygem:{"),
        "heygem_blender": ("HeyGem takes", "HeyGem speech", "panel-blender.id", "heygem_project", "heygem_sequence"),
        "premiere_cep": ("HeyGem takes", "HeyGem speech", "panel-premiere.id"),
        "premiere_uxp": ("HeyGem takes", "HeyGem speech", "heygem-host"),
    }.items():
        said = "".join(
            text for path, text in sources.items() if editor in path.parts or "shared" in path.parts or "host_client" in path.parts
        )
        assert [word for word in words if f'"{word}' not in said] == [], editor


def test_importing_the_resolve_package_by_its_name() -> None:
    """The installed script imports it so, and may be older than the folder beside it."""
    script = THEN["resolve on linux"]["read"][".local/share/DaVinciResolve/Fusion/Scripts/Utility/HeyGem Bridge.py"]
    (line,) = [line.strip() for line in script.splitlines() if line.strip().startswith("from heygem_resolve")]
    module, name = line.removeprefix("from ").split(" import ")
    with doors.resolve_importable():
        assert callable(getattr(importlib.import_module(module), name))
