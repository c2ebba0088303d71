"""Finds the versions of Blender on this machine, and where each looks for a user's add-ons.

Blender keeps a folder for each version ("4.2") among this user's settings, made when that version first ran; one that was installed and
never started is found by its program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .machine import Machine

OLDEST = (3, 4)
_VERSION = re.compile(r"(\d+)\.(\d+)")


def scripts_folders(machine: Machine) -> list[Path]:
    """Where each Blender looks for a user's add-ons, oldest version first."""
    chosen = machine.environment.get("BLENDER_USER_SCRIPTS")
    if chosen:
        return [Path(chosen)]
    homes = [home for home in settings_folders(machine) if home.is_dir() or home == settings_folders(machine)[0]]
    ran = {(number, home) for home in homes for number in _numbered(home)}
    known = {number for number, _ in ran}
    fresh = {(number, homes[0]) for number in installed_versions(machine) if number not in known}
    return [home / ".".join(map(str, number)) / "scripts" for number, home in sorted(ran | fresh)]


def settings_folders(machine: Machine) -> list[Path]:
    """The folders that hold one folder for each version; the first is the ordinary one."""
    if machine.system == "windows":
        return [machine.app_data / "Blender Foundation" / "Blender"]
    if machine.system == "macos":
        return [machine.home / "Library" / "Application Support" / "Blender"]
    usual = Path(machine.environment.get("XDG_CONFIG_HOME") or machine.home / ".config") / "blender"
    return [usual, machine.home / ".var" / "app" / "org.blender.Blender" / "config" / "blender"]  # the second is Flatpak's


def installed_versions(machine: Machine) -> set[tuple[int, int]]:
    """Of the programs where they usually lie."""
    return {number for number in _programs(machine) if number >= OLDEST}


def _programs(machine: Machine) -> Iterator[tuple[int, int]]:
    if machine.system == "windows":
        for name in ("ProgramFiles", "ProgramW6432"):
            if machine.environment.get(name):
                yield from _numbered(Path(machine.environment[name]) / "Blender Foundation", prefix="Blender ")
    elif machine.system == "macos":
        for applications in (machine.root / "Applications", machine.home / "Applications"):
            for program in sorted(applications.glob("Blender*.app")):
                yield from _numbered(program / "Contents" / "Resources")
    else:
        code, said = machine.run_seldom(["blender", "--version"])
        found = re.search(r"Blender (\d+)\.(\d+)", said) if code == 0 else None
        if found:
            yield int(found[1]), int(found[2])


def _numbered(folder: Path, prefix: str = "") -> Iterator[tuple[int, int]]:
    """Versions that folders are named after, from the oldest that the add-on knows."""
    for each in sorted(folder.glob(f"{prefix}*")) if folder.is_dir() else ():
        found = _VERSION.fullmatch(each.name.removeprefix(prefix))
        if found and each.is_dir() and (int(found[1]), int(found[2])) >= OLDEST:
            yield int(found[1]), int(found[2])
