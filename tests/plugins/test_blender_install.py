"""`heygem install blender` for every Blender that is found, on three systems; and what was installed, in a real one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from heygem_core.errors import SetupError
from heygem_plugins.installing import blender_folders
from heygem_plugins.installing.machine import Machine, System
from heygem_server.commands.install import carry_out
from tests.plugins.blender_desk import needs_blender, surroundings
from tests.plugins.test_install import everything, machine

SETTINGS = {
    "windows": "AppData/Roaming/Blender Foundation/Blender",
    "macos": "Library/Application Support/Blender",
    "linux": ".config/blender",
}


def with_versions(here: Machine, *versions: str) -> Machine:
    for version in versions:
        (here.home / SETTINGS[here.system] / version / "config").mkdir(parents=True)
    return here


def says(here: Machine, version: str | None) -> Machine:
    """What `blender --version` prints; None = there is no such program."""
    object.__setattr__(here, "run", lambda command: (127, "") if version is None else (0, f"Blender {version}\n\tbuild date: 2024-01-01"))
    return here


@pytest.mark.parametrize("system", SETTINGS)
def test_every_version_gets_it_once_and_uninstalling_leaves_nothing(tmp_path: Path, system: System, capsys: Any) -> None:
    here = with_versions(says(machine(tmp_path, system), None), "2.79", "3.6", "4.2", "5.0", "backup")
    own = here.home / SETTINGS[system] / "4.2" / "scripts" / "addons" / "theirs.py"
    own.parent.mkdir(parents=True)
    own.write_text("theirs")
    before = everything(here.home)
    assert carry_out("blender", here, status=True) == 1
    assert carry_out("blender", here) == 0
    assert "Preferences > Add-ons" in capsys.readouterr().out
    installed = everything(here.home)
    for version in ("3.6", "4.2", "5.0"):
        folder = f"{SETTINGS[system]}/{version}/scripts/addons/heygem_bridge"
        assert json.loads(installed[f"{folder}/library/config.json"])["server_file"] == str(here.data_folder / "server.json")
        wanted = ("websockets/sync/client.py", "heygem_host/messages.others.json", "heygem_blender/host.schema.json")
        assert {f"{folder}/__init__.py", *(f"{folder}/library/{name}" for name in wanted)} <= installed.keys()
    assert not [name for name in installed if "2.79" in name or "backup" in name or name.endswith((".so", ".pyd"))]
    assert carry_out("blender", here, status=True) == 0
    assert carry_out("blender", here) == 0
    assert everything(here.home) == installed
    assert carry_out("blender", here, uninstall=True) == 0
    assert everything(here.home) == before


@pytest.mark.parametrize("system", SETTINGS)
def test_a_blender_that_was_never_started_is_found_by_its_program(tmp_path: Path, system: System) -> None:
    here = with_versions(machine(tmp_path, system), "4.1")
    object.__setattr__(here, "root", tmp_path / "disk")
    object.__setattr__(here, "environment", {**here.environment, "ProgramFiles": str(tmp_path / "disk" / "Program Files")})
    (tmp_path / "disk" / "Program Files" / "Blender Foundation" / "Blender 4.5").mkdir(parents=True)
    (tmp_path / "disk" / "Applications" / "Blender.app" / "Contents" / "Resources" / "4.5" / "scripts").mkdir(parents=True)
    says(here, "4.5.1 LTS")
    found = [folder.relative_to(here.home / SETTINGS[system]).as_posix() for folder in blender_folders.scripts_folders(here)]
    assert found == ["4.1/scripts", "4.5/scripts"]


def test_a_program_is_asked_for_its_version_once_a_minute(tmp_path: Path, monkeypatch: Any) -> None:
    """The Editors page looks again whenever it is shown; starting Blender takes it a second each time."""
    here, asked, now = machine(tmp_path, "linux"), [], [0.0]

    def run(command: Any) -> tuple[int, str]:
        asked.append(command)
        return 0, f"Blender 4.{len(asked)}"

    object.__setattr__(here, "run", run)
    monkeypatch.setattr("heygem_plugins.installing.machine.time.monotonic", lambda: now[0])
    for seconds, found in ((0, "4.1"), (59, "4.1"), (60, "4.2"), (119, "4.2"), (120, "4.3")):
        now[0] = seconds
        assert [folder.parent.name for folder in blender_folders.scripts_folders(here)] == [found], f"after {seconds} s"
    assert len(asked) == 3


def test_a_chosen_folder_of_scripts_is_the_one(tmp_path: Path) -> None:
    here = with_versions(machine(tmp_path, "linux"), "4.2")
    object.__setattr__(here, "environment", {"BLENDER_USER_SCRIPTS": str(tmp_path / "studio")})
    assert blender_folders.scripts_folders(here) == [tmp_path / "studio"]


def test_flatpaks_own_folder_is_looked_into(tmp_path: Path) -> None:
    here = says(machine(tmp_path, "linux"), None)
    flatpak = here.home / ".var/app/org.blender.Blender/config/blender"
    (flatpak / "4.3").mkdir(parents=True)
    assert blender_folders.scripts_folders(here) == [flatpak / "4.3" / "scripts"]


def test_no_blender_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"No Blender 3\.4 or later was found"):
        carry_out("blender", says(with_versions(machine(tmp_path, "linux"), "2.93"), None))


ENABLED = """
import addon_utils, bpy, json
module = addon_utils.enable("heygem_bridge", default_set=False)
import heygem_blender, websockets
from heygem_blender.calls import DISPATCHER
said = {"enabled": module is not None, "panel": hasattr(bpy.types, "HEYGEM_PT_bridge"), "at": heygem_blender.__file__,
        "websockets": websockets.__file__, "calls": sorted(DISPATCHER.calls), "about": addon_utils.module_bl_info(module)["name"]}
bpy.ops.wm.read_homefile(use_factory_startup=True)
addon_utils.disable("heygem_bridge")
said["left"] = hasattr(bpy.types, "HEYGEM_PT_bridge") or hasattr(bpy.types.WindowManager, "heygem")
print("@@" + json.dumps(said))
"""


def test_the_installed_add_on_comes_up_in_a_real_blender_and_goes_again(tmp_path: Path) -> None:
    """Exactly the files that were installed, found by Blender itself, in its own Python without our packages."""
    program = needs_blender()
    here = says(machine(tmp_path, "linux"), "3.4.1")
    assert carry_out("blender", here) == 0
    [folder] = blender_folders.scripts_folders(here)
    (tmp_path / "ask.py").write_text(ENABLED, encoding="utf-8")
    command = [program, "-b", "--factory-startup", "-noaudio", "--python-exit-code", "3", "--python", str(tmp_path / "ask.py")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, env=surroundings(here.home), cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    said = json.loads(next(line[2:] for line in ran.stdout.splitlines() if line.startswith("@@")))
    assert (said["enabled"], said["panel"], said["left"], said["about"]) == (True, True, False, "HeyGem Bridge")
    assert said["at"].startswith(str(folder)), said["at"]
    assert said["websockets"].startswith(str(folder)), said["websockets"]
    assert "host.place" in said["calls"]
    assert shutil.which("blender") == program
