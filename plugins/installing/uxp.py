"""The UXP panel as a package (.ccx), put into Premiere by Adobe's own installer of plug-ins where that is on the machine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from . import sources
from .machine import Machine
from .packing import write_zip
from .parts import State

NAME = "HeyGem Bridge"
OLDEST_PREMIERE = 25  # 25.6, as the panel's manifest says
_BELOW = Path("Adobe", "Adobe Desktop Common", "RemoteComponents", "UPI", "UnifiedPluginInstallerAgent")


def installer_agent(machine: Machine) -> Path | None:
    """Adobe's UnifiedPluginInstallerAgent, which comes with Creative Cloud; None = it is not here."""
    if machine.system == "windows":
        common = machine.environment.get("CommonProgramFiles")
        found = Path(common) / _BELOW / "UnifiedPluginInstallerAgent.exe" if common else None
    elif machine.system == "macos":
        inside = Path("UnifiedPluginInstallerAgent.app", "Contents", "MacOS", "UnifiedPluginInstallerAgent")
        found = machine.root / "Library" / "Application Support" / _BELOW / inside
    else:
        found = None
    return found if found is not None and found.is_file() else None


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """The panel as Adobe's installer knows it. It copies the package, so none is left lying about."""

    agent: Path

    @property
    def what(self) -> str:
        return f"{NAME} for Premiere's UXP ({self.agent.name})"

    def state(self, machine: Machine) -> State:
        code, said = machine.run([str(self.agent), f"{_dash(machine)}list", "all"])
        lines = [line for line in said.splitlines() if NAME in line] if code == 0 else []
        if not lines:
            return "absent"
        return "present" if any(re.search(rf"\b{re.escape(_version())}\b", line) for line in lines) else "different"

    def put(self, machine: Machine) -> None:
        package = machine.data_folder / "heygem-bridge.ccx"
        package.parent.mkdir(parents=True, exist_ok=True)
        write_zip(package, sources.uxp_panel())
        try:
            machine.run([str(self.agent), f"{_dash(machine)}install", str(package)])
        finally:
            package.unlink()

    def take(self, machine: Machine) -> None:
        machine.run([str(self.agent), f"{_dash(machine)}remove", NAME])


def _dash(machine: Machine) -> str:
    return "/" if machine.system == "windows" else "--"


def _version() -> str:
    return str(json.loads(sources.uxp_panel()["manifest.json"])["version"])
