"""This machine as installing sees it: which system, whose home, how to run a command or write a registry value. Tests give another one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

System = Literal["windows", "macos", "linux"]
Said = tuple[int, str]  # exit code of a command, and what it said

KEPT_S = 60.0


class Registry(Protocol):
    """Values of the current user's registry; a name below HKEY_CURRENT_USER."""

    def read(self, key: str, name: str) -> str | None: ...
    def write(self, key: str, name: str, value: str) -> None: ...
    def delete(self, key: str, name: str) -> None: ...


class WindowsRegistry:
    """The real one; only made on Windows."""

    def read(self, key: str, name: str) -> str | None:
        try:
            with _winreg().OpenKey(_winreg().HKEY_CURRENT_USER, key) as found:
                return str(_winreg().QueryValueEx(found, name)[0])
        except OSError:
            return None

    def write(self, key: str, name: str, value: str) -> None:
        with _winreg().CreateKey(_winreg().HKEY_CURRENT_USER, key) as made:
            _winreg().SetValueEx(made, name, 0, _winreg().REG_SZ, value)

    def delete(self, key: str, name: str) -> None:
        try:
            with _winreg().OpenKey(_winreg().HKEY_CURRENT_USER, key, 0, _winreg().KEY_SET_VALUE) as found:
                _winreg().DeleteValue(found, name)
        except OSError:
            return


def _winreg() -> Any:
    import winreg

    return winreg


def run_command(command: Sequence[str]) -> Said:
    """Exit code and what it said; 127 where there is no such program."""
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return 127, str(problem)
    return ran.returncode, (ran.stdout + ran.stderr).strip()


def _system() -> System:
    return {"win32": "windows", "darwin": "macos"}.get(sys.platform, "linux")  # type: ignore[return-value]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """`data_folder` is the server's: server.json lies there. `command` starts `heygem`."""

    data_folder: Path
    command: tuple[str, ...]
    system: System = field(default_factory=_system)
    home: Path = field(default_factory=Path.home)
    root: Path = Path("/")  # of the system's own folders, such as macOS' Applications
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    run: Callable[[Sequence[str]], Said] = run_command
    registry: Registry = field(default_factory=WindowsRegistry)
    kept: dict[tuple[str, ...], tuple[float, Said]] = field(default_factory=dict, compare=False)  # command → when it was run, what it said

    @property
    def app_data(self) -> Path:
        """%APPDATA%."""
        return Path(self.environment.get("APPDATA") or self.home / "AppData" / "Roaming")

    def run_seldom(self, command: Sequence[str]) -> Said:
        """What a command says that rarely says anything else, such as a program's version: it is run once in `KEPT_S`."""
        key, now = tuple(command), time.monotonic()
        if key not in self.kept or now - self.kept[key][0] >= KEPT_S:
            self.kept[key] = (now, self.run(command))
        return self.kept[key][1]
