"""What is put somewhere and can be taken away again. Each part knows its state, so installing twice is installing once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from .machine import Machine

State = Literal["absent", "different", "present"]


class Part(Protocol):
    @property
    def what(self) -> str: ...
    def state(self, machine: Machine) -> State: ...
    def put(self, machine: Machine) -> None: ...
    def take(self, machine: Machine) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Folder:
    """A folder of our own, with exactly these files."""

    path: Path
    files: Mapping[str, bytes]  # "jsx/text.jsx" → content

    @property
    def what(self) -> str:
        return str(self.path)

    def state(self, machine: Machine) -> State:
        if not self.path.is_dir():
            return "absent"
        there = {path.relative_to(self.path).as_posix(): path for path in self.path.rglob("*") if path.is_file() and not _is_compiled(path)}
        same = there.keys() == self.files.keys() and all(there[name].read_bytes() == content for name, content in self.files.items())
        return "present" if same else "different"

    def put(self, machine: Machine) -> None:
        self.take(machine)
        for name, content in self.files.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def take(self, machine: Machine) -> None:
        if self.path.is_symlink():  # somebody's own checkout: the link is ours to replace, what it points to is not
            self.path.unlink()
        elif self.path.exists():
            shutil.rmtree(self.path)


def _is_compiled(path: Path) -> bool:
    return path.parent.name == "__pycache__"


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of our own in a folder of others."""

    path: Path
    content: bytes

    @property
    def what(self) -> str:
        return str(self.path)

    def state(self, machine: Machine) -> State:
        if not self.path.is_file():
            return "absent"
        return "present" if self.path.read_bytes() == self.content else "different"

    def put(self, machine: Machine) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(self.path.name + ".part")
        part.write_bytes(self.content)
        os.replace(part, self.path)

    def take(self, machine: Machine) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class Emptied:
    """A folder that a script of ours writes to. What lies in it is the user's: it is taken away once it is empty."""

    path: Path

    @property
    def what(self) -> str:
        return str(self.path)

    def state(self, machine: Machine) -> State:
        return "present" if self.path.is_dir() else "absent"

    def put(self, machine: Machine) -> None:
        self.path.mkdir(parents=True, exist_ok=True)

    def take(self, machine: Machine) -> None:
        with suppress(OSError):
            self.path.rmdir()


@dataclass(frozen=True, kw_only=True)
class Rest:
    """A file that a panel wrote while it ran: nothing to install, and taken away with the panel."""

    path: Path

    @property
    def what(self) -> str:
        return str(self.path)

    def state(self, machine: Machine) -> State:
        return "present" if self.path.exists() else "absent"

    def put(self, machine: Machine) -> None:
        return

    def take(self, machine: Machine) -> None:
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True, kw_only=True)
class DebugMode:
    """Lets one CSXS version of Adobe's programs load panels that are not signed. Taken away only if it was not set before us."""

    version: int

    @property
    def what(self) -> str:
        return f"PlayerDebugMode of CSXS.{self.version} (allows unsigned panels)"

    def state(self, machine: Machine) -> State:
        return "present" if self._read(machine) == "1" else "absent"

    def put(self, machine: Machine) -> None:
        if self._read(machine) == "1":
            return
        if machine.system == "windows":
            machine.registry.write(self._key, "PlayerDebugMode", "1")
        else:
            machine.run(["defaults", "write", self._domain, "PlayerDebugMode", "1"])
        _remember(machine, _remembered(machine) | {self.version})

    def take(self, machine: Machine) -> None:
        if self.version not in _remembered(machine):
            return
        if machine.system == "windows":
            machine.registry.delete(self._key, "PlayerDebugMode")
        else:
            machine.run(["defaults", "delete", self._domain, "PlayerDebugMode"])
        _remember(machine, _remembered(machine) - {self.version})

    def _read(self, machine: Machine) -> str | None:
        if machine.system == "windows":
            return machine.registry.read(self._key, "PlayerDebugMode")
        code, said = machine.run(["defaults", "read", self._domain, "PlayerDebugMode"])
        return said if code == 0 else None

    @property
    def _key(self) -> str:
        return rf"Software\Adobe\CSXS.{self.version}"

    @property
    def _domain(self) -> str:
        return f"com.adobe.CSXS.{self.version}"


def _notes(machine: Machine) -> Path:
    return machine.data_folder / "debug-mode.json"


def _remembered(machine: Machine) -> set[int]:
    """The versions whose debug mode we switched on."""
    try:
        return set(json.loads(_notes(machine).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return set()


def _remember(machine: Machine, versions: set[int]) -> None:
    if not versions:
        _notes(machine).unlink(missing_ok=True)
        return
    _notes(machine).parent.mkdir(parents=True, exist_ok=True)
    _notes(machine).write_text(json.dumps(sorted(versions)), encoding="utf-8")


@dataclass(frozen=True, kw_only=True)
class RunValue:
    """A program that Windows starts at login."""

    name: str
    command: str

    _KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"

    @property
    def what(self) -> str:
        return f"start at login: {self.command}"

    def state(self, machine: Machine) -> State:
        found = machine.registry.read(self._KEY, self.name)
        return "absent" if found is None else "present" if found == self.command else "different"

    def put(self, machine: Machine) -> None:
        machine.registry.write(self._KEY, self.name, self.command)

    def take(self, machine: Machine) -> None:
        machine.registry.delete(self._KEY, self.name)


@dataclass(frozen=True, kw_only=True)
class Commands:
    """What the system's service manager is told, after a file was put or before it is taken. `check` answers 0 where it is on."""

    what: str
    check: tuple[str, ...]
    on: tuple[tuple[str, ...], ...]
    off: tuple[tuple[str, ...], ...]

    def state(self, machine: Machine) -> State:
        return "present" if machine.run(self.check)[0] == 0 else "absent"

    def put(self, machine: Machine) -> None:
        for command in self.on:
            machine.run(command)

    def take(self, machine: Machine) -> None:
        for command in self.off:
            machine.run(command)
