"""Which versions of an editor are on this machine, where its makers' installers put them. Blender's are told by `blender_folders`."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .blender_folders import scripts_folders
from .machine import Machine, System


@dataclass(frozen=True, kw_only=True)
class Program:
    """One installed version of an editor."""

    name: str  # "Adobe Premiere Pro 2026"
    version: str | None  # "26.3.1", or the first number alone ("26"); None = it cannot be told without starting it
    path: Path


# Below the folder of programs; on Linux below the root.
PREMIERE: dict[System, Sequence[str]] = {
    "windows": ("Adobe/Adobe Premiere*/Adobe Premiere*.exe",),
    "macos": ("Adobe Premiere*/Adobe Premiere*.app",),
    "linux": (),
}
RESOLVE: dict[System, Sequence[str]] = {
    "windows": ("Blackmagic Design/DaVinci Resolve/Resolve.exe",),
    "macos": ("DaVinci Resolve/DaVinci Resolve.app", "DaVinci Resolve.app"),  # the second is the App Store's
    "linux": ("opt/resolve/bin/resolve",),
}


def premiere(machine: Machine) -> list[Program]:
    return [_program(path, path.parent.name) for path in _found(machine, PREMIERE[machine.system])]


def resolve(machine: Machine) -> list[Program]:
    return [_program(path, "DaVinci Resolve") for path in _found(machine, RESOLVE[machine.system])]


def blender(machine: Machine) -> list[Program]:
    return [Program(name="Blender", version=folder.parent.name, path=folder) for folder in scripts_folders(machine)]


def program_folders(machine: Machine) -> list[Path]:
    if machine.system == "windows":
        names = ("ProgramFiles", "ProgramW6432")
        return list(dict.fromkeys(Path(machine.environment[name]) for name in names if machine.environment.get(name)))
    if machine.system == "macos":
        return [machine.root / "Applications", machine.home / "Applications"]
    return [machine.root]


def _found(machine: Machine, patterns: Sequence[str]) -> Iterator[Path]:
    for folder in program_folders(machine):
        for pattern in patterns:
            yield from sorted(folder.glob(pattern)) if folder.is_dir() else ()


def _program(path: Path, name: str) -> Program:
    return Program(name=name, version=_told(path) or _by_year(name), path=path)


def _told(bundle: Path) -> str | None:
    """What a Mac's program says of itself."""
    try:
        said = plistlib.loads((bundle / "Contents" / "Info.plist").read_bytes())
        return str(said["CFBundleShortVersionString"])
    except (OSError, KeyError, ValueError, plistlib.InvalidFileException):
        return None


def _by_year(name: str) -> str | None:
    """Adobe names programs after years: that of 2026 is version 26."""
    year = re.search(r"\b20(\d\d)\b", name)
    return year[1] if year else None
